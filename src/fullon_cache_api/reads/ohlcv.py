"""Reads of bars: the lists `ohlcv:{symbol}:{timeframe}`, one JSON bar per element, oldest first."""

from collections.abc import Iterator, Sequence
from typing import Annotated, TypeAlias, cast

import msgspec

from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Body, Derived, Elements, readable
from .arguments import LIST_LIMIT, SEGMENT, SYMBOL
from .held import Held
from .pages import LARGE, Stream, list_page
from .read import read
from .shape import NUMBER, STRING, array, collection
from .symbol import Symbol, show_symbol
from .values import BadValue, refuse_long

PREFIX = "ohlcv:"
TIMEFRAME = Argument("timeframe", "string", "Length of a bar, like 1m or 4h.", schema=SEGMENT)
COUNT = Argument("count", "integer", "How many of the newest bars.", schema=LIST_LIMIT)

Bar: TypeAlias = list[int | float]

_DECODER: msgspec.json.Decoder[Bar] = msgspec.json.Decoder(
    Annotated[Bar, msgspec.Meta(min_length=6, max_length=6)]
)


def bar(raw: bytes) -> Bar:
    """Return a cached bar: `[ts, open, high, low, close, volume]`, as it is cached."""
    refuse_long(raw)
    try:
        return _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BadValue("it is not a JSON array of six numbers") from None


@read(
    "OHLCVCache.get_latest_ohlcv_bars",
    (SYMBOL, TIMEFRAME, COUNT),
    commands=("LRANGE",),
    keys=("ohlcv:{symbol}:{timeframe}",),
    answer=collection("bars", array(NUMBER), symbol=STRING, timeframe=STRING),
    elements="bars",
)
async def get_latest_ohlcv_bars(
    reader: Reader, symbol: Symbol, timeframe: str, count: int
) -> Derived | Stream:
    """The newest bars of a symbol, oldest first."""
    keys = [f"{PREFIX}{spelling}:{timeframe}" for spelling in symbol.spellings]
    replies = await reader.batch(("LRANGE", key, -count, -1) for key in keys)
    lists: Iterator[Reply] = (readable(reply) or None for reply in replies)
    found: tuple[str, Reply] | None = symbol.first(lists)
    spelling, newest = found if found is not None else (symbol.spellings[0], None)
    key = f"{PREFIX}{spelling}:{timeframe}"
    raws = cast("Sequence[bytes]", newest or ())
    if len(raws) > LARGE:
        # All of one reply: of a list that moves on meanwhile, pages would repeat bars or leave some out.
        return Stream("bars", key, members(spelling, timeframe), [list_page(key, raws, bar)])
    return Derived(bars_of, (spelling, timeframe, Held(raws)), key)


def bars_of(symbol: str, timeframe: str, newest: Held) -> Answer:
    """Return the newest elements of a list as bars."""
    key = f"{PREFIX}{symbol}:{timeframe}"
    bars: Elements[Bar] = Elements()
    bars.add_list(key, newest.elements, bar)
    return bars.answer("bars", key, members(symbol, timeframe))


def members(symbol: str, timeframe: str) -> Body:
    """Return what an answer says of its bars."""
    return {"symbol": show_symbol(symbol), "timeframe": timeframe}
