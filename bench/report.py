"""What a run found: lines of text, JSON, plots, and the page in `docs/`."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from urllib.request import urlopen

import workloads
from load import Row
from servers import HERE

RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "benchmarks.md"
_ABOUT = """\
Written by `make bench BENCH_ARGS=--docs`. Only the ratios mean something: all servers of a table were
loaded in turn, on one machine, by wrk with one thread, over the same Redis and data, and the medians of
the rounds count. `ratio` is to the first server of the table, the median of each round's ratio, and so
not quite that of the medians; `spread` is the range of the rates relative to their median; the CPU time
is that of a request, in the server and in Redis. Tickers are asked for in random order of 300, and all
of them move twice a second. The gateway is run by `fullon-cache-api serve`, with all of its limits. The
bare uvicorn answers with a constant body as large as the gateway's. Where it is not called shared or
coherent, each request has a read of its own (`SHARED_READS=false`).
"""
_COLUMNS = ("req/s", "spread", "ratio", "p50 ms", "p99 ms", "p99.9", "CPU µs", "Redis µs", "errors")
HEAD = f"{'':<58}" + "".join(f"{name:>9}" for name in _COLUMNS)


def line(row: Row) -> str:
    """Return a row as a line of text."""
    cells = "".join(f"{cell:>9}" for cell in _cells(row))
    return f"{row.workload:<26}{row.server:<32}{cells}"


def write_bodies(file: Path, url: str) -> None:
    """Write what the gateway answers, for the bare server to answer with."""
    bodies = {}
    for path in (
        "/api/tickers/binance/SYM000-USDT",
        *(one.requests[0][0] for one in workloads.collections()),
    ):
        with urlopen(url + path) as answer:
            bodies[path.partition("?")[0]] = answer.read().decode()
    bodies[""] = bodies.pop("/api/tickers/binance/SYM000-USDT")
    file.write_text(json.dumps(bodies))


def write(rows: Sequence[Row], notes: Mapping[str, object], shape: Mapping[str, int], *, docs: bool) -> None:
    """Write `results/bench.json` and a plot for each workload, and on request the page."""
    RESULTS.mkdir(exist_ok=True)
    found = {**shape, "rows": [asdict(row) for row in rows], "notes": notes}
    (RESULTS / "bench.json").write_text(json.dumps(found, indent=2, default=_plain) + "\n")
    _plot(rows)
    if docs:
        PAGE.write_text(page(rows, notes, shape))


def page(rows: Sequence[Row], notes: Mapping[str, object], shape: Mapping[str, int]) -> str:
    """Return the page: what was measured, how, and the tables."""
    parts = [
        "# Benchmarks\n",
        _ABOUT,
        f"{date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{shape['rounds']} rounds of {shape['seconds']} s.\n",
    ]
    for workload, found in groupby(rows, key=lambda row: row.workload):
        parts += [f"## {workload[0].upper()}{workload[1:]}\n", _table(list(found))]
    for name, note in notes.items():
        assert isinstance(note, Mapping)
        lines = [f"- {label}: {_said(value)}" for label, value in note.items()]
        parts += [f"## {name[0].upper()}{name[1:]}\n", "\n".join(lines) + "\n"]
    return "\n".join(parts)


def _table(rows: Sequence[Row]) -> str:
    lines = ["| server | " + " | ".join(_COLUMNS) + " |", "| --- |" + " ---: |" * len(_COLUMNS)]
    lines += [f"| {row.server} | " + " | ".join(map(str, _cells(row))) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    times = (f"{time:.2f}" for time in (row.p50, row.p99, row.p999))
    work = (f"{row.cpu:.1f}", f"{row.redis_cpu:.1f}", str(row.errors))
    return (f"{row.rate:.0f}", f"{row.spread:.0%}", f"{row.ratio:.3f}", *times, *work)


def _said(value: object) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        return ", ".join(f"{name} {number}" for name, number in asdict(value).items())
    return str(value)


def _plain(value: object) -> object:
    assert is_dataclass(value) and not isinstance(value, type)
    return asdict(value)


def _plot(rows: Sequence[Row]) -> None:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("(no plots: matplotlib is not installed)")
        return
    for number, (workload, group) in enumerate(groupby(rows, key=lambda row: row.workload)):
        found = list(group)[::-1]
        figure = Figure(figsize=(7, 0.6 + 0.4 * len(found)), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh([row.server for row in found], [row.rate for row in found], color="#4878a8")
        axes.bar_label(bars, [f"{row.ratio:.2f}" for row in found], padding=3)
        axes.set_title(workload)
        axes.set_xlabel("requests/s")
        axes.margins(x=0.1)
        figure.savefig(RESULTS / f"{number:02d}.svg")
