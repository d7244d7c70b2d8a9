"""OHLCVCache by its own method."""

from fullon_cache_api.reads.answer import Answer, Blame, Elements
from fullon_cache_api.reads.ohlcv import PREFIX, Bar, bar
from fullon_cache_api.reads.symbol import Symbol, show_symbol

from .adapter import adapter
from .call import Calls
from .plain import encoded, plain_list


@adapter("OHLCVCache.get_latest_ohlcv_bars", get_latest_ohlcv_bars=("symbol", "timeframe", "count"))
async def get_latest_ohlcv_bars(calls: Calls, symbol: Symbol, timeframe: str, count: int) -> Answer:
    """The newest bars of the first spelling of the symbol that has any, oldest first."""
    used, newest = symbol.spellings[0], []
    for spelling in symbol.spellings:
        found = await calls("get_latest_ohlcv_bars", symbol=spelling, timeframe=timeframe, count=count)
        with Blame(f"{PREFIX}{spelling}:{timeframe}"):
            newest = [encoded(each) for each in plain_list(found)]
        if newest:
            used = spelling
            break
    key = f"{PREFIX}{used}:{timeframe}"
    bars: Elements[Bar] = Elements()
    bars.add_list(key, list(newest), bar)
    return bars.answer("bars", key, {"symbol": show_symbol(used), "timeframe": timeframe})
