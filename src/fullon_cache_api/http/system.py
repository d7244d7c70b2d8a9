"""The endpoints that are not in the YAML: start page, health, documentation, problem types."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from importlib.metadata import version
from typing import TypeAlias
from urllib.parse import quote

import msgspec
from starlette.types import Scope

from fullon_cache_api.cache.errors import CacheError
from fullon_cache_api.spec.json import PlainJson
from fullon_cache_api.spec.model import Spec
from fullon_cache_api.spec.problems import PROBLEMS

from .answers import Source
from .handler import Handler, Respond
from .pages import LandingEntry, Page, asset, landing_json, landing_page, redoc_page, swagger_page
from .parameters import refuse_parameters
from .problems import RETRY_AFTER, NoSuchEndpoint
from .response import JSON_TYPE, NO_SNIFF, NO_STORE, Header, Response, entity, header, unless_known
from .text import BadText, decode

VERSION = version("fullon-cache-api")
STOPPING = "fullon_cache_api.stopping"
"""A member of the server's state, which all scopes have, from when it has been told to stop."""

HEALTH_DEADLINE = 0.9
"""Seconds after which Redis counts as unavailable: a health check must answer within one."""

YAML_TYPE = b"application/yaml"
_NO_CACHE: Header = (b"cache-control", b"no-cache")
_VARY: Header = (b"vary", b"Accept")


ReportFailure: TypeAlias = Callable[[CacheError], None]
"""Is told why Redis does not answer a health check."""


def system_routes(
    spec: Spec,
    prefix: str,
    source: Source,
    mode: str,
    document: Callable[[str], tuple[bytes, bytes]],
    report: ReportFailure,
) -> Mapping[str, Handler]:
    """Return the system endpoints by path; `document` gives the OpenAPI document as JSON and YAML."""
    return {
        "/": _landing(spec, prefix, source),
        "/health": _without_parameters(_health(source, mode, report)),
        "/health/live": _without_parameters(_live),
        "/health/ready": _without_parameters(_ready(source, report)),
        "/docs": _page(lambda root: swagger_page(spec.info.title, root=root), source),
        "/redoc": _page(lambda root: redoc_page(spec.info.title, root=root), source),
        "/docs/assets/{name}": _asset(source),
        "/openapi.json": _document(lambda root: document(root)[0], JSON_TYPE, source),
        "/openapi.yaml": _document(lambda root: document(root)[1], YAML_TYPE, source),
        "/problems/{kind}": _problem_type,
    }


def root_of(scope: Scope) -> str:
    """Return the path under which a host mounted the gateway, percent-encoded, without a slash at its end."""
    return quote(scope.get("root_path", "").rstrip("/"))


def _landing(spec: Spec, prefix: str, source: Source) -> Handler:
    entries = [
        LandingEntry(endpoint.tags[0] if endpoint.tags else "", prefix + endpoint.path, endpoint.summary)
        for endpoint in spec.endpoints
    ]
    summary = spec.info.description.split(": ")[0].split(". ")[0].rstrip(".") + "."
    texts = (spec.info.title, summary, spec.info.version, entries)

    async def landing(scope: Scope) -> Response:
        if b"text/html" in (header(scope, b"accept") or b""):
            return await _page_response(scope, landing_page(*texts, root=root_of(scope)), source)
        else:
            body = msgspec.json.encode(landing_json(*texts, root=root_of(scope)))
            headers = [(b"content-type", JSON_TYPE), _NO_CACHE, _VARY, NO_SNIFF]
            return await _whole(scope, entity(body, headers), source)

    return _always(landing)


def _always(respond: Respond) -> Handler:
    """Return the handler that answers alike, whatever the query."""
    return lambda segments, query_string: respond


def _without_parameters(respond: Respond) -> Handler:
    """Return the handler that answers alike, and refuses every query parameter."""

    def handle(segments: Sequence[bytes], query_string: bytes) -> Respond:
        refuse_parameters(query_string)
        return respond

    return handle


def _health(source: Source, mode: str, report: ReportFailure) -> Respond:
    started = time.monotonic()

    async def health(scope: Scope) -> Response:
        latency = await _latency(source, report)
        status = "unavailable" if latency is None else "ok"
        body: dict[str, PlainJson] = {
            "status": status,
            "version": VERSION,
            "uptime_seconds": round(time.monotonic() - started, 3),
            "redis": {
                "status": status,
                "latency_ms": latency,
                "mode": mode,
                "circuit": "open" if source.client.is_open else "closed",
            },
        }
        return _status_response(200 if latency is not None else 503, body)

    return health


def _ready(source: Source, report: ReportFailure) -> Respond:
    async def ready(scope: Scope) -> Response:
        if STOPPING in scope.get("state", ()):
            return _status_response(503, {"status": "stopping"})
        if await _latency(source, report) is None:
            return _status_response(503, {"status": "unavailable"})
        return _status_response(200, {"status": "ready"})

    return ready


async def _live(scope: Scope) -> Response:
    return _status_response(200, {"status": "alive"})


async def _latency(source: Source, report: ReportFailure) -> float | None:
    deadline = asyncio.get_running_loop().time() + min(HEALTH_DEADLINE, source.deadline)
    try:
        return round(await source.client.ping(deadline), 3)
    except CacheError as error:
        report(error)
        return None


def _page(make: Callable[[str], Page], source: Source) -> Handler:
    remembered = lru_cache(4)(make)

    async def page(scope: Scope) -> Response:
        return await _page_response(scope, remembered(root_of(scope)), source)

    return _always(page)


def _asset(source: Source) -> Handler:
    def handle(segments: Sequence[bytes], query_string: bytes) -> Respond:
        found = asset(_name(segments))
        if found is None:
            raise NoSuchEndpoint
        return partial(_page_response, page=found, source=source)

    return handle


def _document(make: Callable[[str], bytes], content_type: bytes, source: Source) -> Handler:
    async def document(scope: Scope) -> Response:
        headers = [(b"content-type", content_type), _NO_CACHE, NO_SNIFF]
        return await _whole(scope, entity(make(root_of(scope)), headers), source)

    return _always(document)


def _problem_type(segments: Sequence[bytes], query_string: bytes) -> Respond:
    name = _name(segments)
    kind = next((kind for kind in PROBLEMS if kind.name == name), None)
    if kind is None:
        raise NoSuchEndpoint
    body = {"type": kind.type, "title": kind.title, "status": kind.status, "description": kind.description}
    headers = [(b"content-type", JSON_TYPE), (b"cache-control", b"max-age=86400"), NO_SNIFF]
    described = entity(msgspec.json.encode(body), headers)

    async def respond(scope: Scope) -> Response:
        return unless_known(scope, described)

    return respond


def _name(segments: Sequence[bytes]) -> str:
    try:
        return decode(segments[-1])
    except BadText:
        raise NoSuchEndpoint from None


async def _page_response(scope: Scope, page: Page, source: Source) -> Response:
    headers = [(b"content-type", page.content_type.encode()), *page.headers]
    return await _whole(scope, entity(page.body, headers), source)


async def _whole(scope: Scope, response: Response, source: Source) -> Response:
    deadline = asyncio.get_running_loop().time() + source.deadline
    return await source.compression.respond(scope, response, deadline)


def _status_response(status: int, body: Mapping[str, PlainJson]) -> Response:
    headers = [(b"content-type", JSON_TYPE), NO_STORE, NO_SNIFF]
    if status == 503:
        headers.append((b"retry-after", RETRY_AFTER))
    return Response.sized(status, headers, msgspec.json.encode(body))
