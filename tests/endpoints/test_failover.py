"""A master that is killed under load: how long nothing is answered, and that nothing wrong ever is."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

import httpx
import pytest
import redis
from redis.sentinel import Sentinel
from support import http_client, serving, settings_for
from topologies import SERVICE, Watched, wait_until, watched, writer_of

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

pytestmark = pytest.mark.slow

PATH = "/api/tickers/binance/BTC-USDT"
KEY, FIELD = "tickers:binance", "BTC/USDT"
CLIENTS = 6
SLACK = 1.0
"""Seconds that the gateway may take longer than the Sentinels."""


def ticker(number: float) -> str:
    tick = {"symbol": FIELD, "exchange": "binance", "price": number, "last": number, "bid": number}
    return json.dumps({**tick, "ask": number, "volume": 1.0, "time": time.time()})


def number_at(server: EmbeddedServer) -> float:
    return float(json.loads(str(writer_of(server).hget(KEY, FIELD)))["last"])


@dataclass
class Load:
    """Somebody who writes growing numbers to whichever server is the master, and many who read them."""

    servers: Watched
    client: httpx.Client
    stop: threading.Event = field(default_factory=threading.Event)
    answers: list[list[tuple[float, int, float | None]]] = field(default_factory=list)
    written: int = 0

    def write(self) -> None:
        sentinels = Sentinel([("127.0.0.1", each.port) for each in self.servers.sentinels])
        master = sentinels.master_for(SERVICE, socket_timeout=0.5)
        number = 0
        while not self.stop.is_set():
            number += 1
            try:
                master.hset(KEY, FIELD, ticker(number))
                self.written = number
            except (redis.RedisError, OSError):
                time.sleep(0.02)
            time.sleep(0.002)

    def read(self) -> list[tuple[float, int, float | None]]:
        """Answers with their times, from one client after the other: its numbers follow each other."""
        found: list[tuple[float, int, float | None]] = []
        with http_client(self.client.base_url) as client:
            while not self.stop.is_set():
                response = client.get(PATH)
                number = response.json()["ticker"]["last"] if response.status_code == 200 else None
                found.append((time.monotonic(), response.status_code, number))
                time.sleep(0.002)
        return found


@pytest.fixture
def servers() -> Iterator[Watched]:
    with watched(replicas=2) as found:
        writer_of(found.master()).hset(KEY, FIELD, ticker(0))
        wait_until(found.is_in_sync)
        yield found


@pytest.mark.parametrize("how", ["killed", "hung", "told"])
def test_a_failover_under_load_is_a_short_outage_and_never_a_wrong_value(servers: Watched, how: str) -> None:
    gateway = FullonCacheGateway(settings=settings_for(servers.url, API_DEADLINE="0.5"))
    with serving(gateway) as client, ThreadPoolExecutor(CLIENTS + 1) as pool:
        assert client.get(PATH).status_code == 200
        load = Load(servers, client)
        writing = pool.submit(load.write)
        reading = [pool.submit(load.read) for _ in range(CLIENTS)]
        time.sleep(0.5)
        old = servers.master()
        before = servers.named()
        began = time.monotonic()
        if how == "killed":
            old.kill()
        elif how == "hung":
            old.pause()
        else:
            servers.sentinels[0].ask("SENTINEL", "FAILOVER", SERVICE)()
        wait_until(lambda: servers.named() != before)
        named = time.monotonic()
        # What the new master had when it became that: nothing older may be read from it.
        new = servers.chosen()
        begins_with = number_at(new)
        # Who writes finds the new master later, where the old one is well.
        wait_until(lambda: number_at(new) > begins_with)
        time.sleep(1.0)
        load.stop.set()
        writing.result()
        all_answers = [each.result() for each in reading]
        if how == "hung":
            old.resume()
    statuses = {status for answers in all_answers for _, status, _ in answers}
    assert statuses <= {200, 503, 504}
    for answers in all_answers:
        first = next(at for at, status, _ in answers if status == 200 and at > named)
        outages = [at for at, status, _ in answers if status != 200]
        assert max([began, *outages]) - named < SLACK, "the outage goes on after the failover"
        assert first - named < SLACK
        numbers = [(at, number) for at, _, number in answers if number is not None]
        assert all(0 <= number <= load.written + 1 for _, number in numbers)
        steps_back = [(at, after) for (_, number), (at, after) in pairwise(numbers) if after < number]
        # A master that has not sent its last writes on takes them with it: that may be seen once, no more.
        assert len(steps_back) <= 1
        assert all(at > began for at, _ in steps_back)
        assert all(number >= begins_with for at, number in numbers if at > named + SLACK)
        assert numbers[-1][1] > begins_with
    longest = max(
        [at for answers in all_answers for at, status, _ in answers if status != 200], default=began
    )
    print(f"{how}: the Sentinels took {named - began:.2f} s, the outage {longest - began:.2f} s")
