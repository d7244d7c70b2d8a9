"""How Redis is reached: read commands only, many requests to a round trip, one deadline per request.

The names are imported when they are first used: who reads settings, or declares reads, needs no redis-py.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_HOMES = {
    "CacheClient": "client",
    "CacheError": "errors",
    "CacheTimeout": "errors",
    "CacheUnavailable": "errors",
    "ClusterTarget": "deployment",
    "CoherentClient": "coherent",
    "CommandRefused": "errors",
    "CorruptValue": "errors",
    "Deployment": "deployment",
    "ReadClient": "client",
    "Reader": "reader",
    "RedisTarget": "target",
    "SentinelTarget": "deployment",
    "TargetError": "target",
    "coherent_client": "opening",
    "open_client": "opening",
    "parse_url": "deployment",
}
"""The module of each public name."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value
