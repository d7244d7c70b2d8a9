"""How Redis is reached: read commands only, many requests to a round trip, one deadline per request."""

from .client import CacheClient, ReadClient
from .coherent import CoherentClient
from .deployment import ClusterTarget, Deployment, SentinelTarget, parse_url
from .errors import CacheError, CacheTimeout, CacheUnavailable, CommandRefused, CorruptValue
from .opening import coherent_client, open_client
from .reader import Reader
from .target import RedisTarget, TargetError

__all__ = [
    "CacheClient",
    "CacheError",
    "CacheTimeout",
    "CacheUnavailable",
    "ClusterTarget",
    "CoherentClient",
    "CommandRefused",
    "CorruptValue",
    "Deployment",
    "ReadClient",
    "Reader",
    "RedisTarget",
    "SentinelTarget",
    "TargetError",
    "coherent_client",
    "open_client",
    "parse_url",
]
