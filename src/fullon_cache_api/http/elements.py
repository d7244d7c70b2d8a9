"""One element of a collection after another: made, checked and encoded, and known again the next time."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeAlias

import msgspec

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.reads.pages import Page
from fullon_cache_api.reads.values import BadValue, Value, parse_text

BUDGET = 6_000_000
"""Bytes, of what was read and what was made of it: for all endpoints of a gateway together."""

SLICE = 0.001
"""Seconds for which elements are made before the event loop goes on."""

STEP = 32
"""Elements that are made between two looks at the clock."""

CHUNK = 1 << 15
"""Bytes of elements that are sent at once: what a server holds back for a client that reads slowly."""

_OVERHEAD = 120
"""About the bytes that Python needs for an element beside those that are counted."""

_ONE_IN = 16
"""Of so many elements for which there is no room, one takes the place of the oldest."""

CheckElement: TypeAlias = Callable[[Value], Value]
"""Drops what the element's schema does not name, and raises BadValue where the rest breaks it."""

_encode = msgspec.json.Encoder().encode


Known: TypeAlias = bytes
"""What was read of an element, a zero byte, and the JSON that was made of it, which has none: one object for
both, for of each Python needs as much again as a short value has."""

_END = b"\0"


class Table:
    """The elements of one key that one endpoint knows, by their names."""

    def __init__(self, known: "KnownElements") -> None:
        self.elements: dict[bytes, Known] = {}
        self.size = 0
        self._known = known
        self._refused = 0
        self._is_dropped = False

    def add(self, name: bytes, raw: bytes, text: bytes) -> None:
        """Remember an element; it takes the place of what was read under its name before."""
        if self._is_dropped or _END in raw:
            return
        known = raw + _END + text
        size = _size(name, known)
        if self._known.make_room(self, size):
            self._replace(name, known, size)
            return
        # A hash that is larger than the budget is read in one order each time: were the oldest to go for
        # each that comes, none would ever be found.
        self._refused += 1
        if self.elements and self._refused % _ONE_IN == 0:
            self._remove(next(iter(self.elements)))
            if self._known.make_room(self, size):
                self._replace(name, known, size)

    def drop(self) -> None:
        """Forget all, and know nothing more: who still goes through the key makes its elements anew."""
        self._is_dropped = True
        self.elements.clear()
        self._known.size -= self.size
        self.size = 0

    def _replace(self, name: bytes, known: Known, size: int) -> None:
        self._remove(name)
        self.elements[name] = known
        self.size += size
        self._known.size += size

    def _remove(self, name: bytes) -> None:
        gone = self.elements.pop(name, None)
        if gone is not None:
            size = _size(name, gone)
            self.size -= size
            self._known.size -= size


class KnownElements:
    """Tables of elements within a budget; where it is spent, those that were used longest ago are dropped.

    An element is known by name and bytes, compared as they are: what Redis holds is read each time.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self.size = 0
        self._budget = budget
        self._tables: OrderedDict[tuple[str, str], Table] = OrderedDict()

    def table(self, operation_id: str, key: str) -> Table:
        """Return the table of an endpoint's key, which is used now."""
        place = operation_id, key
        if place not in self._tables:
            self._tables[place] = Table(self)
        self._tables.move_to_end(place)
        return self._tables[place]

    def make_room(self, table: Table, size: int) -> bool:
        """Drop what was used before a table, until there is room for so many bytes; else return False."""
        while self.size + size > self._budget:
            place, oldest = next(iter(self._tables.items()))
            if oldest is table:
                return False
            oldest.drop()
            del self._tables[place]
        return True


def _size(name: bytes, known: Known) -> int:
    return _OVERHEAD + len(name) + len(known)


class PageReader:
    """Goes through one page: `elements` come as JSON, slice by slice; what is bad goes into `skipped`."""

    def __init__(
        self, page: Page, check: CheckElement, skipped: list[CorruptValue], table: Table | None
    ) -> None:
        self._page = page
        self._check = check
        self._skipped = skipped
        self._table = table
        self._place = 0

    @property
    def is_over(self) -> bool:
        """Whether there are no more elements."""
        return self._place >= len(self._page.elements)

    def slice(self, count: int | None = None) -> list[bytes]:
        """Return what is made of the next `count` elements, or of as many as SLICE and CHUNK allow."""
        end = perf_counter() + SLICE
        last = len(self._page.elements) if count is None else self._place + count
        made: list[bytes] = []
        size = 0
        while not self.is_over and self._place < last:
            before = len(made)
            some = self._page.elements[self._place : min(self._place + STEP, last)]
            self._place += len(some)
            self._make(some, made)
            size += sum(map(len, made[before:]))
            if count is None and (size >= CHUNK or perf_counter() >= end):
                break
        return made

    def _make(self, elements: Sequence[tuple[bytes, bytes]], made: list[bytes]) -> None:
        table = self._table
        known = table.elements if table is not None else {}
        for name, raw in elements:
            found = known.get(name)
            if found is not None and found.startswith(raw + _END):
                made.append(found[len(raw) + 1 :])
                continue
            text = self._element(name, raw)
            if text is not None:
                made.append(text)
                if table is not None:
                    table.add(name, raw, text)

    def _element(self, name: bytes, raw: bytes) -> bytes | None:
        try:
            value = self._page.make(parse_text(name), raw)
            return None if value is None else _encode(self._check(value))
        except BadValue as error:
            field = name.decode(errors="backslashreplace")
            self._skipped.append(CorruptValue(self._page.key, str(error), field))
            return None
