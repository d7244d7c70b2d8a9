"""What the gateway logs, and the demo's data behind a gateway."""

from dataclasses import dataclass

import httpx
import redis

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.spec.model import Endpoint


@dataclass(frozen=True, slots=True)
class Logged:
    """One record of the gateway's log."""

    level: str
    text: str
    fields: dict[str, object]


@dataclass(frozen=True, slots=True)
class DemoGateway:
    """A gateway over the demo's data at rest, on a server of its own."""

    server: EmbeddedServer
    gateway: FullonCacheGateway
    client: httpx.Client
    writer: "redis.Redis"
    process_id: str

    def path(self, endpoint: Endpoint, *, query: bool = False) -> str:
        """The path of an endpoint with the examples of its parameters, for which the demo has data."""
        path = self.gateway.prefix + endpoint.path
        for parameter in endpoint.parameters:
            value = self.process_id if parameter.name == "process_id" else str(parameter.example)
            path = path.replace(f"{{{parameter.name}}}", value)
        query_parameters = [p for p in endpoint.parameters if p.location == "query" and p.example is not None]
        given = [f"{p.name}={p.example}" for p in query_parameters]
        return f"{path}?{'&'.join(given)}" if query and given else path
