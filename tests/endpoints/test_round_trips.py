"""However much the cache holds, a request takes the same number of round trips for each SCAN page."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
import redis
from endpoints.layout import ORDER, POSITION, TICK, TRADE, ago
from endpoints.proxy import RecordingProxy
from support import serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

Fill = Callable[["redis.client.Pipeline", int], None]


@pytest.fixture(scope="module")
def recorded(redis_server: EmbeddedServer) -> Iterator[tuple[httpx.Client, RecordingProxy]]:
    """A gateway whose every word to Redis is written down."""
    with RecordingProxy(redis_server.url) as proxy:
        gateway = FullonCacheGateway(settings=settings_for(proxy.url))
        with serving(gateway) as client:
            yield client, proxy


@dataclass(frozen=True, slots=True)
class Cost:
    """An endpoint, what it counts its elements in, and its round trips: each SCAN page's, and the others."""

    path: str
    fill: Fill
    count: Callable[[dict[str, list[object]]], int]
    per_page: int
    others: int


def symbols(pipe: "redis.client.Pipeline", number: int) -> None:
    pipe.hset("tickers:binance", mapping={f"S{n}/USDT": json.dumps(TICK) for n in range(number)})


def exchanges(pipe: "redis.client.Pipeline", number: int) -> None:
    for n in range(number):
        pipe.hset(f"tickers:x{n}", "BTC/USDT", json.dumps(TICK))


def accounts(pipe: "redis.client.Pipeline", number: int) -> None:
    pipe.hset("accounts", mapping={str(n): '{"USDT": {"free": 1}}' for n in range(number)})
    pipe.hset("account_positions", mapping={str(n): json.dumps({"A/B": POSITION}) for n in range(number)})


def orders(pipe: "redis.client.Pipeline", number: int) -> None:
    pipe.hset("order_status:binance", mapping={str(n): json.dumps(ORDER) for n in range(number)})


def order_exchanges(pipe: "redis.client.Pipeline", number: int) -> None:
    for n in range(number):
        pipe.hset(f"order_status:x{n}", str(n), json.dumps(ORDER))


def queues(pipe: "redis.client.Pipeline", number: int) -> None:
    for n in range(number):
        pipe.rpush(f"new_orders:L{n}", "1")
        pipe.rpush(f"trades:x{n}:BTCUSDT", "{}")


def statuses(pipe: "redis.client.Pipeline", number: int) -> None:
    for n in range(number):
        pipe.set(f"TRADE:STATUS:x{n}", ago())


def lists(pipe: "redis.client.Pipeline", number: int) -> None:
    for n in range(number):
        pipe.rpush("trades:binance:BTCUSDT", json.dumps(TRADE))
        pipe.rpush("user_trades:42:binance", json.dumps(TRADE))
        pipe.rpush("ohlcv:BTC/USDT:1m", f"[{n}, 1, 1, 1, 1, 1]")


def bots(pipe: "redis.client.Pipeline", number: int) -> None:
    pipe.hset("bot_status", mapping={str(n): "{}" for n in range(number)})
    pipe.hset("block_exchange", mapping={f"binance:S{n}/USDT": "7" for n in range(number)})
    pipe.hset("opening_position", mapping={f"binance:S{n}/USDT": "7:" for n in range(number)})


def processes(pipe: "redis.client.Pipeline", number: int) -> None:
    for n in range(number):
        pipe.set(f"process:data:tick:c{n}:1.5", "{}")
        pipe.hset("process:active:tick", f"tick:c{n}:1.5", ago())


def listed(name: str) -> Callable[[dict[str, list[object]]], int]:
    return lambda body: len(body[name])


def number(name: str) -> Callable[[dict[str, int]], int]:
    return lambda body: body[name]


COSTS = [
    Cost("/tickers/binance", symbols, listed("tickers"), 0, 1),
    Cost("/tickers", symbols, listed("tickers"), 2, 0),
    Cost("/tickers", exchanges, listed("tickers"), 2, 0),
    Cost("/tickers/health", exchanges, listed("exchanges"), 2, 0),
    Cost("/symbols/BTC-USDT/tickers", exchanges, listed("tickers"), 2, 0),
    Cost("/symbols/BTC-USDT/ticker", exchanges, lambda body: 0, 2, 0),
    Cost("/accounts", accounts, listed("accounts"), 0, 1),
    Cost("/accounts/summary", accounts, number("accounts"), 0, 1),
    Cost("/positions", accounts, listed("positions"), 0, 1),
    Cost("/orders/9/status", order_exchanges, lambda body: 0, 2, 0),
    Cost("/orders/42/orders", orders, listed("orders"), 2, 0),
    Cost("/orders/42/orders", order_exchanges, listed("orders"), 2, 0),
    Cost("/exchanges/binance/orders", orders, listed("orders"), 0, 1),
    Cost("/orders/queue/size", queues, listed("queues"), 2, 0),
    Cost("/bots", bots, listed("bots"), 0, 1),
    Cost("/bots/blocks", bots, listed("blocks"), 0, 1),
    Cost("/bots/coordination/status", bots, number("bots"), 0, 1),
    Cost("/trades/queue/status", queues, listed("queues"), 2, 1),
    Cost("/trades/performance/metrics", queues, listed("exchanges"), 2, 0),
    Cost("/trades/performance/metrics", statuses, listed("exchanges"), 2, 0),
    Cost("/trades/status", statuses, listed("statuses"), 2, 0),
    Cost("/trades/binance/BTC-USDT?limit=1000", lists, listed("trades"), 0, 1),
    Cost("/trades/users/42/binance?limit=1000", lists, listed("trades"), 0, 1),
    Cost("/ohlcv/BTC-USDT/1m?count=1000", lists, listed("bars"), 0, 1),
    Cost("/processes", processes, listed("processes"), 0, 2),
    Cost("/processes/status", processes, listed("processes"), 0, 2),
    Cost("/processes/top", processes, listed("processes"), 0, 2),
    Cost("/processes/metrics", processes, number("total_processes"), 1, 1),
]


@pytest.mark.slow
@pytest.mark.parametrize("cost", COSTS, ids=lambda cost: f"{cost.path} over {cost.fill.__name__}")
def test_round_trips_do_not_grow_with_what_is_cached(
    recorded: tuple[httpx.Client, RecordingProxy], writer: "redis.Redis", cost: Cost
) -> None:
    client, proxy = recorded
    client.get("/health")
    for size in (10, 1_000):
        with writer.pipeline(transaction=False) as pipe:
            pipe.flushall()
            cost.fill(pipe, size)
            pipe.execute()
        proxy.reset()
        response = client.get(f"/api{cost.path}")
        assert response.status_code == 200
        assert cost.count(response.json()) in (size, 0)
        pages = sum(command[0] == "SCAN" for command in proxy.commands)
        assert pages <= 8
        assert proxy.round_trips <= pages * cost.per_page + cost.others
        assert proxy.round_trips >= pages + cost.others


@pytest.mark.parametrize(
    ("path", "commands"),
    [
        ("/tickers/binance/BTC-USDT", [("HMGET", "tickers:binance", "BTC/USDT", "BTC-USDT")]),
        ("/tickers/binance/BTC%2FUSDT/price", [("HMGET", "tickers:binance", "BTC/USDT")]),
        ("/accounts/1/balances", [("HMGET", "accounts", "1")]),
        ("/accounts/1/balances/USDT", [("HGET", "accounts", "1")]),
        ("/accounts/1/positions", [("HMGET", "account_positions", "1")]),
        ("/accounts/1/positions/BTC-USDT", [("HGET", "account_positions", "1")]),
        ("/orders/1/status?exchange=binance", [("HGET", "order_status:binance", "1")]),
        ("/exchanges/binance/orders/1", [("HMGET", "order_status:binance", "1")]),
        ("/bots/7/status", [("HMGET", "bot_status", "7")]),
        (
            "/bots/binance/BTC-USDT/blocked",
            [("HMGET", "block_exchange", "binance:BTC/USDT", "binance:BTC-USDT")],
        ),
        (
            "/bots/binance/BTC-USDT/opening",
            [("HMGET", "opening_position", "binance:BTC/USDT", "binance:BTC-USDT")],
        ),
        ("/trades/status/binance", [("GET", "TRADE:STATUS:binance")]),
        ("/processes/a:b:1.5", [("GET", "process:data:a:b:1.5")]),
        ("/processes/components/a", [("HGET", "process:components", "a")]),
        (
            "/trades/binance/BTC-USDT?limit=7",
            [
                ("LRANGE", "trades:binance:BTCUSDT", "-7", "-1"),
                ("LLEN", "trades:binance:BTCUSDT"),
                ("LRANGE", "trades:binance:BTC-USDT", "-7", "-1"),
                ("LLEN", "trades:binance:BTC-USDT"),
            ],
        ),
        (
            "/ohlcv/BTC-USDT/1m?count=7",
            [("LRANGE", "ohlcv:BTC/USDT:1m", "-7", "-1"), ("LRANGE", "ohlcv:BTC-USDT:1m", "-7", "-1")],
        ),
    ],
)
def test_a_single_thing_takes_one_round_trip_whatever_its_spellings(
    recorded: tuple[httpx.Client, RecordingProxy],
    writer: "redis.Redis",
    path: str,
    commands: list[tuple[str, ...]],
) -> None:
    client, proxy = recorded
    client.get("/health")
    proxy.reset()
    assert client.get(f"/api{path}").status_code in (200, 404)
    assert (proxy.commands, proxy.round_trips) == (commands, 1)
