"""The endpoints as Starlette knows routes, for applications that list them, link to them or take them in."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias
from urllib.parse import quote, unquote

from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from .handler import Handler
from .path import path_segments, segments_of

Find: TypeAlias = Callable[[Sequence[bytes]], Handler | None]
Lifespan: TypeAlias = Callable[[object], AbstractAsyncContextManager[None]]

METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class EndpointRoute(BaseRoute):
    """One endpoint of a gateway; `name` is its operationId, `path` its template with the gateway's prefix.

    It matches by the gateway's own tree, on the raw path: a literal beats a parameter wherever the route
    stands in a list, and `%2F` stays within its segment.
    """

    def __init__(self, name: str, path: str, find: Find, answer: ASGIApp) -> None:
        self.name = name
        self.path = self.path_format = path
        self.methods = METHODS
        self.endpoint = answer
        self._segments = path.split("/")[1:]
        self._find = find
        # A parameter's own name stands for a value here: no literal has braces.
        self._handler = find(segments_of(path.encode()))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether the gateway would answer with this endpoint, and the decoded path parameters."""
        if scope["type"] != "http":
            return Match.NONE, {}
        segments = path_segments(scope)
        if self._find(segments) is not self._handler:
            return Match.NONE, {}
        parameters = {
            template[1:-1]: unquote(segment.decode("latin-1"))
            for template, segment in zip(self._segments, segments, strict=True)
            if template.startswith("{")
        }
        child = {
            "endpoint": self.endpoint,
            "path_params": {**scope.get("path_params", {}), **parameters},
        }
        return Match.FULL if scope["method"] in self.methods else Match.PARTIAL, child

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        """Return the endpoint's path; a `/` in a parameter is percent-encoded. Raises NoMatchFound."""
        wanted = {segment[1:-1] for segment in self._segments if segment.startswith("{")}
        if name != self.name or path_params.keys() != wanted:
            raise NoMatchFound(name, path_params)
        segments = (
            quote(str(path_params[segment[1:-1]]), safe="") if segment.startswith("{") else segment
            for segment in self._segments
        )
        return URLPath(path=f"/{'/'.join(segments)}", protocol="http")

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that matched, or the 405 of one that matched but for its method."""
        await self.endpoint(scope, receive, send)


class EndpointRouter(Router):
    """What the middleware of a gateway's application ends in: its endpoints, then routes added to it."""

    def __init__(self, routes: Collection[EndpointRoute], answer: ASGIApp, lifespan: Lifespan) -> None:
        super().__init__(list(routes), default=self._absent, lifespan=lifespan)
        self._answer = answer
        self._own = len(routes)

    @property
    def is_extended(self) -> bool:
        """Whether somebody has added routes."""
        return len(self.routes) != self._own

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what comes through the middleware."""
        if scope["type"] == "http" and not self.is_extended:
            await self._answer(scope, receive, send)
        else:
            await super().app(scope, receive, send)

    async def _absent(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await self.not_found(scope, receive, send)
