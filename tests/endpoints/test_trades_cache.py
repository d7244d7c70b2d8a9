"""Queued trades, from the lists `trades:…` and `user_trades:…`, and the times of the last ones."""

import time

import httpx
import pytest
import redis
from endpoints.layout import TRADE, ago, put_trades, shown
from endpoints.problems import NOT_CACHED, problem
from endpoints.records import Logged

SHOWN = {**TRADE, "symbol": "BTC-USDT", "time": "2024-01-01T12:00:00Z"}
ISO = "2024-01-01T12:00:00.5+00:00"


def test_queued_trades_are_shown_oldest_first_and_stay_queued(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_trades(writer, "trades:binance:BTCUSDT", {}, {"trade_id": 902, "liquidity": "maker", "time": None})
    before = writer.dump("trades:binance:BTCUSDT")
    assert client.get("/api/trades/binance/BTC-USDT").json() == {
        "exchange": "binance",
        "symbol": "BTC-USDT",
        "size": 2,
        "count": 2,
        "trades": [SHOWN, {**SHOWN, "trade_id": 902, "liquidity": "maker", "time": None}],
    }
    assert writer.dump("trades:binance:BTCUSDT") == before


def test_a_trade_needs_no_more_than_it_has(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.rpush("trades:binance:BTCUSDT", '{"trade_id": 123456789012345678901234567890, "fee": NaN}')
    assert '"trades":[{"trade_id":123456789012345678901234567890,"fee":null,"time":null}]' in (
        client.get("/api/trades/binance/BTC-USDT").text
    )


@pytest.mark.parametrize(
    ("query", "ids"),
    [("", list(range(150, 250))), ("?limit=3", [247, 248, 249]), ("?limit=10000", list(range(250)))],
)
def test_the_newest_trades_are_shown_up_to_a_limit(
    client: httpx.Client, writer: "redis.Redis", query: str, ids: list[int]
) -> None:
    put_trades(writer, "trades:binance:BTCUSDT", *({"trade_id": number} for number in range(250)))
    put_trades(writer, "user_trades:42:binance", *({"trade_id": number} for number in range(250)))
    for path in ("/api/trades/binance/BTC-USDT", "/api/trades/users/42/binance"):
        body = client.get(path + query).json()
        assert [trade["trade_id"] for trade in body["trades"]] == ids
        assert (body["size"], body["count"]) == (250, len(ids))


@pytest.mark.parametrize("limit", ["0", "-1", "10001", "1e2", "all", ""])
def test_a_limit_that_is_none_is_refused(client: httpx.Client, limit: str) -> None:
    for path in ("/api/trades/binance/BTC-USDT", "/api/trades/users/42/binance"):
        body = problem(client.get(f"{path}?limit={limit}"), "bad-parameters")
        assert {(error["in"], error["name"]) for error in body["errors"]} == {("query", "limit")}


def test_no_trades_are_an_empty_list(client: httpx.Client, writer: "redis.Redis") -> None:
    assert client.get("/api/trades/binance/BTC-USDT").json() == {
        "exchange": "binance",
        "symbol": "BTC-USDT",
        "size": 0,
        "count": 0,
        "trades": [],
    }
    assert client.get("/api/trades/users/42/binance").json() == {
        "user_id": 42,
        "exchange": "binance",
        "size": 0,
        "count": 0,
        "trades": [],
    }
    assert client.get("/api/trades/status").json() == {"count": 0, "statuses": []}
    assert client.get("/api/trades/queue/status").json() == {"size": 0, "queues": []}
    assert client.get("/api/trades/performance/metrics").json() == {
        "queued_trades": 0,
        "queues": 0,
        "exchanges": [],
    }


def test_trades_of_a_user_are_of_no_other_user_and_no_other_exchange(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_trades(writer, "user_trades:42:binance", {})
    put_trades(writer, "user_trades:42:kraken", {"trade_id": 902})
    put_trades(writer, "user_trades:4:binance", {"trade_id": 903})
    put_trades(writer, "trades:42:binance", {"trade_id": 904})
    assert client.get("/api/trades/users/42/binance").json() == {
        "user_id": 42,
        "exchange": "binance",
        "size": 1,
        "count": 1,
        "trades": [SHOWN],
    }


@pytest.mark.parametrize(
    ("symbol", "answered", "ids"),
    [
        ("BTC-USDT", "BTC-USDT", [1, 2]),
        ("BTC%2FUSDT", "BTC-USDT", [1, 2]),
        ("BTCUSDT", "BTCUSDT", [1, 2]),
        ("BT-CUSDT", "BT-CUSDT", [2]),
        ("BTC-USDT:USDT", "BTC-USDT:USDT", [3]),
        ("BTC-PERP", "BTC-PERP", [4]),
        ("BTC%2FPERP", "BTC-PERP", []),
        ("ETH-USDT", "ETH-USDT", []),
    ],
)
def test_a_queue_shows_the_trades_of_the_symbol_that_was_asked_for(
    client: httpx.Client, writer: "redis.Redis", symbol: str, answered: str, ids: list[int]
) -> None:
    """The key has lost the slash: BT/CUSDT and BTC/USDT share one; a trade without a symbol is of both."""
    put_trades(writer, "trades:binance:BTCUSDT", {"trade_id": 1}, {"trade_id": 2, "symbol": None})
    put_trades(writer, "trades:binance:BTCUSDT:USDT", {"trade_id": 3, "symbol": "BTC/USDT:USDT"})
    put_trades(writer, "trades:binance:BTC-PERP", {"trade_id": 4, "symbol": "BTC-PERP"})
    body = client.get(f"/api/trades/binance/{symbol}").json()
    assert (body["symbol"], [trade["trade_id"] for trade in body["trades"]]) == (answered, ids)


def test_a_trade_that_names_its_symbol_without_a_slash_is_shown(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_trades(writer, "trades:binance:BTCUSDT", {"symbol": "BTCUSDT"})
    assert client.get("/api/trades/binance/BTC-USDT").json()["trades"][0]["symbol"] == "BTCUSDT"


def test_the_second_spelling_is_never_in_the_way_of_the_first(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_trades(writer, "trades:binance:BTCUSDT", {})
    writer.set("trades:binance:BTC-USDT", "S3CRET")
    assert client.get("/api/trades/binance/BTC-USDT").json()["trades"] == [SHOWN]


def test_statuses_say_when_the_last_trade_of_each_exchange_came(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    writer.set("TRADE:STATUS:binance", ISO)
    writer.set("TRADE:STATUS:kraken", "2024-01-01T12:00:00")
    writer.set("USER_TRADE:STATUS:42", ISO)
    assert client.get("/api/trades/status").json() == {
        "count": 2,
        "statuses": [
            {"exchange": "binance", "last_trade_at": "2024-01-01T12:00:00.500000Z"},
            {"exchange": "kraken", "last_trade_at": "2024-01-01T12:00:00Z"},
        ],
    }
    assert client.get("/api/trades/status/binance").json() == {
        "exchange": "binance",
        "last_trade_at": "2024-01-01T12:00:00.500000Z",
    }
    assert problem(client.get("/api/trades/status/bybit"), "not-cached") == NOT_CACHED


def test_a_status_without_a_time_is_corrupt(client: httpx.Client, writer: "redis.Redis") -> None:
    writer.set("TRADE:STATUS:binance", "")
    assert problem(client.get("/api/trades/status/binance"), "corrupt-cache") == {
        "detail": "What is cached at TRADE:STATUS:binance cannot be used: it holds no time.",
        "key": "TRADE:STATUS:binance",
    }
    assert client.get("/api/trades/status").json() == {"count": 0, "statuses": [], "skipped": 1}


def test_queues_are_healthy_stale_or_a_backlog(client: httpx.Client, writer: "redis.Redis") -> None:
    fresh, old = ago(), ago(seconds=301)
    writer.rpush("trades:binance:BTCUSDT", *["{}"] * 999)
    writer.rpush("trades:binance:BTCUSDT:USDT", *["{}"] * 1_000)
    writer.rpush("trades:kraken:BTCUSD", *["{}"] * 1_000)
    writer.rpush("trades:bybit:BTCUSD", "{}")
    writer.rpush("user_trades:42:binance", "{}")
    writer.set("TRADE:STATUS:binance", fresh)
    writer.set("TRADE:STATUS:kraken", old)
    queues = [
        ("binance", "BTCUSDT", 999, "healthy", shown(fresh)),
        ("binance", "BTCUSDT:USDT", 1_000, "backlog", shown(fresh)),
        ("bybit", "BTCUSD", 1, "healthy", None),
        ("kraken", "BTCUSD", 1_000, "stale", shown(old)),
    ]
    assert client.get("/api/trades/queue/status").json() == {
        "size": 3_000,
        "queues": [
            {
                "queue_name": f"{exchange}:{symbol}",
                "exchange": exchange,
                "symbol": symbol,
                "size": size,
                "processing_rate": None,
                "health_status": health,
                "last_processed": last,
            }
            for exchange, symbol, size, health, last in queues
        ],
    }


def test_a_last_trade_that_cannot_be_read_leaves_its_queues_without_one_and_is_counted_once(
    client: httpx.Client, writer: "redis.Redis", logged: list[Logged]
) -> None:
    writer.rpush("trades:binance:BTCUSDT", "{}")
    writer.rpush("trades:binance:ETHUSDT", "{}")
    writer.set("TRADE:STATUS:binance", "S3CRET")
    writer.rpush("TRADE:STATUS:kraken", "S3CRET")
    writer.rpush("trades:kraken:BTCUSD", "{}")
    writer.set("trades:bybit:BTCUSD", "S3CRET")
    writer.rpush("trades:nosymbol", "{}")
    queues = client.get("/api/trades/queue/status").json()
    assert (queues["size"], queues["skipped"]) == (3, 3)
    assert [queue["last_processed"] for queue in queues["queues"]] == [None, None, None]
    metrics = client.get("/api/trades/performance/metrics").json()
    assert metrics == {
        "queued_trades": 3,
        "queues": 3,
        "exchanges": [
            {"exchange": "binance", "queued": 2, "last_trade_at": None, "lag_seconds": None},
            {"exchange": "kraken", "queued": 1, "last_trade_at": None, "lag_seconds": None},
        ],
        "skipped": 3,
    }
    assert [record.fields["count"] for record in logged] == [3, 3]


def test_metrics_say_how_long_ago_each_exchanges_last_trade_came(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    past, future = ago(seconds=90), ago(seconds=-90)
    writer.rpush("trades:binance:BTCUSDT", "{}", "{}")
    writer.rpush("trades:binance:ETHUSDT", "{}")
    writer.set("TRADE:STATUS:binance", past)
    writer.set("TRADE:STATUS:kraken", future)
    started = time.monotonic()
    body = client.get("/api/trades/performance/metrics").json()
    took = time.monotonic() - started
    lag = body["exchanges"][0].pop("lag_seconds")
    assert 90 <= lag < 91 + took
    assert lag == round(lag, 3)
    assert body == {
        "queued_trades": 3,
        "queues": 2,
        "exchanges": [
            {"exchange": "binance", "queued": 3, "last_trade_at": shown(past)},
            {"exchange": "kraken", "queued": 0, "last_trade_at": shown(future), "lag_seconds": 0.0},
        ],
    }
