"""Which endpoint answers which path: a literal segment before a parameter."""

import httpx
import pytest
import redis
from endpoints.layout import put_order, put_process, put_tick, put_trades
from endpoints.problems import NOT_CACHED, problem


def test_a_literal_beats_a_parameter(client: httpx.Client, writer: "redis.Redis") -> None:
    """Each of these would also be somebody's exchange, symbol or process."""
    put_tick(writer, "health", "BTC/USDT")
    put_trades(writer, "trades:status:binance", {})
    put_trades(writer, "trades:queue:status", {})
    put_trades(writer, "trades:performance:metrics", {})
    for process_id in ("status", "metrics", "top"):
        writer.set(f"process:data:{process_id}", "{}")
    members = {
        "/tickers/health": "stale_after_seconds",
        "/accounts/summary": "currencies",
        "/orders/queue/size": "queues",
        "/bots/blocks": "blocks",
        "/bots/coordination/status": "opening",
        "/trades/queue/status": "queues",
        "/trades/performance/metrics": "queued_trades",
        "/trades/status": "statuses",
        "/processes/status": "healthy",
        "/processes/metrics": "active_by_type",
        "/processes/top": "processes",
    }
    for path, member in members.items():
        assert member in client.get(f"/api{path}").json(), path
    assert problem(client.get("/api/trades/status/binance"), "not-cached") == NOT_CACHED


def test_a_literal_that_leads_no_further_gives_way_to_the_parameter(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    put_tick(writer, "health", "BTC/USDT")
    put_trades(writer, "trades:queue:BTCUSDT", {})
    put_trades(writer, "trades:performance:BTCUSDT", {})
    put_trades(writer, "trades:users:BTCUSDT", {})
    put_order(writer, "binance", "queue")
    writer.hset("bot_status", "blocks", "{}")
    writer.set("process:data:components", "{}")
    assert client.get("/api/tickers/health/BTC-USDT").json()["exchange"] == "health"
    assert client.get("/api/tickers/health/BTC-USDT/price").json()["price"] == 45025.0
    for exchange in ("queue", "performance", "users"):
        assert client.get(f"/api/trades/{exchange}/BTC-USDT").json()["count"] == 1
    assert client.get("/api/orders/queue/status").json()["order_id"] == "queue"
    assert client.get("/api/bots/blocks/status").json()["bot_id"] == "blocks"
    assert client.get("/api/processes/components").json()["process_id"] == "components"


def test_what_is_named_like_a_literal_is_reached_where_only_the_parameter_stands(
    client: httpx.Client, writer: "redis.Redis"
) -> None:
    writer.hset("bot_status", "coordination", "{}")
    put_tick(writer, "binance", "price")
    put_tick(writer, "binance", "health")
    put_process(writer, "tick:status:1.5")
    assert client.get("/api/bots").json()["bots"][0]["bot_id"] == "coordination"
    assert client.get("/api/tickers/binance/price").json()["symbol"] == "price"
    assert client.get("/api/tickers/binance/health").json()["symbol"] == "health"
    assert client.get("/api/processes/components/status").json()["component"] == "status"


def test_a_percent_encoded_literal_is_the_literal(client: httpx.Client, writer: "redis.Redis") -> None:
    assert client.get("/api/tickers/%68ealth").json()["status"] == "empty"
    assert client.get("/api/%74ickers").json() == {"count": 0, "tickers": []}


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/tickers/",
        "/api//tickers",
        "/api/tickers//BTC-USDT",
        "/api/tickers/binance/BTC-USDT/",
        "/api/tickers/binance/BTC/USDT",
        "/api/symbols/BTC-USDT",
        "/api/accounts/1",
        "/api/accounts/1/balances/USDT/x",
        "/api/orders/1",
        "/api/exchanges/binance",
        "/api/bots/7",
        "/api/bots/coordination",
        "/api/trades/queue",
        "/api/trades",
        "/api/ohlcv/BTC-USDT",
        "/api/processes/a/b",
        "/tickers",
        "/API/tickers",
    ],
)
def test_a_path_of_no_endpoint_is_a_404_of_its_own_kind(client: httpx.Client, path: str) -> None:
    assert problem(client.get(path), "no-such-endpoint") == {"detail": "No endpoint has this path."}
