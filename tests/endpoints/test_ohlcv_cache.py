"""Bars, from the lists `ohlcv:{symbol}:{timeframe}`."""

import httpx
import pytest
import redis
from endpoints.problems import problem

BARS = [[1704110400, 1.5, 2, 0.5, 1.25, 100.0], [1704110460.0, 1.25, 2.0, 1, 2, 0]]


def put_bars(writer: "redis.Redis", key: str, *bars: str) -> None:
    writer.rpush(
        key, *(bars or ("[1704110400, 1.5, 2, 0.5, 1.25, 100.0]", "[1704110460.0, 1.25, 2.0, 1, 2, 0]"))
    )


def test_bars_are_shown_oldest_first_as_they_are_cached(client: httpx.Client, writer: "redis.Redis") -> None:
    put_bars(writer, "ohlcv:BTC/USDT:1m")
    assert client.get("/api/ohlcv/BTC-USDT/1m").text == (
        '{"symbol":"BTC-USDT","timeframe":"1m","count":2,'
        '"bars":[[1704110400,1.5,2,0.5,1.25,100.0],[1704110460.0,1.25,2.0,1,2,0]]}'
    )


@pytest.mark.parametrize(
    ("symbol", "key", "answered"),
    [
        ("BTC-USD", "BTC/USD", "BTC-USD"),
        ("BTC-USD", "BTC-USD", "BTC-USD"),
        ("BTCUSD", "BTCUSD", "BTCUSD"),
        ("BTC%2FUSD", "BTC/USD", "BTC-USD"),
        ("BTC-USDT:USDT", "BTC/USDT:USDT", "BTC-USDT:USDT"),
        ("BTC%2FUSDT:USDT-240329", "BTC/USDT:USDT-240329", "BTC-USDT:USDT-240329"),
    ],
)
def test_bars_are_found_under_the_symbol_as_its_writer_gave_it(
    client: httpx.Client, writer: "redis.Redis", symbol: str, key: str, answered: str
) -> None:
    put_bars(writer, f"ohlcv:{key}:1h")
    assert client.get(f"/api/ohlcv/{symbol}/1h").json() == {
        "symbol": answered,
        "timeframe": "1h",
        "count": 2,
        "bars": BARS,
    }


def test_the_likelier_spelling_wins(client: httpx.Client, writer: "redis.Redis") -> None:
    put_bars(writer, "ohlcv:BTC-USD:1h", "[1, 1, 1, 1, 1, 1]")
    put_bars(writer, "ohlcv:BTC/USD:1h", "[2, 2, 2, 2, 2, 2]")
    assert client.get("/api/ohlcv/BTC-USD/1h").json()["bars"] == [[2, 2, 2, 2, 2, 2]]


def test_no_bars_are_an_empty_list(client: httpx.Client, writer: "redis.Redis") -> None:
    put_bars(writer, "ohlcv:BTC/USDT:1h")
    assert client.get("/api/ohlcv/BTC-USDT/1m").json() == {
        "symbol": "BTC-USDT",
        "timeframe": "1m",
        "count": 0,
        "bars": [],
    }


@pytest.mark.parametrize(
    ("query", "first", "count"), [("", 50, 100), ("?count=1", 149, 1), ("?count=10000", 0, 150)]
)
def test_the_newest_bars_are_shown_up_to_a_count(
    client: httpx.Client, writer: "redis.Redis", query: str, first: int, count: int
) -> None:
    put_bars(writer, "ohlcv:BTC/USDT:1m", *(f"[{number}, 1, 1, 1, 1, 1]" for number in range(150)))
    body = client.get(f"/api/ohlcv/BTC-USDT/1m{query}").json()
    assert [bar[0] for bar in body["bars"]] == list(range(first, 150))
    assert body["count"] == count


@pytest.mark.parametrize("count", ["0", "-5", "10001", "x", ""])
def test_a_count_that_is_none_is_refused(client: httpx.Client, count: str) -> None:
    body = problem(client.get(f"/api/ohlcv/BTC-USDT/1m?count={count}"), "bad-parameters")
    assert {(error["in"], error["name"]) for error in body["errors"]} == {("query", "count")}


@pytest.mark.parametrize("timeframe", ["1", "m", "1min", "1m%3A2m", "12345m", "1m%0A", "*"])
def test_a_timeframe_that_is_none_is_refused(client: httpx.Client, timeframe: str) -> None:
    body = problem(client.get(f"/api/ohlcv/BTC-USDT/{timeframe}"), "bad-parameters")
    assert {(error["in"], error["name"]) for error in body["errors"]} == {("path", "timeframe")}


@pytest.mark.parametrize(
    "bar",
    [
        "S3CRET",
        '"S3CRET"',
        '{"ts": 1}',
        "[1, 2, 3, 4, 5]",
        "[1, 2, 3, 4, 5, 6, 7]",
        "[1, 2, 3, 4, 5, null]",
        "[1, 2, 3, 4, 5, NaN]",
        "[1, 2, 3, 4, 5, Infinity]",
        "[1, 2, 3, 4, 5, 1e400]",
        '[1, 2, 3, 4, 5, "6"]',
        "[1, 2, 3, 4, 5, true]",
        "[1, 2, 3, 4, 5, [6]]",
        "[" * 5_000,
        b"\xff",
    ],
)
def test_a_bar_that_is_not_six_numbers_is_left_out(
    client: httpx.Client, writer: "redis.Redis", bar: str
) -> None:
    put_bars(writer, "ohlcv:BTC/USDT:1m", bar, "[1, 2, 3, 4, 5, 123456789012345678901234567890]")
    assert client.get("/api/ohlcv/BTC-USDT/1m").text == (
        '{"symbol":"BTC-USDT","timeframe":"1m","count":1,'
        '"bars":[[1,2,3,4,5,123456789012345678901234567890]],"skipped":1}'
    )


def test_the_second_spelling_is_never_in_the_way_of_the_first(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_bars(writer, "ohlcv:BTC/USDT:1m")
    writer.set("ohlcv:BTC-USDT:1m", "S3CRET")
    assert client.get("/api/ohlcv/BTC-USDT/1m").json()["bars"] == BARS
