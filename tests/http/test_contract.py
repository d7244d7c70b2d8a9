"""The response schema as a contract: bad elements are left out, nothing else that breaks it leaves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.http.contract import Contract
from fullon_cache_api.reads.answer import Answer
from fullon_cache_api.spec import Endpoint, ReadSignature
from fullon_cache_api.spec.json import freeze_object

PRICE: dict[str, Any] = {
    "title": "Price",
    "type": "object",
    "properties": {"symbol": {"type": "string"}, "price": {"type": "number", "minimum": 0}},
    "required": ["symbol", "price"],
    "additionalProperties": False,
}
PRICES: dict[str, Any] = {
    "title": "Prices",
    "type": "object",
    "properties": {
        "exchange": {"type": "string", "maxLength": 8},
        "count": {"type": "integer"},
        "prices": {"type": "array", "items": {"$ref": "price.json"}},
        "skipped": {"type": "integer", "minimum": 1},
    },
    "required": ["exchange", "count", "prices"],
    "additionalProperties": False,
}


def contract(schema: dict[str, Any], elements: str | None = None, **files: dict[str, Any]) -> Contract:
    """The contract of an endpoint that answers with `main.json`, beside which the other schemas stand."""
    read = ReadSignature("Some.read", "", (), (), (), freeze_object({}), elements=elements)
    endpoint = Endpoint("/x", "getX", (), "", "", (), read, (), "main.json", 200, None)
    sources = {"main": schema, "price": PRICE, "prices": PRICES, **files}
    return Contract(endpoint, {f"{name}.json": freeze_object(source) for name, source in sources.items()})


def prices(*elements: Any, **members: Any) -> Answer:
    body = {"exchange": "binance", "count": len(elements), "prices": list(elements), **members}
    return Answer(body, "prices:binance", [("prices:binance", f"field {n}") for n in range(len(elements))])


GOOD = {"symbol": "BTC-USDT", "price": 1.5}
ALL = contract(PRICES, "prices")


def test_a_good_answer_leaves_as_it_is() -> None:
    answer = prices(GOOD, GOOD)
    assert ALL.check(answer) == {"exchange": "binance", "count": 2, "prices": [GOOD, GOOD]}
    assert answer.skipped == []


def test_bad_elements_are_left_out_counted_and_named() -> None:
    answer = prices({"symbol": 7, "price": 1}, GOOD, {"symbol": "A"}, None, {"symbol": "B", "price": -1})
    assert ALL.check(answer) == {"exchange": "binance", "count": 1, "prices": [GOOD], "skipped": 4}
    assert [(error.key, error.field, error.reason) for error in answer.skipped] == [
        ("prices:binance", "field 0", 'the value is not of type "string" (at symbol)'),
        ("prices:binance", "field 2", '"price" is a required property'),
        ("prices:binance", "field 3", 'the value is not of type "object"'),
        ("prices:binance", "field 4", "the value is less than the minimum of 0 (at price)"),
    ]


def test_what_the_read_has_left_out_counts_too() -> None:
    answer = prices(GOOD, None, skipped=1)
    answer.skipped.append(CorruptValue("prices:binance", "it is not JSON", "earlier"))
    assert ALL.check(answer) == {"exchange": "binance", "count": 1, "prices": [GOOD], "skipped": 2}


def test_all_elements_can_be_bad() -> None:
    assert ALL.check(prices(1, 2)) == {"exchange": "binance", "count": 0, "prices": [], "skipped": 2}


def test_unnamed_members_are_dropped_before_anything_is_checked() -> None:
    answer = prices({**GOOD, "secret": 1}, other=2)
    assert ALL.check(answer) == {"exchange": "binance", "count": 1, "prices": [GOOD]}
    assert answer.skipped == []


def test_an_element_without_a_source_of_its_own_is_that_of_the_answer() -> None:
    answer = prices(None)
    answer.sources = ()
    ALL.check(answer)
    assert [(error.key, error.field, error.source) for error in answer.skipped] == [
        ("prices:binance", None, "prices:binance")
    ]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"exchange": "a long name"}, "the value is longer than 8 characters (at exchange)"),
        ({"prices": None}, 'the value is not of type "array" (at prices)'),
    ],
)
def test_what_breaks_the_schema_around_the_elements_is_corrupt(members: dict[str, Any], reason: str) -> None:
    with pytest.raises(CorruptValue) as caught:
        ALL.check(prices(GOOD, **members))
    error = caught.value
    assert (error.key, error.field, error.reason) == ("prices:binance", None, reason)


def test_a_single_answer_that_breaks_its_schema_is_corrupt_at_its_key_and_field() -> None:
    answer = Answer({"symbol": "A", "price": "secret"}, "prices:binance", field="A")
    with pytest.raises(CorruptValue) as caught:
        contract(PRICE).check(answer)
    assert str(caught.value) == 'prices:binance A: the value is not of type "number" (at price)'


def test_a_narrower_schema_drops_the_count_and_what_was_skipped() -> None:
    narrow = {"properties": {"prices": PRICES["properties"]["prices"]}, "additionalProperties": False}
    answer = prices(GOOD, None)
    assert contract(narrow, "prices").check(answer) == {"prices": [GOOD]}
    assert len(answer.skipped) == 1


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "prices.json"},
        {"properties": {"prices": {"$ref": "prices.json#/properties/prices"}}},
        {
            "properties": {"prices": {"items": {"$ref": "#/$defs/element"}}},
            "$defs": {"element": {"$ref": "price.json"}},
        },
        {"properties": {"prices": {"items": {"allOf": [{"$ref": "price.json"}]}}}},
    ],
)
def test_the_schema_of_the_elements_is_found_through_references(schema: dict[str, Any]) -> None:
    body = contract({"title": "Main", **schema}, "prices").check(prices(None, GOOD))
    assert (body["prices"], body["count"], body["skipped"]) == ([GOOD], 1, 1)


@pytest.mark.parametrize("schema", [{"type": "object"}, {"properties": {"prices": {"type": "array"}}}])
def test_a_schema_that_says_nothing_of_the_elements_lets_them_all_pass(schema: dict[str, Any]) -> None:
    assert contract(schema, "prices").check(prices(None, GOOD))["prices"] == [None, GOOD]


def test_elements_that_only_break_the_list_as_a_whole_are_corrupt() -> None:
    short = {"properties": {"prices": {"items": {"$ref": "price.json"}, "maxItems": 1}}}
    with pytest.raises(CorruptValue, match=r"^prices:binance: the value has more than 1 item \(at prices\)$"):
        contract(short, "prices").check(prices(GOOD, GOOD))


def nested(depth: int) -> Any:
    value: Any = None
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [250, 300, 900])
def test_a_bad_element_that_is_nested_deeply_is_left_out_like_any_other(depth: int) -> None:
    deep = {"symbol": 7, "price": 1, "more": nested(depth)}
    loose = {
        **PRICES,
        "properties": {**PRICES["properties"], "prices": {"items": {**PRICE, "additionalProperties": True}}},
    }
    answer = prices(GOOD, deep)
    assert contract(loose, "prices").check(answer)["prices"] == [GOOD]
    assert len(answer.skipped) == 1


def test_a_deeply_nested_answer_that_breaks_its_schema_is_corrupt() -> None:
    with pytest.raises(CorruptValue) as caught:
        contract({"properties": {"a": {"type": "string"}}}).check(Answer({"a": nested(300)}, "key"))
    assert caught.value.reason == "it breaks its schema, and is nested too deeply to say where"


SECRET = "s3cr3t"
BREAKERS: list[dict[str, Any]] = [
    {"type": "integer"},
    {"type": "string", "maxLength": 2},
    {"type": "string", "minLength": 99},
    {"enum": ["a", "b"]},
    {"const": "a"},
    {"pattern": "^a$"},
    {"format": "date-time"},
    {"not": {"type": "string"}},
    {"anyOf": [{"type": "null"}, {"type": "integer"}]},
    {"oneOf": [{"type": "null"}, {"type": "integer"}]},
    {"oneOf": [{"type": "string"}, {}]},
    {"type": "array", "items": {"type": "integer"}},
]
CARRIERS = st.sampled_from([SECRET, [SECRET], [SECRET, SECRET], {"a": SECRET}, [[{"a": SECRET}]]])
WRAPPED: list[dict[str, Any]] = [
    {"items": {"type": "integer"}},
    {"uniqueItems": True, "type": "array", "minItems": 9},
    {"contains": {"type": "null"}, "type": "array"},
    {"additionalProperties": {"type": "integer"}, "type": "object"},
    {"properties": {"a": {"enum": [1]}}, "type": "object"},
    {"maxProperties": 0, "type": "object"},
    {"maxItems": 0, "type": "array"},
    {"if": {"type": "string"}, "then": {"const": 1}, "else": {"enum": [[]]}},
    {"unevaluatedItems": False, "type": "array"},
    {"dependentSchemas": {"a": False}, "type": "object"},
]


@examples(150)
@given(st.sampled_from(BREAKERS + WRAPPED), CARRIERS, st.booleans())
def test_no_value_is_ever_repeated_in_the_reason(schema: dict[str, Any], value: Any, listed: bool) -> None:
    if listed:
        answer = prices(value)
        try:
            contract({"properties": {"prices": {"items": schema}}}, "prices").check(answer)
        finally:
            assert all(SECRET not in str(error) for error in answer.skipped)
        return
    try:
        contract({"properties": {"a": schema}}).check(Answer({"a": value}, "key"))
    except CorruptValue as error:
        assert SECRET not in str(error)
        assert error.key == "key"
