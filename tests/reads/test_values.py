"""Cached texts as values, each exactly as cached or refused."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.reads.values import (
    BadValue,
    amount,
    exact_sum,
    is_number,
    newest_time,
    parse_id,
    parse_json,
    parse_moment,
    parse_object,
    parse_text,
    parse_time,
    record,
    text,
    time_text,
)

TEXTS = st.text('ab"\\/\n\x00\x7f\u00e9\u2028\uffff\U0001f600', max_size=5)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"1", 1),
        (b"1.0", 1.0),
        (b"-0.0", -0.0),
        (b"1e-07", 1e-07),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"-123456789012345678901234567890", -123456789012345678901234567890),
        (b"[NaN, Infinity, -Infinity, 1e400, -1e400]", [None] * 5),
        (b'{"a": NaN, "b": 12345678901234567890123}', {"a": None, "b": 12345678901234567890123}),
        (b' {"a":\t1}\n', {"a": 1}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        ('"\u00e9\u20ac\U0001f600"'.encode(), "\u00e9\u20ac\U0001f600"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
    ],
)
def test_json_is_decoded_without_loss_and_what_is_not_finite_is_none(raw: bytes, value: object) -> None:
    decoded = parse_json(raw)
    assert (decoded, type(decoded)) == (value, type(value))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "it is not JSON"),
        (b"S3CRET", "it is not JSON"),
        (b"{'a': 1}", "it is not JSON"),
        (b"[1,]", "it is not JSON"),
        (b"01", "it is not JSON"),
        (b'{"a": 1} {"b": 2}', "it is not JSON"),
        (b"9" * 5_000, "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"\xef\xbb\xbf{}", "it is not JSON"),
        (b'"\xff"', "it is not UTF-8"),
        (b'"\xc0\x80"', "it is not UTF-8"),
        (b'"\\ud800"', "it is not UTF-8"),
        (b'[NaN, "\xff"]', "it is not UTF-8"),
    ],
)
def test_what_is_no_json_is_refused_without_being_repeated(raw: bytes, reason: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_json(raw)
    assert str(caught.value) == reason


@examples(60)
@given(JSON)
def test_what_python_wrote_comes_back_the_same_and_can_be_answered_with(value: object) -> None:
    decoded = parse_json(json.dumps(value).encode())
    assert decoded == value
    assert json.loads(msgspec.json.encode(decoded)) == value


@examples(80)
@given(st.binary(max_size=40))
def test_any_bytes_are_decoded_or_refused_and_nothing_else(raw: bytes) -> None:
    for parse in (parse_json, parse_object, parse_text, parse_moment):
        try:
            msgspec.json.encode(parse(raw))
        except BadValue as error:
            assert str(error).startswith("it ")


@pytest.mark.parametrize("raw", [b"[]", b"null", b"1", b'"{}"', b"NaN", b"true"])
def test_an_object_must_be_one(raw: bytes) -> None:
    with pytest.raises(BadValue, match=r"^it is not a JSON object$"):
        parse_object(raw)


@pytest.mark.parametrize(("field", "number"), [("0", 0), ("7", 7), ("9223372036854775807", 2**63 - 1)])
def test_an_id_is_canonical_decimal(field: str, number: int) -> None:
    assert parse_id(field) == number


@pytest.mark.parametrize("field", ["", "007", "00", "-1", "+1", "1.0", "1 ", "1\n", "\u0661", "x", "1" * 20])
def test_another_spelling_is_no_id(field: str) -> None:
    with pytest.raises(BadValue, match=r"^it is not stored under a decimal id$"):
        parse_id(field)


MEMBERS = {"n": 1.5, "i": 2, "t": "x", "o": {"a": 1}, "null": None, "true": True, "list": [1]}


def test_a_member_of_the_right_type_is_returned_and_a_missing_one_is_none() -> None:
    assert [amount(MEMBERS, name) for name in ("n", "i", "null", "gone")] == [1.5, 2, None, None]
    assert [text(MEMBERS, name) for name in ("t", "null", "gone")] == ["x", None, None]
    assert [record(MEMBERS, name) for name in ("o", "null", "gone")] == [{"a": 1}, None, None]


@pytest.mark.parametrize("name", ["t", "o", "true", "list"])
def test_what_is_no_number_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadValue) as caught:
        amount(MEMBERS, name)
    assert str(caught.value) == f'its "{name}" is not a number'


def test_what_is_no_text_or_no_object_is_refused_by_name() -> None:
    for name in ("n", "o", "true", "list"):
        with pytest.raises(BadValue, match=f'^its "{name}" is not a text$'):
            text(MEMBERS, name)
    for name in ("n", "t", "true", "list"):
        with pytest.raises(BadValue, match=f'^its "{name}" is not an object$'):
            record(MEMBERS, name)


def test_a_number_is_an_int_or_a_float_and_no_boolean() -> None:
    assert [is_number(value) for value in (0, 1.5, True, None, "1", [])] == [True, True, *[False] * 4]


@pytest.mark.parametrize(
    ("cached", "shown"),
    [
        (None, None),
        ("", None),
        (0, "1970-01-01T00:00:00Z"),
        (-1.5, "1969-12-31T23:59:58.500000Z"),
        (1704110400, "2024-01-01T12:00:00Z"),
        (1704110400.123456, "2024-01-01T12:00:00.123456Z"),
        (253402300799, "9999-12-31T23:59:59Z"),
        ("2026-11-22T20:36:11.352211+00:00", "2026-11-22T20:36:11.352211Z"),
        ("2026-11-22T20:36:11Z", "2026-11-22T20:36:11Z"),
        ("2026-11-22T20:36:11", "2026-11-22T20:36:11Z"),
        ("2026-11-22 20:36:11", "2026-11-22T20:36:11Z"),
        ("2026-11-22", "2026-11-22T00:00:00Z"),
        ("2026-11-22T20:36:11-03:30", "2026-11-23T00:06:11Z"),
        ("2026-11-22T20:36:11.5+00:00:30", "2026-11-22T20:35:41.500000Z"),
    ],
)
def test_a_time_is_shown_in_rfc_3339_and_utc(cached: object, shown: str | None) -> None:
    assert time_text(cached) == shown


@pytest.mark.parametrize(
    "cached",
    [
        "now",
        "1704110400",
        "20240101T120000Z",
        "2024-13-01",
        "2024-01-01T12:00:00 UTC",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        1704110400000,
        10**30,
        -(10**15),
        1e300,
        math.inf,
        math.nan,
        True,
        False,
        [],
        {},
    ],
)
def test_another_value_is_no_time(cached: object) -> None:
    with pytest.raises(BadValue) as caught:
        parse_time(cached)
    assert str(caught.value) == "it holds a time that is neither epoch seconds nor ISO 8601"


@examples(80)
@given(
    st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)),
    st.integers(-23 * 60, 23 * 60),
)
def test_any_moment_is_read_as_it_was_written(moment: datetime, minutes: int) -> None:
    local = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_time(local.isoformat()) == local
    assert time_text(local.isoformat()) == moment.isoformat() + "Z"


def test_a_text_that_must_be_a_time_must_not_be_empty() -> None:
    assert parse_moment(b"2024-01-01T12:00:00+00:00") == datetime(2024, 1, 1, 12, tzinfo=UTC)
    with pytest.raises(BadValue, match=r"^it holds no time$"):
        parse_moment(b"")


def test_the_newest_of_several_times_is_compared_as_a_time() -> None:
    times = ["2024-01-01T12:00:00.5Z", "2024-01-01T12:00:00Z", None, "2024-01-01T13:00:00+02:00", ""]
    assert newest_time(times) == "2024-01-01T12:00:00.500000Z"
    assert newest_time([None, ""]) is None
    assert newest_time([]) is None


@pytest.mark.parametrize(
    ("numbers", "total"),
    [
        ([], 0),
        ([1, 2], 3),
        ([0.1, 0.2], 0.3),
        ([0.1] * 10, 1.0),
        ([1, 0.5], 1.5),
        ([123456789012345678901234567890, 1], 123456789012345678901234567891),
        ([1e308, -1e308, 1e-320], 1e-320),
        ([1e30, 0.1, -1e30], 0.1),
        ([1, None], None),
        ([1e308, 1e308], None),
        ([10**400, 0.5], None),
    ],
)
def test_numbers_are_added_as_the_decimals_that_they_are_written_as(
    numbers: list[int | float | None], total: int | float | None
) -> None:
    found = exact_sum(numbers)
    assert (found, type(found)) == (total, type(total))


@examples(60)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=6))
def test_a_sum_is_exact_in_any_order(numbers: list[float]) -> None:
    total = float(sum(Fraction(repr(number)) for number in numbers))
    assert exact_sum(numbers) == exact_sum(reversed(numbers)) == total
