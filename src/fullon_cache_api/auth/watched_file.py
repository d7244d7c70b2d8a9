"""What a file says, read again when it has changed; where it cannot be used, the last good one stays."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from .principal import AuthError

T = TypeVar("T")

Report: TypeAlias = Callable[[str, str | None], None]
"""Is told what cannot be used, by its place, and why; None where it can be again."""

LOOK_EVERY = 1.0
"""Seconds between two looks at a file: within so many a revoked key stops working."""

_Mark: TypeAlias = tuple[int, int, int, int] | None


class WatchedFile(Generic[T]):
    """What `read` makes of a file, as it was at the last look; raises AuthError where the first fails.

    A look is one `stat`, and none is needed within `LOOK_EVERY` seconds of another. Only a file that has
    changed is read, so that no request waits for more than that. Where it cannot be used any more, `instead`
    says what counts, None for what it said last.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[Path], T],
        report: Report,
        clock: Callable[[], float] = time.monotonic,
        instead: Callable[[AuthError], T | None] = lambda error: None,
    ) -> None:
        self._path = path
        self._instead = instead
        self._read = read
        self._report = report
        self._clock = clock
        # The mark is taken first: a change while the file is read is seen at the next look.
        self._mark = self._look()
        self._value = read(path)
        self._next = clock() + LOOK_EVERY
        self._reported: tuple[_Mark, str] | None = None

    @property
    def value(self) -> T:
        """What the file says."""
        if self._clock() >= self._next:
            self._refresh()
        return self._value

    def _refresh(self) -> None:
        mark = self._look()
        self._next = self._clock() + LOOK_EVERY
        # One that could not be used is read again even so: a second change can come too soon to be seen.
        if mark == self._mark and self._reported is None:
            return
        self._mark = mark
        try:
            self._value = self._read(self._path)
        except AuthError as error:
            if self._reported != (mark, error.reason):
                self._report(error.place, error.reason)
            if (instead := self._instead(error)) is not None:
                self._value = instead
            self._reported = (mark, error.reason)
        else:
            if self._reported is not None:
                self._report(str(self._path), None)
            self._reported = None

    def _look(self) -> _Mark:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
