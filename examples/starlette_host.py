"""A Starlette application with the gateway mounted below /api/v1/cache; any ASGI host does it like this.

REDIS_URL=redis://127.0.0.1:6379/0 python examples/starlette_host.py
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from fullon_cache_api import FullonCacheGateway, Settings

settings = Settings.load()
gateway = FullonCacheGateway(prefix="", settings=settings)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Close the gateway's connections with the host; they are opened when they are first needed."""
    async with gateway:
        yield


async def home(request: Request) -> PlainTextResponse:
    """Say where the cache is."""
    return PlainTextResponse(f"{request.url}{app.url_path_for('cache:listTickers').lstrip('/')}\n")


app = Starlette(
    routes=[Route("/", home), Mount("/api/v1/cache", app=gateway.get_app(), name="cache")], lifespan=lifespan
)

if __name__ == "__main__":
    uvicorn.run(app, host=settings.host, port=settings.port)
