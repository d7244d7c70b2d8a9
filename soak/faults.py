"""What goes wrong while the gateway serves: Redis, its network, its users and its memory."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import redis.asyncio as redis
from proxy import Proxy
from truth import Truth

from fullon_cache_api.demo import EmbeddedServer

USER, PASSWORD = "gateway", "first"
RECOVERY = 3.0
"""Seconds after a fault's end in which its failures may still be seen."""

STANDSTILL = "The machine stood still"
"""The name of what nobody has made, and what explains a failure all the same."""


@dataclass(slots=True)
class Window:
    """A fault that was made, and from when to when (of the monotonic clock)."""

    name: str
    began: float
    ended: float = math.inf
    last_failure: float = -math.inf

    def explains(self, asked: float, answered: float) -> bool:
        """Whether a failure of a request may be of this fault."""
        return self.began <= answered and asked <= self.ended + RECOVERY


@dataclass(slots=True)
class Stage:
    """What faults happen to: a Redis, the way to it, and what the cache is known to hold."""

    server: EmbeddedServer
    proxy: Proxy
    truth: Truth
    admin: "redis.Redis"
    chance: random.Random
    windows: list[Window] = field(default_factory=list)

    async def make(self, fault: "Fault") -> Window:
        """Let something go wrong, and be well again at the end."""
        name = (fault.__doc__ or "").rstrip(".")
        window = Window(name, time.monotonic())
        self.windows.append(window)
        await fault(self)
        window.ended = time.monotonic()
        return window

    async def pause(self, least: float, most: float) -> None:
        """Wait so many seconds."""
        await asyncio.sleep(self.chance.uniform(least, most))

    async def disconnect(self) -> None:
        """End the gateway's connections from Redis' side."""
        await self.admin.execute_command("CLIENT", "KILL", "USER", USER)


Fault = Callable[[Stage], Awaitable[None]]


async def kill(stage: Stage) -> None:
    """kill -9 of Redis, and a restart, empty."""
    stage.truth.lose()
    await asyncio.to_thread(stage.server.kill)
    await stage.pause(0.2, 2.5)
    await asyncio.to_thread(stage.server.restart)
    stage.truth.lost()


async def stop(stage: Stage) -> None:
    """SIGSTOP of Redis."""
    await asyncio.to_thread(stage.server.pause)
    await stage.pause(0.3, 3.0)
    stage.server.resume()


async def stutter(stage: Stage) -> None:
    """SIGSTOP and SIGCONT in turns."""
    for _ in range(10):
        await asyncio.to_thread(stage.server.pause)
        await stage.pause(0.02, 0.15)
        stage.server.resume()
        await stage.pause(0.02, 0.15)


async def cut(stage: Stage) -> None:
    """All connections to Redis closed."""
    stage.proxy.cut()


async def reset(stage: Stage) -> None:
    """All connections to Redis reset."""
    stage.proxy.cut(reset=True)


async def flap(stage: Stage) -> None:
    """Connections to Redis cut again and again."""
    for _ in range(15):
        stage.proxy.cut(reset=stage.chance.random() < 0.5)
        await stage.pause(0.01, 0.2)


async def half_open(stage: Stage) -> None:
    """Connections to Redis that nothing passes any more."""
    stage.proxy.half_open()
    await stage.pause(0.0, 1.0)


async def delay(stage: Stage) -> None:
    """Replies of Redis held up."""
    for _ in range(5):
        stage.proxy.hold()
        await stage.pause(0.05, 0.6)
        stage.proxy.release()
        await stage.pause(0.05, 0.2)


async def cut_replies(stage: Stage) -> None:
    """Connections cut in the middle of a reply."""
    stage.proxy.cut_after(*(stage.chance.choice((1, 7, 100, 5_000, 60_000)) for _ in range(8)))
    await _until_used(stage.proxy)


async def garble(stage: Stage) -> None:
    """Garbage in place of replies."""
    garbage = (
        b"\xff\xfe\x00garbage\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"*99999999999\r\n",
        b"$-5\r\n\r\n",
    )
    for piece in stage.chance.sample(garbage, 3):
        stage.proxy.answer(piece)
        await _until_used(stage.proxy)


async def inject(stage: Stage) -> None:
    """A reply that nobody asked for, on every connection, which are then closed."""
    # On an idle connection it is seen before the next command; in the middle of an exchange it would be
    # taken for the reply that is due, as by every client of the protocol: so it is none of the protocol.
    stage.proxy.inject(b"\xff\xff\r\n")
    await stage.pause(0.1, 0.3)


async def kill_clients(stage: Stage) -> None:
    """CLIENT KILL."""
    for _ in range(3):
        await stage.disconnect()
        await stage.pause(0.05, 0.5)


async def full(stage: Stage) -> None:
    """No more connections (maxclients)."""
    await stage.admin.config_set("maxclients", 1)
    await stage.disconnect()
    await stage.pause(0.3, 2.0)
    await stage.admin.config_set("maxclients", 10_000)


async def flush(stage: Stage) -> None:
    """FLUSHALL, and everything written anew."""
    stage.truth.lose()
    await stage.admin.flushall()
    stage.truth.lost()
    await stage.pause(0.0, 0.5)


async def new_password(stage: Stage) -> None:
    """Another password in Redis, and then the first one again."""
    await stage.admin.execute_command("ACL", "SETUSER", USER, "resetpass", ">second")
    await stage.disconnect()
    await stage.pause(0.3, 2.0)
    await stage.admin.execute_command("ACL", "SETUSER", USER, "resetpass", f">{PASSWORD}")


async def no_memory(stage: Stage) -> None:
    """Redis out of memory: it refuses writes."""
    await stage.admin.config_set("maxmemory", 1_000_000)
    await stage.pause(0.5, 2.0)
    await stage.admin.config_set("maxmemory", 0)


FAULTS: tuple[Fault, ...] = (
    kill,
    stop,
    stutter,
    cut,
    reset,
    flap,
    half_open,
    delay,
    cut_replies,
    garble,
    inject,
    kill_clients,
    full,
    flush,
    new_password,
    no_memory,
)


def deck(chance: random.Random) -> Iterator[Fault]:
    """Return faults without end: each of them once in random order, then all of them again."""
    while True:
        yield from chance.sample(FAULTS, len(FAULTS))


async def _until_used(proxy: Proxy) -> None:
    async with asyncio.timeout(5):
        while proxy.has_plans:
            await asyncio.sleep(0.01)
