"""What a request costs, in what can be counted: calls of functions, memory that stays, commands and bytes."""

import asyncio
import gc
import json
import sys
import tracemalloc
from pathlib import Path
from types import FrameType

import pytest
import redis
from asgi import answer, http_scope
from endpoints.proxy import RecordingProxy
from support import CHECKOUT, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

TICKER = "/api/tickers/binance/BTC-USDT"
TICK = {"bid": 1.5, "ask": 2.5, "last": 2.0, "volume": 10.0, "time": "2024-01-01T12:00:00+00:00"}


async def calls_of(gateway: FullonCacheGateway, path: str) -> int:
    """How many functions of Python are called for a request whose like has been answered before."""
    called: list[str] = []

    def count(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and "fullon_cache_api" in frame.f_code.co_filename:
            called.append(frame.f_code.co_qualname)

    for _ in range(3):
        await answer(gateway.get_app(), http_scope(path))
    sys.setprofile(count)
    try:
        await answer(gateway.get_app(), http_scope(path))
    finally:
        sys.setprofile(None)
    return len(called)


@pytest.fixture
def filled(writer: "redis.Redis") -> None:
    """300 tickers and 100 bars."""
    writer.hset("tickers:binance", mapping={f"S{n}/USDT": json.dumps(TICK) for n in range(299)})
    writer.hset("tickers:binance", "BTC/USDT", json.dumps(TICK))
    writer.rpush("ohlcv:BTC/USDT:1m", *("[1, 2, 3, 4, 5, 6]" for _ in range(100)))


@pytest.mark.anyio
@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("path", "sharing", "most"),
    [
        (TICKER, "false", 55),
        (TICKER, "true", 20),
        ("/api/tickers/binance", "false", 85),
        # Each bar is looked at once.
        ("/api/ohlcv/BTC-USDT/1m", "false", 170),
    ],
)
async def test_a_request_whose_answer_is_known_calls_few_functions(
    redis_server: EmbeddedServer, path: str, sharing: str, most: int
) -> None:
    settings = settings_for(redis_server.url, SHARED_READS=sharing)
    async with FullonCacheGateway(settings=settings) as gateway:
        assert 0 < await calls_of(gateway, path) <= most


@pytest.mark.anyio
@pytest.mark.usefixtures("filled")
async def test_requests_leave_no_memory_behind(redis_server: EmbeddedServer) -> None:
    settings = settings_for(redis_server.url)
    async with FullonCacheGateway(settings=settings) as gateway:
        app = gateway.get_app()

        async def load(count: int) -> None:
            for number in range(count):
                for path in (
                    TICKER,
                    f"/api/tickers/binance/S{number % 50}-USDT",
                    "/api/none",
                    "/api/bots/9/status",
                ):
                    await answer(app, http_scope(path))

        await load(100)
        gc.collect()
        tracemalloc.start()
        try:
            await load(20)
            gc.collect()
            before, _ = tracemalloc.get_traced_memory()
            await load(300)
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert after - before < 20_000


SELECTING = """
info: {title: Tickers, version: '1'}
parameters:
  exchange: {in: path, schema: {type: string}, example: binance}
  fields: {in: query, select: fields, schema: {type: string}}
  page_limit: {name: limit, in: query, select: limit, schema: {type: integer, minimum: 1, maximum: 1000}}
  offset: {in: query, select: offset, schema: {type: integer, minimum: 0, maximum: 1000}}
endpoints:
  /shared/{exchange}:
    operationId: listShared
    summary: Tickers
    parameters: [exchange, fields, page_limit, offset]
    read: TickCache.get_all_tickers
    response: exchange_tickers.json
    max_age: 0.1
    stale_if_error: 30
  /coherent/{exchange}:
    operationId: listCoherent
    summary: Tickers
    parameters: [exchange, fields, page_limit, offset]
    read: TickCache.get_all_tickers
    response: exchange_tickers.json
    coherent: true
    stale_if_error: 30
"""


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["shared", "coherent"])
async def test_what_clients_select_takes_no_more_memory_than_is_meant_for_answers(
    redis_server: EmbeddedServer, writer: "redis.Redis", tmp_path: Path, kind: str
) -> None:
    """1,500 selections of 6 kB each, and the Link to what follows repeats each of them."""
    writer.hset("tickers:binance", mapping={f"S{n}/USDT": json.dumps(TICK) for n in range(5)})
    (tmp_path / "endpoints.yaml").write_text(SELECTING)
    (tmp_path / "schemas").symlink_to(CHECKOUT / "schemas")
    spec = tmp_path / "endpoints.yaml"
    settings = settings_for(redis_server.url, SHARED_READS="true", ENDPOINTS_FILE=str(spec))
    async with FullonCacheGateway(settings=settings) as gateway:
        app = gateway.get_app()

        async def load(first: int, last: int) -> None:
            for number in range(first, last):
                names = ",".join(f"ticker.{'x' * 100}{number}_{one}" for one in range(48))
                found = await answer(app, http_scope(f"/api/{kind}/binance?limit=1&fields={names}"))
                assert found.status == 200

        await load(0, 20)
        gc.collect()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            await load(20, 1_520)
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    # What is kept of finished answers and of last good ones: 4 MB each.
    assert after - before < 9_000_000


@pytest.mark.anyio
@pytest.mark.usefixtures("filled")
async def test_requests_that_come_together_share_their_commands(redis_server: EmbeddedServer) -> None:
    """The fifty of them ask for three tickers of one exchange, and for the bars of one symbol."""
    with RecordingProxy(redis_server.url) as proxy:
        async with FullonCacheGateway(settings=settings_for(proxy.url)) as gateway:
            app = gateway.get_app()
            await answer(app, http_scope(TICKER))
            proxy.reset()
            paths = [TICKER, "/api/tickers/binance/S1-USDT", "/api/tickers/binance/S2-USDT"] * 15
            paths += ["/api/ohlcv/BTC-USDT/1m?count=2"] * 5
            answers = await asyncio.gather(*(answer(app, http_scope(path)) for path in paths))
    assert {answered.status for answered in answers} == {200}
    assert proxy.round_trips == 1
    assert sorted(proxy.commands) == [
        ("HMGET", "tickers:binance", "BTC/USDT", "BTC-USDT", "S1/USDT", "S1-USDT", "S2/USDT", "S2-USDT"),
        ("LRANGE", "ohlcv:BTC-USDT:1m", "-2", "-1"),
        ("LRANGE", "ohlcv:BTC/USDT:1m", "-2", "-1"),
    ]


@pytest.mark.anyio
@pytest.mark.usefixtures("filled")
async def test_an_answer_has_no_byte_more_than_it_says(redis_server: EmbeddedServer) -> None:
    async with FullonCacheGateway(settings=settings_for(redis_server.url)) as gateway:
        answered = await answer(gateway.get_app(), http_scope(TICKER))
    assert answered.body == (
        b'{"exchange":"binance","symbol":"BTC-USDT",'
        b'"ticker":{"bid":1.5,"ask":2.5,"last":2.0,"volume":10.0},'
        b'"cached_at":"2024-01-01T12:00:00Z","cache_hit":true}'
    )
    assert [name for name, _ in answered.headers] == [
        b"etag",
        b"content-type",
        b"cache-control",
        b"x-content-type-options",
        b"content-length",
    ]
