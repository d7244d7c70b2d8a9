"""JSON values that cannot be changed after load, and the way back to plain ones."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]
PlainJson: TypeAlias = "bool | int | float | str | list[PlainJson] | dict[str, PlainJson] | None"
PlainObject: TypeAlias = dict[str, PlainJson]

Pointer: TypeAlias = tuple[str | int, ...]
"""The way from the root of a document to one of its values: RFC 6901's reference tokens, indices as int."""

EMPTY: JsonObject = MappingProxyType({})

OBJECT = (dict, MappingProxyType)
"""The classes of objects, plain and frozen: far sooner known than that something is a mapping."""
ARRAY = (list, tuple)
"""The classes of arrays, plain and frozen."""


def freeze(value: Json) -> Json:
    """Return the same value with read-only mappings for objects and tuples for arrays."""
    if isinstance(value, OBJECT):
        return MappingProxyType({name: freeze(member) for name, member in value.items()})
    if isinstance(value, ARRAY):
        return tuple(freeze(element) for element in value)
    return value


def freeze_object(value: JsonObject) -> JsonObject:
    """Return the same object, read-only all the way down."""
    return MappingProxyType({name: freeze(member) for name, member in value.items()})


def thaw(value: Json) -> PlainJson:
    """Return a fresh copy in plain dicts and lists, as JSON libraries want them."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return thaw_object(value)
    return [thaw(element) for element in value]


def thaw_object(value: JsonObject) -> PlainObject:
    """Return a fresh copy of an object in plain dicts and lists."""
    return {name: thaw(member) for name, member in value.items()}
