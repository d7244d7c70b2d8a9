"""What a response schema says of a collection's elements, and when each of them can be checked alone."""

import pytest

from fullon_cache_api.spec.element import element_schema, is_by_element
from fullon_cache_api.spec.json import PlainObject, freeze_object

ITEM: PlainObject = {"title": "Item", "type": "object"}
LIST: PlainObject = {"type": "array", "items": {"$ref": "item.json"}}
WHOLE: PlainObject = {"title": "Whole", "type": "object", "properties": {"items": LIST}}


def files(whole: PlainObject, **others: PlainObject) -> dict[str, PlainObject]:
    return {"whole.json": whole, "item.json": ITEM, **{f"{name}.json": one for name, one in others.items()}}


def by_element(whole: PlainObject, **others: PlainObject) -> bool:
    schemas = {name: freeze_object(schema) for name, schema in files(whole, **others).items()}
    return is_by_element("items", schemas["whole.json"], "whole.json", schemas)


@pytest.mark.parametrize(
    ("whole", "list_", "alone"),
    [
        ({}, {}, True),
        ({"required": ["items"], "additionalProperties": False, "description": "All."}, {}, True),
        ({}, {"description": "Some.", "title": "Items"}, True),
        ({}, {"maxItems": 5}, False),
        ({}, {"minItems": 1}, False),
        ({}, {"uniqueItems": True}, False),
        ({}, {"contains": {"const": 1}}, False),
        ({}, {"prefixItems": [{"type": "object"}]}, False),
        ({"allOf": [{"properties": {"items": {"maxItems": 1}}}]}, {}, False),
        ({"maxProperties": 2}, {}, False),
        ({"if": {"properties": {"items": {"maxItems": 1}}}}, {}, False),
    ],
)
def test_elements_are_checked_alone_where_the_schema_speaks_of_nothing_but_each_of_them(
    whole: PlainObject, list_: PlainObject, alone: bool
) -> None:
    schema = {**WHOLE, "properties": {"items": {**LIST, **list_}}, **whole}
    assert by_element(schema) is alone
    led: PlainObject = {"title": "Led", "$ref": "other.json"}
    assert by_element(led, other={**schema, "title": "Other"}) is alone


@pytest.mark.parametrize(("most", "alone"), [({}, True), ({"maxItems": 5}, False)])
def test_elements_are_found_through_references_within_files_and_from_one_to_another(
    most: PlainObject, alone: bool
) -> None:
    properties: PlainObject = {"items": {"$ref": "list.json#/$defs/first"}}
    whole: PlainObject = {
        "title": "Whole",
        "$ref": "#/$defs/first",
        "$defs": {"first": {"$ref": "#/$defs/second"}, "second": {"properties": properties}},
    }
    list_: PlainObject = {
        "title": "List",
        "$defs": {"first": {"$ref": "#/$defs/second"}, "second": {**LIST, **most}},
    }
    assert by_element(whole, list=list_) is alone
    schemas = {name: freeze_object(one) for name, one in files(whole, list=list_).items()}
    found = element_schema("items", schemas["whole.json"], "whole.json", schemas)
    assert found == ({"$ref": "item.json"}, "list.json")
    assert element_schema("others", schemas["whole.json"], "whole.json", schemas) is None
    assert element_schema(None, schemas["whole.json"], "whole.json", schemas) is None


def test_what_stands_beside_a_reference_counts() -> None:
    led: PlainObject = {**WHOLE, "properties": {"items": {"$ref": "list.json", "maxItems": 1}}}
    assert not by_element(led, list={**LIST, "title": "List"})
    led = {**WHOLE, "properties": {"items": {"$ref": "list.json", "description": "Some."}}}
    assert by_element(led, list={**LIST, "title": "List"})


@pytest.mark.parametrize("schema", [{"title": "A"}, {**WHOLE, "properties": {"items": {"type": "array"}}}])
def test_where_nothing_is_said_of_the_elements_there_is_no_schema_of_them(schema: PlainObject) -> None:
    schemas = {name: freeze_object(one) for name, one in files(schema).items()}
    assert element_schema("items", schemas["whole.json"], "whole.json", schemas) is None
    assert not is_by_element("items", schemas["whole.json"], "whole.json", schemas)
    assert not is_by_element(None, schemas["whole.json"], "whole.json", schemas)


def test_a_list_that_stands_elsewhere_in_its_file_is_found_from_there() -> None:
    led: PlainObject = {"title": "Led", "$ref": "other.json"}
    other: PlainObject = {
        "title": "Other",
        "type": "object",
        "properties": {"items": {"$ref": "#/$defs/list"}},
        "additionalProperties": False,
    }
    found: PlainObject = {"title": "Other", "$ref": "#/$defs/whole", "$defs": {"whole": other, "list": LIST}}
    assert by_element(led, other=found)
    schemas = {name: freeze_object(one) for name, one in files(led, other=found).items()}
    assert element_schema("items", led, "whole.json", schemas) == ({"$ref": "item.json"}, "other.json")
