"""Handlers as the factory makes them: what a spec says of emptiness, caching and constants holds."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis
from asgi import Answered, answer, http_scope
from support import CHECKOUT, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

SPEC = """
info: {title: Prices, version: '1'}
parameters:
  exchange: {in: path, schema: {type: string}, example: binance}
endpoints:
  /tickers/{exchange}:
    operationId: listTickers
    summary: Tickers
    parameters: [exchange]
    read: TickCache.get_all_tickers
    response: exchange_tickers.json
    empty: 404
    max_age: 5
  /ether:
    operationId: getEther
    summary: One ticker
    read: TickCache.get_ticker
    args: {exchange: {const: kraken}, symbol: {const: ETH-USDT}}
    response: ticker.json
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("spec") / "endpoints.yaml"
    file.write_text(SPEC)
    (file.parent / "schemas").symlink_to(CHECKOUT / "schemas")
    return file


@pytest.fixture
async def own(redis_server: EmbeddedServer, spec: Path) -> AsyncIterator[FullonCacheGateway]:
    """A gateway of two endpoints, without a prefix."""
    async with FullonCacheGateway(spec=spec, prefix="", settings=settings_for(redis_server.url)) as gateway:
        yield gateway


async def get(gateway: FullonCacheGateway, target: str, **headers: str) -> Answered:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return await answer(gateway.get_app(), http_scope(target, headers=pairs))


@pytest.mark.anyio
async def test_an_empty_collection_is_not_cached_where_the_spec_says_so(
    own: FullonCacheGateway, writer: "redis.Redis"
) -> None:
    absent = await get(own, "/tickers/binance")
    assert (absent.status, absent.json()["type"]) == (404, "/problems/not-cached")
    writer.hset("tickers:binance", "BTC/USDT", '{"last": 1}')
    assert (await get(own, "/tickers/binance")).json()["count"] == 1


@pytest.mark.anyio
async def test_a_collection_of_nothing_but_bad_elements_is_not_absent(
    own: FullonCacheGateway, writer: "redis.Redis"
) -> None:
    writer.hset("tickers:binance", mapping={"A/B": "{", "C/D": "[]"})
    answered = await get(own, "/tickers/binance")
    assert answered.status == 200
    assert answered.json() == {"exchange": "binance", "count": 0, "tickers": [], "skipped": 2}


@pytest.mark.anyio
async def test_an_answer_is_kept_as_long_as_the_spec_says_and_is_sent_once(
    own: FullonCacheGateway, writer: "redis.Redis"
) -> None:
    writer.hset("tickers:kraken", "ETH/USDT", '{"last": 1}')
    several, one = await get(own, "/tickers/kraken"), await get(own, "/ether")
    assert several.header("cache-control") == "max-age=5"
    assert one.header("cache-control") == "no-store"
    for target, first in (("/tickers/kraken", several), ("/ether", one)):
        again = await get(own, target, if_none_match=f'"x", {first.header("etag")}')
        assert (again.status, again.body, again.header("etag")) == (304, b"", first.header("etag"))
    writer.hset("tickers:kraken", "ETH/USDT", '{"last": 2}')
    changed = await get(own, "/ether", if_none_match=one.header("etag") or "")
    assert (changed.status, changed.json()["ticker"]["last"]) == (200, 2)


@pytest.mark.anyio
async def test_constants_of_the_spec_are_what_is_read(own: FullonCacheGateway, writer: "redis.Redis") -> None:
    assert (await get(own, "/ether")).status == 404
    writer.hset("tickers:kraken", "ETH/USDT", '{"last": 1}')
    body = (await get(own, "/ether")).json()
    assert (body["exchange"], body["symbol"]) == ("kraken", "ETH-USDT")


@pytest.mark.anyio
async def test_what_the_read_demands_holds_though_the_spec_allows_anything(
    own: FullonCacheGateway, writer: "redis.Redis"
) -> None:
    writer.hset("tickers:a:b", "BTC/USDT", '{"last": 1}')
    for exchange in ("a:b", "a%3Ab", "%00", "x" * 129):
        refused = await get(own, f"/tickers/{exchange}")
        assert (refused.status, refused.json()["type"]) == (400, "/problems/bad-parameters")
        assert len(refused.json()["errors"]) == 1
