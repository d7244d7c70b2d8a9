"""Elements of large collections: each is made anew unless it is known by the very bytes that were read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.http.elements import KnownElements, PageReader
from fullon_cache_api.reads.pages import Page
from fullon_cache_api.reads.values import BadValue, Value, parse_json


class Maker:
    """Makes elements, and counts how many."""

    def __init__(self) -> None:
        self.made = 0
        self.skipped: list[CorruptValue] = []

    def __call__(self, name: str, raw: bytes) -> Value:
        self.made += 1
        value = parse_json(raw)
        return None if value is None else {name: value}

    def read(self, known: KnownElements | None, elements: list[tuple[bytes, bytes]]) -> list[bytes]:
        table = known.table("listAll", "key") if known is not None else None
        reader = PageReader(Page("key", self, elements), _check, self.skipped, table)
        made: list[bytes] = []
        while not reader.is_over:
            made += reader.slice()
        return made


def _check(value: Value) -> Value:
    if value == {"bad": 1}:
        raise BadValue("it is bad")
    return value


def fields(count: int, **changed: int) -> list[tuple[bytes, bytes]]:
    values = {**{f"n{number}": number for number in range(count)}, **changed}
    return [(name.encode(), json.dumps(value).encode()) for name, value in values.items()]


def test_only_what_has_changed_is_made_again() -> None:
    maker, known = Maker(), KnownElements()
    assert maker.read(known, fields(500)) == [b'{"n%d":%d}' % (n, n) for n in range(500)]
    assert maker.made == 500
    assert maker.read(known, fields(500, n7=8, n8=7))[6:10] == [
        b'{"n6":6}',
        b'{"n7":8}',
        b'{"n8":7}',
        b'{"n9":9}',
    ]
    assert maker.made == 502
    assert maker.read(known, fields(500))[7] == b'{"n7":7}'
    assert maker.made == 504


def test_what_is_bad_or_was_not_asked_for_is_neither_given_nor_remembered() -> None:
    maker, known = Maker(), KnownElements()
    elements = [(b"a", b"1"), (b"bad", b"1"), (b"b", b"{"), (b"\xff", b"1"), (b"c", b"null"), (b"d", b"2")]
    for _ in range(2):
        assert maker.read(known, elements) == [b'{"a":1}', b'{"d":2}']
    assert [(one.key, one.field, one.reason) for one in maker.skipped[:3]] == [
        ("key", "bad", "it is bad"),
        ("key", "b", "it is not JSON"),
        ("key", "\\xff", "it is not UTF-8"),
    ]
    assert len(maker.skipped) == 6


def test_endpoints_and_keys_do_not_share_what_they_know() -> None:
    known = KnownElements()
    known.table("listAll", "key").add(b"a", b"1", b"one")
    assert known.table("listAll", "other").elements == {}
    assert known.table("listOthers", "key").elements == {}
    assert known.table("listAll", "key").elements == {b"a": b"1\0one"}


@pytest.mark.parametrize("raw", [b'"a', b'"a"b', b'"a"\0"a', b'"a"\0', b'"a"\0"A"', b""])
def test_only_what_was_read_the_same_from_its_beginning_to_its_end_is_known(raw: bytes) -> None:
    made: list[bytes] = []

    def make(name: str, raw: bytes) -> str:
        made.append(raw)
        return "A"

    table = KnownElements().table("listAll", "key")
    for value in (b'"a"', raw, b'"a"', raw):
        reader = PageReader(Page("key", make, [(b"name", value)]), _check, [], table)
        assert reader.slice() == [b'"A"']
    assert made.count(raw) == 2


def test_what_has_a_zero_byte_is_made_each_time() -> None:
    table = KnownElements().table("listAll", "key")
    table.add(b"a", b"1\0", b"one")
    assert table.elements == {}


def test_what_was_used_longest_ago_goes_first() -> None:
    known = KnownElements(budget=3_000)
    for key in ("a", "b"):
        known.table("listAll", key).add(b"x", b"1" * 500, b"2" * 500)
    known.table("listAll", "a")
    old = known.table("listAll", "b")
    known.table("listAll", "a")
    known.table("listAll", "c").add(b"x", b"1" * 500, b"2" * 500)
    assert len(known.table("listAll", "a").elements) == 1
    assert known.table("listAll", "b").elements == {}
    old.add(b"y", b"1", b"one")
    assert old.elements == {}


def test_of_what_is_larger_than_the_budget_a_part_is_known_and_gives_way_in_time() -> None:
    maker, known = Maker(), KnownElements(budget=50_000)
    maker.read(known, fields(1_000))
    maker.made = 0
    maker.read(known, fields(1_000))
    assert 500 < maker.made < 800
    for _ in range(20):
        maker.read(known, [(b"other%d" % number, b"1") for number in range(1_000)])
    assert not [name for name in known.table("listAll", "key").elements if name.startswith(b"n")]


@examples(100)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 900), st.integers(0, 900))))
def test_what_is_known_never_outgrows_the_budget(added: list[tuple[int, int, int, int]]) -> None:
    known = KnownElements(budget=8_000)
    tables = [known.table("listAll", str(number)) for number in range(4)]
    for key, name, raw, text in added:
        tables[key] = known.table("listAll", str(key))
        tables[key].add(b"%d" % name, b"1" * raw, b"2" * text)
        held = [known.table("listAll", str(number)) for number in range(4)]
        size = sum(len(both) for table in held for both in table.elements.values())
        assert size <= known.size <= 8_000
        assert known.size == sum(table.size for table in held)


def test_a_slice_ends_with_the_bytes_that_are_sent_at_once_or_with_the_elements_that_are_wanted() -> None:
    elements = [(b"n%d" % number, json.dumps("x" * 10_000).encode()) for number in range(1_000)]
    reader = PageReader(Page("key", Maker(), elements), _check, [], None)
    assert len(reader.slice(100)) == 100
    assert len(reader.slice()) == 32
    assert not reader.is_over


def test_a_slice_of_which_nothing_was_asked_for_ends_too() -> None:
    maker = Maker()
    reader = PageReader(Page("key", maker, [(b"a", b"null")] * 1_000), _check, [], None)
    assert reader.slice(100) == []
    assert maker.made == 100
