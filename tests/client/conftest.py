"""Clients of the gateway, and of a server that answers what a test tells it to."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
import redis
from client.calling import KINDS, Call, Calling, Kind, calling
from client.demo_cache import DemoCache
from client.scripted import Scripted, scripted
from support import serving, settings_for

from fullon_cache_api.demo import Demo, EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway


@pytest.fixture(scope="session", autouse=True)
def no_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """To load the machine's certificates takes most of the time of making a client; none is needed here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("certificates")))
        yield


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Which of the two clients."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def make(kind: Kind) -> Iterator[Calling]:
    """Makes clients of that kind; they are closed after the test."""
    with ExitStack() as stack:

        def made(url: str, **options: Any) -> Call:
            return stack.enter_context(calling(kind, url, **options))

        yield made


@pytest.fixture
def script() -> Iterator[Scripted]:
    """A server that answers what the test tells it to."""
    with scripted() as server:
        yield server


@pytest.fixture
def url(client: httpx.Client) -> str:
    """The base URL of the gateway over the private Redis."""
    return f"{client.base_url}/api"


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoCache]:
    """A gateway over the demo's data at rest."""
    with EmbeddedServer() as server, Demo(server, candles=20, clock=lambda: time.time() + 3_600) as data:
        data.fill()
        with redis.Redis.from_url(server.url) as reader:
            process_id = reader.hget("process:components", "ticker_service").decode()
        with serving(FullonCacheGateway(settings=settings_for(server.url))) as http:
            yield DemoCache(http, process_id)
