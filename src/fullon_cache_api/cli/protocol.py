"""uvicorn's HTTP protocol, with bounds for what clients send and for how long they take.

llhttp, which reads the requests, bounds neither a request's target nor its header fields, and uvicorn waits
for the head of a request, and for a client to take an answer, for as long as that likes.
"""

import asyncio
import fcntl
import re
import sys
from collections.abc import Callable
from functools import lru_cache
from termios import TIOCOUTQ
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

import httptools
from httptools.parser.url_parser import URL
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from fullon_cache_api.http.problems import (
    BadRequest,
    HeadersTooLarge,
    Misdirected,
    RequestTimeout,
    TargetTooLong,
    explain,
    problem_response,
)
from fullon_cache_api.http.refusal import CLOSE, crowded, refusing
from fullon_cache_api.limits import Limits

from .cycle import Cycle

if TYPE_CHECKING:
    from .graceful import ServerConfig

MAX_FIELDS = 100
"""Header fields of a request."""

UNCOUNTED = 1_024
"""Bytes of a head beside its target and its fields: a method, blanks around values, empty lines before it."""

MAX_PIPELINED = 32
"""Requests that wait on one connection for the answers to those before them."""

CROWDED_TIMEOUT = 1.0
"""Seconds for a request on a connection beyond the limit, which only a health check is answered on."""

LINGER = 2.0
"""Seconds for which what still comes is thrown away behind a refusal: closing at once would reset it."""

LAST = 1
"""Seconds for another request, while the server stops, behind an answer that did not say it was the last."""

LEAST_RATE = 1_024
"""Bytes per second that a client has to take in of its answer, on an average over its timeout."""


_VERSIONS = frozenset({"1.0", "1.1"})

_HOST = re.compile(rb"(?P<host>\[[0-9A-Za-z:.]+\]|[0-9A-Za-z._~!$&'()*+,;=%-]*)(?::[0-9]*)?")
"""A host and its port (RFC 3986, section 3.2.2)."""


class Protocol(HttpToolsProtocol):
    """One connection; `watch` ends it when its client takes too long."""

    scope: dict[str, Any] | None  # type: ignore[assignment]

    def __init__(
        self,
        config: "ServerConfig",
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits: Limits = config.limits
        self._hosts = config.hosts
        self._timeout = config.limits.client_timeout
        self._head = 0
        self._size = 0
        self._has_body = False
        self._behind_head = 0
        self._refused: float | None = None
        self._answering: RequestResponseCycle | None = None
        self._behind: Exception | None = None
        self._idle_since: float | None = None
        self._begun: tuple[object, float] = (None, self.loop.time())
        self._resumed = 0
        self._unsent: tuple[int, float, object] = (0, 0.0, None)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection; on those beyond the limit only health checks are answered."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            self.app = crowded(self.app)
            self._timeout = min(self._timeout, CROWDED_TIMEOUT)

    def data_received(self, data: bytes) -> None:
        """Read what came; of a head that comes in pieces, no more than a head may have."""
        if self._is_over():
            return
        self._idle_since = None
        before = self.scope
        self._size = self._head + len(data)
        self._has_body = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Whoever offers another protocol goes on with this one (RFC 9110, section 7.8).
            pass
        except httptools.HttpParserError:
            return self._refuse(BadRequest())
        if self._is_over():
            return
        scope = self.scope
        # Trailer fields, or what frames chunks: the parser holds a field until it has all of it.
        is_silent = scope is not None and scope is before and "method" in scope and not self._has_body
        self._behind_head = self._behind_head + len(data) if is_silent else 0
        if self._behind_head > self._limits.headers:
            return self._refuse(HeadersTooLarge())
        if scope is None or "method" in scope:
            self._head = 0
        else:
            self._head = self._size if scope is before else 1
            if self._head > self._limits.target + self._limits.headers + UNCOUNTED:
                self._refuse(self._too_large())

    def _is_over(self) -> bool:
        """Whether nothing is answered any more, and what comes is thrown away."""
        return self._refused is not None

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head; those of a trailer are never taken for that (RFC 9110, section 6.5.1)."""
        if self.scope is not None and "method" not in self.scope:
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        """Take a part of a request's body."""
        self._has_body = True
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Begin to answer a request, or to say why it will not be."""
        is_long = len(self.url) > self._limits.target
        # Beyond 65,535 bytes httptools takes no URL apart.
        url, version = httptools.parse_url(b"/" if is_long else self.url), self.parser.get_http_version()
        if is_long or len(self.headers) > MAX_FIELDS:
            error: Exception | None = self._too_large()
        elif (self._head or self._size > self._limits.headers) and self._has_long_fields():
            error = HeadersTooLarge()
        else:
            error = self._misnamed(url.host, version)
        # Behind an offer to upgrade the parser takes a body for the next request.
        is_last = error is not None or self.parser.should_upgrade()
        app = self.app if error is None else refusing(error)
        self._begin(app, url, version, is_last)  # type: ignore[arg-type]
        if len(self.pipeline) > MAX_PIPELINED:
            raise _TooManyWaiting

    def _begin(self, app: ASGI3Application, url: URL, version: str, is_last: bool) -> None:
        """Start to answer the request whose head is there, or let it wait for those before it."""
        parser, scope = self.parser, self.scope
        assert scope is not None
        # A whole URL may have none (RFC 9112, section 3.2.2).
        scope["raw_path"] = raw_path = url.path or b"/"
        scope["path"] = path = raw_path.decode("ascii")
        if "%" in path:
            scope["path"] = unquote(path)
        scope["query_string"] = url.query or b""
        scope["method"] = parser.get_method().decode("ascii")
        scope["http_version"] = version
        before = self.cycle
        self.cycle = cycle = Cycle(
            scope,  # type: ignore[arg-type]
            _Ending(self.transport, self._end) if is_last else self.transport,  # type: ignore[arg-type]
            self.flow,
            self.logger,
            self.access_logger,
            self.access_log,
            self.server_state.default_headers,
            asyncio.Event(),
            self.expect_100_continue,
            version != "1.0" and parser.should_keep_alive() and not is_last,
            self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))

    def on_response_complete(self) -> None:
        """Go on with the next request, or with the refusal of what came after the last.

        uvicorn sets a timer for each pause between requests; `watch` looks at all connections anyway.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing() or self._refused is not None:
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self._behind is not None and not self.transport.is_closing():
            self._write_refusal(self._behind)

    def connection_lost(self, exc: Exception | None) -> None:
        """Send nothing more, of none of several requests."""
        super().connection_lost(exc)
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def shutdown(self) -> None:
        """End the connection: at once where nothing is asked, else behind an answer that says so.

        One whose head has gone cannot say it any more: who asks again just behind it is answered, too.
        """
        cycle = self._answering
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            self.timeout_keep_alive = LAST
        else:
            super().shutdown()

    def resume_writing(self) -> None:
        """Go on with an answer, some of which the client has taken in."""
        super().resume_writing()
        self._resumed += 1

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        assert isinstance(cycle, Cycle)
        self._answering = cycle
        cycle.start(app, self.loop, self.tasks)

    def watch(self, now: float) -> None:
        """End the connection where its client takes too long to send a request, or to take an answer in."""
        self._watch_request(now)
        self._watch_answer(now)

    def _watch_request(self, now: float) -> None:
        if self._refused is not None:
            if self.transport.get_write_buffer_size():
                self._refused = now
            elif now - self._refused > LINGER:
                self.transport.abort()
            return
        if self.transport.is_closing() or (self.cycle is not None and not self.cycle.response_complete):
            return
        if self._idle_since is not None:
            if now - self._idle_since > self.timeout_keep_alive:
                self.transport.close()
            self._begun = (self.cycle, now)
        elif self._begun[0] is not self.cycle:
            self._begun = (self.cycle, now)
        elif now - self._begun[1] > self._timeout:
            self._refuse(RequestTimeout())

    def _watch_answer(self, now: float) -> None:
        unsent = self.transport.get_write_buffer_size()
        if unsent:
            unsent += self._unread()
        before, since, mark = self._unsent
        # A buffer that is filled again has been emptied, and whoever asks anew has read the answer before.
        moved = (self.cycle, self._resumed)
        if unsent == 0 or before == 0 or moved != mark:
            self._unsent = (unsent, now, moved)
        elif now - since > self._timeout:
            if unsent > before - LEAST_RATE * self._timeout:
                self.transport.abort()
            self._unsent = (unsent, now, moved)

    def _unread(self) -> int:
        """Return how many bytes the client has not even got: the kernel may hold megabytes for it."""
        try:
            answer = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), TIOCOUTQ, bytes(4))
        except OSError:
            return 0
        return int.from_bytes(answer, sys.byteorder)

    def _too_large(self) -> Exception:
        most = self._limits.target
        return TargetTooLong(most) if len(self.url) > most else HeadersTooLarge()

    def _misnamed(self, target: bytes | None, version: str) -> Exception | None:
        """Return what is wrong with the host that a request names, or with its version of HTTP.

        RFC 9112, section 3.2: HTTP/1.1 names one host, and nothing names several. The host in a `target` that
        is a whole URL counts instead of it.
        """
        named = [value for name, value in self.headers if name == b"host"]
        if version not in _VERSIONS or len(named) != 1:
            if version != "1.0" or named:
                return BadRequest()
            host = None
        elif (host := _host(named[0])) is None:
            return BadRequest()
        if target is not None:
            host = (b"[%b]" % target if b":" in target else target).lower()
        if self._hosts is None or host is None or host in self._hosts:
            return None
        return Misdirected()

    def _has_long_fields(self) -> bool:
        return sum(len(name) + len(value) + 4 for name, value in self.headers) > self._limits.headers

    def _refuse(self, error: Exception) -> None:
        """Answer what is no request, and close: at once, or behind the answers to the requests before it.

        RFC 9112, section 9.3.2: else the refusal would be taken for the answer to the first of them.
        """
        if self.transport.is_closing() or self._refused is not None or self._behind is not None:
            return
        last, answering = self.cycle, self._answering
        if answering is None or answering.response_complete:
            # What follows the answer to a request that has not ended would be taken for the next one's.
            if last is not None and last.more_body:
                self.transport.close()
            else:
                self._write_refusal(error)
        elif not answering.more_body:
            self._behind = error
            self.flow.pause_reading()
            if last.more_body:
                # The last of several requests is the one that is refused.
                self.pipeline.popleft()
        else:
            answering.disconnected = True
            if answering.response_started:
                self.transport.close()
            else:
                self._write_refusal(error)

    def _write_refusal(self, error: Exception) -> None:
        response = problem_response(explain(error), "/", uuid4().hex, (CLOSE,))
        fields = dict([*self.server_state.default_headers, *response.headers])
        lines = [b"%s: %s\r\n" % field for field in fields.items()]
        self.transport.write(b"".join([STATUS_LINE[response.status], *lines, b"\r\n", response.body]))
        self._end()

    def _end(self) -> None:
        """Send nothing more, and throw away what comes: to close with it unread resets what was sent."""
        if self.transport.is_closing():
            return
        self.pipeline.clear()
        self.transport.write_eof()
        self.flow.resume_reading()
        self._refused = self.loop.time()


@lru_cache(64)
def _host(value: bytes) -> bytes | None:
    """Return the host that a Host field names, without its port; None where it can be no host."""
    found = _HOST.fullmatch(value.strip())
    return None if found is None else found["host"].lower()


class _Ending:
    """A transport that ends as it is told to instead of closing; all else is that of the one behind it."""

    def __init__(self, transport: asyncio.Transport, end: Callable[[], None]) -> None:
        self._transport = transport
        self.close = end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _TooManyWaiting(Exception):
    """More requests wait on a connection than may; httptools makes a parser's error of it."""
