"""The read-only client: two lanes to one Redis, another for pages, and the deadline of each request."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import ClassVar, Protocol

from redis.exceptions import ResponseError

from .breaker import Breaker, ReportBreaker
from .call import Call
from .commands import Command, refuse_writes
from .connection import Connection
from .errors import CacheUnavailable
from .lane import Lane
from .reply import Reply

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

    @property
    def is_open(self) -> bool:
        """Whether Redis is known to be dead, and only a probe asks it: the circuit is open."""

    async def close(self) -> None:
        """Close the connections; the next use opens new ones."""


class CacheClient:
    """Sends read commands to Redis, many requests to a round trip; opens its connections by itself.

    A Redis that is known to be dead is not asked until a probe has reached it, of which `report` is told.
    It belongs to the event loop that uses it: used from another one, it starts anew there.
    """

    passed: ClassVar[tuple[type[ResponseError], ...]] = ()
    """Errors that are replies to who asks, beside WRONGTYPE."""

    refuse = staticmethod(refuse_writes)
    """Raises CommandRefused for what may not be sent."""

    def __init__(
        self,
        make_connection: Callable[[], Connection],
        lanes: int = LANES,
        report: ReportBreaker = lambda reason: None,
    ) -> None:
        self._make_connection = make_connection
        self._count = lanes
        self._report = report
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lanes: tuple[Lane, ...] = ()
        self._breaker = Breaker(make_connection, self._is_reached, self._renew, report)
        self._pages = Lane(make_connection, self._breaker, PAGES)

    @property
    def is_open(self) -> bool:
        """Whether Redis is known to be dead, and only a probe asks it: the circuit is open."""
        return self._breaker.reason is not None

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
            self._start_in(loop)
        now = loop.time()
        call = Call(commands, now, deadline, loop.create_future(), passed=self.passed)
        if self._breaker.reason is not None:
            call.fail(CacheUnavailable(self._breaker.reason))
            return call.future
        (self._pages if page else self._lane(now)).submit(call)
        return call.future

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
            await self._breaker.close()
            for lane in (*lanes, self._pages):
                await lane.close()

    def _start_in(self, loop: asyncio.AbstractEventLoop) -> None:
        self._breaker.abandon()
        self._loop = loop
        self._breaker = Breaker(self._make_connection, self._is_reached, self._renew, self._report)
        self._lanes = tuple(Lane(self._make_connection, self._breaker) for _ in range(self._count))
        self._pages = Lane(self._make_connection, self._breaker, PAGES)
        for lane in (*self._lanes, self._pages):
            lane.others = self._lanes

    async def _is_reached(self) -> bool:
        return any([await lane.is_connected() for lane in (*self._lanes, self._pages)])

    async def _renew(self) -> None:
        for lane in (*self._lanes, self._pages):
            await lane.renew()

    def _lane(self, now: float) -> Lane:
        for lane in self._lanes:
            if not lane.busy or now - lane.started < PATIENCE:
                return lane
        return min(self._lanes, key=lambda lane: len(lane.waiting))
