"""Redis refuses, is down, hangs or loads: every endpoint says so in time, and is well again by itself."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
import pytest
import redis
from endpoints.problems import problem
from support import back, http_client, serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

pytestmark = pytest.mark.slow

DEADLINE = 0.3
CLIENTS = 20
PATHS = [
    "/tickers",
    "/tickers/binance",
    "/tickers/binance/BTC-USDT",
    "/tickers/binance/BTC-USDT/price",
    "/tickers/health",
    "/symbols/BTC-USDT/ticker",
    "/symbols/BTC-USDT/tickers",
    "/accounts",
    "/accounts/summary",
    "/accounts/1/balances",
    "/accounts/1/balances/USDT",
    "/accounts/1/positions",
    "/accounts/1/positions/BTC-USDT",
    "/positions",
    "/orders/1/status",
    "/orders/42/orders",
    "/orders/queue/size",
    "/exchanges/binance/orders",
    "/exchanges/binance/orders/1",
    "/bots",
    "/bots/7/status",
    "/bots/binance/BTC-USDT/blocked",
    "/bots/binance/BTC-USDT/opening",
    "/bots/blocks",
    "/bots/coordination/status",
    "/trades/queue/status",
    "/trades/performance/metrics",
    "/trades/binance/BTC-USDT",
    "/trades/users/42/binance",
    "/trades/status",
    "/trades/status/binance",
    "/ohlcv/BTC-USDT/1m",
    "/processes",
    "/processes/status",
    "/processes/metrics",
    "/processes/top",
    "/processes/x",
    "/processes/components/x",
]


@contextmanager
def gateway_over(url: str, **variables: str) -> Iterator[httpx.Client]:
    """A client of a gateway of its own, for as many requests at a time as the test wants."""
    with serving(FullonCacheGateway(settings=settings_for(url, **variables))) as client:
        yield client


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A Redis that tests may kill and pause, as long as it runs again afterwards."""
    with EmbeddedServer() as own:
        yield own


@pytest.fixture(scope="module")
def client(server: EmbeddedServer) -> Iterator[httpx.Client]:
    """A gateway that outlives every outage of its Redis, with a short deadline."""
    with gateway_over(server.url, API_DEADLINE=str(DEADLINE)) as own:
        yield own


def timed(client: httpx.Client, path: str) -> tuple[httpx.Response, float]:
    """Return an answer and how many seconds it took."""
    started = time.monotonic()
    response = client.get(f"/api{path}")
    return response, time.monotonic() - started


def assert_well(client: httpx.Client) -> None:
    """Every endpoint answers: nothing is cached, and that is what it says."""
    for path in PATHS:
        assert client.get(f"/api{path}").status_code in (200, 404), path


def assert_unavailable(response: httpx.Response) -> str:
    """It is a 503 that says when to come again; return its detail."""
    body = problem(response, "cache-unavailable")
    assert response.headers["retry-after"] == "1"
    detail: str = body["detail"]
    assert detail.startswith("Redis cannot be read now: ")
    return detail


def test_the_paths_are_those_of_all_endpoints(client: httpx.Client) -> None:
    assert len(PATHS) == len(set(PATHS)) == 38
    documented = client.get("/openapi.json").json()["paths"]
    assert len([path for path in documented if path.startswith("/api/") and path != "/api/batch"]) == 38


def test_while_redis_is_down_every_endpoint_says_so_within_a_second_and_is_well_after_its_return(
    client: httpx.Client, server: EmbeddedServer
) -> None:
    assert_well(client)
    server.kill()
    try:
        for path in PATHS:
            response, seconds = timed(client, path)
            assert_unavailable(response)
            assert seconds < 1, path
        assert client.head("/api/tickers").status_code == 503
    finally:
        server.restart()
    assert back(client) < 1
    response, seconds = timed(client, "/tickers")
    assert (response.status_code, response.json()) == (200, {"count": 0, "tickers": []})
    assert seconds < 1
    assert_well(client)


def test_while_redis_hangs_every_endpoint_gives_up_at_the_deadline_and_is_well_after_that(
    client: httpx.Client, server: EmbeddedServer
) -> None:
    assert_well(client)
    server.pause()
    try:
        with ThreadPoolExecutor(len(PATHS)) as threads:
            answers = list(threads.map(lambda path: timed(client, path), PATHS))
    finally:
        server.resume()
    for response, seconds in answers:
        assert problem(response, "cache-timeout") == {
            "detail": "What Redis has was not there before the request's deadline."
        }
        assert DEADLINE - 0.05 <= seconds < DEADLINE + 1
    response, seconds = timed(client, "/tickers")
    assert (response.status_code, seconds < 1) == (200, True)
    assert_well(client)


def test_a_redis_that_is_not_there_from_the_start_is_used_once_it_comes() -> None:
    with EmbeddedServer() as server:
        server.kill()
        with gateway_over(server.url) as client:
            response, seconds = timed(client, "/tickers")
            assert_unavailable(response)
            assert seconds < 1
            server.restart()
            assert back(client) < 1
            assert_well(client)


def test_under_load_a_killed_redis_gives_200_or_503_within_a_second_and_200_after_its_return(
    server: EmbeddedServer,
) -> None:
    down, up, over = threading.Event(), threading.Event(), threading.Event()
    paths = ("/tickers", "/accounts/summary", "/orders/42/orders", "/trades/binance/BTC-USDT")

    def load(base_url: httpx.URL, number: int) -> list[tuple[bool, int, float]]:
        answers = []
        with http_client(base_url) as own:
            while not over.is_set():
                returned = up.is_set()
                response, seconds = timed(own, paths[number % len(paths)])
                answers.append((returned, response.status_code, seconds))
                if response.status_code == 503:
                    down.set()
        return answers

    with gateway_over(server.url) as client, ThreadPoolExecutor(CLIENTS) as threads:
        loads = [threads.submit(load, client.base_url, number) for number in range(CLIENTS)]
        try:
            for _ in range(20):
                client.get("/api/tickers")
            server.kill()
            assert down.wait(5)
            server.restart()
            assert back(client) < 1
            up.set()
            for _ in range(20):
                client.get("/api/tickers")
        finally:
            over.set()
        answers = [answer for done in loads for answer in done.result()]
    assert {status for _, status, _ in answers} == {200, 503}
    assert {status for returned, status, _ in answers if returned} == {200}
    assert max(seconds for _, _, seconds in answers) < 1


def test_a_busy_redis_is_unavailable_and_not_a_missing_key() -> None:
    """A script that runs longer than the busy-reply threshold: Redis answers BUSY to everybody else."""
    with EmbeddedServer(args=["--lua-time-limit", "1"]) as server, gateway_over(server.url) as client:
        assert_well(client)
        with redis.Redis.from_url(server.url) as writer, redis.Redis.from_url(server.url) as other:
            script = threading.Thread(target=_run_until_killed, args=(other,))
            script.start()
            try:
                while script.is_alive() and client.get("/api/tickers").status_code == 200:
                    pass
                for path in PATHS:
                    assert "BUSY" in assert_unavailable(client.get(f"/api{path}"))
            finally:
                writer.script_kill()
                script.join(5)
        assert_well(client)


def _run_until_killed(connection: "redis.Redis") -> None:
    with suppress(redis.ResponseError):
        connection.eval("while true do end", 0)


def test_a_loading_redis_is_unavailable_and_well_when_it_has_loaded() -> None:
    args = ["--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024"]
    with EmbeddedServer(args=args) as server, gateway_over(server.url) as client:
        with redis.Redis.from_url(server.url) as writer:
            writer.mset({f"filler:{number}": "x" * 1_000 for number in range(300)})
            writer.config_set("rdbcompression", "no")
            # Six seconds, cut short below: long enough to ask every endpoint, on a busy machine too.
            writer.config_set("key-load-delay", 20_000)
            assert_well(client)
            reload = threading.Thread(target=writer.execute_command, args=("DEBUG", "RELOAD"))
            reload.start()
            try:
                while (response := client.get("/api/tickers")).status_code == 200 and reload.is_alive():
                    pass
                assert_unavailable(response)
                for path in PATHS:
                    response, seconds = timed(client, path)
                    assert "loading" in assert_unavailable(response)
                    assert seconds < 1
            finally:
                with redis.Redis.from_url(server.url) as other:
                    other.config_set("key-load-delay", 0)
                reload.join(20)
        assert_well(client)


ACL = ["--requirepass", "right", "--user", "narrow", "on", ">narrow", "~tickers:*", "-@all", "+hmget"]


@pytest.mark.parametrize(
    ("username", "password", "secret"),
    [
        ("", "", "right"),
        ("default", "wr0ng", "wr0ng"),
        ("nobody", "wr0ng", "wr0ng"),
        ("narrow", "narrow", "narrow"),
    ],
    ids=["NOAUTH", "wrong password", "unknown user", "NOPERM"],
)
def test_a_redis_that_does_not_let_us_in_is_unavailable(username: str, password: str, secret: str) -> None:
    with EmbeddedServer(args=ACL) as server:
        url = server.url_as(username, password) if username else server.url
        with gateway_over(url) as client:
            for path in PATHS:
                if username == "narrow" and path.startswith("/tickers/binance/"):
                    assert client.get(f"/api{path}").status_code == 404
                    continue
                response, seconds = timed(client, path)
                detail = assert_unavailable(response)
                assert seconds < 1
                assert secret not in detail
