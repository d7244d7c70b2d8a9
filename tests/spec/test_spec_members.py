"""Which fields an answer can have, by its schema."""

from typing import Any

import pytest

from fullon_cache_api.spec.json import freeze_object
from fullon_cache_api.spec.members import Members, members_of, selectable

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


def members(schema: Any) -> Members:
    files = {
        "own.json": freeze_object({"part": schema}),
        "other.json": freeze_object({"title": "Other", **CLOSED}),
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
        ({"$ref": "other.json"}, ["a", "b"], ["c"]),
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
