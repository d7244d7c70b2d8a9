"""The response schema as a contract: what leaves the gateway is what the schema says, or does not leave."""

from collections.abc import Mapping

import jsonschema_rs

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.reads.answer import Answer, Body
from fullon_cache_api.reads.values import Value
from fullon_cache_api.spec.json import JsonObject, Pointer
from fullon_cache_api.spec.model import Endpoint
from fullon_cache_api.spec.schemas import bundle, dereference

from .prune import compile_prune

MASK = "the value"


class Contract:
    """Checks the answers of one endpoint, compiled once."""

    def __init__(self, endpoint: Endpoint, schemas: Mapping[str, JsonObject]) -> None:
        schema = schemas[endpoint.response]
        self._prune = compile_prune(schema, endpoint.response, schemas)
        self._whole = _validator(schema, endpoint.response, schemas)
        self._list = endpoint.read.elements
        self._element = _element_validator(self._list, schema, endpoint.response, schemas)

    def check(self, answer: Answer) -> Body:
        """Return the body that may leave.

        An element that breaks the schema is left out, counted in `skipped` and added to the answer's
        `skipped`; anything else that breaks it raises CorruptValue, which says where but never repeats it.
        """
        body = answer.body
        if self._prune is not None:
            body = self._prune(body)  # type: ignore[assignment]
        if self._whole.is_valid(body):
            return body
        if self._element is not None and self._list is not None:
            body = self._without_bad_elements(answer, body, self._list, self._element)
        error = next(self._whole.iter_errors(body), None)
        if error is None:
            return body
        raise CorruptValue(answer.source, _explain(error), answer.field)

    def _without_bad_elements(
        self, answer: Answer, body: Body, name: str, validator: jsonschema_rs.Validator
    ) -> Body:
        elements = body.get(name)
        kept: list[Value] = []
        for index, element in enumerate(elements if isinstance(elements, list) else ()):
            if validator.is_valid(element):
                kept.append(element)
                continue
            key, field = answer.sources[index] if index < len(answer.sources) else (answer.source, "")
            reason = _explain(next(validator.iter_errors(element)))
            answer.skipped.append(CorruptValue(key, reason, field))
        whole = {**body, name: kept}
        if "count" in whole:
            whole["count"] = len(kept)
        if answer.skipped:
            whole["skipped"] = len(answer.skipped)
        return self._prune(whole) if self._prune is not None else whole  # type: ignore[return-value]


def _validator(schema: JsonObject, file: str, schemas: Mapping[str, JsonObject]) -> jsonschema_rs.Validator:
    whole = bundle(schema, file, schemas)
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, offline=True, mask=MASK)


def _element_validator(
    name: str | None, schema: JsonObject, file: str, schemas: Mapping[str, JsonObject]
) -> jsonschema_rs.Validator | None:
    """Return the validator of a collection's elements, where its schema says what they are."""
    schema, file = dereference(schema, file, schemas)
    properties = schema.get("properties", {})
    if name is None or not isinstance(properties, Mapping) or name not in properties:
        return None
    array, file = dereference(properties[name], file, schemas)
    items = array.get("items")
    return _validator(items, file, schemas) if isinstance(items, Mapping) else None


def _explain(error: jsonschema_rs.ValidationError) -> str:
    path: Pointer = tuple(error.instance_path)
    place = "/".join(str(token) for token in path)
    return f"{error.message} (at {place})" if place else error.message
