"""The gateway inside FastAPI applications: who is let in, what is found, what is refused."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
import redis
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Query, Request
from hosts import (
    KEY,
    example_paths,
    get_ohlcv_routers,
    get_orm_routers,
    require_key,
    require_query_key,
    store_ticker,
)
from pydantic import BaseModel
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse, Response
from support import CHECKOUT, serving_app, settings_for

from fullon_cache_api import get_all_routers, load_spec, mount_cache
from fullon_cache_api import get_all_routers as get_cache_routers
from fullon_cache_api.demo import EmbeddedServer

PATH = "/api/v1/cache"
SPEC = load_spec(CHECKOUT / "endpoints.yaml")
Compose = Callable[[FastAPI, str], None]


def include(app: FastAPI, redis_url: str) -> None:
    """Every router under the path, nothing asked."""
    for router in get_all_routers(spec=SPEC, settings=settings_for(redis_url)):
        app.include_router(router, prefix=PATH)


def include_guarded(app: FastAPI, redis_url: str) -> None:
    """Every router under the path, the key asked where it is included."""
    for router in get_all_routers(spec=SPEC, settings=settings_for(redis_url)):
        app.include_router(router, prefix=PATH, dependencies=[Depends(require_key)])


def include_guarded_routers(app: FastAPI, redis_url: str) -> None:
    """Every router under the path, the key asked by the routers themselves."""
    settings = settings_for(redis_url)
    for router in get_all_routers(spec=SPEC, settings=settings, dependencies=[Depends(require_key)]):
        app.include_router(router, prefix=PATH)


def mount(app: FastAPI, redis_url: str) -> None:
    """The gateway mounted, nothing asked."""
    mount_cache(app, spec=SPEC, settings=settings_for(redis_url), public=True)


def mount_guarded(app: FastAPI, redis_url: str) -> None:
    """The gateway mounted, the key asked before it."""
    mount_cache(app, spec=SPEC, settings=settings_for(redis_url), dependencies=[Depends(require_key)])


@pytest.fixture(autouse=True)
def redis_url(redis_server: EmbeddedServer, writer: "redis.Redis") -> str:
    """The address of a Redis that holds one ticker."""
    store_ticker(writer, "binance", "BTC/USDT", 42.0)
    return redis_server.url


@pytest.fixture(scope="module", params=[include, mount, mount_guarded], ids=lambda compose: compose.__name__)
def compose(request: pytest.FixtureRequest) -> Compose:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def host(compose: Compose, redis_server: EmbeddedServer) -> Iterator[httpx.Client]:
    """A client, with the key, of a host that has nothing but the gateway."""
    app = FastAPI()
    compose(app, redis_server.url)
    with serving_app(app) as client:
        client.headers = KEY  # type: ignore[assignment]
        yield client


def test_routers_take_the_hosts_prefix_and_tags(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    app = FastAPI(title="Fullon Master API", version="1.0.0")
    for router in get_all_routers():
        app.include_router(router, prefix="/cache", tags=["Cache"])
    with serving_app(app) as client:
        assert client.get("/cache/tickers/binance/BTC-USDT").json()["ticker"]["last"] == 42.0
        assert client.get("/cache/orders/1/status").json()["type"] == "/problems/not-cached"
        assert client.get("/openapi.json").json()["paths"]["/cache/tickers"]["get"]["tags"] == [
            "Cache",
            "Tickers",
        ]


def test_routers_stand_beside_those_of_the_sibling_libraries(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    app = FastAPI(title="Fullon Master API", version="1.0.0")
    # fmt: off
    for router in get_orm_routers():   app.include_router(router, prefix="/api/v1/db", tags=["Database"])  # noqa: E701
    for router in get_cache_routers(): app.include_router(router, prefix="/api/v1/cache", tags=["Cache"])  # noqa: E701
    for router in get_ohlcv_routers(): app.include_router(router, prefix="/api/v1/market", tags=["Market Data"])  # noqa: E501, E701
    # fmt: on
    with serving_app(app) as client:
        assert client.get("/api/v1/db/users/7").json() == {"mine": 7}
        assert client.get("/api/v1/cache/tickers").json()["count"] == 1
        assert client.get("/api/v1/market/candles/BTC").json() == [1.0]
        paths = client.get("/openapi.json").json()["paths"]
    assert {"/api/v1/db/users/{user_id}", "/api/v1/cache/tickers", "/api/v1/market/candles/{symbol}"} <= {
        *paths
    }


def guarded_hosts() -> dict[str, tuple[FastAPI, Compose]]:
    everywhere = [Depends(require_key)]
    return {
        "at include_router": (FastAPI(), include_guarded),
        "in the routers": (FastAPI(), include_guarded_routers),
        "in the application": (FastAPI(dependencies=everywhere), include),
        "before the mount": (FastAPI(), mount_guarded),
    }


@pytest.mark.parametrize("guard", guarded_hosts())
def test_without_the_key_every_cache_path_is_401_and_with_it_as_ever(guard: str, redis_url: str) -> None:
    app, compose = guarded_hosts()[guard]
    compose(app, redis_url)
    paths = list(example_paths(app.openapi(), PATH))
    assert len(paths) >= 38
    with serving_app(app) as client:
        for path in paths:
            assert client.get(path).status_code == 401, path
            assert client.get(path, headers=KEY).status_code in (200, 404), path
        for method in ("GET", "HEAD", "OPTIONS"):
            refused = client.request(method, paths[0])
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "ApiKey")
        assert client.get(f"{PATH}/tickers").json() == {"detail": "an API key, please"}
        assert client.get(f"{PATH}/tickers/binance/BTC-USDT", headers=KEY).json()["ticker"]["last"] == 42.0


def test_a_guarded_mount_asks_before_every_path_below_it(redis_url: str) -> None:
    app = FastAPI()
    mount_guarded(app, redis_url)
    with serving_app(app) as client:
        for path in ("/", "/health", "/docs", "/openapi.json", "/nothing", "/tickers/"):
            assert client.get(PATH + path).status_code == 401
        assert client.post(f"{PATH}/tickers").status_code == 401
        assert client.get(f"{PATH}/health/live", headers=KEY).json() == {"status": "alive"}
        assert client.get(f"{PATH}/openapi.json", headers=KEY).json()["servers"] == [{"url": PATH}]
        assert client.post(f"{PATH}/tickers", headers=KEY).json()["type"] == "/problems/method-not-allowed"


def test_a_guarded_mount_asks_for_what_the_application_asks_as_well(redis_url: str) -> None:
    app = FastAPI(dependencies=[Depends(require_query_key)])
    mount_guarded(app, redis_url)
    with serving_app(app) as client:
        assert client.get(f"{PATH}/tickers", headers=KEY).status_code == 401
        assert client.get(f"{PATH}/tickers?api_key=1").status_code == 401
        assert client.get(f"{PATH}/tickers?api_key=1", headers=KEY).status_code == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "say who may read the cache"),
        ({"public": True, "dependencies": [Depends(require_key)]}, "say who may read the cache"),
        ({"public": True, "path": "cache"}, "starts with /"),
        ({"public": True, "path": "/cache/"}, "does not end with it"),
    ],
)
def test_a_mount_that_does_not_say_who_may_read_is_refused(
    options: dict[str, object], message: str, redis_url: str
) -> None:
    app = FastAPI()
    before = list(app.routes)
    with pytest.raises(ValueError, match=message):
        mount_cache(app, spec=SPEC, settings=settings_for(redis_url), **options)  # type: ignore[arg-type]
    assert app.routes == before


def test_a_mount_goes_through_the_hosts_middleware_and_beside_its_routes(redis_url: str) -> None:
    app = FastAPI()

    @app.get(f"{PATH}/mine")
    def mine() -> str:
        return "the host's"

    mount(app, redis_url)
    app.add_middleware(GZipMiddleware, minimum_size=10)
    with serving_app(app) as client:
        client.headers = {"Accept-Encoding": "gzip"}
        assert client.get(f"{PATH}/tickers").headers["content-encoding"] == "gzip"
        assert client.get(f"{PATH}/mine").json() == "the host's"
        assert client.get(f"{PATH}/nothing").json()["type"] == "/problems/no-such-endpoint"
        assert client.get(f"{PATH}", follow_redirects=True).headers["content-type"] == "application/json"
        assert client.get("/nothing").json() == {"detail": "Not Found"}


def test_a_mount_in_a_host_without_middleware_leaves_the_hosts_own_answers_alone(redis_url: str) -> None:
    app = FastAPI()

    @app.get("/broken")
    def broken() -> None:
        raise ValueError

    @app.exception_handler(ValueError)
    def explain(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("explained", 418)

    mount(app, redis_url)
    mount_cache(app, "/again", public=True, spec=SPEC, settings=settings_for(redis_url))
    with serving_app(app) as client:
        for path in (PATH, "/again"):
            assert client.get(f"{path}/tickers/binance/BTC%2FUSDT").json()["ticker"]["last"] == 42.0
            assert client.post(f"{path}/tickers").json()["type"] == "/problems/method-not-allowed"
            assert client.get(f"{path}/nothing").json()["type"] == "/problems/no-such-endpoint"
        broke = client.get("/broken")
        assert (broke.status_code, broke.text) == (418, "explained")
        assert client.get("/nothing").json() == {"detail": "Not Found"}


@pytest.mark.parametrize("access", [{"public": True}, {"dependencies": [Depends(require_key)]}])
def test_what_is_added_to_the_gateway_itself_is_there_in_a_mount(
    redis_url: str, access: dict[str, Any]
) -> None:
    app = FastAPI()
    gateway = mount_cache(app, PATH, **access, spec=SPEC, settings=settings_for(redis_url))
    gateway.get_app().add_middleware(GZipMiddleware, minimum_size=10)
    gateway.get_app().add_route("/extra", lambda request: PlainTextResponse("extra"))
    with serving_app(app) as client:
        client.headers = KEY
        assert client.get(f"{PATH}/extra").text == "extra"
        answer = client.get(f"{PATH}/tickers", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"


def test_a_host_that_guards_a_path_is_not_led_past_it(compose: Compose, redis_url: str) -> None:
    app = FastAPI()
    compose(app, redis_url)

    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.url.path.startswith(f"{PATH}/accounts"):
            return PlainTextResponse("guarded", 403)
        return await call_next(request)

    start, _, end = PATH.rpartition("/")
    with serving_app(app) as client:
        client.headers = KEY
        assert client.get(f"{PATH}/accounts").status_code == 403
        assert client.get(f"{PATH}/tickers").status_code == 200
        for before in (f"{start}%2F{end}/x", f"{start}%2f{end}", f"{start}/{end}%2Fx", f"/%2F{PATH[1:]}"):
            assert client.get(f"{before}/accounts").status_code in (403, 404)


def test_the_endpoints_are_found_by_the_gateways_rules(host: httpx.Client, writer: "redis.Redis") -> None:
    store_ticker(writer, "binance", "BTC/USDT:USDT", 43.0)
    for symbol, last in (("BTC-USDT", 42.0), ("BTC%2FUSDT", 42.0), ("BTC%2FUSDT:USDT", 43.0)):
        assert host.get(f"{PATH}/tickers/binance/{symbol}").json()["ticker"]["last"] == last
        assert host.get(f"{PATH}/tickers/binance/{symbol}/price").json()["price"] == last
    for path in ("/tickers/health", "/bots/coordination/status", "/orders/queue/size", "/processes/top"):
        assert host.get(PATH + path).status_code == 200
    for path in ("/tickers/binance/BTC/USDT", "/tickers/", "/tickers//BTC-USDT", "/nothing"):
        assert host.get(PATH + path).status_code == 404
    slash = host.get(f"{PATH}/tickers/bin%2Fance/BTC-USDT")
    assert (slash.status_code, slash.json()["errors"][0]["name"]) == (400, "exchange")
    assert slash.json()["instance"] == f"{PATH}/tickers/bin%2Fance/BTC-USDT"


def test_head_options_and_conditional_requests_work(host: httpx.Client) -> None:
    url = f"{PATH}/tickers/binance/BTC-USDT"
    whole, head = host.get(url), host.head(url)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["etag"] == whole.headers["etag"]
    again = host.get(url, headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    options = host.options(url)
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    posted = host.post(url)
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


class Paging(BaseModel):
    """Query parameters that a host takes as one model."""

    page: int = 1


def paged(paging: Annotated[Paging, Query()], limit: int = 5) -> None:
    """A dependency with query parameters, one of which some endpoints have too."""


@pytest.mark.parametrize("compose", [include, mount_guarded])
def test_a_query_parameter_is_refused_unless_the_endpoint_or_a_dependency_declares_it(
    compose: Compose, redis_url: str
) -> None:
    app = FastAPI(dependencies=[Depends(require_query_key), Depends(paged)])
    compose(app, redis_url)
    with serving_app(app) as client:
        client.headers = KEY

        def refused(query: str, path: str = "/tickers") -> list[str]:
            answer = client.get(f"{PATH}{path}?api_key=1{query}")
            return [error["name"] for error in answer.json().get("errors", ())]

        assert refused("") == []
        assert refused("&for=me&page=2&limit=3") == []
        assert refused("&for=me&exchang=binance") == ["exchang"]
        assert refused("&%zz=1") == ["%zz"]
        assert refused("&limit=0", "/trades/binance/BTC-USDT") == ["limit"]
        assert refused("&limit=1", "/trades/binance/BTC-USDT") == []


@pytest.mark.parametrize("compose", [include_guarded, mount_guarded])
def test_a_query_parameter_of_what_overrides_a_dependency_is_not_refused(
    compose: Compose, redis_url: str
) -> None:
    def ask_for_token(token: str) -> None:
        assert token == "let me in"

    app = FastAPI()
    compose(app, redis_url)
    app.dependency_overrides[require_key] = ask_for_token
    with serving_app(app) as client:
        assert client.get(f"{PATH}/tickers?token=let+me+in").json()["count"] == 1
        assert client.get(f"{PATH}/tickers?token=let+me+in&tokens=1").status_code == 400
        assert client.get(f"{PATH}/tickers").status_code == 422


@pytest.mark.parametrize("is_extended", [False, True])
@pytest.mark.parametrize("way", ["routers", "mount"])
def test_what_a_dependency_puts_off_is_done_after_the_answer(
    redis_url: str, way: str, is_extended: bool
) -> None:
    audited = threading.Event()

    def audit(tasks: BackgroundTasks) -> None:
        tasks.add_task(audited.set)

    app, guard = FastAPI(), [Depends(audit)]
    if way == "mount":
        gateway = mount_cache(app, PATH, dependencies=guard, spec=SPEC, settings=settings_for(redis_url))
        if is_extended:
            gateway.get_app().add_middleware(GZipMiddleware)
    else:
        for router in get_all_routers(spec=SPEC, settings=settings_for(redis_url)):
            app.include_router(router, prefix=PATH, dependencies=guard)
    with serving_app(app) as client:
        assert client.get(f"{PATH}/tickers").status_code == 200
        assert audited.wait(5)


def test_a_parameter_that_nobody_declares_is_refused(host: httpx.Client) -> None:
    answer = host.get(f"{PATH}/tickers?api_key=1")
    assert [error["name"] for error in answer.json()["errors"]] == ["api_key"]


def test_routers_work_through_a_router_of_the_hosts_own(redis_url: str) -> None:
    outer = APIRouter(prefix="/{firm}", dependencies=[Depends(require_query_key)])
    for router in get_all_routers(spec=SPEC, settings=settings_for(redis_url)):
        outer.include_router(router, prefix="/cache")
    app = FastAPI()
    app.include_router(outer, prefix="/api")
    with serving_app(app) as client:
        url = "/api/acme/cache/tickers/binance/BTC%2FUSDT"
        assert client.get(url).status_code == 401
        assert client.get(f"{url}?api_key=1").json()["ticker"]["last"] == 42.0
        assert app.url_path_for("listTickers", firm="acme") == "/api/acme/cache/tickers"


@pytest.mark.filterwarnings("ignore:The `root_path` parameter is deprecated")
@pytest.mark.parametrize("stripped", [True, False], ids=["the proxy strips it", "the proxy leaves it"])
def test_a_root_path_is_respected(compose: Compose, redis_url: str, stripped: bool) -> None:
    app = FastAPI(root_path="/proxy" if stripped else "")
    compose(app, redis_url)
    with serving_app(app, root_path="" if stripped else "/proxy") as client:
        client.headers = KEY
        # uvicorn itself puts its root path before the paths that it gets.
        assert client.get(f"{PATH}/tickers/binance/BTC%2FUSDT").json()["ticker"]["last"] == 42.0
        document = client.get("/openapi.json").json()
        assert document["servers"] == [{"url": "/proxy"}]
        if compose is not include:
            own = client.get(f"{PATH}/openapi.json").json()
            assert own["servers"] == [{"url": f"/proxy{PATH}"}]


def test_the_connections_are_closed_with_the_hosts_lifespan(
    compose: Compose, redis_url: str, writer: "redis.Redis"
) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        seen.append("start")
        yield
        seen.append("stop")

    def connections() -> set[str]:
        return {str(one["id"]) for one in writer.client_list()}

    app = FastAPI(lifespan=lifespan)
    compose(app, redis_url)
    before = connections()
    with serving_app(app) as client:
        assert client.get(f"{PATH}/tickers", headers=KEY).status_code == 200
        assert connections() - before
    assert connections() <= before
    assert seen == ["start", "stop"]


def test_a_redis_that_is_gone_is_503_in_every_composition(compose: Compose) -> None:
    app = FastAPI()
    compose(app, "redis://127.0.0.1:1/0")
    with serving_app(app) as client:
        answer = client.get(f"{PATH}/tickers", headers=KEY)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/cache-unavailable")
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("compose", [include, mount, mount_guarded])
def test_a_part_of_an_answer_is_selected_as_without_a_host(
    compose: Compose, redis_url: str, writer: "redis.Redis"
) -> None:
    store_ticker(writer, "binance", "ETH/USDT", 43.0)
    app = FastAPI()
    compose(app, redis_url)
    with serving_app(app) as client:
        client.headers = KEY
        first = client.get(f"{PATH}/tickers/binance?fields=ticker.last&limit=1")
        assert first.json() == {"exchange": "binance", "count": 1, "tickers": [{"ticker": {"last": 42.0}}]}
        following = client.get(first.url.join(first.links["next"]["url"]))
        assert following.json()["tickers"] == [{"ticker": {"last": 43.0}}]
        assert client.get(f"{PATH}/tickers/binance?fields=tiker").status_code == 400


def test_a_link_leaves_the_hosts_own_parameters_to_the_client(redis_url: str, writer: "redis.Redis") -> None:
    store_ticker(writer, "binance", "ETH/USDT", 43.0)
    app = FastAPI(dependencies=[Depends(require_query_key)])
    include(app, redis_url)
    with serving_app(app) as client:
        first = client.get(f"{PATH}/tickers/binance?api_key=1&limit=1")
        assert first.headers["link"] == '<?limit=1&offset=1>; rel="next"'
