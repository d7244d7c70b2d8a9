"""Checks a document against a JSON Schema and says what is wrong in a person's words."""

from collections.abc import Iterator
from dataclasses import dataclass

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind as Kind

from .json import PlainJson, PlainObject, Pointer
from .suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Mistake:
    """One value that breaks its schema; `key` is true where the key itself is the mistake."""

    pointer: Pointer
    message: str
    key: bool = False


def mistakes(schema: PlainObject, value: PlainJson) -> Iterator[Mistake]:
    """Yield every way in which a value breaks a schema."""
    for error in jsonschema_rs.Draft202012Validator(schema, offline=True).iter_errors(value):
        yield from _explain(schema, error)


def _explain(schema: PlainObject, error: jsonschema_rs.ValidationError) -> Iterator[Mistake]:
    pointer: Pointer = tuple(error.instance_path)
    match error.kind:
        case Kind.AdditionalProperties(unexpected=names):
            known = _known_names(schema, tuple(error.schema_path))
            for name in names:
                yield Mistake((*pointer, name), f'unknown key "{name}"{did_you_mean(name, known)}', key=True)
        case Kind.PropertyNames():
            for name in error.instance if isinstance(error.instance, dict) else ():
                yield from _explain_name(schema, error, pointer, name)
        case Kind.Required(property=name):
            yield Mistake(pointer, f'"{name}" is missing', key=True)
        case Kind.AnyOf(context=branches) | Kind.OneOfNotValid(context=branches):
            yield from _explain_choice(schema, error, branches)
        case _:
            yield Mistake(pointer, error.message)


def _explain_name(
    schema: PlainObject, error: jsonschema_rs.ValidationError, pointer: Pointer, name: str
) -> Iterator[Mistake]:
    names = _descend(schema, tuple(error.schema_path))
    if isinstance(names, dict) and not jsonschema_rs.Draft202012Validator(names).is_valid(name):
        hint = f": it must match {names['pattern']}" if "pattern" in names else ""
        yield Mistake((*pointer, name), f'the key "{name}" is not allowed here{hint}', key=True)


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
        if not any(inner.kind.name == "type" and inner.instance_path == place for inner in branch)
    ]
    if len(meant) == 1:
        for inner in meant[0]:
            yield from _explain(schema, inner)
    else:
        yield Mistake(tuple(place), error.message)


def _known_names(schema: PlainObject, keyword: Pointer) -> list[str]:
    """Return the property names beside an `additionalProperties` keyword."""
    beside = _descend(schema, keyword[:-1])
    properties = beside.get("properties") if isinstance(beside, dict) else None
    return list(properties) if isinstance(properties, dict) else []


def _descend(value: PlainJson, pointer: Pointer) -> PlainJson:
    for token in pointer:
        try:
            value = value[token]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return value
