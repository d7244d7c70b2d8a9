"""JSON Schemas that stand in files and refer to each other, and the ways to put them together."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import unquote

from .json import ARRAY, EMPTY, OBJECT, Json, JsonObject, PlainJson, PlainObject, Pointer, thaw

# JSON Schema 2020-12: the keywords whose value is a schema, an array or an object of schemas. All others
# hold data, in which a "$ref" means nothing.
_ONE = frozenset(
    {
        "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames",
        "then", "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
_ARRAY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_OBJECT = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
OF_A_FILE = frozenset({"$schema", "$id"})
"""What a schema says of the file that it stands in."""


def subschemas(schema: Json, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Json]]:
    """Yield a schema and every schema within it, each with its place."""
    yield pointer, schema
    for place, inner in inner_schemas(schema):
        yield from subschemas(inner, (*pointer, *place))


def inner_schemas(schema: Json) -> Iterator[tuple[Pointer, Json]]:
    """Yield the schemas that are the direct parts of a schema, each with its place in it."""
    for keyword, value in schema.items() if isinstance(schema, OBJECT) else ():
        if keyword in _ONE:
            yield (keyword,), value
        elif keyword in _ARRAY and isinstance(value, ARRAY):
            yield from (((keyword, index), inner) for index, inner in enumerate(value))
        elif keyword in _OBJECT and isinstance(value, OBJECT):
            yield from (((keyword, name), inner) for name, inner in value.items())


def reference(schema: Json) -> str | None:
    """Return the `$ref` of a schema, if it has one."""
    ref = schema.get("$ref") if isinstance(schema, OBJECT) else None
    return ref if isinstance(ref, str) else None


def target_file(ref: str, file: str) -> str:
    """Return the file that a reference made in `file` leads into."""
    return ref.partition("#")[0] or file


def target_pointer(ref: str) -> str:
    """Return the JSON Pointer (RFC 6901) of a reference: nothing, where it leads to a whole file."""
    return unquote(ref.partition("#")[2])


def pointer_text(pointer: Pointer) -> str:
    """Return a place as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in pointer)


def relocate(schema: Json, file: str, target: Callable[[str], str]) -> PlainJson:
    """Copy a schema with every `$ref` led to where `target(file)` says that file now stands."""
    if not isinstance(schema, OBJECT):
        return thaw(schema)
    moved: PlainObject = {}
    for keyword, value in schema.items():
        if keyword == "$ref" and isinstance(value, str):
            moved[keyword] = target(target_file(value, file)) + value.partition("#")[2]
        elif keyword in _ONE:
            moved[keyword] = relocate(value, file, target)
        elif keyword in _ARRAY and isinstance(value, ARRAY):
            moved[keyword] = [relocate(inner, file, target) for inner in value]
        elif keyword in _OBJECT and isinstance(value, OBJECT):
            moved[keyword] = {name: relocate(inner, file, target) for name, inner in value.items()}
        else:
            moved[keyword] = thaw(value)
    return moved


def bundle(schema: JsonObject, file: str, schemas: Mapping[str, JsonObject]) -> PlainObject:
    """Return a schema of `file` as one that stands alone: what it refers to comes along under `$defs`."""
    reached = _reached(schema, file, schemas)
    return {**_moved(schema, file), "$defs": {name: _moved(schemas[name], name) for name in reached}}


def dereference(schema: Json, file: str, schemas: Mapping[str, JsonObject]) -> tuple[JsonObject, str]:
    """Follow `$ref` to the schema that it names, and say in which file that stands.

    A boolean schema is given as the object that means the same.
    """
    while (ref := reference(schema)) is not None:
        schema, file, _ = follow(ref, file, schemas)
    if isinstance(schema, OBJECT):
        return schema, file
    return (EMPTY if schema else _NOTHING), file


def follow(ref: str, file: str, schemas: Mapping[str, JsonObject]) -> tuple[Json, str, Pointer]:
    """Return the schema that a reference made in `file` leads to, its file and its place there."""
    file = target_file(ref, file)
    schema: Json = schemas[file]
    place: list[str | int] = []
    for text in target_pointer(ref).split("/")[1:]:
        token = text.replace("~1", "/").replace("~0", "~")
        if isinstance(schema, OBJECT):
            place.append(token)
            schema = schema[token]
        elif isinstance(schema, ARRAY):
            place.append(int(token))
            schema = schema[int(token)]
    return schema, file, tuple(place)


_NOTHING: JsonObject = MappingProxyType({"not": EMPTY})


def _moved(schema: JsonObject, file: str) -> PlainObject:
    moved = relocate(schema, file, lambda name: f"#/$defs/{name}")
    assert isinstance(moved, dict)
    return {keyword: value for keyword, value in moved.items() if keyword not in OF_A_FILE}


def _reached(schema: JsonObject, file: str, schemas: Mapping[str, JsonObject]) -> list[str]:
    """Return the files that a schema of `file` refers to, directly or through others."""
    reached: dict[str, None] = {}
    waiting: list[tuple[JsonObject, str]] = [(schema, file)]
    while waiting:
        current, its_file = waiting.pop()
        for _, inner in subschemas(current):
            ref = reference(inner)
            name = target_file(ref, its_file) if ref is not None else None
            if name is not None and name not in reached:
                reached[name] = None
                waiting.append((schemas[name], name))
    return list(reached)
