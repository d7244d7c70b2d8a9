"""Whole answers go out in one write, and each answer as uvicorn itself would have sent it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
import uvicorn
from bounded import bounded
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from fullon_cache_api.cli import cycle
from fullon_cache_api.cli.graceful import ServerConfig
from fullon_cache_api.cli.protocol import Protocol
from fullon_cache_api.http.response import Response, send_response
from fullon_cache_api.limits import Limits

DATE = (b"date", b"Mon, 23 Nov 2026 10:00:00 GMT")
SENT = b"HTTP/1.1 200 OK\r\ndate: Mon, 23 Nov 2026 10:00:00 GMT\r\ncontent-length: 2\r\n\r\nok"
START: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
BODY: Message = {"type": "http.response.body", "body": b"ok"}
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Wire(asyncio.Transport):
    """The client's end of a connection: what was written to it."""

    written: list[bytes] = field(default_factory=list)
    closed: bool = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.closed:
            self.written.append(bytes(data))

    def get_extra_info(self, name: str, default: object = None) -> object:
        return default

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    @property
    def received(self) -> bytes:
        return b"".join(self.written)


class Host:
    """An application that answers everything with the same messages."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for message in self.messages:
            await send(dict(message))


class Gateway:
    """An application that answers everything with the same response, as the gateway sends one."""

    def __init__(self, response: Response) -> None:
        self.response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_response(scope, receive, send, self.response)


def exchange(app: Sequence[Message] | ASGIApp, request: bytes = GET, *, own: bool = True) -> Wire:
    """What a client of `serve` is sent, or one of uvicorn's own."""
    app = app if callable(app) else Host(app)
    config = (
        ServerConfig(app, Limits(), 0.0, access_log=False, log_config=None)
        if own
        else uvicorn.Config(app, access_log=False, log_config=None)
    )
    config.load()
    state = ServerState()
    state.default_headers = [DATE]

    async def run() -> Wire:
        wire = Wire()
        kind = Protocol if own else HttpToolsProtocol
        protocol = kind(config, state, {}, asyncio.get_running_loop())  # type: ignore[arg-type]
        protocol.access_log = False
        protocol.connection_made(wire)
        protocol.data_received(request)
        while state.tasks:
            await asyncio.sleep(0)
        return wire

    return asyncio.run(run())


def test_what_an_answer_repeats_of_a_long_query_is_not_kept() -> None:
    link = Response.sized(200, ((b"link", b"<?fields=%d>" % 0),), b"ok")
    for long in (False, True):
        query = b"a" * (12_000 if long else 10)
        before = [kept.cache_info().currsize for kept in (cycle._known_lines, cycle._line)]
        for number in range(30):
            answered = link._replace(headers=((b"link", b"<?%d%b>" % (number, query)), *link.headers[1:]))
            sent = exchange(Gateway(answered), b"GET /?%b HTTP/1.1\r\nHost: x\r\n\r\n" % query).received
            assert b"link: <?%d%b>\r\n" % (number, query) in sent
        after = [kept.cache_info().currsize for kept in (cycle._known_lines, cycle._line)]
        grown = [now - then for now, then in zip(after, before, strict=True)]
        assert max(grown) <= 2 if long else min(grown) >= 29


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.1", b"GET / HTTP/1.0"])
@pytest.mark.parametrize("as_pair", [tuple, list])
def test_fields_may_be_any_pairs_to_be_gone_through_once(as_pair: type, request_line: bytes) -> None:
    class Once:
        def __iter__(self) -> Iterator[object]:
            yield from fields
            fields.clear()

    fields = [as_pair((b"content-length", b"2"))]
    sent = exchange([{**START, "headers": Once()}, BODY], request_line + b"\r\nHost: x\r\n\r\n").received
    assert b"\r\ncontent-length: 2\r\n" in sent
    assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert sent.endswith(b"\r\n\r\nok")


def test_a_whole_answer_is_one_write() -> None:
    assert exchange([START, BODY]).written == [SENT]
    assert exchange(Gateway(Response.sized(200, (), b"ok"))).written == [SENT]


def test_answers_to_requests_that_came_together_are_one_write_each() -> None:
    assert exchange([START, BODY], GET * 3).written == [SENT, SENT, SENT]


@pytest.mark.parametrize("length", [65_536, 65_537])
def test_a_body_beyond_64_kib_is_a_write_of_its_own(length: int) -> None:
    start = {**START, "headers": [(b"content-length", str(length).encode())]}
    wire = exchange([start, {**BODY, "body": b"x" * length}])
    assert len(wire.written) == (1 if length == 65_536 else 2)
    assert wire.received.endswith(b"\r\n\r\n" + b"x" * length)


def test_what_fails_before_its_body_begins_is_a_500_and_not_a_cut_answer() -> None:
    wire = exchange([START])
    assert wire.received.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert wire.received.endswith(b"\r\n\r\nInternal Server Error")
    assert wire.closed


def test_a_client_has_a_part_before_the_next_one_is_there() -> None:
    go = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            return await send({"type": "lifespan.shutdown.complete"})
        await send({**START, "headers": []})
        await send({**BODY, "more_body": True})
        await go.wait()

    with bounded(app, Limits()) as running:
        client: socket.socket = running.connect()
        client.sendall(GET)
        received = b""
        while not received.endswith(b"\r\n\r\n2\r\nok\r\n"):
            received += client.recv(1_000)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")


NAMES = [
    b"etag",
    b"x-a",
    b"X-Upper",
    b"content-length",
    b"transfer-encoding",
    b"connection",
    b"a b",
    b"",
    b"date",
]
VALUES = [b"2", b"0", b"5", b"chunked", b"close", b"keep-alive", b'"e"', b"a\r\nb: c", b"\x00", b"", b"\xff"]
heads = st.builds(
    lambda status, headers: {"type": "http.response.start", "status": status, "headers": headers},
    st.sampled_from([200, 204, 206, 304, 404, 503]),
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=4),
)
bodies = st.lists(st.sampled_from([b"", b"ok", b"12345"]), min_size=1, max_size=3).map(
    lambda parts: [
        {"type": "http.response.body", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, 1)
    ]
)
requests = st.sampled_from(
    [
        GET,
        GET * 2,
        GET.replace(b"GET", b"HEAD"),
        GET.replace(b"1.1", b"1.0"),
        GET.replace(b"Host: x", b"Host: x\r\nConnection: close"),
        GET.replace(b"1.1", b"1.0").replace(b"Host: x", b"Connection: keep-alive"),
        GET.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"),
    ]
)


@examples(300)
@given(heads, bodies, requests)
def test_whatever_is_answered_goes_out_as_uvicorn_sends_it(
    head: Message, body: list[Message], request: bytes
) -> None:
    ours, theirs = exchange([head, *body], request), exchange([head, *body], request, own=False)
    assert (ours.received, ours.closed) == (theirs.received, theirs.closed)


@examples(300)
@given(heads, st.sampled_from([b"", b"ok", b"12345"]), requests)
def test_a_response_goes_out_as_uvicorn_sends_it(head: Message, body: bytes, request: bytes) -> None:
    app = Gateway(Response(head["status"], head["headers"], body))
    ours, theirs = exchange(app, request), exchange(app, request, own=False)
    assert (ours.received, ours.closed) == (theirs.received, theirs.closed)


@examples(100)
@given(st.sampled_from([200, 304, 404, 503]), st.sampled_from([b"", b"ok", b"12345"]), requests)
def test_a_sized_response_goes_out_as_uvicorn_sends_it(status: int, body: bytes, request: bytes) -> None:
    app = Gateway(Response.sized(status, ((b"etag", b'"e"'),), body))
    ours, theirs = exchange(app, request), exchange(app, request, own=False)
    assert (ours.received, ours.closed) == (theirs.received, theirs.closed)
    assert len(ours.written) <= len(theirs.written)


class Failing:
    """An application that sends some messages, and then returns or raises something."""

    def __init__(self, messages: Sequence[Message], outcome: object) -> None:
        self.messages, self.outcome = messages, outcome

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> object:
        for message in self.messages:
            await send(dict(message))
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


@pytest.mark.parametrize("messages", [[], [START, BODY], [START, {**BODY, "more_body": True}]])
@pytest.mark.parametrize("outcome", [None, "text", RuntimeError("odd"), asyncio.CancelledError()])
def test_whatever_comes_of_an_application_ends_as_with_uvicorn(
    messages: Sequence[Message], outcome: object, caplog: pytest.LogCaptureFixture
) -> None:
    said = []
    wires = []
    for own in (True, False):
        caplog.clear()
        wires.append(exchange(Failing(messages, outcome), own=own))  # type: ignore[arg-type]
        said.append([(record.message, record.exc_info and record.exc_info[1]) for record in caplog.records])
    assert (wires[0].received, wires[0].closed) == (wires[1].received, wires[1].closed)
    assert said[0] == said[1]
    assert bool(said[0]) == (outcome is not None or messages != [START, BODY])
