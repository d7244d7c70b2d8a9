"""The response schema as a contract: what leaves the gateway is what the schema says, or does not leave."""

from collections.abc import Mapping

import jsonschema_rs

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.reads.answer import Answer, Body
from fullon_cache_api.reads.values import Value
from fullon_cache_api.spec.json import JsonObject
from fullon_cache_api.spec.model import Endpoint
from fullon_cache_api.spec.schemas import dereference

from .prune import compile_prune
from .validator import compile_validator, first_mistake


class Contract:
    """Checks the answers of one endpoint, compiled once."""

    def __init__(self, endpoint: Endpoint, schemas: Mapping[str, JsonObject]) -> None:
        schema = schemas[endpoint.response]
        self._prune = compile_prune(schema, endpoint.response, schemas)
        self._whole = compile_validator(schema, endpoint.response, schemas)
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
            if self._whole.is_valid(body):
                return body
        raise CorruptValue(answer.source, first_mistake(self._whole, body), answer.field)

    def _without_bad_elements(
        self, answer: Answer, body: Body, name: str, validator: jsonschema_rs.Validator
    ) -> Body:
        elements = body.get(name)
        if not isinstance(elements, list):
            return body
        kept: list[Value] = []
        for index, element in enumerate(elements):
            if validator.is_valid(element):
                kept.append(element)
                continue
            key, field = answer.sources[index] if index < len(answer.sources) else (answer.source, None)
            answer.skipped.append(CorruptValue(key, first_mistake(validator, element), field))
        whole = {**body, name: kept}
        if "count" in whole:
            whole["count"] = len(kept)
        if answer.skipped:
            whole["skipped"] = len(answer.skipped)
        return self._prune(whole) if self._prune is not None else whole  # type: ignore[return-value]


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
    return compile_validator(items, file, schemas) if isinstance(items, Mapping) else None
