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


def freeze(value: Json) -> Json:
    """Return the same value with read-only mappings for objects and tuples for arrays."""
    if isinstance(value, Mapping):
        return MappingProxyType({name: freeze(member) for name, member in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(freeze(element) for element in value)
    return value


def freeze_object(value: JsonObject) -> JsonObject:
    """Return the same object, read-only all the way down."""
    return MappingProxyType({name: freeze(member) for name, member in value.items()})


def thaw(value: Json) -> PlainJson:
    """Return a fresh copy in plain dicts and lists, as JSON libraries want them."""
    if isinstance(value, Mapping):
        return thaw_object(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [thaw(element) for element in value]
    return value


def thaw_object(value: JsonObject) -> PlainObject:
    """Return a fresh copy of an object in plain dicts and lists."""
    return {name: thaw(member) for name, member in value.items()}
