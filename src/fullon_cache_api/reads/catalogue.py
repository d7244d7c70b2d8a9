"""All reads by name, and the methods of fullon_cache that are never served."""

from collections.abc import Iterator
from types import MappingProxyType, ModuleType

from fullon_cache_api.spec.signature import Catalogue

from . import accounts, bots, ohlcv, orders, processes, ticks, trades
from .read import Read

_MODULES = (ticks, accounts, orders, bots, trades, ohlcv, processes)

_DELETES = "it deletes what it returns"

REFUSED = MappingProxyType(
    {
        "TradesCache.get_trades": f"{_DELETES}; TradesCache.peek_trades leaves it there",
        "TradesCache.get_trades_list": f"{_DELETES}; TradesCache.peek_trades leaves it there",
        "TradesCache.pop_user_trade": f"{_DELETES}; TradesCache.peek_user_trades leaves it there",
        "TradesCache.pop_my_trade": f"{_DELETES}; TradesCache.peek_user_trades leaves it there",
        "OrdersCache.pop_open_order": f"{_DELETES}; OrdersCache.get_queue_sizes looks at the queues",
        "TickCache.get_next_ticker": "it waits for the next ticker without end",
        "ProcessCache.get_process_history": "it is always empty",
    }
)


def _declared(module: ModuleType) -> Iterator[Read]:
    return (value for value in vars(module).values() if isinstance(value, Read))


READS = MappingProxyType({read.signature.name: read for module in _MODULES for read in _declared(module)})

CATALOGUE = Catalogue(
    reads=MappingProxyType({name: read.signature for name, read in READS.items()}), refused=REFUSED
)
