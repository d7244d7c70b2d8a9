"""The OpenAPI document: its root, its operations, its health endpoints."""

import copy
from collections.abc import Callable, Iterator

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from fullon_cache_api import openapi
from fullon_cache_api.spec import Endpoint, ReadSignature, Spec, Tag
from fullon_cache_api.spec.json import PlainJson, PlainObject

HTTP_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def references(value: PlainJson) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(ref := value.get("$ref"), str):
            yield ref
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for element in value:
            yield from references(element)


def resolve(document: PlainObject, ref: str) -> PlainJson:
    assert ref.startswith("#/")
    value: PlainJson = document
    for token in ref[2:].split("/"):
        assert isinstance(value, dict)
        value = value[token]
    return value


@pytest.mark.parametrize("prefix", ["/api", ""])
@pytest.mark.parametrize("server", ["/", "/api/v1/cache"])
def test_the_document_is_valid_openapi(spec: Spec, prefix: str, server: str) -> None:
    document = openapi.document(spec, prefix=prefix, server=server)
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_the_root_says_the_version_and_that_no_credentials_are_needed(spec: Spec) -> None:
    document = openapi.document(spec, prefix="/api")
    assert list(document) == ["openapi", "info", "servers", "security", "tags", "paths", "components"]
    assert document["openapi"] == "3.1.0"
    assert document["security"] == []


def test_the_info_object_is_the_one_of_the_spec(spec: Spec) -> None:
    assert openapi.document(spec, prefix="/api")["info"] == {
        "title": "Spot prices",
        "version": "2.1.0",
        "description": "Prices, over HTTP.",
        "license": {"name": "MIT", "identifier": "MIT"},
        "contact": {"name": "Desk", "url": "https://example.org/desk"},
    }


@pytest.mark.parametrize(
    ("server", "url"), [("/", "/"), ("", "/"), ("/api/v1/cache", "/api/v1/cache"), ("/cache/", "/cache")]
)
def test_the_server_is_the_root_path_without_a_slash_at_its_end(spec: Spec, server: str, url: str) -> None:
    assert openapi.document(spec, prefix="/api", server=server)["servers"] == [{"url": url}]


@pytest.mark.parametrize(
    ("prefix", "start"), [("/api", "/api"), ("", ""), ("/", ""), ("/v1/cache", "/v1/cache")]
)
def test_the_prefix_stands_before_the_paths_of_the_spec_only(spec: Spec, prefix: str, start: str) -> None:
    assert list(openapi.document(spec, prefix=prefix)["paths"]) == [
        f"{start}/tickers",
        f"{start}/tickers/{{exchange}}/{{symbol}}",
        f"{start}/newest/{{exchange}}",
        f"{start}/orders/{{order_id}}/status",
        f"{start}/blocked/{{exchange}}/{{symbol}}",
        f"{start}/batch",
        "/health",
        "/health/live",
        "/health/ready",
    ]


def test_the_prefix_stands_in_the_examples_of_problems(spec: Spec) -> None:
    responses = openapi.document(spec, prefix="/v1")["components"]["responses"]
    example = responses["NotCached"]["content"]["application/problem+json"]["example"]
    assert example["instance"] == "/v1/tickers/binance/BTC-USDT"


def test_the_tags_are_those_of_the_spec_and_system(spec: Spec) -> None:
    assert openapi.document(spec, prefix="/api")["tags"] == [
        {"name": "Prices", "description": "What things cost."},
        {"name": "Orders"},
        {"name": "Batch", "description": "Several endpoints in one request."},
        {"name": "System", "description": "The gateway itself: whether it lives, and whether it can answer."},
    ]


def test_a_spec_that_has_a_system_tag_keeps_its_own(make_spec: Callable[..., Spec]) -> None:
    spec = make_spec(tags=(Tag("System", "Ours."), Tag("Batch", ""), Tag("Prices", "")))
    assert openapi.document(spec, prefix="")["tags"] == [
        {"name": "System", "description": "Ours."},
        {"name": "Batch"},
        {"name": "Prices"},
    ]


def test_an_operation_is_all_that_the_spec_says_of_an_endpoint(spec: Spec) -> None:
    assert openapi.document(spec, prefix="/api")["paths"]["/api/tickers/{exchange}/{symbol}"] == {
        "get": {
            "operationId": "getTicker",
            "tags": ["Prices"],
            "summary": "Summary of getTicker",
            "description": "Description of getTicker.",
            "parameters": [
                {"$ref": "#/components/parameters/exchange"},
                {"$ref": "#/components/parameters/symbol"},
            ],
            "responses": {
                "200": {
                    "description": "The answer.",
                    "headers": {
                        "ETag": {"$ref": "#/components/headers/ETag"},
                        "Cache-Control": {"$ref": "#/components/headers/CacheControl"},
                        "Age": {"$ref": "#/components/headers/Age"},
                    },
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Ticker"},
                            "example": {
                                "symbol": "BTC-USDT",
                                "last": 45025.5,
                                "cached_at": "2024-01-01T12:00:00Z",
                            },
                        }
                    },
                },
                "304": {"$ref": "#/components/responses/NotModified"},
                "400": {"$ref": "#/components/responses/BadParameters"},
                "404": {"$ref": "#/components/responses/NotCached"},
                "413": {"$ref": "#/components/responses/AnswerTooLarge"},
                "414": {"$ref": "#/components/responses/TargetTooLong"},
                "429": {"$ref": "#/components/responses/RateLimited"},
                "500": {"$ref": "#/components/responses/InternalError"},
                "502": {"$ref": "#/components/responses/CorruptCache"},
                "503": {"$ref": "#/components/responses/CacheUnavailable"},
                "504": {"$ref": "#/components/responses/CacheTimeout"},
            },
        }
    }


def test_an_operation_leaves_out_what_the_spec_does_not_say(spec: Spec) -> None:
    operation = openapi.document(spec, prefix="")["paths"]["/blocked/{exchange}/{symbol}"]["get"]
    assert list(operation) == ["operationId", "summary", "deprecated", "parameters", "responses"]
    assert operation["deprecated"] is True
    assert operation["responses"]["200"]["content"] == {
        "application/json": {"schema": {"$ref": "#/components/schemas/Blocked"}}
    }


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/tickers", "200 304 400 413 414 429 500 502 503 504"),
        (
            "/tickers/{exchange}/{symbol}",
            "200 304 400 404 413 414 429 500 502 503 504",
        ),
        ("/newest/{exchange}", "200 304 400 404 413 414 429 500 502 503 504"),
        (
            "/orders/{order_id}/status",
            "200 304 400 404 409 413 414 429 500 502 503 504",
        ),
        ("/blocked/{exchange}/{symbol}", "200 304 400 413 414 429 500 502 503 504"),
        ("/health", "200 400 500 503"),
        ("/health/live", "200 400 500"),
        ("/health/ready", "200 400 500 503"),
    ],
)
def test_an_operation_has_the_statuses_that_can_happen(spec: Spec, path: str, statuses: str) -> None:
    responses = openapi.document(spec, prefix="")["paths"][path]["get"]["responses"]
    assert " ".join(responses) == statuses


def test_a_collection_that_the_read_can_miss_altogether_can_be_not_found(
    make_spec: Callable[..., Spec], make_endpoint: Callable[..., Endpoint]
) -> None:
    read = ReadSignature("Cache.read", "Reads.", (), (), (), {}, elements="symbol", absent=True)
    document = openapi.document(make_spec(make_endpoint(read=read, empty=200)), prefix="")
    assert "404" in document["paths"]["/one"]["get"]["responses"]


def test_the_health_endpoint_tells_a_healthy_answer_from_an_unhealthy_one(spec: Spec) -> None:
    operation = openapi.document(spec, prefix="/api")["paths"]["/health"]["get"]
    assert operation["operationId"] == "getHealth"
    assert operation["tags"] == ["System"]
    assert operation["responses"]["503"] == {
        "description": "Redis does not answer.",
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Health"},
                "example": {
                    "status": "unavailable",
                    "version": "1.0.0",
                    "uptime_seconds": 3605.5,
                    "redis": {
                        "status": "unavailable",
                        "latency_ms": None,
                        "mode": "standalone",
                        "circuit": "open",
                    },
                },
            }
        },
    }
    healthy = operation["responses"]["200"]["content"]["application/json"]
    assert healthy["example"]["status"] == "ok"


@pytest.mark.parametrize(
    ("path", "status", "schema", "body"),
    [
        ("/health/live", "200", "Liveness", "alive"),
        ("/health/ready", "200", "Readiness", "ready"),
        ("/health/ready", "503", "Readiness", "unavailable"),
    ],
)
def test_a_probe_answers_with_its_status_alone(
    spec: Spec, path: str, status: str, schema: str, body: str
) -> None:
    document = openapi.document(spec, prefix="/api")
    assert document["paths"][path]["get"]["responses"][status]["content"] == {
        "application/json": {
            "schema": {"$ref": f"#/components/schemas/{schema}"},
            "example": {"status": body},
        }
    }


def test_the_readiness_schema_says_what_each_status_means(spec: Spec) -> None:
    schemas = openapi.document(spec, prefix="/api")["components"]["schemas"]
    assert schemas["Readiness"]["properties"] == {
        "status": {
            "type": "string",
            "enum": ["ready", "unavailable", "stopping"],
            "description": (
                "ready: Redis answers; unavailable: it does not; stopping: the gateway is about to end."
            ),
        }
    }


def test_operation_ids_are_unique_even_where_a_spec_takes_one_of_the_gateways_own(
    make_spec: Callable[..., Spec], make_endpoint: Callable[..., Endpoint]
) -> None:
    spec = make_spec(make_endpoint("/a", "getHealth"), make_endpoint("/b", "getLiveness"))
    paths = openapi.document(spec, prefix="")["paths"]
    assert {path: item["get"]["operationId"] for path, item in paths.items()} == {
        "/a": "getHealth",
        "/b": "getLiveness",
        "/batch": "getBatch",
        "/health": "getHealth2",
        "/health/live": "getLiveness2",
        "/health/ready": "getReadiness",
    }


def test_a_batch_of_the_specs_own_wins(
    make_spec: Callable[..., Spec], make_endpoint: Callable[..., Endpoint]
) -> None:
    document = openapi.document(make_spec(make_endpoint("/batch", "getOurs")), prefix="/api")
    assert document["paths"]["/api/batch"]["get"]["operationId"] == "getOurs"
    assert [tag["name"] for tag in document["tags"]] == ["Prices", "Orders", "System"]


def test_a_batch_says_what_can_be_asked_and_what_is_answered(spec: Spec) -> None:
    document = openapi.document(spec, prefix="/api")
    operation = document["paths"]["/api/batch"]["get"]
    (get,) = operation["parameters"]
    assert (get["name"], get["in"], get["required"]) == ("get", "query", True)
    assert (get["style"], get["explode"]) == ("form", True)
    assert get["schema"] == {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 50}
    assert " ".join(operation["responses"]) == "200 304 400 413 414 429 500 503 504"
    content = operation["responses"]["200"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Batch"}


def test_only_get_is_documented(spec: Spec) -> None:
    paths = openapi.document(spec, prefix="/api")["paths"]
    assert {method for item in paths.values() for method in HTTP_METHODS & item.keys()} == {"get"}


def test_every_reference_leads_somewhere_and_every_component_is_referred_to(spec: Spec) -> None:
    document = openapi.document(spec, prefix="/api")
    found = set(references(document))
    for ref in found:
        assert isinstance(resolve(document, ref), dict)
    assert {
        f"#/components/{kind}/{name}" for kind, members in document["components"].items() for name in members
    } <= {"/".join(ref.split("/")[:4]) for ref in found}


def test_a_document_can_be_changed_without_changing_the_next_one(spec: Spec) -> None:
    first = openapi.document(spec, prefix="/api")
    untouched = copy.deepcopy(first)
    scramble(first)
    assert openapi.document(spec, prefix="/api") == untouched


def scramble(value: PlainJson) -> None:
    members = list(value.values()) if isinstance(value, dict) else value
    for member in members if isinstance(members, list) else ():
        scramble(member)
    if isinstance(value, (dict, list)):
        value.clear()
