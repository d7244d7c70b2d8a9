"""What the host's dependencies declare: query parameters that are theirs, and not the gateway's to refuse."""

from collections.abc import Iterable, Iterator

from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.security import APIKeyQuery
from starlette.requests import Request

from fullon_cache_api.http.text import BadText, decode_query


def own_query(request: Request, declared: frozenset[str]) -> bytes:
    """Return the query string without what only the host's dependencies declare.

    `declared` are the endpoint's own parameters; what nobody declares stays, for the gateway to refuse.
    """
    query: bytes = request.scope["query_string"]
    pairs = query.split(b"&")
    foreign = [name for pair in pairs if (name := _name(pair)) not in declared]
    if not query or not foreign:
        return query
    host = frozenset(_declared(_dependants(request))) - declared
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


def _declared(dependants: Iterable[Dependant]) -> Iterator[str]:
    for dependant in dependants:
        for field in get_flat_params(dependant):
            if isinstance(field.field_info, Query):
                yield field.validation_alias or field.alias
        yield from _schemes(dependant)


def _schemes(dependant: Dependant) -> Iterator[str]:
    if isinstance(dependant.call, APIKeyQuery):
        yield dependant.call.model.name
    for dependency in dependant.dependencies:
        yield from _schemes(dependency)
