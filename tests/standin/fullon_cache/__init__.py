"""A stand-in for the private fullon_cache, for tests only: its surface, its habits and its mistakes."""

from .accounts import AccountCache
from .base import BaseCache
from .bots import BotCache
from .models import ProcessType, Symbol
from .ohlcv import OHLCVCache
from .orders import OrdersCache
from .processes import ProcessCache
from .ticks import TickCache
from .trades import TradesCache

__version__ = "0.5.11"

__all__ = [
    "AccountCache",
    "BaseCache",
    "BotCache",
    "OHLCVCache",
    "OrdersCache",
    "ProcessCache",
    "ProcessType",
    "Symbol",
    "TickCache",
    "TradesCache",
]
