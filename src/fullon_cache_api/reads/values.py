"""Cached texts as values: JSON, times and numbers, each exactly as cached or refused."""

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

import msgspec

Value: TypeAlias = object
"""A decoded JSON value; what it may be is for the response schema to say."""

_decode = msgspec.json.Decoder().decode


class BadValue(ValueError):
    """A cached value that is not what it should be; the text says why and never repeats the value."""


def parse_json(raw: bytes) -> Value:
    """Decode cached JSON: integers of any size stay exact, NaN and Infinity become None."""
    try:
        return _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _parse_python_json(raw)


def parse_object(raw: bytes) -> dict[str, Value]:
    """Decode cached JSON that must be an object."""
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise BadValue("is not a JSON object")
    return value


def _parse_python_json(raw: bytes) -> Value:
    """Decode what Python's `json.dumps` writes beyond JSON: NaN, Infinity and numbers out of range."""
    try:
        value = json.loads(raw.decode(), parse_constant=lambda _: None, parse_float=_finite)
        msgspec.json.encode(value)
    except UnicodeError:
        raise BadValue("is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadValue("is not JSON") from None
    return value


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def parse_text(raw: bytes) -> str:
    """Decode cached text."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise BadValue("is not UTF-8") from None


def parse_id(field: str) -> int:
    """Read a decimal id as fullon_cache writes it; `007` is not one."""
    if not (field.isascii() and field.isdigit()) or (field[0] == "0" and field != "0"):
        raise BadValue("is not stored under a decimal id")
    return int(field)


def parse_time(value: Value) -> datetime | None:
    """Read a cached time: epoch seconds, or ISO 8601 where no offset means UTC; None or "" is no time."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and value[4:5] == "-":
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise BadValue("holds a time that is neither epoch seconds nor ISO 8601")


def show_time(moment: datetime | None) -> str | None:
    """Return a UTC time as RFC 3339 with `Z`, or None."""
    return None if moment is None else moment.isoformat()[:-6] + "Z"


def time_text(value: Value) -> str | None:
    """Return a cached time as RFC 3339, or None where there is none."""
    return show_time(parse_time(value))


def newest_time(values: list[Value]) -> str | None:
    """Return the newest of several cached times as RFC 3339, or None where there is none."""
    return show_time(max(filter(None, map(parse_time, values)), default=None))


def is_number(value: Value) -> bool:
    """Whether a value is a JSON number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def exact_sum(numbers: list[Value]) -> int | float | None:
    """Add JSON numbers as the decimals that they are written as; None where one of them is missing."""
    if not all(is_number(number) for number in numbers):
        return None
    total = sum((Decimal(repr(number)) for number in numbers), Decimal(0))
    return int(total) if all(isinstance(number, int) for number in numbers) else float(total)
