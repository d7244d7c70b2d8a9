"""Writes the cache, round after round, as the daemons would: every value tells its round and its thing."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from truth import Truth, value

EXCHANGES = {"binance": (0, 60), "kraken": (100, 60), "bybit": (200, 1_500)}
"""Exchange → the number of its first ticker, and how many it has; `bybit` is sent in parts."""

ACCOUNTS, FIRST_ACCOUNT, FIRST_POSITION = 20, 1_800, 1_900
ORDERS, FIRST_ORDER, USERS = 200, 2_000, 10
BARS, FIRST_BAR = 120, 3_000
EVERY = 0.25
_ENCODE = msgspec.json.encode


def symbol(number: int) -> str:
    """Return the name of a market, as it is cached."""
    return f"S{number:04d}/USDT"


class Writer:
    """Writes a round every quarter of a second on one connection of its own.

    It waits for a reply for as long as it takes: a round that was given up might be written after the next.
    It is stopped and not cancelled: redis-py can lose a cancellation (Python 3.11's `wait_for` does).
    """

    def __init__(self, url: str, truth: Truth) -> None:
        self._truth = truth
        self._stopped = asyncio.Event()
        self._redis = redis.Redis.from_url(
            url, retry=Retry(NoBackoff(), 0), single_connection_client=True, socket_timeout=None
        )

    async def run(self) -> None:
        """Write until stopped."""
        while not self._stopped.is_set():
            with suppress(RedisError, OSError):
                await self.write()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._stopped.wait()

    def stop(self) -> None:
        """Let the round that is being written be the last."""
        self._stopped.set()

    async def write(self) -> None:
        """Write one round."""
        number = self._truth.begin()
        pipeline = self._redis.pipeline(transaction=False)
        for key, fields in _hashes(number):
            pipeline.hset(key, mapping=fields)
        await pipeline.execute()
        # Nobody may see the list while it is replaced.
        bars = self._redis.pipeline(transaction=True)
        bars.delete("ohlcv:S0000/USDT:1m")
        bars.rpush("ohlcv:S0000/USDT:1m", *(_ENCODE(_bar(number, each)) for each in range(BARS)))
        await bars.execute()
        self._truth.acknowledge(number)

    async def close(self) -> None:
        """Close the connection."""
        await self._redis.aclose()


def _hashes(number: int) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    now = datetime.now(UTC)
    for exchange, (first, count) in EXCHANGES.items():
        ticks = {symbol(each): _ENCODE(_tick(exchange, each, first, number, now)) for each in range(count)}
        yield f"tickers:{exchange}", ticks
    yield "accounts", {str(each): _ENCODE(_account(number, each, now)) for each in range(ACCOUNTS)}
    yield "account_positions", {str(each): _ENCODE(_positions(number, each, now)) for each in range(ACCOUNTS)}
    yield "order_status:binance", {f"O-{each}": _ENCODE(_order(number, each, now)) for each in range(ORDERS)}


def _tick(exchange: str, each: int, first: int, number: int, now: datetime) -> dict[str, object]:
    held = value(number, first + each)
    numbers = dict.fromkeys(("price", "volume", "bid", "ask", "last"), held)
    return {"symbol": symbol(each), "exchange": exchange, "time": now.timestamp(), **numbers}


def _account(number: int, each: int, now: datetime) -> dict[str, object]:
    held = value(number, FIRST_ACCOUNT + each)
    return {"USDT": dict.fromkeys(("free", "used", "total"), held), "date": now}


def _positions(number: int, each: int, now: datetime) -> dict[str, object]:
    held = value(number, FIRST_POSITION + each)
    numbers = dict.fromkeys(("cost", "volume", "fee", "price"), held)
    return {symbol(0): {**numbers, "count": 1, "timestamp": now.timestamp()}}


def _order(number: int, each: int, now: datetime) -> dict[str, object]:
    held = value(number, FIRST_ORDER + each)
    order = {"order_id": f"O-{each}", "exchange": "binance", "symbol": symbol(0), "uid": each % USERS}
    return {**order, "price": held, "volume": held, "status": "open", "timestamp": now}


def _bar(number: int, each: int) -> list[float]:
    return [1_767_268_800.0 + 60 * each, *([value(number, FIRST_BAR + each)] * 5)]
