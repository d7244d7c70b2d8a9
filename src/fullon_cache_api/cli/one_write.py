"""A whole answer in one write: with its head in one of its own, it costs a system call and a packet more."""

import re
from collections.abc import Awaitable
from functools import lru_cache

from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    Scope,
)
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
"""What a field's name consists of (RFC 9110, section 5.6.2), in lower case as ASGI wants it."""

_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LARGEST = 65_536
"""Bytes of a body; to put a larger one behind its head costs more than to send it by itself."""

_UVICORNS = frozenset({b"connection", b"transfer-encoding"})
_BODILESS = frozenset({204, 304})


class OneWrite:
    """Stands between an application and uvicorn's side of one request, and holds the head of the answer.

    ASGI wants heads held until the body begins. What is not a whole answer on a connection that goes on, or
    not well formed, is left to uvicorn.
    """

    __slots__ = ("_app", "_cycle", "_head")

    def __init__(self, app: ASGI3Application, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._cycle = cycle
        self._head: HTTPResponseStartEvent | None = None

    def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> Awaitable[None]:
        """Serve one request."""
        return self._app(scope, receive, self._send)

    async def _send(self, message: ASGISendEvent) -> None:
        cycle, head = self._cycle, self._head
        if message["type"] == "http.response.start" and not cycle.response_started:
            self._head = message
            return
        if head is not None:
            self._head = None
            if message["type"] == "http.response.body" and _has_been_written(cycle, head, message):
                return
            await cycle.send(head)
        await cycle.send(message)


def _has_been_written(
    cycle: RequestResponseCycle, head: HTTPResponseStartEvent, message: HTTPResponseBodyEvent
) -> bool:
    if message.get("more_body") or not cycle.keep_alive or cycle.disconnected:
        return False
    body = message.get("body", b"")
    if len(body) > _LARGEST or cycle.flow.write_paused or cycle.access_log:
        return False
    content = _content(cycle, head, body)
    if content is None:
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"".join(content))
    cycle.message_event.set()
    cycle.on_response()
    return True


def _content(cycle: RequestResponseCycle, head: HTTPResponseStartEvent, body: bytes) -> list[bytes] | None:
    """Return an answer in parts, None where it does not say how long it is, or asks for anything else."""
    status = head["status"]
    length: int | None = None
    content = [STATUS_LINE[status]]
    for field in (*cycle.default_headers, *head.get("headers", ())):
        name, value = field
        line = _line(field)
        if line is None or name in _UVICORNS:
            return None
        if name == b"content-length":
            if length is not None or not value.isdigit():
                return None
            length = int(value)
        content.append(line)
    content.append(b"\r\n")
    if cycle.scope["method"] == "HEAD" or (status in _BODILESS and length is None and not body):
        return content
    content.append(body)
    return content if length == len(body) else None


@lru_cache(2_048)
def _line(field: tuple[bytes, bytes]) -> bytes | None:
    """Return a header field as it is sent; most of those of all answers are the same few."""
    name, value = field
    if _NAME.fullmatch(name) is None or _NO_VALUE.search(value):
        return None
    return b"%s: %s\r\n" % field
