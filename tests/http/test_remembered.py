"""Finished answers that are kept: by all that they depend on, so that none is older than what was read."""

import json

import httpx
import redis


def put(writer: "redis.Redis", exchange: str, bid: float, **more: object) -> None:
    writer.hset(f"tickers:{exchange}", "BTC/USDT", json.dumps({"bid": bid, **more}))


def test_each_change_of_a_cached_value_is_answered_at_once(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    bids = [1.5, 2.5, 1.5, 1.5, 3.5]
    seen = []
    for bid in bids:
        put(writer, "binance", bid)
        seen.append(client.get("/api/tickers/binance/BTC-USDT").json()["ticker"]["bid"])
    assert seen == bids


def test_equal_values_of_two_exchanges_and_symbols_are_told_apart(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    for exchange in ("binance", "kraken"):
        put(writer, exchange, 1.5)
    writer.hset("tickers:binance", "BTC-USD", json.dumps({"bid": 1.5}))
    paths = ["binance/BTC-USDT", "kraken/BTC-USDT", "binance/BTC-USD"]
    answers = [client.get(f"/api/tickers/{path}").json() for path in (*paths, *paths)]
    shown = [f"{answer['exchange']}/{answer['symbol']}" for answer in answers]
    assert shown == [*paths, *paths]


def test_a_corrupt_value_is_corrupt_each_time(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset("tickers:binance", "BTC/USDT", "{")
    assert [client.get("/api/tickers/binance/BTC-USDT").status_code for _ in range(3)] == [502, 502, 502]


def test_a_large_value_is_answered_like_a_small_one(client: httpx.Client, writer: "redis.Redis") -> None:
    for bid in (1.5, 2.5):
        put(writer, "binance", bid, note="x" * 5_000)
        assert client.get("/api/tickers/binance/BTC-USDT").json()["ticker"]["bid"] == bid


def test_what_is_kept_answers_304_as_well(client: httpx.Client, writer: "redis.Redis") -> None:
    put(writer, "binance", 1.5)
    first = client.get("/api/tickers/binance/BTC-USDT")
    again = client.get("/api/tickers/binance/BTC-USDT", headers={"If-None-Match": first.headers["etag"]})
    put(writer, "binance", 2.5)
    changed = client.get("/api/tickers/binance/BTC-USDT", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, changed.status_code) == (304, 200)
