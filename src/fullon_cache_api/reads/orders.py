"""Reads of orders: the hashes `order_status:{exchange}` and the queues `new_orders:{local_oid}`."""

from collections.abc import Callable
from functools import partial

from fullon_cache_api.cache.reader import Reader, WrongType
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Body, Elements, corrupt, readable
from .arguments import EXCHANGE, EXCHANGE_FILTER, NAME, STATUS_FILTER, SYMBOL_FILTER, USER_ID
from .queue import order_queue
from .read import read
from .shape import AMOUNT, INTEGER, STRING, TEXT, array, closed, collection, opened, overview
from .symbol import Symbol, show_symbol
from .values import BadValue, parse_object, time_text

PREFIX = "order_status:"
KEY = "order_status:{exchange}"
QUEUES = "new_orders:"

ORDER = opened(order_id=STRING, exchange=STRING)
ORDER_ID = Argument("order_id", "string", "Order id: the exchange's, else the local one.", schema=NAME)


class AmbiguousOrder(Exception):
    """The same order id is cached on several exchanges, so that it names no single order."""

    def __init__(self, order_id: str, exchanges: tuple[str, ...]) -> None:
        self.order_id = order_id
        self.exchanges = exchanges
        super().__init__(f"order {order_id} is cached on {', '.join(exchanges)}")


def order(exchange: str, order_id: str, raw: bytes) -> Body:
    """Return a cached Order with all its fields, under the id that it is stored under."""
    cached = parse_object(raw)
    body: Body = {**cached, "order_id": order_id, "exchange": exchange}
    if isinstance(symbol := cached.get("symbol"), str):
        body["symbol"] = show_symbol(symbol)
    if "timestamp" in cached:
        body["timestamp"] = time_text(cached["timestamp"])
    return body


def wanted(status: str | None, symbol: Symbol | None, user_id: int | None) -> Callable[[Body], bool]:
    """Return the test that an order passes when it has this status, this symbol and this owner."""
    symbols = {show_symbol(spelling) for spelling in symbol.spellings} if symbol is not None else None
    owner = str(user_id) if user_id is not None else None

    def passes(body: Body) -> bool:
        return (
            (status is None or body.get("status") == status)
            and (symbols is None or body.get("symbol") in symbols)
            and (owner is None or str(body.get("uid")) == owner)
        )

    return passes


@read(
    "OrdersCache.get_order",
    (EXCHANGE, ORDER_ID),
    commands=("HGET",),
    keys=(KEY,),
    answer=ORDER,
    absent=True,
)
async def get_order(reader: Reader, exchange: str, order_id: str) -> Answer | None:
    """One order of an exchange."""
    key = PREFIX + exchange
    raw = await reader.hget(key, order_id)
    if raw is None:
        return None
    try:
        return Answer(order(exchange, order_id, raw), f"{key} {order_id}")
    except BadValue as error:
        raise corrupt(key, error, order_id) from None


@read(
    "OrdersCache.get_order_status",
    (ORDER_ID, EXCHANGE_FILTER),
    commands=("SCAN", "HGET"),
    keys=(KEY,),
    answer=closed(order_id=STRING, exchange=STRING, status=TEXT, order=ORDER),
    absent=True,
    ambiguous=True,
)
async def get_order_status(reader: Reader, order_id: str, exchange: str | None = None) -> Answer | None:
    """The status of an order; without an exchange, on whichever exchange it is."""
    if exchange is None:
        exchange = await _exchange_of(reader, order_id)
        if exchange is None:
            return None
    found = await get_order.function(reader, exchange, order_id)
    if found is None:
        return None
    body: Body = {
        "order_id": order_id,
        "exchange": exchange,
        "status": found.body.get("status"),
        "order": found.body,
    }
    return Answer(body, found.source)


async def _exchange_of(reader: Reader, order_id: str) -> str | None:
    """Return the exchange that holds an order id; raises AmbiguousOrder where several do."""
    holders: list[str] = []
    unreadable: list[WrongType] = []
    async for keys in reader.scan(PREFIX + "*"):
        replies = await reader.batch(("HGET", key, order_id) for key in keys)
        for key, reply in zip(keys, replies, strict=True):
            if isinstance(reply, WrongType):
                unreadable.append(reply)
            elif reply is not None:
                holders.append(key.removeprefix(PREFIX))
    if len(holders) > 1:
        raise AmbiguousOrder(order_id, tuple(sorted(holders)))
    if not holders and unreadable:
        raise unreadable[0].error()
    return holders[0] if holders else None


@read(
    "OrdersCache.get_orders",
    (EXCHANGE, STATUS_FILTER, SYMBOL_FILTER),
    commands=("HGETALL",),
    keys=(KEY,),
    answer=collection("orders", ORDER, exchange=STRING),
    elements="orders",
)
async def get_orders(
    reader: Reader, exchange: str, status: str | None = None, symbol: Symbol | None = None
) -> Answer:
    """The orders of an exchange, with a status or of a symbol where one is given."""
    key = PREFIX + exchange
    (reply,) = await reader.batch([("HGETALL", key)])
    elements = Elements()
    elements.add_hash(key, readable(reply), partial(_if, wanted(status, symbol, None), exchange))
    return elements.answer("orders", key, {"exchange": exchange})


@read(
    "OrdersCache.get_user_orders",
    (USER_ID, EXCHANGE_FILTER, STATUS_FILTER, SYMBOL_FILTER),
    commands=("SCAN", "HGETALL"),
    keys=(KEY,),
    answer=collection("orders", ORDER, user_id=INTEGER),
    elements="orders",
)
async def get_user_orders(
    reader: Reader,
    user_id: int,
    exchange: str | None = None,
    status: str | None = None,
    symbol: Symbol | None = None,
) -> Answer:
    """The orders of a user, on an exchange, with a status or of a symbol where one is given."""
    passes = wanted(status, symbol, user_id)
    elements = Elements()
    if exchange is not None:
        key = PREFIX + exchange
        (reply,) = await reader.batch([("HGETALL", key)])
        elements.add_hash(key, readable(reply), partial(_if, passes, exchange))
        return elements.answer("orders", key, {"user_id": user_id})
    async for keys in reader.scan(PREFIX + "*"):
        replies = await reader.batch(("HGETALL", key) for key in keys)
        for key, found in zip(keys, replies, strict=True):
            elements.add_hash(key, found, partial(_if, passes, key.removeprefix(PREFIX)))
    return elements.answer("orders", PREFIX + "*", {"user_id": user_id})


def _if(passes: Callable[[Body], bool], exchange: str, order_id: str, raw: bytes) -> Body | None:
    body = order(exchange, order_id, raw)
    return body if passes(body) else None


@read(
    "OrdersCache.get_queue_sizes",
    commands=("SCAN", "LLEN"),
    keys=("new_orders:{local_oid}",),
    answer=overview(
        size=INTEGER,
        queues=array(
            closed(
                queue_name=STRING,
                size=INTEGER,
                processing_rate=AMOUNT,
                health_status=STRING,
                last_processed=TEXT,
            )
        ),
    ),
    elements="queues",
)
async def get_queue_sizes(reader: Reader) -> Answer:
    """How many orders wait in each queue; the queues stay as they are."""
    elements = Elements()
    size = 0
    async for keys in reader.scan(QUEUES + "*"):
        for key, length in zip(keys, await reader.batch(("LLEN", key) for key in keys), strict=True):
            if isinstance(length, WrongType):
                elements.skipped.append(length.error())
            elif isinstance(length, int) and length:
                size += length
                elements.add(key, "", partial(order_queue, key.removeprefix(QUEUES), length))
    body: Body = {"size": size, "queues": elements.items}
    if elements.skipped:
        body["skipped"] = len(elements.skipped)
    return Answer(body, QUEUES + "*", elements.sources, elements.skipped)
