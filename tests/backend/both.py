"""The same request to both backends."""

from dataclasses import dataclass

import httpx
import redis

from fullon_cache_api.demo import EmbeddedServer


@dataclass(frozen=True, slots=True)
class Both:
    """One Redis behind two gateways."""

    server: EmbeddedServer
    writer: "redis.Redis"
    native: httpx.Client
    installed: httpx.Client

    def get(self, path: str) -> tuple[httpx.Response, httpx.Response]:
        """Both answers, the native one first."""
        return self.native.get(f"/api{path}"), self.installed.get(f"/api{path}")
