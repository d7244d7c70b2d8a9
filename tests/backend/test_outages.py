"""fullon_cache hides that Redis fails it: the gateway says so all the same, in time."""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import httpx
import pytest
import redis
from backend.both import READ_THROUGH
from endpoints.problems import problem
from support import back, serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.integrations.fullon_cache import load_package
from fullon_cache_api.integrations.fullon_cache.call import AT_ONCE

pytestmark = pytest.mark.slow

DEADLINE = 0.6
PATHS = [*READ_THROUGH, "/processes/x", "/processes/components/x"]
TICKER = "/api/tickers/binance/BTC-USDT"


@pytest.fixture
def server(fresh_standin: None) -> Iterator[EmbeddedServer]:
    """A Redis that tests may kill and pause."""
    with EmbeddedServer(port=0) as own:
        yield own


def gateway(server: EmbeddedServer, deadline: float) -> FullonCacheGateway:
    variables = {"CACHE_BACKEND": "fullon_cache", "API_DEADLINE": str(deadline)}
    return FullonCacheGateway(settings=settings_for(server.url, **variables))


@pytest.fixture
def client(server: EmbeddedServer) -> Iterator[httpx.Client]:
    with serving(gateway(server, DEADLINE)) as own:
        yield own


@pytest.fixture
def patient(server: EmbeddedServer) -> Iterator[httpx.Client]:
    """Gives a request all the time that it wants."""
    with serving(gateway(server, 20)) as own:
        yield own


@pytest.fixture
def package(server: EmbeddedServer) -> ModuleType:
    """The stand-in that the gateways use."""
    load_package(settings_for(server.url).redis)
    return sys.modules["fullon_cache"]


def test_while_redis_is_down_every_read_says_so_within_a_second_and_is_well_after_its_return(
    client: httpx.Client, server: EmbeddedServer
) -> None:
    server.kill()
    for path in PATHS:
        started = time.monotonic()
        response = client.get(f"/api{path}")
        problem(response, "cache-unavailable")
        assert time.monotonic() - started < 1, path
    server.restart()
    back(client)
    for path in PATHS:
        assert client.get(f"/api{path}").status_code in (200, 404), path


def test_commands_that_are_refused_while_ping_is_not_make_every_read_unavailable(
    patient: httpx.Client, server: EmbeddedServer
) -> None:
    with redis.Redis.from_url(server.url) as writer:
        assert patient.get(TICKER).status_code == 404
        writer.execute_command("ACL", "SETUSER", "default", "-@all", "+ping", "+acl", "+select")
        for path in PATHS:
            problem(patient.get(f"/api{path}"), "cache-unavailable")
        writer.execute_command("ACL", "SETUSER", "default", "+@all")
        assert patient.get(TICKER).status_code == 404


def test_a_cluster_that_is_down_is_for_every_read_what_it_is_for_the_native_one(fresh_standin: None) -> None:
    """A node without slots finds no key in a SCAN, and refuses to read any."""
    with EmbeddedServer(port=0, args=["--cluster-enabled", "yes"]) as server:
        native = FullonCacheGateway(settings=settings_for(server.url))
        with serving(gateway(server, 20)) as own, serving(native) as other:
            statuses = {path: own.get(f"/api{path}").status_code for path in PATHS}
            assert statuses == {path: other.get(f"/api{path}").status_code for path in PATHS}
            assert statuses["/tickers/binance/BTC-USDT"] == 503


def test_a_redis_that_lets_no_new_connection_in_makes_every_read_unavailable(
    patient: httpx.Client, server: EmbeddedServer
) -> None:
    """The gateway's own connections are open, fullon_cache opens one for each call."""
    with redis.Redis.from_url(server.url) as writer:
        assert patient.get(TICKER).status_code == 404
        writer.config_set("requirepass", "secret")
        for path in PATHS:
            problem(patient.get(f"/api{path}"), "cache-unavailable")


def test_while_redis_hangs_a_read_ends_at_the_deadline(client: httpx.Client, server: EmbeddedServer) -> None:
    server.pause()
    started = time.monotonic()
    problem(client.get(TICKER), "cache-timeout")
    assert DEADLINE <= time.monotonic() - started < DEADLINE + 0.4
    server.resume()
    assert client.get(TICKER).status_code == 404


def test_a_call_that_hangs_and_cannot_be_cancelled_ends_at_the_deadline_and_holds_nobody_up(
    client: httpx.Client, package: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    async def get_ticker(self: object, symbol: str, exchange: str) -> None:
        while not released.is_set():
            try:
                await asyncio.sleep(0.02)
            except asyncio.CancelledError:
                continue

    monkeypatch.setattr(package.TickCache, "get_ticker", get_ticker)
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        hanging = pool.submit(client.get, TICKER)
        assert client.get("/api/bots").status_code == 200
        assert not hanging.done()
        problem(hanging.result(), "cache-timeout")
        assert DEADLINE <= time.monotonic() - started < DEADLINE + 0.4
    released.set()


def test_an_outage_in_the_middle_of_a_call_is_noticed_before_the_deadline(
    patient: httpx.Client, server: EmbeddedServer, package: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    async def get_bots(self: object) -> dict[str, object]:
        begun.set()
        await asyncio.sleep(15)
        return {}

    monkeypatch.setattr(package.BotCache, "get_bots", get_bots)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(patient.get, "/api/bots")
        assert begun.wait(5)
        server.kill()
        problem(answer.result(timeout=2), "cache-unavailable")


def test_nothing_found_is_not_believed_where_fullon_cache_itself_does_not_reach_redis(
    client: httpx.Client, server: EmbeddedServer
) -> None:
    """Redis answers those who have the password; fullon_cache lost it."""
    with redis.Redis.from_url(server.url) as writer:
        assert client.get(TICKER).status_code == 404
        writer.config_set("requirepass", "secret")
        for path in ("/tickers/binance/BTC-USDT", "/accounts/1/positions/BTC-USDT", "/tickers"):
            body = problem(client.get(f"/api{path}"), "cache-unavailable")
            assert body["detail"] == "Redis cannot be read now: fullon_cache does not reach it."


@pytest.mark.parametrize(
    ("error", "kind", "detail"),
    [
        (ValueError("secret"), "corrupt-cache", "fullon_cache cannot read it (ValueError)"),
        (RuntimeError("WRONGTYPE secret"), "corrupt-cache", "fullon_cache cannot read it (RuntimeError)"),
        (RuntimeError("secret"), "cache-unavailable", "fullon_cache failed with RuntimeError"),
    ],
)
def test_an_error_of_fullon_cache_is_told_by_what_caused_it_and_without_its_text(
    client: httpx.Client,
    package: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: str,
    detail: str,
) -> None:
    async def get_bots(self: object) -> None:
        try:
            raise error
        except Exception as cause:
            raise RuntimeError("CacheError") from cause

    monkeypatch.setattr(package.BotCache, "get_bots", get_bots)
    body = problem(client.get("/api/bots"), kind)
    assert detail in body["detail"]
    assert "secret" not in body["detail"]


def test_more_requests_than_fullon_cache_has_connections_for_wait_and_are_answered(
    patient: httpx.Client, package: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, most = 0, 0
    full = threading.Event()

    async def get_bots(self: object) -> dict[str, object]:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        if waiting == AT_ONCE:
            full.set()
        while not full.is_set():
            await asyncio.sleep(0.01)
        waiting -= 1
        return {}

    monkeypatch.setattr(package.BotCache, "get_bots", get_bots)
    with ThreadPoolExecutor(AT_ONCE + 8) as pool:
        answers = list(pool.map(lambda _: patient.get("/api/bots").status_code, range(AT_ONCE + 8)))
    assert set(answers) == {200}
    assert most == AT_ONCE
