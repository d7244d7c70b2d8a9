"""Tickers and prices, from the hashes `tickers:{exchange}`."""

import json
import time

import httpx
import pytest
import redis
from endpoints.layout import NOON, put_tick
from endpoints.problems import NOT_CACHED, problem
from endpoints.records import Logged

NUMBERS = {
    "bid": 45000.0,
    "ask": 45050.0,
    "last": 45025.0,
    "volume": 1234.5,
    "price": 45025.0,
    "change": 310.5,
    "percentage": 0.69,
}
TICKER = {
    "exchange": "binance",
    "symbol": "BTC-USDT",
    "ticker": NUMBERS,
    "cached_at": "2024-01-01T12:00:00Z",
    "cache_hit": True,
}


def test_a_ticker_shows_the_tick_of_the_cache(client: httpx.Client, writer: "redis.Redis") -> None:
    put_tick(writer, "binance", "BTC/USDT")
    response = client.get("/api/tickers/binance/BTC-USDT")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == TICKER


def test_numbers_leave_exactly_as_they_are_cached(client: httpx.Client, writer: "redis.Redis") -> None:
    raw = (
        '{"bid": 45000, "ask": 45050.1, "last": 123456789012345678901234567890, "volume": 0.1,'
        ' "price": 1e-07, "change": -0.0, "time": 1704110400}'
    )
    writer.hset("tickers:binance", "BTC/USDT", raw)
    assert client.get("/api/tickers/binance/BTC-USDT").text == (
        '{"exchange":"binance","symbol":"BTC-USDT","ticker":{"bid":45000,"ask":45050.1,'
        '"last":123456789012345678901234567890,"volume":0.1,"price":1e-7,"change":-0.0},'
        '"cached_at":"2024-01-01T12:00:00Z","cache_hit":true}'
    )
    assert '"price":123456789012345678901234567890,' in client.get("/api/tickers/binance/BTC-USDT/price").text


def test_the_four_numbers_are_there_whatever_the_cache_lacks(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    writer.hset(
        "tickers:binance", "BTC/USDT", '{"bid": NaN, "ask": Infinity, "last": null, "high": -Infinity}'
    )
    assert client.get("/api/tickers/binance/BTC-USDT").json() == {
        "exchange": "binance",
        "symbol": "BTC-USDT",
        "ticker": {"bid": None, "ask": None, "last": None, "volume": None},
        "cached_at": None,
        "cache_hit": True,
    }


def test_only_numbers_of_the_tick_are_added_to_the_four(client: httpx.Client, writer: "redis.Redis") -> None:
    put_tick(writer, "binance", "BTC/USDT", info={"raw": 1}, note="x", open=True, vwap=45010, change=None)
    numbers = client.get("/api/tickers/binance/BTC-USDT").json()["ticker"]
    assert numbers == {
        "bid": 45000.0,
        "ask": 45050.0,
        "last": 45025.0,
        "volume": 1234.5,
        "price": 45025.0,
        "percentage": 0.69,
        "vwap": 45010,
    }


@pytest.mark.parametrize(
    ("cached", "shown"),
    [
        (1704110400, "2024-01-01T12:00:00Z"),
        (1704110400.25, "2024-01-01T12:00:00.250000Z"),
        ("2024-01-01T12:00:00+00:00", "2024-01-01T12:00:00Z"),
        ("2024-01-01T14:30:00.5+02:30", "2024-01-01T12:00:00.500000Z"),
        ("2024-01-01T12:00:00", "2024-01-01T12:00:00Z"),
        ("2024-01-01T12:00:00Z", "2024-01-01T12:00:00Z"),
        (None, None),
        ("", None),
    ],
)
def test_a_time_is_shown_in_utc_or_is_null(
    client: httpx.Client, writer: "redis.Redis", cached: object, shown: str | None
) -> None:
    put_tick(writer, "binance", "BTC/USDT", time=cached)
    assert client.get("/api/tickers/binance/BTC-USDT").json()["cached_at"] == shown


@pytest.mark.parametrize("path", ["BTC-USDT", "BTC-USDT/price"])
def test_a_symbol_that_is_not_cached_is_not_found(
    client: httpx.Client, writer: "redis.Redis", path: str
) -> None:
    put_tick(writer, "binance", "ETH/USDT")
    put_tick(writer, "kraken", "BTC/USDT")
    assert problem(client.get(f"/api/tickers/binance/{path}"), "not-cached") == NOT_CACHED


@pytest.mark.parametrize(
    ("members", "price"),
    [
        ({"last": 45025.0, "price": 1.0}, 45025.0),
        ({"last": 0, "price": 1.0}, 0),
        ({"last": None, "price": 44000.5}, 44000.5),
        ({"last": float("nan"), "price": 44000.5}, 44000.5),
    ],
)
def test_the_price_is_the_last_one_else_the_ticks_own(
    client: httpx.Client, writer: "redis.Redis", members: dict[str, float], price: float
) -> None:
    put_tick(writer, "binance", "BTC/USDT", **members)
    assert client.get("/api/tickers/binance/BTC-USDT/price").json() == {
        "exchange": "binance",
        "symbol": "BTC-USDT",
        "price": price,
        "cached_at": "2024-01-01T12:00:00Z",
    }


def test_a_tick_without_any_price_has_none_to_answer_with(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_tick(writer, "binance", "BTC/USDT", last=None, price=None)
    assert problem(client.get("/api/tickers/binance/BTC-USDT/price"), "not-cached") == NOT_CACHED


def test_all_tickers_come_from_every_exchange_that_the_cache_holds(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_tick(writer, "binance", "BTC/USDT")
    put_tick(writer, "some_new.exchange", "BTC-PERP")
    writer.set("ticker_time:binance:BTC/USDT", "1704110400.0")
    assert client.get("/api/tickers").json() == {
        "count": 2,
        "tickers": [TICKER, {**TICKER, "exchange": "some_new.exchange", "symbol": "BTC-PERP"}],
    }


def test_tickers_of_an_exchange_are_of_no_other(client: httpx.Client, writer: "redis.Redis") -> None:
    put_tick(writer, "binance", "BTC/USDT")
    put_tick(writer, "binance2", "BTC/USDT")
    assert client.get("/api/tickers/binance").json() == {
        "exchange": "binance",
        "count": 1,
        "tickers": [TICKER],
    }


def test_no_tickers_are_an_empty_list(client: httpx.Client, writer: "redis.Redis") -> None:
    assert client.get("/api/tickers").json() == {"count": 0, "tickers": []}
    assert client.get("/api/tickers/binance").json() == {"exchange": "binance", "count": 0, "tickers": []}
    assert client.get("/api/symbols/BTC-USDT/tickers").json() == {
        "symbol": "BTC-USDT",
        "count": 0,
        "tickers": [],
    }
    assert problem(client.get("/api/symbols/BTC-USDT/ticker"), "not-cached") == NOT_CACHED


def test_the_ticker_of_a_symbol_is_the_newest_of_any_exchange(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_tick(writer, "binance", "BTC/USDT", time=NOON)
    put_tick(writer, "kraken", "BTC/USDT", time="2024-01-01T12:00:00.5+00:00")
    put_tick(writer, "bitfinex", "BTC/USDT", time=None)
    put_tick(writer, "bybit", "ETH/USDT", time=NOON + 60)
    assert client.get("/api/symbols/BTC-USDT/ticker").json() == {
        **TICKER,
        "exchange": "kraken",
        "cached_at": "2024-01-01T12:00:00.500000Z",
    }


def test_a_corrupt_tick_does_not_hide_the_ones_of_other_exchanges(
    client: httpx.Client, writer: "redis.Redis", logged: list[Logged]
) -> None:
    put_tick(writer, "binance", "BTC/USDT")
    put_tick(writer, "kraken", "BTC/USDT", time=NOON + 60, bid="45000")
    writer.set("tickers:bybit", "S3CRET")
    assert client.get("/api/symbols/BTC-USDT/ticker").json() == TICKER
    (record,) = logged
    assert (record.level, record.text) == ("WARNING", "elements left out")
    assert (record.fields["operation"], record.fields["count"]) == ("getSymbolTicker", 2)
    assert record.fields["key"] == "tickers:bybit"


def test_a_symbol_of_which_every_tick_is_corrupt_is_corrupt(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_tick(writer, "binance", "BTC/USDT", bid="S3CRET")
    assert problem(client.get("/api/symbols/BTC-USDT/ticker"), "corrupt-cache") == {
        "detail": 'What is cached at tickers:binance BTC/USDT cannot be used: its "bid" is not a number.',
        "key": "tickers:binance",
    }


def test_the_tickers_of_a_symbol_come_from_every_exchange_however_it_spells_them(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_tick(writer, "binance", "BTC/USDT")
    put_tick(writer, "kraken", "BTC-USDT")
    put_tick(writer, "kraken", "ETH/USDT")
    assert client.get("/api/symbols/BTC-USDT/tickers").json() == {
        "symbol": "BTC-USDT",
        "count": 2,
        "tickers": [TICKER, {**TICKER, "exchange": "kraken"}],
    }


def test_health_counts_the_stale_tickers_of_each_exchange(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    now = int(time.time())
    put_tick(writer, "binance", "BTC/USDT", time=now)
    put_tick(writer, "kraken", "BTC/USD", time=NOON)
    put_tick(writer, "kraken", "ETH/USD", time=now - 40)
    put_tick(writer, "kraken", "LTC/USD", time=None)
    put_tick(writer, "bitfinex", "BTC/USD", time=None)
    at = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)) for moment in (now, now - 40)]
    body = client.get("/api/tickers/health").json()
    assert body == {
        "status": "degraded",
        "tickers": 5,
        "stale": 3,
        "stale_after_seconds": 60,
        "exchanges": [
            {"exchange": "binance", "tickers": 1, "stale": 0, "newest": at[0], "oldest": at[0]},
            {"exchange": "bitfinex", "tickers": 1, "stale": 1, "newest": None, "oldest": None},
            {
                "exchange": "kraken",
                "tickers": 3,
                "stale": 2,
                "newest": at[1],
                "oldest": "2024-01-01T12:00:00Z",
            },
        ],
    }


def test_health_draws_the_line_where_it_is_asked_to(client: httpx.Client, writer: "redis.Redis") -> None:
    put_tick(writer, "binance", "BTC/USDT", time=time.time() - 100)
    answers = [client.get("/api/tickers/health", params={"stale_after": n}).json() for n in (90, 3_600)]
    assert [(body["status"], body["stale"], body["stale_after_seconds"]) for body in answers] == [
        ("degraded", 1, 90),
        ("healthy", 0, 3_600),
    ]


def test_health_without_a_ticker_is_empty(client: httpx.Client, writer: "redis.Redis") -> None:
    assert client.get("/api/tickers/health").json() == {
        "status": "empty",
        "tickers": 0,
        "stale": 0,
        "stale_after_seconds": 60,
        "exchanges": [],
    }


@pytest.mark.parametrize("value", ["0", "86401", "-1", "1.5", "60s", "", "+60"])
def test_health_refuses_an_age_that_is_none(client: httpx.Client, value: str) -> None:
    body = problem(client.get(f"/api/tickers/health?stale_after={value}"), "bad-parameters")
    assert {(error["in"], error["name"]) for error in body["errors"]} == {("query", "stale_after")}


def test_a_tick_of_any_size_is_answered_with(client: httpx.Client, writer: "redis.Redis") -> None:
    many = {f"n{index}": index for index in range(5_000)}
    writer.hset("tickers:binance", "BTC/USDT", json.dumps(many))
    assert len(client.get("/api/tickers/binance/BTC-USDT").json()["ticker"]) == 5_004
