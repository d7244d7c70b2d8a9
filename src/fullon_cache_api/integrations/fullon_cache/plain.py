"""What fullon_cache gives as plain JSON values: models by their `to_dict`, times, enumerations."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

import msgspec

from fullon_cache_api.reads.values import BadValue, Value, as_object


def plain(given: object) -> Value:
    """Return a value that JSON knows, a number out of its range as None; BadValue where there is none."""
    match given:
        case Enum():
            return plain(given.value)
        case None | bool() | int() | str():
            return given
        case float() | Decimal():
            return _number(given)
        case datetime():
            moment = given.replace(tzinfo=UTC) if given.tzinfo is None else given
            return moment.astimezone(UTC).isoformat()
        case bytes():
            return given.decode(errors="replace")
        case Mapping():
            return {str(plain(name)): plain(member) for name, member in given.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(element) for element in given]
    to_dict = getattr(given, "to_dict", None)
    if callable(to_dict):
        return plain(to_dict())
    raise BadValue(f"fullon_cache gives a {type(given).__name__} in it")


def plain_object(given: object) -> dict[str, Value]:
    """Return a model or a mapping as a JSON object; BadValue where it is something else."""
    return as_object(plain(given))


def plain_list(given: object) -> list[Value]:
    """Return a list as a JSON array; BadValue where it is something else."""
    value = plain(given)
    if not isinstance(value, list):
        raise BadValue("fullon_cache gives no list for it")
    return value


def encoded(given: object) -> bytes:
    """Return a value as the JSON that the cache would hold for it."""
    return msgspec.json.encode(plain(given))


def _number(given: float | Decimal) -> Value:
    if not math.isfinite(given):
        return None
    return int(given) if isinstance(given, Decimal) and given == int(given) else float(given)
