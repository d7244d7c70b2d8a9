"""The demo's data behind a gateway."""

from dataclasses import dataclass

import httpx


@dataclass(frozen=True, slots=True)
class DemoCache:
    """A plain HTTP client of the gateway, and the id of a process that is cached."""

    http: httpx.Client
    process_id: str

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"{self.http.base_url}/api"
