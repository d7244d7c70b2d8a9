"""Response schemas as components: every file under its title, references led to where it then stands."""

from collections.abc import Iterable, Mapping

from fullon_cache_api.spec.json import JsonObject, PlainJson, PlainObject, thaw
from fullon_cache_api.spec.schemas import relocate

from .names import component_name

# A component is part of the document: it speaks the document's dialect and has no address of its own.
_OF_A_FILE = ("$schema", "$id")


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
    schema = {name: member for name, member in schemas[file].items() if name not in _OF_A_FILE}
    return relocate(schema, file, lambda target: schema_ref(names[target]))


def schema_examples(schema: JsonObject) -> list[PlainJson]:
    """Return the examples that a schema gives."""
    examples = thaw(schema.get("examples"))
    return examples if isinstance(examples, list) else []


def schema_ref(name: str) -> str:
    """Return the reference to a schema component."""
    return f"#/components/schemas/{name}"


def json_content(media_type: str, name: str, example: PlainJson) -> PlainObject:
    """Return the `content` of a response whose body is a schema component; no example where that is None."""
    media: PlainObject = {"schema": {"$ref": schema_ref(name)}}
    if example is not None:
        media["example"] = example
    return {media_type: media}
