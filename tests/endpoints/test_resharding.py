"""Slots that move between the masters of a cluster under load: every answer is right, and there is one."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from redis.crc import key_slot
from support import http_client, serving, settings_for
from topologies import Cluster, cluster, own_slots, writer_of

from fullon_cache_api.gateway import FullonCacheGateway

pytestmark = pytest.mark.slow

EXCHANGES = [f"exchange{number}" for number in range(12)]
SYMBOL = "BTC/USDT"
LARGE = 2_500
"""Elements of the collection that is read page by page."""

CLIENTS = 5
ROUNDS = 3


def ticker(exchange: str, symbol: str = SYMBOL) -> str:
    number = float(len(exchange) * 1_000 + len(symbol))
    tick = {"symbol": symbol, "exchange": exchange, "price": number, "last": number, "volume": 1.0}
    return json.dumps({**tick, "bid": number, "ask": number, "time": 1704110400.0})


@pytest.fixture(scope="module")
def nodes() -> Iterator[Cluster]:
    with cluster() as found:
        for exchange in EXCHANGES:
            found.write("HSET", f"tickers:{exchange}", SYMBOL, ticker(exchange))
            found.write("SET", f"TRADE:STATUS:{exchange}", "2026-01-01T00:00:00+00:00")
        large = {f"S{number:04}/USDT": ticker("large", f"S{number:04}/USDT") for number in range(LARGE)}
        writer_of(found.owner("tickers:large")).hset("tickers:large", mapping=large)
        yield found


@dataclass
class Load:
    """Many who ask for what does not change."""

    client: httpx.Client
    paths: list[str]
    stop: threading.Event = field(default_factory=threading.Event)

    def expected(self) -> dict[str, Any]:
        return {path: shown(self.client.get(path)) for path in self.paths}

    def read(self, first: int, expected: dict[str, Any]) -> tuple[int, list[str]]:
        """Ask for one path after the other; returns how often, and what was wrong."""
        count, wrong = first, []
        with http_client(self.client.base_url) as client:
            while not self.stop.is_set():
                path = self.paths[count % len(self.paths)]
                found = shown(client.get(path))
                if found != expected[path]:
                    wrong.append(f"{path}: {str(found)[:200]}")
                count += 1
        return count - first, wrong


def shown(response: httpx.Response) -> Any:
    """An answer's status and body; a large collection is in no order."""
    body = response.json()
    for name in ("tickers", "statuses"):
        if isinstance(body.get(name), list):
            body[name] = sorted(body[name], key=json.dumps)
    return response.status_code, body


def move(nodes: Cluster, slot: int) -> None:
    """Move a slot to the next master, a few keys at a time."""
    source = next(each for each in nodes.masters if slot in own_slots(each))
    target = nodes.masters[(nodes.masters.index(source) + 1) % len(nodes.masters)]
    nodes.begin_move(slot, source, target)
    time.sleep(0.02)
    while nodes.move_keys(slot, source, target, 1):
        time.sleep(0.005)
    time.sleep(0.02)
    nodes.end_move(slot, target)


def test_every_answer_is_right_and_none_is_missing_while_slots_move(nodes: Cluster) -> None:
    paths = [
        *(f"/api/tickers/{exchange}/BTC-USDT" for exchange in EXCHANGES[:4]),
        *(f"/api/tickers/{exchange}" for exchange in (EXCHANGES[4], "large", "nowhere")),
        *("/api/tickers", "/api/symbols/BTC-USDT/tickers", "/api/trades/status"),
        f"/api/batch?get=/tickers/{EXCHANGES[0]}/BTC-USDT&get=/tickers/{EXCHANGES[5]}/BTC-USDT",
    ]
    slots = sorted(
        {key_slot(key.encode()) for name in (*EXCHANGES, "large") for key in (f"tickers:{name}",)}
        | {key_slot(f"TRADE:STATUS:{name}".encode()) for name in EXCHANGES}
    )
    gateway = FullonCacheGateway(settings=settings_for(nodes.url))
    with serving(gateway) as client, ThreadPoolExecutor(CLIENTS) as pool:
        load = Load(client, paths)
        expected = load.expected()
        assert {status for status, _ in expected.values()} == {200}
        assert len(expected["/api/tickers"][1]["tickers"]) == len(EXCHANGES) + LARGE
        reading = [pool.submit(load.read, number, expected) for number in range(CLIENTS)]
        try:
            for _ in range(ROUNDS):
                for slot in slots:
                    move(nodes, slot)
        finally:
            load.stop.set()
        results = [each.result() for each in reading]
    assert [wrong for _, found in results for wrong in found] == []
    assert sum(count for count, _ in results) > 100
    print(f"{len(slots) * ROUNDS} slots moved, {sum(count for count, _ in results)} answers")
