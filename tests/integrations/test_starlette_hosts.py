"""The gateway as a Starlette application: served, mounted, extended, taken apart."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
import redis
from hosts import store_ticker
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, NoMatchFound
from starlette.types import Message
from support import CHECKOUT, serving_app, settings_for

from fullon_cache_api import FullonCacheGateway, Settings, create_app, load_spec
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.resources import resource

SPEC = load_spec(CHECKOUT / "endpoints.yaml")
TICKER = "/tickers/binance/BTC%2FUSDT"


@pytest.fixture
def settings(redis_server: EmbeddedServer, writer: "redis.Redis") -> Settings:
    store_ticker(writer, "binance", "BTC/USDT", 42.0)
    return settings_for(redis_server.url)


@pytest.fixture
def own(settings: Settings) -> FullonCacheGateway:
    return FullonCacheGateway(prefix="/cache", spec=SPEC, settings=settings)


def closing(gateway: FullonCacheGateway) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """Return the lifespan of a host that closes a gateway's connections."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with gateway:
            yield

    return lifespan


def connections(writer: "redis.Redis") -> set[str]:
    return {str(one["id"]) for one in writer.client_list()}


def test_the_gateway_is_an_application_of_its_own_with_every_route_under_its_prefix(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, redis_server: EmbeddedServer
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    app = FullonCacheGateway(title="Master API - Cache Module", prefix="/cache").get_app()
    assert isinstance(app, Starlette)
    with serving_app(app) as client:
        assert client.get(f"/cache{TICKER}").json()["ticker"]["last"] == 42.0
        document = client.get("/openapi.json").json()
    assert document["info"]["title"] == "Master API - Cache Module"
    assert "/cache/orders/{order_id}/status" in document["paths"]
    assert isinstance(create_app(settings), Starlette)


def test_a_spec_is_loaded_from_a_path_and_served_as_it_is(settings: Settings) -> None:
    spec = load_spec(str(resource("endpoints.yaml")))
    gateway = FullonCacheGateway(spec=spec, prefix="", settings=settings)
    assert gateway.spec is spec
    assert gateway.openapi()["paths"].keys() >= {endpoint.path for endpoint in spec.endpoints}  # type: ignore[union-attr]


@pytest.mark.anyio
async def test_leaving_the_gateway_closes_its_connections(
    own: FullonCacheGateway, writer: "redis.Redis"
) -> None:
    before = connections(writer)
    transport = httpx.ASGITransport(own.get_app())
    async with own as entered, httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        assert entered is own
        assert (await client.get(f"/cache{TICKER}")).status_code == 200
        assert connections(writer) - before
    assert connections(writer) <= before


def test_the_end_of_the_lifespan_closes_the_connections(
    own: FullonCacheGateway, writer: "redis.Redis"
) -> None:
    before = connections(writer)
    with serving_app(own.get_app()) as client:
        assert client.get(f"/cache{TICKER}").status_code == 200
        assert connections(writer) - before
    assert connections(writer) <= before


@pytest.mark.anyio
@pytest.mark.parametrize("extended", [False, True])
async def test_a_websocket_is_refused(own: FullonCacheGateway, extended: bool) -> None:
    app = own.get_app()
    if extended:
        app.add_route("/extra", lambda request: PlainTextResponse("mine"))
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/cache/tickers", "query_string": b"", "headers": []}
    await app(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_middleware_that_is_added_sees_the_endpoints_and_their_problems(own: FullonCacheGateway) -> None:
    app = own.get_app()

    async def mark(request: Request, call_next: object) -> object:
        answer = await call_next(request)  # type: ignore[operator]
        answer.headers["x-seen"] = request.url.path
        return answer

    app.add_middleware(BaseHTTPMiddleware, dispatch=mark)  # type: ignore[arg-type]
    with serving_app(app) as client:
        found, absent = client.get(f"/cache{TICKER}"), client.get("/cache/nothing")
    assert (found.status_code, found.json()["ticker"]["last"]) == (200, 42.0)
    assert found.headers["x-seen"] == "/cache/tickers/binance/BTC/USDT"
    assert (absent.status_code, absent.json()["type"]) == (404, "/problems/no-such-endpoint")
    assert "x-seen" in absent.headers


def test_a_route_that_is_added_stands_beside_the_endpoints(own: FullonCacheGateway) -> None:
    app = own.get_app()
    app.add_route("/extra", lambda request: PlainTextResponse("mine"))
    with serving_app(app) as client:
        assert client.get("/extra").text == "mine"
        assert client.get(f"/cache{TICKER}").status_code == 200
        assert client.head("/cache/tickers").status_code == 200
        assert client.post("/cache/tickers").json()["type"] == "/problems/method-not-allowed"
        assert client.get("/health/live").json() == {"status": "alive"}
        assert client.get("/cache/nothing").json()["type"] == "/problems/no-such-endpoint"


def test_the_routes_are_named_by_operation_and_lead_to_their_paths(own: FullonCacheGateway) -> None:
    app = own.get_app()
    assert app.url_path_for("getTicker", exchange="binance", symbol="BTC/USDT") == f"/cache{TICKER}"
    assert app.url_path_for("listTickers") == "/cache/tickers"
    for name, parameters in (("getTicker", {"exchange": "binance"}), ("nothing", {})):
        with pytest.raises(NoMatchFound):
            app.url_path_for(name, **parameters)
    routes = own.routes()
    assert [route.name for route in routes] == [one.operation_id for one in own.spec.endpoints]  # type: ignore[attr-defined]
    host = Starlette(routes=[Mount("/x", app=app, name="cache")])
    assert host.url_path_for("cache:getPrice", exchange="a", symbol="B-C") == "/x/cache/tickers/a/B-C/price"


def test_a_starlette_application_takes_the_routes_among_its_own(own: FullonCacheGateway) -> None:
    # Reversed, so that a parameter comes before the literal that beats it.
    host = Starlette(routes=[*reversed(own.routes())], lifespan=closing(own))
    with serving_app(host) as client:
        assert client.get(f"/cache{TICKER}").json()["ticker"]["last"] == 42.0
        assert client.get("/cache/bots/coordination/status").json()["bots"] == 0
        assert client.post("/cache/tickers").json()["type"] == "/problems/method-not-allowed"
        assert client.get("/cache/nothing").text == "Not Found"


def test_a_mounted_gateway_answers_below_its_path(settings: Settings) -> None:
    gateway = FullonCacheGateway(prefix="", spec=SPEC, settings=settings)
    routes = [Mount("/api/v1/cache", app=gateway.get_app())]
    with serving_app(Starlette(routes=routes, lifespan=closing(gateway))) as client:
        assert client.get(f"/api/v1/cache{TICKER}").json()["ticker"]["last"] == 42.0
        document = client.get("/api/v1/cache/openapi.json").json()
        assert document["servers"] == [{"url": "/api/v1/cache"}]
        assert client.get("/api/v1/cache/nothing").json()["instance"] == "/api/v1/cache/nothing"
