"""The connection on which Redis tells which keys have changed (CLIENT TRACKING, in RESP2)."""

import asyncio
import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeAlias

from hiredis import pack_command
from redis.exceptions import NoPermissionError, RedisError

from .connection import Connection, short_reason
from .copies import Copies
from .reply import Reply

TRACKING_COMMANDS = frozenset({"CLIENT ID", "CLIENT TRACKING", "PTTL", "SUBSCRIBE", "PING"})
"""All that is sent on this connection; none of it can change data."""

CHANNEL = b"__redis__:invalidate"
"""Where Redis sends the names of keys that have changed, to a client that speaks RESP2."""

BEGINS_WITHIN = 1.0
"""Seconds for connecting and for the commands that switch tracking on."""

PING_EVERY = 0.25
"""Seconds between two PINGs, by which a connection shows that it lives; until it does, no copy is used."""

SILENCE = 1.0
"""Seconds without an answer to a PING after which the connection is given up."""

RETRY = 1.0
"""Seconds between the beginnings of two attempts."""

TURNS = 4
"""How many turns of the event loop notices may take to be taken in."""

ReportTracking: TypeAlias = Callable[[str | None], None]
"""Is told why copies cannot be used, and None when they can be again: once for each change."""


class Tracking:
    """Ends copies when Redis tells that their keys have changed; for one event loop.

    Copies are kept only while the connection is known to live: whatever happens to it, all of them go.
    """

    def __init__(
        self,
        make_connection: Callable[[], Connection],
        prefixes: tuple[str, ...],
        copies: Copies,
        report: ReportTracking,
    ) -> None:
        self._make_connection = make_connection
        self._prefixes = prefixes
        self._copies = copies
        self._report = report
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._tried = -math.inf
        self._warned = False
        self._pinging = False

    @property
    def is_live(self) -> bool:
        """Whether Redis tells of changes."""
        return self._connection is not None

    def start(self) -> None:
        """Open the connection, unless that is under way or has just been tried; nobody waits for it."""
        loop = asyncio.get_running_loop()
        if (self._task is None or self._task.done()) and loop.time() - self._tried >= RETRY:
            self._tried = loop.time()
            self._task = loop.create_task(self._run())

    @property
    def is_settled(self) -> bool:
        """Whether all notices that have reached this machine have been taken in.

        Redis sends a notice no later than the reply to the write, so it may lie in the socket when the event
        loop comes to a request that was sent after that reply.

        Redis writes to the client last that it was first to have something for: where it answers a PING here,
        a notice can follow the reply to its write. So nothing is settled while a PING is unanswered.
        """
        connection = self._connection
        return not (connection is None or self._pinging or connection.has_unread())

    async def settled(self) -> bool:
        """Let the notices that have reached this machine be taken in; False where that cannot be said."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
            if self.is_settled:
                return True
        return False

    async def close(self) -> None:
        """Close the connection; the next `start` opens another one."""
        task, self._task = self._task, None
        self._tried = -math.inf
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def abandon(self) -> None:
        """End the task, whose event loop is not the running one any more."""
        if self._task is not None and not (loop := self._task.get_loop()).is_closed():
            loop.call_soon_threadsafe(self._task.cancel)

    async def _run(self) -> None:
        try:
            await self._track(self._make_connection())
        except Exception as error:
            # Not only RedisError and OSError: uvloop raises RuntimeError for a connection that has gone.
            self._tell(_reason(error))

    async def _track(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(BEGINS_WITHIN):
                await connection.connect()
                await self._begin(connection)
            self._connection = connection
            self._tell(None)
            await self._follow(connection)
        finally:
            self._connection = None
            self._copies.clear()
            with suppress(RedisError, OSError, RuntimeError):
                await connection.disconnect(nowait=True)

    def _tell(self, reason: str | None) -> None:
        if self._warned != (reason is not None):
            self._warned = not self._warned
            self._report(reason)

    async def _begin(self, connection: Connection) -> None:
        """Have Redis tell of all keys with the prefixes; raises where it does not, or PTTL is not allowed."""
        own_id = await _ask(connection, "CLIENT", "ID")
        if not isinstance(own_id, int):
            raise _Unexpected
        for prefix in self._prefixes:
            if not isinstance(await _ask(connection, "PTTL", prefix), int):
                raise _Unexpected
        prefixes = (word for prefix in self._prefixes for word in ("PREFIX", prefix))
        tracking = ("CLIENT", "TRACKING", "ON", "REDIRECT", str(own_id), "BCAST", *prefixes)
        if await _ask(connection, *tracking) != b"OK":
            raise _Unexpected
        if await _ask(connection, "SUBSCRIBE", CHANNEL.decode()) != [b"subscribe", CHANNEL, 1]:
            raise _Unexpected

    async def _follow(self, connection: Connection) -> None:
        """Take notices in until the connection fails, or is silent."""
        loop = asyncio.get_running_loop()
        self._pinging = False
        pinging = loop.create_task(self._ping(connection))
        try:
            async with asyncio.timeout(SILENCE) as silence:
                while True:
                    match await connection.read_response():
                        case [b"message", _, None]:
                            # FLUSHALL or FLUSHDB.
                            self._copies.clear()
                        case [b"message", _, [*keys]]:
                            for key in keys:
                                self._copies.invalidate(_text(key))
                        case [b"pong", _] if self._pinging:
                            self._pinging = False
                            silence.reschedule(loop.time() + SILENCE)
                        case _:
                            raise _Unexpected
        finally:
            pinging.cancel()

    async def _ping(self, connection: Connection) -> None:
        with suppress(RedisError, OSError, RuntimeError):
            while True:
                await asyncio.sleep(PING_EVERY)
                if not self._pinging:
                    self._pinging = True
                    await connection.send_packed_command([_packed("PING")], check_health=False)


def prefixes_of(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return what keys of some patterns (`tickers:{exchange}`) begin with.

    Redis refuses a prefix that begins with another one.
    """
    found: list[str] = []
    for prefix in sorted({pattern.partition("{")[0] for pattern in patterns}):
        if not found or not prefix.startswith(found[-1]):
            found.append(prefix)
    return tuple(found)


class _Unexpected(Exception):
    """Redis said what it does not say to the commands that were sent."""


async def _ask(connection: Connection, *command: str) -> Reply:
    await connection.send_packed_command([_packed(*command)], check_health=False)
    return await connection.read_response()


def _packed(*command: str) -> bytes:
    packed: bytes = pack_command(command)  # type: ignore[arg-type]
    return packed


def _text(key: Reply) -> str:
    # A key that is not UTF-8 is none that is read here.
    return key.decode(errors="replace") if isinstance(key, bytes) else ""


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "no answer"
        case _Unexpected():
            return "unexpected reply"
        case NoPermissionError():
            return "denied"
    return short_reason(error)
