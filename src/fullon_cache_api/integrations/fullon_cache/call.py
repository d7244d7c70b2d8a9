"""Calls of fullon_cache's methods: under the request's deadline, and believed only while Redis answers.

fullon_cache opens a client for each call, and gives None or nothing at all where Redis fails it. So Redis is
asked by the gateway's own client before a call, while it lasts and after it; an answer that holds nothing is
believed only if fullon_cache itself reaches Redis as well, and if the gateway can read the same.
"""

import asyncio
import enum
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import UnionType
from typing import Union, get_args, get_origin

from fullon_cache_api.cache.errors import CacheTimeout, CacheUnavailable, CorruptValue
from fullon_cache_api.cache.reader import Reader

from .package import Package

AT_ONCE = 32
"""Calls at a time: fullon_cache's own pool holds 50 connections, and lacking one it answers with nothing."""

WATCH = 0.25
"""Seconds between two questions whether Redis is still there."""

_DATA_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


class Gate:
    """Lets so many calls through at a time; used from another event loop, it starts anew there."""

    def __init__(self, width: int = AT_ONCE) -> None:
        self._width = width
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gate = asyncio.Semaphore(width)

    def here(self) -> asyncio.Semaphore:
        """Return the semaphore of the running loop."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._gate = loop, asyncio.Semaphore(self._width)
        return self._gate


@dataclass(frozen=True, slots=True)
class Calls:
    """The methods of one cache class, for one request; `source` says what an answer is read from."""

    package: Package
    cache: type
    reader: Reader
    gate: Gate
    source: str

    async def __call__(self, method: str, **arguments: object) -> object:
        """Return what a method gives.

        Raises CacheUnavailable, CacheTimeout, and CorruptValue where fullon_cache fails on what is cached.
        """
        result = await self._watched(lambda: self._call(self.cache, method, arguments))
        if not result:
            await self.verify()
        return result

    async def verify(self) -> None:
        """Raise CacheUnavailable unless fullon_cache reaches Redis."""
        base = self.package.base
        if base is not None and not await self._watched(lambda: self._call(base, "ping", {})):
            raise CacheUnavailable("fullon_cache does not reach it")

    def declared(self, method: str, argument: str, text: str) -> object:
        """Return a text as the type that a method declares for an argument: text, enumeration or model."""
        kind = declared_type(getattr(self.cache, method), argument)
        if kind is not None and issubclass(kind, enum.Enum):
            return kind(text)
        return text if kind in (None, str, object) else kind(**{argument: text})

    async def _watched(self, start: Callable[[], Awaitable[object]]) -> object:
        await self.reader.ping()
        task = asyncio.ensure_future(start())
        task.add_done_callback(_retrieve)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=min(WATCH, self._left()))
                if not task.done() and self._left() <= 0:
                    raise CacheTimeout
                await self.reader.ping()
            return task.result()
        except _CallFailed as failure:
            raise failure.error(self.source) from failure.cause
        finally:
            # Not waited for: it could take its time, even to end.
            task.cancel()

    async def _call(self, cache: type, method: str, arguments: dict[str, object]) -> object:
        async with self.gate.here():
            try:
                async with cache() as opened:
                    return await getattr(opened, method)(**arguments)
            except Exception as error:
                raise _CallFailed(error) from error

    def _left(self) -> float:
        return max(0.0, self.reader.deadline - asyncio.get_running_loop().time())


class _CallFailed(Exception):
    def __init__(self, cause: Exception) -> None:
        self.cause = cause
        super().__init__(str(cause))

    def error(self, source: str) -> CorruptValue | CacheUnavailable:
        """Return what it means: fullon_cache wraps errors, the first one tells data from connection."""
        first: BaseException = self.cause
        while (before := _before(first)) is not None:
            first = before
        name = type(first).__name__
        if isinstance(first, _DATA_ERRORS) or str(first).startswith("WRONGTYPE"):
            return CorruptValue(source, f"fullon_cache cannot read it ({name})")
        return CacheUnavailable(f"fullon_cache failed with {name}")


def _before(error: BaseException) -> BaseException | None:
    return error.__cause__ if error.__suppress_context__ else error.__cause__ or error.__context__


def declared_type(method: Callable[..., object], argument: str) -> type | None:
    """Return the class that a method declares for an argument: the first of a union, None for none at all.

    A declaration that is no class, or cannot be found out, is `object`.
    """
    try:
        signature = inspect.signature(method, eval_str=True)
    except (NameError, TypeError, SyntaxError, AttributeError):
        signature = inspect.signature(method)
    annotation = signature.parameters[argument].annotation
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(kind for kind in get_args(annotation) if kind is not type(None))
    if annotation is inspect.Parameter.empty:
        return None
    return annotation if isinstance(annotation, type) else object


def _retrieve(task: "asyncio.Future[object]") -> None:
    """Look at the outcome of a call that nobody waits for any more, so that none is reported as lost."""
    if not task.cancelled():
        task.exception()
