"""Fullon's Redis cache over HTTP, read-only, declared in one YAML file.

The public names are imported when they are first used: this module alone costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fullon_cache_api.gateway import FullonCacheGateway, create_app
    from fullon_cache_api.http.app import GatewayApp
    from fullon_cache_api.integrations.fastapi import get_all_routers, mount_cache
    from fullon_cache_api.loading import load as load_spec
    from fullon_cache_api.settings import Settings, SettingsError
    from fullon_cache_api.spec import Spec, SpecError

__all__ = [
    "FullonCacheGateway",
    "GatewayApp",
    "Settings",
    "SettingsError",
    "Spec",
    "SpecError",
    "create_app",
    "get_all_routers",
    "load_spec",
    "mount_cache",
]

_HOMES = {
    "FullonCacheGateway": ("gateway", "FullonCacheGateway"),
    "GatewayApp": ("http.app", "GatewayApp"),
    "Settings": ("settings", "Settings"),
    "SettingsError": ("settings", "SettingsError"),
    "Spec": ("spec", "Spec"),
    "SpecError": ("spec", "SpecError"),
    "create_app": ("gateway", "create_app"),
    "get_all_routers": ("integrations.fastapi", "get_all_routers"),
    "load_spec": ("loading", "load"),
    "mount_cache": ("integrations.fastapi", "mount_cache"),
}
"""Of each public name: its module, and what it is called there."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), attribute)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
