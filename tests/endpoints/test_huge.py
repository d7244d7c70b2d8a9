"""Values and collections that no daemon writes: refused, or sent in parts, beside small requests."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import msgspec
import pytest
import redis
from served import Served, served
from support import CHECKOUT, http_client

from fullon_cache_api.demo import EmbeddedServer

SMALL = "/api/tickers/binance/BTC-USDT"
ALIVE = "/health/live"
"""What the gateway answers whatever Redis does."""

MAY_USE = 250.0
"""MB that the gateway may use at most while it meets a huge value, beside what it used before.

Two lanes can hold a reply of 32 MB each, which is twice in memory for a moment, and a page lane another one.
"""

PASSES_WITHIN = 30.0
FIELDS = 1_000_000
AT_ONCE = 20_000

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, "redis.Redis"]]:
    """A gateway in a process of its own, with reads that nobody shares, and somebody who writes."""
    log = tmp_path_factory.mktemp("huge") / "log"
    with EmbeddedServer() as server, redis.Redis.from_url(server.url) as writer:
        spec = str(CHECKOUT / "endpoints.yaml")
        variables = {"REDIS_URL": server.url, "ENDPOINTS_FILE": spec, "SHARED_READS": "false"}
        with served(log, variables) as running:
            yield running, writer
            assert running.is_alive
            assert running.signs_of_trouble() == []


class Beside:
    """Somebody who asks for something small again and again, and the memory that is used meanwhile."""

    def __init__(self, process: Served, path: str) -> None:
        self._process = process
        self._path = path
        self._over = threading.Event()
        self.peak = process.memory
        self.statuses: list[int] = []

    def watch(self) -> None:
        while not self._over.wait(0.01):
            self.peak = max(self.peak, self._process.memory)

    def ask(self) -> None:
        with http_client(f"http://127.0.0.1:{self._process.port}") as client:
            while not self._over.wait(0.005):
                self.statuses.append(client.get(self._path).status_code)

    def stop(self) -> None:
        self._over.set()


@contextmanager
def beside(process: Served, path: str = SMALL) -> Iterator[Beside]:
    """Ask for something small while something huge is asked for: that is answered, and memory is bounded."""
    before = process.memory
    one = Beside(process, path)
    threads = [threading.Thread(target=target) for target in (one.watch, one.ask)]
    for thread in threads:
        thread.start()
    try:
        yield one
    finally:
        one.stop()
        for thread in threads:
            thread.join()
    assert set(one.statuses) <= {200}
    assert one.peak - before < MAY_USE


def ask(process: Served, path: str) -> httpx.Response:
    with http_client(f"http://127.0.0.1:{process.port}") as client:
        return client.get(path, timeout=120)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/api/tickers/huge/BTC-USDT", "tickers:huge"),
        ("/api/tickers/huge/BTC-USDT/price", "tickers:huge"),
        ("/api/tickers/huge", "tickers:huge"),
        ("/api/tickers/health", "tickers:huge"),
        ("/api/symbols/BTC-USDT/ticker", "tickers:huge"),
        ("/api/accounts/1/balances", "accounts"),
        ("/api/accounts/1/balances/USDT", "accounts"),
        ("/api/accounts", "accounts"),
        ("/api/accounts/summary", "accounts"),
        ("/api/bots/7/status", "bot_status"),
        ("/api/bots", "bot_status"),
        ("/api/processes/tick:a:1", "process:data:tick:a:1"),
        ("/api/trades/status/binance", "TRADE:STATUS:binance"),
        ("/api/trades/status", "TRADE:STATUS:binance"),
        ("/api/ohlcv/BTC-USDT/1m", "ohlcv:BTC/USDT:1m"),
    ],
)
def test_a_value_of_100_mb_is_refused_and_read_in_part_only(
    huge: tuple[Served, "redis.Redis"], path: str, key: str
) -> None:
    process, writer = huge
    writer.flushall()
    writer.hset("tickers:binance", "BTC/USDT", '{"last": 1.5}')
    raw = json.dumps({"last": 1.5, "padding": "x" * 100_000_000})
    if key.startswith(("tickers", "accounts", "bot")):
        field = {"tickers:huge": "BTC/USDT", "accounts": "1", "bot_status": "7"}[key]
        writer.hset(key, field, raw)
    elif key.startswith("ohlcv"):
        writer.rpush(key, raw)
    else:
        writer.set(key, raw)
    with beside(process):
        response = ask(process, path)
    assert response.status_code == 502
    problem = response.json()
    assert problem["key"] == key
    assert problem["detail"] == f"What is cached at {key} cannot be used: it is larger than 32 MB."


def test_a_record_of_5_mb_is_refused_alone_and_left_out_among_others(
    huge: tuple[Served, "redis.Redis"],
) -> None:
    process, writer = huge
    writer.flushall()
    writer.hset("tickers:binance", "BTC/USDT", '{"last": 1.5}')
    writer.hset("tickers:binance", "HUGE/USDT", json.dumps({"last": 1.5, "padding": "x" * 5_000_000}))
    writer.rpush("ohlcv:BTC/USDT:1m", "[1,2,3,4,5,6]", "[1,2,3,4,5,6" + " " * 5_000_000 + "]")
    single = ask(process, "/api/tickers/binance/HUGE-USDT")
    assert single.status_code == 502
    assert single.json()["detail"].endswith("cannot be used: it is longer than 4 MB.")
    among = ask(process, "/api/tickers/binance").json()
    assert ([item["symbol"] for item in among["tickers"]], among["skipped"]) == (["BTC-USDT"], 1)
    bars = ask(process, "/api/ohlcv/BTC-USDT/1m").json()
    assert (bars["count"], bars["skipped"]) == (1, 1)


def test_who_shares_a_command_with_a_huge_value_is_answered(huge: tuple[Served, "redis.Redis"]) -> None:
    """HMGETs of one hash go out as one; of 20 at once, only the one that asked for it fails."""
    process, writer = huge
    writer.flushall()
    writer.hset("tickers:huge", "BTC/USDT", "x" * 60_000_000)
    for number in range(20):
        writer.hset("tickers:huge", f"S{number}/USDT", json.dumps({"last": number}))
    found: dict[int, tuple[int, object]] = {}
    start = threading.Barrier(21)

    def one(number: int) -> None:
        start.wait()
        path = "BTC-USDT" if number == 20 else f"S{number}-USDT"
        response = ask(process, f"/api/tickers/huge/{path}")
        body = response.json()
        found[number] = (response.status_code, body["ticker"]["last"] if number < 20 else body["key"])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {**{number: (200, number) for number in range(20)}, 20: (502, "tickers:huge")}


@pytest.fixture(scope="module")
def many(huge: tuple[Served, "redis.Redis"]) -> tuple[Served, "redis.Redis"]:
    """Hashes of a million fields and a list of a million elements."""
    process, writer = huge
    writer.flushall()
    writer.hset("tickers:binance", "BTC/USDT", '{"last": 1.5}')
    for start in range(0, FIELDS, AT_ONCE):
        numbers = range(start, start + AT_ONCE)
        writer.hset("tickers:many", mapping={f"S{number}/USDT": '{"last": 1}' for number in numbers})
        writer.hset("bot_status", mapping={str(number): '{"f": {}}' for number in numbers})
        writer.hset("block_exchange", mapping={f"many:S{number}/USDT": "7" for number in numbers})
        writer.rpush("trades:many:SUSDT", *(['{"price": 1}'] * AT_ONCE))
    return process, writer


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/api/bots", "bot_status"),
        ("/api/bots?limit=5", "bot_status"),
        ("/api/bots/blocks", "block_exchange"),
        ("/api/bots/coordination/status", "block_exchange"),
    ],
)
def test_a_hash_of_a_million_fields_that_is_read_as_a_whole_is_refused(
    many: tuple[Served, "redis.Redis"], path: str, key: str
) -> None:
    """Redis itself answers nobody until it has put a million fields together, which can take too long."""
    process, _ = many
    with beside(process, ALIVE):
        response = ask(process, path)
    assert response.status_code in (502, 504)
    if response.status_code == 502:
        problem = response.json()
        assert problem["key"] == key
        assert problem["detail"].endswith(
            ("cannot be used: it has more than 100,000 fields.", "cannot be used: it is larger than 32 MB.")
        )
    until = time.monotonic() + PASSES_WITHIN
    while ask(process, SMALL).status_code != 200:
        assert time.monotonic() < until


def test_a_million_tickers_are_sent_in_parts(many: tuple[Served, "redis.Redis"]) -> None:
    process, _ = many
    count = 0
    asked = {"Accept": "application/x-ndjson"}
    with (
        beside(process),
        http_client(f"http://127.0.0.1:{process.port}") as client,
        client.stream("GET", "/api/tickers/many", headers=asked) as lines,
    ):
        for line in lines.iter_lines():
            assert msgspec.json.decode(line)["exchange"] == "many"
            count += 1
    assert count == FIELDS


@pytest.mark.parametrize(
    "path", ["/api/tickers/many/S1-USDT", "/api/trades/many/S-USDT?limit=10000", "/api/trades/queue/status"]
)
def test_a_part_of_a_million_is_answered(many: tuple[Served, "redis.Redis"], path: str) -> None:
    process, _ = many
    with beside(process):
        assert ask(process, path).status_code == 200
