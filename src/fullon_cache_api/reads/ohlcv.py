"""Reads of candles: the lists `ohlcv:{symbol}:{timeframe}`, one JSON bar per element, oldest first."""

from functools import partial

from fullon_cache_api.cache.lane import Reply
from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Elements, readable
from .arguments import LIST_LIMIT, SEGMENT, SYMBOL
from .read import read
from .shape import NUMBER, STRING, array, collection
from .symbol import Symbol, show_symbol
from .values import BadValue, Value, parse_json

BAR_LENGTH = 6

TIMEFRAME = Argument("timeframe", "string", "Length of a bar, like 1m or 4h.", schema=SEGMENT)
COUNT = Argument("count", "integer", "How many of the newest bars.", schema=LIST_LIMIT)


def bar(raw: bytes) -> list[Value]:
    """Return a cached bar: `[ts, open, high, low, close, volume]`, as it is cached."""
    cached = parse_json(raw)
    if not isinstance(cached, list) or len(cached) != BAR_LENGTH:
        raise BadValue("is not a JSON array of six numbers")
    return cached


@read(
    "OHLCVCache.get_latest_ohlcv_bars",
    (SYMBOL, TIMEFRAME, COUNT),
    commands=("LRANGE",),
    keys=("ohlcv:{symbol}:{timeframe}",),
    answer=collection("bars", array(NUMBER), symbol=STRING, timeframe=STRING),
    elements="bars",
)
async def get_latest_ohlcv_bars(reader: Reader, symbol: Symbol, timeframe: str, count: int) -> Answer:
    """The newest bars of a symbol, oldest first."""
    keys = [f"ohlcv:{spelling}:{timeframe}" for spelling in symbol.spellings]
    replies = await reader.batch(("LRANGE", key, -count, -1) for key in keys)
    found: Reply = []
    name, key = symbol.spellings[0], keys[0]
    for spelling, place, reply in zip(symbol.spellings, keys, replies, strict=True):
        if held := readable(reply):
            name, key, found = spelling, place, held
            break
    bars: list[list[Value]] = []
    elements = Elements()
    for index, raw in enumerate(found if isinstance(found, list) else []):
        if isinstance(raw, bytes):
            shaped = elements.attempt(key, f"element {index}", partial(bar, raw))
            if shaped is not None:
                bars.append(shaped)
                elements.sources.append((key, f"element {index}"))
    answer = elements.answer("bars", key, {"symbol": show_symbol(name), "timeframe": timeframe})
    answer.body |= {"count": len(bars), "bars": bars}
    return answer
