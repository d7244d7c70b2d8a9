"""Response schemas across files: followed, put together into one, and how far they may lead."""

import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import jsonschema_rs
import pytest
from support import CHECKOUT

from fullon_cache_api.spec import Spec
from fullon_cache_api.spec.json import JsonObject, PlainObject
from fullon_cache_api.spec.schemas import bundle, dereference, follow, pointer_text, relocate, subschemas

SCHEMAS: dict[str, JsonObject] = {
    "a.json": {
        "$id": "https://example.org/a.json",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"b": {"$ref": "b.json"}, "own": {"$ref": "#/$defs/x~1y%20z"}},
        "additionalProperties": False,
        "$defs": {"x/y z": {"type": "integer"}, "~1": {"type": "string"}},
    },
    "b.json": {
        "$id": "https://example.org/deep/b.json",
        "prefixItems": ({"$ref": "#/$defs/yes"}, {"$ref": "c.json#/prefixItems/1"}),
        "$defs": {"yes": True, "no": False},
    },
    "c.json": {
        "prefixItems": ({}, {"const": {"$ref": "nowhere.json"}}),
        "examples": ({"$ref": "nowhere.json"},),
    },
}


@pytest.mark.parametrize(
    ("ref", "schema", "file"),
    [
        ("a.json", SCHEMAS["a.json"], "a.json"),
        ("#/$defs/x~1y%20z", {"type": "integer"}, "a.json"),
        ("#/$defs/~01", {"type": "string"}, "a.json"),
        ("a.json#/properties/b", SCHEMAS["b.json"], "b.json"),
        ("b.json#/prefixItems/1", {"const": {"$ref": "nowhere.json"}}, "c.json"),
        ("b.json#/prefixItems/0", {}, "b.json"),
        ("b.json#/$defs/no", {"not": {}}, "b.json"),
    ],
)
def test_a_reference_is_followed_to_the_schema_it_means(ref: str, schema: JsonObject, file: str) -> None:
    assert dereference({"$ref": ref}, "a.json", SCHEMAS) == (schema, file)


def test_a_reference_has_its_place_in_the_file_that_it_leads_into() -> None:
    assert follow("b.json#/prefixItems/1", "a.json", SCHEMAS)[1:] == ("b.json", ("prefixItems", 1))
    assert follow("#/$defs/x~1y%20z", "a.json", SCHEMAS)[1:] == ("a.json", ("$defs", "x/y z"))


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ({}, True),
        ({"own": 5}, True),
        ({"own": "5"}, False),
        ({"b": [None, {"$ref": "nowhere.json"}]}, True),
        ({"b": [None, {"$ref": "#/$defs/nowhere.json"}]}, False),
        ({"c": 5}, False),
    ],
)
def test_a_bundle_stands_alone_and_means_the_same(value: PlainObject, valid: bool) -> None:
    whole = bundle(SCHEMAS["a.json"], "a.json", SCHEMAS)
    assert jsonschema_rs.Draft202012Validator(whole, offline=True).is_valid(value) is valid


def test_a_place_is_shown_as_a_json_pointer() -> None:
    assert pointer_text(("a~b/c", 0, "~1")) == "/a~0b~1c/0/~01"
    assert pointer_text(()) == ""


def test_what_is_data_has_no_schemas_in_it() -> None:
    schema: JsonObject = {"default": {"x": {"items": {}}}, "const": {"items": {}}, "items": {"not": {}}}
    assert [place for place, _ in subschemas(schema)] == [(), ("items",), ("items", "not")]


def test_a_bundle_leaves_out_what_a_schema_says_of_its_file() -> None:
    whole = bundle(SCHEMAS["a.json"], "a.json", SCHEMAS)
    assert sorted(whole) == ["$defs", "additionalProperties", "properties"]
    assert sorted(whole["$defs"]) == ["a.json", "b.json", "c.json"]
    assert "$id" not in whole["$defs"]["b.json"]


def test_relocating_touches_references_only_where_a_schema_stands() -> None:
    schema: JsonObject = {
        "properties": {"$ref": {"$ref": "b.json#/x"}, "const": {"items": {"$ref": "#/y"}}},
        "const": {"$ref": "b.json", "x": {"$ref": "b.json"}},
        "enum": ({"$ref": "b.json"},),
        "default": {"properties": {"x": {"$ref": "b.json"}}},
    }
    assert relocate(schema, "a.json", lambda file: f"<{file}>") == {
        "properties": {"$ref": {"$ref": "<b.json>/x"}, "const": {"items": {"$ref": "<a.json>/y"}}},
        "const": {"$ref": "b.json", "x": {"$ref": "b.json"}},
        "enum": [{"$ref": "b.json"}],
        "default": {"properties": {"x": {"$ref": "b.json"}}},
    }


@pytest.mark.parametrize(
    ("length", "expected"),
    [(64, []), (65, ["schemas/s63.json:1:26: with every $ref followed, this is nested more than 64 deep"])],
)
def test_a_chain_of_files_may_be_64_long(
    bots: Path, complaints: Callable[[Path], list[str]], length: int, expected: list[str]
) -> None:
    write_chain(bots.parent / "schemas", length)
    assert complaints(bots) == expected


@pytest.mark.parametrize(("between", "messages"), [(20, 0), (21, 1)])
def test_what_is_not_too_deep_by_itself_is_refused_where_it_stands_too_deep(
    bots: Path, complaints: Callable[[Path], list[str]], between: int, messages: int
) -> None:
    """It has been measured already when it is come to for the second time."""

    def write(name: str, depth: int, schema: PlainObject) -> None:
        for _ in range(depth):
            schema = {"items": schema}
        (bots.parent / "schemas" / f"{name}.json").write_text(json.dumps({"title": name, **schema}))

    write("forty", 40, {})
    write("between", between, {"$ref": "forty.json"})
    write("own", 0, {"$defs": {"first": {"$ref": "forty.json"}, "second": {"$ref": "between.json"}}})
    found = complaints(bots)
    assert [complaint.partition(": ")[2] for complaint in found] == [
        "with every $ref followed, this is nested more than 64 deep"
    ] * messages


def test_a_chain_of_files_longer_than_the_stack_is_refused(
    bots: Path, complaints: Callable[[Path], list[str]]
) -> None:
    write_chain(bots.parent / "schemas", 1200)
    found = complaints(bots)
    assert found and all(complaint.endswith("this is nested more than 64 deep") for complaint in found)


def write_chain(schemas: Path, length: int) -> None:
    """Write schemas of which each refers to the next."""
    names = ["own.json", *(f"s{index}.json" for index in range(1, length)), None]
    for index, (name, target) in enumerate(pairwise(names)):
        reference = {} if target is None else {"$ref": target}
        (schemas / str(name)).write_text(json.dumps({"title": f"S{index}", **reference}))


@pytest.mark.slow
def test_the_shipped_spec_loads_in_no_time(load: Callable[[Path], Spec]) -> None:
    def seconds() -> float:
        started = time.process_time()
        load(CHECKOUT / "endpoints.yaml")
        return time.process_time() - started

    assert min(seconds() for _ in range(20)) < 0.15


def test_an_object_that_is_there_twice_is_the_same_in_any_order(
    bots: Path, complaints: Callable[[Path], list[str]]
) -> None:
    schema = {
        "title": "Own",
        "type": "object",
        "properties": {"bots": {"type": "array", "items": {"type": "object"}, "uniqueItems": True}},
        "examples": [{"bots": [{"bot_id": "1", "feeds": {}}, {"feeds": {}, "bot_id": "1"}]}],
    }
    (bots.parent / "schemas" / "own.json").write_text(json.dumps(schema))
    assert [each.partition(": ")[2] for each in complaints(bots)] == [
        'this example breaks its schema: element 2 of "bots" is the same as element 1'
    ]
