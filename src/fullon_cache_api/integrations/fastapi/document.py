"""One OpenAPI document for a FastAPI application and the gateway that is mounted in it."""

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.params import Depends
from fastapi.routing import RouteContext, iter_route_contexts

from fullon_cache_api.gateway import FullonCacheGateway

from .security import both

_PREFIX = "Cache"
_COMPONENTS = "#/components/"

# FastAPI's own type for documents; whoever overrides `app.openapi` may have put anything into one.
Document = dict[str, Any]


def merge_document(
    app: FastAPI, path: str, gateway: FullonCacheGateway, dependencies: Sequence[Depends] | None
) -> None:
    """Let `app.openapi()` answer with the operations of a gateway mounted below a path as well.

    What the application's document and its dependencies are, is asked when the document is: both may still
    change. `dependencies` is None where none run before the gateway, the application's own neither.
    """
    hosts = app.openapi
    earlier = {context.path_format for context in iter_route_contexts(app.router.routes) if _gets(context)}
    last: tuple[Document, Document] | None = None

    def openapi() -> Document:
        nonlocal last
        host = hosts()
        if last is None or last[0] is not host:
            own = gateway.openapi()
            guard = {} if dependencies is None else _guard(app, dependencies)
            last = (host, merged(host, own, path, guard, earlier))
        return last[1]

    app.openapi = openapi  # type: ignore[method-assign]


def merged(
    host: Document, own: Document, path: str, guard: Document, earlier: Collection[str | None] = ()
) -> Document:
    """Return a host's document with the operations of another, below a path.

    `guard` is a document with one operation, whose parameters, security and responses all of them get too. A
    component or operationId whose name the host uses for something else is prefixed with `Cache`. Paths of
    which the host has a GET of its own before the mount are in `earlier`: the host answers them.
    """
    document = deepcopy(host)
    components = document.setdefault("components", {})
    for kind, more in guard.get("components", {}).items():
        components[kind] = {**more, **components.get(kind, {})}
    places = _place(components, own["components"])
    taken = {operation["operationId"] for item in host["paths"].values() for operation in _operations(item)}
    asked: Document = next((item["get"] for item in guard.get("paths", {}).values()), {})
    for own_path, item in own["paths"].items():
        operation = _led(item["get"], places)
        if "security" in operation:
            operation["security"] = [_renamed(one, places) for one in operation["security"]]
        operation["operationId"] = _free(operation["operationId"], taken)
        _ask(operation, asked, components.get("parameters", {}))
        hosts_own = document["paths"].setdefault(path + own_path, {})
        if "get" not in hosts_own or path + own_path not in earlier:
            hosts_own["get"] = operation
    known = {tag["name"] for tag in document.get("tags", ())}
    document["tags"] = [*document.get("tags", ()), *(tag for tag in own["tags"] if tag["name"] not in known)]
    return document


def _gets(context: RouteContext) -> bool:
    return context.path_format is not None and "GET" in (context.methods or ())


def _guard(app: FastAPI, dependencies: Sequence[Depends]) -> Document:
    """Return FastAPI's document of an operation that has nothing but dependencies."""
    router = APIRouter(dependencies=[*app.router.dependencies, *dependencies])
    router.add_api_route("/", lambda: None)
    return get_openapi(title="", version="", routes=router.routes)


def _ask(operation: Document, asked: Document, shared: Document) -> None:
    """Let an operation ask for what a guard asks for; its own parameters stay its own."""
    own = operation.get("parameters", [])
    whole = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in own]
    known = {(one["in"], one["name"]) for one in whole}
    more = [one for one in asked.get("parameters", ()) if (one["in"], one["name"]) not in known]
    if own or more:
        operation["parameters"] = [*own, *more]
    if "security" in asked:
        operation["security"] = both(asked["security"], operation.get("security", []))
    responses = {status: one for status, one in asked.get("responses", {}).items() if status != "200"}
    operation["responses"] = {**responses, **operation["responses"]}


def _place(components: Document, own: Document) -> Mapping[str, str]:
    """Put components among a host's; return where each one's reference has to lead instead."""
    places = {
        f"{_COMPONENTS}{kind}/{name}": f"{_COMPONENTS}{kind}/{_name(name, more, components.get(kind, {}))}"
        for kind, more in own.items()
        for name in more
    }
    for kind, more in own.items():
        stored = components.setdefault(kind, {})
        for name, value in more.items():
            stored[places[f"{_COMPONENTS}{kind}/{name}"].rpartition("/")[2]] = _led(value, places)
    return places


def _name(name: str, more: Document, stored: Document) -> str:
    """Return the name under which a component can be stored: its own, unless something else has that."""
    value = more[name]
    if stored.get(name, value) == value:
        return name
    return _free(name, {one for one, other in {**more, **stored}.items() if other != value})


def _free(name: str, taken: set[str]) -> str:
    """Return the name, prefixed until nobody has it, and take it."""
    while name in taken:
        name = _PREFIX + name[:1].upper() + name[1:]
    taken.add(name)
    return name


def _led(value: Any, places: Mapping[str, str]) -> Any:
    """Return a copy of a part of a document, its references led to where their components are."""
    if isinstance(value, list):
        return [_led(element, places) for element in value]
    if not isinstance(value, dict):
        return value
    return {
        name: places.get(member, member)
        if name == "$ref" and isinstance(member, str)
        else _led(member, places)
        for name, member in value.items()
    }


def _renamed(requirement: Document, places: Mapping[str, str]) -> Document:
    """Return a security requirement with the names that its schemes have in the host's document."""
    schemes = f"{_COMPONENTS}securitySchemes/"
    return {places[schemes + name].removeprefix(schemes): scopes for name, scopes in requirement.items()}


def _operations(item: Document) -> list[Document]:
    return [one for one in item.values() if isinstance(one, dict) and "operationId" in one]
