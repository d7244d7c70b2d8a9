"""Large answers through applications that take the gateway in: whole, or cut where they cannot be."""

import json

import httpx
import pytest
import redis
from fastapi import Depends, FastAPI, Request
from hosts import KEY, require_key
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.responses import Response
from support import serving_app, settings_for

from fullon_cache_api import get_all_routers, mount_cache
from fullon_cache_api.demo import EmbeddedServer

pytestmark = pytest.mark.slow

PATH = "/api/v1/cache"
COUNT = 5_000


async def pass_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return await call_next(request)


def host(kind: str, redis_url: str, deadline: str = "20") -> FastAPI:
    """A host that composes the gateway in one way; with middleware that wraps bodies, or without."""
    app = FastAPI()
    settings = settings_for(redis_url, API_DEADLINE=deadline)
    if kind.startswith("routers"):
        for router in get_all_routers(settings=settings):
            app.include_router(router, prefix=PATH)
    elif kind == "guarded mount":
        mount_cache(app, PATH, settings=settings, dependencies=[Depends(require_key)])
    else:
        mount_cache(app, PATH, settings=settings, public=True)
    if kind.endswith("middleware"):
        app.add_middleware(BaseHTTPMiddleware, dispatch=pass_on)
    return app


kinds = pytest.mark.parametrize(
    "kind", ["routers", "guarded mount", "public mount", "routers, middleware", "public mount, middleware"]
)


@kinds
def test_a_large_answer_is_whole_in_every_composition(
    redis_server: EmbeddedServer, writer: "redis.Redis", kind: str
) -> None:
    writer.hset("tickers:binance", mapping={f"S{number}": '{"bid": 1}' for number in range(COUNT)})
    with serving_app(host(kind, redis_server.url)) as client:
        for _ in range(2):
            body = client.get(f"{PATH}/tickers/binance", headers=KEY).json()
            assert body["count"] == len({one["symbol"] for one in body["tickers"]}) == COUNT
        head = client.head(f"{PATH}/tickers/binance", headers=KEY)
        assert (head.status_code, head.content) == (200, b"")


@kinds
def test_lines_and_tables_are_not_sent_in_parts_where_a_cut_could_be_hidden(
    redis_server: EmbeddedServer, writer: "redis.Redis", kind: str
) -> None:
    """Middleware can end a body that was cut like a whole one, and these would not show it."""
    writer.hset("tickers:binance", mapping={f"S{number}": '{"bid": 1}' for number in range(COUNT)})
    with serving_app(host(kind, redis_server.url)) as client:
        for media_type, lines in (("application/x-ndjson", COUNT), ("text/csv", COUNT + 1)):
            headers = {**KEY, "Accept": media_type, "Accept-Encoding": "identity"}
            answer = client.get(f"{PATH}/tickers/binance", headers=headers)
            assert answer.headers["content-type"].startswith(media_type)
            assert len(answer.text.splitlines()) == lines
            assert "etag" in answer.headers


@kinds
def test_an_answer_that_cannot_be_brought_to_its_end_is_cut_in_every_composition(kind: str) -> None:
    with EmbeddedServer() as server:
        with redis.Redis.from_url(server.url) as own:
            note = json.dumps({f"n{number}": number / 3 for number in range(40)})
            for start in range(0, 40_000, 10_000):
                own.hset("tickers:binance", mapping={f"S{start + n}": note for n in range(10_000)})
        with (
            serving_app(host(kind, server.url, deadline="1")) as client,
            client.stream(
                "GET", f"{PATH}/tickers/binance", headers={**KEY, "Accept-Encoding": "identity"}
            ) as large,
        ):
            parts = large.iter_raw(1_000)
            received = next(parts)
            server.stop()
            with pytest.raises(httpx.RemoteProtocolError):
                for part in parts:
                    received += part
            assert received.startswith(b'{"exchange":"binance","tickers":[{')
            assert b"]" not in received
