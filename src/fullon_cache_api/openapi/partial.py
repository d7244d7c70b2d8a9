"""The schemas of answers of which `fields` has selected members: nothing is required of them."""

from collections.abc import Mapping
from functools import cache

from fullon_cache_api.spec.json import Json, JsonObject, PlainJson, PlainObject
from fullon_cache_api.spec.model import Endpoint
from fullon_cache_api.spec.schemas import OF_A_FILE, reference, relocate, subschemas, target_file

from .names import component_name
from .schemas import schema_ref

# What a selected part of a value may break, though the value does not.
_OF_THE_WHOLE = frozenset(
    {
        "contains", "dependentRequired", "dependentSchemas", "discriminator", "else", "if", "maxContains",
        "minContains", "minProperties", "not", "required", "then", "unevaluatedItems",
        "unevaluatedProperties", "uniqueItems",
    }
)  # fmt: skip
_EXAMPLES = frozenset({"example", "examples"})
_SCHEMA = frozenset({"additionalProperties", "items"})
_SCHEMAS = frozenset({"allOf", "anyOf", "prefixItems"})
_NAMED_SCHEMAS = frozenset({"$defs", "patternProperties", "properties"})


class PartialSchemas:
    """The components for selected members; `components` holds those that endpoints were found to need."""

    def __init__(self, schemas: Mapping[str, JsonObject], names: Mapping[str, str]) -> None:
        self._schemas = schemas
        self._names = names
        self._made: dict[tuple[str, str | None], str] = {}
        self._is_weaker = cache(self._compare)
        self.components: PlainObject = {}

    def of(self, endpoint: Endpoint) -> str | None:
        """Return the component of an endpoint's answer of selected members; None where it is the whole's."""
        if endpoint.selecting("fields") is None or not self._is_weaker(endpoint.response):
            return None
        return self._component(endpoint.response, endpoint.read.elements)

    def _compare(self, file: str) -> bool:
        """Whether the members of a file's schema are required anywhere, or those that it refers to."""
        parts = [part for _, part in subschemas(self._schemas[file]) if isinstance(part, Mapping)]
        targets = {target_file(ref, file) for part in parts if (ref := reference(part)) is not None}
        own = any(_is_of_the_whole(keyword, value) for part in parts for keyword, value in part.items())
        return own or any(self._is_weaker(target) for target in targets - {file})

    def _component(self, file: str, elements: str | None) -> str:
        """Return the component for the members of a file's values, or of the elements of its list."""
        if (file, elements) not in self._made:
            title = component_name(f"Partial{self._names[file]}", {*self._names.values(), *self.components})
            self._made[file, elements] = title
            # Its place, before those that it refers to.
            self.components[title] = {}
            schema = self._envelope(file, elements) if elements is not None else None
            schema = schema or self._partial(self._schemas[file], file)
            text = f"{schema.get('description', '')} Members that `fields` does not name are missing."
            self.components[title] = {**schema, "title": title, "description": text.lstrip()}
        return self._made[file, elements]

    def _envelope(self, file: str, elements: str) -> PlainObject | None:
        """Return the schema of a collection whose elements are parts; None where it has none of its own."""
        whole = self._schemas[file]
        properties = whole.get("properties")
        own = properties.get(elements) if isinstance(properties, Mapping) else None
        if not isinstance(own, Mapping):
            return None
        schema = relocate(whole, file, lambda target: schema_ref(self._names[target]))
        assert isinstance(schema, dict) and isinstance(schema["properties"], dict)
        listed = self._partial(own, file)
        listed.pop("minItems", None)
        members: PlainObject = {**schema["properties"], elements: listed}
        kept = {name: member for name, member in schema.items() if name not in OF_A_FILE | _EXAMPLES}
        return {**kept, "properties": members}

    def _partial(self, schema: JsonObject, file: str) -> PlainObject:
        partial = _weakened(relocate(schema, file, self._reference))
        assert isinstance(partial, dict)
        return {name: member for name, member in partial.items() if name not in OF_A_FILE}

    def _reference(self, file: str) -> str:
        return schema_ref(self._component(file, None) if self._is_weaker(file) else self._names[file])


def _weakened(schema: PlainJson) -> PlainJson:
    """Return a schema that any selected part of a value passes which passes the schema."""
    if not isinstance(schema, dict):
        return schema
    weak: PlainObject = {}
    options: list[PlainJson] = []
    for keyword, value in schema.items():
        if keyword in _EXAMPLES or _is_of_the_whole(keyword, value):
            continue
        if keyword in _SCHEMA:
            weak[keyword] = _weakened(value)
        elif keyword in _SCHEMAS and isinstance(value, list):
            weak[keyword] = [_weakened(part) for part in value]
        elif keyword in _NAMED_SCHEMAS and isinstance(value, dict):
            weak[keyword] = {name: _weakened(part) for name, part in value.items()}
        elif keyword == "oneOf" and isinstance(value, list):
            # A part can be several of what the whole is one of.
            options.append({"anyOf": [_weakened(part) for part in value]})
        else:
            weak[keyword] = value
    if options:
        every = weak.get("allOf")
        weak["allOf"] = [*(every if isinstance(every, list) else ()), *options]
    return weak


def _is_of_the_whole(keyword: str, value: Json) -> bool:
    return keyword in _OF_THE_WHOLE or (keyword in ("const", "enum") and _has_members(value))


def _has_members(value: Json) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, (list, tuple)) and any(map(_has_members, value)))
