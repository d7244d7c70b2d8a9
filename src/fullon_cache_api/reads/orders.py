"""Reads of orders: the hashes `order_status:{exchange}` and the queues `new_orders:{local_oid}`."""

from collections.abc import Callable
from functools import partial

from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Blame, Body, Elements
from .arguments import EXCHANGE, EXCHANGE_FILTER, NAME, STATUS_FILTER, SYMBOL_FILTER, USER_ID
from .family import each, hashes
from .lookup import Lookup, lookup
from .pages import HashScan, Stream, unfinished, whole_or_pages
from .queue import queue
from .read import read
from .shape import AMOUNT, INTEGER, STRING, TEXT, array, closed, collection, opened, overview
from .symbol import Symbol, show_symbol
from .values import parse_object, text, time_text

PREFIX = "order_status:"
KEY = "order_status:{exchange}"
QUEUES = "new_orders:"

ORDER = opened(order_id=STRING, exchange=STRING)
ORDER_QUEUE = closed(
    queue_name=STRING,
    size=INTEGER,
    processing_rate=AMOUNT,
    health_status=STRING,
    last_processed=TEXT,
)
ORDER_ID = Argument("order_id", "string", "Order id: the exchange's, else the local one.", schema=NAME)


class AmbiguousOrder(Exception):
    """The same order id is cached on several exchanges, so that it names no single order."""

    def __init__(self, order_id: str, exchanges: tuple[str, ...]) -> None:
        self.order_id = order_id
        self.exchanges = exchanges
        super().__init__(f"order {order_id} is cached on {', '.join(exchanges)}")


def order(exchange: str, order_id: str, cached: Body) -> Body:
    """Return a cached Order with all its fields, under the id that it is stored under."""
    body: Body = {**cached, "order_id": order_id, "exchange": exchange}
    if isinstance(symbol := cached.get("symbol"), str):
        body["symbol"] = show_symbol(symbol)
    if "timestamp" in cached:
        body["timestamp"] = time_text(cached["timestamp"])
    return body


def wanted(
    status: str | None, symbol: Symbol | None, user_id: int | None = None
) -> Callable[[str, str, bytes], Body | None]:
    """Return `order` for raw JSON, which gives None for an order of another status, symbol or owner."""

    def shape(exchange: str, order_id: str, raw: bytes) -> Body | None:
        cached = parse_object(raw)
        if status is not None and cached.get("status") != status:
            return None
        if symbol is not None and cached.get("symbol") not in symbol.spellings:
            return None
        if user_id is not None and str(cached.get("uid")) != str(user_id):
            return None
        return order(exchange, order_id, cached)

    return shape


@lookup("OrdersCache.get_order", (EXCHANGE, ORDER_ID), keys=(KEY,), answer=ORDER)
def get_order(exchange: str, order_id: str) -> Lookup:
    """One order of an exchange."""
    return Lookup(PREFIX + exchange, (order_id,), order_of, (exchange,))


def order_of(exchange: str, order_id: str, raw: bytes) -> Body:
    """Return a cached order."""
    return order(exchange, order_id, parse_object(raw))


@read(
    "OrdersCache.get_order_status",
    (ORDER_ID, EXCHANGE_FILTER),
    commands=("SCAN", "HGET"),
    keys=(KEY,),
    answer=closed(order_id=STRING, exchange=STRING, status=TEXT, order=ORDER),
    absent=True,
    ambiguous=True,
    no_scan_with="exchange",
)
async def get_order_status(reader: Reader, order_id: str, exchange: str | None = None) -> Answer | None:
    """The status of an order; without an exchange, on whichever exchange it is."""
    holders = await _holders(reader, order_id, exchange)
    if not holders:
        return None
    if len(holders) > 1:
        raise AmbiguousOrder(order_id, tuple(sorted(holders)))
    ((holder, raw),) = holders.items()
    key = PREFIX + holder
    with Blame(key, order_id):
        cached = parse_object(raw)
        body: Body = {
            "order_id": order_id,
            "exchange": holder,
            "status": text(cached, "status"),
            "order": order(holder, order_id, cached),
        }
    return Answer(body, key, field=order_id)


async def _holders(reader: Reader, order_id: str, exchange: str | None) -> dict[str, bytes]:
    """Return the exchanges that hold an order id, and the orders: of the one that is named, else of all."""
    if exchange is not None:
        raw = await reader.hget(PREFIX + exchange, order_id)
        return {} if raw is None else {exchange: raw}
    unreadable: Elements[Body] = Elements()
    held = {
        name: reply
        async for name, reply in each(reader, unreadable, PREFIX, "HGET", order_id)
        if isinstance(reply, bytes)
    }
    if not held and unreadable.skipped:
        raise unreadable.skipped[0]
    return held


@read(
    "OrdersCache.get_orders",
    (EXCHANGE, STATUS_FILTER, SYMBOL_FILTER),
    commands=("HSCAN",),
    keys=(KEY,),
    answer=collection("orders", ORDER, exchange=STRING),
    elements="orders",
)
async def get_orders(
    reader: Reader, exchange: str, status: str | None = None, symbol: Symbol | None = None
) -> Answer | Stream:
    """The orders of an exchange, with a status or of a symbol where one is given."""
    key = PREFIX + exchange
    shape = wanted(status, symbol)
    scan = HashScan(key, partial(shape, exchange), is_lasting=status is None and symbol is None)
    found = await whole_or_pages(reader, scan)
    if isinstance(found, list):
        return Stream("orders", key, {"exchange": exchange}, found, unfinished([scan]))
    orders: Elements[Body] = Elements()
    orders.add_hash(key, found.fields(), shape, exchange)
    return orders.answer("orders", key, {"exchange": exchange})


@read(
    "OrdersCache.get_user_orders",
    (USER_ID, EXCHANGE_FILTER, STATUS_FILTER, SYMBOL_FILTER),
    commands=("SCAN", "HGETALL"),
    keys=(KEY,),
    answer=collection("orders", ORDER, user_id=INTEGER),
    elements="orders",
    no_scan_with="exchange",
)
async def get_user_orders(
    reader: Reader,
    user_id: int,
    exchange: str | None = None,
    status: str | None = None,
    symbol: Symbol | None = None,
) -> Answer:
    """The orders of a user, on an exchange, with a status or of a symbol where one is given."""
    orders: Elements[Body] = Elements()
    shape = wanted(status, symbol, user_id)
    async for name, held in hashes(reader, orders, PREFIX, exchange):
        orders.add_hash(PREFIX + name, held, shape, name)
    return orders.answer("orders", PREFIX + (exchange or "*"), {"user_id": user_id})


@read(
    "OrdersCache.get_queue_sizes",
    commands=("SCAN", "LLEN"),
    keys=("new_orders:{local_oid}",),
    answer=overview(size=INTEGER, queues=array(ORDER_QUEUE)),
    elements="queues",
)
async def get_queue_sizes(reader: Reader) -> Answer:
    """How many orders wait in each queue; the queues stay as they are."""
    queues: Elements[Body] = Elements()
    size = 0
    async for local_oid, length in each(reader, queues, QUEUES, "LLEN"):
        if isinstance(length, int) and length:
            size += length
            queues.add(QUEUES + local_oid, None, queue, local_oid, length)
    return Answer.overview(
        {"size": size, "queues": queues.items}, QUEUES + "*", queues.skipped, queues.sources
    )
