"""Schemas as compiled validators, whose messages never repeat a value."""

from collections.abc import Mapping
from functools import lru_cache

import jsonschema_rs
import msgspec

from fullon_cache_api.spec.json import Json, JsonObject, PlainJson
from fullon_cache_api.spec.schemas import bundle

_MASK = "the value"


def compile_validator(schema: Json, file: str, schemas: Mapping[str, JsonObject]) -> jsonschema_rs.Validator:
    """Return the validator of a schema that stands in `file`, with all that it refers to."""
    whole = bundle(schema, file, schemas) if isinstance(schema, Mapping) else bool(schema)
    return validator_of(whole)


def validator_of(schema: PlainJson) -> jsonschema_rs.Validator:
    """Return the validator of a schema that refers to nothing outside of itself."""
    return _compiled(msgspec.json.encode(schema))


@lru_cache(512)
def _compiled(schema: bytes) -> jsonschema_rs.Validator:
    # The endpoints have many parameters in common, and compiling them was most of starting up.
    decoded = msgspec.json.decode(schema)
    return jsonschema_rs.Draft202012Validator(decoded, validate_formats=True, offline=True, mask=_MASK)


def first_mistake(validator: jsonschema_rs.Validator, value: object) -> str:
    """Return what is wrong with a value that is not valid, and where in it."""
    try:
        error = next(validator.iter_errors(value))
    except ValueError:
        # jsonschema-rs checks values of any depth, but does not walk into the deepest to explain them.
        return "it breaks its schema, and is nested too deeply to say where"
    place = "/".join(str(token) for token in error.instance_path)
    return f"{error.message} (at {place})" if place else error.message
