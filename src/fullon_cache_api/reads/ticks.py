"""Reads of tickers: the hashes `tickers:{exchange}`, one JSON Tick per symbol."""

from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Blame, Body, Derived, Elements
from .arguments import EXCHANGE, EXCHANGE_FILTER, SYMBOL
from .family import each, hashes
from .held import Held
from .lookup import Lookup, lookup
from .pages import HashScan, Stream, first_pages_of_each, hashes_of, is_large, unfinished, whole_or_pages
from .read import read
from .shape import AMOUNT, BOOLEAN, INTEGER, NUMBER, STRING, TEXT, array, closed, collection, opened, overview
from .symbol import Symbol, show_symbol
from .values import NEVER, NUMBERS, BadValue, amount, parse_object, parse_time, show_time, time_text

PREFIX = "tickers:"
KEY = "tickers:{exchange}"
_ALWAYS = ("bid", "ask", "last", "volume")

TICKER = closed(
    exchange=STRING,
    symbol=STRING,
    ticker=opened(bid=AMOUNT, ask=AMOUNT, last=AMOUNT, volume=AMOUNT),
    cached_at=TEXT,
    cache_hit=BOOLEAN,
)
FRESHNESS = closed(exchange=STRING, tickers=INTEGER, stale=INTEGER, newest=TEXT, oldest=TEXT)
STALE_AFTER = Argument(
    "stale_after",
    "integer",
    "Seconds after which a ticker is stale.",
    schema=MappingProxyType({"minimum": 1, "maximum": 2**31}),
)


def ticker(exchange: str, symbol: str, raw: bytes) -> Body:
    """Return a cached Tick as a Ticker: the market's four numbers always, its further numbers when there."""
    tick = parse_object(raw)
    values: Body = dict.fromkeys(_ALWAYS)
    for name, value in tick.items():
        if type(value) in NUMBERS and name != "time":
            values[name] = value
    for name in _ALWAYS:
        if values[name] is None and tick.get(name) is not None:
            raise BadValue(f'its "{name}" is not a number')
    return {
        "exchange": exchange,
        "symbol": show_symbol(symbol),
        "ticker": values,
        "cached_at": time_text(tick.get("time")),
        "cache_hit": True,
    }


@lookup("TickCache.get_ticker", (EXCHANGE, SYMBOL), keys=(KEY,), answer=TICKER)
def get_ticker(exchange: str, symbol: Symbol) -> Lookup:
    """The latest ticker of a symbol on an exchange."""
    return Lookup(PREFIX + exchange, symbol.spellings, ticker, (exchange,))


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
    key = PREFIX + exchange
    found = symbol.first(await reader.hmget(key, symbol.spellings))
    if found is None:
        return None
    name, raw = found
    with Blame(key, name):
        tick = parse_object(raw)
        last = amount(tick, "last")
        price = amount(tick, "price") if last is None else last
        cached_at = time_text(tick.get("time"))
    if price is None:
        return None
    body: Body = {"exchange": exchange, "symbol": show_symbol(name), "price": price, "cached_at": cached_at}
    return Answer(body, key, field=name)


@read(
    "TickCache.get_all_tickers",
    (EXCHANGE_FILTER,),
    commands=("SCAN", "HSCAN"),
    keys=(KEY,),
    answer=collection("tickers", TICKER, exchange=TEXT),
    elements="tickers",
    no_scan_with="exchange",
)
async def get_all_tickers(reader: Reader, exchange: str | None = None) -> Derived | Stream:
    """Every ticker of an exchange, or of all exchanges that the cache holds."""
    if exchange is None:
        return await _tickers_of_all(reader)
    scan = _scan(exchange)
    found = await whole_or_pages(reader, scan)
    if isinstance(found, list):
        return Stream("tickers", scan.key, {"exchange": exchange}, found, unfinished([scan]))
    return Derived(tickers_of, (exchange, found), scan.key)


async def _tickers_of_all(reader: Reader) -> Derived | Stream:
    scans = [_scan(key.removeprefix(PREFIX)) async for keys in reader.scan(PREFIX + "*") for key in keys]
    skipped: list[CorruptValue] = []
    pages = await first_pages_of_each(reader, scans, skipped)
    if is_large(pages):
        return Stream("tickers", PREFIX + "*", {"exchange": None}, pages, unfinished(scans), tuple(skipped))
    every = [(key.removeprefix(PREFIX), *fields.items()) for key, fields in hashes_of(pages).items()]
    return Derived(tickers_of_all, (tuple(skipped), *every), PREFIX + "*")


def _scan(exchange: str) -> HashScan:
    return HashScan(PREFIX + exchange, partial(ticker, exchange))


def tickers_of(exchange: str, held: Held) -> Answer:
    """Return the tickers in an exchange's hash."""
    tickers: Elements[Body] = Elements()
    tickers.add_hash(PREFIX + exchange, held.fields(), ticker, exchange)
    return tickers.answer("tickers", PREFIX + exchange, {"exchange": exchange})


def tickers_of_all(
    skipped: tuple[CorruptValue, ...], *exchanges: tuple[str, *tuple[tuple[bytes, bytes], ...]]
) -> Answer:
    """Return the tickers of exchanges, each hash with its name first; `skipped` are left out already."""
    tickers: Elements[Body] = Elements(skipped=list(skipped))
    for name, *held in exchanges:
        tickers.add_hash(PREFIX + name, dict(held), ticker, name)
    return tickers.answer("tickers", PREFIX + "*", {"exchange": None})


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
    tickers = await _tickers_of(reader, symbol)
    if not tickers.items:
        if tickers.skipped:
            raise tickers.skipped[0]
        return None
    times = [parse_time(item["cached_at"]) or NEVER for item in tickers.items]
    newest = times.index(max(times))
    key, field = tickers.sources[newest]
    return Answer(tickers.items[newest], key, skipped=tickers.skipped, field=field)


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
    tickers = await _tickers_of(reader, symbol)
    return tickers.answer("tickers", PREFIX + "*", {"symbol": symbol.shown})


async def _tickers_of(reader: Reader, symbol: Symbol) -> Elements[Body]:
    tickers: Elements[Body] = Elements()
    async for exchange, values in each(reader, tickers, PREFIX, "HMGET", *symbol.spellings):
        found = symbol.first(values if isinstance(values, list) else ())
        if found is not None:
            name, raw = found
            if isinstance(raw, bytes):
                tickers.add(PREFIX + exchange, name, ticker, exchange, name, raw)
    return tickers


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
        exchanges=array(FRESHNESS),
    ),
    elements="exchanges",
)
async def get_ticker_health(reader: Reader, stale_after: int) -> Answer:
    """How many tickers each exchange holds, how old they are and how many of them are stale."""
    exchanges: Elements[Body] = Elements()
    every: list[datetime] = []
    limit = datetime.now(UTC) - timedelta(seconds=stale_after)
    async for exchange, held in hashes(reader, exchanges, PREFIX, None):
        times: Elements[datetime] = Elements()
        times.add_hash(PREFIX + exchange, held, tick_time)
        exchanges.skipped += times.skipped
        exchanges.add(PREFIX + exchange, None, freshness, exchange, times.items, limit)
        every += times.items
    stale = sum(moment < limit for moment in every)
    body: Body = {
        "status": health_status(len(every), stale + len(exchanges.skipped)),
        "tickers": len(every),
        "stale": stale,
        "stale_after_seconds": stale_after,
        "exchanges": exchanges.items,
    }
    return Answer.overview(body, PREFIX + "*", exchanges.skipped, exchanges.sources)


def health_status(tickers: int, bad: int) -> str:
    """Return the state of the tickers, given how many of them are stale or cannot be read."""
    if bad:
        return "degraded"
    return "healthy" if tickers else "empty"


def tick_time(symbol: str, raw: bytes) -> datetime:
    """Return the time of a cached Tick; one without a time is as old as can be."""
    return parse_time(parse_object(raw).get("time")) or NEVER


def freshness(exchange: str, times: list[datetime], limit: datetime) -> Body:
    """Return how old the tickers of an exchange are; those from before `limit` are stale."""
    known = [moment for moment in times if moment is not NEVER]
    return {
        "exchange": exchange,
        "tickers": len(times),
        "stale": sum(moment < limit for moment in times),
        "newest": show_time(max(known, default=None)),
        "oldest": show_time(min(known, default=None)),
    }
