"""Drops what a closed schema does not name, compiled from the schema; None where nothing ever is dropped."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import partial
from itertools import chain, repeat
from typing import TypeAlias

import jsonschema_rs

from fullon_cache_api.reads.values import Value
from fullon_cache_api.spec.json import Json, JsonObject
from fullon_cache_api.spec.schemas import follow, reference

from .validator import compile_validator

Prune: TypeAlias = Callable[[Value], Value]
Schemas: TypeAlias = Mapping[str, JsonObject]


def compile_prune(schema: Json, file: str, schemas: Schemas) -> Prune | None:
    """Return the function that drops unnamed members wherever `additionalProperties` is false.

    It may change the value that it is given. Keywords that apply a schema under a condition (`if`,
    `dependentSchemas`) drop nothing.
    """
    if not isinstance(schema, Mapping):
        return None
    parts = [_object(schema, file, schemas), _array(schema, file, schemas)]
    if (ref := reference(schema)) is not None:
        target, target_file, _ = follow(ref, file, schemas)
        parts.append(compile_prune(target, target_file, schemas))
    parts += [compile_prune(part, file, schemas) for part in _schemas(schema, "allOf")]
    parts += [_choice(_schemas(schema, keyword), file, schemas) for keyword in ("anyOf", "oneOf")]
    return _in_turn([part for part in parts if part is not None])


def _in_turn(parts: list[Prune]) -> Prune | None:
    return partial(_all, parts) if len(parts) > 1 else next(iter(parts), None)


def _all(prunes: Iterable[Prune | None], value: Value) -> Value:
    for prune in prunes:
        value = value if prune is None else prune(value)
    return value


def _object(schema: JsonObject, file: str, schemas: Schemas) -> Prune | None:
    properties = _members(schema, "properties")
    compiled = {name: compile_prune(member, file, schemas) for name, member in properties.items()}
    members = {name: prune for name, prune in compiled.items() if prune is not None}
    named = frozenset(properties)
    others = _others(schema, file, schemas)
    if others is None and not members:
        return None

    def prune(value: Value) -> Value:
        if not isinstance(value, dict):
            return value
        if others is not None and not value.keys() <= named:
            value = others(value, named)
        for name, prune_member in members.items():
            if name in value:
                value[name] = prune_member(value[name])
        return value

    return prune


def _others(
    schema: JsonObject, file: str, schemas: Schemas
) -> Callable[[dict[str, Value], frozenset[str]], dict[str, Value]] | None:
    """Return what to do with the members that `properties` does not name."""
    closed = schema.get("additionalProperties") is False
    rest = compile_prune(schema.get("additionalProperties"), file, schemas)
    patterns = [
        # The validator's own dialect of regular expressions decides what a pattern matches.
        (jsonschema_rs.Draft202012Validator({"pattern": pattern}), compile_prune(member, file, schemas))
        for pattern, member in _members(schema, "patternProperties").items()
    ]
    if not closed and rest is None and not any(prune for _, prune in patterns):
        return None

    def prune(value: dict[str, Value], named: frozenset[str]) -> dict[str, Value]:
        kept: dict[str, Value] = {}
        for name, member in value.items():
            prunes = [prune for pattern, prune in patterns if pattern.is_valid(name)]
            if name in named or prunes:
                kept[name] = _all(prunes, member)
            elif not closed:
                kept[name] = member if rest is None else rest(member)
        return kept

    return prune


def _array(schema: JsonObject, file: str, schemas: Schemas) -> Prune | None:
    first = [compile_prune(element, file, schemas) for element in _schemas(schema, "prefixItems")]
    rest = compile_prune(schema.get("items"), file, schemas)
    if any(first) or (first and rest is not None):
        return _by_place(first, rest)
    return None if rest is None else _each(rest)


def _each(element: Prune) -> Prune:
    def prune(value: Value) -> Value:
        return [element(item) for item in value] if isinstance(value, list) else value

    return prune


def _by_place(first: list[Prune | None], rest: Prune | None) -> Prune:
    def prune(value: Value) -> Value:
        if not isinstance(value, list):
            return value
        prunes = chain(first, repeat(rest))
        return [_all([prune], element) for prune, element in zip(prunes, value, strict=False)]

    return prune


def _choice(options: Iterable[Json], file: str, schemas: Schemas) -> Prune | None:
    """Return the pruning by the first alternative that what is left of a value satisfies."""
    compiled = [
        (compile_validator(option, file, schemas), compile_prune(option, file, schemas)) for option in options
    ]
    if not any(prune for _, prune in compiled):
        return None

    def prune(value: Value) -> Value:
        if any(validator.is_valid(value) for validator, _ in compiled):
            return value
        for validator, prune_option in compiled:
            if prune_option is not None and validator.is_valid(pruned := prune_option(deepcopy(value))):
                return pruned
        return value

    return prune


def _schemas(schema: JsonObject, keyword: str) -> tuple[Json, ...]:
    value = schema.get(keyword, ())
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def _members(schema: JsonObject, keyword: str) -> JsonObject:
    value = schema.get(keyword, {})
    return value if isinstance(value, Mapping) else {}
