"""The components of the document: schemas, parameters, responses, headers."""

import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import jsonschema_rs
import pytest

from fullon_cache_api import openapi
from fullon_cache_api.resources import resource
from fullon_cache_api.spec import Endpoint, Parameter, Spec
from fullon_cache_api.spec.json import JsonObject, freeze_object
from fullon_cache_api.spec.problems import PROBLEMS

SYMBOL_RULE = (
    "Each `-` stands for a `/` (`BTC-USDT` is `BTC/USDT`) and, where no such symbol is cached, for itself; a "
    "percent-encoded slash (`BTC%2FUSDT`) is a slash, and with it each `-` stands for itself."
)


def components(spec: Spec) -> dict[str, dict[str, Any]]:
    return openapi.document(spec, prefix="/api")["components"]


def test_schemas_are_named_by_their_titles(spec: Spec) -> None:
    assert list(components(spec)["schemas"]) == [
        "Blocked",
        "Order",
        "Ticker",
        "TickerList",
        "Problem",
        "Health",
        "Batch",
        "Liveness",
        "Readiness",
    ]


def test_a_schema_component_is_its_file_without_dialect_and_id(spec: Spec) -> None:
    schemas = components(spec)["schemas"]
    assert schemas["Blocked"] == {
        "title": "Blocked",
        "type": "object",
        "properties": {"blocked": {"type": "boolean"}},
    }
    assert not any({"$schema", "$id"} & schema.keys() for schema in schemas.values())


def test_a_reference_to_another_file_leads_to_that_files_component(spec: Spec) -> None:
    assert components(spec)["schemas"]["TickerList"]["properties"] == {
        "count": {"type": "integer"},
        "tickers": {"type": "array", "items": {"$ref": "#/components/schemas/Ticker"}},
    }


def test_a_reference_into_a_file_leads_into_its_component(spec: Spec) -> None:
    assert components(spec)["schemas"]["Order"]["properties"] == {
        "side": {"$ref": "#/components/schemas/Order/$defs/side"},
        "at": {"$ref": "#/components/schemas/Ticker/properties/cached_at"},
    }


def test_schemas_of_one_title_are_numbered_and_references_find_the_right_one(
    make_spec: Callable[..., Spec], make_endpoint: Callable[..., Endpoint]
) -> None:
    files: dict[str, JsonObject] = {
        "a.json": {"title": "Ticker", "$ref": "ticker.json"},
        "b.json": {"title": "Börse"},
        "problem.json": {"title": "Problem", "type": "string"},
        "ticker.json": {"title": "Ticker", "type": "object"},
    }
    schemas = {file: freeze_object(schema) for file, schema in files.items()}
    spec = make_spec(make_endpoint(), schemas=MappingProxyType(schemas))
    found = components(spec)["schemas"]
    assert list(found)[:5] == ["Ticker", "B_rse", "Problem2", "Ticker2", "Problem"]
    assert found["Ticker"] == {"title": "Ticker", "$ref": "#/components/schemas/Ticker2"}
    assert found["Problem"]["type"] == "object"


def test_parameters_of_several_endpoints_are_components(spec: Spec) -> None:
    assert components(spec)["parameters"] == {
        "exchange": {
            "name": "exchange",
            "in": "path",
            "description": "Name of the exchange.",
            "required": True,
            "schema": {"type": "string"},
            "example": "binance",
        },
        "symbol": {
            "name": "symbol",
            "in": "path",
            "description": f"Market symbol. {SYMBOL_RULE}",
            "required": True,
            "schema": {"type": "string"},
            "example": "BTC-USDT",
        },
        "exchange_query": {
            "name": "exchange",
            "in": "query",
            "description": "Only this exchange.",
            "schema": {"type": "string"},
            "example": "kraken",
        },
    }


def test_a_parameter_of_one_endpoint_stands_in_its_operation(spec: Spec) -> None:
    paths = openapi.document(spec, prefix="")["paths"]
    assert paths["/newest/{exchange}"]["get"]["parameters"] == [
        {"$ref": "#/components/parameters/exchange"},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 100}},
    ]


def test_parameters_of_one_name_and_place_that_differ_are_numbered(
    make_spec: Callable[..., Spec], make_endpoint: Callable[..., Endpoint]
) -> None:
    account = Parameter("user_id", "path", "An account.", True, {"type": "integer"})
    user = Parameter("user_id", "path", "A user.", True, {"type": "integer"})
    spec = make_spec(
        make_endpoint("/a/{user_id}", "getA", parameters=(account,)),
        make_endpoint("/b/{user_id}", "getB", parameters=(user,)),
        make_endpoint("/c/{user_id}", "getC", parameters=(user,)),
        make_endpoint("/d/{user_id}", "getD", parameters=(account,)),
    )
    document = openapi.document(spec, prefix="")
    named = {name: value["description"] for name, value in document["components"]["parameters"].items()}
    assert named == {"user_id": "An account.", "user_id2": "A user."}
    assert document["paths"]["/c/{user_id}"]["get"]["parameters"] == [
        {"$ref": "#/components/parameters/user_id2"}
    ]


def test_a_document_without_shared_parameters_has_no_such_components(
    make_spec: Callable[..., Spec], make_endpoint: Callable[..., Endpoint]
) -> None:
    spec = make_spec(make_endpoint())
    assert list(components(spec)) == ["schemas", "responses", "headers"]
    assert "parameters" not in openapi.document(spec, prefix="")["paths"]["/one"]["get"]


@pytest.mark.parametrize(
    ("description", "documented"),
    [
        ("", SYMBOL_RULE),
        ("A symbol.\n", f"A symbol. {SYMBOL_RULE}"),
        ("A symbol; `%2F` is a slash.", "A symbol; `%2F` is a slash."),
    ],
)
def test_a_symbols_description_tells_how_to_write_one(
    make_spec: Callable[..., Spec],
    make_endpoint: Callable[..., Endpoint],
    description: str,
    documented: str,
) -> None:
    symbol = Parameter(
        "symbol", "query", description, True, {"type": "string"}, decode="symbol", deprecated=True
    )
    spec = make_spec(make_endpoint(parameters=(symbol,)))
    assert openapi.document(spec, prefix="")["paths"]["/one"]["get"]["parameters"] == [
        {
            "name": "symbol",
            "in": "query",
            "description": documented,
            "required": True,
            "deprecated": True,
            "schema": {"type": "string"},
        }
    ]


@pytest.mark.parametrize(
    ("own", "demands", "documented"),
    [
        ({"type": "string"}, {"pattern": "^[^:]+$"}, {"type": "string", "pattern": "^[^:]+$"}),
        ({"type": "string", "pattern": "^a$"}, {"pattern": "^[^:]+$"}, {"type": "string", "pattern": "^a$"}),
        ({"type": "string", "enum": ["a"]}, {"pattern": "^[^:]+$"}, {"type": "string", "enum": ["a"]}),
        ({"type": "string", "const": "a"}, {"pattern": "^[^:]+$"}, {"type": "string", "const": "a"}),
        (
            {"type": "integer", "minimum": 1, "maximum": 50},
            {"minimum": 0, "maximum": 20},
            {"type": "integer", "minimum": 1, "maximum": 20},
        ),
        (
            {"type": "string", "minLength": 0, "maxLength": 5},
            {"minLength": 1, "maxLength": 9},
            {"type": "string", "minLength": 1, "maxLength": 5},
        ),
    ],
)
def test_a_parameters_schema_is_as_tight_as_the_read_demands(
    make_spec: Callable[..., Spec],
    make_fed_endpoint: Callable[[JsonObject, JsonObject], Endpoint],
    own: JsonObject,
    demands: JsonObject,
    documented: JsonObject,
) -> None:
    document = openapi.document(make_spec(make_fed_endpoint(own, demands)), prefix="")
    assert document["paths"]["/one"]["get"]["parameters"][0]["schema"] == documented


def test_a_problem_response_shows_one_realistic_problem(spec: Spec) -> None:
    assert components(spec)["responses"]["AmbiguousOrder"] == {
        "description": "The id names more than one cached order.",
        "headers": {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}},
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": {
                    "type": "/problems/ambiguous-order",
                    "title": "Ambiguous order",
                    "status": 409,
                    "detail": "The order id is cached on binance, kraken: say which with ?exchange=.",
                    "instance": "/api/orders/28457193/status",
                    "request_id": "0f8c2b7e5d1a4c39a86be2f7041d9c35",
                    "exchanges": ["binance", "kraken"],
                },
            }
        },
    }


def test_problem_responses_come_by_status_and_their_examples_fit_the_problem_schema(spec: Spec) -> None:
    found = components(spec)
    validator = jsonschema_rs.Draft202012Validator(found["schemas"]["Problem"], validate_formats=True)
    statuses = {}
    for name, response in found["responses"].items():
        if name != "NotModified":
            example = response["content"]["application/problem+json"]["example"]
            validator.validate(example)
            statuses[name] = (example["status"], example["type"])
    assert statuses == {
        "NotCached": (404, "/problems/not-cached"),
        "BadParameters": (400, "/problems/bad-parameters"),
        "AmbiguousOrder": (409, "/problems/ambiguous-order"),
        "AnswerTooLarge": (413, "/problems/answer-too-large"),
        "TargetTooLong": (414, "/problems/target-too-long"),
        "RateLimited": (429, "/problems/rate-limited"),
        "CorruptCache": (502, "/problems/corrupt-cache"),
        "CacheUnavailable": (503, "/problems/cache-unavailable"),
        "CacheTimeout": (504, "/problems/cache-timeout"),
        "InternalError": (500, "/problems/internal-error"),
    }


def test_problems_that_no_operation_answers_with_are_no_components(
    make_spec: Callable[..., Spec], make_endpoint: Callable[..., Endpoint]
) -> None:
    assert list(components(make_spec(make_endpoint()))["responses"]) == [
        "NotModified",
        "BadParameters",
        "AnswerTooLarge",
        "TargetTooLong",
        "RateLimited",
        "CorruptCache",
        "CacheUnavailable",
        "CacheTimeout",
        "InternalError",
    ]


@pytest.mark.parametrize("name", ["CacheUnavailable", "RateLimited"])
def test_what_passes_says_when_to_try_again(spec: Spec, name: str) -> None:
    found = components(spec)
    assert found["responses"][name]["headers"] == {
        "X-Request-ID": {"$ref": "#/components/headers/RequestId"},
        "Retry-After": {"$ref": "#/components/headers/RetryAfter"},
    }
    assert found["headers"]["RetryAfter"]["schema"] == {"type": "integer", "minimum": 0}


def test_an_answer_that_is_not_modified_has_no_content(spec: Spec) -> None:
    assert components(spec)["responses"]["NotModified"] == {
        "description": "The answer is still the one that `If-None-Match` names.",
        "headers": {
            "ETag": {"$ref": "#/components/headers/ETag"},
            "Cache-Control": {"$ref": "#/components/headers/CacheControl"},
        },
    }


def test_the_problem_schemas_own_examples_use_the_words_of_the_table() -> None:
    schema = json.loads((resource("schemas") / "problem.json").read_text(encoding="utf-8"))
    table = {kind.type: (kind.title, kind.status) for kind in PROBLEMS}
    assert [(example["title"], example["status"]) for example in schema["examples"]] == [
        table[example["type"]] for example in schema["examples"]
    ]


def test_every_kind_of_problem_has_its_status() -> None:
    assert {kind.type: kind.status for kind in PROBLEMS} == {
        "/problems/not-cached": 404,
        "/problems/no-such-endpoint": 404,
        "/problems/method-not-allowed": 405,
        "/problems/bad-parameters": 400,
        "/problems/unauthenticated": 401,
        "/problems/forbidden": 403,
        "/problems/ambiguous-order": 409,
        "/problems/batch-too-large": 413,
        "/problems/answer-too-large": 413,
        "/problems/bad-request": 400,
        "/problems/misdirected": 421,
        "/problems/request-timeout": 408,
        "/problems/target-too-long": 414,
        "/problems/headers-too-large": 431,
        "/problems/rate-limited": 429,
        "/problems/overloaded": 503,
        "/problems/corrupt-cache": 502,
        "/problems/cache-unavailable": 503,
        "/problems/authentication-unavailable": 503,
        "/problems/cache-timeout": 504,
        "/problems/internal-error": 500,
    }
