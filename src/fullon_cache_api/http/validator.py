"""Response schemas as compiled validators, whose messages never repeat a value."""

from collections.abc import Mapping

import jsonschema_rs

from fullon_cache_api.spec.json import Json, JsonObject
from fullon_cache_api.spec.schemas import bundle

_MASK = "the value"


def compile_validator(schema: Json, file: str, schemas: Mapping[str, JsonObject]) -> jsonschema_rs.Validator:
    """Return the validator of a schema that stands in `file`, with all that it refers to."""
    whole = bundle(schema, file, schemas) if isinstance(schema, Mapping) else bool(schema)
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, offline=True, mask=_MASK)


def first_mistake(validator: jsonschema_rs.Validator, value: object) -> str:
    """Return what is wrong with a value that is not valid, and where in it."""
    try:
        error = next(validator.iter_errors(value))
    except ValueError:
        # jsonschema-rs checks values of any depth, but does not walk into the deepest to explain them.
        return "it breaks its schema, and is nested too deeply to say where"
    place = "/".join(str(token) for token in error.instance_path)
    return f"{error.message} (at {place})" if place else error.message
