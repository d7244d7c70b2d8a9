"""Reads Parameter Objects and checks that they agree with themselves and with what they feed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import jsonschema_rs

from .check_select import selecting_mistakes
from .document import Part
from .explain import explain
from .json import PlainJson, PlainObject, Pointer, freeze_object, thaw_object
from .model import SELECTS, Location, Parameter
from .schema_check import UNUSABLE_PATTERN
from .signature import Argument, ReadSignature
from .wording import quote


@dataclass(frozen=True, slots=True)
class Declared:
    """A parameter that is right in itself, the Parameter Object that declares it, and where it is used."""

    parameter: Parameter
    part: Part
    use: Part


def read_parameter(part: Part, key: str = "") -> Declared | None:
    """Return what a Parameter Object declares, or None after reporting what is wrong with it.

    `key` is its name where it gives none.
    """
    schema = part.get("schema")
    if not part.is_sound or schema is None or not isinstance(schema.value, dict):
        return None
    wrong = list(_mistakes(part, schema.value))
    for place, message in wrong:
        part.complain(message, *place)
    return None if wrong else Declared(_parameter(part, schema.value, key), part, part)


def check_demands(declared: Declared, argument: Argument, read: ReadSignature) -> None:
    """Report values that a parameter promises and that the argument which it feeds does not take."""
    validator = _demands(json.dumps(thaw_object(argument.schema)))
    for place, value in _values(declared.part, thaw_object(declared.parameter.schema)):
        for error in validator.iter_errors(value):
            message = f"{_named(place)} {explain(error)}: {read.name} takes no other {quote(argument.name)}"
            declared.part.complain(message, *place)


@lru_cache(64)
def _demands(schema: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(schema, offline=True)


def _parameter(part: Part, schema: PlainObject, key: str) -> Parameter:
    location: Location = "path" if part.text("in") == "path" else "query"
    example = part.get("example")
    return Parameter(
        name=part.text("name") or key,
        location=location,
        description=part.text("description") or "",
        required=location == "path" or part.flag("required"),
        schema=freeze_object(schema),
        example=None if example is None else example.value,
        decode="symbol" if part.text("decode") == "symbol" else None,
        deprecated=part.flag("deprecated"),
        select=next((select for select in SELECTS if part.text("select") == select), None),
    )


def _mistakes(part: Part, schema: PlainObject) -> Iterator[tuple[Pointer, str]]:
    """Yield what is wrong within a Parameter Object of sound structure, with its place there."""
    in_path, required = part.text("in") == "path", part.get("required")
    if part.text("decode") == "symbol" and schema["type"] != "string":
        yield ("decode",), f"a symbol is read from a string, not from {quote(schema['type'])}"
    if in_path and required is not None and required.value is False:
        yield ("required",), "a path parameter is always required: leave this out"
    if in_path and "default" in schema:
        yield ("schema", "default"), "a path parameter is always given: leave the default out"
    if not in_path and part.flag("required") and "default" in schema:
        yield ("schema", "default"), "a required parameter is always given: leave the default out"
    if part.text("select") is not None:
        yield from selecting_mistakes(part, schema)
    try:
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
    except jsonschema_rs.ValidationError:
        yield ("schema", "pattern"), UNUSABLE_PATTERN
        return
    for place, value in _values(part, schema):
        if schema["type"] == "integer" and isinstance(value, float) and value.is_integer():
            yield place, f"{_named(place)} must be a plain integer: write {value:.0f}"
        for error in validator.iter_errors(value):
            yield place, f"{_named(place)} {explain(error)}"


def _values(part: Part, schema: PlainObject) -> Iterator[tuple[Pointer, PlainJson]]:
    """Yield every value that a Parameter Object promises to be good, with its place there."""
    example = part.get("example")
    if example is not None:
        yield ("example",), example.value
    for keyword in ("default", "const"):
        if keyword in schema:
            yield ("schema", keyword), schema[keyword]
    for keyword in ("enum", "examples"):
        values = schema.get(keyword)
        for index, value in enumerate(values if isinstance(values, list) else ()):
            yield ("schema", keyword, index), value


def _named(place: Pointer) -> str:
    match place:
        case (_, "enum", _):
            return "this element of the enum"
        case (_, "examples", _):
            return "this example"
        case _:
            return f"the {place[-1]}"
