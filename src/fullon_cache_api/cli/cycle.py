"""A whole answer in one write: with its head in one of its own, it costs a system call and a packet more."""

import asyncio
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from uvicorn._types import ASGI3Application, ASGISendEvent, HTTPResponseStartEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from fullon_cache_api.http.response import Header

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
"""What a field's name consists of (RFC 9110, section 5.6.2), in lower case as ASGI wants it."""

_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LARGEST = 65_536
"""Bytes of a body; to put a larger one behind its head costs more than to send it by itself."""

_LONGEST = 256
"""Bytes of a header's value, or of the query that it may repeat, beyond which its line is not kept."""

_UVICORNS = frozenset({b"connection", b"transfer-encoding"})
_BODILESS = frozenset({204, 304})


class Cycle(RequestResponseCycle):
    """One request and its answer; the application gets it as its `send`, which takes `whole` answers.

    The head is held until the body begins, as ASGI wants it. What is not a whole answer on a connection that
    goes on, or not well formed, is left to uvicorn.
    """

    _head: HTTPResponseStartEvent | None = None

    def start(
        self, app: ASGI3Application, loop: asyncio.AbstractEventLoop, tasks: set[asyncio.Task[None]]
    ) -> None:
        """Let the application answer, in a task that is among the `tasks` for as long as it runs."""
        task = loop.create_task(self._answered_by(app, tasks))
        tasks.add(task)
        self._task = task

    async def _answered_by(self, app: ASGI3Application, tasks: set[asyncio.Task[None]]) -> None:
        """Do what uvicorn's `run_asgi` does, to which all is left that is not as it should be.

        A function that is called when a task is done costs the event loop a turn for each.
        """
        try:
            try:
                result = await app(self.scope, self.receive, self)  # type: ignore[func-returns-value]
            except BaseException as error:
                await self.run_asgi(_raising(error))
            else:
                if result is None and self.response_complete:
                    self.on_response = _nothing
                else:
                    await self.run_asgi(_returning(result))
        finally:
            tasks.discard(self._task)

    async def __call__(self, message: ASGISendEvent) -> None:
        """Take a message of the application."""
        head = self._head
        if message["type"] == "http.response.start" and not self.response_started:
            self._head = message
            return
        if head is not None:
            self._head = None
            # Any iterables may come, to be gone through once.
            fields = [(name, value) for name, value in head.get("headers", ())]
            if (
                message["type"] == "http.response.body"
                and not message.get("more_body")
                and self.whole(head["status"], (), fields, message.get("body", b""))
            ):
                return
            head = {**head, "headers": fields}
            await self.send(head)
        await self.send(message)

    def whole(
        self, status: int, headers: Sequence[Header], own_headers: Sequence[Header], body: bytes
    ) -> bool:
        """Send a whole answer, if it can be sent now; else nothing of it.

        Its `headers` may be those of many answers, `own_headers` are of this one alone.
        """
        if len(body) > _LARGEST or not self.keep_alive or self.access_log:
            return False
        if self.disconnected or self.flow.write_paused or self.response_started:
            return False
        content = _content(self, status, headers, own_headers, body)
        if content is None:
            return False
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"".join(content))
        self.message_event.set()
        self.on_response()
        return True


def _content(
    cycle: RequestResponseCycle,
    status: int,
    headers: Sequence[Header],
    own_headers: Sequence[Header],
    body: bytes,
) -> list[bytes] | None:
    """Return an answer in parts, None where it does not say how long it is, or asks for anything else."""
    # What answers repeat of a long query is not kept: how much that is, clients would say.
    known = _known_lines if len(cycle.scope["query_string"]) <= _LONGEST else _lines
    default, common = _known_lines(tuple(cycle.default_headers)), known(tuple(headers))
    own = _lines(own_headers) if own_headers else _NOTHING
    if default is None or common is None or own is None or default.length is not None:
        return None
    length = own.length if common.length is None else common.length
    if common.length is not None and own.length is not None:
        return None
    content = [STATUS_LINE[status], default.text, common.text, own.text, b"\r\n"]
    if cycle.scope["method"] == "HEAD" or (status in _BODILESS and length is None and not body):
        return content
    content.append(body)
    return content if length == len(body) else None


def _nothing() -> None:
    """Be told of an answer that is over."""


def _returning(result: object) -> ASGI3Application:
    async def app(*_: object) -> object:
        return result

    return app  # type: ignore[return-value]


def _raising(error: BaseException) -> ASGI3Application:
    async def app(*_: object) -> None:
        raise error

    return app


class _Lines(NamedTuple):
    """Header fields as they are sent, and the Content-Length among them."""

    text: bytes
    length: int | None


_NOTHING = _Lines(b"", None)


def _lines(headers: Sequence[Header]) -> _Lines | None:
    """Return header fields as they are sent, None where they are not to be."""
    length: int | None = None
    lines = []
    for field in headers:
        name, value = field
        line = _line(field) if len(value) <= _LONGEST else _new_line(field)
        if line is None or name in _UVICORNS:
            return None
        if name == b"content-length":
            if length is not None or not value.isdigit():
                return None
            length = int(value)
        lines.append(line)
    return _Lines(b"".join(lines), length)


_known_lines = lru_cache(2_048)(_lines)
"""The same of those that many answers have: most of those of all answers are the same few."""


def _new_line(field: Header) -> bytes | None:
    """Return a header field as it is sent, None where it is none."""
    name, value = field
    if _NAME.fullmatch(name) is None or _NO_VALUE.search(value):
        return None
    return b"%s: %s\r\n" % field


_line = lru_cache(2_048)(_new_line)
