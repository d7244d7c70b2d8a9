"""The endpoints as FastAPI routers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter
from fastapi.params import Depends
from fastapi.responses import JSONResponse

from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.http.path import segments_of
from fullon_cache_api.settings import Settings
from fullon_cache_api.spec import Endpoint, Spec

from .operations import Operation, operations
from .route import PREFIX, CacheEndpoint, CacheRoute
from .security import shown_security


def get_all_routers(
    *,
    spec: Spec | Path | str | None = None,
    settings: Settings | None = None,
    dependencies: Sequence[Depends] = (),
    operation_id_prefix: str = "",
) -> list[APIRouter]:
    """Return the endpoints of a spec as FastAPI routers, one for each tag, in the spec's order.

    Whatever the host sets at `include_router` holds: prefix, tags, dependencies; so do `dependencies` and
    those of the application, and the security of the spec. The routers share one gateway, whose connections
    are opened when first needed and closed with the host's lifespan. A host that takes in two sets of them,
    over two Redis perhaps, tells their operations apart by `operation_id_prefix`, for no two may have the
    same id. Raises SpecError and SettingsError as FullonCacheGateway does.
    """
    gateway = FullonCacheGateway(prefix=PREFIX, spec=spec, settings=settings)
    described = operations(gateway.openapi())

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        async with gateway:
            yield

    routers: dict[str, APIRouter] = {}
    for endpoint in gateway.spec.endpoints:
        tag = next(iter(endpoint.tags), "")
        if tag not in routers:
            routers[tag] = APIRouter(
                route_class=CacheRoute, dependencies=list(dependencies), lifespan=lifespan
            )
        operation_id = operation_id_prefix + endpoint.operation_id
        operation = described[endpoint.operation_id]
        shown = shown_security(gateway.spec, endpoint)
        _add(routers[tag], endpoint, operation_id, gateway.get_app(), operation, shown)
    return list(routers.values())


def _add(
    router: APIRouter,
    endpoint: Endpoint,
    operation_id: str,
    app: GatewayApp,
    operation: Operation,
    security: Sequence[Depends],
) -> None:
    handler = app.find(segments_of((PREFIX + endpoint.path).encode()))
    assert handler is not None
    declared = frozenset(one.name for one in endpoint.parameters if one.location == "query")
    answer = CacheEndpoint(app, endpoint.path, declared, handler)
    # FastAPI matches the decoded path: the route class decides what the parameters really take.
    path = endpoint.path.replace("}", ":path}")
    router.add_api_route(
        path,
        answer,
        methods=["GET"],
        name=operation_id,
        operation_id=operation_id,
        tags=list(endpoint.tags),
        summary=endpoint.summary,
        description=endpoint.description,
        deprecated=endpoint.deprecated or None,
        response_class=JSONResponse,
        response_model=None,
        dependencies=security,
        responses=operation.responses,
        openapi_extra=operation.extra,
    )
    others = ["HEAD", "OPTIONS"]
    router.add_api_route(path, answer, methods=others, name=operation_id, include_in_schema=False)
