"""Collections of very many elements: right, and beside other requests rather than before them."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import redis
from support import http_client, serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.reads.pages import LARGE


def put_many(writer: "redis.Redis", exchange: str, count: int) -> None:
    ticks = {f"S{number}/USDT": json.dumps({"bid": number}) for number in range(count)}
    writer.hset(f"tickers:{exchange}", mapping=ticks)


@pytest.mark.parametrize("path", ["/api/tickers/binance", "/api/tickers"])
def test_every_element_of_a_large_collection_is_there_but_those_left_out(
    client: httpx.Client, writer: "redis.Redis", path: str
) -> None:
    put_many(writer, "binance", LARGE + 10)
    writer.hset("tickers:binance", "S7/USDT", "{")
    writer.set("tickers:kraken", "no hash")
    body = client.get(path).json()
    assert body["count"] == len(body["tickers"]) == LARGE + 9
    assert body["skipped"] == (1 if path.endswith("binance") else 2)
    bids = {ticker["symbol"]: ticker["ticker"]["bid"] for ticker in body["tickers"]}
    assert bids == {f"S{number}-USDT": number for number in range(LARGE + 10) if number != 7}
    writer.hset("tickers:binance", "S7/USDT", json.dumps({"bid": 7}))
    assert client.get(path).json()["count"] == LARGE + 10


def test_many_bars_are_the_newest_in_their_order(client: httpx.Client, writer: "redis.Redis") -> None:
    bars = [json.dumps([number, 1, 2, 0.5, 1.5, 10]) for number in range(LARGE + 100)]
    writer.rpush("ohlcv:BTC/USDT:1m", *bars)
    body = client.get(f"/api/ohlcv/BTC-USDT/1m?count={LARGE + 50}").json()
    assert [bar[0] for bar in body["bars"]] == list(range(50, LARGE + 100))


def test_small_requests_are_answered_while_a_large_answer_is_made(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_many(writer, "binance", 20_000)
    took: list[float] = []

    def read_all() -> None:
        with http_client(client.base_url) as own:
            started = time.monotonic()
            assert len(own.get("/api/tickers/binance").content) > 1_000_000
            took.append(time.monotonic() - started)

    reading = threading.Thread(target=read_all)
    reading.start()
    small = []
    while reading.is_alive():
        started = time.monotonic()
        assert client.get("/api/tickers/binance/S1-USDT").status_code == 200
        small.append(time.monotonic() - started)
    reading.join()
    assert max(small) < took[0] / 2


def test_a_large_answer_whose_turn_does_not_come_in_time_ends_at_the_deadline(
    redis_server: EmbeddedServer, writer: "redis.Redis"
) -> None:
    put_many(writer, "binance", 20_000)
    settings = settings_for(redis_server.url, API_DEADLINE="0.2")
    with serving(FullonCacheGateway(settings=settings)) as impatient, ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: impatient.get("/api/tickers/binance"), range(16)))
        statuses = {answer.status_code for answer in answers}
        assert 504 in statuses
        assert statuses <= {200, 504}
        # The one that was being made when the deadline came has its thread until it is done.
        end = time.monotonic() + 5
        while impatient.get("/api/tickers/binance/S1-USDT").status_code != 200:
            assert time.monotonic() < end
