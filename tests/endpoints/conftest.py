"""What the tests of the endpoints share: the log, and a gateway over the demo's data."""

import time
from collections.abc import Iterator

import pytest
import redis
from endpoints.records import DemoGateway, Logged
from loguru import logger
from support import serving, settings_for

from fullon_cache_api.demo import Demo, EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

LOG = "fullon.api.cache.http"


@pytest.fixture
def logged() -> Iterator[list[Logged]]:
    """What the gateway logs while a test runs."""
    records: list[Logged] = []

    def sink(message: str) -> None:
        record = message.record  # type: ignore[attr-defined]
        if record["extra"].get("component") == LOG:
            records.append(Logged(record["level"].name, record["message"], record["extra"]["fields"]))

    handler = logger.add(sink, level="DEBUG", format="{message}")
    yield records
    logger.remove(handler)


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoGateway]:
    """The demo's data an hour ahead of the clock, so that no age in an answer changes while tests run."""
    with EmbeddedServer() as server, Demo(server, candles=20, clock=lambda: time.time() + 3_600) as data:
        data.fill()
        gateway = FullonCacheGateway(settings=settings_for(server.url))
        with redis.Redis.from_url(server.url) as writer, serving(gateway) as client:
            process_id = writer.hget("process:components", "ticker_service").decode()
            yield DemoGateway(server, gateway, client, writer, process_id)
