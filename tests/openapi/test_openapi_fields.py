"""What the document says of selected fields: which there are, and what an answer of some of them is."""

from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from support import CHECKOUT

from fullon_cache_api import openapi
from fullon_cache_api.http.selection import BadFields, Selection, Selector, parse_fields
from fullon_cache_api.loading import load
from fullon_cache_api.openapi.names import component_name
from fullon_cache_api.openapi.partial import PartialSchemas
from fullon_cache_api.spec import Endpoint
from fullon_cache_api.spec.json import freeze_object, thaw
from fullon_cache_api.spec.members import field_members

SPEC = load(CHECKOUT / "endpoints.yaml")
DOCUMENT: Any = openapi.document(SPEC, prefix="/api")
SELECTING = [endpoint for endpoint in SPEC.endpoints if endpoint.selecting("fields") is not None]


def operation(path: str) -> Any:
    return DOCUMENT["paths"][f"/api{path}"]["get"]


def fields_of(path: str) -> Any:
    return next(one for one in operation(path)["parameters"] if one.get("name") == "fields")


def answer_schemas(path: str) -> list[str]:
    schema = operation(path)["responses"]["200"]["content"]["application/json"]["schema"]
    return [one["$ref"].rpartition("/")[2] for one in schema["anyOf"]]


def validator(schema: Any) -> Any:
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def test_fields_are_a_list_of_the_names_that_there_are() -> None:
    price = fields_of("/tickers/{exchange}/{symbol}/price")
    assert (price["style"], price["explode"], price["example"]) == ("form", False, ["exchange", "symbol"])
    names = ["exchange", "symbol", "price", "cached_at"]
    assert price["schema"] == {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": 128, "enum": names},
        "minItems": 1,
        "maxItems": 50,
        "uniqueItems": True,
    }


def test_below_what_is_open_any_name_is_a_field() -> None:
    account = fields_of("/accounts/{user_id}/balances")["schema"]["items"]["anyOf"]
    assert account == [
        {"enum": ["account_id", "balances", "updated_at"]},
        {"pattern": r"^balances\.[^,.]+(\.[^,.]+)*$"},
    ]
    order = fields_of("/exchanges/{exchange}/orders")["schema"]["items"]
    assert order["pattern"] == r"^[^,.]+(\.[^,.]+)*$"
    assert "order_id" in order["examples"]
    assert not {"enum", "anyOf"} & order.keys()


def test_the_elements_of_a_collection_may_lack_members_but_not_the_collection() -> None:
    assert answer_schemas("/tickers") == ["TickerList", "PartialTickerList"]
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["PartialTickerList"]["required"] == ["count", "tickers"]
    assert schemas["PartialTickerList"]["properties"]["tickers"]["items"]["$ref"].endswith("/PartialTicker")
    ticker = schemas["PartialTicker"]
    assert "required" not in ticker and "required" not in ticker["properties"]["ticker"]
    assert ticker["additionalProperties"] is False
    assert ticker["description"].endswith("Members that `fields` does not name are missing.")


def test_where_nothing_can_be_selected_the_answer_is_the_whole() -> None:
    bars = operation("/ohlcv/{symbol}/{timeframe}")["responses"]["200"]
    assert bars["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/BarList"}
    assert "PartialBarList" not in DOCUMENT["components"]["schemas"]


def test_the_link_is_told_where_a_collection_has_parts() -> None:
    with_link = {
        endpoint.path
        for endpoint in SPEC.endpoints
        if "Link" in operation(endpoint.path)["responses"]["200"]["headers"]
    }
    assert with_link == {endpoint.path for endpoint in SPEC.endpoints if endpoint.selecting("limit")}
    assert {"/tickers", "/positions", "/processes"} <= with_link


@given(st.data())
@examples(150)
def test_what_the_document_takes_for_fields_is_taken_and_gives_what_it_says(data: st.DataObject) -> None:
    endpoint: Endpoint = data.draw(st.sampled_from(SELECTING))
    items = validator(fields_of(endpoint.path)["schema"]["items"])
    members = field_members(endpoint, SPEC.schemas)
    further = st.from_regex(r"[a-z]{1,3}(\.[a-z]{1,3}){0,2}", fullmatch=True)
    below = st.sampled_from([*members.paths()]).flatmap(
        lambda path: further.map(lambda name: f"{path}.{name}")
    )
    names = st.sampled_from([*members.paths()]) | below | further
    chosen = data.draw(st.lists(names, min_size=1, max_size=5, unique=True))
    promised = all(items.is_valid(name) for name in chosen)
    try:
        fields = parse_fields(",".join(chosen), members)
    except BadFields:
        assert not promised
        return
    assert promised
    body: Any = thaw(SPEC.schemas[endpoint.response]["examples"])[0]  # type: ignore[index]
    part, _ = Selector(endpoint).select(body, Selection(fields, None, 0, ""))
    validator({"$ref": f"#/components/schemas/{answer_schemas(endpoint.path)[1]}"}).validate(part)


ODD = {
    "title": "Odd",
    "type": "object",
    "properties": {
        "choice": {
            "oneOf": [{"$ref": "#/$defs/one"}, {"$ref": "#/$defs/two"}],
            "allOf": [{"type": "object"}],
        },
        "fixed": {"const": {"a": 1}},
        "kind": {"enum": ["x", "y"]},
        "list": {"type": "array", "items": {"$ref": "#/$defs/one"}, "minItems": 1, "uniqueItems": True},
    },
    "minProperties": 3,
    "required": ["choice", "list"],
    "if": {"required": ["fixed"]},
    "then": {"required": ["kind"]},
    "$defs": {
        "one": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
        "two": {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]},
    },
    "examples": [{}],
}


@pytest.mark.parametrize(
    ("part", "is_valid"),
    [
        ({}, True),
        ({"choice": {}}, True),
        ({"choice": {"a": "x"}}, True),
        ({"choice": 1}, False),
        ({"fixed": {}}, True),
        ({"kind": "z"}, False),
        ({"list": [{}, {}]}, True),
        ({"list": [{"a": "x"}]}, False),
        ({"list": []}, False),
    ],
)
def test_what_only_a_whole_can_promise_is_not_promised_of_a_part(part: object, is_valid: bool) -> None:
    endpoint = replace(SELECTING[2], response="odd.json")
    partials = PartialSchemas({"odd.json": freeze_object(ODD)}, {"odd.json": "Odd"})
    name = partials.of(endpoint)
    assert name == "PartialOdd"
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": partials.components}}
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(part) is is_valid


def test_a_list_of_parts_may_be_empty_and_refer_to_its_own_file() -> None:
    endpoint = replace(SELECTING[0], response="odd.json", read=replace(SELECTING[0].read, elements="list"))
    partials = PartialSchemas({"odd.json": freeze_object(ODD)}, {"odd.json": "Odd"})
    name = partials.of(endpoint)
    assert name == "PartialOdd"
    listed: Any = partials.components[name]["properties"]["list"]  # type: ignore[index, call-overload]
    assert listed == {"type": "array", "items": {"$ref": "#/components/schemas/PartialOdd2/$defs/one"}}
    assert [*partials.components] == ["PartialOdd", "PartialOdd2"]
    assert component_name("PartialOdd", partials.components) == "PartialOdd3"
