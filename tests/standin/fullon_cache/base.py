"""Raw keys: a client of its own for each call, PING before anything else, and no error ever shown."""

import os
from collections.abc import AsyncIterator
from typing import Any, Self

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError


class BaseCache:
    """What all caches inherit."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def _ask(self, *command: Any) -> Any:
        client = Redis(
            host=os.getenv("REDIS_HOST", "localhost"),
            port=int(os.getenv("REDIS_PORT", "6379")),
            db=int(os.getenv("REDIS_DB", "0")),
            password=os.getenv("REDIS_PASSWORD") or None,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
        )
        async with client:
            await client.ping()
            return await client.execute_command(*command)

    async def _quietly(self, nothing: Any, *command: Any) -> Any:
        try:
            found = await self._ask(*command)
        except (RedisError, OSError):
            return nothing
        return nothing if found is None else found

    async def ping(self) -> bool:
        return bool(await self._quietly(False, "PING"))

    async def get(self, key: str) -> str | None:
        return await self._quietly(None, "GET", key)

    async def hget(self, key: str, field: str) -> str | None:
        return await self._quietly(None, "HGET", key, field)

    async def hgetall(self, key: str) -> dict[str, str]:
        return await self._quietly({}, "HGETALL", key)

    async def lrange(self, key: str, start: int, stop: int) -> list[str]:
        return await self._quietly([], "LRANGE", key, start, stop)

    async def scan_keys(self, pattern: str) -> AsyncIterator[str]:
        cursor = 0
        while True:
            cursor, keys = await self._quietly((0, []), "SCAN", cursor, "MATCH", pattern)
            for key in keys:
                yield key
            if int(cursor) == 0:
                return

    async def delete(self, key: str) -> int:
        return await self._quietly(0, "DEL", key)
