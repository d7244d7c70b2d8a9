"""What the host's dependencies declare: query parameters that are theirs, and not the gateway's to refuse."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias, get_args

from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.security import APIKeyQuery
from pydantic import BaseModel
from starlette.requests import Request

from fullon_cache_api.http.text import BadText, decode_query

Overrides: TypeAlias = Mapping[Callable[..., Any] | None, Callable[..., Any]]
"""What FastAPI calls in place of dependencies (`app.dependency_overrides`)."""


def own_query(request: Request, declared: frozenset[str]) -> bytes:
    """Return the query string without what only the host's dependencies declare.

    `declared` are the endpoint's own parameters; what nobody declares stays, for the gateway to refuse.
    """
    query: bytes = request.scope["query_string"]
    pairs = query.split(b"&")
    foreign = [name for pair in pairs if (name := _name(pair)) not in declared]
    if not query or not foreign:
        return query
    overrides: Overrides = request.app.dependency_overrides
    host = {name for dependant in _dependants(request) for name in _declared(dependant, overrides)} - declared
    return b"&".join(pair for pair in pairs if _name(pair) not in host)


def _name(pair: bytes) -> str | None:
    try:
        return decode_query(pair.partition(b"=")[0])
    except BadText:
        return None


def _dependants(request: Request) -> Iterator[Dependant]:
    """Yield what FastAPI resolves for the request's route, as the application and its routers include it."""
    route: APIRoute = request.scope["route"]
    yield route.dependant
    for context in iter_route_contexts(request.app.routes):
        if context.original_route is route:
            yield context.dependant


def _declared(dependant: Dependant, overrides: Overrides) -> Iterator[str]:
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        # FastAPI takes the fields of a model, also of an optional one, for parameters.
        models = [
            one
            for one in (annotation, *get_args(annotation))
            if isinstance(one, type) and issubclass(one, BaseModel)
        ]
        for model in models:
            for name, info in model.model_fields.items():
                yield str(info.validation_alias or info.alias or name)
        if not models:
            yield field.validation_alias or field.alias
    if isinstance(dependant.call, APIKeyQuery):
        yield dependant.call.model.name
    for dependency in dependant.dependencies:
        override = overrides.get(dependency.call)
        if override is not None:
            dependency = get_dependant(path=dependency.path or "", call=override)
        yield from _declared(dependency, overrides)
