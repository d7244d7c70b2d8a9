"""Whether a replica may be read: what it says of itself, on a connection to it."""

import asyncio
from contextlib import suppress

from hiredis import pack_command
from redis.exceptions import RedisError

from .connection import Connection, Unusable, read_reply
from .reply import Reply
from .target import Address, RedisTarget

LAG = 12
"""Seconds without a word from its master after which a replica is not read; Redis sends one every 10 s."""

TRIED_WITHIN = 0.4
"""Seconds for connecting to a replica and for what it says, before it is read at all."""

_QUESTION: bytes = pack_command(("INFO", "replication"))  # type: ignore[arg-type]


async def is_fit(target: RedisTarget, master: Address) -> bool:
    """Whether a replica can be reached, and follows that master closely."""
    connection: Connection = target.connection()
    try:
        async with asyncio.timeout(TRIED_WITHIN):
            await connection.connect()
            await refuse_unfit(connection, master)
            return True
    except Exception:
        # Whatever a server says or does, those who ask the Sentinels go on.
        return False
    finally:
        with suppress(RedisError, OSError, RuntimeError):
            await connection.disconnect(nowait=True)


async def refuse_unfit(connection: Connection, master: Address) -> None:
    """Raise Unusable where the replica does not follow that master, or lags behind."""
    await connection.send_packed_command([_QUESTION], check_health=False)
    if not await _follows(await read_reply(connection), master):
        raise Unusable("the replica lags behind")


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
    except (OSError, UnicodeError):
        # Not every text can be looked up as a name.
        return False
    return not {each[4][0] for each in found}.isdisjoint(each[4][0] for each in others)
