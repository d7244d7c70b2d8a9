"""Both clients behind one way of calling them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, Protocol, TypeAlias

from anyio.from_thread import start_blocking_portal

from fullon_cache_api.client import AsyncCacheClient, CacheClient

Kind: TypeAlias = Literal["sync", "async"]
KINDS: tuple[Kind, ...] = ("sync", "async")


class Call(Protocol):
    """Calls a method of a client by its name."""

    def __call__(self, method: str, *path: Any, **query: Any) -> Any: ...


class Calling(Protocol):
    """Makes a client, for a test to call."""

    def __call__(self, url: str, **options: Any) -> Call: ...


@contextmanager
def calling(kind: Kind, url: str, **options: Any) -> Iterator[Call]:
    """Give the calls of a client, which is closed at the end."""
    if kind == "sync":
        with CacheClient(url, **options) as client:
            yield lambda method, *path, **query: getattr(client, method)(*path, **query)
    else:
        with start_blocking_portal("asyncio") as portal:
            other = AsyncCacheClient(url, **options)
            with portal.wrap_async_context_manager(other):
                yield lambda method, *path, **query: portal.call(
                    partial(getattr(other, method), *path, **query)
                )
