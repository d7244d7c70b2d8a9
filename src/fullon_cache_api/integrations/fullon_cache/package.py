"""The fullon_cache that is installed: its cache classes, and which Redis it reads."""

import importlib.util
import inspect
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import FunctionType, ModuleType

from fullon_cache_api.cache.deployment import ClusterTarget, Deployment, SentinelTarget
from fullon_cache_api.cache.target import RedisTarget
from fullon_cache_api.environment import lend, take_back
from fullon_cache_api.settings import SettingsError

NAME = "fullon_cache"
VARIABLE = "CACHE_BACKEND"
BASE = "BaseCache"
_DEFAULTS = {"REDIS_HOST": "localhost", "REDIS_PORT": "6379", "REDIS_DB": "0", "REDIS_PASSWORD": ""}
_INSTALL = 'pip install "fullon-cache-api[fullon]"'


@dataclass(frozen=True, slots=True)
class Package:
    """The installed package: `caches` are its cache classes by name, `base` is the one with the raw keys."""

    version: str
    caches: Mapping[str, type]
    base: type | None

    def methods(self, cache: type) -> Mapping[str, FunctionType]:
        """Return the methods of a cache class, private and inherited ones too, but not those for raw keys."""
        raw = self.base.__mro__ if self.base is not None else (object,)
        own = (each for each in reversed(cache.__mro__) if each not in raw)
        return {
            name: member for each in own for name, member in vars(each).items() if inspect.isfunction(member)
        }

    def method(self, read: str) -> FunctionType | None:
        """Return the method that a read is named after, or None."""
        cache_name, _, name = read.partition(".")
        cache = self.caches.get(cache_name)
        return None if cache is None else self.methods(cache).get(name)


def is_installed() -> bool:
    """Whether there is a fullon_cache to import, usable or not."""
    return NAME in sys.modules or importlib.util.find_spec(NAME) is not None


def load_package(target: Deployment | None = None) -> Package:
    """Import fullon_cache, to read the Redis that is named.

    Raises SettingsError where it is not installed, cannot be imported, or cannot read that Redis.
    """
    if not is_installed():
        raise SettingsError(VARIABLE, f"fullon_cache is not installed: {_INSTALL}")
    if target is not None:
        _point_at(target)
    try:
        module = importlib.import_module(NAME)
    except Exception as error:
        take_back()
        # Its own dependencies are private: one of them may be what is missing.
        reason = str(error).splitlines()[0] if isinstance(error, ImportError) else type(error).__name__
        raise SettingsError(VARIABLE, f"fullon_cache cannot be imported ({reason}): {_INSTALL}") from None
    classes = {
        name: member
        for name, member in vars(module).items()
        if isinstance(member, type) and name.endswith("Cache") and name == member.__name__
    }
    base = classes.pop(BASE, None)
    return Package(_version(module), dict(sorted(classes.items())), base)


def _point_at(target: Deployment) -> None:
    """Make fullon_cache read a Redis: by the environment, the only thing that it listens to.

    Raises SettingsError for what the environment cannot say (unix sockets, TLS, ACL users, Sentinels,
    clusters), and where this process already uses fullon_cache with another Redis.
    """
    beyond = _beyond(target)
    if beyond is not None or not isinstance(target, RedisTarget):
        raise SettingsError(VARIABLE, f"fullon_cache cannot reach Redis {beyond}: use native")
    wanted = {
        "REDIS_HOST": target.host,
        "REDIS_PORT": str(target.port),
        "REDIS_DB": str(target.db),
        "REDIS_PASSWORD": target.password or "",
    }
    present = {name: os.environ.get(name, default) for name, default in _DEFAULTS.items()}
    if NAME in sys.modules and present != wanted:
        reason = "this process already uses fullon_cache, and with another Redis than the settings name"
        raise SettingsError(VARIABLE, reason)
    # An empty password, and not none: else fullon_cache would take one from a `.env` file.
    lend(wanted)


def _beyond(target: Deployment) -> str | None:
    """Return in which way a Redis has to be reached that fullon_cache has no setting for."""
    if isinstance(target, SentinelTarget):
        return "through Sentinels"
    if isinstance(target, ClusterTarget):
        return "in a cluster"
    if target.path is not None:
        return "over a unix socket"
    if target.tls:
        return "over TLS"
    return "as a user of its ACL" if target.username not in (None, "default") else None


def _version(module: ModuleType) -> str:
    try:
        return version(NAME)
    except PackageNotFoundError:
        return str(getattr(module, "__version__", "unknown"))
