"""How elements that cannot be used are left out of collections, and how single ones are refused."""

from datetime import UTC, datetime

import pytest

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.cache.reader import WrongType
from fullon_cache_api.reads.answer import Answer, Blame, Elements, readable
from fullon_cache_api.reads.values import BadValue


def even(number: int) -> int | None:
    """4 → 4; an odd number was not asked for; a negative one is bad."""
    if number < 0:
        raise BadValue("it is negative")
    return number if number % 2 == 0 else None


def shown(errors: list[CorruptValue]) -> list[tuple[str, str | None, str]]:
    return [(error.key, error.field, error.reason) for error in errors]


def test_a_bad_element_is_left_out_and_one_that_was_not_asked_for_is_no_loss() -> None:
    elements: Elements[int] = Elements()
    for number in (2, 3, -1, 4):
        elements.add("key", str(number), even, number)
    assert elements.items == [2, 4]
    assert elements.sources == [("key", "2"), ("key", "4")]
    assert shown(elements.skipped) == [("key", "-1", "it is negative")]


def test_only_bad_values_are_left_out() -> None:
    elements: Elements[int] = Elements()
    with pytest.raises(ZeroDivisionError):
        elements.add("key", None, lambda: 1 // 0)
    assert elements.skipped == []


def test_the_fields_of_a_hash_come_in_order_and_a_name_that_is_no_text_is_left_out() -> None:
    elements: Elements[str] = Elements()
    elements.add_hash("key", {b"b": b"2", b"\xffx": b"3", b"a": b"1"}, "{}{}{}".format, "-")
    assert elements.items == ["-ab'1'", "-bb'2'"]
    assert elements.sources == [("key", "a"), ("key", "b")]
    assert shown(elements.skipped) == [("key", "\\xffx", "it is not UTF-8")]


def test_the_elements_of_a_list_are_named_as_lindex_finds_them() -> None:
    elements: Elements[int] = Elements()
    elements.add_list("key", [b"-1", b"2", b"4"], lambda raw: even(int(raw)))
    assert elements.items == [2, 4]
    assert elements.sources == [("key", "element -2"), ("key", "element -1")]
    assert shown(elements.skipped) == [("key", "element -3", "it is negative")]
    elements.add_list("key", None, lambda raw: even(int(raw)))
    assert len(elements.items) == 2


def test_a_key_of_another_type_is_left_out_or_refused() -> None:
    elements: Elements[int] = Elements()
    assert elements.usable(b"x") == b"x"
    assert elements.usable(WrongType("key")) is None
    ((key, field, reason),) = shown(elements.skipped)
    assert (key, field) == ("key", None)
    assert "another Redis type" in reason
    assert readable([b"x"]) == [b"x"]
    with pytest.raises(CorruptValue) as caught:
        readable(WrongType("key"))
    assert caught.value.key == "key"


def test_elements_are_sorted_with_their_places() -> None:
    elements: Elements[int] = Elements()
    for hour in (1, 3, 2):
        elements.add("key", str(hour), int, hour)
    elements.newest_first(lambda hour: datetime(2024, 1, 1, hour, tzinfo=UTC))
    assert elements.items == [3, 2, 1]
    assert elements.sources == [("key", "3"), ("key", "2"), ("key", "1")]


def test_a_collection_says_how_many_there_are_and_how_many_were_left_out() -> None:
    elements: Elements[int] = Elements()
    elements.add("key", "a", even, 2)
    answer = elements.answer("numbers", "key", {"owner": 1})
    assert answer == Answer({"owner": 1, "count": 1, "numbers": [2]}, "key", [("key", "a")], [])
    elements.add("key", "b", even, -2)
    assert elements.answer("numbers", "key").body == {"count": 1, "numbers": [2], "skipped": 1}


def test_an_overview_says_only_that_something_was_left_out() -> None:
    error = CorruptValue("key", "it is negative")
    body: dict[str, object] = {"sum": 6}
    assert Answer.overview(body, "key", []) == Answer({"sum": 6}, "key")
    assert Answer.overview(body, "key", [error]).body == {"sum": 6, "skipped": 1}
    assert body == {"sum": 6}


def test_a_bad_value_is_blamed_on_its_place_and_other_errors_pass() -> None:
    with pytest.raises(CorruptValue) as caught, Blame("key", "field"):
        raise BadValue("it is negative")
    assert shown([caught.value]) == [("key", "field", "it is negative")]
    assert str(caught.value) == "key field: it is negative"
    assert caught.value.__suppress_context__
    with pytest.raises(ValueError, match=r"^other$"), Blame("key"):
        raise ValueError("other")
    with Blame("key"):
        pass
