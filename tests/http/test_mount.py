"""The gateway inside another application: everything is there, below the path of the mount."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import httpx
import pytest
import redis
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp
from support import http_client, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway


class Server(uvicorn.Server):
    """Says when requests can come."""

    def __init__(self, app: ASGIApp, **options: str) -> None:
        config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", **options)  # type: ignore[arg-type]
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@contextmanager
def hosting(app: ASGIApp, gateway: FullonCacheGateway, **options: str) -> Iterator[httpx.Client]:
    """Serve an application that contains a gateway, and never run a lifespan."""
    server = Server(app, **options)

    def run(listener: socket.socket) -> None:
        async def main() -> None:
            await server.serve(sockets=[listener])
            await gateway.close()

        asyncio.run(main())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, args=[listener], daemon=True)
        thread.start()
        assert server.up.wait(10)
        try:
            with http_client(f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(10)


Mounted: TypeAlias = tuple[httpx.Client, str]


@pytest.fixture(scope="module", params=["mount", "root path"])
def mounted(request: pytest.FixtureRequest, redis_server: EmbeddedServer) -> Iterator[Mounted]:
    """A client, and the path under which it finds the gateway's root."""
    gateway = FullonCacheGateway(settings=settings_for(redis_server.url))
    app = gateway.get_app()
    match request.param:
        case "mount":
            with hosting(Starlette(routes=[Mount("/x", app=app)]), gateway) as client:
                yield client, "/x"
        case "root path":
            # A proxy takes the root path off, and the server puts it before every path again.
            with hosting(app, gateway, root_path="/x") as client:
                yield client, ""


def test_endpoints_are_served_below_the_mount(mounted: Mounted, writer: "redis.Redis") -> None:
    client, root = mounted
    writer.hset("tickers:binance", mapping={"BTC/USDT": '{"last": 1.5}', "BTC/USDT:USDT": '{"last": 2.5}'})
    for symbol, price in (("BTC-USDT", 1.5), ("BTC%2FUSDT", 1.5), ("BTC%2fUSDT:USDT", 2.5)):
        response = client.get(f"{root}/api/tickers/binance/{symbol}")
        assert response.status_code == 200, response.text
        assert response.json()["ticker"]["last"] == price
    assert client.get(f"{root}/api/tickers/binance/BTC/USDT").status_code == 404
    assert client.get(f"{root}/api/tickers?x=1").status_code == 400


def test_system_endpoints_are_served_below_the_mount(mounted: Mounted) -> None:
    client, root = mounted
    health = ("/health", "/health/live", "/health/ready")
    for path in ("/", *health, "/docs", "/redoc", "/openapi.json", "/openapi.yaml", "/problems/not-cached"):
        assert client.get(root + path).status_code == 200, path
    problem = client.get(f"{root}/nowhere")
    assert (problem.status_code, problem.json()["type"]) == (404, "/problems/no-such-endpoint")


def test_every_link_of_the_pages_leads_below_the_mount(mounted: Mounted) -> None:
    client, root = mounted
    links: set[str] = set()
    for page in ("/", "/docs", "/redoc"):
        text = client.get(root + page, headers={"Accept": "text/html"}).text
        found = re.findall(r'(?:href|src|data-spec-url)="(/[^"]*)"', text)
        assert len(found) > 2
        links.update(found)
    for link in links:
        # Where a proxy has taken the root path off, it does so with the links, too.
        path = link.removeprefix("/x") if root == "" else link
        assert client.head(path).status_code == 200, link


def test_the_document_names_the_path_of_the_mount(mounted: Mounted) -> None:
    client, root = mounted
    (server,) = client.get(f"{root}/openapi.json").json()["servers"]
    assert server["url"] == (root or "/x")


def test_the_start_page_names_paths_with_that_of_the_mount(mounted: Mounted) -> None:
    client, root = mounted
    body = client.get(f"{root}/").json()
    assert body["endpoints"][0]["path"] == f"{root or '/x'}/api/tickers"
