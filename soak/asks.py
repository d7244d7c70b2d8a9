"""What is asked of the gateway, and what each answer has to be, given when it was asked."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec
from client import Answer
from truth import Truth, split
from writer import (
    ACCOUNTS,
    BARS,
    EXCHANGES,
    FIRST_ACCOUNT,
    FIRST_BAR,
    FIRST_ORDER,
    FIRST_POSITION,
    ORDERS,
    USERS,
    symbol,
)

COHERENT = ("/tickers/{exchange}/{symbol}/price", "/accounts/{user_id}/balances")
"""Endpoints that the soak's spec makes coherent."""

COPY = 1.0
"""Seconds for which a coherent endpoint may use a copy of which Redis could not tell that it has ended."""

CODINGS = ("identity", "gzip", "br", "zstd", "gzip;q=0.5, br;q=0.8", "")


class Wrong(Exception):
    """An answer that is not true: a value of another thing, of the future, or older than declared."""


class Failed(Exception):
    """A part of an answer that failed, by its status: a fault has to explain it."""

    def __init__(self, status: int) -> None:
        self.kind = str(status)
        super().__init__(self.kind)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The rounds that an answer may be of, and whether it may lack something."""

    oldest: int
    newest: int
    may_lack: bool

    def check(self, held: object, thing: int) -> None:
        """Raise Wrong where a value is not one of this thing and these rounds."""
        if not isinstance(held, (int, float)) or isinstance(held, bool):
            raise Wrong(f"{held!r} is no number")
        found, whose = split(float(held))
        if whose != thing:
            raise Wrong(f"{held} is of thing {whose:g}, not of {thing}")
        if not self.oldest <= found <= self.newest:
            raise Wrong(f"{held} is of round {found}, not of {self.oldest} to {self.newest}")

    def count(self, found: int, expected: int) -> None:
        """Raise Wrong where there are not as many as there must be."""
        if found > expected or (found < expected and not self.may_lack):
            raise Wrong(f"{found} elements instead of {expected}")


Check = Callable[[Answer, Bounds], None]


def nothing(answer: Answer, bounds: Bounds) -> None:
    """Accept any body."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: the statuses that it is answered with in good times, and what a 200 has to hold.

    `max_age` is how old in seconds what is answered with may have been when it was asked for; `absent` is the
    status of what the cache lacks.
    """

    name: str
    target: str
    check: Check = nothing
    max_age: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = (200,)
    absent: int = 200
    method: str = "GET"

    def judge(self, answer: Answer, truth: Truth, asked: float, answered: float) -> bool:
        """Return whether the status is a good one; raises Wrong for what is not true."""
        since = asked - self.max_age
        bounds = Bounds(*truth.bounds(since, answered), truth.may_lack(since, answered))
        if answer.status == 200:
            self.check(answer, bounds)
        return answer.status in self.statuses or (answer.status == self.absent and bounds.may_lack)


def _thing(exchange: str, shown: str) -> int:
    first, count = EXCHANGES[exchange]
    number = int(shown[1:5])
    if shown != symbol(number).replace("/", "-") or number >= count:
        raise Wrong(f"{shown} is no symbol of {exchange}")
    return first + number


def check_ticker(item: Mapping[str, Any], bounds: Bounds, exchange: str, names: tuple[str, ...]) -> None:
    """Check one ticker: whose it is, and that all its numbers are of one round."""
    thing = _thing(exchange, item["symbol"])
    if item.get("exchange", exchange) != exchange:
        raise Wrong(f"a ticker of {item['exchange']} among those of {exchange}")
    numbers = {float(item["ticker"][name]) for name in names}
    if len(numbers) != 1:
        raise Wrong(f"a ticker of several rounds: {numbers}")
    bounds.check(numbers.pop(), thing)


_ALL = ("bid", "ask", "last", "volume")


def _ticker(exchange: str, shown: str) -> Check:
    def check(answer: Answer, bounds: Bounds) -> None:
        item: Any = answer.json()
        if item["symbol"] != shown:
            raise Wrong(f"{item['symbol']} instead of {shown}")
        check_ticker(item, bounds, exchange, _ALL)

    return check


def _price(exchange: str, shown: str) -> Check:
    def check(answer: Answer, bounds: Bounds) -> None:
        item: Any = answer.json()
        bounds.check(item["price"], _thing(exchange, shown))

    return check


def _tickers(exchange: str) -> Check:
    def check(answer: Answer, bounds: Bounds) -> None:
        kind = answer.headers["content-type"].partition(";")[0]
        if kind == "application/x-ndjson":
            items: list[Any] = answer.lines()
        elif kind == "text/csv":
            items = [_nested(row) for row in answer.rows()]
        else:
            body: Any = answer.json()
            items = body["tickers"]
            if body["count"] != len(items) or body.get("skipped"):
                raise Wrong(f"count {body['count']}, skipped {body.get('skipped')}, {len(items)} elements")
        if len({item["symbol"] for item in items}) != len(items):
            raise Wrong("an element stands there twice")
        bounds.count(len(items), EXCHANGES[exchange][1])
        for item in items:
            check_ticker(item, bounds, exchange, _ALL)

    return check


def _nested(row: dict[str, str]) -> dict[str, Any]:
    return {
        "exchange": row["exchange"],
        "symbol": row["symbol"],
        "ticker": {name: row[f"ticker.{name}"] for name in _ALL},
    }


def _selected(exchange: str, limit: int, offset: int) -> Check:
    def check(answer: Answer, bounds: Bounds) -> None:
        body: Any = answer.json()
        bounds.count(len(body["tickers"]), min(limit, max(0, EXCHANGES[exchange][1] - offset)))
        for item in body["tickers"]:
            if set(item) != {"symbol", "ticker"} or set(item["ticker"]) != {"last"}:
                raise Wrong(f"not what was selected: {sorted(item)}")
            check_ticker(item, bounds, exchange, ("last",))

    return check


def _balances(accounts: int | None) -> Check:
    def check(answer: Answer, bounds: Bounds) -> None:
        body: Any = answer.json()
        items = [body] if accounts is None else body["accounts"]
        bounds.count(len(items), accounts or 1)
        for item in items:
            for held in item["balances"]["USDT"].values():
                bounds.check(held, FIRST_ACCOUNT + item["account_id"])

    return check


def _account(number: int) -> Check:
    whole = _balances(None)

    def check(answer: Answer, bounds: Bounds) -> None:
        whole(answer, bounds)
        body: Any = answer.json()
        if body["account_id"] != number:
            raise Wrong(f"account {body['account_id']} instead of {number}")

    return check


def _positions(account: int | None) -> Check:
    def check(answer: Answer, bounds: Bounds) -> None:
        body: Any = answer.json()
        bounds.count(len(body["positions"]), ACCOUNTS if account is None else 1)
        for item in body["positions"]:
            if account is not None and item["account_id"] != account:
                raise Wrong(f"a position of account {item['account_id']} instead of {account}")
            bounds.check(item["volume"], FIRST_POSITION + item["account_id"])
            bounds.check(item["price"], FIRST_POSITION + item["account_id"])

    return check


def _order(number: int) -> Check:
    def check(answer: Answer, bounds: Bounds) -> None:
        body: Any = answer.json()
        if body["order_id"] != f"O-{number}":
            raise Wrong(f"order {body['order_id']} instead of O-{number}")
        bounds.check(body.get("order", body)["price"], FIRST_ORDER + number)

    return check


def _orders(user: int) -> Check:
    def check(answer: Answer, bounds: Bounds) -> None:
        body: Any = answer.json()
        bounds.count(len(body["orders"]), ORDERS // USERS)
        for item in body["orders"]:
            number = int(item["order_id"][2:])
            if number % USERS != user:
                raise Wrong(f"order {number} is none of user {user}")
            bounds.check(item["price"], FIRST_ORDER + number)

    return check


def _bars(answer: Answer, bounds: Bounds) -> None:
    if answer.headers["content-type"].startswith("text/csv"):
        bars: list[Any] = [[float(cell) for cell in row.values()] for row in answer.rows()]
    else:
        body: Any = answer.json()
        bars = body["bars"]
    bounds.count(len(bars), BARS)
    for number, bar in enumerate(bars):
        for held in bar[1:]:
            bounds.check(held, FIRST_BAR + number)
    if len({split(bar[1])[0] for bar in bars}) > 1:
        raise Wrong("bars of several rounds in one answer")


def _batch(asks: list[Ask]) -> Check:
    def check(answer: Answer, bounds: Bounds) -> None:
        body: Any = answer.json()
        if [each["get"] for each in body["answers"]] != [ask.target.removeprefix("/api") for ask in asks]:
            raise Wrong("the answers of a batch are others than were asked for")
        failed = None
        for each, ask in zip(body["answers"], asks, strict=True):
            if each["status"] == 200:
                one = Answer(200, {"content-type": "application/json"}, msgspec.json.encode(each["body"]))
                ask.check(one, bounds)
            elif not (bounds.may_lack and each["status"] == ask.absent):
                failed = Failed(each["status"])
        if failed is not None:
            raise failed

    return check


BAD: tuple[tuple[str, str, int], ...] = (
    ("GET", "/api/tickers/bin%20ance/S0001-USDT", 400),
    ("GET", "/api/tickers/binance/%FF", 400),
    ("GET", "/api/tickers/binance/S0001-USDT?x=1", 400),
    ("GET", "/api/ohlcv/S0000-USDT/1m?count=-1", 400),
    ("GET", "/api/ohlcv/S0000-USDT/1m?count=" + "9" * 30, 400),
    ("GET", "/api/tickers/bybit?fields=nope", 400),
    ("GET", "/api/tickers/bybit?" + "&".join(f"p{number}=1" for number in range(500)), 400),
    ("GET", "/api/../etc/passwd", 404),
    ("GET", "/api/" + "a/" * 500, 404),
    ("GET", "/api/tickers/binance/" + "S" * 2_000, 400),
    ("POST", "/api/tickers/binance/S0001-USDT", 405),
    ("DELETE", "/api/accounts", 405),
    ("GET", "/api/batch?get=/nowhere", 200),
    ("GET", "/api/batch?got=/nowhere", 400),
    ("GET", "/api/accounts/99999999999999999999/balances", 400),
)


def pick(chance: random.Random) -> Ask:
    """Return a request at random, ordinary ones more often."""
    kinds, weights = zip(*_KINDS, strict=True)
    kind: Callable[[random.Random], Ask] = chance.choices(kinds, weights)[0]
    return kind(chance)


def _one_ticker(chance: random.Random) -> Ask:
    exchange = chance.choice(("binance", "kraken", "bybit"))
    shown = symbol(chance.randrange(EXCHANGES[exchange][1])).replace("/", "-")
    target = f"/api/tickers/{exchange}/{shown}"
    if chance.random() < 0.1:
        new = {"Cache-Control": "no-cache"}
        return Ask("ticker, no-cache", target, _ticker(exchange, shown), headers=new, absent=404)
    return Ask("ticker", target, _ticker(exchange, shown), max_age=0.1, absent=404)


def _one_price(chance: random.Random) -> Ask:
    exchange = chance.choice(("binance", "kraken"))
    shown = symbol(chance.randrange(EXCHANGES[exchange][1])).replace("/", "-")
    check = _price(exchange, shown)
    return Ask("coherent price", f"/api/tickers/{exchange}/{shown}/price", check, max_age=COPY, absent=404)


def _collection(chance: random.Random) -> Ask:
    exchange = chance.choices(("binance", "kraken", "bybit"), (4, 4, 1))[0]
    headers = {"Accept-Encoding": chance.choice(CODINGS)}
    form = chance.choice(("", "", "application/x-ndjson", "text/csv"))
    if form:
        headers["Accept"] = form
    name = "large collection" if exchange == "bybit" else "collection"
    check = _tickers(exchange)
    return Ask(f"{name} {form}".strip(), f"/api/tickers/{exchange}", check, max_age=0.1, headers=headers)


def _selection(chance: random.Random) -> Ask:
    exchange = chance.choices(("binance", "bybit"), (3, 1))[0]
    limit, offset = chance.randint(1, 80), chance.randint(0, 100)
    target = f"/api/tickers/{exchange}?fields=symbol,ticker.last&limit={limit}&offset={offset}"
    return Ask("selection", target, _selected(exchange, limit, offset), max_age=0.1)


def _accounts(chance: random.Random) -> Ask:
    number = chance.randrange(ACCOUNTS)
    asks = (
        Ask("accounts", "/api/accounts", _balances(ACCOUNTS)),
        Ask("coherent account", f"/api/accounts/{number}/balances", _account(number), COPY, absent=404),
        Ask("positions of an account", f"/api/accounts/{number}/positions", _positions(number)),
        Ask("positions", "/api/positions", _positions(None)),
    )
    return chance.choice(asks)


def _some_orders(chance: random.Random) -> Ask:
    number, user = chance.randrange(ORDERS), chance.randrange(USERS)
    asks = (
        Ask("order", f"/api/exchanges/binance/orders/O-{number}", _order(number), absent=404),
        Ask("order status", f"/api/orders/O-{number}/status", _order(number), absent=404),
        Ask("orders of a user", f"/api/orders/{user}/orders", _orders(user)),
    )
    return chance.choice(asks)


def _some_bars(chance: random.Random) -> Ask:
    headers = {"Accept": "text/csv"} if chance.random() < 0.3 else {"Accept-Encoding": chance.choice(CODINGS)}
    return Ask("bars", f"/api/ohlcv/S0000-USDT/1m?count={BARS}", _bars, max_age=5.0, headers=headers)


def _some_at_once(chance: random.Random) -> Ask:
    asks = [kind(chance) for kind in chance.choices((_one_ticker, _one_price, _accounts, _some_orders), k=4)]
    query = "&".join(f"get={quote(ask.target.removeprefix('/api'), safe='/')}" for ask in asks)
    # Where all of them fail, the whole does.
    return Ask("batch", f"/api/batch?{query}", _batch(asks), max_age=COPY)


def _overview(chance: random.Random) -> Ask:
    paths = ("/tickers/health", "/accounts/summary", "/orders/queue/size", "/bots", "/processes/status")
    return Ask("overview", "/api" + chance.choice(paths), max_age=2.0)


def _system(chance: random.Random) -> Ask:
    return Ask("page", chance.choice(("/health/live", "/", "/openapi.json", "/problems/not-cached")))


def _absent(chance: random.Random) -> Ask:
    return Ask("not cached", f"/api/tickers/binance/NONE{chance.randrange(9)}-USDT", statuses=(404,))


def _bad(chance: random.Random) -> Ask:
    method, target, status = chance.choice(BAD)
    return Ask("bad request", target, statuses=(status,), method=method)


_KINDS: tuple[tuple[Callable[[random.Random], Ask], int], ...] = (
    (_one_ticker, 30),
    (_one_price, 15),
    (_collection, 8),
    (_selection, 5),
    (_accounts, 12),
    (_some_orders, 8),
    (_some_bars, 5),
    (_some_at_once, 5),
    (_overview, 3),
    (_system, 2),
    (_absent, 3),
    (_bad, 6),
)
