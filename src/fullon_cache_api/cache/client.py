"""The read-only client: two lanes to one Redis, and the deadline of each request."""

import asyncio
import time
from collections.abc import Callable

from redis.exceptions import NoPermissionError, ResponseError

from .commands import Command, refuse_writes
from .errors import CacheUnavailable
from .lane import Call, Connection, Lane, Reply

LANES = 2
"""One for the many small reads, one for when a large reply holds it up; more only make smaller batches."""

PATIENCE = 0.005
"""Seconds for which reads wait for the batch that is under way, and then share the next: a call of its own
costs several times what a place in a batch does."""


class CacheClient:
    """Sends read commands to Redis, many requests to a round trip; opens its connections by itself.

    It belongs to the event loop that uses it: used from another one, it starts anew there.
    """

    def __init__(self, make_connection: Callable[[], Connection], lanes: int = LANES) -> None:
        self._make_connection = make_connection
        self._count = lanes
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lanes: tuple[Lane, ...] = ()

    async def execute(self, commands: tuple[Command, ...], deadline: float) -> list[Reply]:
        """Return one reply per command; a WRONGTYPE reply is returned as the error that it is.

        `deadline` is a time of the running loop's clock. Raises CacheTimeout when it passes, CacheUnavailable
        when Redis cannot be read, CommandRefused before anything is sent for a command that could write.
        """
        refuse_writes(commands)
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._lanes = tuple(Lane(self._make_connection) for _ in range(self._count))
        call = Call(commands, deadline, loop.create_future())
        self._lane(loop.time()).submit(call)
        replies = await call.future
        for reply in replies:
            if isinstance(reply, ResponseError) and not is_wrong_type(reply):
                raise CacheUnavailable(_reason(reply))
        return replies

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
            for lane in lanes:
                await lane.close()

    def _lane(self, now: float) -> Lane:
        for lane in self._lanes:
            if not lane.busy or now - lane.started < PATIENCE:
                return lane
        return min(self._lanes, key=lambda lane: len(lane.waiting))


def is_wrong_type(reply: Reply) -> bool:
    """Whether a reply says that the key holds another type than the command reads (WRONGTYPE)."""
    return isinstance(reply, ResponseError) and str(reply).startswith("WRONGTYPE")


def _reason(reply: ResponseError) -> str:
    if isinstance(reply, NoPermissionError):
        return "denied"
    # redis-py keeps the code apart for the errors that it has a class for.
    code = reply.status_code or str(reply).split(" ", 1)[0]
    return f"error {code}" if code.isalpha() and code.isupper() else "error"
