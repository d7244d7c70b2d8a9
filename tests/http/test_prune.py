"""Pruning: what a closed schema does not name is dropped, and nothing else is touched."""

from copy import deepcopy
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.http.prune import compile_prune
from fullon_cache_api.spec.json import JsonObject, freeze_object

Schema = dict[str, Any]

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
ANYTHING: Schema = {}


def closed(**members: Schema) -> Schema:
    return {"type": "object", "properties": members, "additionalProperties": False}


def opened(**members: Schema) -> Schema:
    return {"type": "object", "properties": members}


def pruned(schema: Schema, value: Any, **files: Schema) -> Any:
    schemas: dict[str, JsonObject] = {f"{name}.json": freeze_object(file) for name, file in files.items()}
    prune = compile_prune(freeze_object(schema), "main.json", {**schemas, "main.json": freeze_object(schema)})
    return value if prune is None else prune(deepcopy(value))


@pytest.mark.parametrize(
    ("schema", "value", "left"),
    [
        (closed(a=TEXT), {"a": "x", "b": 1}, {"a": "x"}),
        (closed(), {"b": 1}, {}),
        ({"type": "object", "additionalProperties": False}, {"b": 1}, {}),
        (opened(a=TEXT), {"a": "x", "b": 1}, {"a": "x", "b": 1}),
        (opened(a=closed(b=TEXT)), {"a": {"b": "x", "c": 1}, "d": 2}, {"a": {"b": "x"}, "d": 2}),
        (closed(a=closed(b=TEXT)), {"a": {"b": "x", "c": 1}, "d": 2}, {"a": {"b": "x"}}),
        ({"items": closed(a=TEXT)}, [{"a": "x", "b": 1}, {"b": 2}, 3], [{"a": "x"}, {}, 3]),
        ({"additionalProperties": closed(a=TEXT)}, {"k": {"a": "x", "b": 1}}, {"k": {"a": "x"}}),
        (
            {"properties": {"n": ANYTHING}, "additionalProperties": closed()},
            {"n": {"b": 1}, "k": {"b": 1}},
            {"n": {"b": 1}, "k": {}},
        ),
        ({"prefixItems": [TEXT, closed(a=TEXT)], "items": closed()}, [1, {"b": 1}, {"a": 1}], [1, {}, {}]),
        ({"prefixItems": [closed()]}, [{"b": 1}, {"b": 1}], [{}, {"b": 1}]),
        ({"prefixItems": [closed()]}, {"b": 1}, {"b": 1}),
        ({"allOf": [closed(a=TEXT, b=TEXT), closed(b=TEXT, c=TEXT)]}, {"a": 1, "b": 2, "c": 3}, {"b": 2}),
        (
            {"patternProperties": {"^x-": TEXT}, **closed(a=TEXT)},
            {"a": 1, "x-b": 2, "b": 3},
            {"a": 1, "x-b": 2},
        ),
        ({"patternProperties": {"^x": closed()}}, {"xa": {"b": 1}, "a": {"b": 1}}, {"xa": {}, "a": {"b": 1}}),
        (closed(a=TEXT), [{"b": 1}], [{"b": 1}]),
        ({"items": closed()}, {"b": 1}, {"b": 1}),
        (closed(a=TEXT), None, None),
    ],
)
def test_only_what_a_closed_schema_does_not_name_is_dropped(schema: Schema, value: Any, left: Any) -> None:
    assert pruned(schema, value) == left


NOTHING_TO_DROP = [
    *({}, TEXT, opened(a=TEXT), {"items": TEXT}, {"anyOf": [TEXT, NUMBER]}, {"additionalProperties": TEXT}),
    *({"prefixItems": [TEXT], "items": NUMBER}, {"patternProperties": {"a": TEXT}}),
    {"if": closed(), "then": closed()},
]


@pytest.mark.parametrize("schema", NOTHING_TO_DROP)
def test_a_schema_that_drops_nothing_needs_no_pruning(schema: Schema) -> None:
    assert compile_prune(freeze_object(schema), "main.json", {}) is None
    assert compile_prune(True, "main.json", {}) is None


def test_references_lead_into_other_files_and_back() -> None:
    files = {
        "parts": {"$defs": {"leg": closed(a=TEXT, next={"$ref": "main.json#/$defs/end"})}},
    }
    schema = {
        "properties": {"leg": {"$ref": "parts.json#/$defs/leg"}},
        "additionalProperties": False,
        "$defs": {"end": closed(z=TEXT)},
    }
    value = {"leg": {"a": "x", "b": 1, "next": {"z": "y", "w": 2}}, "other": 3}
    assert pruned(schema, value, **files) == {"leg": {"a": "x", "next": {"z": "y"}}}


def test_what_stands_beside_a_reference_counts_too() -> None:
    files = {"base": {"type": "object", "properties": {"a": closed()}}}
    schema = {"$ref": "base.json", "properties": {"b": closed()}}
    assert pruned(schema, {"a": {"x": 1}, "b": {"x": 1}, "c": 1}, **files) == {"a": {}, "b": {}, "c": 1}


LEG = {**closed(side=TEXT, price=NUMBER), "required": ["side"]}
FEE = {**closed(fee=NUMBER), "required": ["fee"]}
NULL = {"type": "null"}


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
@pytest.mark.parametrize(
    ("options", "value", "left"),
    [
        ([LEG, NULL], {"side": "buy", "x": 1}, {"side": "buy"}),
        ([NULL, LEG], {"side": "buy", "x": 1}, {"side": "buy"}),
        ([LEG, NULL], None, None),
        ([LEG, FEE], {"fee": 1, "x": 1}, {"fee": 1}),
        ([LEG, FEE], {"side": "buy", "price": 1, "x": 1}, {"side": "buy", "price": 1}),
        ([LEG, {**opened(fee=NUMBER), "required": ["fee"]}], {"fee": 1, "x": 1}, {"fee": 1, "x": 1}),
        ([{"items": LEG, "type": "array"}, LEG], [{"side": "b", "x": 1}], [{"side": "b"}]),
        ([LEG, FEE], {"unknown": 1}, {"unknown": 1}),
        ([LEG, True], {"unknown": 1}, {"unknown": 1}),
        ([False, LEG], {"side": "b", "x": 1}, {"side": "b"}),
    ],
)
def test_of_alternatives_the_first_that_what_is_left_satisfies_says_what_is_dropped(
    keyword: str, options: list[Any], value: Any, left: Any
) -> None:
    assert pruned({keyword: options}, value) == left


def test_a_value_that_an_alternative_takes_as_it_is_stays_as_it_is() -> None:
    value = {"side": "buy", "x": 1}
    assert pruned({"anyOf": [LEG, {"type": "object"}]}, value) == value


def test_trying_an_alternative_leaves_the_value_as_it_was_for_the_next() -> None:
    deep = {"type": "object", "properties": {"leg": LEG}, "required": ["other"]}
    last = {"type": "object", "properties": {"leg": {**closed(side=TEXT, x=NUMBER)}}}
    value = {"leg": {"side": "buy", "x": 1, "y": 2}}
    assert pruned({"anyOf": [deep, last]}, value) == {"leg": {"side": "buy", "x": 1}}


NAMED = st.sampled_from(["a", "b", "c"])
STRANGE = st.dictionaries(
    st.sampled_from(["x", "y"]), st.one_of(st.integers(), st.just({"a": {"x": 1}})), max_size=2
)


def grown(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    """Schemas of objects, lists and maybes around other schemas."""
    members = st.dictionaries(NAMED, inner, max_size=3)
    return st.one_of(
        st.builds(lambda m: closed(**m), members),
        st.builds(lambda m: opened(**m), members),
        st.builds(lambda m, rest: {**opened(**m), "additionalProperties": rest}, members, inner),
        st.builds(lambda element: {"type": "array", "items": element}, inner),
        st.builds(lambda first, rest: {"type": "array", "prefixItems": [first], "items": rest}, inner, inner),
        st.builds(lambda part: {"allOf": [part]}, inner),
        st.builds(lambda part: {"anyOf": [part, NULL]}, inner),
        st.builds(lambda part: {"oneOf": [NULL, part]}, inner.filter(lambda s: s.get("type") == "object")),
    )


SCHEMAS = st.recursive(st.sampled_from([{"type": "string"}, {"type": "integer"}]), grown, max_leaves=6)


@st.composite
def instances(draw: st.DrawFn, schema: Schema) -> tuple[Any, Any]:
    """A value that is valid, and the same with members that nobody names wherever a schema is closed."""
    for keyword in ("allOf", "anyOf", "oneOf"):
        if keyword in schema:
            part = draw(st.sampled_from(schema[keyword]))
            return (None, None) if part == NULL else draw(instances(part))
    match schema["type"]:
        case "string":
            return (text := draw(st.text(max_size=3)), text)
        case "integer":
            return (number := draw(st.integers()), number)
        case "array":
            prefix = schema.get("prefixItems", [])
            count = draw(st.integers(0, 3))
            elements = [draw(instances(s)) for s in [*prefix, *[schema["items"]] * 3][:count]]
            return [clean for clean, _ in elements], [noisy for _, noisy in elements]
    chosen = {
        name: draw(instances(member)) for name, member in schema["properties"].items() if draw(st.booleans())
    }
    rest = schema.get("additionalProperties", True)
    if isinstance(rest, dict):
        chosen |= {name: draw(instances(rest)) for name in ("k", "l") if draw(st.booleans())}
    clean = {name: one for name, (one, _) in chosen.items()}
    noisy = {name: other for name, (_, other) in chosen.items()}
    noise = draw(STRANGE)
    if rest is True:
        clean |= noise
    return clean, noisy if isinstance(rest, dict) else noisy | noise


@st.composite
def documents(draw: st.DrawFn) -> tuple[Schema, Any, Any]:
    schema = draw(SCHEMAS)
    return (schema, *draw(instances(schema)))


@examples(150)
@given(documents())
def test_a_value_that_was_valid_but_for_unnamed_members_is_valid_and_keeps_all_else(
    document: tuple[Schema, Any, Any],
) -> None:
    schema, clean, noisy = document
    validator = jsonschema_rs.Draft202012Validator(schema)
    assert validator.is_valid(clean)
    assert pruned(schema, noisy) == clean
    assert pruned(schema, clean) == clean


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abxy"), inner, max_size=3),
    max_leaves=8,
)


@examples(100)
@given(SCHEMAS, JSON)
def test_pruning_any_value_twice_is_pruning_it_once_and_never_makes_a_valid_one_invalid(
    schema: Schema, value: Any
) -> None:
    once = pruned(schema, value)
    assert pruned(schema, once) == once
    if jsonschema_rs.Draft202012Validator(schema).is_valid(value):
        assert once == value
