"""The document's operations as FastAPI takes them: everything in its place but the schemas."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from fullon_cache_api.spec.json import PlainJson, PlainObject

from .schemas import SCHEMAS, Component, component_types

_COMPONENTS = "#/components/"


class _Content(dict[str, Any]):
    """The content of a response, whose first media type is the one with a model, whichever FastAPI looks for.

    FastAPI puts the schema of every response under the media type of the route's response class; a problem
    has another one than an answer.
    """

    def setdefault(self, key: str, default: Any = None) -> Any:
        return super().setdefault(next(iter(self), key), default)


@dataclass(frozen=True, slots=True)
class Operation:
    """What FastAPI's `add_api_route` is told of an operation: responses by status, and all the rest."""

    responses: dict[int | str, dict[str, Any]]
    extra: PlainObject


def operations(document: PlainObject) -> Mapping[str, Operation]:
    """Return the operations of a document by operationId."""
    components = _object(document["components"])
    types = component_types(_object(components["schemas"]))
    found = [_object(item)["get"] for item in _object(document["paths"]).values()]
    return {str(_object(one)["operationId"]): _operation(_object(one), components, types) for one in found}


def _operation(
    operation: PlainObject, components: PlainObject, types: Mapping[str, type[Component]]
) -> Operation:
    whole = _object(_inlined(operation, components))
    responses: dict[int | str, dict[str, Any]] = {
        int(status): _response(_object(response), types)
        for status, response in _object(whole["responses"]).items()
    }
    return Operation(responses, {"parameters": whole.get("parameters", [])})


def _response(response: PlainObject, types: Mapping[str, type[Component]]) -> dict[str, Any]:
    told: dict[str, Any] = {name: member for name, member in response.items() if name != "content"}
    content = _Content()
    for media_type, media in _object(response.get("content", {})).items():
        schema = _object(_object(media)["schema"])
        content[media_type] = media
        if "$ref" in schema or "anyOf" in schema:
            content[media_type] = {**_object(media), "schema": {}}
            told["model"] = _model(schema, types)
    return {**told, "content": content} if content else told


def _model(schema: PlainObject, types: Mapping[str, type[Component]]) -> Any:
    """Return the type of a component, or the union of those that a body can be."""
    options = schema.get("anyOf")
    if isinstance(options, list):
        return reduce(or_, [_model(_object(option), types) for option in options])
    return types[str(schema["$ref"]).removeprefix(SCHEMAS)]


def _inlined(value: PlainJson, components: PlainObject) -> PlainJson:
    """Return a part of the document with what it refers to in its place; only schemas stay references."""
    if isinstance(value, list):
        return [_inlined(element, components) for element in value]
    if not isinstance(value, dict):
        return value
    target = value.get("$ref")
    if not isinstance(target, str) or target.startswith(SCHEMAS):
        return {name: _inlined(member, components) for name, member in value.items()}
    kind, _, name = target.removeprefix(_COMPONENTS).partition("/")
    return _inlined(_object(components[kind])[name], components)


def _object(value: PlainJson) -> PlainObject:
    assert isinstance(value, dict)
    return value
