"""What became of the requests: by kind, by time, and by the fault that explains it."""

from collections import Counter
from dataclasses import dataclass, field

from faults import Window

SLICE = 5.0
"""Seconds of a run that share a line."""

EXPLAINED = frozenset({"503", "504", "cut"})
"""What a fault may turn an answer into: an outage that says so, or a body that visibly lacks its end."""

_KEPT = 50


@dataclass(slots=True)
class Slice:
    """Some seconds of a run: durations (s) of the requests that began in it, and what failed."""

    durations: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)

    def percentile(self, part: float) -> float:
        """Return the duration (ms) that so large a part of the requests did not exceed."""
        ordered = sorted(self.durations)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000 if ordered else 0.0


@dataclass(slots=True)
class Tally:
    """Counts of a run that began at a time of the monotonic clock."""

    began: float
    windows: list[Window]
    requests: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    by_fault: Counter[str] = field(default_factory=Counter)
    slices: dict[int, Slice] = field(default_factory=dict)
    failures: list[tuple[str, str, float, float]] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    mistaken: int = 0

    def good(self, name: str, outcome: str, asked: float, answered: float) -> None:
        """Count a request that was answered as it has to be."""
        self._count(name, outcome, asked, answered)

    def failed(self, name: str, outcome: str, asked: float, answered: float) -> None:
        """Count a request that was not; `settle` looks for the fault that explains it."""
        self._count(name, outcome, asked, answered).failures[outcome] += 1
        self.failures.append((name, outcome, asked, answered))

    def settle(self) -> None:
        """Give each failure to the latest fault that explains it, or call it a mistake."""
        for name, outcome, asked, answered in self.failures:
            windows = (each for each in self.windows if each.explains(asked, answered))
            window = max(windows, key=lambda each: each.began, default=None)
            if window is None or outcome not in EXPLAINED:
                self.mistake(f"{name}: {outcome}", asked)
            else:
                self.by_fault[window.name] += 1
                window.last_failure = max(window.last_failure, answered)
        self.failures.clear()

    def mistake(self, text: str, when: float) -> None:
        """Note what must not be."""
        self.mistaken += 1
        if len(self.mistakes) < _KEPT:
            last = next((each for each in reversed(self.windows) if each.began <= when), None)
            after = f", {when - last.began:.2f} s after the beginning of: {last.name}" if last else ""
            self.mistakes.append(f"{when - self.began:8.2f} s  {text}{after}")

    def _count(self, name: str, outcome: str, asked: float, answered: float) -> Slice:
        self.requests[name] += 1
        self.outcomes[outcome] += 1
        found = self.slices.setdefault(int((asked - self.began) // SLICE), Slice())
        found.durations.append(answered - asked)
        return found
