"""Each row of docs/failure-modes.md is made here, and answered as it says, no slower than it promises."""

import pytest
from failures.rows import FAILURES
from failures.stage import Failure, measure
from failures.table import FILE, figures, maker, promised

PARAMETERS = [
    pytest.param(one, id=one.name, marks=[pytest.mark.slow] if one.lasts > 2 else []) for one in FAILURES
]


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("failure", PARAMETERS)
async def test_a_failure_is_answered_as_the_table_says_and_all_is_well_after_it(failure: Failure) -> None:
    measured = await measure(failure)
    assert measured.slowest <= failure.within
    assert measured.back <= failure.back


def test_the_table_has_a_line_for_each_failure_and_no_other() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert promised(text) == [
        (one.name, one.answer, f"{one.within:g}", f"{one.back:g}", maker(one)) for one in FAILURES
    ]
    assert len({one.name for one in FAILURES}) == len(FAILURES)


def test_what_the_table_has_measured_keeps_its_bounds() -> None:
    for failure, measured in zip(FAILURES, figures(FILE.read_text(encoding="utf-8")), strict=True):
        assert 0 <= measured.middle <= measured.slowest <= failure.within
        assert measured.back <= failure.back
