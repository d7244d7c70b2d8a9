"""The gateway inside other applications, each with the same twelve routes of its own.

Each keeps what it has loaded out of garbage collection, as a process of the gateway's own does.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from fullon_cache_api import FullonCacheGateway, get_all_routers, mount_cache
from fullon_cache_api.process import settle

PATH = "/api"
OWN_ROUTES = 12


async def allowed() -> None:
    """Stand for the host's authentication, at no cost of its own."""


async def _own(request: Request) -> PlainTextResponse:
    return PlainTextResponse("own")


def _fastapi(telemetry: TelemetryConfig | None = None) -> FastAPI:
    host = FastAPI(telemetry=telemetry)
    for number in range(OWN_ROUTES):
        host.add_route(f"/own/{number}", _own)
    return host


def starlette_mount() -> Starlette:
    """Starlette's Mount."""
    gateway = FullonCacheGateway(prefix="")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with gateway:
            yield

    own = [Route(f"/own/{number}", _own) for number in range(OWN_ROUTES)]
    settle()
    return Starlette(routes=[*own, Mount(PATH, app=gateway.get_app())], lifespan=lifespan)


def fastapi_mount() -> FastAPI:
    """`mount_cache` for everybody."""
    host = _fastapi()
    mount_cache(host, PATH, public=True)
    settle()
    return host


def fastapi_mount_untraced() -> FastAPI:
    """The same in a host that does not ask at each request whether somebody collects its telemetry."""
    host = _fastapi({"tracing": False, "metrics": False, "logs": False})
    mount_cache(host, PATH, public=True)
    settle()
    return host


def fastapi_guarded() -> FastAPI:
    """`mount_cache` behind a dependency."""
    host = _fastapi()
    mount_cache(host, PATH, dependencies=[Depends(allowed)])
    settle()
    return host


def fastapi_routers() -> FastAPI:
    """`get_all_routers` behind a dependency."""
    host = _fastapi()
    for router in get_all_routers():
        host.include_router(router, prefix=PATH, dependencies=[Depends(allowed)])
    settle()
    return host
