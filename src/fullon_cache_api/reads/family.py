"""Families of keys, such as `tickers:{exchange}`: all the keys that share a prefix."""

from collections.abc import AsyncIterator, Mapping
from typing import TypeVar

from fullon_cache_api.cache.reader import Reader, pairs
from fullon_cache_api.cache.reply import Reply

from .answer import Elements

T = TypeVar("T")


async def each(
    reader: Reader, elements: Elements[T], prefix: str, command: str, *arguments: str
) -> AsyncIterator[tuple[str, Reply]]:
    """Yield the rest of each key's name, and what a command reads there: two round trips per SCAN page.

    A key that holds another type than the command reads is left out.
    """
    async for keys in reader.scan(prefix + "*"):
        replies = await reader.batch((command, key, *arguments) for key in keys)
        for key, found in zip(keys, replies, strict=True):
            reply = elements.usable(found)
            if reply is not None:
                yield key.removeprefix(prefix), reply


async def hashes(
    reader: Reader, elements: Elements[T], prefix: str, exchange: str | None
) -> AsyncIterator[tuple[str, Mapping[bytes, bytes]]]:
    """Yield exchanges and their whole hashes: of the one that is named, else of all that the cache holds."""
    if exchange is not None:
        yield exchange, await reader.hgetall(prefix + exchange)
        return
    async for name, reply in each(reader, elements, prefix, "HGETALL"):
        yield name, pairs(reply)
