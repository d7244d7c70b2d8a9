"""What tests put into the cache: entries in fullon_cache's layout, as the daemons write them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import redis

NOON = 1704110400.0
"""2024-01-01T12:00:00Z in epoch seconds."""

TICK = {
    "symbol": "BTC/USDT",
    "exchange": "binance",
    "price": 45025.0,
    "volume": 1234.5,
    "time": NOON,
    "bid": 45000.0,
    "ask": 45050.0,
    "last": 45025.0,
    "change": 310.5,
    "percentage": 0.69,
}
POSITION = {
    "cost": 4502.5,
    "volume": 0.1,
    "fee": 4.5,
    "count": 2,
    "price": 45025.0,
    "timestamp": NOON,
}
ORDER = {
    "order_id": "28457193",
    "ex_order_id": "28457193",
    "bot_id": 7,
    "uid": 42,
    "ex_id": 1,
    "cat_ex_id": 3,
    "exchange": "binance",
    "symbol": "BTC/USDT",
    "order_type": "limit",
    "side": "Buy",
    "volume": 0.1,
    "final_volume": None,
    "price": 45000.0,
    "plimit": None,
    "tick": 45010.0,
    "futures": False,
    "leverage": None,
    "status": "open",
    "command": "spread",
    "reason": "signal",
    "timestamp": "2024-01-01T12:00:00+00:00",
}
TRADE = {
    "trade_id": 901,
    "ex_trade_id": "3410982211",
    "ex_order_id": "28457193",
    "uid": 42,
    "ex_id": 1,
    "symbol": "BTC/USDT",
    "side": "Buy",
    "volume": 0.1,
    "price": 45025.0,
    "cost": 4502.5,
    "fee": 4.5,
    "time": "2024-01-01T12:00:00+00:00",
}
PROCESS_ID = "tick:binance_ticker:1704106800.25"


def ago(**time: float) -> str:
    """A time before now, as the daemons write it."""
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


def shown(iso: str) -> str:
    """A time that `ago` gave, as answers show it."""
    return iso.replace("+00:00", "Z")


def put_tick(writer: "redis.Redis", exchange: str, symbol: str, **members: Any) -> None:
    tick = {**TICK, "exchange": exchange, "symbol": symbol, **members}
    writer.hset(f"tickers:{exchange}", symbol, json.dumps(tick))


def put_account(writer: "redis.Redis", ex_id: int, **entry: Any) -> None:
    writer.hset("accounts", str(ex_id), json.dumps(entry))


def put_positions(writer: "redis.Redis", ex_id: int, entry: Any) -> None:
    writer.hset("account_positions", str(ex_id), json.dumps(entry))


def put_order(writer: "redis.Redis", exchange: str, order_id: str, **members: Any) -> None:
    order = {**ORDER, "exchange": exchange, "order_id": order_id, **members}
    writer.hset(f"order_status:{exchange}", order_id, json.dumps(order))


def put_trades(writer: "redis.Redis", key: str, *trades: dict[str, Any]) -> None:
    writer.rpush(key, *(json.dumps({**TRADE, **trade}) for trade in trades))


def put_process(
    writer: "redis.Redis", process_id: str = PROCESS_ID, updated: str | None = None, **members: Any
) -> str:
    """Write a process as updated and alive since `updated` (now, without it); returns that time."""
    process_type, component, _ = process_id.split(":")
    when = updated or ago()
    process = {
        "process_id": process_id,
        "process_type": process_type,
        "component": component,
        "params": {"exchange": "binance"},
        "status": "running",
        "message": "at work",
        "created_at": "2024-01-01T12:00:00+00:00",
        "updated_at": when,
        "heartbeat": when,
        **members,
    }
    writer.set(f"process:data:{process_id}", json.dumps(process), ex=86_400)
    writer.hset(f"process:active:{process_type}", process_id, when)
    writer.hset("process:components", component, process_id)
    return when
