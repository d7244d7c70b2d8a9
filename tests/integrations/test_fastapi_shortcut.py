"""The short way to a public mount: never past what the host has put before it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import redis
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from hosts import store_ticker
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from support import serving_app, settings_for

from fullon_cache_api import mount_cache
from fullon_cache_api.demo import EmbeddedServer

PATH = "/api/v1/cache"
TICKER = f"{PATH}/tickers/binance/BTC-USDT"


class Closed:
    """Middleware that lets nobody in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse("closed", 403)(scope, receive, send)


def wrapped_before(app: FastAPI, mount: Callable[[], None]) -> None:
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: Closed(build())  # type: ignore[method-assign]
    mount()


def wrapped_after(app: FastAPI, mount: Callable[[], None]) -> None:
    mount()
    wrapped_before(app, lambda: None)


def put_inside(app: FastAPI, mount: Callable[[], None]) -> None:
    """As tracers do: behind FastAPI's outermost middleware."""
    build = app.build_middleware_stack

    def build_middleware_stack() -> ASGIApp:
        stack = build()
        stack.app = Closed(stack.app)  # type: ignore[attr-defined]
        return stack

    app.build_middleware_stack = build_middleware_stack  # type: ignore[method-assign]
    mount()


def appended_before(app: FastAPI, mount: Callable[[], None]) -> None:
    app.user_middleware.append(Middleware(Closed))
    mount()


def appended_after(app: FastAPI, mount: Callable[[], None]) -> None:
    mount()
    app.user_middleware.append(Middleware(Closed))


def added_after(app: FastAPI, mount: Callable[[], None]) -> None:
    mount()
    app.add_middleware(Closed)


def around_the_router_before(app: FastAPI, mount: Callable[[], None]) -> None:
    app.router.middleware_stack = Closed(app.router.middleware_stack)
    mount()


def around_the_router_after(app: FastAPI, mount: Callable[[], None]) -> None:
    mount()
    around_the_router_before(app, lambda: None)


def in_the_routers_class(app: FastAPI, mount: Callable[[], None]) -> None:
    class ClosedRouter(APIRouter):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await Closed(super().__call__)(scope, receive, send)

    app.router.__class__ = ClosedRouter
    mount()


def in_place_of_the_router(app: FastAPI, mount: Callable[[], None]) -> None:
    mount()
    app.router = Closed(app.router)  # type: ignore[assignment]


def around_the_mount(app: FastAPI, mount: Callable[[], None]) -> None:
    mount()
    (mounted,) = (route for route in app.router.routes if isinstance(route, Mount))
    mounted.app = Closed(mounted.app)


def in_the_routers_two_places(app: FastAPI, mount: Callable[[], None]) -> None:
    mount()
    app.router.app = app.router.middleware_stack = Closed(app.router.app)  # type: ignore[method-assign]


def by_a_route_of_its_own_kind(app: FastAPI, mount: Callable[[], None]) -> None:
    class Everywhere(Route):
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            return Match.FULL, {"endpoint": self.app}

        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            await Closed(self.app)(scope, receive, send)

    app.router.routes.append(Everywhere("/elsewhere", lambda request: PlainTextResponse("")))
    mount()


def in_the_routers_own_way(app: FastAPI, mount: Callable[[], None]) -> None:
    class ClosedRouter(APIRouter):
        async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
            await Closed(super().app)(scope, receive, send)

    app.router.__class__ = ClosedRouter
    app.router.middleware_stack = app.router.app
    mount()


class Guarded(FastAPI):
    """An application that wraps itself."""

    def build_middleware_stack(self) -> ASGIApp:
        return Closed(super().build_middleware_stack())


@pytest.fixture
def redis_url(redis_server: EmbeddedServer, writer: "redis.Redis") -> str:
    store_ticker(writer, "binance", "BTC/USDT", 42.0)
    return redis_server.url


def mounter(app: FastAPI, redis_url: str, path: str = PATH) -> Callable[[], None]:
    def mount() -> None:
        mount_cache(app, path, public=True, settings=settings_for(redis_url))

    return mount


@pytest.mark.parametrize(
    "add",
    [
        wrapped_before,
        wrapped_after,
        put_inside,
        appended_before,
        appended_after,
        added_after,
        around_the_router_before,
        around_the_router_after,
        in_the_routers_class,
        in_place_of_the_router,
        around_the_mount,
        in_the_routers_two_places,
        by_a_route_of_its_own_kind,
        in_the_routers_own_way,
    ],
    ids=lambda add: add.__name__,
)
def test_no_middleware_is_passed_by_however_it_was_added(
    add: Callable[[FastAPI, Callable[[], None]], None], redis_url: str
) -> None:
    app = FastAPI()
    add(app, mounter(app, redis_url))
    with serving_app(app) as client:
        assert client.get(TICKER).text == "closed"


def test_a_class_that_wraps_itself_is_not_passed_by(redis_url: str) -> None:
    app = Guarded()
    mounter(app, redis_url)()
    with serving_app(app) as client:
        assert client.get(TICKER).text == "closed"


def need() -> None:
    raise HTTPException(401)


def a_route(app: FastAPI) -> None:
    app.get(TICKER, dependencies=[Depends(need)])(lambda: None)


def a_route_with_a_parameter(app: FastAPI) -> None:
    app.get(f"{PATH}/tickers/{{rest:path}}", dependencies=[Depends(need)])(lambda rest: None)


def a_router(app: FastAPI) -> None:
    router = APIRouter(prefix="/v1", dependencies=[Depends(need)])
    router.get("/{module}/tickers/{exchange}/{symbol}")(lambda: None)
    app.include_router(router, prefix="/api")


def a_mount(app: FastAPI) -> None:
    async def refuse(request: object) -> PlainTextResponse:
        return PlainTextResponse("no", 401)

    app.routes.append(Mount("/api", routes=[Route("/{rest:path}", refuse)]))


def a_guarded_mount(app: FastAPI) -> None:
    settings = settings_for("redis://127.0.0.1:1")
    mount_cache(app, f"{PATH}/tickers", dependencies=[Depends(need)], settings=settings)


RIVALS = [a_route, a_route_with_a_parameter, a_router, a_mount, a_guarded_mount]


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.__name__)
def test_a_route_of_the_hosts_that_comes_first_is_meant(
    rival: Callable[[FastAPI], None], redis_url: str
) -> None:
    app = FastAPI()
    rival(app)
    mounter(app, redis_url)()
    with serving_app(app) as client:
        assert client.get(TICKER).status_code == 401


@pytest.mark.parametrize("asked_before", [False, True])
def test_a_route_that_the_host_puts_first_while_it_runs_is_meant(redis_url: str, asked_before: bool) -> None:
    async def refuse(request: object) -> PlainTextResponse:
        return PlainTextResponse("no", 401)

    def put_first() -> None:
        app.router.routes.insert(0, Route(f"{PATH}/tickers/{{rest:path}}", refuse))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if not asked_before:
            put_first()
        yield

    app = FastAPI(lifespan=lifespan)
    mounter(app, redis_url)()
    with serving_app(app) as client:
        if asked_before:
            assert client.get(TICKER).status_code == 200
            put_first()
        assert client.get(TICKER).status_code == 401


def test_routes_that_change_while_the_host_runs_are_those_that_count(redis_url: str) -> None:
    async def refuse(request: object) -> PlainTextResponse:
        return PlainTextResponse("no", 401)

    app = FastAPI(openapi_url=None)
    app.router.routes.append(Route("/other", refuse))
    mounter(app, redis_url)()
    routes = app.router.routes
    with serving_app(app) as client:
        assert client.get(TICKER).status_code == 200
        routes[0] = Route(f"{PATH}/tickers/{{rest:path}}", refuse)
        assert client.get(TICKER).status_code == 401
        routes.append(routes.pop(0))
        assert client.get(TICKER).status_code == 200
        del routes[0]
        assert client.get(TICKER).status_code == 401
        routes.clear()
        assert client.get(TICKER).status_code == 404


def test_a_route_of_the_hosts_that_comes_later_or_lies_elsewhere_is_not_meant(redis_url: str) -> None:
    app = FastAPI()
    app.get("/api/v1/db/{table}", dependencies=[Depends(need)])(lambda table: None)
    mounter(app, redis_url)()
    for rival in RIVALS[:-1]:
        rival(app)
    with serving_app(app) as client:
        assert client.get(TICKER).json()["ticker"]["last"] == 42.0
        assert client.get("/api/v1/db/users").status_code == 401


def test_a_mount_below_another_is_reached(redis_url: str) -> None:
    app = FastAPI()
    mounter(app, redis_url, f"{PATH}/again")()
    mounter(app, redis_url)()
    with serving_app(app) as client:
        for url in (TICKER, TICKER.replace(PATH, f"{PATH}/again")):
            assert client.get(url).json()["ticker"]["last"] == 42.0
        assert problem_of(client.get(f"{PATH}/again/nothing")) == "/problems/no-such-endpoint"


def problem_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"])


@pytest.mark.parametrize(
    "path",
    [
        "/{tenant}/cache",
        "/cache?x",
        "//cache",
        "/a//b",
        "/",
        "",
        "/a#b",
        "/a%2Fb",
        "/a/../b",
        "/./a",
        "/a/..",
    ],
)
def test_a_path_that_names_no_single_place_is_refused(path: str, redis_url: str) -> None:
    with pytest.raises(ValueError, match="the path of a mount"):
        mounter(FastAPI(), redis_url, path)()
