"""The security of the spec inside a host: it holds in every composition, beside what the host asks for."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import redis
from endpoints.layout import POSITION, put_positions
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import APIKeyHeader
from guarded import Guarded, write_guarded
from hosts import store_ticker
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount
from support import serving_app

from fullon_cache_api import FullonCacheGateway, get_all_routers, mount_cache
from fullon_cache_api.demo import EmbeddedServer

PATH = "/api/v1/cache"
TICKER = f"{PATH}/tickers/binance/BTC-USDT"
HOST = {"X-Host": "open sesame"}
SCHEMES = [{"apiKey": ["market:read"]}, {"token": ["market:read"]}]

_host_key = APIKeyHeader(name="X-Host", scheme_name="apiKey", auto_error=False)


def require_host(request: Request, key: str | None = Depends(_host_key)) -> None:
    if key != HOST["X-Host"]:
        raise HTTPException(418)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    return write_guarded(tmp_path_factory.mktemp("guarded"))


@pytest.fixture(autouse=True)
def cached(writer: "redis.Redis") -> None:
    store_ticker(writer, "binance", "BTC/USDT", 42.0)
    for account in (1, 3):
        put_positions(writer, account, {"BTC/USDT": {**POSITION, "volume": account}})


def routers(desk: Guarded, url: str) -> Starlette:
    app = FastAPI()
    for router in get_all_routers(spec=desk.spec, settings=desk.settings(url)):
        app.include_router(router, prefix=PATH)
    return app


def guarded_routers(desk: Guarded, url: str) -> Starlette:
    app = FastAPI()
    for router in get_all_routers(spec=desk.spec, settings=desk.settings(url)):
        app.include_router(router, prefix=PATH, dependencies=[Depends(require_host)])
    return app


def public_mount(desk: Guarded, url: str) -> Starlette:
    app = FastAPI()
    mount_cache(app, PATH, spec=desk.spec, settings=desk.settings(url), public=True)
    return app


def guarded_mount(desk: Guarded, url: str) -> Starlette:
    app = FastAPI()
    dependencies = [Depends(require_host)]
    mount_cache(app, PATH, spec=desk.spec, settings=desk.settings(url), dependencies=dependencies)
    return app


def starlette_mount(desk: Guarded, url: str) -> Starlette:
    gateway = FullonCacheGateway(prefix="", settings=desk.settings(url))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with gateway:
            yield

    return Starlette(routes=[Mount(PATH, app=gateway.get_app())], lifespan=lifespan)


HOSTS = [routers, guarded_routers, public_mount, guarded_mount, starlette_mount]
Compose = Callable[[Guarded, str], Starlette]


@pytest.fixture(scope="module", params=HOSTS, ids=lambda compose: compose.__name__)
def host(
    request: pytest.FixtureRequest, desk: Guarded, redis_server: EmbeddedServer
) -> Iterator[httpx.Client]:
    """A client, with the host's key, of a host of each kind."""
    compose: Compose = request.param
    with serving_app(compose(desk, redis_server.url)) as client:
        client.headers = HOST  # type: ignore[assignment]
        yield client


def test_the_spec_asks_who_asks_wherever_it_is_served(host: httpx.Client, desk: Guarded) -> None:
    for method in ("GET", "HEAD"):
        refused = host.request(method, TICKER)
        assert refused.status_code == 401
        assert refused.headers.get_list("www-authenticate")[0].startswith("ApiKey ")
        assert host.request(method, TICKER, headers=desk.keys["nothing"]).status_code == 403
    answer = host.get(TICKER, headers=desk.keys["market"])
    assert answer.json()["ticker"]["last"] == 42.0
    known = {"If-None-Match": answer.headers["etag"]}
    assert host.get(TICKER, headers=known).status_code == 401
    assert host.get(TICKER, headers={**known, **desk.keys["market"]}).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/3/positions",
        "/accounts/%33/positions",
        "/accounts/3/positions?limit=x",
        "/accounts/3/positions?",
        "/%61ccounts/3/positions",
        "/accounts/1%2F3/positions",
        "/accounts/03/positions",
    ],
)
def test_no_path_of_a_host_leads_to_somebody_elses(host: httpx.Client, desk: Guarded, path: str) -> None:
    request = host.build_request("GET", "/", headers=desk.keys["accounts"])
    for prefix in (PATH, "/api/v1/%63ache", "/api%2Fv1/cache"):
        request.url = request.url.copy_with(raw_path=f"{prefix}{path}".encode())
        answer = host.send(request)
        assert answer.status_code in (403, 404), (prefix, answer.text)
        assert b"volume" not in answer.content
    mine = host.get(f"{PATH}/accounts/1/positions", headers=desk.keys["accounts"])
    assert mine.json()["positions"][0]["volume"] == 1.0


@pytest.mark.parametrize("compose", HOSTS[2:], ids=lambda compose: compose.__name__)
def test_a_batch_below_a_mount_asks_for_each(
    compose: Compose, desk: Guarded, redis_server: EmbeddedServer
) -> None:
    gets = [
        ("get", "/tickers/binance/BTC-USDT"),
        ("get", "/accounts/1/positions"),
        ("get", "/accounts/3/positions"),
    ]
    with serving_app(compose(desk, redis_server.url)) as client:
        assert client.get(f"{PATH}/batch", params=gets, headers=HOST).status_code == 401
        headers = {**HOST, **desk.keys["accounts"]}
        answers = client.get(f"{PATH}/batch", params=gets, headers=headers).json()["answers"]
        assert [one["status"] for one in answers] == [403, 200, 403]


@pytest.mark.parametrize("compose", [guarded_routers, guarded_mount], ids=lambda compose: compose.__name__)
def test_the_host_asks_first_and_a_key_of_the_gateway_does_not_open_it(
    compose: Compose, desk: Guarded, redis_server: EmbeddedServer
) -> None:
    with serving_app(compose(desk, redis_server.url)) as client:
        assert client.get(TICKER, headers=desk.keys["all"]).status_code == 418
        assert client.get(TICKER, headers=HOST).status_code == 401


def document(compose: Compose, desk: Guarded) -> dict[str, object]:
    app = compose(desk, "redis://127.0.0.1:1/0")
    assert isinstance(app, FastAPI)
    found = app.openapi()
    assert list(OpenAPIV31SpecValidator(found).iter_errors()) == []
    return found


def security(found: object) -> object:
    return found["paths"][f"{PATH}/tickers/{{exchange}}/{{symbol}}"]["get"]["security"]  # type: ignore[index]


def test_a_hosts_document_says_what_the_gateway_asks_for(desk: Guarded) -> None:
    for compose in (routers, public_mount):
        found = document(compose, desk)
        assert sorted(security(found), key=str) == SCHEMES  # type: ignore[call-overload]
        schemes = found["components"]["securitySchemes"]  # type: ignore[index]
        assert schemes == {
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        }


def test_a_host_that_has_a_scheme_of_that_name_keeps_it_and_both_are_asked_for(desk: Guarded) -> None:
    found = document(guarded_mount, desk)
    assert found["components"]["securitySchemes"] == {  # type: ignore[index]
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-Host"},
        "CacheApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    }
    assert security(found) == [
        {"apiKey": [], "CacheApiKey": ["market:read"]},
        {"apiKey": [], "token": ["market:read"]},
    ]
    health = found["paths"][f"{PATH}/health"]["get"]  # type: ignore[index]
    assert health["security"] == [{"apiKey": []}]


def test_nothing_is_asked_for_where_the_spec_says_so(tmp_path: Path, redis_server: EmbeddedServer) -> None:
    desk = write_guarded(tmp_path)
    text = desk.spec.read_text()
    desk.spec.write_text(text.replace("    scopes: [market:read]\n", "    security: []\n"))
    for compose in HOSTS:
        with serving_app(compose(desk, redis_server.url)) as client:
            assert client.get(TICKER, headers=HOST).status_code == 200
            assert client.get(f"{PATH}/bots", headers=HOST).status_code == 401
