"""Whether Redis is worth asking: one that is known to be dead is asked by a probe alone."""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from hiredis import pack_command
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    RedisError,
    ResponseError,
)

from .connection import Connection, short_reason

ASK_WITHIN = 0.8
"""Seconds for connecting and for the answer to PING."""

FIRST_PAUSE = 0.05
"""Seconds between the first two probes; each pause is twice as long as the one before."""

LONGEST_PAUSE = 0.5
"""Seconds between the beginnings of two probes at most, or as long as the first of them takes."""

SHORTEST_PAUSE = 0.02
"""Seconds between the end of one probe and the beginning of the next."""

TRUSTED = 0.5
"""Seconds for which a Redis that has answered a probe is not asked again."""

MISSES = 3
"""Times in a row that deadlines pass, no reply having come, after which Redis is suspected to hang."""

ReportBreaker: TypeAlias = Callable[[str | None], None]
"""Is told why Redis is not asked, and None when it is asked again: once for each change."""

_PING: bytes = pack_command(("PING",))


class Breaker:
    """Opens when Redis is known to be dead, and closes by itself when it answers; for one event loop.

    Suspicion alone opens nothing: it makes the breaker ask, by a PING on a connection of its own, and only
    where that fails too is Redis dead. So no slow reply, no lost connection and no refused one that others
    have got trips it. While it is open, it goes on asking, and the first answer closes it.

    Any reply is an answer, an error too: who answers at once holds nobody up, and may say what is wrong.
    `is_reached` says whether anybody has a connection that looks well, `renew` is awaited before it closes.
    """

    __slots__ = (
        "_is_reached",
        "_make_connection",
        "_renew",
        "_report",
        "_task",
        "_trusted",
        "missed",
        "reason",
    )

    def __init__(
        self,
        make_connection: Callable[[], Connection],
        is_reached: Callable[[], Awaitable[bool]],
        renew: Callable[[], Awaitable[None]],
        report: ReportBreaker,
    ) -> None:
        self._make_connection = make_connection
        self._is_reached = is_reached
        self._renew = renew
        self._report = report
        self._task: asyncio.Task[None] | None = None
        self._trusted = -math.inf
        self.missed = 0
        """How often deadlines have passed since the last reply."""
        self.reason: str | None = None
        """Why Redis is not asked, in a word or two; None while it is."""

    def miss(self) -> None:
        """Take note that deadlines have passed; one slow reply says nothing yet, several in a row may."""
        self.missed += 1
        if self.missed >= MISSES:
            self.suspect(unreachable=False)

    def suspect(self, *, unreachable: bool = True) -> None:
        """Ask Redis whether it lives, unless that is under way or was answered just now.

        One that is `unreachable` for somebody is not dead while others have a connection; one that says
        nothing on such a connection may be.
        """
        loop = asyncio.get_running_loop()
        if (self._task is None or self._task.done()) and loop.time() >= self._trusted:
            self._task = loop.create_task(self._watch(unreachable))

    async def close(self) -> None:
        """Ask no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        self.reason = None

    def abandon(self) -> None:
        """End the task, whose event loop is not the running one any more."""
        if self._task is not None and not (loop := self._task.get_loop()).is_closed():
            loop.call_soon_threadsafe(self._task.cancel)

    async def _watch(self, unreachable: bool) -> None:
        loop = asyncio.get_running_loop()
        pause, began = FIRST_PAUSE, loop.time()
        while (reason := await self._ask()) is not None:
            if self.reason is None:
                if unreachable and await self._is_reached():
                    return
                self._report(reason)
            self.reason = reason
            # Gateways that lost the same Redis at the same time do not come back all at once.
            wait = pause * random.uniform(0.5, 1) - (loop.time() - began)
            await asyncio.sleep(max(wait, SHORTEST_PAUSE))
            pause, began = min(pause * 2, LONGEST_PAUSE), loop.time()
        self._trusted = loop.time() + TRUSTED
        self.missed = 0
        if self.reason is not None:
            await self._renew()
            self.reason = None
            self._report(None)

    async def _ask(self) -> str | None:
        """Return why Redis does not answer, None where it does."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(ASK_WITHIN):
                connection = self._make_connection()
                await connection.connect()
                await connection.send_packed_command([_PING], check_health=False)
                return await _pong(connection)
        except TimeoutError:
            return "no answer"
        except Exception as error:
            # Not only RedisError and OSError: uvloop raises RuntimeError for a connection that has gone.
            return short_reason(error)
        finally:
            if connection is not None:
                with suppress(RedisError, OSError, RuntimeError):
                    await connection.disconnect(nowait=True)


async def _pong(connection: Connection) -> str | None:
    try:
        return None if await connection.read_response() == b"PONG" else "unexpected reply"
    except (ResponseError, BusyLoadingError, AuthenticationError, AuthorizationError):
        return None
