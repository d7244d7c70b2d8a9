"""What an answer may hold: the writer's rounds, and when the cache may lack something."""

import math
import time
from bisect import bisect_right
from dataclasses import dataclass, field

PARTS = 4096
"""Numbers of things; as a fraction of this, exact in binary, a thing's number is part of its values."""


def value(round_number: int, thing: int) -> float:
    """Return what a round writes of a thing: both can be told from it."""
    return round_number + thing / PARTS


def split(cached: float) -> tuple[int, float]:
    """Return the round and the thing that a value is of."""
    round_number = math.floor(cached)
    return round_number, (cached - round_number) * PARTS


@dataclass(slots=True)
class Truth:
    """The rounds in which everything is written anew, each with a value larger by one.

    Times are those of the monotonic clock. A round is begun before its first command is sent, and
    acknowledged after the last reply has come, so that both bounds err on the side of the gateway.
    """

    begun: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    absences: list[tuple[float, float]] = field(default_factory=list)
    _lost: float = -math.inf

    def begin(self) -> int:
        """Begin a round; returns its number."""
        self.begun.append(time.monotonic())
        return len(self.begun)

    def acknowledge(self, round_number: int) -> None:
        """Say that all of a round has been written; what was absent is there again."""
        now = time.monotonic()
        self.acknowledged.append(now)
        self.rounds.append(round_number)
        if self._is_losing and self.begun[round_number - 1] > self._lost:
            self.absences[-1] = (self.absences[-1][0], now)

    def lose(self) -> None:
        """Say that from now on the cache may be empty; `lost` has to follow."""
        if not self._is_losing:
            self.absences.append((time.monotonic(), math.inf))
        self._lost = math.inf

    def lost(self) -> None:
        """Say that the cache is emptied: rounds that begin from now on stay."""
        self._lost = time.monotonic()

    def bounds(self, asked: float, answered: float) -> tuple[int, int]:
        """Return the oldest and the newest round that an answer may be of, read at `asked` or later."""
        place = bisect_right(self.acknowledged, asked)
        return (self.rounds[place - 1] if place else 0), bisect_right(self.begun, answered)

    def may_lack(self, asked: float, answered: float) -> bool:
        """Whether an answer may lack something."""
        return any(began <= answered and asked <= ended for began, ended in self.absences)

    @property
    def _is_losing(self) -> bool:
        return bool(self.absences) and self.absences[-1][1] == math.inf
