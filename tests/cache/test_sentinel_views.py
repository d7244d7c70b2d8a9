"""What is believed of what several Sentinels say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.cache.sentinel import View, agreed
from fullon_cache_api.cache.target import Address

OLD, NEW = Address("10.0.0.1", 6379), Address("10.0.0.2", 6379)
BEFORE, AFTER, UNKNOWN = View(OLD, 4), View(NEW, 5), View(None)


@pytest.mark.parametrize(
    ("views", "least_epoch", "believed"),
    [
        ([BEFORE], -1, BEFORE),
        ([None], -1, None),
        ([BEFORE, None, None], -1, None),
        ([BEFORE, BEFORE, None], -1, BEFORE),
        ([BEFORE, None], -1, None),
        ([BEFORE, AFTER, None], -1, AFTER),
        ([BEFORE, BEFORE, AFTER], 4, AFTER),
        ([BEFORE, BEFORE, None], 5, None),
        ([BEFORE, BEFORE, BEFORE], 5, BEFORE),
        ([AFTER, UNKNOWN, UNKNOWN], 5, AFTER),
        ([UNKNOWN, UNKNOWN, None], -1, UNKNOWN),
        ([UNKNOWN, UNKNOWN, None], 5, None),
    ],
)
def test_the_last_failover_that_more_than_half_may_know_of_is_believed(
    views: list[View | None], least_epoch: int, believed: View | None
) -> None:
    assert agreed(views, least_epoch) == believed


SAID = st.lists(st.none() | st.integers(0, 6), min_size=1, max_size=7)


@examples(200)
@given(SAID, st.integers(-1, 6))
def test_who_has_heard_of_a_failover_never_believes_less_but_all_together(
    said: list[int | None], least: int
) -> None:
    views = [None if epoch is None else View(Address("h", epoch + 1), epoch) for epoch in said]
    view = agreed(views, least)
    heard = [epoch for epoch in said if epoch is not None]
    if view is None:
        assert 2 * len(heard) <= len(said) or (max(heard) < least and len(heard) < len(said))
    else:
        assert view.epoch == max(heard)
        assert 2 * len(heard) > len(said)
        assert view.epoch >= least or len(heard) == len(said)
