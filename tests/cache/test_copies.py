"""What is kept of replies: never more than the budget, never what a notice has ended."""

import math
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from profiles import examples
from redis.exceptions import ResponseError

from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.copies import Copies, Fill, KeyCopies
from fullon_cache_api.cache.reply import Reply

NO_TTL, ABSENT = -1, -2
GET: Command = ("GET", "a")


def keep(copies: Copies, replies: list[Reply], *commands: Command, now: float = 0.0) -> Fill:
    """Read commands that are answered so, and keep that."""
    fill = copies.begin(commands, now)
    assert fill is not None
    copies.keep(fill, replies)
    copies.end(fill)
    return fill


def test_the_time_to_live_of_each_new_key_is_asked_for_before_anything_else() -> None:
    copies = Copies()
    first = keep(copies, [NO_TTL, b"1", 2], GET, ("LLEN", "a"))
    assert first.questions == (("PTTL", "a"), GET, ("LLEN", "a"))
    second = copies.begin((("GET", "b"), ("STRLEN", "a")), 0.5)
    assert second is None
    third = copies.begin((("GET", "b"), ("HLEN", "a"), ("HLEN", "b")), 0.5)
    assert third is not None
    assert third.questions == (("PTTL", "b"), ("GET", "b"), ("HLEN", "a"), ("HLEN", "b"))
    assert third.answers([NO_TTL, b"2", 3, 4]) == [b"2", 3, 4]


@pytest.mark.parametrize(
    ("ttl", "ends"), [(NO_TTL, 1.0), (ABSENT, 1.0), (5_000, 1.0), (1_000, 1.0), (250, 0.25), (0, 0.0)]
)
def test_a_key_is_held_for_its_time_to_live_and_for_a_second_at_most(ttl: int, ends: float) -> None:
    copies = Copies()
    keep(copies, [ttl, b"1"], GET, now=7.0)
    if ends:
        assert copies.find((GET,), 7.0 + ends - 0.001) == [b"1"]
    assert copies.find((GET,), 7.0 + ends) is None


def test_what_is_added_to_a_key_ends_with_it() -> None:
    copies = Copies()
    keep(copies, [NO_TTL, b"1"], ("HGET", "a", "x"), now=0.0)
    keep(copies, [b"2"], ("HGET", "a", "y"), now=0.9)
    assert copies.find((("HGET", "a", "y"),), 0.95) == [b"2"]
    assert copies.find((("HGET", "a", "y"),), 1.0) is None


def test_a_reply_whose_key_has_gone_meanwhile_is_not_kept() -> None:
    copies = Copies()
    keep(copies, [NO_TTL, b"1"], ("HGET", "a", "x"), now=0.0)
    late = copies.begin((("HGET", "a", "y"),), 0.9)
    keep(copies, [NO_TTL, b"1"], ("HGET", "b", "x"), now=1.5)
    assert late is not None
    assert copies.begin((("HGET", "a", "x"),), 1.5) is not None
    copies.keep(late, [b"2"])
    assert copies.find((("HGET", "a", "y"),), 0.95) is None


@pytest.mark.parametrize(
    "command", [("PING",), ("SCAN", 0), ("PTTL", "a"), ("GET",), ("GET", b"a"), ("GET", 1)]
)
def test_what_is_no_read_of_one_named_key_is_not_kept(command: Command) -> None:
    copies = Copies()
    assert copies.begin((GET, command), 0.0) is None
    keep(copies, [NO_TTL, b"1"], GET)
    assert copies.find((GET, command), 0.0) is None


def test_an_error_is_not_kept_and_what_came_with_it_is() -> None:
    copies = Copies()
    keep(copies, [NO_TTL, ResponseError("WRONGTYPE"), 1], GET, ("LLEN", "a"))
    assert copies.find((GET,), 0.0) is None
    assert copies.find((("LLEN", "a"),), 0.0) == [1]
    keep(copies, [ResponseError("ERR"), b"1"], ("GET", "b"))
    assert copies.find((("GET", "b"),), 0.0) is None


@examples(50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"),
            st.sampled_from(["HGET", "GET", "HMGET"]),
            st.text(max_size=200),
            st.one_of(st.none(), st.integers(), st.binary(max_size=5_000), st.lists(st.binary(max_size=300))),
        ),
        max_size=60,
    )
)
def test_whatever_is_asked_for_the_budget_holds(reads: list[tuple[str, str, str, Reply]]) -> None:
    copies = Copies(budget=20_000)
    for key, name, word, reply in reads:
        fill = copies.begin(((name, key, word),), 0.0)
        assert fill is not None
        copies.keep(fill, [NO_TTL] * len(fill.new) + [reply])
        copies.end(fill)
        assert copies.size <= 20_000
    for key in "abcdef":
        copies.invalidate(key)
    assert copies.size == 0


@pytest.mark.parametrize(
    ("command", "reply", "texts"),
    [
        (GET, b"x" * 1_000, 1_004),
        (("HGET", "a", "f" * 1_000), b"x", 1_006),
        (("LRANGE", "a", 0, -1), [b"x" * 100] * 10, 1_007),
        (("HMGET", "a", "f"), [None] * 10, 7),
    ],
)
def test_a_copy_counts_with_all_of_its_texts_and_what_python_needs_besides(
    command: Command, reply: Reply, texts: int
) -> None:
    copies = Copies()
    keep(copies, [NO_TTL, reply], command)
    assert texts + 800 <= copies.size <= texts + 2_600


def test_a_reply_that_is_too_large_is_not_kept_and_drives_nothing_out() -> None:
    copies = Copies(budget=80_000)
    keep(copies, [NO_TTL, b"1"], GET)
    keep(copies, [NO_TTL, b"x" * 11_000], ("GET", "b"))
    keep(copies, [NO_TTL, [b""] * 1_000], ("HGETALL", "c"))
    keep(copies, [NO_TTL, b"1"], ("GET", "d" * 11_000))
    assert copies.find((("GET", "b"),), 0.0) is None
    assert copies.find((("HGETALL", "c"),), 0.0) is None
    assert copies.find((GET,), 0.0) == [b"1"]


def test_the_fields_of_one_key_do_not_drive_other_keys_out() -> None:
    copies = Copies(budget=80_000)
    keep(copies, [NO_TTL, b"1"], GET)
    for number in range(1_000):
        command: Command = ("HGET", "big", f"field {number}")
        fill = copies.begin((command,), 0.0)
        assert fill is not None
        copies.keep(fill, [NO_TTL] * len(fill.new) + [b"value"])
        copies.end(fill)
    assert copies.find((GET,), 0.0) == [b"1"]
    assert copies.size <= 20_000


def test_what_would_take_a_keys_copies_beyond_an_eighth_of_the_budget_is_not_kept() -> None:
    copies = Copies(budget=80_000)
    keep(copies, [NO_TTL, b"1"], GET)
    large = b"x" * 4_400
    keep(copies, [NO_TTL, large], ("HGET", "big", "x"))
    before = copies.size
    assert copies.find((("HGET", "big", "x"),), 0.0) == [large]
    keep(copies, [large], ("HGET", "big", "y"))
    assert copies.find((("HGET", "big", "x"),), 0.0) == [large]
    assert copies.find((("HGET", "big", "y"),), 0.0) is None
    assert copies.find((GET,), 0.0) == [b"1"]
    assert copies.size == before


def test_the_budget_and_an_eighth_of_it_can_be_used_to_the_last_byte() -> None:
    smallest = Copies()
    keep(smallest, [NO_TTL, b""], GET)
    copies = Copies(budget=80_000)
    large = b"x" * (10_000 - smallest.size)
    for key in "abcdefgh":
        keep(copies, [NO_TTL, large], ("GET", key))
    assert copies.size == 80_000
    assert copies.find(tuple(("GET", key) for key in "abcdefgh"), 0.0) == [large] * 8
    keep(copies, [NO_TTL, b""], ("GET", "i"))
    assert copies.find((GET,), 0.0) is None
    assert copies.find(tuple(("GET", key) for key in "bcdefgh"), 0.0) == [large] * 7


def test_neither_copies_nor_reads_that_are_under_way_outlive_a_clearing() -> None:
    copies = Copies()
    keep(copies, [NO_TTL, b"1"], GET)
    under_way = copies.begin((("GET", "b"),), 0.0)
    assert under_way is not None
    copies.clear()
    copies.keep(under_way, [NO_TTL, b"2"])
    copies.end(under_way)
    assert copies.find((GET,), 0.0) is None
    assert copies.find((("GET", "b"),), 0.0) is None
    assert copies.size == 0


def test_a_read_that_has_ended_is_told_of_no_change() -> None:
    copies = Copies()
    ended = keep(copies, [NO_TTL, b"1"], GET)
    under_way = copies.begin((GET,), 0.0)
    assert under_way is not None
    copies.invalidate("a")
    assert (ended.spoiled, under_way.spoiled) == (False, True)


def test_what_came_too_late_to_be_kept_does_not_keep_a_later_read_out() -> None:
    copies = Copies()
    first, second = copies.begin((GET,), 0.0), copies.begin((GET,), 1.0)
    assert first is not None
    assert second is not None
    for fill, reply in ((first, b"1"), (second, b"2")):
        copies.keep(fill, [NO_TTL, reply])
        copies.end(fill)
    assert copies.find((GET,), 1.5) == [b"2"]


def made_of(copies: Copies, size: int = 10) -> KeyCopies:
    """Keep a reply, and something of a size that was made of it."""
    fill = copies.begin((GET,), 0.0)
    assert fill is not None
    assert copies.keep(fill, [NO_TTL, b"1"][1 - len(fill.new) :])
    copies.end(fill)
    held = copies.of((GET,))
    assert held is not None
    copies.keep_made(held, "name", "made of it", size)
    return held


@pytest.mark.parametrize("how", ["a notice", "a clearing", "its age", "the budget"])
def test_what_was_made_of_a_keys_replies_ends_with_them(how: str) -> None:
    copies = Copies(budget=80_000)
    held = made_of(copies)
    assert (held.made, held.until) == ({"name": "made of it"}, 1.0)
    match how:
        case "a notice":
            copies.invalidate("a")
        case "a clearing":
            copies.clear()
        case "its age":
            assert copies.begin((GET,), 1.0) is not None
        case "the budget":
            for number in range(10):
                keep(copies, [NO_TTL, b"x" * 8_000], ("GET", f"other {number}"))
    assert (held.made, held.replies, held.until) == ({}, {}, -math.inf)
    copies.keep_made(held, "name", "made of it", 10)
    assert held.made == {}
    assert copies.of((GET,)) is not held


def test_what_was_made_takes_its_part_of_the_budget() -> None:
    copies = Copies(budget=80_000)
    keep(copies, [NO_TTL, b"1"], GET)
    before = copies.size
    held = copies.of((GET,))
    assert held is not None
    copies.keep_made(held, "name", "made of it", 5_000)
    assert before + 5_000 < copies.size < before + 6_000
    copies.keep_made(held, "too large", "made of it", 5_000)
    assert set(held.made) == {"name"}
    assert copies.find((GET,), 0.5) == [b"1"]
    copies.invalidate("a")
    assert copies.size == 0


def test_another_reply_than_the_one_that_is_kept_ends_all_that_is_kept_of_its_key() -> None:
    """Redis does not tell of SWAPDB, nor of a flush in time."""
    copies = Copies()
    held = made_of(copies)
    keep(copies, [b"1"], GET)
    assert copies.find((GET,), 0.5) == [b"1"]
    keep(copies, [b"2"], GET)
    assert copies.find((GET,), 0.5) is None
    assert (held.made, copies.size) == ({}, 0)
    keep(copies, [NO_TTL, b"2"], GET)
    assert copies.find((GET,), 0.5) == [b"2"]


def test_replies_of_several_keys_are_in_no_one_place() -> None:
    copies = Copies()
    keep(copies, [NO_TTL, NO_TTL, b"1", b"2"], GET, ("GET", "b"))
    assert copies.of((GET, ("GET", "b"))) is None
    assert copies.of((GET,)) is not copies.of((("GET", "b"),))


def test_a_reply_that_is_not_the_one_that_is_kept_is_told_from_it() -> None:
    copies = Copies()
    first, second = copies.begin((GET,), 0.0), copies.begin((GET,), 0.0)
    assert first is not None
    assert second is not None
    assert copies.keep(first, [NO_TTL, b"1"])
    assert not copies.keep(second, [NO_TTL, b"2"])
    error = copies.begin((("GET", "b"),), 0.0)
    assert error is not None
    assert not copies.keep(error, [NO_TTL, ResponseError("WRONGTYPE")])
    spoiled = copies.begin((GET,), 0.0)
    assert spoiled is not None
    copies.invalidate("a")
    assert not copies.keep(spoiled, [b"3"])


class Interleavings(RuleBasedStateMachine):
    """Redis holds a number per key, which only grows; replies and notices travel on connections of their own.

    What is found is never older than what has been told, and a reply is kept where nothing speaks against it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.copies = Copies(budget=30_000)
        self.now = 0.0
        self.values = dict.fromkeys("abc", 0)
        self.told = dict.fromkeys("abc", 0)
        self.notices: deque[tuple[str | None, dict[str, int]]] = deque()
        self.asked: list[Fill] = []
        self.replies: list[tuple[Fill, list[Reply]]] = []
        self.known: list[KeyCopies] = []

    keys = st.lists(st.sampled_from("abc"), min_size=1, max_size=3)

    @rule(keys=keys)
    def ask(self, keys: list[str]) -> None:
        fill = self.copies.begin(tuple(("GET", key) for key in keys), self.now)
        assert fill is not None
        self.asked.append(fill)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        """Redis comes to a read, in any order: there are several lanes."""
        fill = self.asked.pop(data.draw(st.integers(0, len(self.asked) - 1)))
        answers = [self.values[str(command[1])] for command in fill.commands]
        self.replies.append((fill, [NO_TTL] * len(fill.new) + answers))

    @precondition(lambda self: self.replies)
    @rule(data=st.data())
    def reply(self, data: st.DataObject) -> None:
        fill, replies = self.replies.pop(data.draw(st.integers(0, len(self.replies) - 1)))
        held = any(self.copies.find((command,), fill.asked) for command in fill.commands)
        are_kept = self.copies.keep(fill, replies)
        place = self.copies.of(fill.commands)
        if are_kept and place is not None:
            self.copies.keep_made(place, "answer", fill.answers(replies)[0], 10)
            self.known.append(place)
        self.copies.end(fill)
        if not fill.spoiled and not held and all(key in fill.new for key in fill.keys):
            found = self.copies.find(fill.commands, fill.asked)
            assert found == fill.answers(replies)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        self.copies.end(self.asked.pop(data.draw(st.integers(0, len(self.asked) - 1))))

    @rule(key=st.sampled_from("abc"))
    def write(self, key: str) -> None:
        self.values[key] += 1
        self.notices.append((key, dict(self.values)))

    @rule()
    def flush(self) -> None:
        for key in self.values:
            self.values[key] += 1
        self.notices.append((None, dict(self.values)))

    @precondition(lambda self: self.notices)
    @rule()
    def tell(self) -> None:
        key, values = self.notices.popleft()
        if key is None:
            self.copies.clear()
            self.told = values
        else:
            self.copies.invalidate(key)
            self.told[key] = values[key]

    @rule()
    def lose_the_connection(self) -> None:
        """What is on its way gets lost; the next connection tells of what comes after it."""
        self.notices.clear()
        self.copies.clear()
        self.told = dict(self.values)

    @rule(seconds=st.sampled_from([0.01, 0.5, 1.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def nothing_is_older_than_what_was_told(self) -> None:
        for key, least in self.told.items():
            found = self.copies.find((("GET", key),), self.now)
            if found is not None:
                (number,) = found
                assert isinstance(number, int)
                assert least <= number <= self.values[key]

    @invariant()
    def what_was_made_is_of_the_reply_that_is_kept(self) -> None:
        for held in self.known:
            if held.until > self.now and "answer" in held.made:
                assert self.copies.find((("GET", held.key),), self.now) == [held.made["answer"]]


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = examples(100)
