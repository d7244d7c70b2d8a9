"""The gateway as a whole below a path of a FastAPI application."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.params import Depends
from starlette.requests import Request
from starlette.responses import Response

from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http.handler import Handler
from fullon_cache_api.http.path import own_path, segments_of
from fullon_cache_api.settings import Settings
from fullon_cache_api.spec import Spec
from fullon_cache_api.spec.batch import BATCH_PATH

from .answer import respond
from .document import merge_document
from .shortcut import mount_with_shortcut, mounted

_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[^/{}?#%]+)+")
_METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


def mount_cache(
    app: FastAPI,
    path: str = "/api/v1/cache",
    *,
    public: bool = False,
    dependencies: Sequence[Depends] = (),
    spec: Spec | Path | str | None = None,
    settings: Settings | None = None,
) -> FullonCacheGateway:
    """Mount a gateway, with its health, docs and start page, below a path of a FastAPI application.

    With `dependencies`, those and the application's own run before every request, whatever its path below the
    mount; what they raise is answered as the host answers it. With `public=True` there is nothing in between
    but the host's middleware: no dependency runs, the application's own neither. The security of the spec
    holds either way. One of the two has to be said: ValueError where neither is, or both are. The connections
    are closed with the host's lifespan, and the host's OpenAPI document has the gateway's operations, also
    when `app.routes` grows later. Returns the gateway; raises SpecError and SettingsError as it does.
    """
    if not _PATH.fullmatch(path):
        raise ValueError(
            f"the path of a mount starts with /, does not end with it and names one place, unlike {path!r}"
        )
    if public == bool(dependencies):
        raise ValueError(
            "say who may read the cache: dependencies=[Depends(…)] for those whom they let in, "
            "or else public=True for everybody"
        )
    gateway = FullonCacheGateway(prefix="", spec=spec, settings=settings)

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        async with gateway:
            yield

    router = APIRouter(lifespan=lifespan, dependencies=list(dependencies))
    if public:
        mount_with_shortcut(app, path, gateway.get_app())
    else:
        _guard(router, path, gateway)
    app.include_router(router)
    merge_document(app, path, gateway, None if public else dependencies)
    return gateway


def _guard(router: APIRouter, path: str, gateway: FullonCacheGateway) -> None:
    """Add the one route that lets FastAPI solve the dependencies, and then hands over to the gateway."""
    app = gateway.get_app()
    declared = _declared(gateway)

    async def answer(request: Request) -> Response:
        child = Request(mounted(request.scope, path))
        own = own_path(child.scope)
        handler = app.find(segments_of(own))
        return await respond(app, child, own, declared.get(handler, frozenset()))

    router.add_api_route(
        path + "/{cache_path:path}", answer, methods=_METHODS, response_model=None, include_in_schema=False
    )


def _declared(gateway: FullonCacheGateway) -> Mapping[Handler | None, frozenset[str]]:
    """Return the query parameters that each endpoint declares, by what answers it."""
    find = gateway.get_app().find
    batch = {find(segments_of(BATCH_PATH.encode())): frozenset({"get"})}
    return batch | {
        find(segments_of(endpoint.path.encode())): frozenset(
            parameter.name for parameter in endpoint.parameters if parameter.location == "query"
        )
        for endpoint in gateway.spec.endpoints
    }
