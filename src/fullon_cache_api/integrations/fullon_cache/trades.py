"""TradesCache by its own methods, but for those that empty the queues."""

from fullon_cache_api.reads.answer import Answer, Blame, Body, Elements
from fullon_cache_api.reads.trades import TIMES, trade_status

from .adapter import adapter
from .call import Calls
from .plain import plain, plain_object


@adapter("TradesCache.get_all_trade_statuses", get_all_trade_statuses=())
async def get_all_trade_statuses(calls: Calls) -> Answer:
    """When the last trade of each exchange came; it names them by their keys or by themselves."""
    found = await calls("get_all_trade_statuses")
    statuses: Elements[Body] = Elements()
    with Blame(TIMES + "*"):
        times = {name.removeprefix(TIMES): time for name, time in plain_object(found).items()}
    for exchange, time in sorted(times.items()):
        statuses.add(TIMES + exchange, None, trade_status, exchange, str(time).encode())
    return statuses.answer("statuses", TIMES + "*")


@adapter("TradesCache.get_trade_status", get_trade_status=("key",))
async def get_trade_status(calls: Calls, exchange: str) -> Answer | None:
    """When the last trade of an exchange came."""
    found = await calls("get_trade_status", key=exchange)
    if not found:
        return None
    key = TIMES + exchange
    with Blame(key):
        return Answer(trade_status(exchange, str(plain(found)).encode()), key)
