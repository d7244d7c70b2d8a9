"""A connection to the server that the Sentinels name, for as long as they do."""

import asyncio
from contextlib import suppress

from hiredis import pack_command
from redis.exceptions import RedisError

from .connection import Connection, Unusable, read_reply
from .replica import refuse_unfit
from .reply import Reply
from .target import CONNECT_TIMEOUT
from .watch import Server, Watch

LOOKED_AT_EVERY = 1.0
"""Seconds between two looks at how far a replica lags behind its master."""

_LOOK_WITHIN = 0.3
_ROLE: bytes = pack_command(("ROLE",))


class WatchedConnection:
    """Finds the server anew with each `connect`, and is not used once another one is to be read."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._server: Server | None = None
        self._connection: Connection | None = None
        self._looked = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open."""
        return self._connection is not None and self._connection.is_connected

    async def connect(self) -> None:
        """Ask the Sentinels, connect to the server and let it say that it is what they hold it for."""
        server: Server | None = None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                self._server = server = await self._watch.server()
                # From here on: a server that hangs is not waited for once it has been replaced.
                self._watch.add(self)
                connection: Connection = server.target.connection()
                self._connection = connection
                await connection.connect()
                await self._look(server, connection)
        except TimeoutError:
            await self._give_up(server)
            raise Unusable(self._watch.reason if server is None else "no connection") from None
        except Exception:
            await self._give_up(server)
            raise
        except BaseException:
            await self.disconnect(nowait=True)
            raise
        if not self._watch.holds(server.version):
            await self.disconnect(nowait=True)
            raise Unusable("another server has become the master")

    async def disconnect(self, nowait: bool = False) -> None:
        """Close it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(RedisError, OSError, RuntimeError):
                await connection.disconnect(nowait=nowait)

    async def can_read(self) -> bool:
        """Whether it is not to be used: there is something to read, or another server is to be read."""
        server, connection = self._server, self._connection
        if server is None or connection is None or not self._watch.holds(server.version):
            return True
        if await connection.can_read():
            return True
        if server.is_replica and asyncio.get_running_loop().time() - self._looked > LOOKED_AT_EVERY:
            try:
                async with asyncio.timeout(_LOOK_WITHIN):
                    await self._look(server, connection)
            except Unusable:
                self._watch.avoid(server)
                return True
            except (TimeoutError, RedisError, OSError, RuntimeError):
                return True
        return False

    def has_unread(self) -> bool:
        """Whether anything has reached this machine that was not read, or another server is to be read."""
        server, connection = self._server, self._connection
        if server is None or connection is None or not self._watch.holds(server.version):
            return True
        return connection.has_unread()

    async def send_packed_command(self, command: list[bytes], check_health: bool = True) -> None:
        """Write packed commands."""
        await self._open().send_packed_command(command, check_health=check_health)

    async def read_response(self) -> Reply:
        """Return the next reply; raises a reply that is an error."""
        return await self._open().read_response()

    async def _give_up(self, server: Server | None) -> None:
        """Close what is no use; a replica is left for another server, though Sentinels may say it is well."""
        if server is not None:
            self._watch.avoid(server)
        await self.disconnect(nowait=True)

    def _open(self) -> Connection:
        if self._connection is None:
            raise Unusable("no connection")
        return self._connection

    async def _look(self, server: Server, connection: Connection) -> None:
        """Raise Unusable where the server is not what the Sentinels hold it for, or lags behind."""
        if server.is_replica:
            await refuse_unfit(connection, server.master)
        else:
            await connection.send_packed_command([_ROLE], check_health=False)
            reply = await read_reply(connection)
            if not (isinstance(reply, list) and reply[:1] == [b"master"]):
                raise Unusable("it is not the master")
        self._looked = asyncio.get_running_loop().time()
