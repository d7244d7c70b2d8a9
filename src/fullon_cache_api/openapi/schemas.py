"""Response schemas as components: every file under its title, references led to where it then stands."""

from collections.abc import Iterable, Mapping

from fullon_cache_api.spec.json import JsonObject, PlainJson, PlainObject, thaw
from fullon_cache_api.spec.schemas import OF_A_FILE, relocate

from .names import component_name


def schema_names(schemas: Mapping[str, JsonObject], reserved: Iterable[str]) -> dict[str, str]:
    """Return each schema file's component name: its title, numbered where an earlier one has taken it."""
    names: dict[str, str] = {}
    taken = set(reserved)
    for file, schema in schemas.items():
        names[file] = component_name(str(schema["title"]), taken)
        taken.add(names[file])
    return names


def schema_component(file: str, schemas: Mapping[str, JsonObject], names: Mapping[str, str]) -> PlainJson:
    """Return one file's schema as a component."""
    # A component is part of the document: it speaks the document's dialect and has no address of its own.
    schema = {name: member for name, member in schemas[file].items() if name not in OF_A_FILE}
    return relocate(schema, file, lambda target: schema_ref(names[target]))


def schema_examples(schema: JsonObject) -> list[PlainJson]:
    """Return the examples that a schema gives."""
    examples = thaw(schema.get("examples"))
    return examples if isinstance(examples, list) else []


def schema_ref(name: str) -> str:
    """Return the reference to a schema component."""
    return f"#/components/schemas/{name}"


def json_content(media_type: str, name: str, example: PlainJson, other: str | None = None) -> PlainObject:
    """Return the `content` of a response whose body is a schema component, or another one.

    It has no example where that is None.
    """
    media: PlainObject = {"schema": {"$ref": schema_ref(name)}}
    if other is not None:
        media["schema"] = {"anyOf": [{"$ref": schema_ref(name)}, {"$ref": schema_ref(other)}]}
    if example is not None:
        media["example"] = example
    return {media_type: media}
