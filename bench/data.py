"""What the cache holds while the benchmark runs, in fullon_cache's layout."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import redis

TICKERS = 300
"""Tickers of `binance`, which move, and of `kraken`, which do not."""

MANY = 10_000
"""Tickers of `bybit`."""

BARS = 1_000
POSITIONS = 20
MOVES_EVERY = 0.5


def fill(url: str) -> None:
    """Put everything into an empty cache."""
    with redis.Redis.from_url(url) as writer:
        for exchange, count in (("binance", TICKERS), ("kraken", TICKERS), ("bybit", MANY)):
            writer.hset(f"tickers:{exchange}", mapping=ticks(exchange, count))
        writer.rpush("ohlcv:BTC/USDT:1m", *map(_bar, range(BARS)))
        writer.hset("account_positions", "1", json.dumps(_positions()))


def ticks(exchange: str, count: int, moved: float = 0.0) -> Mapping[str, str]:
    """Return tickers as the ticker daemon writes them, their prices moved so far."""
    return {symbol(number): json.dumps(_tick(exchange, number, moved)) for number in range(count)}


def symbol(number: int) -> str:
    """Return the name of a market."""
    return f"SYM{number:03d}/USDT"


@contextmanager
def moving(url: str) -> Iterator[None]:
    """Write all tickers of `binance` anew twice a second: a kept answer must not look faster than it is."""
    over = threading.Event()

    def move() -> None:
        moved = 0.0
        with redis.Redis.from_url(url) as writer:
            while not over.wait(MOVES_EVERY):
                moved += 0.25
                writer.hset("tickers:binance", mapping=ticks("binance", TICKERS, moved))

    thread = threading.Thread(target=move)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tick(exchange: str, number: int, moved: float) -> dict[str, object]:
    price = 45000.5 + number / 8 + moved
    return {
        "symbol": symbol(number),
        "exchange": exchange,
        "price": price,
        "volume": 1234.5,
        "time": 1767268800.25 + number,
        "bid": price - 0.125,
        "ask": price + 0.125,
        "last": price,
        "change": 12.5,
        "percentage": 0.28,
    }


def _bar(number: int) -> str:
    low = 45000.5 + number / 4
    return json.dumps([1767268800.0 + 60 * number, low + 1, low + 3, low, low + 2, 12.75])


def _positions() -> dict[str, object]:
    held = {
        "cost": 450.5,
        "volume": 0.25,
        "fee": 0.125,
        "count": 3.0,
        "price": 1802.0,
        "timestamp": 1767268800.25,
    }
    positions: dict[str, object] = {symbol(number): held for number in range(POSITIONS)}
    return {**positions, "timestamp": "2026-01-01T12:00:00+00:00"}
