"""Counts requests for several processes together, in a Redis of their own: the one place that ever writes.

It is never the Redis that is served. All that is sent there is in `COMMANDS`.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from hiredis import pack_command
from redis.exceptions import NoScriptError, RedisError

from fullon_cache_api.cache.connection import Connection, short_reason
from fullon_cache_api.cache.errors import CacheError
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.cache.target import RedisTarget
from fullon_cache_api.limits import RateLimit

COMMANDS = frozenset({"EVALSHA", "SCRIPT LOAD"})
"""All that is sent; the script itself calls GET, SET and TIME."""

PREFIX = "fullon:rate:"
"""What every key begins with."""

WITHIN = 0.25
"""Seconds that a request waits for the count at most."""

RETRY = 1.0
"""Seconds after a failure in which each process counts for itself."""

_SCRIPT = """\
local now = redis.call('TIME')
now = tonumber(now[1]) * 1000000 + tonumber(now[2])
local step, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
if full > now + window then full = now + window end
local wait = full + step - now - window
if wait > 0 then return {math.ceil(wait), full - now} end
full = full + step
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return {0, full - now}
"""
"""The bucket of `http.rate` in microseconds of the server's clock: 0 or the wait, and when it is full."""

ReportShared: TypeAlias = Callable[[str | None], None]
"""Is told why requests cannot be counted together, and None when they can be again."""


Servers: TypeAlias = Callable[[], Awaitable[Sequence[RedisTarget]]]
"""Returns the servers that are read as they are now; raises CacheUnavailable where nobody knows them."""


class _Unexpected(Exception):
    """Redis said what it does not say to these commands."""


class _Served(Exception):
    """It is one of the servers that are read, which nothing may write to."""


async def _none() -> Sequence[RedisTarget]:
    return ()


class SharedCount:
    """Takes tokens out of buckets that several processes share; for one event loop at a time.

    One connection, on which requests wait for one another: whoever cannot have an answer in time is counted
    by his own process. A server that is `served` is never written to.
    """

    def __init__(
        self, target: RedisTarget, limit: RateLimit, report: ReportShared, served: Servers = _none
    ) -> None:
        self._target = target
        self._served = served
        self._step = math.ceil(1_000_000 / limit.rate)
        self._window = self._step * limit.burst
        self._report = report
        self._connection: Connection | None = None
        self._digest = b""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self._failed = -math.inf
        self._warned = False

    async def take(self, name: str) -> tuple[float, float] | None:
        """Take a token if there is one: the seconds until there is (0 where it was taken), and until all are.

        None where Redis cannot count now.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._lock, self._connection, self._failed = loop, asyncio.Lock(), None, -math.inf
        if loop.time() - self._failed < RETRY:
            return None
        try:
            async with asyncio.timeout(WITHIN), self._lock:
                return await self._take(name)
        except (RedisError, OSError, RuntimeError, TimeoutError, CacheError, _Unexpected, _Served) as error:
            # RuntimeError: uvloop's, for a connection that has gone.
            self._failed = loop.time()
            await self.close()
            self._tell(_reason(error))
            return None

    async def close(self) -> None:
        """Close the connection; the next `take` opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None and self._loop is asyncio.get_running_loop():
            with suppress(RedisError, OSError, RuntimeError):
                await connection.disconnect(nowait=True)

    async def _take(self, name: str) -> tuple[float, float]:
        if self._connection is None:
            await self._open()
        try:
            reply = await self._count(name)
        except NoScriptError:
            # A server that was started anew, or SCRIPT FLUSH.
            await self._load()
            reply = await self._count(name)
        match reply:
            case [int(wait), int(full_in)]:
                self._tell(None)
                return wait / 1_000_000, full_in / 1_000_000
        raise _Unexpected

    async def _open(self) -> None:
        for server in await self._served():
            # Names are looked up for it, and that can take long.
            if await asyncio.to_thread(self._target.is_same, server):
                raise _Served
        connection: Connection = self._target.connection()
        self._connection = connection
        await connection.connect()
        await self._load()

    async def _load(self) -> None:
        digest = await self._ask("SCRIPT", "LOAD", _SCRIPT)
        if not isinstance(digest, bytes):
            raise _Unexpected
        self._digest = digest

    async def _count(self, name: str) -> Reply:
        key = f"{PREFIX}{name}"
        return await self._ask("EVALSHA", self._digest, 1, key, self._step, self._window)

    async def _ask(self, *command: str | int | bytes) -> Reply:
        assert self._connection is not None
        packed: bytes = pack_command(command)  # type: ignore[arg-type]
        whole = False
        try:
            await self._connection.send_packed_command([packed], check_health=False)
            reply = await self._connection.read_response()
            whole = True
            return reply
        except NoScriptError:
            whole = True
            raise
        finally:
            if not whole:
                # The reply may still come, and must not be taken for the next one's.
                await self.close()

    def _tell(self, reason: str | None) -> None:
        if self._warned != (reason is not None):
            self._warned = not self._warned
            self._report(reason)


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "no answer"
        case _Unexpected():
            return "unexpected reply"
        case _Served():
            return "it is a server that is read"
        case CacheError():
            return "the servers that are read are not known"
    return short_reason(error)
