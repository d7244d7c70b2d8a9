"""Checks a value against a JSON Schema: every mistake, with its place."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind as Kind

from .explain import explain
from .json import PlainJson, PlainObject, Pointer
from .suggest import did_you_mean
from .wording import quote


@dataclass(frozen=True, slots=True)
class Mistake:
    """One value that breaks its schema; `key` is true where the key itself is the mistake.

    `unusable` names what must not be looked at any further.
    """

    pointer: Pointer
    message: str
    unusable: Pointer
    key: bool = False


def mistakes(validator: jsonschema_rs.Validator, schema: PlainObject, value: PlainJson) -> Iterator[Mistake]:
    """Yield every way in which a value breaks the schema that a validator was made of."""
    for error in validator.iter_errors(value):
        yield from _explain(schema, error)


def _explain(schema: PlainObject, error: jsonschema_rs.ValidationError) -> Iterator[Mistake]:
    pointer: Pointer = tuple(error.instance_path)
    match error.kind:
        case Kind.AdditionalProperties(unexpected=names):
            known = _known_names(schema, tuple(error.schema_path))
            for name in names:
                place = (*pointer, name)
                yield Mistake(place, f"unknown key {quote(name)}{did_you_mean(name, known)}", place, key=True)
        case Kind.PropertyNames(error=inner):
            place = (*pointer, str(inner.instance))
            message = f"the key {quote(inner.instance)} {_words(schema, error) or explain(inner)}"
            yield Mistake(place, message, place, key=True)
        case Kind.Required(property=name):
            yield Mistake(pointer, f"{quote(name)} is missing", (*pointer, name), key=True)
        case Kind.UniqueItems():
            repeated = list(_repetitions(error.instance, pointer))
            yield from repeated or [Mistake(pointer, f"{subject(pointer)} {explain(error)}", pointer)]
        case Kind.AnyOf(context=branches) | Kind.OneOfNotValid(context=branches):
            yield from _explain_choice(schema, error, branches)
        case _:
            words = _words(schema, error)
            demand = f"{words}, not {quote(error.instance)}" if words else explain(error)
            yield Mistake(pointer, f"{subject(pointer)} {demand}", pointer)


def subject(pointer: Pointer) -> str:
    """Return the words for the value at a place."""
    if not pointer:
        return "it"
    if isinstance(pointer[-1], int):
        owner = f" of {quote(pointer[-2])}" if len(pointer) > 1 else ""
        return f"element {pointer[-1] + 1}{owner}"
    return quote(pointer[-1])


def _words(schema: PlainObject, error: jsonschema_rs.ValidationError) -> str | None:
    """Return what a pattern demands, in the words that stand beside it, if it has some."""
    if not isinstance(error.kind, Kind.Pattern | Kind.PropertyNames):
        return None
    words = _descend(schema, (*error.schema_path[:-1], "patternErrorMessage"))
    return words if isinstance(words, str) else None


def _explain_choice(
    schema: PlainObject,
    error: jsonschema_rs.ValidationError,
    branches: list[list[jsonschema_rs.ValidationError]],
) -> Iterator[Mistake]:
    """Explain the branch that the value was meant for: the only one whose type it has."""
    place = error.instance_path
    meant = [
        branch
        for branch in branches
        if not any(isinstance(inner.kind, Kind.Type) and inner.instance_path == place for inner in branch)
    ]
    within = [branch for branch in meant if all(inner.instance_path != place for inner in branch)]
    if len(within) == 1:
        meant = within
    if len(meant) == 1:
        for inner in meant[0]:
            yield from _explain(schema, inner)
    else:
        pointer: Pointer = tuple(place)
        yield Mistake(pointer, f"{subject(pointer)} {explain(error)}", pointer)


def _repetitions(value: object, pointer: Pointer) -> Iterator[Mistake]:
    """Explain every element that stands in an array before."""
    seen: dict[str, int] = {}
    for index, element in enumerate(value if isinstance(value, list) else ()):
        first = seen.setdefault(json.dumps(element, sort_keys=True), index)
        if first < index:
            place = (*pointer, index)
            yield Mistake(place, f"{subject(place)} is the same as element {first + 1}", place)


def _known_names(schema: PlainObject, keyword: Pointer) -> list[str]:
    """Return the property names beside an `additionalProperties` keyword."""
    beside = _descend(schema, keyword[:-1])
    properties = beside.get("properties") if isinstance(beside, dict) else None
    return list(properties) if isinstance(properties, dict) else []


def _descend(value: PlainJson, pointer: Pointer) -> PlainJson:
    for token in pointer:
        if isinstance(value, dict) and token in value:
            value = value[str(token)]
        elif isinstance(value, list) and isinstance(token, int) and token < len(value):
            value = value[token]
        else:
            return None
    return value
