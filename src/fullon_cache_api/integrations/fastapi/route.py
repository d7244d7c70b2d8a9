"""One endpoint as a route of FastAPI, found by the gateway's rules."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fastapi import HTTPException
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.http.embedding import METHODS
from fullon_cache_api.http.handler import Handler
from fullon_cache_api.http.path import path_segments

from .answer import respond

PREFIX = "/cache"
"""What the gateway behind a set of routers has before its paths, to keep them apart from its own."""

_ALLOW = ", ".join(sorted(METHODS))


@dataclass(frozen=True, slots=True, eq=False)
class CacheEndpoint:
    """What answers a route: `path` is the endpoint's in the spec, `declared` are its query parameters."""

    app: GatewayApp
    path: str
    declared: frozenset[str]
    handler: Handler

    async def __call__(self, request: Request) -> Response:  # noqa: D102 (FastAPI would show it)
        path = b"/".join([PREFIX.encode(), *self.tail(request.scope)])
        return await respond(self.app, request, path, self.declared)

    def tail(self, scope: Scope) -> list[bytes]:
        """Return the raw segments of a path that stand where the endpoint's own do."""
        return list(path_segments(scope)[-self.path.count("/") :])

    def parameters(self, scope: Scope, matched: dict[str, Any]) -> dict[str, str] | None:
        """Return the decoded path parameters, or None where another endpoint has the path, or none.

        `matched` is what FastAPI found in the decoded path, where `%2F` looks like a slash: it says how the
        endpoint's part of the path begins.
        """
        tail = self.tail(scope)
        decoded = [unquote(segment.decode("latin-1")) for segment in tail]
        if f"/{'/'.join(decoded)}" != self.path.format(**matched):
            return None
        if self.app.find([PREFIX[1:].encode(), *tail]) is not self.handler:
            return None
        templates = self.path.split("/")[1:]
        return {
            template[1:-1]: value
            for template, value in zip(templates, decoded, strict=True)
            if template.startswith("{")
        }


class CacheRoute(APIRoute):
    """A route to a CacheEndpoint: a literal beats a parameter in any order, `%2F` stays in its segment."""

    endpoint: CacheEndpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether the endpoint has the path of a request, and its parameters."""
        match, child = super().matches(scope)
        if match is Match.NONE:
            return match, child
        parameters = self.endpoint.parameters(scope, child["path_params"])
        if parameters is None:
            return Match.NONE, {}
        return match, {**child, "path_params": {**child["path_params"], **parameters}}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that matched; a method that is not served is 405, with those that are."""
        if scope["method"] not in METHODS:
            raise HTTPException(405, headers={"Allow": _ALLOW})
        await super().handle(scope, receive, send)
