"""What a response schema says of the elements of a collection, and whether it says more than of each one."""

from collections.abc import Mapping

from .json import EMPTY, OBJECT, Json, JsonObject
from .schemas import dereference, follow, reference

# JSON Schema 2020-12: what says nothing about a value, of an object, and of a list as a whole.
_ANNOTATIONS = frozenset(
    {"$schema", "$id", "$comment", "$defs", "title", "description", "examples", "default", "deprecated"}
)
_OF_THE_WHOLE = _ANNOTATIONS | {"type", "properties", "required", "additionalProperties"}
_OF_THE_LIST = _ANNOTATIONS | {"type", "items"}


def element_schema(
    name: str | None, schema: Json, file: str, schemas: Mapping[str, JsonObject]
) -> tuple[JsonObject, str] | None:
    """Return the schema of the elements of the list `name`, and its file; None where there is no such."""
    schema, file = dereference(schema, file, schemas)
    properties = schema.get("properties", EMPTY)
    if name is None or not isinstance(properties, OBJECT) or name not in properties:
        return None
    array, file = dereference(properties[name], file, schemas)
    items = array.get("items")
    return (items, file) if isinstance(items, OBJECT) else None


def is_by_element(name: str | None, schema: Json, file: str, schemas: Mapping[str, JsonObject]) -> bool:
    """Whether a list `name` is right where each of its elements is: then it can be checked one by one."""
    whole, file, is_plain = _plain(schema, file, schemas, _OF_THE_WHOLE)
    properties = whole.get("properties", EMPTY)
    if not is_plain or name is None or not isinstance(properties, OBJECT) or name not in properties:
        return False
    array, _, is_plain = _plain(properties[name], file, schemas, _OF_THE_LIST)
    return is_plain and isinstance(array.get("items"), OBJECT)


def _plain(
    schema: Json, file: str, schemas: Mapping[str, JsonObject], keywords: frozenset[str]
) -> tuple[JsonObject, str, bool]:
    """Follow `$ref`, and say whether there are only such keywords on the way and at its end."""
    is_plain = True
    while isinstance(schema, OBJECT) and (ref := reference(schema)) is not None:
        is_plain = is_plain and schema.keys() <= _ANNOTATIONS | {"$ref"}
        schema, file, _ = follow(ref, file, schemas)
    if not isinstance(schema, OBJECT):
        return EMPTY, file, False
    return schema, file, is_plain and schema.keys() <= keywords
