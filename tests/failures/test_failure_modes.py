"""Each row of docs/failure-modes.md is made here, and answered as it says, no slower than it promises."""

import pytest
from failures.rows import FAILURES
from failures.stage import Failure, measure

PARAMETERS = [
    pytest.param(one, id=one.name, marks=[pytest.mark.slow] if one.lasts > 2 else []) for one in FAILURES
]


@pytest.mark.anyio
@pytest.mark.parametrize("failure", PARAMETERS)
async def test_a_failure_is_answered_as_the_table_says_and_all_is_well_after_it(failure: Failure) -> None:
    measured = await measure(failure)
    assert measured.slowest <= failure.within
    assert measured.back <= failure.back
