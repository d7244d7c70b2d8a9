"""JSON Schemas as Python types."""

from typing import Any

import pytest

from fullon_cache_api.clientgen.declarations import Alias, Field, TypedObject
from fullon_cache_api.clientgen.names import class_name, free_name, snake_case
from fullon_cache_api.clientgen.type_book import TypeBook
from fullon_cache_api.spec.json import freeze_object

TICKER = {"title": "Ticker", "type": "object", "properties": {"last": {"type": "number"}}}
SIDE = {"title": "Side", "enum": ["buy", "sell"], "description": "Which way."}
SOME = {"title": "Some", "type": ["object", "null"], "properties": {"n": {"type": "integer"}}}
PARTS = {
    "title": "Parts",
    "type": "object",
    "properties": {"inner": {"type": "object", "properties": {"x": True}}},
    "$defs": {"text": {"type": "string"}},
}


def book_of(**schemas: dict[str, Any]) -> TypeBook:
    files = {"ticker.json": TICKER, "side.json": SIDE, "some.json": SOME, "parts.json": PARTS}
    files |= {f"{name}.json": schema for name, schema in schemas.items()}
    return TypeBook({name: freeze_object(schema) for name, schema in files.items()}, {"dict"})


def declared(book: TypeBook, name: str) -> TypedObject | Alias:
    (found,) = [declaration for declaration in book.declarations if declaration.name == name]
    return found


def member(schema: Any) -> str:
    """The type of a required member with that schema."""
    answer = {"title": "Answer", "type": "object", "properties": {"it": schema}, "required": ["it"]}
    book = book_of(answer=answer)
    assert book.of_file("answer.json") == "Answer"
    answered = declared(book, "Answer")
    assert isinstance(answered, TypedObject)
    (field,) = answered.fields
    return field.type


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        (True, "Any"),
        ({}, "Any"),
        ({"description": "Anything."}, "Any"),
        ({"type": "string"}, "str"),
        ({"type": "integer"}, "int"),
        ({"type": "number"}, "float"),
        ({"type": "boolean"}, "bool"),
        ({"type": "null"}, "None"),
        ({"type": ["null", "number"]}, "float | None"),
        ({"type": ["string", "integer", "null"]}, "str | int | None"),
        ({"type": "array"}, "list[Any]"),
        ({"type": "array", "items": {"type": ["number", "null"]}}, "list[float | None]"),
        ({"type": "array", "items": False}, "list[Any]"),
        (
            {"type": "array", "prefixItems": [{"type": "null"}], "items": {"type": "number"}},
            "list[float | None]",
        ),
        ({"type": "array", "prefixItems": [{"type": "integer"}], "items": False}, "list[int]"),
        ({"type": "array", "prefixItems": [{"type": "integer"}]}, "list[Any]"),
        ({"type": "object"}, "dict[str, Any]"),
        ({"type": "object", "additionalProperties": False}, "dict[str, Any]"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "dict[str, int]"),
        ({"type": "object", "additionalProperties": {"$ref": "ticker.json"}}, "dict[str, Ticker]"),
        ({"enum": ["a", 1, True, None]}, 'Literal["a", 1, True] | None'),
        ({"enum": [None]}, "None"),
        ({"type": "number", "enum": [0.5, 1]}, "float"),
        ({"const": "it's"}, 'Literal["it\'s"]'),
        ({"const": {"a": 1}, "type": "object"}, "dict[str, Any]"),
        ({"$ref": "ticker.json"}, "Ticker"),
        ({"$ref": "side.json"}, "Side"),
        ({"$ref": "some.json"}, "Some | None"),
        ({"$ref": "parts.json#/$defs/text"}, "str"),
        ({"$ref": "parts.json#/properties/inner"}, "PartsInner"),
        ({"$ref": "ticker.json#/properties/last"}, "float"),
        ({"anyOf": [{"$ref": "ticker.json"}, {"type": "null"}]}, "Ticker | None"),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "str | int"),
        ({"type": "string", "anyOf": [{"minLength": 1}, {"pattern": "x"}]}, "str"),
        ({"allOf": [{"description": "x"}, {"$ref": "ticker.json"}]}, "Ticker"),
        ({"allOf": [{"type": "string"}, {"minLength": 1}]}, "str"),
        ({"allOf": [{"minLength": 1}]}, "Any"),
        ({"properties": {"a": {"type": "string"}}}, "AnswerIt"),
        ({"type": "array", "items": {"type": "object", "properties": {"a": True}}}, "list[AnswerIt]"),
    ],
)  # fmt: skip
def test_a_schema_has_this_type(schema: Any, type_: str) -> None:
    assert member(schema) == type_


def test_a_file_is_declared_once_under_its_title_after_what_it_refers_to() -> None:
    answer = {
        "title": "Answer",
        "description": "All of them.",
        "type": "object",
        "properties": {
            "first": {"$ref": "ticker.json", "description": "The first."},
            "side": {"$ref": "side.json"},
            "all": {"type": "array", "items": {"$ref": "ticker.json"}},
            "never": False,
        },
        "required": ["first"],
        "additionalProperties": {"type": "integer"},
    }
    book = book_of(answer=answer)
    assert [book.of_file("answer.json"), book.of_file("answer.json")] == ["Answer", "Answer"]
    assert book.declarations == [
        TypedObject("Ticker", "", (Field("last", "float", False, ""),)),
        Alias("Side", "Which way.", 'Literal["buy", "sell"]'),
        TypedObject(
            "Answer",
            "All of them.",
            (
                Field("first", "Ticker", True, "The first."),
                Field("side", "Side", False, "Which way."),
                Field("all", "list[Ticker]", False, ""),
            ),
            "int",
        ),
    ]


def test_an_object_that_builds_upon_others_has_their_members_too() -> None:
    answer = {
        "title": "Answer",
        "type": "object",
        "allOf": [
            True,
            {"$ref": "ticker.json"},
            {"properties": {"a": {"type": "string"}}, "required": ["a"]},
        ],
        "properties": {"last": {"type": "integer"}, "a": {"type": ["string", "null"]}},
        "required": ["last"],
    }
    book = book_of(answer=answer)
    assert book.of_file("answer.json") == "Answer"
    assert book.declarations == [
        TypedObject("Answer", "", (Field("last", "int", True, ""), Field("a", "str | None", True, "")))
    ]


def test_two_files_together_make_a_new_object() -> None:
    answer = {"title": "Answer", "allOf": [{"$ref": "ticker.json"}, {"allOf": [{"$ref": "some.json"}]}]}
    book = book_of(answer=answer)
    assert book.of_file("answer.json") == "Answer"
    assert declared(book, "Answer") == TypedObject(
        "Answer", "", (Field("last", "float", False, ""), Field("n", "int", False, ""))
    )


def test_a_reference_beside_properties_adds_to_them() -> None:
    answer = {"title": "Answer", "$ref": "ticker.json", "properties": {"n": {"type": "integer"}}}
    book = book_of(answer=answer)
    book.of_file("answer.json")
    assert declared(book, "Answer") == TypedObject(
        "Answer", "", (Field("last", "float", False, ""), Field("n", "int", False, ""))
    )


def test_an_object_within_a_file_is_declared_once_however_it_is_reached() -> None:
    properties = {"all": {"$ref": "parts.json"}, "one": {"$ref": "parts.json#/properties/inner"}}
    book = book_of(answer={"title": "Answer", "type": "object", "properties": properties})
    book.of_file("answer.json")
    assert [declaration.name for declaration in book.declarations] == ["PartsInner", "Parts", "Answer"]
    assert declared(book, "Answer") == TypedObject(
        "Answer", "", (Field("all", "Parts", False, ""), Field("one", "PartsInner", False, ""))
    )


def test_a_name_that_is_taken_gets_a_number() -> None:
    inner = {"type": "object", "properties": {"x": {"type": "string"}}}
    answer = {"title": "dict", "type": "object", "properties": {"a": inner, "A": inner}}
    book = book_of(answer=answer)
    assert book.of_file("answer.json") == "dict2"
    assert [declaration.name for declaration in book.declarations] == ["Dict2A", "Dict2A2", "dict2"]


def test_a_list_of_values_of_a_parameter_is_declared_once() -> None:
    book = book_of()
    kinds = freeze_object({"type": "string", "enum": ["a", "b"]})
    assert book.of_parameter(kinds, "listBots_kind") == "ListBotsKind"
    assert book.of_parameter(kinds, "listTickers_kind") == "ListBotsKind"
    assert book.of_parameter(freeze_object({"type": "number", "enum": [0.5]}), "x") == "float"
    assert book.of_parameter(freeze_object({"type": "integer"}), "x") == "int"
    assert book.declarations == [Alias("ListBotsKind", "", 'Literal["a", "b"]', ('"a"', '"b"'))]


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("getTicker", "get_ticker"),
        ("listOHLCVBars", "list_ohlcv_bars"),
        ("getV2Price", "get_v2_price"),
        ("get", "get"),
        ("getX", "get_x"),
    ],
)
def test_operation_ids_become_method_names(name: str, snake: str) -> None:
    assert snake_case(name) == snake


def test_names_are_joined_and_made_free() -> None:
    assert class_name("Ticker", "cached_at", "x-1") == "TickerCachedAtX1"
    assert [free_name("from", ()), free_name("a", {"a", "a2"})] == ["from_", "a3"]
