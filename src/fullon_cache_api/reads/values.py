"""Cached texts as values: JSON, times and numbers, each exactly as cached or refused."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal
from functools import reduce
from typing import TypeAlias, TypeGuard

import msgspec

Value: TypeAlias = object
"""A decoded JSON value; what it may be is for the response schema to say."""

NEVER = datetime.min.replace(tzinfo=UTC)
"""Stands for a missing time where times are compared: older than every other."""

_decode = msgspec.json.Decoder().decode
_as_text: Callable[[datetime], str] = msgspec.to_builtins
_ID = re.compile(r"0|[1-9][0-9]{0,18}")
NUMBERS = frozenset({int, float})
"""The types of decoded JSON numbers; bool, a subclass of int, is none of them."""

# Holds every digit of any sum of binary doubles, and of integers far beyond them.
_EXACT = Context(prec=5_000)

LONGEST = 4_000_000
"""Bytes of one record: a longer one is none, and to make an answer of it would hold up everybody else."""

_NO_TIME = "it holds a time that is neither epoch seconds nor ISO 8601"


class BadValue(ValueError):
    """A cached value that is not what it should be; the text says why and never repeats the value."""


def refuse_long(raw: bytes) -> None:
    """Raise BadValue for what is too long to be a record."""
    if len(raw) > LONGEST:
        raise BadValue(f"it is longer than {LONGEST // 1_000_000} MB")


def parse_json(raw: bytes) -> Value:
    """Decode cached JSON: integers of any size stay exact, NaN and Infinity become None."""
    refuse_long(raw)
    try:
        return _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _parse_python_json(raw)


def parse_object(raw: bytes) -> dict[str, Value]:
    """Decode cached JSON that must be an object."""
    return as_object(parse_json(raw))


def as_object(value: Value) -> dict[str, Value]:
    """Return a decoded JSON value that must be an object."""
    if not isinstance(value, dict):
        raise BadValue("it is not a JSON object")
    return value


def _parse_python_json(raw: bytes) -> Value:
    """Decode what Python's `json.dumps` writes beyond JSON: NaN, Infinity and numbers out of range."""
    try:
        value = json.loads(raw.decode(), parse_constant=lambda _: None, parse_float=_finite)
        # What cannot be encoded again cannot be answered with: half of a surrogate pair.
        msgspec.json.encode(value)
    except UnicodeError:
        raise BadValue("it is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadValue("it is not JSON") from None
    return value


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def parse_text(raw: bytes) -> str:
    """Decode cached text."""
    refuse_long(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise BadValue("it is not UTF-8") from None


def parse_id(field: str) -> int:
    """Read a decimal id as fullon_cache writes it; `007` is not one."""
    if not _ID.fullmatch(field):
        raise BadValue("it is not stored under a decimal id")
    return int(field)


def text(cached: Mapping[str, Value], name: str) -> str | None:
    """Return a member that must be a text; None where it is null or missing."""
    value = cached.get(name)
    if value is None or isinstance(value, str):
        return value
    raise BadValue(f'its "{name}" is not a text')


def amount(cached: Mapping[str, Value], name: str) -> int | float | None:
    """Return a member that must be a number; None where it is null or missing."""
    value = cached.get(name)
    if value is None or is_number(value):
        return value
    raise BadValue(f'its "{name}" is not a number')


def record(cached: Mapping[str, Value], name: str) -> dict[str, Value] | None:
    """Return a member that must be an object; None where it is null or missing."""
    value = cached.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise BadValue(f'its "{name}" is not an object')


def parse_time(value: Value) -> datetime | None:
    """Read a cached time: epoch seconds, or ISO 8601 where no offset means UTC; None or "" is no time."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and value[4:5] == "-":
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if is_number(value):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise BadValue(_NO_TIME)


def parse_moment(raw: bytes) -> datetime:
    """Read a cached text that must be a time."""
    moment = parse_time(parse_text(raw))
    if moment is None:
        raise BadValue("it holds no time")
    return moment


def show_time(moment: datetime | None) -> str | None:
    """Return a UTC time as RFC 3339 with `Z`, or None."""
    # In a third of the time that `isoformat` takes.
    return None if moment is None else _as_text(moment)


def time_text(value: Value) -> str | None:
    """Return a cached time as RFC 3339, or None where there is none."""
    if type(value) is float:
        # What nearly every time is, and worth sparing two calls for.
        try:
            return _as_text(datetime.fromtimestamp(value, UTC))
        except (ValueError, OverflowError, OSError):
            raise BadValue(_NO_TIME) from None
    return show_time(parse_time(value))


def newest_time(values: Iterable[Value]) -> str | None:
    """Return the newest of several cached times as RFC 3339, or None where there is none."""
    return show_time(max(filter(None, map(parse_time, values)), default=None))


def is_number(value: Value) -> TypeGuard[int | float]:
    """Whether a decoded value is a JSON number."""
    return type(value) in NUMBERS


def exact_sum(numbers: Iterable[int | float | None]) -> int | float | None:
    """Add numbers as the decimals that they are written as; None where one is missing, or out of range."""
    given = list(numbers)
    present = [number for number in given if number is not None]
    if len(present) < len(given):
        return None
    if all(isinstance(number, int) for number in present):
        return sum(present)
    total = float(reduce(_EXACT.add, (Decimal(repr(number)) for number in present), Decimal(0)))
    return total if math.isfinite(total) else None
