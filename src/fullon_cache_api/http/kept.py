"""Finished answers, and their compressed bodies, kept for as long as what they depend on is read again."""

from collections import deque
from collections.abc import Hashable
from typing import Any, NamedTuple, Protocol, TypeAlias

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.reads.answer import Derived

from .response import Response

BUDGET = 4_000_000
"""Bytes, of what was read and what was made of it: for all endpoints of a gateway together."""

_SHARE = 8
"""No answer takes more than this part of the budget: what Redis holds must not drive all others out."""

_OVERHEAD = 700
"""About the bytes that Python needs for an entry beside those that are counted."""


class Finished(NamedTuple):
    """An answer that can be sent; a collection `is_empty` if there was nothing to leave out either."""

    response: Response
    skipped: tuple[CorruptValue, ...] = ()
    is_empty: bool = False


Entries: TypeAlias = dict[Derived, Finished]
"""What is kept of one endpoint: equal arguments, the bytes from Redis among them, give an equal answer."""


class _Holder(Protocol):
    """Something that can let go of what is kept in it."""

    def pop(self, key: Any, default: None, /) -> object: ...


class Kept:
    """Keeps finished answers within the budget; the oldest go first."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._size = 0
        self._order: deque[tuple[_Holder, Hashable, int]] = deque()
        self._coded: dict[tuple[str, bytes], bytes] = {}
        self.largest = budget // _SHARE

    def add(self, entries: Entries, derived: Derived, finished: Finished) -> None:
        """Keep an answer among those of its endpoint, unless it is too large."""
        size = _OVERHEAD + _size(derived.arguments) + len(finished.response.body)
        if size > self.largest:
            return
        entries[derived] = finished
        self._hold(entries, derived, size)

    def find_coded(self, coding: str, body: bytes) -> bytes | None:
        """Return a body as it was compressed before."""
        return self._coded.get((coding, body))

    def add_coded(self, coding: str, body: bytes, coded: bytes) -> None:
        """Keep what a body is compressed to, unless the two are too large."""
        size = _OVERHEAD + len(body) + len(coded)
        if size <= self.largest and (coding, body) not in self._coded:
            self._coded[coding, body] = coded
            self._hold(self._coded, (coding, body), size)

    def _hold(self, mapping: "_Holder", key: Hashable, size: int) -> None:
        self._order.append((mapping, key, size))
        self._size += size
        while self._size > self._budget:
            others, oldest, freed = self._order.popleft()
            others.pop(oldest, None)
            self._size -= freed


def _size(value: object) -> int:
    match value:
        case bytes() | str():
            return len(value) + 50
        case tuple():
            return 50 + sum(map(_size, value))
    return 30
