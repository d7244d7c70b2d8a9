"""GET /batch inside a host: behind its dependencies, and never further than the gateway's endpoints."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import pytest
import redis
from fastapi import Depends, FastAPI, Query
from hosts import KEY, require_key, require_query_key, store_ticker
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp
from support import CHECKOUT, serving_app, settings_for

from fullon_cache_api import FullonCacheGateway, get_all_routers, mount_cache
from fullon_cache_api.demo import EmbeddedServer

SPEC = CHECKOUT / "endpoints.yaml"
PATH = "/api/v1/cache"
GETS = [("get", "/tickers/binance/BTC-USDT"), ("get", "/tickers/binance/NO-SUCH")]


@pytest.fixture(autouse=True)
def redis_url(redis_server: EmbeddedServer, writer: "redis.Redis") -> str:
    """The address of a Redis that holds one ticker."""
    store_ticker(writer, "binance", "BTC/USDT", 42.0)
    return redis_server.url


def guarded(url: str) -> FastAPI:
    app = FastAPI()
    mount_cache(app, PATH, spec=SPEC, settings=settings_for(url), dependencies=[Depends(require_key)])
    return app


def public(url: str) -> FastAPI:
    app = FastAPI()
    mount_cache(app, PATH, spec=SPEC, settings=settings_for(url), public=True)
    return app


def starlette(url: str) -> Starlette:
    gateway = FullonCacheGateway(prefix="", spec=SPEC, settings=settings_for(url))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with gateway:
            yield

    return Starlette(routes=[Mount(PATH, app=gateway.get_app())], lifespan=lifespan)


@pytest.fixture(params=[guarded, public, starlette], ids=lambda make: make.__name__)
def host(request: pytest.FixtureRequest, redis_url: str) -> Iterator[httpx.Client]:
    """A client, with the key, of a host that has a secret of its own beside the gateway."""
    make: Callable[[str], Starlette] = request.param
    app = make(redis_url)
    app.routes.insert(0, Route("/secret", lambda request: PlainTextResponse("hidden")))
    app.routes.insert(0, Route("/api/v1/secret", lambda request: PlainTextResponse("hidden")))
    with serving_app(app) as client:
        client.headers = KEY  # type: ignore[assignment]
        yield client


def test_a_batch_is_answered_below_the_mount(host: httpx.Client) -> None:
    found, missing = host.get(f"{PATH}/batch", params=GETS).json()["answers"]
    assert (found["status"], found["body"]["ticker"]["last"]) == (200, 42.0)
    assert (missing["status"], missing["body"]["instance"]) == (404, f"{PATH}/tickers/binance/NO-SUCH")


@pytest.mark.slow
@pytest.mark.parametrize(
    "get",
    [
        *(
            "/secret",
            "/../secret",
            "/../../../secret",
            "/%2e%2e/secret",
            "/..%2Fsecret",
            "/tickers/../../secret",
        ),
        *(
            "//secret",
            "http://127.0.0.1/secret",
            "/api/v1/secret",
            f"{PATH}/tickers",
            "/openapi.json",
            "/docs",
        ),
    ],
)
def test_nothing_of_the_host_can_be_asked(host: httpx.Client, get: str) -> None:
    response = host.get(f"{PATH}/batch", params=[("get", get)])
    (one,) = response.json()["answers"]
    assert one["status"] in (400, 404)
    assert "hidden" not in response.text


def test_without_the_key_nothing_is_read(redis_url: str) -> None:
    with serving_app(guarded(redis_url)) as client:
        assert client.get(f"{PATH}/batch", params=GETS).status_code == 401
        assert client.get(f"{PATH}/%62atch", params=GETS).status_code == 401
        assert client.head(f"{PATH}/batch", params=GETS).status_code == 401
        assert client.get(f"{PATH}/batch", params=GETS, headers=KEY).json()["count"] == 2


def test_a_dependencys_own_parameters_are_no_gets(redis_url: str) -> None:
    def wants_get(get: Annotated[list[str], Query()]) -> None:
        assert get

    app = FastAPI()
    guard = [Depends(require_query_key), Depends(wants_get)]
    mount_cache(app, PATH, spec=SPEC, settings=settings_for(redis_url), dependencies=guard)
    with serving_app(app) as client:
        assert client.get(f"{PATH}/batch", params=GETS).status_code == 401
        assert client.get(f"{PATH}/batch", params=[*GETS, ("api_key", "1")]).json()["count"] == 2


def test_routers_have_no_batch_for_it_would_pass_by_the_dependencies_of_each(redis_url: str) -> None:
    app = FastAPI()
    for router in get_all_routers(spec=SPEC, settings=settings_for(redis_url)):
        app.include_router(router, prefix=PATH)
    assert f"{PATH}/batch" not in app.openapi()["paths"]
    with serving_app(app) as client:
        refused = client.get(f"{PATH}/batch", params=GETS)
        assert (refused.status_code, refused.json()) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize("make", [guarded, public])
def test_the_hosts_document_has_the_batch(make: Callable[[str], ASGIApp], redis_url: str) -> None:
    app = make(redis_url)
    assert isinstance(app, FastAPI)
    assert app.openapi()["paths"][f"{PATH}/batch"]["get"]["operationId"] == "getBatch"
