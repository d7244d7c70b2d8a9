"""The host's OpenAPI document with the gateway's operations in it."""

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Header
from hosts import Ticker, dangling, get_orm_routers, require_key
from openapi_spec_validator import validate
from support import CHECKOUT, settings_for

from fullon_cache_api import FullonCacheGateway, get_all_routers, load_spec, mount_cache

SETTINGS = settings_for("redis://127.0.0.1:1/0")
SPEC = load_spec(CHECKOUT / "endpoints.yaml")
PATH = "/api/v1/cache"
TICKER = f"{PATH}/tickers/{{exchange}}/{{symbol}}"


def with_routers(app: FastAPI) -> FastAPI:
    for router in get_all_routers(spec=SPEC, settings=SETTINGS):
        app.include_router(router, prefix=PATH, tags=["Cache"])
    return app


def with_mount(app: FastAPI) -> FastAPI:
    mount_cache(app, PATH, spec=SPEC, settings=SETTINGS, public=True)
    return app


def parameters(document: dict[str, Any], path: str) -> list[tuple[str, str]]:
    shared = document["components"].get("parameters", {})
    named = document["paths"][path]["get"].get("parameters", [])
    whole = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in named]
    return [(one["in"], one["name"]) for one in whole]


def schema_of(document: dict[str, Any], path: str, status: str = "200") -> dict[str, Any]:
    response = document["paths"][path]["get"]["responses"][status]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    media = next(iter(response["content"].values()))
    # The whole answer, and then what `fields` selects of it.
    whole = media["schema"].get("anyOf", [media["schema"]])[0]
    schema: dict[str, Any] = document["components"]["schemas"][whole["$ref"].rpartition("/")[2]]
    return schema


@pytest.mark.parametrize("compose", [with_routers, with_mount])
def test_the_document_is_whole_and_valid(compose: Any) -> None:
    own = FullonCacheGateway(prefix=PATH, spec=SPEC, settings=SETTINGS)
    document = compose(FastAPI(title="Host")).openapi()
    validate(document)
    assert dangling(document) == set()
    assert document["info"]["title"] == "Host"
    assert {PATH + endpoint.path for endpoint in own.spec.endpoints} <= {*document["paths"]}
    operations = [item["get"]["operationId"] for item in document["paths"].values()]
    assert {endpoint.operation_id for endpoint in own.spec.endpoints} <= {*operations}
    assert all(item.keys() == {"get"} for item in document["paths"].values())
    assert parameters(document, TICKER) == [("path", "exchange"), ("path", "symbol"), ("query", "fields")]
    assert ("query", "count") in parameters(document, f"{PATH}/ohlcv/{{symbol}}/{{timeframe}}")
    assert document["paths"][TICKER]["get"]["tags"][-1] == "Tickers"
    assert schema_of(document, TICKER)["required"] == [
        "exchange",
        "symbol",
        "ticker",
        "cached_at",
        "cache_hit",
    ]
    assert "request_id" in schema_of(document, TICKER, "404")["properties"]
    assert schema_of(document, f"{PATH}/tickers")["properties"]["tickers"]["items"] == {
        "$ref": "#/components/schemas/Ticker"
    }


def test_a_problem_stands_under_its_own_media_type_alone() -> None:
    operation = with_routers(FastAPI()).openapi()["paths"][TICKER]["get"]
    assert list(operation["responses"]["200"]["content"]) == ["application/json"]
    assert list(operation["responses"]["503"]["content"]) == ["application/problem+json"]


@pytest.mark.parametrize("compose", [with_routers, with_mount])
def test_a_schema_of_the_hosts_with_the_same_name_stays_apart(compose: Any) -> None:
    app = FastAPI()
    for router in get_orm_routers():
        app.include_router(router, prefix="/db")
    document = compose(app).openapi()
    validate(document)
    assert dangling(document) == set()
    assert [*schema_of(document, "/db/users/{user_id}")["properties"]] == ["mine"]
    assert "cache_hit" in schema_of(document, TICKER)["properties"]
    nested = schema_of(document, f"{PATH}/tickers")["properties"]["tickers"]["items"]["$ref"]
    assert "cache_hit" in document["components"]["schemas"][nested.rpartition("/")[2]]["properties"]


def test_a_mount_leaves_the_hosts_own_names_as_they_are() -> None:
    app = FastAPI(openapi_tags=[{"name": "Tickers", "description": "Mine."}])

    @app.get("/mine", operation_id="getTicker")
    def mine() -> Ticker:
        return Ticker(mine=1)

    before = app.openapi()
    document = with_mount(app).openapi()
    assert document["components"]["schemas"]["Ticker"] == before["components"]["schemas"]["Ticker"]
    assert document["paths"]["/mine"] == before["paths"]["/mine"]
    assert document["paths"][TICKER]["get"]["operationId"] == "CacheGetTicker"
    assert schema_of(document, TICKER) == document["components"]["schemas"]["CacheTicker"]
    assert document["tags"][0] == {"name": "Tickers", "description": "Mine."}
    assert [tag["name"] for tag in document["tags"]].count("Tickers") == 1


def test_routes_that_are_added_later_are_in_the_document() -> None:
    app = with_mount(FastAPI())
    first = app.openapi()
    assert app.openapi() is first

    @app.get("/later")
    def later() -> int:
        return 1

    assert {"/later", TICKER} <= {*app.openapi()["paths"]}
    assert "/later" not in first["paths"]


def test_what_the_host_has_at_a_path_before_a_mount_stays_in_the_document() -> None:
    app = FastAPI()
    for method in ("GET", "POST"):
        app.add_api_route(f"{PATH}/accounts", lambda: None, methods=[method], summary="The host's")
    app.add_api_route(f"{PATH}/bots", lambda: None, methods=["POST"], summary="The host's")
    with_mount(app)
    app.add_api_route(f"{PATH}/positions", lambda: None, methods=["GET"], summary="The host's")
    document = app.openapi()
    summaries = {
        path: {method: operation["summary"] for method, operation in document["paths"][PATH + path].items()}
        for path in ("/accounts", "/bots", "/positions")
    }
    assert summaries == {
        "/accounts": {"get": "The host's", "post": "The host's"},
        "/bots": {"get": "Reports of all bots", "post": "The host's"},
        "/positions": {"get": "Positions of all accounts"},
    }


def test_two_mounts_of_one_spec_share_their_schemas() -> None:
    app = with_mount(FastAPI())
    one = {*app.openapi()["components"]["schemas"]}
    mount_cache(app, "/other", spec=SPEC, settings=SETTINGS, public=True)
    document = app.openapi()
    validate(document)
    assert {*document["components"]["schemas"]} == one
    assert document["paths"]["/other/tickers"]["get"]["operationId"] == "CacheListTickers"


def test_two_sets_of_routers_share_their_schemas() -> None:
    app = with_routers(FastAPI())
    one = {*app.openapi()["components"]["schemas"]}
    for router in get_all_routers(spec=SPEC, settings=SETTINGS, operation_id_prefix="other_"):
        app.include_router(router, prefix="/other")
    app.openapi_schema = None
    document = app.openapi()
    assert {*document["components"]["schemas"]} == one
    validate(document)
    assert document["paths"]["/other/tickers"]["get"]["operationId"] == "other_listTickers"
    assert app.url_path_for("other_listTickers") == "/other/tickers"


def traced(trace: Annotated[str, Header()], symbol: str = "", limit: int = 1) -> None:
    """A dependency that declares parameters, some with names that endpoints have."""


def test_what_the_dependencies_of_a_mount_ask_for_is_documented() -> None:
    app = FastAPI(dependencies=[Depends(traced)])
    mount_cache(app, PATH, spec=SPEC, settings=SETTINGS, dependencies=[Depends(require_key)])
    document = app.openapi()
    validate(document)
    assert dangling(document) == set()
    operation = document["paths"][TICKER]["get"]
    assert operation["security"] == [{"APIKeyHeader": []}]
    assert document["components"]["securitySchemes"]["APIKeyHeader"]["name"] == "X-API-Key"
    assert ("header", "trace") in parameters(document, TICKER)
    assert parameters(document, f"{PATH}/trades/{{exchange}}/{{symbol}}").count(("query", "limit")) == 1
    assert "422" in operation["responses"]
    assert operation["responses"]["200"]["description"] == "The answer."


def test_what_the_dependencies_of_routers_ask_for_is_documented() -> None:
    app = FastAPI()
    for router in get_all_routers(spec=SPEC, settings=SETTINGS, dependencies=[Depends(require_key)]):
        app.include_router(router, prefix=PATH)
    document = app.openapi()
    validate(document)
    assert document["paths"][TICKER]["get"]["security"] == [{"APIKeyHeader": []}]


def test_an_endpoint_without_parameters_gets_those_of_the_guard() -> None:
    app = FastAPI()
    mount_cache(app, PATH, spec=SPEC, settings=SETTINGS, dependencies=[Depends(traced)])
    assert ("header", "trace") in parameters(app.openapi(), f"{PATH}/tickers")
