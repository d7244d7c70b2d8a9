"""One read answers all who ask within an endpoint's `max_age`, and says so."""

import asyncio
import json
import random
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import redis
from asgi import Answered, answer, http_scope
from support import http_client, serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

BARS = "/api/ohlcv/BTC-USDT/1m"
TICKER = "/api/tickers/binance/BTC-USDT"
TICKER_AGE = 0.1


@pytest.fixture(scope="module")
def sharing(redis_server: EmbeddedServer) -> Iterator[httpx.Client]:
    """A gateway as it is shipped: bars may be 5 s old, tickers 0.1 s."""
    settings = settings_for(redis_server.url, SHARED_READS="true")
    with serving(FullonCacheGateway(settings=settings)) as client:
        yield client


async def ask(gateway: FullonCacheGateway) -> Answered:
    return await answer(gateway.get_app(), http_scope(BARS))


def put_bars(writer: "redis.Redis", *closes: float) -> None:
    writer.delete("ohlcv:BTC/USDT:1m")
    writer.rpush("ohlcv:BTC/USDT:1m", *(json.dumps([1, 1, 2, 0, close, 10]) for close in closes))


def put_ticker(writer: "redis.Redis", bid: float) -> None:
    writer.hset("tickers:binance", "BTC/USDT", json.dumps({"bid": bid}))


def closes(response: httpx.Response) -> list[float]:
    return [bar[4] for bar in response.json()["bars"]]


def commands(writer: "redis.Redis", name: str) -> int:
    return int(writer.info("commandstats").get(f"cmdstat_{name}", {"calls": 0})["calls"])


def test_a_shared_answer_is_the_first_ones_with_its_age_and_no_read(
    sharing: httpx.Client, writer: "redis.Redis"
) -> None:
    put_bars(writer, 1.5)
    first = sharing.get(f"{BARS}?count=1")
    put_bars(writer, 2.5)
    before = commands(writer, "lrange")
    again = [sharing.get(f"{BARS}?count=1") for _ in range(3)]
    known = sharing.get(f"{BARS}?count=1", headers={"If-None-Match": first.headers["etag"]})
    assert commands(writer, "lrange") == before
    assert "age" not in first.headers
    for response in again:
        assert (response.content, response.headers["etag"]) == (first.content, first.headers["etag"])
        assert 1 <= int(response.headers["age"]) <= 5
        assert response.headers["cache-control"] == "max-age=5"
    assert (known.status_code, known.content) == (304, b"")
    assert sharing.head(f"{BARS}?count=1").headers["age"] >= "1"


def test_another_query_has_a_read_of_its_own(sharing: httpx.Client, writer: "redis.Redis") -> None:
    put_bars(writer, 1.5, 2.5, 3.5)
    assert closes(sharing.get(f"{BARS}?count=2")) == [2.5, 3.5]
    assert closes(sharing.get(f"{BARS}?count=3")) == [1.5, 2.5, 3.5]


@pytest.mark.parametrize("directive", ["no-cache", "max-age=0", "No-Cache", "foo, max-age=0", 'max-age="0"'])
def test_who_wants_no_stored_answer_gets_a_new_one(
    sharing: httpx.Client, writer: "redis.Redis", directive: str
) -> None:
    put_bars(writer, 1.5)
    sharing.get(f"{BARS}?count=4")
    put_bars(writer, 2.5)
    fresh = sharing.get(f"{BARS}?count=4", headers={"Cache-Control": directive})
    assert (closes(fresh), "age" in fresh.headers) == ([2.5], False)


@pytest.mark.parametrize("directive", ["max-age=60", "max-stale=5", "", "no-transform", "max-age=x"])
def test_who_takes_a_stored_answer_gets_it(
    sharing: httpx.Client, writer: "redis.Redis", directive: str
) -> None:
    put_bars(writer, 1.5)
    path = f"{BARS}?count={100 + len(directive)}"
    sharing.get(path)
    put_bars(writer, 2.5)
    assert closes(sharing.get(path, headers={"Cache-Control": directive})) == [1.5]


def test_after_its_time_the_answer_is_read_again(sharing: httpx.Client, writer: "redis.Redis") -> None:
    put_ticker(writer, 1.5)
    assert sharing.get(TICKER).json()["ticker"]["bid"] == 1.5
    put_ticker(writer, 2.5)
    written = time.monotonic()
    while sharing.get(TICKER).json()["ticker"]["bid"] != 2.5:
        assert time.monotonic() - written < 5 * TICKER_AGE


def test_what_is_not_cached_or_corrupt_is_not_shared(sharing: httpx.Client, writer: "redis.Redis") -> None:
    path = "/api/tickers/binance/NEW-USDT"
    assert sharing.get(path).status_code == 404
    writer.hset("tickers:binance", "NEW/USDT", "{")
    assert sharing.get(path).status_code == 502
    writer.hset("tickers:binance", "NEW/USDT", json.dumps({"bid": 1}))
    assert sharing.get(path).status_code == 200


def test_an_account_is_never_shared(sharing: httpx.Client, writer: "redis.Redis") -> None:
    seen = []
    for free in (1.5, 2.5):
        writer.hset("accounts", "1", json.dumps({"USDT": {"free": free}, "date": "2024-01-01T00:00:00Z"}))
        seen.append(sharing.get("/api/accounts/1/balances").json()["balances"]["USDT"]["free"])
    assert seen == [1.5, 2.5]


@pytest.mark.anyio
async def test_those_who_wait_for_the_same_share_one_read(
    redis_server: EmbeddedServer, writer: "redis.Redis"
) -> None:
    put_bars(writer, 1.5)
    settings = settings_for(redis_server.url, SHARED_READS="true")
    async with FullonCacheGateway(settings=settings) as gateway:
        before = commands(writer, "lrange")
        answers = await asyncio.gather(*(ask(gateway) for _ in range(50)))
        # The symbol is looked for in both of its spellings.
        assert commands(writer, "lrange") == before + 2
    assert {answer.status for answer in answers} == {200}
    assert sorted(answer.header("age") or "" for answer in answers) == [""] + ["1"] * 49


@pytest.mark.anyio
async def test_who_waited_for_a_read_that_was_given_up_reads_for_himself(
    redis_server: EmbeddedServer, writer: "redis.Redis"
) -> None:
    put_bars(writer, 1.5)
    settings = settings_for(redis_server.url, SHARED_READS="true")
    async with FullonCacheGateway(settings=settings) as gateway:
        first = asyncio.create_task(ask(gateway))
        others = [asyncio.create_task(ask(gateway)) for _ in range(3)]
        await asyncio.sleep(0)
        first.cancel()
        answers = await asyncio.gather(*others)
    assert [(answer.status, answer.header("age")) for answer in answers] == [(200, None)] * 3


@pytest.mark.anyio
async def test_an_outage_is_each_ones_own(redis_server: EmbeddedServer) -> None:
    with EmbeddedServer() as server:
        settings = settings_for(server.url, SHARED_READS="true")
        async with FullonCacheGateway(settings=settings) as gateway:
            server.kill()
            answers = await asyncio.gather(*(ask(gateway) for _ in range(5)))
            assert [answer.status for answer in answers] == [503] * 5
            server.restart()
            async with asyncio.timeout(5):
                while (answered := await ask(gateway)).status == 503:
                    await asyncio.sleep(0.01)
            assert (answered.status, answered.header("age")) == (200, None)


def test_no_answer_is_older_than_the_endpoint_allows(sharing: httpx.Client, writer: "redis.Redis") -> None:
    """Beside a writer: an answer was the cached one at most `max_age` before it was asked for."""
    replaced: dict[int, float] = {}
    over = threading.Event()
    late: list[float] = []

    def read() -> None:
        with http_client(sharing.base_url) as own:
            while not over.is_set():
                sent = time.monotonic()
                response = own.get(TICKER)
                bid = response.json()["ticker"]["bid"]
                oldest = TICKER_AGE + 0.01 if "age" in response.headers else 0.0
                late.append(sent - oldest - replaced.get(bid, sent))

    put_ticker(writer, 0)
    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    pause = random.Random(7)
    try:
        for bid in range(1, 300):
            put_ticker(writer, bid)
            # From here on nobody may read the one before.
            replaced[bid - 1] = time.monotonic()
            over.wait(pause.random() * 0.02)
    finally:
        over.set()
        for reader in readers:
            reader.join()
    assert len(late) > 100
    assert max(late) <= 0


def test_a_batch_is_as_old_as_the_oldest_of_its_answers(sharing: httpx.Client, writer: "redis.Redis") -> None:
    put_bars(writer, 1.5)
    put_ticker(writer, 1.5)
    gets = {"get": ["/ohlcv/BTC-USDT/1m?count=7", "/tickers/binance/BTC-USDT"]}
    first = sharing.get("/api/batch", params=gets)
    again = sharing.get("/api/batch", params=gets)
    put_bars(writer, 2.5)
    fresh = sharing.get("/api/batch", params=gets, headers={"Cache-Control": "no-cache"})
    assert ("age" in first.headers, "age" in fresh.headers) == (False, False)
    # Less than a second each, and both are rounded up: that of the answer, and the time that the batch took.
    assert again.headers["age"] in ("1", "2")
    assert [batch.json()["answers"][0]["body"]["bars"][0][4] for batch in (again, fresh)] == [1.5, 2.5]
