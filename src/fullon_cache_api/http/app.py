"""The ASGI application: finds the route, calls its handler, and turns every error into a problem."""

import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

import msgspec
from starlette.types import Receive, Scope, Send

from fullon_cache_api.spec.problems import CACHE_UNAVAILABLE, METHOD_NOT_ALLOWED

from .handler import Handler
from .problems import (
    RETRY_AFTER,
    MethodNotAllowed,
    NoSuchEndpoint,
    ProblemText,
    explain,
    problem_body,
)
from .response import ALLOW, NO_SNIFF, NO_STORE, PROBLEM_TYPE, Response, header, send_response
from .route import RouteTree

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_LONGEST_INSTANCE = 1_024


class GatewayApp:
    """The gateway as an ASGI application: HTTP by the route tree, connections closed with the lifespan.

    `report` is told each failed request: problem, method, path, request id, and the error.
    """

    def __init__(
        self,
        tree: RouteTree[Handler],
        report: Callable[[ProblemText, str, str, str, Exception], None],
        closed: Callable[[], Awaitable[None]],
    ) -> None:
        self._tree = tree
        self._report = report
        self._closed = closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        if scope["type"] == "http":
            try:
                segments = path_segments(scope)
                response = await self._handler(scope, segments)(scope, segments)
            except Exception as error:
                response = self._problem(scope, error)
            await send_response(scope, send, response)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def _handler(self, scope: Scope, segments: Sequence[bytes]) -> Handler:
        handler = self._tree.find(segments)
        if handler is None:
            raise NoSuchEndpoint
        method = scope["method"]
        if method in ("GET", "HEAD"):
            return handler
        if method == "OPTIONS":
            return _options
        raise MethodNotAllowed

    def _problem(self, scope: Scope, error: Exception) -> Response:
        text = explain(error)
        given = header(scope, b"x-request-id") or b""
        request_id = given.decode() if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        path = _raw_path(scope).decode("latin-1")
        instance = quote(path[:_LONGEST_INSTANCE], safe="/%:@!$&'()*+,;=-._~")
        self._report(text, scope["method"], instance, request_id, error)
        headers = [
            (b"content-type", PROBLEM_TYPE),
            NO_STORE,
            NO_SNIFF,
            (b"x-request-id", request_id.encode()),
        ]
        if text.kind is CACHE_UNAVAILABLE:
            headers.append((b"retry-after", RETRY_AFTER))
        if text.kind is METHOD_NOT_ALLOWED:
            headers.append(ALLOW)
        return Response(
            text.kind.status, headers, msgspec.json.encode(problem_body(text, instance, request_id))
        )

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._closed()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _options(scope: Scope, segments: Sequence[bytes]) -> Response:
    return Response(204, (ALLOW,), b"")


def path_segments(scope: Scope) -> Sequence[bytes]:
    """Return the raw path's segments below the path that a host mounted the gateway under.

    Servers decode `%2F` in `path`; only the raw path tells it from a slash.
    """
    segments = _raw_path(scope).split(b"/")
    mounted = scope.get("root_path", "").rstrip("/")
    below = mounted.count("/") if mounted and scope["path"].startswith(mounted + "/") else 0
    return segments[1 + below :]


def _raw_path(scope: Scope) -> bytes:
    raw = scope.get("raw_path")
    return raw if raw is not None else quote(scope["path"]).encode()
