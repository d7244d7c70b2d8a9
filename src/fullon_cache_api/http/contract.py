"""The response schema as a contract: what leaves the gateway is what the schema says, or does not leave."""

from collections.abc import Mapping

import jsonschema_rs

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.reads.answer import Answer, Body
from fullon_cache_api.reads.values import BadValue, Value
from fullon_cache_api.spec.element import element_schema, is_by_element
from fullon_cache_api.spec.json import JsonObject
from fullon_cache_api.spec.model import Endpoint

from .prune import compile_prune
from .validator import compile_validator, first_mistake


class Contract:
    """Checks the answers of one endpoint, compiled once."""

    def __init__(self, endpoint: Endpoint, schemas: Mapping[str, JsonObject]) -> None:
        schema = schemas[endpoint.response]
        self._prune = compile_prune(schema, endpoint.response, schemas)
        self._whole = compile_validator(schema, endpoint.response, schemas)
        self._list = endpoint.read.elements
        items = element_schema(self._list, schema, endpoint.response, schemas)
        self._element = compile_validator(*items, schemas) if items is not None else None
        self._prune_element = compile_prune(*items, schemas) if items is not None else None
        self.is_by_element = is_by_element(self._list, schema, endpoint.response, schemas)
        """Whether a list is right where each of its elements is, so that it can be given in parts."""

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

    def check_element(self, value: Value) -> Value:
        """Return one element as it may leave; raises BadValue where it breaks its schema."""
        if self._prune_element is not None:
            value = self._prune_element(value)
        if self._element is not None and not self._element.is_valid(value):
            raise BadValue(first_mistake(self._element, value))
        return value

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
