"""Fails when the gateway has become slower in relation to a bare uvicorn.

Runs three short workloads and compares their ratios with those of `bench/baseline.json`; `--write` writes the
ones that it finds.
"""

import argparse
import json

import workloads
from run import prepared
from servers import BARE, GATEWAY, HERE

BASELINE = HERE / "baseline.json"
FALLEN_BY = 0.15
"""The part of a ratio that may be lost: within that, two runs of the same code can differ."""

ROUNDS, SECONDS = 5, 1


def ratios() -> dict[str, float]:
    """Return the ratio of each workload to a bare uvicorn in the same run."""
    found: dict[str, float] = {}
    with prepared(ROUNDS, SECONDS) as bench, bench.started(BARE, GATEWAY) as both:
        for workload in (workloads.tickers(64), workloads.collections()[0], workloads.mixed()):
            bench.add(rows := bench.wrk.compare(workload, both))
            found[workload.name] = rows[-1].ratio
    return found


def fallen(found: dict[str, float], baseline: dict[str, float]) -> list[str]:
    """Return a line for each workload whose ratio has fallen too far."""
    return [
        f"{name}: {found[name]:.3f} of a bare uvicorn's rate, and {expected:.3f} in {BASELINE.name}"
        for name, expected in baseline.items()
        if found[name] < expected * (1 - FALLEN_BY)
    ]


def main() -> None:
    """Compare, or write the baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the ratios of this run as the baseline")
    options = parser.parse_args()
    found = ratios()
    if options.write:
        BASELINE.write_text(json.dumps(found, indent=2) + "\n")
    elif lines := fallen(found, json.loads(BASELINE.read_text())):
        raise SystemExit("\n".join(lines))


if __name__ == "__main__":
    main()
