"""Finished answers that are kept: by all that they depend on, so that none is older than what was read."""

import json

import httpx
import redis
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger
from profiles import examples

from fullon_cache_api.http.kept import Entries, Finished, Kept, size_of
from fullon_cache_api.http.response import Response
from fullon_cache_api.reads.answer import Derived


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


def test_each_change_of_a_collection_is_answered_at_once(client: httpx.Client, writer: "redis.Redis") -> None:
    def bids() -> dict[str, object]:
        body = client.get("/api/tickers/binance").json()
        assert body["count"] == len(body["tickers"])
        return {ticker["symbol"]: ticker["ticker"]["bid"] for ticker in body["tickers"]}

    assert bids() == {}
    put(writer, "binance", 1.5)
    assert bids() == bids() == {"BTC-USDT": 1.5}
    writer.hset("tickers:binance", "ETH/USDT", json.dumps({"bid": 1.5}))
    assert bids() == bids() == {"BTC-USDT": 1.5, "ETH-USDT": 1.5}
    put(writer, "binance", 2.5)
    writer.hdel("tickers:binance", "ETH/USDT")
    assert bids() == bids() == {"BTC-USDT": 2.5}


def test_each_change_of_bars_and_positions_is_answered_at_once(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    for number in range(3):
        writer.rpush("ohlcv:BTC/USDT:1m", json.dumps([number, 1, 1, 1, 1, 1]))
        writer.hset("account_positions", "1", json.dumps({"BTC/USDT": {"volume": number, "price": 1}}))
        for _ in range(2):
            bars = client.get("/api/ohlcv/BTC-USDT/1m?count=2").json()["bars"]
            assert [bar[0] for bar in bars] == list(range(number + 1))[-2:]
            assert client.get("/api/ohlcv/BTC-USDT/1m?count=1").json()["bars"][0][0] == number
            (position,) = client.get("/api/accounts/1/positions").json()["positions"]
            assert position["volume"] == number


def test_what_is_left_out_of_a_kept_answer_is_counted_and_logged_each_time(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put(writer, "binance", 1.5)
    writer.hset("tickers:binance", "BAD/USDT", "{")
    texts: list[str] = []
    sink = logger.add(lambda message: texts.append(message.record["message"]))
    try:
        for count in range(1, 4):
            assert client.get("/api/tickers/binance").json()["skipped"] == 1
            assert texts == ["elements left out"] * count
    finally:
        logger.remove(sink)


def derived(number: int, size: int = 0) -> Derived:
    return Derived(dict, (number, b"x" * size), "key")


def finished(size: int = 100) -> Finished:
    return Finished(Response(200, (), b"x" * size))


def add(kept: Kept, entries: Entries, read: Derived, made: Finished) -> None:
    kept.add(entries, read, made, size_of(read, made))


def test_the_oldest_answers_go_when_the_budget_is_spent() -> None:
    one: Entries = {}
    other: Entries = {}
    kept = Kept(budget=10_000)
    for number in range(20):
        add(kept, one if number % 2 else other, derived(number), finished())
    numbers = sorted(entry.arguments[0] for entry in (*one, *other))
    assert numbers == list(range(20 - len(numbers), 20))
    assert 8 <= len(numbers) <= 12


def test_an_answer_that_would_take_much_of_the_budget_is_not_kept() -> None:
    entries: Entries = {}
    kept = Kept(budget=10_000)
    add(kept, entries, derived(1, size=2_000), finished())
    add(kept, entries, derived(2), finished(2_000))
    assert entries == {}
    add(kept, entries, derived(3), finished())
    assert len(entries) == 1


@examples(100)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 900), st.integers(0, 900)), max_size=60))
def test_what_is_kept_never_outgrows_the_budget(added: list[tuple[int, int, int]]) -> None:
    every: list[Entries] = [{} for _ in range(6)]
    kept = Kept(budget=12_000)
    for number, (endpoint, read, made) in enumerate(added):
        add(kept, every[endpoint], derived(number, read), finished(made))
        held = [(entry, done) for entries in every for entry, done in entries.items()]
        assert sum(len(e.arguments[1]) + len(done.response.body) for e, done in held) <= 12_000


def test_a_value_that_replaced_another_stays_when_that_ones_turn_has_come() -> None:
    entries: dict[str, bytes] = {}
    kept = Kept(budget=10_000)
    for key, value in [
        ("again", b"first"),
        *((str(number), b"x") for number in range(5)),
        ("again", b"second"),
    ]:
        kept.add(entries, key, value, 500)
    assert set(entries) == {"again", *"01234"}
    kept.add(entries, "5", b"x", 500)
    kept.add(entries, "6", b"x", 500)
    assert set(entries) == {"again", *"0123456"}
    assert entries["again"] == b"second"
