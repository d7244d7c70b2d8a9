"""Servers with known data, and clients that reach them, for the tests of the cache client."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import redis
from proxy import Proxy

from fullon_cache_api.cache import CacheClient, CacheUnavailable, Reader, RedisTarget
from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.errors import CursorLost
from fullon_cache_api.cache.reader import START, HashPage
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.demo import EmbeddedServer

KEYS = 10
COMES_WITHIN = 5.0


def fill(server: EmbeddedServer, url: str | None = None) -> EmbeddedServer:
    """Put `key:0` to `key:9`, the hash `hash` and the list `list` into a server."""
    with redis.Redis.from_url(url or server.url) as writer:
        writer.mset({f"key:{number}": f"value {number}" for number in range(KEYS)})
        writer.hset("hash", mapping={f"field:{number}": f"inner {number}" for number in range(KEYS)})
        writer.rpush("list", "a", "b", "c")
    return server


def port_of(server: EmbeddedServer) -> int:
    """The port of a server that has one."""
    port = urlsplit(server.url).port
    assert port is not None
    return port


@asynccontextmanager
async def opened(target: RedisTarget | str, lanes: int = 2) -> AsyncIterator[CacheClient]:
    """A client, closed at the end."""
    if isinstance(target, str):
        target = RedisTarget.from_url(target)
    client = CacheClient(target.connection, lanes)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def through_proxy(server: EmbeddedServer, lanes: int = 1) -> AsyncIterator[tuple[CacheClient, Proxy]]:
    """A client that reaches the server through a proxy only; with one lane the order of things is known."""
    async with Proxy(port_of(server)) as proxy, opened(f"redis://127.0.0.1:{proxy.port}", lanes) as client:
        yield client, proxy


async def ask(client: CacheClient, *commands: Command, within: float = 2.0) -> list[Reply]:
    """Execute commands with a deadline so many seconds away."""
    return await client.execute(commands, asyncio.get_running_loop().time() + within)


async def value(client: CacheClient, number: int, within: float = 2.0) -> Reply:
    """Read `key:{number}`."""
    return (await ask(client, ("GET", f"key:{number}"), within=within))[0]


async def page_of(reader: Reader, key: str, cursor: bytes, count: int) -> HashPage:
    """Read the next page of a hash, or the first one again where its connection was lost."""
    try:
        return await reader.hscan(key, cursor, count)
    except CursorLost:
        return await reader.hscan(key, START, count)


async def back(client: CacheClient) -> None:
    """Wait until a Redis that was dead is asked again."""
    async with asyncio.timeout(COMES_WITHIN):
        while True:
            with suppress(CacheUnavailable):
                await value(client, 0)
                if not client.is_open:
                    return
            await asyncio.sleep(0.001)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a state, without holding the event loop up."""
    async with asyncio.timeout(COMES_WITHIN):
        while not condition():
            await asyncio.sleep(0.001)
