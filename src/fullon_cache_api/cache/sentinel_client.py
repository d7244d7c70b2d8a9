"""The read-only client of a master that Sentinels watch over, or of a replica of it."""

from collections.abc import Awaitable

from .breaker import ReportBreaker
from .client import CacheClient
from .commands import Command
from .connection import Connection
from .cursor import at, has_cursor, named
from .deployment import SentinelTarget
from .reply import Reply
from .watch import ReportServer, Watch
from .watched import WatchedConnection


class SentinelClient:
    """Reads one server at a time, whichever the Sentinels name; what was begun at another begins anew."""

    def __init__(
        self,
        target: SentinelTarget,
        report: ReportServer = lambda role, address: None,
        report_breaker: ReportBreaker = lambda reason: None,
    ) -> None:
        self._watch = Watch(target, report)
        self._client = CacheClient(self.connection, report=report_breaker)

    @property
    def is_open(self) -> bool:
        """Whether the server is known to be dead, and only a probe asks it."""
        return self._client.is_open

    def connection(self) -> Connection:
        """Return a new connection to whichever server is to be read, not yet opened."""
        return WatchedConnection(self._watch)

    def execute(
        self, commands: tuple[Command, ...], deadline: float, *, page: bool = False
    ) -> Awaitable[list[Reply]]:
        """Return one reply per command, as CacheClient does; all of them are one server's."""
        if any(map(has_cursor, commands)):
            return self._execute(commands, deadline, page)
        return self._client.execute(commands, deadline, page=page)

    def ping(self, deadline: float) -> Awaitable[float]:
        """Return how many milliseconds the server takes to answer PING."""
        return self._client.ping(deadline)

    async def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        await self._client.close()
        await self._watch.close()

    async def _execute(self, commands: tuple[Command, ...], deadline: float, page: bool) -> list[Reply]:
        """Read pages: a cursor is good at the server that gave it only.

        Connections are cut with each change of the server: what comes while there is none is all from one.
        """
        while True:
            version = self._watch.version
            server = b"%d" % version
            asked = tuple(at(server, command) for command in commands)
            replies = await self._client.execute(asked, deadline, page=page)
            if self._watch.version == version:
                pairs = zip(commands, replies, strict=True)
                return [named(server, command, reply) for command, reply in pairs]
