"""The read-only client: two lanes to one Redis, another for pages, and the deadline of each request."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import ClassVar, Protocol

from redis.exceptions import ResponseError

from .call import Call
from .commands import Command, refuse_writes
from .connection import Connection, Reply
from .lane import Lane

LANES = 2
"""One for the many small reads, one for when a large reply holds it up; more only make smaller batches."""

PAGES = 1
"""Commands in a batch of the lane for pages: the next page has not been read before one can be used."""

PATIENCE = 0.005
"""Seconds for which reads wait for the batch that is under way, and then share the next: a call of its own
costs several times what a place in a batch does."""


class ReadClient(Protocol):
    """What reads go through: a CacheClient, or what has copies of some replies."""

    def execute(
        self, commands: tuple[Command, ...], deadline: float, *, page: bool = False
    ) -> Awaitable[list[Reply]]:
        """Return one reply per command; a `page` is one of many."""

    def ping(self, deadline: float) -> Awaitable[float]:
        """Return how many milliseconds Redis takes to answer PING."""

    async def close(self) -> None:
        """Close the connections; the next use opens new ones."""


class CacheClient:
    """Sends read commands to Redis, many requests to a round trip; opens its connections by itself.

    It belongs to the event loop that uses it: used from another one, it starts anew there.
    """

    passed: ClassVar[tuple[type[ResponseError], ...]] = ()
    """Errors that are replies to who asks, beside WRONGTYPE."""

    def __init__(self, make_connection: Callable[[], Connection], lanes: int = LANES) -> None:
        self._make_connection = make_connection
        self._count = lanes
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lanes: tuple[Lane, ...] = ()
        self._pages = Lane(make_connection, PAGES)

    def execute(
        self, commands: tuple[Command, ...], deadline: float, *, page: bool = False
    ) -> Awaitable[list[Reply]]:
        """Return one reply per command; a WRONGTYPE reply is returned as the error that it is.

        `deadline` is a time of the running loop's clock. Awaiting raises CacheTimeout when it passes and
        CacheUnavailable when Redis cannot be read; CommandRefused comes at once for a command that could
        write. What is read as one `page` of many has a lane of its own, so that small reads wait for none.
        """
        self.refuse(commands)
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._lanes = tuple(Lane(self._make_connection) for _ in range(self._count))
            self._pages = Lane(self._make_connection, PAGES)
        now = loop.time()
        call = Call(commands, now, deadline, loop.create_future(), passed=self.passed)
        (self._pages if page else self._lane(now)).submit(call)
        return call.future

    def refuse(self, commands: tuple[Command, ...]) -> None:
        """Raise CommandRefused for what may not be sent."""
        refuse_writes(commands)

    async def ping(self, deadline: float) -> float:
        """Return how many milliseconds Redis takes to answer PING."""
        started = time.perf_counter()
        await self.execute((("PING",),), deadline)
        return (time.perf_counter() - started) * 1000

    async def close(self) -> None:
        """Close the connections; what waits gets CacheUnavailable, and the next use opens new ones."""
        lanes, loop = self._lanes, self._loop
        self._lanes, self._loop = (), None
        if loop is asyncio.get_running_loop():
            for lane in (*lanes, self._pages):
                await lane.close()

    def _lane(self, now: float) -> Lane:
        for lane in self._lanes:
            if not lane.busy or now - lane.started < PATIENCE:
                return lane
        return min(self._lanes, key=lambda lane: len(lane.waiting))
