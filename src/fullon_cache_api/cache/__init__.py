"""How Redis is reached: read commands only, many requests to a round trip, one deadline per request."""

from .client import CacheClient, ReadClient
from .coherent import CoherentClient
from .errors import CacheError, CacheTimeout, CacheUnavailable, CommandRefused, CorruptValue
from .reader import Reader
from .target import RedisTarget, TargetError

__all__ = [
    "CacheClient",
    "CacheError",
    "CacheTimeout",
    "CacheUnavailable",
    "CoherentClient",
    "CommandRefused",
    "CorruptValue",
    "ReadClient",
    "Reader",
    "RedisTarget",
    "TargetError",
]
