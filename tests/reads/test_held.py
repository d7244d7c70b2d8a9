"""Replies as they came: equal where their bytes are, whatever the hash has looked at."""

from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.reads.held import Held

elements = st.lists(st.binary(max_size=3), max_size=40)


@examples(200)
@given(elements, elements)
def test_two_are_equal_where_all_of_their_bytes_are(one: list[bytes], other: list[bytes]) -> None:
    assert (Held(one) == Held(other)) == (one == other)
    copy = [bytes(bytearray(element)) for element in one]
    assert Held(copy) == Held(one)
    assert hash(Held(copy)) == hash(Held(one))


@examples(100)
@given(st.integers(1, 2_000), st.data())
def test_whichever_element_has_changed_is_seen(count: int, data: st.DataObject) -> None:
    elements = [b"%d" % number for number in range(count)]
    known = {Held(elements): "before"}
    changed = list(elements)
    changed[data.draw(st.integers(0, count - 1))] = b"new"
    assert known.get(Held(changed)) is None
    assert known.get(Held(elements)) == "before"


def test_the_hash_looks_at_values_where_names_and_values_stand_in_turn() -> None:
    for count in (1, 7, 8, 9, 64, 300, 1_000):
        names = [b"%d" % number for number in range(count)]
        before = [part for name in names for part in (name, b"1")]
        after = [part for name in names for part in (name, b"2")]
        assert hash(Held(before)) != hash(Held(after))


def test_one_is_nothing_else() -> None:
    assert Held([b"a"]) != [b"a"]
    assert Held() != ()


def test_names_and_values_in_turn_are_fields_and_the_last_of_a_name_counts() -> None:
    assert Held([b"a", b"1", b"b", b"2", b"a", b"3"]).fields() == {b"a": b"3", b"b": b"2"}
    assert Held().fields() == {}
