"""docs/failure-modes.md; `python tests/failures/table.py` makes every failure and writes what it took."""

import asyncio
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from failures.rows import FAILURES
from failures.stage import DEADLINE, Failure, Measured, measure

FILE = Path(__file__).parents[2] / "docs" / "failure-modes.md"
_MARK = "<!-- failures -->"
_SECONDS = r"([0-9.]+)"
_ROW = re.compile(
    rf"\| (.+?) \| (.+?) \| {_SECONDS} / {_SECONDS} s, ≤ {_SECONDS} \| {_SECONDS} s, ≤ {_SECONDS} \| (.+?) \|"
)


def maker(failure: Failure) -> str:
    """Return where a failure is made."""
    function = failure.make
    name = function.__qualname__.partition(".")[0]
    return f"`{function.__module__.rpartition('.')[2]}.py`: `{name}`"


def row(failure: Failure, measured: Measured) -> str:
    """Return a failure's line of the table."""
    answered = f"{measured.slowest:.3f} / {measured.middle:.3f} s, ≤ {failure.within:g}"
    back = f"{measured.back:.3f} s, ≤ {failure.back:g}"
    return f"| {failure.name} | {failure.answer} | {answered} | {back} | {maker(failure)} |"


def promised(text: str) -> list[tuple[str, ...]]:
    """Return of each line of the table in a text the failure, the answer, both bounds, and what makes it."""
    return [(found[0], found[1], found[4], found[6], found[7]) for found in _ROW.findall(text)]


def figures(text: str) -> list[Measured]:
    """Return what each line of the table in a text has measured."""
    return [Measured(*(float(found[index]) for index in (2, 3, 5))) for found in _ROW.findall(text)]


def with_table(text: str, measured: Mapping[str, Measured]) -> str:
    """Return a text with the table of what was measured, by the names of the failures."""
    head = "| failure | a request is answered | slowest / middle | well again after | made by |"
    lines = [head, "| --- | --- | --- | --- | --- |", *(row(one, measured[one.name]) for one in FAILURES)]
    above = text.partition(_MARK)[0]
    return "\n".join((above + _MARK, *lines, ""))


async def _measured() -> dict[str, Measured]:
    found = {}
    for failure in FAILURES:
        found[failure.name] = measured = await measure(failure)
        print(row(failure, measured), flush=True)
        if measured.slowest > failure.within or measured.back > failure.back:
            sys.exit(f"{failure.name}: slower than promised, at a deadline of {DEADLINE} s")
    return found


if __name__ == "__main__":
    FILE.write_text(with_table(FILE.read_text(encoding="utf-8"), asyncio.run(_measured())), encoding="utf-8")
