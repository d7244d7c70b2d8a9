"""A clock that a test sets."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Tells the time that was set last; `passes` lets seconds pass."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds
