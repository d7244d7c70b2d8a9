"""Bots, from the hashes `bot_status`, `block_exchange` and `opening_position`."""

import json

import httpx
import pytest
import redis
from endpoints.problems import NOT_CACHED, problem

FEEDS = {
    "feed_1": {
        "status": "running",
        "symbols": ["BTC/USDT", "BTC-PERP", 5],
        "performance": {"pnl": 100.5},
        "timestamp": "2024-01-01T12:00:00+00:00",
    },
    "feed_2": {"status": "paused", "timestamp": "2024-01-01T12:00:01+00:00"},
    "feed_3": {"status": "waiting", "timestamp": None},
    "feed_4": {},
}
BOT = {
    "bot_id": "7",
    "feeds": {
        "feed_1": {
            "status": "running",
            "symbols": ["BTC-USDT", "BTC-PERP", 5],
            "performance": {"pnl": 100.5},
            "timestamp": "2024-01-01T12:00:00Z",
        },
        "feed_2": {"status": "paused", "timestamp": "2024-01-01T12:00:01Z"},
        "feed_3": {"status": "waiting", "timestamp": None},
        "feed_4": {},
    },
    "updated_at": "2024-01-01T12:00:01Z",
}


def test_a_bot_shows_its_feeds_and_when_the_newest_was_written(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    writer.hset("bot_status", "7", json.dumps(FEEDS))
    assert client.get("/api/bots/7/status").json() == BOT


def test_all_bots_are_listed(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset("bot_status", "7", json.dumps(FEEDS))
    writer.hset("bot_status", "bot 8", "{}")
    assert client.get("/api/bots").json() == {
        "count": 2,
        "bots": [BOT, {"bot_id": "bot 8", "feeds": {}, "updated_at": None}],
    }


def test_a_bot_that_is_not_cached_is_not_found(client: httpx.Client, writer: "redis.Redis") -> None:
    assert problem(client.get("/api/bots/7/status"), "not-cached") == NOT_CACHED


def test_nothing_of_bots_is_empty_lists(client: httpx.Client, writer: "redis.Redis") -> None:
    assert client.get("/api/bots").json() == {"count": 0, "bots": []}
    assert client.get("/api/bots/blocks").json() == {"count": 0, "blocks": []}
    assert client.get("/api/bots/coordination/status").json() == {"bots": 0, "blocked": [], "opening": []}


def test_a_blocked_symbol_names_its_bot(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset("block_exchange", "binance:BTC/USDT", "7")
    writer.hset("block_exchange", "binance:BTC/USDT:USDT", "8")
    assert client.get("/api/bots/binance/BTC-USDT/blocked").json() == {
        "exchange": "binance",
        "symbol": "BTC-USDT",
        "blocked": True,
        "bot_id": "7",
    }
    assert client.get("/api/bots/binance/BTC-USDT:USDT/blocked").json()["bot_id"] == "8"


@pytest.mark.parametrize("cached", [None, ""])
def test_a_symbol_that_nobody_blocked_or_opens_is_no_error(
    client: httpx.Client, writer: "redis.Redis", cached: str | None
) -> None:
    if cached is not None:
        writer.hset("block_exchange", "binance:BTC/USDT", cached)
        writer.hset("opening_position", "binance:BTC/USDT", cached)
    assert client.get("/api/bots/binance/BTC-USDT/blocked").json() == {
        "exchange": "binance",
        "symbol": "BTC-USDT",
        "blocked": False,
        "bot_id": None,
    }
    assert client.get("/api/bots/binance/BTC-USDT/opening").json() == {
        "exchange": "binance",
        "symbol": "BTC-USDT",
        "opening": False,
        "bot_id": None,
        "since": None,
    }
    assert client.get("/api/bots/coordination/status").json() == {"bots": 0, "blocked": [], "opening": []}


@pytest.mark.parametrize(
    ("cached", "bot_id", "since"),
    [
        ("7:2024-01-01T12:00:00.25+00:00", "7", "2024-01-01T12:00:00.250000Z"),
        ("bot_7:2024-01-01T12:00:00", "bot_7", "2024-01-01T12:00:00Z"),
        ("7:", "7", None),
    ],
)
def test_a_position_being_opened_names_its_bot_and_time(
    client: httpx.Client, writer: "redis.Redis", cached: str, bot_id: str, since: str | None
) -> None:
    writer.hset("opening_position", "binance:BTC/USDT", cached)
    assert client.get("/api/bots/binance/BTC-USDT/opening").json() == {
        "exchange": "binance",
        "symbol": "BTC-USDT",
        "opening": True,
        "bot_id": bot_id,
        "since": since,
    }


def test_blocks_are_listed_with_their_symbols(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset("block_exchange", "binance:BTC/USDT", "7")
    writer.hset("block_exchange", "kraken:BTC/USDT:USDT", "bot_8")
    writer.hset("block_exchange", "kraken:ETH/USDT", "")
    assert client.get("/api/bots/blocks").json() == {
        "count": 2,
        "blocks": [
            {"exchange": "binance", "symbol": "BTC-USDT", "bot_id": "7"},
            {"exchange": "kraken", "symbol": "BTC-USDT:USDT", "bot_id": "bot_8"},
        ],
    }


def test_coordination_shows_who_blocks_and_who_opens(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset("bot_status", "7", "{}")
    writer.hset("bot_status", "8", "not even JSON")
    writer.hset("block_exchange", "binance:BTC/USDT", "7")
    writer.hset("opening_position", "binance:ETH/USDT", "7:2024-01-01T12:00:00+00:00")
    assert client.get("/api/bots/coordination/status").json() == {
        "bots": 2,
        "blocked": [{"exchange": "binance", "symbol": "BTC-USDT", "bot_id": "7"}],
        "opening": [
            {
                "exchange": "binance",
                "symbol": "ETH-USDT",
                "bot_id": "7",
                "since": "2024-01-01T12:00:00Z",
            }
        ],
    }


def test_coordination_counts_what_it_had_to_leave_out(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.hset("block_exchange", "binance", "7")
    writer.hset("block_exchange", ":BTC/USDT", "7")
    writer.hset("block_exchange", "kraken:", "7")
    writer.hset("opening_position", "binance:ETH/USDT", "S3CRET")
    writer.hset("opening_position", "binance:BTC/USDT", ":2024-01-01T12:00:00+00:00")
    writer.hset("opening_position", "binance:LTC/USDT", "7:S3CRET")
    assert client.get("/api/bots/coordination/status").json() == {
        "bots": 0,
        "blocked": [],
        "opening": [],
        "skipped": 6,
    }


@pytest.mark.parametrize("key", ["bot_status", "block_exchange", "opening_position"])
def test_coordination_depends_on_each_of_its_three_keys(
    client: httpx.Client, writer: "redis.Redis", key: str
) -> None:
    writer.set(key, "S3CRET")
    assert problem(client.get("/api/bots/coordination/status"), "corrupt-cache")["key"] == key


@pytest.mark.parametrize("bot_id", ["a%20b", "a%2Fb", "b%C3%B6t", "x" * 65, "*", "%00"])
def test_a_bot_id_that_is_none_is_refused(client: httpx.Client, bot_id: str) -> None:
    body = problem(client.get(f"/api/bots/{bot_id}/status"), "bad-parameters")
    assert {(error["in"], error["name"]) for error in body["errors"]} == {("path", "bot_id")}


def test_a_feed_shows_its_symbol_with_a_dash_and_a_null_feed_is_none(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    writer.hset("bot_status", "1", json.dumps({"1": {"symbol": "BTC/USDT"}, "2": None}))
    assert client.get("/api/bots/1/status").json()["feeds"] == {"1": {"symbol": "BTC-USDT"}}
