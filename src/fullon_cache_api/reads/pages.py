"""Collections of very many elements: read page by page, and given away before all of them are read."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import NamedTuple, Protocol, TypeAlias

from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.cursor import START
from fullon_cache_api.cache.errors import CacheUnavailable, CorruptValue, CursorLost
from fullon_cache_api.cache.reader import HashPage, Reader, WrongType, fields_of, hash_page

from .answer import Answer, Body, Elements
from .held import Held
from .seen import Seen
from .values import Value, parse_text

LARGE = 1_000
"""Elements above which a collection is given page by page; so many take some 10 ms to make and check."""

FIRST_PAGE = 1_200
"""What HSCAN is asked for at first: a hash that is not large comes whole, in one round trip.

Redis before 7.2 counts names and values, and gives half as many fields.
"""

NEXT_PAGE = 500
"""What HSCAN is asked for from then on: some 150 kB of tickers, which Redis reads in a fraction of a ms."""

MOST_LOSSES = 3
"""Connections that may be lost while one hash is read."""

_LEAST = 16
"""Fields that the first page of each of many hashes has at least."""

Make: TypeAlias = Callable[[str, bytes], Value | None]
"""Takes a field's name and its value; gives the element, None where it was not asked for, or BadValue."""


class PageElements(Protocol):
    """The names and bytes of elements, in their order; only a part of them has to be there at a time."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Sequence[tuple[bytes, bytes]]: ...


class Page(NamedTuple):
    """Fields of a hash, or elements of a list under the names that blame them, as they were read.

    `is_lasting` says that an element depends on nothing but key, name and bytes, `is_ordered` that the
    elements have an order of their own, as those of a list have.
    """

    key: str
    make: Make
    elements: PageElements
    is_lasting: bool = True
    is_ordered: bool = False


class _Numbered:
    """A list's elements under the names by which LINDEX finds them: the newest is element -1."""

    def __init__(self, raws: Sequence[bytes]) -> None:
        self._raws = raws

    def __len__(self) -> int:
        return len(self._raws)

    def __getitem__(self, part: slice) -> Sequence[tuple[bytes, bytes]]:
        count = len(self._raws)
        indices = range(*part.indices(count))
        return [(b"element %d" % (index - count), self._raws[index]) for index in indices]


@dataclasses.dataclass(slots=True)
class HashScan:
    """What is still to be read of a hash. `seen` are the fields of its pages, where it has several.

    HSCAN repeats fields where the hash grows or shrinks meanwhile: the first value that was read counts.
    """

    key: str
    make: Make
    cursor: bytes = START
    is_lasting: bool = True
    is_whole: bool = False
    seen: Seen | None = None
    losses: int = 0

    async def next(self, reader: Reader, count: int) -> Page:
        """Read the next page, of about `count` fields; the first one again where the connection was lost."""
        while True:
            try:
                return self.page(await reader.hscan(self.key, self.cursor, count))
            except CursorLost:
                self.begin_anew()

    def page(self, found: HashPage) -> Page:
        """Return what is new of a page that HSCAN gave, and go on behind it.

        Raises CacheUnavailable where the hash has been read anew to its end, and what its earlier pages held
        is not in it any more: they may have been those of a server that has lost it since.
        """
        self.cursor, fields = found
        self.is_whole = self.cursor == START
        if self.seen is None and not self.is_whole:
            self.seen = Seen(self.key)
        new = list(fields.items()) if self.seen is None else self.seen.new(fields)
        if self.is_whole and self.seen is not None and self.seen.is_missing_some:
            raise CacheUnavailable("a part was lost while it was read")
        return Page(self.key, self.make, new, self.is_lasting)

    def begin_anew(self) -> None:
        """Go back to the first page; raises CursorLost where that has been done too often."""
        self.losses += 1
        if self.losses > MOST_LOSSES:
            raise CursorLost
        self.cursor = START
        if self.seen is not None:
            self.seen.begin_anew()


@dataclasses.dataclass(slots=True)
class Stream:
    """A collection that is too large to be made at once.

    `members` stand before the list, which is called `name`; `pages` have been read, and `scans` are still to
    be gone through, the last one first. What was left out so far is in `skipped`.
    """

    name: str
    source: str
    members: Body
    pages: list[Page]
    scans: list[HashScan] = dataclasses.field(default_factory=list)
    skipped: tuple[CorruptValue, ...] = ()

    async def next(self, reader: Reader) -> Page | None:
        """Return the next page, from Redis where none has been read; None where there is none."""
        if self.pages:
            return self.pages.pop(0)
        while self.scans:
            scan = self.scans[-1]
            page = await scan.next(reader, NEXT_PAGE)
            if scan.is_whole:
                self.scans.pop()
            if page.elements:
                return page
        return None

    async def gather(self, reader: Reader) -> list["RawElement"]:
        """Read all that is left, and return the elements as they were read; fields of hashes are sorted."""
        found: list[RawElement] = []
        while (page := await self.next(reader)) is not None:
            found += [RawElement(page, *element) for element in page.elements[:]]
        if not any(one.page.is_ordered for one in found):
            # The one sort keeps the order of the other: together they take half the time of one by both.
            found.sort(key=attrgetter("name"))
            found.sort(key=attrgetter("page.key"))
        return found

    async def answer(self, reader: Reader) -> Answer:
        """Read all that is left, and return the collection as a whole."""
        elements: Elements[Value] = Elements(skipped=list(self.skipped))
        for page, raw_name, raw in await self.gather(reader):
            shown = raw_name.decode(errors="backslashreplace")
            if elements.attempt(page.key, shown, parse_text, raw_name) is not None:
                elements.add(page.key, shown, page.make, shown, raw)
        return elements.answer(self.name, self.source, self.members)


class RawElement(NamedTuple):
    """An element of a page as it was read."""

    page: Page
    name: bytes
    raw: bytes


async def whole_or_pages(reader: Reader, scan: HashScan) -> Held | list[Page]:
    """Return the names and values of a hash in turn, or its first pages if it has more than LARGE fields."""
    goes_on = reader.is_large(scan.key)
    cursor, flat = await reader.hscan_flat(scan.key, START, FIRST_PAGE, page=goes_on)
    if goes_on != (cursor != START):
        reader.note_large(scan.key, is_large=not goes_on)
    if cursor == START and len(flat) <= 2 * LARGE:
        return Held(flat)
    pages = [scan.page((cursor, fields_of(flat)))] if goes_on or cursor == START else []
    while not (scan.is_whole or is_large(pages)):
        pages.append(await scan.next(reader, FIRST_PAGE))
    if is_large(pages):
        return pages
    return Held([*chain.from_iterable(hashes_of(pages)[scan.key].items())])


async def first_pages_of_each(
    reader: Reader, scans: Sequence[HashScan], skipped: list[CorruptValue]
) -> list[Page]:
    """Return the pages of several hashes up to their ends, or until there are more than LARGE elements.

    The first page of each is read in the same round trip; where there are more, those of the hashes that it
    is not all of are read anew on the pages' connection. A key that holds another type is left out.
    """
    pages: list[Page] = []
    left = scans
    size = max(_LEAST, 2 * FIRST_PAGE // max(1, len(scans)))
    goes_on = any(reader.is_large(scan.key) for scan in scans)
    while left and not is_large(pages):
        commands: list[Command] = [("HSCAN", scan.key, scan.cursor, "COUNT", size) for scan in left]
        try:
            replies = await reader.batch(commands, page=goes_on)
        except CursorLost:
            for scan in left:
                scan.begin_anew()
            continue
        for scan, reply in zip(left, replies, strict=True):
            if isinstance(reply, WrongType):
                skipped.append(reply.error())
                scan.is_whole = True
                continue
            found = hash_page(reply)
            reader.note_large(scan.key, is_large=scan.cursor != START or found[0] != START)
            if goes_on or found[0] == START:
                pages.append(scan.page(found))
        left = unfinished(left)
        goes_on = True
    return pages


def list_page(key: str, newest: Sequence[bytes], make: Callable[[bytes], Value | None]) -> Page:
    """Return a list's newest elements, which LRANGE gave, as a page; LINDEX finds them as they are named."""
    return Page(key, lambda name, raw: make(raw), _Numbered(newest), is_lasting=False, is_ordered=True)


def is_large(pages: Iterable[Page]) -> bool:
    """Whether pages hold more elements than are made at once."""
    return sum(len(page.elements) for page in pages) > LARGE


def unfinished(scans: Iterable[HashScan]) -> list[HashScan]:
    """Return the scans that have not come to their ends."""
    return [scan for scan in scans if not scan.is_whole]


def hashes_of(pages: Iterable[Page]) -> dict[str, dict[bytes, bytes]]:
    """Return the fields that pages hold by their keys, those in the order in which they were read first."""
    hashes: dict[str, dict[bytes, bytes]] = {}
    for page in pages:
        hashes.setdefault(page.key, {}).update(page.elements[:])
    return hashes
