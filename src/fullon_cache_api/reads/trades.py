"""Reads of trades: the lists `trades:{exchange}:{symbol}` and `user_trades:{uid}:{exchange}`.

fullon_cache reads these lists by emptying them; here LLEN and LRANGE look at them and leave them as they are.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from fullon_cache_api.cache.reader import Reader, WrongType
from fullon_cache_api.cache.reply import Reply

from .answer import Answer, Blame, Body, Elements, readable
from .arguments import EXCHANGE, LIMIT, SYMBOL, USER_ID
from .family import each
from .pages import LARGE, Stream, list_page
from .queue import queue
from .read import read
from .shape import AMOUNT, INTEGER, STRING, TEXT, array, closed, collection, opened, overview
from .symbol import Symbol, show_symbol
from .values import parse_moment, parse_object, show_time, time_text

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
STATUS = closed(exchange=STRING, last_trade_at=STRING)
FLOW = closed(exchange=STRING, queued=INTEGER, last_trade_at=TEXT, lag_seconds=AMOUNT)

T = TypeVar("T")


def trade(spelling: str | None, raw: bytes) -> Body | None:
    """Return a cached Trade with all its fields, or None if it is of another symbol than was asked for.

    Keys hold symbols without their slash, so that `BT/CUSDT` leads to the list of `BTC/USDT`: where both are
    written with a slash, the trade's own symbol decides.
    """
    cached = parse_object(raw)
    body: Body = {**cached, "time": time_text(cached.get("time"))}
    own = cached.get("symbol")
    if not isinstance(own, str):
        return body
    if spelling is not None and "/" in spelling and "/" in own and own != spelling:
        return None
    body["symbol"] = show_symbol(own)
    return body


def trade_queue(exchange: str, symbol: str, size: int, last_trade: datetime | None) -> Body:
    """Return the state of one queue of trades; `symbol` is as in the key, without its slash."""
    return {"exchange": exchange, "symbol": symbol, **queue(f"{exchange}:{symbol}", size, last_trade)}


def trade_status(exchange: str, raw: bytes) -> Body:
    """Return when the last trade of an exchange came."""
    return {"exchange": exchange, "last_trade_at": show_time(parse_moment(raw))}


def flow(exchange: str, queued: int, last_trade: datetime | None, now: datetime) -> Body:
    """Return one exchange's figures; the lag is in seconds, to the millisecond, and never negative."""
    lag = None if last_trade is None else max(0.0, round((now - last_trade).total_seconds(), 3))
    return {
        "exchange": exchange,
        "queued": queued,
        "last_trade_at": show_time(last_trade),
        "lag_seconds": lag,
    }


@read(
    "TradesCache.peek_trades",
    (EXCHANGE, SYMBOL, LIMIT),
    commands=("LRANGE", "LLEN"),
    keys=("trades:{exchange}:{symbol}",),
    answer=collection("trades", TRADE, exchange=STRING, symbol=STRING, size=INTEGER),
    elements="trades",
)
async def peek_trades(reader: Reader, exchange: str, symbol: Symbol, limit: int) -> Answer | Stream:
    """The newest queued trades of a symbol on an exchange, oldest first; the queue stays as it is."""
    keys = [f"{LISTS}{exchange}:{spelling.replace('/', '')}" for spelling in symbol.spellings]
    replies = await _peek(reader, keys, limit)
    for spelling, key, (newest, length) in zip(symbol.spellings, keys, replies, strict=True):
        raws = _raws(newest)
        body: Body = {"exchange": exchange, "symbol": show_symbol(spelling)}
        if len(raws) > LARGE and _has_some(raws, spelling):
            page = list_page(key, raws, partial(trade, spelling))
            return Stream("trades", key, {**body, "size": max(length, len(raws))}, [page])
        trades: Elements[Body] = Elements()
        trades.add_list(key, raws, trade, spelling)
        if trades.items or trades.skipped:
            return trades.answer("trades", key, {**body, "size": max(length, len(trades.items))})
    nothing: Elements[Body] = Elements()
    return nothing.answer("trades", keys[0], {"exchange": exchange, "symbol": symbol.shown, "size": 0})


@read(
    "TradesCache.peek_user_trades",
    (USER_ID, EXCHANGE, LIMIT),
    commands=("LRANGE", "LLEN"),
    keys=("user_trades:{user_id}:{exchange}",),
    answer=collection("trades", TRADE, user_id=INTEGER, exchange=STRING, size=INTEGER),
    elements="trades",
)
async def peek_user_trades(reader: Reader, user_id: int, exchange: str, limit: int) -> Answer | Stream:
    """The newest queued trades of a user on an exchange, oldest first; the queue stays as it is."""
    key = f"{USER_LISTS}{user_id}:{exchange}"
    ((newest, length),) = await _peek(reader, [key], limit)
    raws = _raws(newest)
    body: Body = {"user_id": user_id, "exchange": exchange}
    if len(raws) > LARGE:
        page = list_page(key, raws, partial(trade, None))
        return Stream("trades", key, {**body, "size": max(length, len(raws))}, [page])
    trades: Elements[Body] = Elements()
    trades.add_list(key, raws, trade, None)
    return trades.answer("trades", key, {**body, "size": max(length, len(trades.items))})


def _raws(newest: "Reply | WrongType") -> list[bytes]:
    found = readable(newest)
    return [raw for raw in found if isinstance(raw, bytes)] if isinstance(found, list) else []


def _has_some(raws: Sequence[bytes], spelling: str) -> bool:
    """Whether trades under a key are of the symbol that was asked for, at least one of them."""
    some: Elements[Body] = Elements()
    for raw in raws:
        some.add("", None, trade, spelling, raw)
        if some.items or some.skipped:
            return True
    return False


async def _peek(reader: Reader, keys: list[str], limit: int) -> "list[tuple[Reply | WrongType, int]]":
    """Return the newest elements and the length of each list, all in one round trip.

    The commands are not one transaction: a length can be shorter than what was read just before.
    """
    commands = [command for key in keys for command in (("LRANGE", key, -limit, -1), ("LLEN", key))]
    replies = await reader.batch(commands)
    lengths = [length if isinstance(length, int) else 0 for length in replies[1::2]]
    return list(zip(replies[::2], lengths, strict=True))


@read(
    "TradesCache.get_queue_status",
    commands=("SCAN", "LLEN", "GET"),
    keys=("trades:{exchange}:{symbol}", "TRADE:STATUS:{exchange}"),
    answer=overview(size=INTEGER, queues=array(TRADE_QUEUE)),
    elements="queues",
)
async def get_queue_status(reader: Reader) -> Answer:
    """How many trades wait in each queue, and whether they still come."""
    queues: Elements[Body] = Elements()
    lengths = await _lengths(reader, queues)
    exchanges = sorted({exchange for exchange, _, _ in lengths})
    replies = await reader.batch(("GET", TIMES + exchange) for exchange in exchanges)
    last = last_trades(queues, zip(exchanges, map(queues.usable, replies), strict=True))
    for exchange, symbol, size in lengths:
        key = f"{LISTS}{exchange}:{symbol}"
        queues.add(key, None, trade_queue, exchange, symbol, size, last.get(exchange))
    body: Body = {"size": sum(size for _, _, size in lengths), "queues": queues.items}
    return Answer.overview(body, LISTS + "*", queues.skipped, queues.sources)


@read(
    "TradesCache.get_metrics",
    commands=("SCAN", "LLEN", "GET"),
    keys=("trades:{exchange}:{symbol}", "TRADE:STATUS:{exchange}"),
    answer=overview(queued_trades=INTEGER, queues=INTEGER, exchanges=array(FLOW)),
    elements="exchanges",
)
async def get_metrics(reader: Reader) -> Answer:
    """How many trades wait on each exchange, when the last one came and how long ago that is."""
    flows: Elements[Body] = Elements()
    lengths = await _lengths(reader, flows)
    last = last_trades(flows, [found async for found in each(reader, flows, TIMES, "GET")])
    queued = dict.fromkeys(last, 0)
    for exchange, _, size in lengths:
        queued[exchange] = queued.get(exchange, 0) + size
    now = datetime.now(UTC)
    for exchange in sorted(queued):
        flows.add(TIMES + exchange, None, flow, exchange, queued[exchange], last.get(exchange), now)
    body: Body = {
        "queued_trades": sum(queued.values()),
        "queues": len(lengths),
        "exchanges": flows.items,
    }
    return Answer.overview(body, LISTS + "*", flows.skipped, flows.sources)


@read(
    "TradesCache.get_all_trade_statuses",
    commands=("SCAN", "GET"),
    keys=("TRADE:STATUS:{exchange}",),
    answer=collection("statuses", STATUS),
    elements="statuses",
)
async def get_all_trade_statuses(reader: Reader) -> Answer:
    """When the last trade of each exchange came."""
    statuses: Elements[Body] = Elements()
    async for exchange, raw in each(reader, statuses, TIMES, "GET"):
        if isinstance(raw, bytes):
            statuses.add(TIMES + exchange, None, trade_status, exchange, raw)
    return statuses.answer("statuses", TIMES + "*")


@read(
    "TradesCache.get_trade_status",
    (EXCHANGE,),
    commands=("GET",),
    keys=("TRADE:STATUS:{exchange}",),
    answer=STATUS,
    absent=True,
)
async def get_trade_status(reader: Reader, exchange: str) -> Answer | None:
    """When the last trade of an exchange came."""
    key = TIMES + exchange
    raw = await reader.get(key)
    if raw is None:
        return None
    with Blame(key):
        return Answer(trade_status(exchange, raw), key)


async def _lengths(reader: Reader, elements: Elements[T]) -> list[tuple[str, str, int]]:
    """Return exchange, symbol and length of every queue; a key without a symbol is none of fullon_cache's."""
    found: list[tuple[str, str, int]] = []
    async for name, length in each(reader, elements, LISTS, "LLEN"):
        exchange, _, symbol = name.partition(":")
        if exchange and symbol and isinstance(length, int) and length:
            found.append((exchange, symbol, length))
    return found


def last_trades(elements: Elements[T], found: Iterable[tuple[str, Reply]]) -> dict[str, datetime]:
    """Return when each exchange's last trade came; a time that cannot be read is left out."""
    moments: dict[str, datetime] = {}
    for exchange, raw in found:
        if isinstance(raw, bytes):
            moment = elements.attempt(TIMES + exchange, None, parse_moment, raw)
            if moment is not None:
                moments[exchange] = moment
    return moments
