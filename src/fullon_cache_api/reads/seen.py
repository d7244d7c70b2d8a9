"""Which fields of a hash a scan has met: it may meet one again, and many scans go on at a time."""

from itertools import count
from weakref import WeakValueDictionary

MOST_NAMES = 50_000
"""Names above which the scans to come share others, so that a slow one does not keep what is long gone."""


class _Names:
    """The names that the scans of a key have met, with a number for each."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, int] = {}
        self.next_number = count()


_SHARED: WeakValueDictionary[str, _Names] = WeakValueDictionary()


class Seen:
    """The fields that one scan of a key has met, in a byte for each; scans of a key share the names.

    The byte is 1 more than how often the scan had begun anew when it met the field last.
    """

    def __init__(self, key: str) -> None:
        names = _SHARED.get(key)
        if names is None or len(names.numbers) > MOST_NAMES:
            names = _SHARED[key] = _Names()
        self._names = names
        self._marks = bytearray()
        self._turn = 1

    @property
    def is_missing_some(self) -> bool:
        """Whether not all fields that were met before the scan began anew have been met again since."""
        return any(0 < mark < self._turn for mark in self._marks) if self._turn > 1 else False

    def begin_anew(self) -> None:
        """Let the scan meet all of its fields again."""
        self._turn += 1

    def new(self, fields: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        """Return the fields that the scan has not met before, and meet them."""
        numbers = [self._number(name) for name in fields]
        marks = self._marks
        marks.extend(bytes(max(0, max(numbers, default=-1) + 1 - len(marks))))
        found = [field for field, index in zip(fields.items(), numbers, strict=True) if not marks[index]]
        for index in numbers:
            marks[index] = self._turn
        return found

    def _number(self, name: bytes) -> int:
        known = self._names.numbers
        number = known.get(name)
        # Each is one step to other threads: no two names can have the same number.
        return known.setdefault(name, next(self._names.next_number)) if number is None else number
