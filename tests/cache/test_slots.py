"""What a cluster says of its nodes, and which slot a key has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.cache import CommandRefused
from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.slots import newest, slot_map, slot_of
from fullon_cache_api.cache.target import Address

ASKED = Address("10.0.0.9", 7000)
ID = "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca"
NODES = f"""\
{ID} 127.0.0.1:30004@31004,hostname4 slave {ID} 0 1426238317239 4 connected
{ID} 127.0.0.1:30002@31002,hostname2,shard-id=69bc master - 0 1426238316232 2 connected 5461-10922
{ID} 127.0.0.1:30003@31003 master - 0 1426238318243 7 connected 10924-16383 [10923-<-{ID}]
{ID} :30001@31001 myself,master - 0 0 1 connected 0-5459 5460 10923 [10923->-{ID}]
{ID} 127.0.0.1:30005@31005 master,fail - 0 0 3 disconnected
{ID} ::1:30006@31006 master - 0 0 0 connected
{ID} 127.0.0.1:30007@31007 handshake,master - 0 0 0 connected
{ID} :0@0 master,noaddr - 0 0 0 disconnected
"""


def test_owners_and_masters_are_those_of_the_nodes_own_lines() -> None:
    found = slot_map(NODES.encode(), ASKED)
    assert found is not None
    one, two, three = (
        Address("10.0.0.9", 30001),
        Address("127.0.0.1", 30002),
        Address("127.0.0.1", 30003),
    )
    assert found.masters == {one, two, three, Address("::1", 30006)}
    assert found.epoch == 7
    assert [found.owners[slot] for slot in (0, 5460, 5461, 10922, 10923, 10924, 16383)] == [
        *(one, one, two, two, one, three, three)
    ]
    assert found.is_whole


def test_a_map_with_a_slot_that_nobody_owns_is_not_whole() -> None:
    found = slot_map(f"{ID} a:1@2 master - 0 0 1 connected 0-16382\n".encode(), ASKED)
    assert found is not None
    assert not found.is_whole
    assert found.owners[16383] is None


@pytest.mark.parametrize(
    "reply", [None, [], b"", b"\xff", b"nonsense", NODES[:60].encode(), b"a b:c@d master - 0 0 x up 1-2"]
)
def test_what_makes_no_sense_is_no_map(reply: object) -> None:
    assert slot_map(reply, ASKED) is None  # type: ignore[arg-type]


@examples(100)
@given(st.binary(max_size=40) | st.text("0123456789-[] ,:@\n\tmaster", max_size=60).map(str.encode))
def test_any_bytes_are_a_map_or_none(reply: bytes) -> None:
    slot_map(b"x 127.0.0.1:1@2 master - 0 0 1 up " + reply, ASKED)


def test_the_newest_map_is_that_of_the_last_change() -> None:
    older = slot_map(f"{ID} a:1@2 master - 0 0 1 connected 0\n".encode(), ASKED)
    newer = slot_map(f"{ID} a:1@2 master - 0 0 2 connected 1\n".encode(), ASKED)
    assert newest([older, None, newer, older]) is newer
    assert newest([None]) is None


@pytest.mark.parametrize(
    ("command", "slot"),
    [
        (("GET", "123456789"), 12739),
        (("GET", b"123456789"), 12739),
        (("GET", 123456789), 12739),
        (("GET", "a{123456789}b{x}"), 12739),
        (("HGET", "{}x", "field"), 10595),
        (("GET", ""), 0),
        (("PING",), 0),
    ],
)
def test_a_key_has_the_slot_of_the_specification(command: Command, slot: int) -> None:
    assert slot_of(command) == slot


@pytest.mark.parametrize("key", [None, 1.5, ["a"], "\ud800"])
def test_a_key_that_cannot_be_sent_is_refused(key: object) -> None:
    with pytest.raises(CommandRefused, match=r"^GET holds what is neither text nor an integer$"):
        slot_of(("GET", key))  # type: ignore[arg-type]
