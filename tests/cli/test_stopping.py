"""How `serve` ends: readiness first, then no new connection, then what runs; no request is lost."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import redis
from bounded import Bounded, answer_of, bounded, is_closed
from starlette.types import Receive, Scope, Send
from support import settings_for
from topologies import wait_until

from fullon_cache_api.cli.protocol import LAST, Protocol
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http.response import Response, send_response

if TYPE_CHECKING:
    from tests.cli.conftest import Launch

pytestmark = pytest.mark.slow

TICKERS = b"GET /api/tickers HTTP/1.1\r\nHost: localhost\r\n\r\n"
READY = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Host:
    """An application whose every request waits until it may go on; `running` are those that do."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.running = threading.Semaphore(0)
        self.closed = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self.closed.set()
            return await send({"type": "lifespan.shutdown.complete"})
        self.running.release()
        if scope["path"] == "/parts":
            return await send_response(scope, receive, send, Response(200, (), b"begun", self.parts()))
        while not self.go.is_set():
            await asyncio.sleep(0.01)
        await send_response(scope, receive, send, Response.sized(200, (), b"ok"))

    async def parts(self):  # type: ignore[no-untyped-def]
        while not self.go.is_set():
            await asyncio.sleep(0.01)
        yield b"ended"


@pytest.fixture
def gateway(redis_url: str) -> FullonCacheGateway:
    return FullonCacheGateway(settings=settings_for(redis_url))


def asked(running: Bounded, request: bytes = TICKERS) -> socket.socket:
    client = running.connect()
    client.sendall(request)
    return client


def test_readiness_goes_first_and_requests_are_answered_until_the_delay_has_passed(
    gateway: FullonCacheGateway,
) -> None:
    with bounded(gateway.get_app(), delay=600) as running:
        kept = asked(running)
        assert "connection" not in answer_of(kept)[1]
        running.stop()
        while (ready := answer_of(asked(running, READY)))[0] != 503:
            pass
        assert json.loads(ready[2]) == {"status": "stopping"}
        # What was open before is served once more, and what is opened now too.
        for client in (kept, running.connect()):
            client.sendall(TICKERS)
            status, headers, body = answer_of(client)
            assert (status, headers["connection"], json.loads(body)["count"]) == (200, "close", 0)
            assert is_closed(client)
        assert answer_of(asked(running, READY.replace(b"ready", b"live")))[0] == 200


def test_what_runs_is_finished_while_nothing_new_is_accepted() -> None:
    host = Host()
    with bounded(host) as running:
        client = asked(running)
        assert host.running.acquire(timeout=5)
        running.stop()
        refused = False
        while not refused:
            try:
                running.connect().close()
            except (ConnectionRefusedError, ConnectionResetError):
                # Reset, where the socket was closed in between.
                refused = True
        assert not host.closed.is_set()
        host.go.set()
        status, headers, _ = answer_of(client)
        assert (status, headers["connection"]) == (200, "close")
        assert running.ended()
    assert host.closed.is_set()


@pytest.mark.parametrize("late", [False, True], ids=["within the second", "behind the second"])
def test_who_asks_again_behind_an_answer_that_had_begun_is_answered(late: bool) -> None:
    host = Host()
    with bounded(host) as running:
        client = asked(running, b"GET /parts HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = client.recv(1 << 16)
        running.stop()
        wait_until(lambda: running.server.should_exit)
        if late:
            # By then uvicorn has told each connection to end.
            wait_until(lambda: connections(running)[0].timeout_keep_alive == LAST)
        host.go.set()
        while not received.endswith(b"0\r\n\r\n"):
            received += client.recv(1 << 16)
        client.sendall(TICKERS)
        status, headers, body = answer_of(client)
        assert (status, headers["connection"], body) == (200, "close", b"ok")
        assert is_closed(client)
        assert running.ended()


def test_a_connection_that_asks_nothing_behind_its_last_answer_ends() -> None:
    host = Host()
    with bounded(host) as running:
        client = asked(running, b"GET /parts HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.recv(1 << 16)
        running.stop()
        wait_until(lambda: connections(running)[0].timeout_keep_alive == LAST)
        host.go.set()
        assert is_closed(client)
        assert running.ended()


def connections(running: Bounded) -> list[Protocol]:
    return [each for each in running.server.server_state.connections if isinstance(each, Protocol)]


def test_a_connection_without_a_request_may_still_bring_one() -> None:
    host = Host()
    host.go.set()
    with bounded(host) as running:
        client = asked(running)
        assert answer_of(client)[0] == 200
        running.stop()
        while b"connection" not in dict(running.server.server_state.default_headers):
            pass
        client.sendall(TICKERS)
        status, headers, _ = answer_of(client)
        assert (status, headers["connection"]) == (200, "close")
        assert running.ended()


def test_connections_that_the_kernel_has_accepted_are_answered() -> None:
    host = Host()
    host.go.set()
    with bounded(host) as running:
        # While the event loop stands still nobody accepts them, and it is told to stop meanwhile.
        held, stood = threading.Event(), threading.Event()
        loop = running.server._loop
        assert loop is not None
        loop.call_soon_threadsafe(lambda: (stood.set(), held.wait(5)))
        assert stood.wait(5)
        clients = [asked(running) for _ in range(20)]
        running.server.should_exit = True
        held.set()
        assert [answer_of(client)[0] for client in clients] == [200] * 20
        assert running.ended()


def test_what_does_not_end_in_time_is_ended() -> None:
    host = Host()
    with bounded(host, grace=1) as running:
        client = asked(running)
        assert host.running.acquire(timeout=5)
        running.stop()
        assert running.ended()
        assert is_closed(client)
        assert host.closed.is_set()


@pytest.mark.parametrize("delay", [0, 600])
def test_told_a_second_time_it_ends_at_once(delay: float) -> None:
    host = Host()
    with bounded(host, delay=delay, grace=600) as running:
        client = asked(running)
        assert host.running.acquire(timeout=5)
        running.stop()
        running.stop(signal.SIGINT)
        assert running.ended()
        assert is_closed(client)
        assert host.closed.is_set()


def test_a_worker_leaves_ctrl_c_to_its_parent() -> None:
    host = Host()
    with bounded(host, workers=2) as running:
        running.stop(signal.SIGINT)
        asked(running)
        assert host.running.acquire(timeout=5)
        host.go.set()


async def use(port: int, seen: Counter[str], *, keep: bool) -> None:
    """Ask as fast as answers come until nobody listens any more, and count what happens."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except (ConnectionRefusedError, ConnectionResetError):
            # Reset: who connects in the moment in which the socket is closed; nothing has been asked yet.
            return
        try:
            while True:
                writer.write(TICKERS)
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head)
                assert length is not None
                await reader.readexactly(int(length[1]))
                seen[head[9:12].decode()] += 1
                if not keep or b"connection: close" in head:
                    break
        except (OSError, asyncio.IncompleteReadError) as error:
            seen[repr(error)] += 1
        finally:
            writer.close()


@pytest.mark.parametrize(("workers", "delay"), [("1", "0"), ("1", "0.5"), ("2", "0"), ("2", "0.5")])
def test_sigterm_under_load_loses_no_request(
    launch: Launch, redis_url: str, http: httpx.Client, workers: str, delay: str
) -> None:
    running = launch("serve", "--port", "0", "--workers", workers, REDIS_URL=redis_url, SHUTDOWN_DELAY=delay)
    url = httpx.URL(running.url())
    assert http.get(url.join("/health/ready")).status_code == 200
    http.close()
    seen: Counter[str] = Counter()
    assert url.port is not None
    port = url.port

    async def load() -> None:
        clients = [asyncio.ensure_future(use(port, seen, keep=bool(n % 4))) for n in range(12)]
        while seen["200"] < 500:
            await asyncio.sleep(0.01)
        running.process.send_signal(signal.SIGTERM)
        await asyncio.gather(*clients)

    asyncio.run(asyncio.wait_for(load(), 60))
    assert running.ended() == 0
    assert set(seen) == {"200"}
    assert len(running.err.splitlines()) == 1, running.err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_sigterm_ends_the_command_at_once(
    launch: Launch, redis_url: str, http: httpx.Client, workers: str
) -> None:
    running = launch("serve", "--port", "0", "--workers", workers, REDIS_URL=redis_url, SHUTDOWN_DELAY="600")
    ready = f"{running.url()}/health/ready"
    assert http.get(ready).status_code == 200
    running.process.send_signal(signal.SIGTERM)
    running.wait(lambda: http.get(ready).status_code == 503, "readiness that is gone")
    assert running.stop(signal.SIGTERM) == 0


def test_a_worker_that_is_killed_is_followed_by_another(
    launch: Launch, redis_url: str, http: httpx.Client
) -> None:
    running = launch("serve", "--port", "0", "--workers", "2", REDIS_URL=redis_url)
    url = f"{running.url()}/health/live"
    assert http.get(url).status_code == 200
    workers = running.wait(lambda: serving_below(running.children()), "workers")
    victim = max(workers)
    os.kill(victim, signal.SIGKILL)
    running.wait(lambda: running.records("a worker has ended, and another begins"), "word of it")
    assert running.records("a worker has ended, and another begins") == [{"pid": victim}]
    with httpx.Client() as client:
        assert client.get(url).status_code == 200
    assert running.stop(signal.SIGTERM) == 0


def serving_below(children: set[int]) -> set[int]:
    """The processes that hold a listening port, once there are two of them."""
    found = set()
    for pid in children:
        try:
            if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text():
                found.add(pid)
        except OSError:
            continue
    return found if len(found) >= 2 else set()


def test_it_starts_without_redis_and_is_ready_when_redis_comes(launch: Launch, http: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = launch("serve", "--port", "0", REDIS_URL=f"redis://127.0.0.1:{port}/0")
    url = running.url()
    assert http.get(f"{url}/health/live").status_code == 200
    assert http.get(f"{url}/health/ready").status_code == 503
    answer = http.get(f"{url}/api/tickers")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    with EmbeddedServer(port=port) as server, redis.Redis.from_url(server.url) as writer:
        writer.set("TRADE:STATUS:binance", "2024-01-01T12:00:00+00:00")
        running.wait(lambda: http.get(f"{url}/health/ready").status_code == 200, "readiness")
        assert http.get(f"{url}/api/trades/status/binance").status_code == 200
    assert running.stop(signal.SIGTERM) == 0
