"""A connection to the server that the Sentinels name, for as long as they do."""

import asyncio
from contextlib import suppress

from hiredis import pack_command
from redis.exceptions import RedisError

from .connection import Connection, Unusable, read_reply
from .reply import Reply
from .target import CONNECT_TIMEOUT, Address
from .watch import Server, Watch

LOOKED_AT_EVERY = 1.0
"""Seconds between two looks at how far a replica lags behind its master."""

LAG = 12
"""Seconds without a word from its master after which a replica is not read; Redis sends one every 10 s."""

_LOOK_WITHIN = 0.3


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
        question = ("INFO", "replication") if server.is_replica else ("ROLE",)
        packed: bytes = pack_command(question)  # type: ignore[arg-type]
        await connection.send_packed_command([packed], check_health=False)
        reply = await read_reply(connection)
        if server.is_replica:
            if not await _follows(reply, server.master):
                raise Unusable("the replica lags behind")
        elif not (isinstance(reply, list) and reply[:1] == [b"master"]):
            raise Unusable("it is not the master")
        self._looked = asyncio.get_running_loop().time()


async def _follows(reply: Reply, master: Address) -> bool:
    """Whether INFO shows a replica that hears that master, and not from an earlier time."""
    lines = reply.splitlines() if isinstance(reply, bytes) else []
    told = dict(line.split(b":", 1) for line in lines if b":" in line)
    heard = told.get(b"master_last_io_seconds_ago", b"")
    up = told.get(b"role") == b"slave" and told.get(b"master_link_status") == b"up"
    if not (up and heard.isdigit() and int(heard) <= LAG):
        return False
    if told.get(b"master_port") != b"%d" % master.port:
        return False
    return await _is_same(told.get(b"master_host", b"").decode(errors="replace"), master.host)


async def _is_same(host: str, other: str) -> bool:
    """Whether two names or addresses lead to the same host."""
    if host == other:
        return True
    loop = asyncio.get_running_loop()
    try:
        found, others = [await loop.getaddrinfo(each, None) for each in (host, other)]
    except OSError:
        return False
    return not {each[4][0] for each in found}.isdisjoint(each[4][0] for each in others)
