"""Drops what a closed schema does not name, compiled from the schema; None where nothing ever is dropped."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from fullon_cache_api.reads.values import Value
from fullon_cache_api.spec.json import Json, JsonObject
from fullon_cache_api.spec.schemas import dereference

Prune: TypeAlias = Callable[[Value], Value]


def compile_prune(schema: Json, file: str, schemas: Mapping[str, JsonObject]) -> Prune | None:
    """Return the function that drops unnamed members wherever `additionalProperties` is false."""
    if not isinstance(schema, Mapping):
        return None
    if "$ref" in schema:
        schema, file = dereference(schema, file, schemas)
    if "properties" in schema or "additionalProperties" in schema:
        return _object(schema, file, schemas)
    if "items" in schema:
        element = compile_prune(schema["items"], file, schemas)
        return None if element is None else _array(element)
    return _choice(schema, file, schemas)


def _object(schema: JsonObject, file: str, schemas: Mapping[str, JsonObject]) -> Prune | None:
    properties = schema.get("properties", {})
    assert isinstance(properties, Mapping)
    compiled = {name: compile_prune(member, file, schemas) for name, member in properties.items()}
    members = {name: prune for name, prune in compiled.items() if prune is not None}
    rest = compile_prune(schema.get("additionalProperties"), file, schemas)
    closed = schema.get("additionalProperties") is False
    named = frozenset(properties)
    if not closed and not members and rest is None:
        return None

    def prune(value: Value) -> Value:
        if not isinstance(value, dict):
            return value
        if closed and not value.keys() <= named:
            value = {name: member for name, member in value.items() if name in named}
        for name, prune_member in members.items():
            if name in value:
                value[name] = prune_member(value[name])
        if rest is not None:
            for name in value.keys() - named:
                value[name] = rest(value[name])
        return value

    return prune


def _array(element: Prune) -> Prune:
    def prune(value: Value) -> Value:
        return [element(item) for item in value] if isinstance(value, list) else value

    return prune


def _choice(schema: JsonObject, file: str, schemas: Mapping[str, JsonObject]) -> Prune | None:
    """Return the pruning of the one alternative that needs it, as in "this object, or null"."""
    options = schema.get("anyOf", schema.get("oneOf", ()))
    assert isinstance(options, (list, tuple))
    needed = [prune for option in options if (prune := compile_prune(option, file, schemas)) is not None]
    return needed[0] if len(needed) == 1 else None
