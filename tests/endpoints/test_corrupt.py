"""Cached values that are not what they should be: a single one is a 502, one among many is left out."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import redis
from endpoints.layout import ORDER, POSITION, PROCESS_ID, TICK, TRADE, ago
from endpoints.problems import problem
from endpoints.records import Logged

SECRET = "S3CRET"
# Ahead of the clock: recent whenever the test comes to run.
JUST_NOW = ago(hours=-12)
PROCESS_FIELDS = {"process_id": PROCESS_ID, "updated_at": JUST_NOW, "heartbeat": JUST_NOW}
PROCESS_KEY = f"process:data:{PROCESS_ID}"


@dataclass(frozen=True, slots=True)
class Place:
    """One value in Redis: a string, a hash's field, or the last element of a list."""

    key: str
    field: str | None = None
    in_list: bool = False

    def write(self, writer: "redis.Redis", raw: bytes | str) -> None:
        if self.in_list:
            writer.rpush(self.key, raw)
        elif self.field is not None:
            writer.hset(self.key, self.field, raw)
        else:
            writer.set(self.key, raw)

    def write_other_type(self, writer: "redis.Redis") -> None:
        if self.field is None and not self.in_list:
            writer.rpush(self.key, SECRET)
        else:
            writer.set(self.key, SECRET)

    @property
    def shown(self) -> str:
        return self.key if self.field is None else f"{self.key} {self.field}"


TICK_AT = Place("tickers:binance", "BTC/USDT")
ACCOUNT_AT = Place("accounts", "1")
POSITIONS_AT = Place("account_positions", "1")
ORDER_AT = Place("order_status:binance", "1")
BOT_AT = Place("bot_status", "7")
BLOCK_AT = Place("block_exchange", "binance:BTC/USDT")
OPENING_AT = Place("opening_position", "binance:BTC/USDT")
STATUS_AT = Place("TRADE:STATUS:binance")
PROCESS_AT = Place(PROCESS_KEY)

BALANCE = {"free": 1.0, "used": 0.0, "total": 1.0}
OBJECTS = {
    "/api/tickers/binance/BTC-USDT": (TICK_AT, TICK),
    "/api/tickers/binance/BTC-USDT/price": (TICK_AT, TICK),
    "/api/symbols/BTC-USDT/ticker": (TICK_AT, TICK),
    "/api/accounts/1/balances": (ACCOUNT_AT, {"USDT": BALANCE}),
    "/api/accounts/1/balances/USDT": (ACCOUNT_AT, {"USDT": BALANCE}),
    "/api/accounts/1/positions": (POSITIONS_AT, {"BTC/USDT": POSITION}),
    "/api/accounts/1/positions/BTC-USDT": (POSITIONS_AT, {"BTC/USDT": POSITION}),
    "/api/orders/1/status": (ORDER_AT, ORDER),
    "/api/orders/1/status?exchange=binance": (ORDER_AT, ORDER),
    "/api/exchanges/binance/orders/1": (ORDER_AT, ORDER),
    "/api/bots/7/status": (BOT_AT, {"feed_1": {}}),
    f"/api/processes/{PROCESS_ID}": (PROCESS_AT, PROCESS_FIELDS),
    "/api/processes/components/binance_ticker": (PROCESS_AT, PROCESS_FIELDS),
}
"""Endpoints that answer from one JSON object → its place and what a good one holds."""

TEXTS = {
    "/api/bots/binance/BTC-USDT/blocked": (BLOCK_AT, "7"),
    "/api/bots/binance/BTC-USDT/opening": (OPENING_AT, f"7:{JUST_NOW}"),
    "/api/trades/status/binance": (STATUS_AT, JUST_NOW),
}
"""Endpoints that answer from one text → its place and a good one."""

NOT_OBJECTS: list[tuple[bytes | str, str]] = [
    ("", "it is not JSON"),
    (SECRET, "it is not JSON"),
    (f'{{"a": "{SECRET}"', "it is not JSON"),
    (f'{{"a": "{SECRET}"}} x', "it is not JSON"),
    ("[" * 100_000, "it is not JSON"),
    ('{"a": %s}' % ("9" * 5_000), "it is not JSON"),
    (f'"{SECRET}"', "it is not a JSON object"),
    (f'["{SECRET}"]', "it is not a JSON object"),
    ("null", "it is not a JSON object"),
    ("NaN", "it is not a JSON object"),
    (b'{"a": "S3CRET\xff"}', "it is not UTF-8"),
    (b'{"a": "\xed\xa0\x80"}', "it is not UTF-8"),
    ('{"a": "\\ud800"}', "it is not UTF-8"),
]

BAD_TIMES: list[Any] = [
    SECRET,
    "2024-13-01T00:00:00+00:00",
    "2024-01-01T25:00:00",
    "1704110400.0",
    "20240101T120000Z",
    1e18,
    10**30,
    -(10**15),
    True,
    [1704110400],
    {"at": 1704110400},
]


@pytest.fixture
def component(writer: "redis.Redis") -> None:
    """The component through which one of the endpoints finds its process."""
    writer.hset("process:components", "binance_ticker", PROCESS_ID)


def assert_corrupt(
    response: httpx.Response, place: Place, logged: list[Logged], reason: str | None = None
) -> None:
    """The answer names the key, and neither it nor the log repeats the value."""
    body = problem(response, "corrupt-cache")
    assert body["key"] == place.key
    assert body["detail"].startswith(f"What is cached at {place.key}")
    if reason is not None:
        assert body["detail"] == f"What is cached at {place.shown} cannot be used: {reason}."
    (record,) = logged
    assert (record.level, record.text) == ("WARNING", "corrupt-cache")
    assert SECRET not in response.text + str(record.fields)


@pytest.mark.usefixtures("component")
@pytest.mark.parametrize("path", OBJECTS)
def test_a_good_object_is_answered_with(client: httpx.Client, writer: "redis.Redis", path: str) -> None:
    place, good = OBJECTS[path]
    place.write(writer, json.dumps(good))
    assert client.get(path).status_code == 200


@pytest.mark.usefixtures("component")
@pytest.mark.parametrize("path", OBJECTS)
def test_what_is_no_json_object_is_corrupt(
    client: httpx.Client, writer: "redis.Redis", logged: list[Logged], path: str
) -> None:
    place, _ = OBJECTS[path]
    for raw, reason in NOT_OBJECTS:
        place.write(writer, raw)
        assert_corrupt(client.get(path), place, logged, reason)
        logged.clear()


def _with_time(path: str, good: dict[str, Any], value: object) -> dict[str, Any]:
    """The good object with this time in the member that the endpoint shows."""
    if "balances" in path:
        return {**good, "date": value}
    if path.endswith("/positions"):
        return {**good, "timestamp": value}
    if path.endswith("/positions/BTC-USDT"):
        return {"BTC/USDT": {**POSITION, "timestamp": value}}
    if "orders" in path:
        return {**good, "timestamp": value}
    if "bots" in path:
        return {"feed_1": {"timestamp": value}}
    return {**good, "heartbeat" if "processes" in path else "time": value}


@pytest.mark.usefixtures("component")
@pytest.mark.parametrize("path", OBJECTS)
def test_a_time_that_is_none_is_corrupt(
    client: httpx.Client, writer: "redis.Redis", logged: list[Logged], path: str
) -> None:
    place, good = OBJECTS[path]
    for value in BAD_TIMES:
        place.write(writer, json.dumps(_with_time(path, good, value)))
        reason = "it holds a time that is neither epoch seconds nor ISO 8601"
        assert_corrupt(client.get(path), place, logged, reason)
        logged.clear()


@pytest.mark.parametrize(
    ("path", "place", "raw", "reason"),
    [
        ("/api/bots/binance/BTC-USDT/blocked", BLOCK_AT, b"S3CRET\xff", "it is not UTF-8"),
        ("/api/bots/binance/BTC-USDT/opening", OPENING_AT, b"S3CRET\xff", "it is not UTF-8"),
        ("/api/bots/binance/BTC-USDT/opening", OPENING_AT, SECRET, "it is not {bot_id}:{time}"),
        (
            "/api/bots/binance/BTC-USDT/opening",
            OPENING_AT,
            ":2024-01-01T12:00:00",
            "it is not {bot_id}:{time}",
        ),
        (
            "/api/bots/binance/BTC-USDT/opening",
            OPENING_AT,
            f"7:{SECRET}",
            "it holds a time that is neither epoch seconds nor ISO 8601",
        ),
        ("/api/trades/status/binance", STATUS_AT, b"S3CRET\xff", "it is not UTF-8"),
        (
            "/api/trades/status/binance",
            STATUS_AT,
            SECRET,
            "it holds a time that is neither epoch seconds nor ISO 8601",
        ),
    ],
)
def test_a_text_that_is_none_of_fullon_caches_is_corrupt(
    client: httpx.Client,
    writer: "redis.Redis",
    logged: list[Logged],
    path: str,
    place: Place,
    raw: bytes | str,
    reason: str,
) -> None:
    place.write(writer, raw)
    assert_corrupt(client.get(path), place, logged, reason)


def test_the_id_of_a_components_process_must_be_text(
    client: httpx.Client, writer: "redis.Redis", logged: list[Logged]
) -> None:
    place = Place("process:components", "binance_ticker")
    place.write(writer, b"S3CRET\xff")
    assert_corrupt(client.get("/api/processes/components/binance_ticker"), place, logged, "it is not UTF-8")


WRONG_TYPES = [
    *((path, place) for path, (place, _) in {**OBJECTS, **TEXTS}.items()),
    ("/api/tickers/binance", TICK_AT),
    ("/api/accounts", ACCOUNT_AT),
    ("/api/accounts/summary", ACCOUNT_AT),
    ("/api/accounts/summary", POSITIONS_AT),
    ("/api/positions", POSITIONS_AT),
    ("/api/orders/42/orders?exchange=binance", ORDER_AT),
    ("/api/exchanges/binance/orders", ORDER_AT),
    ("/api/bots", BOT_AT),
    ("/api/bots/blocks", BLOCK_AT),
    ("/api/trades/binance/BTC-USDT", Place("trades:binance:BTCUSDT", in_list=True)),
    ("/api/trades/users/42/binance", Place("user_trades:42:binance", in_list=True)),
    ("/api/ohlcv/BTC-USDT/1m", Place("ohlcv:BTC/USDT:1m", in_list=True)),
    ("/api/processes?type=tick", Place("process:active:tick", "x")),
    ("/api/processes/top?type=tick", Place("process:active:tick", "x")),
    ("/api/processes/components/binance_ticker", Place("process:components", "x")),
]
"""Endpoints and a key that they cannot do without."""


@pytest.mark.parametrize(("path", "place"), WRONG_TYPES)
def test_a_key_of_another_redis_type_is_corrupt(
    client: httpx.Client, writer: "redis.Redis", logged: list[Logged], path: str, place: Place
) -> None:
    writer.hset("process:components", "binance_ticker", PROCESS_ID)
    if place.key == "process:components":
        writer.delete(place.key)
    place.write_other_type(writer)
    assert_corrupt(client.get(path), place, logged)
    assert "another Redis type" in str(logged[0].fields["reason"])


BROKEN_MEMBERS = [
    ("/api/tickers/binance/BTC-USDT", {**TICK, "bid": SECRET}),
    ("/api/tickers/binance/BTC-USDT", {**TICK, "volume": [1]}),
    ("/api/tickers/binance/BTC-USDT/price", {**TICK, "last": SECRET}),
    ("/api/tickers/binance/BTC-USDT/price", {**TICK, "last": None, "price": True}),
    ("/api/accounts/1/balances", {"USDT": SECRET}),
    ("/api/accounts/1/balances", {"USDT": {**BALANCE, "free": SECRET}}),
    ("/api/accounts/1/balances/USDT", {"USDT": {**BALANCE, "used": "0"}}),
    ("/api/accounts/1/positions/BTC-USDT", {"BTC/USDT": {**POSITION, "count": SECRET}}),
    ("/api/accounts/1/positions/BTC-USDT", {"BTC/USDT": None}),
    ("/api/orders/1/status", {**ORDER, "status": 5}),
    ("/api/orders/1/status", {**ORDER, "price": SECRET}),
    ("/api/exchanges/binance/orders/1", {**ORDER, "price": SECRET}),
    ("/api/exchanges/binance/orders/1", {**ORDER, "futures": 1}),
    ("/api/exchanges/binance/orders/1", {**ORDER, "uid": [SECRET]}),
    ("/api/bots/7/status", {"feed_1": SECRET}),
    (f"/api/processes/{PROCESS_ID}", {**PROCESS_FIELDS, "params": SECRET}),
    (f"/api/processes/{PROCESS_ID}", {**PROCESS_FIELDS, "status": 5}),
    ("/api/processes/components/binance_ticker", {**PROCESS_FIELDS, "message": [SECRET]}),
]


@pytest.mark.usefixtures("component")
@pytest.mark.parametrize(("path", "cached"), BROKEN_MEMBERS)
def test_a_member_that_breaks_the_response_schema_is_corrupt(
    client: httpx.Client, writer: "redis.Redis", logged: list[Logged], path: str, cached: object
) -> None:
    place, _ = OBJECTS[path]
    place.write(writer, json.dumps(cached))
    assert_corrupt(client.get(path), place, logged)


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection's path and list, where a good element stands, and what is bad in the place of another."""

    path: str
    name: str
    good: tuple[Place, str]
    bad: Place
    raws: tuple[bytes | str, ...]
    operation: str


NO_OBJECTS: tuple[bytes | str, ...] = (SECRET, "", "[1]", b'{"a": "S3CRET\xff"}')


def _with(cached: dict[str, Any], **members: object) -> str:
    return json.dumps({**cached, **members})


NEXT_TICK = Place("tickers:binance", "ETH/USDT")
NEXT_ORDER = Place("order_status:binance", "2")
BAD_TICKS = (*NO_OBJECTS, _with(TICK, time=SECRET), _with(TICK, bid=SECRET), _with(TICK, ask=True))
BAD_ORDERS = (
    *NO_OBJECTS,
    _with(ORDER, timestamp=SECRET),
    _with(ORDER, price=SECRET),
    _with(ORDER, symbol=5),
    _with(ORDER, status={}),
)
BAD_TRADES = (*NO_OBJECTS, _with(TRADE, time=SECRET), _with(TRADE, price=SECRET), _with(TRADE, side=5))
BAD_PROCESSES = (
    *NO_OBJECTS,
    _with(PROCESS_FIELDS, heartbeat=SECRET),
    _with(PROCESS_FIELDS, created_at=SECRET),
    _with(PROCESS_FIELDS, params=[SECRET]),
    _with(PROCESS_FIELDS, component=5),
)

COLLECTIONS = [
    Collection("/api/tickers", "tickers", (TICK_AT, json.dumps(TICK)), NEXT_TICK, BAD_TICKS, "listTickers"),
    Collection(
        "/api/tickers/binance",
        "tickers",
        (TICK_AT, json.dumps(TICK)),
        NEXT_TICK,
        BAD_TICKS,
        "listExchangeTickers",
    ),
    Collection(
        "/api/symbols/BTC-USDT/tickers",
        "tickers",
        (TICK_AT, json.dumps(TICK)),
        Place("tickers:kraken", "BTC/USDT"),
        BAD_TICKS,
        "listSymbolTickers",
    ),
    Collection(
        "/api/accounts",
        "accounts",
        (ACCOUNT_AT, json.dumps({"USDT": BALANCE})),
        Place("accounts", "2"),
        (*NO_OBJECTS, '{"USDT": "S3CRET"}', '{"USDT": {"free": "S3CRET"}}', '{"date": "S3CRET"}'),
        "listAccounts",
    ),
    Collection(
        "/api/positions",
        "positions",
        (POSITIONS_AT, json.dumps({"BTC/USDT": POSITION})),
        Place("account_positions", "2"),
        (
            *NO_OBJECTS,
            json.dumps({"BTC/USDT": {**POSITION, "timestamp": SECRET}}),
            json.dumps({"BTC/USDT": {**POSITION, "volume": SECRET}}),
            '{"BTC/USDT": "S3CRET"}',
        ),
        "listPositions",
    ),
    Collection(
        "/api/orders/42/orders",
        "orders",
        (ORDER_AT, json.dumps(ORDER)),
        Place("order_status:kraken", "2"),
        BAD_ORDERS,
        "listUserOrders",
    ),
    Collection(
        "/api/exchanges/binance/orders",
        "orders",
        (ORDER_AT, json.dumps(ORDER)),
        NEXT_ORDER,
        BAD_ORDERS,
        "listExchangeOrders",
    ),
    Collection(
        "/api/bots",
        "bots",
        (BOT_AT, "{}"),
        Place("bot_status", "8"),
        (*NO_OBJECTS, '{"feed": "S3CRET"}', '{"feed": {"timestamp": "S3CRET"}}'),
        "listBots",
    ),
    Collection(
        "/api/bots/blocks",
        "blocks",
        (BLOCK_AT, "7"),
        Place("block_exchange", "kraken:BTC/USD"),
        (b"S3CRET\xff",),
        "listBlocks",
    ),
    Collection(
        "/api/trades/binance/BTC-USDT",
        "trades",
        (Place("trades:binance:BTCUSDT", in_list=True), json.dumps(TRADE)),
        Place("trades:binance:BTCUSDT", in_list=True),
        BAD_TRADES,
        "listTrades",
    ),
    Collection(
        "/api/trades/users/42/binance",
        "trades",
        (Place("user_trades:42:binance", in_list=True), json.dumps(TRADE)),
        Place("user_trades:42:binance", in_list=True),
        BAD_TRADES,
        "listUserTrades",
    ),
    Collection(
        "/api/trades/status",
        "statuses",
        (STATUS_AT, JUST_NOW),
        Place("TRADE:STATUS:kraken"),
        (SECRET, b"S3CRET\xff", ""),
        "listTradeStatuses",
    ),
    *(
        Collection(
            path,
            "processes",
            (PROCESS_AT, json.dumps(PROCESS_FIELDS)),
            Place("process:data:tick:other:1.5"),
            BAD_PROCESSES,
            operation,
        )
        for path, operation in (
            ("/api/processes", "listProcesses"),
            ("/api/processes/status", "getProcessHealth"),
            ("/api/processes/top", "listProcessActivities"),
        )
    ),
]


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda collection: collection.path)
def test_one_bad_element_is_left_out_counted_and_logged_once(
    client: httpx.Client, writer: "redis.Redis", logged: list[Logged], collection: Collection
) -> None:
    for raw in collection.raws:
        writer.flushall()
        logged.clear()
        for process_id in (PROCESS_ID, "tick:other:1.5"):
            writer.hset("process:active:tick", process_id, JUST_NOW)
        place, good = collection.good
        place.write(writer, good)
        collection.bad.write(writer, raw)
        response = client.get(collection.path)
        assert response.status_code == 200, (raw, response.text)
        body = response.json()
        assert (len(body[collection.name]), body.get("count", 1), body["skipped"]) == (1, 1, 1), raw
        (record,) = logged
        assert (record.level, record.text) == ("WARNING", "elements left out")
        assert (record.fields["operation"], record.fields["count"]) == (collection.operation, 1)
        assert record.fields["key"] == collection.bad.key
        assert SECRET not in response.text + str(record.fields)


@pytest.mark.parametrize(
    ("path", "key", "operation"),
    [
        ("/api/tickers", "tickers:kraken", "listTickers"),
        ("/api/symbols/BTC-USDT/tickers", "tickers:kraken", "listSymbolTickers"),
        ("/api/tickers/health", "tickers:kraken", "getTickerHealth"),
        ("/api/orders/42/orders", "order_status:kraken", "listUserOrders"),
        ("/api/orders/queue/size", "new_orders:L2", "getOrderQueues"),
        ("/api/processes", "process:active:bot", "listProcesses"),
        ("/api/processes/metrics", "process:active:bot", "getProcessMetrics"),
    ],
)
def test_one_key_of_another_type_among_many_is_left_out(
    client: httpx.Client, writer: "redis.Redis", logged: list[Logged], path: str, key: str, operation: str
) -> None:
    TICK_AT.write(writer, json.dumps(TICK))
    ORDER_AT.write(writer, json.dumps(ORDER))
    writer.set(key, SECRET)
    body = client.get(path).json()
    assert body["skipped"] == 1
    (record,) = logged
    assert (record.fields["operation"], record.fields["count"]) == (operation, 1)
    assert record.fields["key"] == key


def test_a_process_whose_data_is_of_another_type_is_left_out(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    writer.hset("process:active:tick", PROCESS_ID, JUST_NOW)
    writer.rpush(PROCESS_KEY, SECRET)
    assert client.get("/api/processes").json() == {"count": 0, "processes": [], "skipped": 1}


@pytest.mark.parametrize("updated", [SECRET, "", b"S3CRET\xff"])
def test_an_active_process_without_a_time_is_left_out(
    client: httpx.Client, writer: "redis.Redis", updated: bytes | str
) -> None:
    writer.hset("process:active:tick", PROCESS_ID, updated)
    assert client.get("/api/processes").json() == {"count": 0, "processes": [], "skipped": 1}


def test_health_leaves_out_ticks_without_a_readable_time(client: httpx.Client, writer: "redis.Redis") -> None:
    TICK_AT.write(writer, json.dumps(TICK))
    NEXT_TICK.write(writer, _with(TICK, time=SECRET))
    body = client.get("/api/tickers/health").json()
    assert (body["tickers"], body["skipped"]) == (1, 1)


def test_a_field_whose_name_is_no_text_is_left_out(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset("tickers:binance", b"BTC\xff", json.dumps(TICK))
    writer.hset("tickers:binance", "BTC/USDT", json.dumps(TICK))
    body = client.get("/api/tickers").json()
    assert (body["count"], body["skipped"]) == (1, 1)


def test_a_key_that_is_no_text_is_none_of_fullon_caches(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset(b"tickers:\xff", "BTC/USDT", json.dumps(TICK))
    assert client.get("/api/tickers").json() == {"count": 0, "tickers": []}
    assert client.get("/api/symbols/BTC-USDT/tickers").json()["count"] == 0


def test_everything_corrupt_is_an_empty_list_that_says_so(
    client: httpx.Client, writer: "redis.Redis", logged: list[Logged]
) -> None:
    writer.hset("tickers:binance", mapping={f"S{number}": SECRET for number in range(100)})
    assert client.get("/api/tickers").json() == {"count": 0, "tickers": [], "skipped": 100}
    assert [record.fields["count"] for record in logged] == [100]


def test_bad_elements_of_both_kinds_are_counted_together(client: httpx.Client, writer: "redis.Redis") -> None:
    """One that the read cannot use, and one that breaks the response schema."""
    ORDER_AT.write(writer, json.dumps(ORDER))
    NEXT_ORDER.write(writer, SECRET)
    writer.hset("order_status:binance", "3", _with(ORDER, price=SECRET))
    body = client.get("/api/exchanges/binance/orders").json()
    assert ([order["order_id"] for order in body["orders"]], body["skipped"]) == (["1"], 2)
