"""OrdersCache by its own methods."""

from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.reads.answer import Answer, Blame, Body, Elements
from fullon_cache_api.reads.orders import PREFIX, AmbiguousOrder, order, wanted
from fullon_cache_api.reads.symbol import Symbol
from fullon_cache_api.reads.values import as_object, text

from .adapter import adapter
from .call import Calls
from .plain import encoded, plain_list, plain_object


@adapter("OrdersCache.get_order", get_order=("exchange", "order_id"))
async def get_order(calls: Calls, exchange: str, order_id: str) -> Answer | None:
    """One order of an exchange, under the id that was asked for."""
    found = await calls("get_order", exchange=exchange, order_id=order_id)
    if found is None:
        return None
    key = PREFIX + exchange
    with Blame(key, order_id):
        return Answer(order(exchange, order_id, plain_object(found)), key, field=order_id)


@adapter("OrdersCache.get_order_status", get_order_status=("ex_id", "oid"))
async def get_order_status(calls: Calls, order_id: str, exchange: str | None = None) -> Answer | None:
    """On the exchange that is named, else on all that the cache holds: those are looked up natively."""
    held: dict[str, object] = {}
    for name in [exchange] if exchange is not None else await _exchanges(calls.reader):
        found = await calls("get_order_status", ex_id=name, oid=order_id)
        if found is not None:
            held[name] = found
    if not held:
        return None
    if len(held) > 1:
        raise AmbiguousOrder(order_id, tuple(sorted(held)))
    ((holder, found),) = held.items()
    key = PREFIX + holder
    with Blame(key, order_id):
        fields = plain_object(found)
        body: Body = {
            "order_id": order_id,
            "exchange": holder,
            "status": text(fields, "status"),
            "order": order(holder, order_id, fields),
        }
    return Answer(body, key, field=order_id)


@adapter("OrdersCache.get_orders", get_orders=("ex_id",))
async def get_orders(
    calls: Calls, exchange: str, status: str | None = None, symbol: Symbol | None = None
) -> Answer:
    """The orders of an exchange, of which those that were asked for are chosen here."""
    found = await calls("get_orders", ex_id=exchange)
    key = PREFIX + exchange
    orders: Elements[Body] = Elements()
    with Blame(key):
        given = [as_object(each) for each in plain_list(found)]
    shape = wanted(status, symbol)
    for fields in sorted(given, key=_order_id):
        orders.add(key, _order_id(fields), shape, exchange, _order_id(fields), encoded(fields))
    return orders.answer("orders", key, {"exchange": exchange})


async def _exchanges(reader: Reader) -> list[str]:
    return [key.removeprefix(PREFIX) async for page in reader.scan(PREFIX + "*") for key in page]


def _order_id(fields: Body) -> str:
    """Return the id that an order is stored under, as far as its model still tells."""
    return str(fields.get("ex_order_id") or fields.get("order_id"))
