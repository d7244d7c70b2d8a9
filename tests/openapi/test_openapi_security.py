"""What the document says of who may ask."""

from pathlib import Path
from typing import Any

import pytest
from guarded import write_guarded
from openapi_spec_validator import OpenAPIV31SpecValidator
from support import CHECKOUT

from fullon_cache_api import openapi
from fullon_cache_api.loading import load


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document of the shipped spec with its security switched on, and one endpoint open."""
    desk = write_guarded(tmp_path_factory.mktemp("guarded"))
    text = desk.spec.read_text()
    opened = "  /tickers/{exchange}:\n"
    assert opened in text
    head, tail = text.split(opened)
    tail = tail.replace("    scopes: [market:read]\n", "    security: []\n", 1)
    desk.spec.write_text(head + opened + tail)
    return openapi.document(load(desk.spec), prefix="/api")


def operation(document: dict[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path]["get"]
    return found


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_it_has_the_schemes_and_nothing_of_how_a_token_is_verified(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"] == {
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    }
    assert document["security"] == [{"apiKey": []}, {"token": []}]


@pytest.mark.parametrize(
    ("path", "security", "refusals"),
    [
        ("/api/tickers", [{"apiKey": ["market:read"]}, {"token": ["market:read"]}], {"401", "403"}),
        (
            "/api/accounts",
            [{"apiKey": ["accounts:read", "accounts:all"]}, {"token": ["accounts:read", "accounts:all"]}],
            {"401", "403"},
        ),
        ("/api/tickers/{exchange}", [], set()),
        ("/api/batch", [{"apiKey": []}, {"token": []}], {"401"}),
        ("/health", [], set()),
        ("/health/live", [], set()),
        ("/health/ready", [], set()),
    ],
)
def test_each_operation_says_what_it_asks_for(
    document: dict[str, Any], path: str, security: list[Any], refusals: set[str]
) -> None:
    found = operation(document, path)
    assert found["security"] == security
    assert found["responses"].keys() & {"401", "403"} == refusals


def test_who_is_refused_gets_a_problem_that_is_described(document: dict[str, Any]) -> None:
    responses = operation(document, "/api/tickers")["responses"]
    assert responses["401"] == {"$ref": "#/components/responses/Unauthenticated"}
    assert responses["403"] == {"$ref": "#/components/responses/Forbidden"}
    unauthenticated = document["components"]["responses"]["Unauthenticated"]
    assert unauthenticated["headers"].keys() == {"X-Request-ID", "WWW-Authenticate"}
    forbidden = document["components"]["responses"]["Forbidden"]
    assert forbidden["headers"].keys() == {"X-Request-ID"}
    example = forbidden["content"]["application/problem+json"]["example"]
    assert (example["status"], example["scopes"]) == (403, ["market:read"])


def test_where_only_who_asks_matters_nobody_is_forbidden(tmp_path: Path) -> None:
    desk = write_guarded(tmp_path)
    desk.spec.write_text(desk.spec.read_text().replace("    scopes: [market:read]\n", ""))
    found = openapi.document(load(desk.spec), prefix="")
    assert operation(found, "/tickers")["responses"].keys() & {"401", "403"} == {"401"}
    assert operation(found, "/tickers")["security"] == [{"apiKey": []}, {"token": []}]
    assert operation(found, "/accounts/{user_id}/positions")["responses"].keys() >= {"401", "403"}


def test_descriptions_of_schemes_are_shown(tmp_path: Path) -> None:
    schemes = """
securitySchemes:
  apiKey: {type: apiKey, in: header, name: X-Key, description: From the desk.}
  token: {type: http, scheme: bearer, algorithm: HS256, issuer: me, audience: me, description: From me.}
security: [token]
"""
    desk = write_guarded(tmp_path, schemes.replace("[token]", "[token, apiKey]"))
    found = openapi.document(load(desk.spec), prefix="")["components"]
    assert isinstance(found, dict)
    assert found["securitySchemes"] == {
        "apiKey": {"type": "apiKey", "description": "From the desk.", "in": "header", "name": "X-Key"},
        "token": {"type": "http", "description": "From me.", "scheme": "bearer", "bearerFormat": "JWT"},
    }


def test_where_nobody_is_asked_it_says_nothing_of_it() -> None:
    found: dict[str, Any] = openapi.document(load(CHECKOUT / "endpoints.yaml"), prefix="")
    assert found["security"] == []
    assert "securitySchemes" not in found["components"]
    assert not found["components"]["responses"].keys() & {"Unauthenticated", "Forbidden"}
    for item in found["paths"].values():
        assert "security" not in item["get"]
        assert not item["get"]["responses"].keys() & {"401", "403"}
