"""Reads from local copies that Redis' client tracking keeps coherent, else from Redis."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import NamedTuple

from .client import ReadClient
from .commands import Command
from .connection import Connection
from .copies import Copies, KeyCopies
from .reply import Reply
from .tracking import ReportTracking, Tracking


class CoherentRead(NamedTuple):
    """Replies, whether they are a copy, and where they are kept, if that is all in one place."""

    replies: list[Reply]
    is_copy: bool = False
    held: KeyCopies | None = None


class CoherentClient:
    """Answers what it has a copy of, and keeps what it has to read; opens its connection at first use.

    Where Redis does not tell of changes, everything is read from Redis. `prefixes` are those of all keys that
    are read through it. Like the client that it reads through, it starts anew in another event loop.
    """

    def __init__(
        self,
        client: ReadClient,
        make_connection: Callable[[], Connection],
        prefixes: tuple[str, ...],
        report: ReportTracking = lambda reason: None,
    ) -> None:
        self._client = client
        self._make_connection = make_connection
        self._prefixes = prefixes
        self._report = report
        self._loop: asyncio.AbstractEventLoop | None = None
        self._copies = Copies()
        self._tracking = self._new_tracking()

    @property
    def is_live(self) -> bool:
        """Whether Redis tells of changes, so that replies are kept."""
        return self._tracking.is_live

    @property
    def is_open(self) -> bool:
        """Whether Redis is known to be dead, and only a probe asks it: the circuit is open."""
        return self._client.is_open

    @property
    def uncopied(self) -> ReadClient:
        """The client that reads everything from Redis."""
        return self._client

    async def execute(
        self, commands: tuple[Command, ...], deadline: float, *, page: bool = False
    ) -> list[Reply]:
        """Return what CacheClient's `execute` does; no reply is older than the request.

        That is as far as can be known without asking Redis: a change counts once Redis' notice of it has
        reached this machine, and after copies.LIFETIME at the latest.
        """
        return (await self.read(commands, deadline, page=page)).replies

    async def read(
        self, commands: tuple[Command, ...], deadline: float, *, page: bool = False
    ) -> CoherentRead:
        """Return what `execute` does, and where it comes from."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._start_in(loop)
        if page:
            return CoherentRead(await self._client.execute(commands, deadline, page=True))
        copies, tracking = self._copies, self._tracking
        if not tracking.is_live:
            # What is known to be dead is asked by a probe alone.
            if not self._client.is_open:
                tracking.start()
            return CoherentRead(await self._client.execute(commands, deadline))
        if copies.holds(commands, loop.time()) and (tracking.is_settled or await tracking.settled()):
            found = copies.find(commands, loop.time())
            if found is not None:
                return CoherentRead(found, True, copies.of(commands))
        fill = copies.begin(commands, loop.time()) if tracking.is_live else None
        if fill is None:
            return CoherentRead(await self._client.execute(commands, deadline))
        try:
            replies = await self._client.execute(fill.questions, deadline)
            held = copies.of(commands) if copies.keep(fill, replies) else None
            return CoherentRead(fill.answers(replies), False, held)
        finally:
            copies.end(fill)

    def still(self, held: KeyCopies, name: Hashable) -> object | None:
        """Return what was made of replies, if they are still what Redis would answer, else None."""
        loop = asyncio.get_running_loop()
        if held.until <= loop.time() or loop is not self._loop or not self._tracking.is_settled:
            return None
        return held.made.get(name)

    def keep_made(self, held: KeyCopies, name: Hashable, made: object, size: int) -> None:
        """Keep what was made of replies, of about so many bytes, for as long as they are kept."""
        self._copies.keep_made(held, name, made, size)

    def ping(self, deadline: float) -> Awaitable[float]:
        """Return how many milliseconds Redis takes to answer PING."""
        return self._client.ping(deadline)

    async def close(self) -> None:
        """Close the tracking connection; the next use opens a new one."""
        if self._loop is asyncio.get_running_loop():
            await self._tracking.close()

    def _start_in(self, loop: asyncio.AbstractEventLoop) -> None:
        self._tracking.abandon()
        self._copies.clear()
        self._loop = loop
        self._copies = Copies()
        self._tracking = self._new_tracking()

    def _new_tracking(self) -> Tracking:
        return Tracking(self._make_connection, self._prefixes, self._copies, self._report)
