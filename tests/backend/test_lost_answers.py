"""What fullon_cache loses, in all or in part, while Redis is there: never "not found", never a part of it."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import redis
from backend.both import READ_THROUGH, Both
from endpoints.layout import POSITION, ago, put_account, put_order, put_positions, put_process, put_tick
from endpoints.problems import problem
from support import serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

LOST = "Redis cannot be read now: fullon_cache does not find what is cached."
USDT = {"free": 1.0, "used": 0.0, "total": 1.0}
PATHS = [*READ_THROUGH, "/tickers/binance", "/processes/tick:a:1.5", "/processes/components/a"]

Lose = Callable[..., None]


def fill(writer: "redis.Redis") -> None:
    for exchange in ("binance", "kraken"):
        put_tick(writer, exchange, "BTC/USDT")
    for account in (1, 2):
        put_account(writer, account, USDT=USDT)
        put_positions(writer, account, {"BTC/USDT": POSITION})
    put_order(writer, "binance", "1")
    writer.hset("bot_status", "7", "{}")
    writer.hset("block_exchange", "binance:BTC/USDT", "7")
    writer.hset("opening_position", "binance:BTC/USDT", "7:2024-01-01T12:00:00+00:00")
    for exchange in ("binance", "kraken"):
        writer.set(f"TRADE:STATUS:{exchange}", "2024-01-01T12:00:00+00:00")
    writer.rpush("ohlcv:BTC/USDT:1m", "[1, 2, 3, 4, 5, 6]")
    for component in ("a", "b"):
        put_process(writer, f"tick:{component}:1.5", ago(minutes=1))


@pytest.fixture
def full(both: Both) -> Both:
    fill(both.writer)
    return both


@pytest.fixture
def lose(full: Both, monkeypatch: pytest.MonkeyPatch) -> Lose:
    """Let fullon_cache's connection fail it in commands that begin in a way, so many times."""
    base = sys.modules["fullon_cache"].BaseCache
    ask = base._ask
    lost: list[tuple[object, ...]] = []
    left: list[int] = []

    async def failing(self: object, *command: object) -> object:
        if not any(command[: len(start)] == start for start in lost) or left == [0]:
            return await ask(self, *command)
        left[:] = [number - 1 for number in left]
        raise redis.ConnectionError

    def begin(*starts: tuple[object, ...], times: int | None = None) -> None:
        lost[:] = starts
        left[:] = [] if times is None else [times]

    monkeypatch.setattr(base, "_ask", failing)
    return begin


@pytest.mark.parametrize("path", PATHS)
def test_what_is_cached_and_not_found_is_unavailable(full: Both, lose: Lose, path: str) -> None:
    native, installed = full.get(path)
    assert (native.status_code, installed.status_code) == (200, 200)
    lose(("HGET",), ("HGETALL",), ("GET",), ("LRANGE",), ("SCAN",))
    assert problem(full.installed.get(f"/api{path}"), "cache-unavailable")["detail"] == LOST


@pytest.mark.parametrize(
    ("path", "lost"),
    [
        ("/tickers", ("HGETALL", "tickers:kraken")),
        ("/symbols/BTC-USDT/ticker", ("HGET", "tickers:binance")),
        ("/trades/status", ("GET", "TRADE:STATUS:kraken")),
        ("/processes", ("GET", "process:data:tick:a:1.5")),
        ("/processes/status", ("GET", "process:data:tick:a:1.5")),
        ("/processes/top", ("GET", "process:data:tick:a:1.5")),
        ("/processes/metrics", ("HGETALL", "process:components")),
        ("/processes/metrics", ("HGETALL", "process:active:tick")),
        ("/processes/metrics", ("SCAN",)),
        ("/processes/components/a", ("GET", "process:data:tick:a:1.5")),
    ],
)
def test_a_part_of_what_is_cached_is_unavailable_too(
    full: Both, lose: Lose, path: str, lost: tuple[object, ...]
) -> None:
    lose(lost)
    assert problem(full.installed.get(f"/api{path}"), "cache-unavailable")["detail"] == LOST


def test_the_figures_of_the_health_are_not_those_of_a_part(full: Both, lose: Lose) -> None:
    """Its first call loses a process, the second one finds it."""
    lose(("GET", "process:data:tick:a:1.5"), times=1)
    body = full.installed.get("/api/processes/status").json()
    assert (body["total_processes"], len(body["processes"])) == (2, 2)


@pytest.mark.parametrize("path", PATHS)
def test_what_is_lost_once_is_asked_for_again(full: Both, lose: Lose, path: str) -> None:
    expected = full.installed.get(f"/api{path}").json()
    lose(("HGET",), ("HGETALL",), ("GET",), ("LRANGE",), ("SCAN",), times=1)
    answer = full.installed.get(f"/api{path}")
    assert (answer.status_code, answer.json()) == (200, expected)


def test_the_less_likely_spelling_does_not_stand_in_for_one_that_was_lost(full: Both, lose: Lose) -> None:
    put_tick(full.writer, "binance", "BTC-USDT", bid=1.0)
    full.writer.rpush("ohlcv:BTC-USDT:1m", "[1, 1, 1, 1, 1, 1]", "[2, 1, 1, 1, 1, 1]")
    full.writer.hset("block_exchange", "binance:BTC-USDT", "8")
    for path, lost in (
        ("/tickers/binance/BTC-USDT", ("HGET", "tickers:binance", "BTC/USDT")),
        ("/ohlcv/BTC-USDT/1m", ("LRANGE", "ohlcv:BTC/USDT:1m")),
        ("/bots/binance/BTC-USDT/blocked", ("HGET", "block_exchange", "binance:BTC/USDT")),
    ):
        lose(lost)
        problem(full.installed.get(f"/api{path}"), "cache-unavailable")


def test_an_order_that_was_lost_on_one_exchange_is_still_ambiguous(full: Both, lose: Lose) -> None:
    put_order(full.writer, "kraken", "1")
    lose(("HGET", "order_status:kraken"))
    body = problem(full.installed.get("/api/orders/1/status"), "ambiguous-order")
    assert body["exchanges"] == ["binance", "kraken"]


def test_what_comes_between_the_two_reads_is_no_outage(full: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = sys.modules["fullon_cache"].BotCache
    before = cache.get_blocks

    async def get_blocks(self: object) -> object:
        found = await before(self)
        added.append(f"binance:A{len(added)}/B")
        full.writer.hset("block_exchange", added[-1], "7")
        return found

    added: list[str] = []
    monkeypatch.setattr(cache, "get_blocks", get_blocks)
    assert full.installed.get("/api/bots/blocks").json()["count"] == 2
    assert len(added) == 2


def test_what_goes_and_comes_between_the_two_reads_is_no_outage(
    full: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = sys.modules["fullon_cache"].BotCache
    before = cache.get_blocks

    async def get_blocks(self: object) -> object:
        found = await before(self)
        full.writer.delete("block_exchange")
        return found

    monkeypatch.setattr(cache, "get_blocks", get_blocks)
    assert full.installed.get("/api/bots/blocks").json()["count"] == 1
    assert full.installed.get("/api/bots/blocks").json()["count"] == 0


def test_a_command_that_only_fullon_cache_needs_and_may_not_use_makes_it_unavailable(full: Both) -> None:
    full.writer.execute_command("ACL", "SETUSER", "default", "-hget")
    try:
        for path in ("/tickers/binance/BTC-USDT", "/bots/binance/BTC-USDT/blocked"):
            assert full.native.get(f"/api{path}").status_code == 200
            assert problem(full.installed.get(f"/api{path}"), "cache-unavailable")["detail"] == LOST
    finally:
        full.writer.execute_command("ACL", "SETUSER", "default", "+@all")


SPEC = """\
info: {title: New, version: 1.0.0, description: What fullon_cache has beyond the catalogue.}
endpoints:
  /new:
    operationId: getNew
    summary: New
    read: TickCache.get_tickers
    response: new.json
"""


def test_nothing_from_a_method_without_a_native_read_is_asked_for_again(
    full: Both, lose: Lose, tmp_path: Path
) -> None:
    (tmp_path / "schemas").mkdir()
    new = {"title": "New", "type": "object", "description": "New."}
    (tmp_path / "schemas" / "new.json").write_text(json.dumps(new))
    (tmp_path / "new.yaml").write_text(SPEC)
    settings = settings_for(full.server.url, CACHE_BACKEND="auto")
    with serving(FullonCacheGateway(spec=tmp_path / "new.yaml", settings=settings)) as client:
        lose(("HGETALL",), times=5)
        assert client.get("/api/new").json()["count"] == 2
        lose(("PING",))
        problem(client.get("/api/new"), "cache-unavailable")


def test_a_restart_of_redis_never_makes_an_answer_less_than_it_is(
    fresh_standin: None, own_server: EmbeddedServer
) -> None:
    """Connections are cut in the middle of calls, again and again; what is cached stays the same."""
    with redis.Redis.from_url(own_server.url) as writer:
        fill(writer)
        settings = settings_for(own_server.url, CACHE_BACKEND="fullon_cache")
        with serving(FullonCacheGateway(settings=settings)) as client:
            expected = {path: _count(client.get(f"/api{path}")) for path in PATHS}
            for _ in range(3):
                for path in PATHS:
                    writer.client_kill_filter(_type="normal", skipme=True)
                    answer = client.get(f"/api{path}")
                    if answer.status_code != 503:
                        assert (answer.status_code, _count(answer)) == (200, expected[path]), path


@pytest.fixture
def own_server(fresh_standin: None) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(port=0) as server:
        yield server


def _count(answer: httpx.Response) -> object:
    body = answer.json()
    return body.get("count", body.get("total_processes", body.get("blocked")))
