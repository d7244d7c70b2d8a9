"""Short spellings for the JSON Schemas that describe what reads answer."""

from types import MappingProxyType

from fullon_cache_api.spec.json import Json, JsonObject


def _type(*names: str) -> JsonObject:
    return MappingProxyType({"type": names[0] if len(names) == 1 else names})


STRING = _type("string")
TEXT = _type("string", "null")
INTEGER = _type("integer")
NUMBER = _type("number")
AMOUNT = _type("number", "null")
BOOLEAN = _type("boolean")
RECORD = _type("object", "null")


def closed(**members: JsonObject) -> JsonObject:
    """An object of just these members, all of them always given."""
    return _object(members, tuple(members), False)


def opened(**members: JsonObject) -> JsonObject:
    """An object that always has these members, and whatever else the cache holds."""
    return _object(members, tuple(members), True)


def mapping(value: JsonObject) -> JsonObject:
    """An object with names that are data."""
    return MappingProxyType({"type": "object", "additionalProperties": value})


def array(element: JsonObject) -> JsonObject:
    """A list of elements."""
    return MappingProxyType({"type": "array", "items": element})


def collection(name: str, element: JsonObject, **members: JsonObject) -> JsonObject:
    """An answer that lists elements: its members, `count`, the list, `skipped` where some were left out."""
    every = {**members, "count": INTEGER, name: array(element), "skipped": INTEGER}
    return _object(every, tuple(member for member in every if member != "skipped"), False)


def overview(**members: JsonObject) -> JsonObject:
    """An answer drawn from many elements: its members, and `skipped` where some were left out."""
    return _object({**members, "skipped": INTEGER}, tuple(members), False)


def _object(members: dict[str, JsonObject], required: tuple[str, ...], open_: bool) -> JsonObject:
    properties: Json = MappingProxyType(members)
    return MappingProxyType(
        {"type": "object", "properties": properties, "required": required, "additionalProperties": open_}
    )
