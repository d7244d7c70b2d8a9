"""Reads of tickers: the hashes `tickers:{exchange}`, one JSON Tick per symbol."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.cache.lane import Reply
from fullon_cache_api.cache.reader import Reader, WrongType
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Body, Elements, corrupt, readable
from .arguments import EXCHANGE, EXCHANGE_FILTER, SYMBOL
from .read import read
from .shape import AMOUNT, BOOLEAN, INTEGER, NUMBER, STRING, TEXT, array, closed, collection, opened, overview
from .symbol import Symbol, show_symbol
from .values import BadValue, Value, is_number, parse_object, parse_time, show_time, time_text

PREFIX = "tickers:"
KEY = "tickers:{exchange}"
_NEVER = datetime.min.replace(tzinfo=UTC)
_ALWAYS = ("bid", "ask", "last", "volume")
_NOT_MARKET = frozenset({"exchange", "symbol", "time"})

TICKER = closed(
    exchange=STRING,
    symbol=STRING,
    ticker=opened(bid=AMOUNT, ask=AMOUNT, last=AMOUNT, volume=AMOUNT),
    cached_at=TEXT,
    cache_hit=BOOLEAN,
)
STALE_AFTER = Argument(
    "stale_after",
    "integer",
    "Seconds after which a ticker is stale.",
    schema=MappingProxyType({"minimum": 1, "maximum": 2**31}),
)


def ticker(exchange: str, symbol: str, raw: bytes) -> Body:
    """Return a cached Tick as a Ticker: the market's four numbers always, its further numbers when there."""
    tick = parse_object(raw)
    values: dict[str, Value] = {name: tick.get(name) for name in _ALWAYS}
    values |= {name: value for name, value in tick.items() if is_number(value) and name not in _NOT_MARKET}
    return {
        "exchange": exchange,
        "symbol": show_symbol(symbol),
        "ticker": values,
        "cached_at": time_text(tick.get("time")),
        "cache_hit": True,
    }


@read(
    "TickCache.get_ticker",
    (EXCHANGE, SYMBOL),
    commands=("HMGET",),
    keys=(KEY,),
    answer=TICKER,
    absent=True,
)
async def get_ticker(reader: Reader, exchange: str, symbol: Symbol) -> Answer | None:
    """The latest ticker of a symbol on an exchange."""
    found = await _tick(reader, exchange, symbol)
    if found is None:
        return None
    key, name, raw = found
    try:
        return Answer(ticker(exchange, name, raw), key)
    except BadValue as error:
        raise corrupt(key, error, name) from None


@read(
    "TickCache.get_price",
    (EXCHANGE, SYMBOL),
    commands=("HMGET",),
    keys=(KEY,),
    answer=closed(exchange=STRING, symbol=STRING, price=NUMBER, cached_at=TEXT),
    absent=True,
)
async def get_price(reader: Reader, exchange: str, symbol: Symbol) -> Answer | None:
    """The latest price of a symbol on an exchange: the Tick's `last`, else its `price`."""
    found = await _tick(reader, exchange, symbol)
    if found is None:
        return None
    key, name, raw = found
    try:
        tick = parse_object(raw)
        last = tick.get("last")
        price = tick.get("price") if last is None else last
        cached_at = time_text(tick.get("time"))
    except BadValue as error:
        raise corrupt(key, error, name) from None
    if price is None:
        return None
    body: Body = {"exchange": exchange, "symbol": show_symbol(name), "price": price, "cached_at": cached_at}
    return Answer(body, f"{key} {name}")


@read(
    "TickCache.get_all_tickers",
    (EXCHANGE_FILTER,),
    commands=("SCAN", "HGETALL"),
    keys=(KEY,),
    answer=collection("tickers", TICKER, exchange=TEXT),
    elements="tickers",
)
async def get_all_tickers(reader: Reader, exchange: str | None = None) -> Answer:
    """Every ticker of an exchange, or of all exchanges that the cache holds."""
    elements = Elements()
    async for name, reply in _hashes(reader, exchange):
        elements.add_hash(PREFIX + name, reply, partial(ticker, name))
    source = PREFIX + (exchange or "*")
    return elements.answer("tickers", source, {"exchange": exchange})


@read(
    "TickCache.get_any_ticker",
    (SYMBOL,),
    commands=("SCAN", "HMGET"),
    keys=(KEY,),
    answer=TICKER,
    absent=True,
)
async def get_any_ticker(reader: Reader, symbol: Symbol) -> Answer | None:
    """The newest ticker of a symbol, whichever exchange it is from."""
    elements = await _tickers_of(reader, symbol)
    if not elements.items:
        if elements.skipped:
            raise elements.skipped[0]
        return None
    newest = max(elements.items, key=lambda item: parse_time(item["cached_at"]) or _NEVER)
    key, name = elements.sources[elements.items.index(newest)]
    return Answer(newest, f"{key} {name}", skipped=elements.skipped)


@read(
    "TickCache.get_symbol_tickers",
    (SYMBOL,),
    commands=("SCAN", "HMGET"),
    keys=(KEY,),
    answer=collection("tickers", TICKER, symbol=STRING),
    elements="tickers",
)
async def get_symbol_tickers(reader: Reader, symbol: Symbol) -> Answer:
    """The tickers of a symbol on all exchanges that hold it."""
    elements = await _tickers_of(reader, symbol)
    return elements.answer("tickers", PREFIX + "*", {"symbol": symbol.shown})


@read(
    "TickCache.get_ticker_health",
    (STALE_AFTER,),
    commands=("SCAN", "HGETALL"),
    keys=(KEY,),
    answer=overview(
        status=STRING,
        tickers=INTEGER,
        stale=INTEGER,
        stale_after_seconds=INTEGER,
        exchanges=array(closed(exchange=STRING, tickers=INTEGER, stale=INTEGER, newest=TEXT, oldest=TEXT)),
    ),
    elements="exchanges",
)
async def get_ticker_health(reader: Reader, stale_after: int) -> Answer:
    """How many tickers each exchange holds, how old they are and how many of them are stale."""
    exchanges: list[Body] = []
    sources: list[tuple[str, str]] = []
    skipped: list[CorruptValue] = []
    tickers = stale = 0
    limit = datetime.fromtimestamp(time.time() - stale_after, UTC)
    async for exchange, reply in _hashes(reader, None):
        found = Elements()
        found.add_hash(PREFIX + exchange, reply, _tick_time)
        skipped += found.skipped
        times = [moment for item in found.items if isinstance(moment := item["time"], datetime)]
        fresh = sum(moment >= limit for moment in times)
        exchanges.append(exchange_health(exchange, times, len(found.items), fresh))
        sources.append((PREFIX + exchange, ""))
        tickers += len(found.items)
        stale += len(found.items) - fresh
    body: Body = {
        "status": "empty" if not tickers else "degraded" if stale else "healthy",
        "tickers": tickers,
        "stale": stale,
        "stale_after_seconds": stale_after,
        "exchanges": exchanges,
    }
    if skipped:
        body["skipped"] = len(skipped)
    return Answer(body, PREFIX + "*", sources, skipped)


def exchange_health(exchange: str, times: list[datetime], tickers: int, fresh: int) -> Body:
    """Return one exchange's ages; a ticker without a time counts as stale."""
    return {
        "exchange": exchange,
        "tickers": tickers,
        "stale": tickers - fresh,
        "newest": show_time(max(times, default=None)),
        "oldest": show_time(min(times, default=None)),
    }


def _tick_time(symbol: str, raw: bytes) -> Body:
    return {"time": parse_time(parse_object(raw).get("time"))}


async def _tick(reader: Reader, exchange: str, symbol: Symbol) -> tuple[str, str, bytes] | None:
    key = PREFIX + exchange
    replies = await reader.hmget(key, symbol.spellings)
    for name, raw in zip(symbol.spellings, replies, strict=True):
        if raw is not None:
            return key, name, raw
    return None


async def _hashes(reader: Reader, exchange: str | None) -> "AsyncIterator[tuple[str, Reply | WrongType]]":
    """Yield each exchange's whole hash: of one exchange, or of all that SCAN finds, a page at a time."""
    if exchange is not None:
        (reply,) = await reader.batch([("HGETALL", PREFIX + exchange)])
        yield exchange, readable(reply)
        return
    async for keys in reader.scan(PREFIX + "*"):
        replies = await reader.batch(("HGETALL", key) for key in keys)
        for key, reply in zip(keys, replies, strict=True):
            yield key.removeprefix(PREFIX), reply


async def _tickers_of(reader: Reader, symbol: Symbol) -> Elements:
    elements = Elements()
    async for keys in reader.scan(PREFIX + "*"):
        replies = await reader.batch(("HMGET", key, *symbol.spellings) for key in keys)
        for key, reply in zip(keys, replies, strict=True):
            if isinstance(reply, WrongType):
                elements.skipped.append(reply.error())
                continue
            assert isinstance(reply, list)
            for name, raw in zip(symbol.spellings, reply, strict=True):
                if isinstance(raw, bytes):
                    exchange = key.removeprefix(PREFIX)
                    elements.add(key, name, partial(ticker, exchange, name, raw))
                    break
    return elements
