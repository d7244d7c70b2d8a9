"""Which fields an answer can have, by its schema."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import CHECKOUT

from fullon_cache_api.spec import Spec
from fullon_cache_api.spec.json import freeze_object
from fullon_cache_api.spec.members import Members, field_members, members_of, selectable

TEXT = {"type": "string"}
CLOSED = {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "additionalProperties": False}
OPEN = {"type": "object", "properties": {"a": TEXT}}
NESTED = {
    "type": "object",
    "properties": {"bars": {"type": "array", "items": CLOSED}, "fees": OPEN, "at": TEXT},
    "additionalProperties": False,
}


def holding(schema: Any) -> Any:
    """A closed object whose member x is of some schema."""
    return {"type": "object", "properties": {"x": schema}, "additionalProperties": False}


def one(name: str) -> Any:
    """A closed object with one member, a text."""
    return {"type": "object", "properties": {name: TEXT}, "additionalProperties": False}


def members(schema: Any) -> Members:
    far = {"far": {**one("y"), "properties": {"y": {"$ref": "#/$defs/near"}}}, "near": one("n")}
    files = {
        "own.json": freeze_object({"part": schema, "inner": one("i")}),
        "other.json": freeze_object({"title": "Other", **CLOSED, "$defs": far}),
    }
    return members_of(files["own.json"]["part"], "own.json", files)


@pytest.mark.parametrize(
    ("schema", "there", "absent"),
    [
        (CLOSED, ["a", "b"], ["c", "a.x", "A"]),
        (OPEN, ["a", "c", "c.d.e", "a.x"], []),
        (NESTED, ["bars", "bars.a", "fees", "fees.x", "fees.x.y", "at"], ["bars.c", "bars.0", "a", "at.x"]),
        (TEXT, [], ["a"]),
        (True, ["a.b"], []),
        (False, [], ["a"]),
        ({}, ["a.b"], []),
        ({"type": ["object", "null"]}, ["a.b"], []),
        ({"type": "array"}, ["a.b"], []),
        ({"type": "array", "items": False}, [], ["a"]),
        ({"items": CLOSED}, ["a", "b"], ["c"]),
        ({"additionalProperties": False}, [], ["a"]),
        ({"prefixItems": [CLOSED, TEXT], "items": False}, ["a", "b"], ["c"]),
        ({"properties": {"a": TEXT}, "additionalProperties": False}, ["a"], ["b"]),
        ({"prefixItems": [CLOSED]}, ["a", "x"], []),
        ({"prefixItems": [TEXT], "items": True}, ["a"], []),
        ({"type": ["array", "object"], "items": CLOSED, "additionalProperties": False}, ["a", "b"], ["c"]),
        ({"$ref": "other.json"}, ["a", "b"], ["c"]),
        (holding({"$ref": "#/inner"}), ["x.i"], ["x.a"]),
        ({"type": "array", "items": {"$ref": "#/inner"}}, ["i"], ["a"]),
        ({"anyOf": [{"$ref": "#/inner"}, CLOSED]}, ["i", "a"], ["c"]),
        ({"allOf": [{"$ref": "#/inner"}]}, ["i"], ["a"]),
        ({"$ref": "other.json#/$defs/far"}, ["y", "y.n"], ["y.a", "i", "n"]),
        ({"$ref": "other.json", "description": "Another."}, ["a", "b"], ["c"]),
        ({"anyOf": [CLOSED, NESTED]}, ["a", "bars.a"], ["c"]),
        ({"oneOf": [CLOSED, {"type": "null"}]}, ["a"], ["c"]),
        ({"anyOf": [holding(CLOSED), holding(NESTED)]}, ["x.a", "x.bars.a", "x.at"], ["x.c", "a"]),
        ({"allOf": [CLOSED, OPEN]}, ["a", "b"], ["c"]),
        ({"allOf": [OPEN, {"properties": {"c": CLOSED}}]}, ["a", "c.a", "d"], []),
        ({"allOf": [CLOSED, NESTED]}, [], ["a", "at", "c"]),
        ({"allOf": [NESTED, {"properties": {"fees": CLOSED}}]}, ["at", "fees.a", "fees.b"], ["fees.c"]),
        ({"type": "object", "patternProperties": {"^x-": {}}, "additionalProperties": False}, ["x-a"], []),
        ({"properties": {"a.b": CLOSED}, "additionalProperties": False}, ["a.b", "a.b.a"], ["a", "a.c", "b"]),
    ],
)
def test_the_fields_of_a_value_are_those_that_its_schema_allows(
    schema: Any, there: list[str], absent: list[str]
) -> None:
    found = members(schema)
    assert [field for field in there + absent if found.has(field.split("."))] == there


def test_the_paths_are_all_named_members_in_their_order_and_where_further_ones_can_be() -> None:
    assert list(members(NESTED).paths()) == ["bars", "bars.a", "bars.b", "fees", "fees.a", "at"]
    assert list(members(NESTED).open_paths()) == ["fees"]
    assert list(members(OPEN).open_paths()) == [""]


def test_the_fields_of_a_collection_are_those_of_its_elements() -> None:
    files = {"list.json": freeze_object(NESTED), "any.json": freeze_object(OPEN)}
    found = selectable("list.json", "bars", files)
    assert found is not None and list(found.paths()) == ["a", "b"]
    assert selectable("list.json", "trades", files) is None
    unnamed = selectable("any.json", "trades", files)
    assert unnamed is not None and unnamed.is_open


def test_a_collection_within_its_file_is_followed_from_that_file() -> None:
    body = {"type": "object", "properties": {"bars": {"items": {"$ref": "#/inner"}}}, "inner": one("i")}
    found = selectable("list.json", "bars", {"list.json": freeze_object(body)})
    assert found is not None and list(found.paths()) == ["i"]


@pytest.mark.parametrize(
    ("operation", "first"),
    [
        ("listTickers", ["exchange", "symbol", "ticker", "ticker.bid"]),
        ("getPrice", ["exchange", "symbol", "price", "cached_at"]),
        ("getProcessMetrics", ["total_processes", "active_processes", "components", "active_by_type"]),
        ("listBars", []),
    ],
)
def test_fields_can_name_what_the_answer_or_each_of_its_elements_has(
    load: Callable[[Path], Spec], operation: str, first: list[str]
) -> None:
    """An endpoint without such a parameter has nothing to name."""
    spec = load(CHECKOUT / "endpoints.yaml")
    (endpoint,) = (each for each in spec.endpoints if each.operation_id == operation)
    assert list(field_members(endpoint, spec.schemas).paths())[:4] == first
