"""The document's schemas as types that FastAPI puts among the components of its own document.

FastAPI names components through pydantic, which keeps the short name and qualifies it by its module only
where another component has it too: no name clashes and no reference dangles, whatever the host has.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import xxhash
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from fullon_cache_api.openapi import to_json
from fullon_cache_api.spec.json import PlainJson, PlainObject

SCHEMAS = "#/components/schemas/"
_MODULE = "fullon_cache_api"


class Component:
    """A schema component; its subclasses, one for each, are what FastAPI takes for models."""

    reference: ClassVar[str]
    schema: ClassVar[PlainObject]
    parts: ClassVar[Mapping[str, "type[Component]"]]
    """The components that it refers to, by name."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        parts = [handler.generate_schema(part) for part in cls.parts.values()]
        return core_schema.tuple_schema(parts, ref=cls.reference)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> PlainObject:
        references = [item["$ref"] for item in handler(schema).get("prefixItems", ())]
        places = dict(zip(cls.parts, references, strict=True))
        return {name: _relocated(member, places) for name, member in cls.schema.items()}


def component_types(schemas: Mapping[str, PlainJson]) -> Mapping[str, type[Component]]:
    """Return a type for each schema component of a document. Equal ones of other documents are the same."""
    types: dict[str, type[Component]] = {}

    def type_of(name: str) -> type[Component]:
        if name not in types:
            schema = schemas[name]
            assert isinstance(schema, dict)
            parts = {part: type_of(part) for part in dict.fromkeys(_references(schema))}
            content = to_json({"schema": schema, "parts": [part.reference for part in parts.values()]})
            reference = f"{_MODULE}.{name}:{xxhash.xxh3_64_intdigest(content)}"
            members: dict[str, Any] = {"reference": reference, "schema": schema, "parts": parts}
            types[name] = type(name, (Component,), members)
        return types[name]

    for name in schemas:
        type_of(name)
    return types


def _references(value: PlainJson) -> list[str]:
    """Return the names of the components that a schema refers to."""
    if isinstance(value, list):
        return [name for element in value for name in _references(element)]
    if not isinstance(value, dict):
        return []
    target = value.get("$ref")
    own = [target.removeprefix(SCHEMAS)] if isinstance(target, str) else []
    return own + [name for member in value.values() for name in _references(member)]


def _relocated(value: PlainJson, places: Mapping[str, str]) -> PlainJson:
    if isinstance(value, list):
        return [_relocated(element, places) for element in value]
    if not isinstance(value, dict):
        return value
    target = value.get("$ref")
    rest: PlainObject = {name: _relocated(member, places) for name, member in value.items() if name != "$ref"}
    return {"$ref": places[target.removeprefix(SCHEMAS)], **rest} if isinstance(target, str) else rest
