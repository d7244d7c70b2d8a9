"""What the gateway's process uses while it is soaked, and whether that grows."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from served import Served

WARM_UP = 0.3
"""The part of a run at its beginning in which buffers and kept answers may still grow."""

MAY_GROW = 0.04
"""The part of its memory by which a process may seem to grow in the rest of a run: what malloc rounds."""

SHORT = 240.0
"""Seconds: in less, most faults are met for the first time, and each of them takes memory once.

Such a run may grow by twice as much.
"""

_POINTS = 150


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident memory (MB), open file descriptors and threads at one time of the monotonic clock."""

    time: float
    memory: float
    descriptors: int
    threads: int


@dataclass(slots=True)
class Process:
    """The samples of a process."""

    served: Served
    samples: list[Sample] = field(default_factory=list)

    def sample(self) -> Sample:
        """Look at the process, and keep what was seen."""
        process = self.served
        found = Sample(time.monotonic(), process.memory, process.descriptors, process.threads)
        self.samples.append(found)
        return found


@dataclass(frozen=True, slots=True)
class Growth:
    """How memory went once the process was warm: MB at first, and MB by which it seems to have grown."""

    memory: float
    grown: float
    seconds: float

    @property
    def is_nil(self) -> bool:
        """Whether that is within what is allowed."""
        return self.grown <= self.may_grow

    @property
    def may_grow(self) -> float:
        """MB that are allowed."""
        return MAY_GROW * self.memory * (2 if self.seconds < SHORT * (1 - WARM_UP) else 1)

    def __str__(self) -> str:
        rate = self.grown / self.seconds * 60
        grown = f"{self.grown:+.2f} MB in {self.seconds:.0f} s ({rate:+.3f} MB/min)"
        return f"{self.memory:.1f} MB, {grown}; up to {self.may_grow:.1f} MB are taken for none"


def growth(samples: Sequence[Sample]) -> Growth:
    """Return the growth by the median of the slopes between all pairs of samples (Theil and Sen).

    A few samples that are far off, as during a fault, do not move it.
    """
    warm = samples[int(len(samples) * WARM_UP) :]
    thinned = warm[:: max(1, len(warm) // _POINTS)]
    pairs = combinations(thinned, 2)
    slope = statistics.median((b.memory - a.memory) / (b.time - a.time) for a, b in pairs)
    seconds = warm[-1].time - warm[0].time
    memory = statistics.median(each.memory for each in warm)
    return Growth(memory, slope * seconds, seconds)
