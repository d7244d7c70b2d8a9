"""Finished answers that are kept for as long as what they depend on is read again."""

from collections import deque
from typing import NamedTuple, TypeAlias

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.reads.answer import Derived

from .response import Response
from .selection import Selection

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


Key: TypeAlias = Derived | tuple[Derived, Selection]
"""What an answer depends on: arguments, the bytes from Redis among them, and what was selected of it."""

Entries: TypeAlias = dict[Key, Finished]
"""What is kept of one endpoint: equal keys give an equal answer."""


class Kept:
    """Keeps finished answers within the budget; the oldest go first."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._size = 0
        self._order: deque[tuple[Entries, Key, int]] = deque()

    def add(self, entries: Entries, key: Key, finished: Finished) -> None:
        """Keep an answer among those of its endpoint, unless it is too large."""
        size = _OVERHEAD + _size(key) + len(finished.response.body)
        if size > self._budget // _SHARE:
            return
        entries[key] = finished
        self._order.append((entries, key, size))
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
