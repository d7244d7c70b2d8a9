"""Pages of large hashes: each field once, however HSCAN gives them and whoever else scans the same key."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.cache.errors import CacheUnavailable, CursorLost
from fullon_cache_api.cache.reader import START
from fullon_cache_api.reads import seen
from fullon_cache_api.reads.pages import HashScan, list_page
from fullon_cache_api.reads.seen import Seen

names = st.integers(0, 20).map(lambda number: b"n%d" % number)


def make(name: str, raw: bytes) -> object:
    return raw


@examples(200)
@given(st.lists(st.tuples(st.integers(0, 2), st.dictionaries(names, st.binary(max_size=2), max_size=6))))
def test_each_scan_gives_each_field_once_with_its_first_value(
    pages: list[tuple[int, dict[bytes, bytes]]],
) -> None:
    scans = [HashScan("key", make), HashScan("key", make), HashScan("other", make)]
    first: list[dict[bytes, bytes]] = [{}, {}, {}]
    found: list[list[tuple[bytes, bytes]]] = [[], [], []]
    for which, fields in pages:
        found[which] += scans[which].page((b"7", fields)).elements[:]
        for name, raw in fields.items():
            first[which].setdefault(name, raw)
    for scan, expected, given_ in zip(scans, first, found, strict=True):
        assert given_ == list(expected.items())
        last = {b"n1": b"x", b"last": b"y"}
        new = scan.page((START, last)).elements[:]
        assert new == [(name, raw) for name, raw in last.items() if name not in expected]
        assert scan.is_whole


def scanned(scan: HashScan, cursor: bytes, *found: bytes) -> list[bytes]:
    return [name for name, _ in scan.page((cursor, dict.fromkeys(found, b""))).elements[:]]


def test_a_scan_that_begins_anew_gives_what_is_new_and_ends_where_it_has_met_all_again() -> None:
    scan = HashScan("key", make)
    assert scanned(scan, b"7", b"a", b"b") == [b"a", b"b"]
    scan.begin_anew()
    assert (scan.cursor, scan.is_whole) == (START, False)
    assert scanned(scan, b"7", b"c", b"b") == [b"c"]
    scan.begin_anew()
    assert scanned(scan, b"9", b"b", b"d", b"c") == [b"d"]
    assert scanned(scan, START, b"a") == []
    assert scan.is_whole


@pytest.mark.parametrize("left", [(), (b"b",), (b"b", b"c", b"d")])
def test_a_scan_that_begins_anew_does_not_end_where_what_it_gave_is_gone(left: tuple[bytes, ...]) -> None:
    scan = HashScan("key", make)
    scanned(scan, b"7", b"a", b"b")
    scan.begin_anew()
    with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: a part was lost while it was read$"):
        scanned(scan, START, *left)


def test_what_goes_while_one_connection_reads_all_pages_is_no_loss() -> None:
    scan = HashScan("key", make)
    scanned(scan, b"7", b"a", b"b")
    assert scanned(scan, START) == []
    assert scan.is_whole


def test_a_scan_does_not_begin_anew_for_ever() -> None:
    scan = HashScan("key", make)
    for _ in range(3):
        scan.begin_anew()
    with pytest.raises(CursorLost):
        scan.begin_anew()


def test_scans_in_several_threads_never_take_one_field_for_another() -> None:
    every = [[b"%d" % number for number in range(start, start + 3_000)] for start in (0, 1_000, 2_000, 3_000)]
    found: list[int] = []

    def scan(fields: list[bytes]) -> None:
        for _ in range(5):
            mine = Seen("key")
            found.append(
                sum(len(mine.new(dict.fromkeys(fields[at : at + 100], b""))) for at in range(0, 3_000, 100))
            )

    held = Seen("key")
    threads = [threading.Thread(target=scan, args=(fields,)) for fields in every]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3_000] * 20
    assert held.new({b"x": b"1"}) == [(b"x", b"1")]


def test_names_go_with_the_last_scan_and_are_not_gathered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "MOST_NAMES", 10)
    slow = Seen("key")
    slow.new({b"%d" % number: b"" for number in range(20)})
    later = Seen("key")
    assert later.new({b"1": b""}) == [(b"1", b"")]
    assert slow.new({b"1": b"", b"x": b""}) == [(b"x", b"")]
    assert "key" in seen._SHARED
    del slow, later
    assert "key" not in seen._SHARED


def test_the_elements_of_a_list_are_named_as_lindex_finds_them() -> None:
    page = list_page("key", [b"a", b"b", b"c"], lambda raw: raw)
    assert page.elements[:] == [(b"element -3", b"a"), (b"element -2", b"b"), (b"element -1", b"c")]
    assert page.elements[1:2] == [(b"element -2", b"b")]
    assert (len(page.elements), page.make("element -2", b"b")) == (3, b"b")


def test_names_that_are_known_take_no_memory_from_who_meets_another_one() -> None:
    names = {b"field %d" % number: b"" for number in range(1_000)}
    waiting = Seen("key")
    waiting.new(names)
    for _ in range(100):
        Seen("key").new(names)
    assert waiting.new({**names, b"another": b""}) == [(b"another", b"")]
    assert len(waiting._marks) <= 1_010
