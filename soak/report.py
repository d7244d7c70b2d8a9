"""What a run found, as text and as a plot."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from faults import STANDSTILL, Window
from tally import SLICE, Tally
from watch import Growth, Sample


def table(tally: Tally, samples: Sequence[Sample]) -> str:
    """Return a line for each slice of the run: requests, p50, p99, failures, memory, descriptors, faults."""
    lines = [f"{'s':>5}{'requests':>10}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}{'MB':>8}{'fds':>6}  faults"]
    for number in sorted(tally.slices):
        one = tally.slices[number]
        start = tally.began + number * SLICE
        seen = [each for each in samples if start <= each.time < start + SLICE]
        memory = f"{seen[-1].memory:8.1f}{seen[-1].descriptors:6}" if seen else " " * 14
        names = [each.name for each in tally.windows if start <= each.began < start + SLICE]
        times = f"{one.percentile(0.5):9.2f}{one.percentile(0.99):9.1f}"
        figures = f"{number * SLICE:5.0f}{len(one.durations):10}{times}"
        lines.append(f"{figures}{sum(one.failures.values()):8}{memory}  {'; '.join(names)}")
    return "\n".join(lines)


def summary(tally: Tally, growth: Growth, descriptors: tuple[int, int]) -> str:
    """Return what became of the requests, and what the process used."""
    made = sum(window.name != STANDSTILL for window in tally.windows)
    return "\n".join(
        (
            f"requests       {sum(tally.requests.values())}",
            *(f"  {name:<34}{count:>9}" for name, count in tally.requests.most_common()),
            "answered with",
            *(f"  {name:<34}{count:>9}" for name, count in tally.outcomes.most_common()),
            f"faults         {made}: how often, failed requests, until how long after its end",
            *_by_fault(tally),
            f"memory         {growth}",
            f"descriptors    {descriptors[0]} before, {descriptors[1]} after",
        )
    )


def plot(file: Path, tally: Tally, samples: Sequence[Sample]) -> None:
    """Write memory, descriptors and p99 over time as SVG; faults are shaded."""
    mpl.use("svg")
    figure, axes = plt.subplots(3, sharex=True, figsize=(10, 7))
    times = [each.time - tally.began for each in samples]
    axes[0].plot(times, [each.memory for each in samples])
    axes[0].set_ylabel("memory, MB")
    axes[1].plot(times, [each.descriptors for each in samples])
    axes[1].set_ylabel("file descriptors")
    slices = sorted(tally.slices)
    for part, label in ((0.5, "p50"), (0.99, "p99")):
        axes[2].plot(
            [(number + 0.5) * SLICE for number in slices],
            [tally.slices[number].percentile(part) for number in slices],
            label=label,
        )
    axes[2].set_yscale("log")
    axes[2].set_ylabel("ms")
    axes[2].legend()
    axes[2].set_xlabel("s")
    for window in tally.windows:
        for axis in axes:
            axis.axvspan(window.began - tally.began, window.ended - tally.began, color="red", alpha=0.15)
    figure.tight_layout()
    figure.savefig(file)
    plt.close(figure)


def _by_fault(tally: Tally) -> list[str]:
    names = dict.fromkeys(window.name for window in tally.windows)
    return [_fault_line(name, tally) for name in names]


def _fault_line(name: str, tally: Tally) -> str:
    alike: list[Window] = [window for window in tally.windows if window.name == name]
    after = max(max(0.0, window.last_failure - window.ended) for window in alike)
    return f"  {name:<60}{len(alike):>3} x{tally.by_fault[name]:>7}{after:>7.2f} s"
