"""Finished answers that are kept within a budget of memory."""

from collections import deque
from typing import Any, NamedTuple, TypeAlias, TypeVar

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.reads.answer import Derived
from fullon_cache_api.reads.held import Held

from .response import Response
from .selection import Selection

K = TypeVar("K")
V = TypeVar("V")

BUDGET = 4_000_000
"""Bytes, of what was read and what was made of it: for all endpoints of a gateway together."""

_SHARE = 8
"""No answer takes more than this part of the budget: what Redis holds must not drive all others out."""

_OVERHEAD = 700
"""About the bytes that Python needs for an entry beside those that are counted."""


class Finished(NamedTuple):
    """An answer that can be sent; a collection `is_empty` if there was nothing to leave out either.

    It `is_derived` where it depends on arguments and on what was read alone: not on the time, say. It
    `is_copy` where it was made of local copies.
    """

    response: Response
    skipped: tuple[CorruptValue, ...] = ()
    is_empty: bool = False
    is_derived: bool = False
    is_copy: bool = False


Key: TypeAlias = Derived | tuple[Derived, Selection]
"""What an answer depends on: arguments, the bytes from Redis among them, and what was selected of it."""

Entries: TypeAlias = dict[Key, Finished]
"""What is kept of one endpoint: equal keys give an equal answer."""


class Kept:
    """Keeps what is added to mappings within one budget; the oldest go first. `largest` is kept at most."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._size = 0
        self._order: deque[tuple[dict[Any, Any], object, object, int]] = deque()
        self.largest = budget // _SHARE

    def add(self, entries: dict[K, V], key: K, value: V, size: int) -> None:
        """Keep a value of so many bytes in a mapping, unless it is too large."""
        size += _OVERHEAD
        if size > self.largest:
            return
        entries[key] = value
        self._order.append((entries, key, value, size))
        self._size += size
        while self._size > self._budget:
            others, oldest, held, freed = self._order.popleft()
            # Its key may have got another value since.
            if others.get(oldest) is held:
                del others[oldest]
            self._size -= freed


def size_of(key: Key, finished: Finished) -> int:
    """Return about how many bytes an answer takes, and those that it is made of."""
    return bytes_of(key) + finished.response.size


def bytes_of(value: object) -> int:
    """Return about how many bytes what an answer depends on takes."""
    match value:
        case bytes() | str():
            return len(value) + 50
        case tuple() | list():
            return 50 + sum(map(bytes_of, value))
        case Held():
            return bytes_of(value.elements)
    return 30
