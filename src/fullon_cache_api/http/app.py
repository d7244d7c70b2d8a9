"""The ASGI application: finds the route, calls its handler, and turns every error into a problem."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from .embedding import EndpointRoute, EndpointRouter
from .handler import REMEMBERED, Handler, Respond
from .path import own_path, raw_path, segments_of, uri_reference
from .problems import (
    MethodNotAllowed,
    NoSuchEndpoint,
    ProblemText,
    explain,
    problem_response,
)
from .request_id import Traced, request_id, trace_id
from .response import ALLOW, Response, send_response
from .route import RouteTree

_LONGEST_INSTANCE = 1_024
_ROUTES = 2_048
"""Paths with their queries whose routes and arguments are known."""

_WHOLE_SERVER = b"*"
"""What OPTIONS asks about the server as a whole (RFC 9110, section 9.3.7)."""

Report: TypeAlias = Callable[[ProblemText, str, str, Traced, Exception], None]
"""Is told each failed request: problem, method, path, ids, and the error."""


class GatewayApp(Starlette):
    """The gateway as an application: HTTP by the route tree, connections closed with the lifespan.

    `names` has each endpoint's path by its operationId.
    """

    router: EndpointRouter

    def __init__(
        self,
        tree: RouteTree[Handler],
        names: Mapping[str, str],
        report: Report,
        closed: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__()
        self._tree = tree
        self._found_once = lru_cache(_ROUTES)(self._found)
        self._report = report

        @asynccontextmanager
        async def lifespan(app: object) -> AsyncIterator[None]:
            yield
            await closed()

        routes = [EndpointRoute(name, path, tree.find, self._answer) for name, path in names.items()]
        self.router = EndpointRouter(routes, self._answer, lifespan)
        self._routes, self._own = self.router.routes, len(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        # Starlette's own stack costs a request more than all else: only what has been added goes through it.
        if scope["type"] == "http" and self.is_plain:
            # What `_answer` does, without the frames of two more coroutines.
            try:
                response = await self._respond(scope, own_path(scope))(scope)
            except Exception as error:
                response = self.problem(scope, error)
            await send_response(scope, receive, send, response)
        else:
            await super().__call__(scope, receive, send)

    @property
    def is_plain(self) -> bool:
        """Whether nobody has added middleware or routes."""
        return not self.user_middleware and len(self._routes) == self._own

    def find(self, segments: Sequence[bytes]) -> Handler | None:
        """Return what answers a path, given as its raw segments with those of the gateway's prefix."""
        return self._tree.find(segments)

    async def respond(self, scope: Scope, path: bytes) -> Response:
        """Return the answer of the endpoint that has a raw path, or a problem; it never raises."""
        response = await self.respond_if_found(scope, path)
        return self.problem(scope, NoSuchEndpoint()) if response is None else response

    async def respond_if_found(self, scope: Scope, path: bytes) -> Response | None:
        """Return what `respond` does, but None where no endpoint has the path."""
        try:
            return await self._respond(scope, path)(scope)
        except NoSuchEndpoint:
            return None
        except Exception as error:
            return self.problem(scope, error)

    def problem(self, scope: Scope, error: Exception) -> Response:
        """Return the problem that an error is answered with, and report it."""
        text = explain(error)
        identity = request_id(scope)
        instance = uri_reference(raw_path(scope)[:_LONGEST_INSTANCE])
        self._report(text, scope["method"], instance, Traced(identity, trace_id(scope)), error)
        return problem_response(text, instance, identity)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_response(scope, receive, send, await self.respond(scope, own_path(scope)))

    def _respond(self, scope: Scope, path: bytes) -> Respond:
        method = scope["method"]
        if method in ("GET", "HEAD"):
            query: bytes = scope["query_string"]
            found = self._found_once if len(path) + len(query) <= REMEMBERED else self._found
            return found(path, query)
        handler = self._tree.find(segments_of(path))
        if method == "OPTIONS" and (handler is not None or raw_path(scope) == _WHOLE_SERVER):
            return _options
        raise NoSuchEndpoint if handler is None else MethodNotAllowed

    def _found(self, path: bytes, query: bytes) -> Respond:
        segments = segments_of(path)
        handler = self._tree.find(segments)
        if handler is None:
            raise NoSuchEndpoint
        return handler(segments, query)


async def _options(scope: Scope) -> Response:
    return Response(204, (ALLOW,), b"")
