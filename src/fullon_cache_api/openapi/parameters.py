"""Parameter Objects: those that several operations share stand among the components."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from fullon_cache_api.spec.json import JsonObject, PlainJson, PlainObject, thaw, thaw_object
from fullon_cache_api.spec.members import field_members
from fullon_cache_api.spec.model import Endpoint, Parameter

from .fields import with_fields
from .names import component_name

_SYMBOL_RULE = (
    "Each `-` stands for a `/` (`BTC-USDT` is `BTC/USDT`) and, where no such symbol is cached, for itself; a "
    "percent-encoded slash (`BTC%2FUSDT`) is a slash, and with it each `-` stands for itself."
)

_BOUNDS: Mapping[str, Callable[[float, float], float]] = {
    "minimum": max,
    "exclusiveMinimum": max,
    "minLength": max,
    "maximum": min,
    "exclusiveMaximum": min,
    "maxLength": min,
}


class Parameters:
    """The parameters of all endpoints; `shared` holds the Parameter Objects that several of them use."""

    def __init__(self, endpoints: Iterable[Endpoint], schemas: Mapping[str, JsonObject]) -> None:
        self._schemas = schemas
        uses = Counter(
            json.dumps(parameter_object(parameter, endpoint))
            for endpoint in endpoints
            for parameter in endpoint.parameters
            # Which fields there are depends on the answer.
            if parameter.select != "fields"
        )
        self.shared: PlainObject = {}
        self._names: dict[str, str] = {}
        for text in (text for text, number in uses.items() if number > 1):
            value = json.loads(text)
            name = component_name(_wanted_name(value, self.shared), self.shared)
            self.shared[name] = value
            self._names[text] = name

    def of(self, endpoint: Endpoint) -> list[PlainJson]:
        """Return an endpoint's parameters: references to shared ones, Parameter Objects for its own."""
        return [self._entry(parameter, endpoint) for parameter in endpoint.parameters]

    def _entry(self, parameter: Parameter, endpoint: Endpoint) -> PlainJson:
        value = parameter_object(parameter, endpoint)
        if parameter.select == "fields":
            return with_fields(value, field_members(endpoint, self._schemas))
        name = self._names.get(json.dumps(value))
        return {"$ref": f"#/components/parameters/{name}"} if name else value


def parameter_object(parameter: Parameter, endpoint: Endpoint) -> PlainObject:
    """Return OpenAPI's Parameter Object of a parameter as one endpoint uses it."""
    value: PlainObject = {"name": parameter.name, "in": parameter.location}
    description = _description(parameter)
    if description:
        value["description"] = description
    if parameter.required:
        value["required"] = True
    if parameter.deprecated:
        value["deprecated"] = True
    value["schema"] = _schema(parameter, endpoint)
    if parameter.example is not None:
        value["example"] = thaw(parameter.example)
    return value


def _wanted_name(value: PlainObject, taken: PlainObject) -> str:
    name = str(value["name"])
    return f"{name}_query" if value["in"] == "query" and name in taken else name


def _description(parameter: Parameter) -> str:
    text = parameter.description.rstrip()
    # A description that speaks of %2F tells the rule already.
    if parameter.decode == "symbol" and "%2F" not in text:
        return f"{text} {_SYMBOL_RULE}".lstrip()
    return text


def _schema(parameter: Parameter, endpoint: Endpoint) -> PlainObject:
    """Return the parameter's own schema, made tighter where the read that it feeds demands more."""
    schema = thaw_object(parameter.schema)
    if "enum" in schema or "const" in schema:
        return schema
    for demands in _demands(parameter, endpoint):
        for keyword, demand in demands.items():
            schema[keyword] = _tighter(keyword, schema.get(keyword), thaw(demand))
    return schema


def _tighter(keyword: str, own: PlainJson, demand: PlainJson) -> PlainJson:
    if own is None:
        return demand
    choose = _BOUNDS.get(keyword)
    if choose and isinstance(own, (int, float)) and isinstance(demand, (int, float)):
        return choose(own, demand)
    # Two patterns cannot be made one that people and code generators understand: the spec's own stands.
    return own


def _demands(parameter: Parameter, endpoint: Endpoint) -> list[JsonObject]:
    fed = [binding.argument for binding in endpoint.bindings if binding.parameter == parameter.name]
    arguments = [endpoint.read.argument(name) for name in fed]
    return [argument.schema for argument in arguments if argument is not None]
