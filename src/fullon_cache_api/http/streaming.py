"""Answers that are sent while they are being made: page after page, slice after slice."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias
from weakref import WeakKeyDictionary, WeakSet

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.limits import Limits
from fullon_cache_api.reads.pages import Stream

from .elements import CheckElement, KnownElements, PageReader
from .forms import Form
from .problems import NotCached, Overloaded
from .response import Parts, Response
from .writers import Writer

FIRST = 100
"""Elements that are made before anything is sent; a table's columns depend on them, and not on the clock."""

TURNS = 4
"""Turns of the event loop behind a slice, about what a small request needs to its read, or behind that to its
answer: with a single one it would wait for a slice at each of its steps."""

ReportCut: TypeAlias = Callable[[str, Exception], None]
"""Is told the operationId and why its answer ended before its end."""


class AnswerCut(Exception):
    """An answer cannot be brought to its end, and has begun: the server is to cut the connection."""

    is_logged = True
    """It has been reported, and a server's log need not say it again."""


class Turns:
    """Lets one slice at a time be made of all the answers on an event loop, which goes on behind each."""

    def __init__(self) -> None:
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    async def slice(
        self, page: PageReader, count: int | None, write: Callable[[list[bytes]], bytes]
    ) -> bytes:
        """Return what is written of a page's next elements."""
        async with self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            written = write(page.slice(count))
            for _ in range(TURNS):
                await asyncio.sleep(0)
        return written


class _Place:
    """Stands for an answer that is made as a whole."""

    __slots__ = ("__weakref__",)


class OpenStreams:
    """The large answers that are being made, of all endpoints: `most` at a time.

    One counts for as long as anybody holds it, so that none is counted that nobody will ever end.
    """

    def __init__(self, most: int = Limits().streams) -> None:
        self._most = most
        self._open: WeakSet[Parts | _Place] = WeakSet()

    def check(self) -> None:
        """Raise Overloaded where there is no room for another one."""
        if len(self._open) >= self._most:
            raise Overloaded("large answers")

    def add(self, parts: Parts) -> Parts:
        """Count a stream, and return it."""
        self._open.add(parts)
        return parts

    @contextmanager
    def place(self) -> Iterator[None]:
        """Count what is made as a whole for as long; raises Overloaded where there is no room for it."""
        self.check()
        place = _Place()
        self._open.add(place)
        try:
            yield
        finally:
            self._open.discard(place)


class _Counted:
    """Writes slices, the head before the first that is not empty, and counts the elements."""

    def __init__(self, writer: Writer) -> None:
        self.count = 0
        self._writer = writer

    def write(self, elements: list[bytes]) -> bytes:
        head = self._writer.head(elements) if elements and not self.count else b""
        self.count += len(elements)
        return head + self._writer.part(elements)

    def end(self, skipped: int) -> bytes:
        head = b"" if self.count else self._writer.head(())
        return head + self._writer.tail(self.count, skipped)


@dataclass(frozen=True, slots=True)
class Streaming:
    """Sends the large answers of one endpoint.

    `new_reader` gives a Reader with a deadline of its own for each page, `check` is the contract's for one
    element. What is left out of an answer is reported at its end, what cuts it at once.
    """

    operation_id: str
    check: CheckElement
    new_reader: Callable[[], Reader]
    report_skipped: Callable[[str, Sequence[CorruptValue]], None]
    report_cut: ReportCut
    empty_is_absent: bool = False
    known: KnownElements = field(default_factory=KnownElements)
    turns: Turns = field(default_factory=Turns)
    open: OpenStreams = field(default_factory=OpenStreams)

    async def respond(self, stream: Stream, form: Form, method: str) -> Response:
        """Return an answer whose first elements are made; it has neither ETag nor Content-Length.

        Raises what can be wrong with them, NotCached and Overloaded. From then on an error is AnswerCut.
        """
        self.open.check()
        parts = self.open.add(self._parts(stream, form.writer(stream.members, stream.source)))
        first = await anext(parts)
        if method == "HEAD":
            await parts.aclose()
            return Response(200, form.headers, b"")
        return Response(200, form.headers, first, self._rest(parts))

    async def _parts(self, stream: Stream, writer: Writer) -> Parts:
        counted = _Counted(writer)
        skipped = list(stream.skipped)
        try:
            while (page := await stream.next(self.new_reader())) is not None:
                table = self.known.table(self.operation_id, page.key) if page.is_lasting else None
                elements = PageReader(page, self.check, skipped, table)
                while not elements.is_over:
                    count = None if counted.count else FIRST
                    if part := await self.turns.slice(elements, count, counted.write):
                        yield part
            if self.empty_is_absent and not counted.count and not skipped:
                raise NotCached
            yield counted.end(len(skipped))
        finally:
            if skipped:
                self.report_skipped(self.operation_id, skipped)

    async def _rest(self, parts: Parts) -> Parts:
        try:
            async for part in parts:
                yield part
        except Exception as error:
            self.report_cut(self.operation_id, error)
            raise AnswerCut(f"{self.operation_id}: {error}") from error
        finally:
            await parts.aclose()
