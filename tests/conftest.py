"""What most tests need: a private Redis, somebody who writes into it, and the gateway over it."""

from collections.abc import Iterator

import httpx
import pytest
import redis
from demo_process import running_demo
from machine import Machine
from support import serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

MACHINE = Machine()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run a test again that failed while the machine stood still, and only such a one."""
    for item in items:
        item.add_marker(pytest.mark.flaky(reruns=2, condition=MACHINE.stood_still))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    MACHINE.begin()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the gateway does."""
    return "asyncio"


@pytest.fixture(scope="session")
def redis_server() -> Iterator[EmbeddedServer]:
    """A private Redis for the whole session; tests must not kill or pause it."""
    with EmbeddedServer() as server:
        yield server


@pytest.fixture(scope="session")
def gateway(redis_server: EmbeddedServer) -> FullonCacheGateway:
    """The shipped spec over the private Redis."""
    return FullonCacheGateway(settings=settings_for(redis_server.url))


@pytest.fixture(scope="session")
def client(gateway: FullonCacheGateway) -> Iterator[httpx.Client]:
    """A client of the gateway, which a real uvicorn serves."""
    with serving(gateway) as http_client:
        yield http_client


@pytest.fixture
def writer(redis_server: EmbeddedServer) -> Iterator["redis.Redis"]:
    """A plain Redis client, for tests to put data into an empty cache, as the daemons do."""
    with redis.Redis.from_url(redis_server.url) as connection:
        connection.flushall()
        yield connection


@pytest.fixture(scope="session")
def gateway_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a demo that runs as a process of its own, for as long as the tests do."""
    with running_demo(tmp_path_factory.mktemp("demo") / "log") as url:
        yield url
