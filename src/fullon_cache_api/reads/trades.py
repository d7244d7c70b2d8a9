"""Reads of trades: the lists `trades:{exchange}:{symbol}` and `user_trades:{uid}:{exchange}`.

fullon_cache reads these lists by emptying them; here LLEN and LRANGE look at them and leave them as they are.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from fullon_cache_api.cache.lane import Reply
from fullon_cache_api.cache.reader import Reader, WrongType

from .answer import Answer, Body, Elements, corrupt, readable
from .arguments import EXCHANGE, LIMIT, SYMBOL, USER_ID
from .queue import trade_queue
from .read import read
from .shape import AMOUNT, INTEGER, STRING, TEXT, array, closed, collection, opened, overview
from .symbol import Symbol, show_symbol
from .values import BadValue, parse_object, parse_text, parse_time, show_time, time_text

LISTS = "trades:"
USER_LISTS = "user_trades:"
TIMES = "TRADE:STATUS:"

TRADE = opened(time=TEXT)
TRADE_QUEUE = closed(
    queue_name=STRING,
    exchange=STRING,
    symbol=STRING,
    size=INTEGER,
    processing_rate=AMOUNT,
    health_status=STRING,
    last_processed=TEXT,
)


def trade(raw: bytes) -> Body:
    """Return a cached Trade with all its fields."""
    cached = parse_object(raw)
    body: Body = {**cached, "time": time_text(cached.get("time"))}
    if isinstance(symbol := cached.get("symbol"), str):
        body["symbol"] = show_symbol(symbol)
    return body


def trade_of(spelling: str, raw: bytes) -> Body | None:
    """Return a Trade if it is one of this symbol.

    Keys hold symbols without their slash, so that `BT/CUSDT` leads to the list of `BTC/USDT`: the trade's own
    symbol decides. A symbol asked for without a slash may be any that is written so.
    """
    body = trade(raw)
    own = body.get("symbol")
    if not isinstance(own, str) or own == show_symbol(spelling):
        return body
    return body if "/" not in spelling and own.replace("-", "") == spelling else None


@read(
    "TradesCache.peek_trades",
    (EXCHANGE, SYMBOL, LIMIT),
    commands=("LRANGE", "LLEN"),
    keys=("trades:{exchange}:{symbol}",),
    answer=collection("trades", TRADE, exchange=STRING, symbol=STRING, size=INTEGER),
    elements="trades",
)
async def peek_trades(reader: Reader, exchange: str, symbol: Symbol, limit: int) -> Answer:
    """The newest queued trades of a symbol on an exchange, oldest first; the queue stays as it is."""
    keys = [f"{LISTS}{exchange}:{spelling.replace('/', '')}" for spelling in symbol.spellings]
    for spelling, key, reply, length in await _lists(reader, keys, symbol.spellings, limit):
        elements = _trades(key, reply, partial(trade_of, spelling))
        if elements.items or elements.skipped:
            size = max(length, len(elements.items))
            body: Body = {"exchange": exchange, "symbol": show_symbol(spelling), "size": size}
            return elements.answer("trades", key, body)
    return Elements().answer("trades", keys[0], {"exchange": exchange, "symbol": symbol.shown, "size": 0})


@read(
    "TradesCache.peek_user_trades",
    (USER_ID, EXCHANGE, LIMIT),
    commands=("LRANGE", "LLEN"),
    keys=("user_trades:{user_id}:{exchange}",),
    answer=collection("trades", TRADE, user_id=INTEGER, exchange=STRING, size=INTEGER),
    elements="trades",
)
async def peek_user_trades(reader: Reader, user_id: int, exchange: str, limit: int) -> Answer:
    """The newest queued trades of a user on an exchange, oldest first; the queue stays as it is."""
    key = f"{USER_LISTS}{user_id}:{exchange}"
    ((_, _, reply, length),) = await _lists(reader, [key], ("",), limit)
    elements = _trades(key, reply, trade)
    size = max(length, len(elements.items))
    return elements.answer("trades", key, {"user_id": user_id, "exchange": exchange, "size": size})


@read(
    "TradesCache.get_queue_status",
    commands=("SCAN", "LLEN", "GET"),
    keys=("trades:{exchange}:{symbol}", "TRADE:STATUS:{exchange}"),
    answer=overview(size=INTEGER, queues=array(TRADE_QUEUE)),
    elements="queues",
)
async def get_queue_status(reader: Reader) -> Answer:
    """How many trades wait in each queue, and whether they still come."""
    elements = Elements()
    size = 0
    async for keys in reader.scan(LISTS + "*"):
        for exchange, symbol, length, last_trade in await _queues(reader, keys, elements):
            size += length
            key = f"{LISTS}{exchange}:{symbol}"
            elements.add(key, "", partial(trade_queue, exchange, symbol, length, last_trade))
    body: Body = {"size": size, "queues": elements.items}
    if elements.skipped:
        body["skipped"] = len(elements.skipped)
    return Answer(body, LISTS + "*", elements.sources, elements.skipped)


@read(
    "TradesCache.get_metrics",
    commands=("SCAN", "LLEN", "GET"),
    keys=("trades:{exchange}:{symbol}", "TRADE:STATUS:{exchange}"),
    answer=overview(
        queued_trades=INTEGER,
        queues=INTEGER,
        exchanges=array(
            closed(exchange=STRING, queued=INTEGER, last_trade_at=TEXT, lag_seconds=AMOUNT),
        ),
    ),
    elements="exchanges",
)
async def get_metrics(reader: Reader) -> Answer:
    """How many trades wait on each exchange, when the last one came and how long ago that is."""
    left_out = Elements()
    queued: dict[str, int] = {}
    last: dict[str, datetime | None] = {}
    queues = 0
    async for keys in reader.scan(LISTS + "*"):
        for exchange, _, length, last_trade in await _queues(reader, keys, left_out):
            queues += 1
            queued[exchange] = queued.get(exchange, 0) + length
            last[exchange] = last_trade
    async for keys in reader.scan(TIMES + "*"):
        last |= await _times(reader, [key.removeprefix(TIMES) for key in keys], left_out)
    now = datetime.now(UTC)
    exchanges = [exchange_metrics(name, queued.get(name, 0), last[name], now) for name in sorted(last)]
    body: Body = {"queued_trades": sum(queued.values()), "queues": queues, "exchanges": exchanges}
    skipped = list({str(error): error for error in left_out.skipped}.values())
    if skipped:
        body["skipped"] = len(skipped)
    return Answer(body, LISTS + "*", [(TIMES + name, "") for name in sorted(last)], skipped)


def exchange_metrics(exchange: str, queued: int, last_trade: datetime | None, now: datetime) -> Body:
    """Return one exchange's figures; the lag is in seconds, to the millisecond, and never negative."""
    lag = None if last_trade is None else max(0.0, round((now - last_trade).total_seconds(), 3))
    return {
        "exchange": exchange,
        "queued": queued,
        "last_trade_at": show_time(last_trade),
        "lag_seconds": lag,
    }


@read(
    "TradesCache.get_all_trade_statuses",
    commands=("SCAN", "GET"),
    keys=("TRADE:STATUS:{exchange}",),
    answer=collection("statuses", closed(exchange=STRING, last_trade_at=TEXT)),
    elements="statuses",
)
async def get_all_trade_statuses(reader: Reader) -> Answer:
    """When the last trade of each exchange came."""
    elements = Elements()
    async for keys in reader.scan(TIMES + "*"):
        found = await _times(reader, [key.removeprefix(TIMES) for key in keys], elements)
        for exchange, moment in found.items():
            if moment is not None:
                elements.items.append({"exchange": exchange, "last_trade_at": show_time(moment)})
                elements.sources.append((TIMES + exchange, ""))
    return elements.answer("statuses", TIMES + "*", {})


@read(
    "TradesCache.get_trade_status",
    (EXCHANGE,),
    commands=("GET",),
    keys=("TRADE:STATUS:{exchange}",),
    answer=closed(exchange=STRING, last_trade_at=TEXT),
    absent=True,
)
async def get_trade_status(reader: Reader, exchange: str) -> Answer | None:
    """When the last trade of an exchange came."""
    key = TIMES + exchange
    raw = await reader.get(key)
    if raw is None:
        return None
    try:
        return Answer({"exchange": exchange, "last_trade_at": time_text(parse_text(raw))}, key)
    except BadValue as error:
        raise corrupt(key, error) from None


async def _lists(
    reader: Reader, keys: list[str], spellings: tuple[str, ...], limit: int
) -> list[tuple[str, str, Reply, int]]:
    """Return spelling, key, newest elements and length of lists, all in one round trip."""
    commands = [command for key in keys for command in (("LRANGE", key, -limit, -1), ("LLEN", key))]
    replies = [readable(reply) for reply in await reader.batch(commands)]
    lengths = [length if isinstance(length, int) else 0 for length in replies[1::2]]
    return list(zip(spellings, keys, replies[::2], lengths, strict=True))


def _trades(key: str, reply: Reply, shape: Callable[[bytes], Body | None]) -> Elements:
    elements = Elements()
    for index, raw in enumerate(reply if isinstance(reply, list) else []):
        if isinstance(raw, bytes):
            elements.add(key, f"element {index}", partial(shape, raw))
    return elements


async def _queues(
    reader: Reader, keys: list[str], elements: Elements
) -> list[tuple[str, str, int, datetime | None]]:
    """Return exchange, symbol, length and time of the last trade of each queue, in one round trip."""
    named = [(key, *key.removeprefix(LISTS).partition(":")[::2]) for key in keys]
    queues = [(key, exchange, symbol) for key, exchange, symbol in named if exchange and symbol]
    exchanges = sorted({exchange for _, exchange, _ in queues})
    lengths = [("LLEN", key) for key, _, _ in queues]
    replies = await reader.batch([*lengths, *(("GET", TIMES + exchange) for exchange in exchanges)])
    last = _moments(exchanges, replies[len(queues) :], elements)
    found: list[tuple[str, str, int, datetime | None]] = []
    for (_, exchange, symbol), length in zip(queues, replies, strict=False):
        if isinstance(length, WrongType):
            elements.skipped.append(length.error())
        elif isinstance(length, int) and length:
            found.append((exchange, symbol, length, last.get(exchange)))
    return found


async def _times(reader: Reader, exchanges: list[str], elements: Elements) -> dict[str, datetime | None]:
    replies = await reader.batch(("GET", TIMES + exchange) for exchange in exchanges)
    return _moments(exchanges, replies, elements)


def _moments(
    exchanges: list[str], replies: "list[Reply | WrongType]", elements: Elements
) -> dict[str, datetime | None]:
    """Return the times of the last trades; one that cannot be read is left out."""
    found: dict[str, datetime | None] = {}
    for exchange, reply in zip(exchanges, replies, strict=True):
        if isinstance(reply, WrongType):
            elements.skipped.append(reply.error())
        elif isinstance(reply, bytes):
            before = len(elements.skipped)
            moment = elements.attempt(TIMES + exchange, "", partial(_moment, reply))
            if len(elements.skipped) == before:
                found[exchange] = moment
    return found


def _moment(raw: bytes) -> datetime | None:
    return parse_time(parse_text(raw))
