"""Reads Parameter Objects and checks that they agree with themselves."""

from collections.abc import Iterator

import jsonschema_rs

from .json import Json, PlainJson, PlainObject, Pointer, freeze_object, thaw, thaw_object
from .model import Location, Parameter


def read_parameter(value: PlainObject, key: str) -> Parameter:
    """Return the Parameter of a structurally sound object; `key` names it where it has no name."""
    location: Location = "path" if value["in"] == "path" else "query"
    schema = value["schema"]
    assert isinstance(schema, dict)
    return Parameter(
        name=str(value.get("name", key)),
        location=location,
        description=str(value.get("description", "")),
        required=location == "path" or bool(value.get("required", False)),
        schema=freeze_object(schema),
        example=value.get("example"),
        decode="symbol" if value.get("decode") == "symbol" else None,
        deprecated=bool(value.get("deprecated", False)),
    )


def parameter_mistakes(parameter: Parameter) -> Iterator[tuple[Pointer, str]]:
    """Yield what is wrong within one parameter, each with its place in the Parameter Object."""
    schema = thaw_object(parameter.schema)
    try:
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
    except ValueError as error:
        yield ("schema",), str(error).splitlines()[0]
        return
    if parameter.decode == "symbol" and schema["type"] != "string":
        yield ("decode",), "only a string can be read as a symbol"
    if parameter.location == "path" and "default" in schema:
        yield ("schema", "default"), "a path parameter is always given: it has no default"
    if parameter.required and parameter.location == "query" and "default" in schema:
        yield ("schema", "default"), "a required parameter has no default"
    for place, value in _values(parameter, schema):
        for broken in validator.iter_errors(value):
            yield place, f"breaks the parameter's own schema: {broken.message}"


def _values(parameter: Parameter, schema: PlainObject) -> Iterator[tuple[Pointer, PlainJson]]:
    if parameter.example is not None:
        yield ("example",), thaw(parameter.example)
    if "default" in schema:
        yield ("schema", "default"), schema["default"]
    if "const" in schema:
        yield ("schema", "const"), schema["const"]
    for keyword in ("enum", "examples"):
        values = schema.get(keyword)
        for index, value in enumerate(values if isinstance(values, list) else ()):
            yield ("schema", keyword, index), value


def merged_schema(parameter: Parameter, demands: Json) -> PlainObject:
    """Return the schema that a parameter's value must satisfy: its own and what the read demands."""
    own = thaw_object(parameter.schema)
    more = thaw(demands)
    return {"allOf": [own, more]} if isinstance(more, dict) and more else own
