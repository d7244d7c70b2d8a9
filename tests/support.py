"""A real gateway, served by a real uvicorn over a real Redis, for tests to talk to."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.types import ASGIApp

from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.settings import Settings

CHECKOUT = Path(__file__).parent.parent
STARTS_WITHIN = 10.0
COMES_BACK_WITHIN = 5.0


class _Server(uvicorn.Server):
    """Says when requests can come."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


def settings_for(redis_url: str, **variables: str) -> Settings:
    """Settings as the environment would give them, with the checkout's spec and no `.env`.

    Each request has a read of its own: tests put one value after the other into the cache.
    """
    given = {"ENDPOINTS_FILE": str(CHECKOUT / "endpoints.yaml"), "SHARED_READS": "false"}
    return Settings.load({**given, "REDIS_URL": redis_url, **variables}, dotenv=None)


def http_client(base_url: httpx.URL | str) -> httpx.Client:
    """A patient client, without the certificates of authorities that httpx would load for each one."""
    return httpx.Client(base_url=base_url, timeout=20, verify=False)


def back(client: httpx.Client, path: str = "/health/ready") -> float:
    """Wait until a gateway whose Redis was dead asks it again; return how many seconds that took."""
    started = time.monotonic()
    while client.get(path).status_code == 503:
        assert time.monotonic() - started < COMES_BACK_WITHIN, "the gateway does not come back"
        time.sleep(0.002)
    return time.monotonic() - started


def serving(gateway: FullonCacheGateway) -> AbstractContextManager[httpx.Client]:
    """Serve a gateway on a free port of 127.0.0.1 and give a client of it; stops both at the end."""
    return serving_app(gateway.get_app())


@contextmanager
def serving_app(app: ASGIApp, root_path: str = "", loop: str = "auto") -> Iterator[httpx.Client]:
    """Serve any application as `serving` does a gateway; `root_path` is what uvicorn is told of a proxy.

    `loop` is the event loop: `asyncio`, `uvloop`, or whichever uvicorn takes by itself.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, ws="none", root_path=root_path, loop=loop)
    server = _Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert server.up.wait(STARTS_WITHIN), "uvicorn did not start"
    try:
        with http_client(f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(STARTS_WITHIN)
        listener.close()
