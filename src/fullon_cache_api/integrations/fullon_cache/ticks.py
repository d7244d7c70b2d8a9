"""TickCache by its own methods."""

from fullon_cache_api.reads.answer import Answer, Blame, Body, Elements
from fullon_cache_api.reads.symbol import Symbol, show_symbol
from fullon_cache_api.reads.ticks import PREFIX, ticker
from fullon_cache_api.reads.values import BadValue, Value, amount, as_object, text

from .adapter import adapter
from .call import Calls
from .plain import encoded, plain_list, plain_object


def tick(given: Value) -> Body:
    """Return a Tick's fields as a Ticker, by the exchange and the symbol that it names."""
    fields = as_object(given)
    exchange, symbol = text(fields, "exchange"), text(fields, "symbol")
    if not (exchange and symbol):
        raise BadValue("it names no exchange or no symbol")
    return ticker(exchange, symbol, encoded(fields))


@adapter("TickCache.get_ticker", get_ticker=("symbol", "exchange"))
async def get_ticker(calls: Calls, exchange: str, symbol: Symbol) -> Answer | None:
    """The first spelling of the symbol that there is."""
    for spelling in symbol.spellings:
        found = await calls("get_ticker", symbol=spelling, exchange=exchange)
        if found is not None:
            with Blame(PREFIX + exchange, spelling):
                body = ticker(exchange, spelling, encoded(plain_object(found)))
            return Answer(body, PREFIX + exchange, field=spelling)
    return None


@adapter("TickCache.get_price", get_price=("symbol", "exchange"))
async def get_price(calls: Calls, exchange: str, symbol: Symbol) -> Answer | None:
    """A price of nothing stands for none; the time of the price is not told."""
    for spelling in symbol.spellings:
        price = await calls("get_price", symbol=spelling, exchange=exchange)
        if price:
            key = PREFIX + exchange
            with Blame(key, spelling):
                number = amount(plain_object({"price": price}), "price")
            body: Body = {"exchange": exchange, "symbol": show_symbol(spelling), "price": number}
            return Answer({**body, "cached_at": None}, key, field=spelling)
    return None


@adapter("TickCache.get_all_tickers", get_all_tickers=("exchange_name",))
async def get_all_tickers(calls: Calls, exchange: str | None = None) -> Answer:
    """Of the exchange that is named, else of those that fullon_cache knows."""
    wanted = {} if exchange is None else {"exchange_name": exchange}
    found = await calls("get_all_tickers", **wanted)
    source = PREFIX + (exchange or "*")
    tickers: Elements[Body] = Elements()
    with Blame(source):
        for fields in sorted(map(as_object, plain_list(found)), key=_place):
            tickers.add(PREFIX + str(fields.get("exchange")), str(fields.get("symbol")), tick, fields)
    return tickers.answer("tickers", source, {"exchange": exchange})


@adapter("TickCache.get_any_ticker", get_any_ticker=("symbol",))
async def get_any_ticker(calls: Calls, symbol: Symbol) -> Answer | None:
    """Of the first exchange, among those that fullon_cache knows, which has it."""
    for spelling in symbol.spellings:
        found = await calls("get_any_ticker", symbol=calls.declared("get_any_ticker", "symbol", spelling))
        if found is not None:
            with Blame(PREFIX + "*", spelling):
                body = tick(plain_object(found))
            return Answer(body, f"{PREFIX}{body['exchange']}", field=spelling)
    return None


def _place(fields: Body) -> tuple[str, str]:
    return str(fields.get("exchange")), str(fields.get("symbol"))
