"""The document of the spec that comes with the package."""

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from fullon_cache_api import openapi
from fullon_cache_api.reads import CATALOGUE
from fullon_cache_api.resources import resource
from fullon_cache_api.spec import Spec, load_spec


@pytest.fixture(scope="module")
def shipped() -> Spec:
    return load_spec(resource("endpoints.yaml"), CATALOGUE, resource("schemas"))


def test_the_shipped_specs_document_is_valid_openapi(shipped: Spec) -> None:
    document = openapi.document(shipped, prefix="/api")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_shipped_operation_shows_an_example_and_describes_each_parameter(shipped: Spec) -> None:
    document = openapi.document(shipped, prefix="/api")
    shared = document["components"]["parameters"]
    for path, item in document["paths"].items():
        operation = item["get"]
        assert "example" in operation["responses"]["200"]["content"]["application/json"], path
        for parameter in operation.get("parameters", []):
            if "$ref" in parameter:
                parameter = shared[parameter["$ref"].rpartition("/")[2]]
            assert {"description", "schema", "example"} <= parameter.keys(), path


def test_only_the_order_status_can_be_ambiguous(shipped: Spec) -> None:
    paths = openapi.document(shipped, prefix="/api")["paths"]
    ambiguous = [path for path, item in paths.items() if "409" in item["get"]["responses"]]
    assert ambiguous == ["/api/orders/{order_id}/status"]


def test_collections_come_in_three_media_types_and_all_else_in_json(shipped: Spec) -> None:
    paths = openapi.document(shipped, prefix="/api")["paths"]
    contents = {path: list(item["get"]["responses"]["200"]["content"]) for path, item in paths.items()}
    three = ["application/json", "application/x-ndjson", "text/csv"]
    assert {path for path, content in contents.items() if content == three} == {
        f"/api{path}"
        for path in (
            "/tickers",
            "/tickers/{exchange}",
            "/symbols/{symbol}/tickers",
            "/accounts",
            "/accounts/{user_id}/positions",
            "/positions",
            "/orders/{user_id}/orders",
            "/exchanges/{exchange}/orders",
            "/bots",
            "/bots/blocks",
            "/trades/{exchange}/{symbol}",
            "/trades/users/{user_id}/{exchange}",
            "/trades/status",
            "/ohlcv/{symbol}/{timeframe}",
            "/processes",
            "/processes/top",
        )
    }
    assert all(
        content == ["application/json"]
        for path, content in contents.items()
        if content != three and path.startswith("/api")
    )
