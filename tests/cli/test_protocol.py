"""What clients may send to `serve`, and how long they may take; over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from bounded import Bounded, answer_of, bounded, is_closed
from starlette.types import Receive, Scope, Send
from topologies import wait_until

from fullon_cache_api.cli.protocol import MAX_PIPELINED
from fullon_cache_api.http.response import Response, send_response
from fullon_cache_api.limits import Limits

SMALL = Limits(connections=2, target=300, headers=2_000, client_timeout=1.0)
CHUNK = b"x" * 100_000


class Host:
    """An application: `/large` is one body, `/endless` is sent in parts for ever, `/held` waits."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.seen: list[str] = []
        self.fields: list[list[tuple[bytes, bytes]]] = []
        self.ended = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            return await send({"type": "lifespan.shutdown.complete"})
        self.seen.append(scope["path"])
        self.fields.append(list(scope["headers"]))
        if scope["path"] == "/endless":
            try:
                await send_response(scope, receive, send, Response(200, (), b"x", self.parts()))
            finally:
                self.ended.set()
            return
        if scope["path"] == "/held":
            while not self.go.is_set():
                await asyncio.sleep(0.01)
        body = CHUNK * 200 if scope["path"] == "/large" else b"ok"
        await send_response(scope, receive, send, Response.sized(200, (), body))

    async def parts(self):  # type: ignore[no-untyped-def]
        while True:
            yield CHUNK


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def running(host: Host) -> Iterator[Bounded]:
    with bounded(host, SMALL) as running:
        yield running
        host.go.set()


def get(target: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: x", *fields, "", ""]).encode()


def problem(client: socket.socket, status: int, name: str) -> None:
    found, headers, body = answer_of(client)
    assert (found, json.loads(body)["type"]) == (status, f"/problems/{name}")
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["connection"] == "close"
    assert headers["x-request-id"] == json.loads(body)["request_id"]
    assert "server" not in headers
    assert is_closed(client)


def statuses(client: socket.socket) -> list[int]:
    """The status of every answer until the connection ends."""
    received = b""
    while data := client.recv(1 << 16):
        received += data
    return [int(part.split()[0]) for part in received.split(b"HTTP/1.1 ")[1:]]


def test_a_target_of_the_allowed_length_is_answered_and_a_longer_one_is_414(
    running: Bounded, host: Host
) -> None:
    client = running.connect()
    client.sendall(get("/" + "a" * 299))
    assert answer_of(client)[0] == 200
    client.sendall(get("/" + "a" * 300))
    problem(client, 414, "target-too-long")
    assert host.seen == ["/" + "a" * 299]


@pytest.mark.parametrize("length", [65_536, 70_000, 130_000])
def test_a_target_that_is_longer_than_can_be_taken_apart_is_414(
    running: Bounded, host: Host, length: int
) -> None:
    client = running.connect()
    client.sendall(get("/" + "a" * length))
    problem(client, 414, "target-too-long")
    assert host.seen == []


def test_what_comes_behind_a_head_in_pieces_is_no_part_of_it(running: Bounded, host: Host) -> None:
    requests = [get(f"/{number}", "A: " + "b" * 200) for number in range(24)]
    requests.append(get("/24", "Connection: close"))
    client = running.connect()
    client.sendall(requests[0][:10])
    wait_until(lambda: any(one._head for one in list(running.server.server_state.connections)))
    client.sendall(requests[0][10:] + b"".join(requests[1:]))
    assert statuses(client) == [200] * 25
    assert host.seen == [f"/{number}" for number in range(25)]


@pytest.mark.parametrize(
    "fields",
    [[f"A-{n}: b" for n in range(100)], ["A: " + "b" * 2_000], [f"A-{n}: {'b' * 60}" for n in range(40)]],
    ids=["many", "long", "together"],
)
def test_header_fields_that_are_too_many_or_too_long_are_431(
    running: Bounded, host: Host, fields: list[str]
) -> None:
    client = running.connect()
    client.sendall(get("/", *fields))
    problem(client, 431, "headers-too-large")
    assert host.seen == []


@pytest.mark.parametrize("cut", [10, 700, -2])
def test_a_head_that_is_too_long_is_431_in_pieces_as_well(running: Bounded, host: Host, cut: int) -> None:
    """No piece alone is longer than a head may be."""
    sent = get("/", "A: " + "b" * 2_000)
    client = running.connect()
    client.sendall(sent[:cut])
    wait_until(lambda: any(one._head for one in list(running.server.server_state.connections)))
    client.sendall(sent[cut:])
    problem(client, 431, "headers-too-large")
    assert host.seen == []


def test_a_head_that_is_just_short_enough_is_answered_in_pieces_as_well(running: Bounded, host: Host) -> None:
    """Blanks around a value are no part of it, and no field of its own is the request line."""
    blanks, most = " " * 600, 2_000 - len("Host: x\r\n") - len("A: \r\n")
    sent = get("/" + "a" * 299, "A:" + blanks + "b" * most)
    client = running.connect()

    def has_read(count: int) -> Callable[[], bool]:
        return lambda: any(one._head >= count for one in list(running.server.server_state.connections))

    client.sendall(sent[:1])
    wait_until(has_read(1))
    client.sendall(sent[1:-2])
    wait_until(has_read(len(sent) - 2))
    client.sendall(sent[-2:])
    assert answer_of(client)[0] == 200
    assert host.seen == ["/" + "a" * 299]


@pytest.mark.parametrize(
    "head",
    [
        get("/" + "a" * 300, "Content-Length: 900000"),
        get("/", "A: " + "b" * 2_000, "Content-Length: 900000"),
        get("/", "Host: another", "Content-Length: 900000"),
    ],
    ids=["414", "431", "400"],
)
def test_a_body_behind_a_refused_head_is_thrown_away_and_resets_nothing(
    running: Bounded, host: Host, head: bytes
) -> None:
    client = running.connect()
    client.sendall(head)
    assert client.recv(1, socket.MSG_PEEK) == b"H"
    for _ in range(90):
        client.sendall(b"b" * 10_000)
    status, fields, _ = answer_of(client)
    assert status in (400, 414, 431) and fields["connection"] == "close"
    assert client.recv(1) == b""
    assert host.seen == []


@pytest.mark.parametrize(
    ("start", "status", "name"),
    [("GET /" + "a" * 290 + " HTTP/1.1\r\nA: ", 431, "headers-too-large"), ("GET /", 414, "target-too-long")],
)
def test_a_head_in_pieces_is_read_no_further_than_a_head_may_be_long(
    running: Bounded, start: str, status: int, name: str
) -> None:
    client = running.connect()
    client.sendall(get("/first"))
    assert answer_of(client)[0] == 200
    client.sendall(start.encode())
    received = 0
    client.settimeout(0.01)
    while not received:
        client.sendall(b"a" * 200)
        try:
            received = len(client.recv(1, socket.MSG_PEEK))
        except TimeoutError:
            continue
    client.settimeout(10)
    problem(client, status, name)


@pytest.mark.parametrize(
    ("sent", "status", "name"),
    [
        (b"GET /" + b"a" * 2_000_000 + b" HTTP/1.1\r\n\r\n", 414, "target-too-long"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 400_000 + b"\r\n", 431, "headers-too-large"),
        (b"\0" * 2_000_000, 400, "bad-request"),
    ],
)
def test_a_refusal_reaches_a_client_that_goes_on_sending(
    running: Bounded, sent: bytes, status: int, name: str
) -> None:
    client = running.connect()
    client.sendall(sent)
    problem(client, status, name)


def test_a_client_that_never_stops_sending_is_cut_after_the_refusal(running: Bounded) -> None:
    client = running.connect()
    with pytest.raises(OSError, match=r"reset|Broken"):
        while True:
            client.sendall(b"\0" * 100_000)


def test_a_head_in_small_pieces_is_read(running: Bounded) -> None:
    client = running.connect()
    for _ in range(2):
        for byte in get("/", "A: b"):
            client.sendall(bytes([byte]))
        assert answer_of(client)[0] == 200


def test_what_is_no_http_is_400(running: Bounded) -> None:
    client = running.connect()
    client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
    problem(client, 400, "bad-request")


@pytest.mark.parametrize("sent", [b"", b"GET / HT"], ids=["nothing", "a part"])
def test_a_head_that_does_not_come_in_time_is_408(running: Bounded, sent: bytes) -> None:
    client = running.connect()
    client.sendall(sent)
    problem(client, 408, "request-timeout")


def test_a_second_head_that_does_not_come_in_time_is_408(running: Bounded) -> None:
    client = running.connect()
    client.sendall(get("/"))
    assert answer_of(client)[0] == 200
    client.sendall(b"GET ")
    problem(client, 408, "request-timeout")


def test_an_answer_that_is_long_in_the_making_is_no_slow_client(running: Bounded, host: Host) -> None:
    client = running.connect()
    client.sendall(get("/held"))
    client.settimeout(1.6)
    with pytest.raises(TimeoutError):
        client.recv(1)
    host.go.set()
    client.settimeout(10)
    assert answer_of(client)[0] == 200


def test_a_body_is_not_kept_and_one_that_does_not_end_ends_the_connection(
    running: Bounded, host: Host
) -> None:
    client = running.connect()
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
    assert answer_of(client)[0] == 200
    sent = 0
    try:
        while sent < 10_000_000:
            client.sendall(CHUNK)
            sent += len(CHUNK)
            for connection in running.server.server_state.connections:
                assert len(connection.cycle.body) <= 1 << 19  # type: ignore[union-attr]
    except OSError:
        pass
    # What follows an answer would be taken for the next request's.
    with pytest.raises(OSError):
        answer_of(client)
    assert host.seen == ["/"]


@pytest.mark.parametrize("target", ["/large", "/endless"])
def test_a_client_that_takes_in_nothing_is_cut(running: Bounded, host: Host, target: str) -> None:
    client = running.connect(receive_buffer=4_096)
    client.sendall(get(target))
    client.recv(1_000)

    def gone() -> bool:
        return not running.server.server_state.connections

    waited = threading.Event()
    for _ in range(1_000):
        if gone():
            break
        waited.wait(0.01)
    assert gone()
    if target == "/endless":
        assert host.ended.wait(5)


def test_a_client_that_takes_in_slowly_gets_all_of_it(running: Bounded) -> None:
    client = running.connect(receive_buffer=65_536)
    client.sendall(get("/large"))
    pause = threading.Event()
    received, turns = 0, 0
    while received < 20_000_000:
        data = client.recv(1 << 20)
        assert data
        received += len(data)
        if turns < 25:
            pause.wait(0.1)
        turns += 1
    assert received > 20_000_000


def test_requests_that_wait_on_one_connection_are_bounded(running: Bounded, host: Host) -> None:
    client = running.connect()
    client.sendall(get("/held") + get("/next") * 5_000)
    host.go.set()
    assert statuses(client) == [200] * (1 + MAX_PIPELINED) + [400]
    assert host.seen == ["/held"] + ["/next"] * MAX_PIPELINED


def test_a_few_requests_that_wait_on_one_connection_are_answered_in_order(running: Bounded) -> None:
    client = running.connect()
    client.sendall(get("/a") + get("/b") + get("/" + "c" * 300))
    assert statuses(client) == [200, 200, 414]


def test_beyond_the_connections_only_health_is_answered(running: Bounded, host: Host) -> None:
    held = [running.connect() for _ in range(2)]
    for client in held:
        client.sendall(get("/held"))
    third = running.connect()
    third.sendall(get("/more"))
    problem(third, 503, "overloaded")
    fourth = running.connect()
    fourth.sendall(get("/health/live"))
    assert answer_of(fourth)[0] == 200
    host.go.set()
    assert [answer_of(client)[0] for client in held] == [200, 200]
    assert "/more" not in host.seen


def test_an_overloaded_answer_says_when_to_come_again(running: Bounded, host: Host) -> None:
    for _ in range(2):
        running.connect().sendall(get("/held"))
    client = running.connect()
    client.sendall(get("/more"))
    assert answer_of(client)[1]["retry-after"] == "1"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Host: localhost\r\n", 200),
        (b"Host: LOCALHOST:8000\r\n", 200),
        (b"Host: 127.0.0.1:1\r\n", 200),
        (b"Host: [::1]:8000\r\n", 200),
        (b"Host: evil.example\r\n", 421),
        (b"Host: evil.example:8000\r\n", 421),
        (b"Host: localhost.evil.example\r\n", 421),
        (b"Host: localhost@evil.example\r\n", 400),
        (b"Host: 127.0.0.1:8000:80\r\n", 400),
        (b"Host: localhost\r\nHost: evil.example\r\n", 400),
        (b"Host:\r\n", 421),
    ],
)
def test_where_only_this_machine_may_ask_a_page_whose_name_leads_to_it_reads_nothing(
    host: Host, head: bytes, status: int
) -> None:
    own = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
    with bounded(host, hosts=own) as running:
        client = running.connect()
        client.sendall(b"GET / HTTP/1.1\r\n" + head + b"\r\n")
        assert answer_of(client)[0] == status
        assert host.seen == (["/"] if status == 200 else [])


@pytest.mark.parametrize(
    ("target", "named", "status"),
    [
        (b"http://localhost/", b"evil.example", 200),
        (b"http://LOCALHOST:8000/?a", b"evil.example", 200),
        (b"http://[::1]:8000/", b"evil.example", 200),
        (b"http://localhost", b"evil.example", 200),
        (b"http://localhost?a=b", b"localhost", 200),
        (b"http://evil.example/", b"localhost", 421),
        (b"http://localhost@evil.example/", b"localhost", 421),
        (b"http://evil.example/", b"localhost:8000:80", 400),
    ],
)
def test_the_host_of_a_target_that_is_a_whole_url_counts_instead_of_the_field(
    host: Host, target: bytes, named: bytes, status: int
) -> None:
    with bounded(host, hosts=frozenset({b"localhost", b"[::1]"})) as running:
        client = running.connect()
        client.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: " + named + b"\r\n\r\n")
        assert answer_of(client)[0] == status
        assert host.seen == (["/"] if status == 200 else [])


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n", 400),
        (b"GET http://x/ HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n", 400),
        (b"GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: \xe9\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: [::1\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost:\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: fullon_cache-api.desk.example:8000\r\n", 200),
        (b"GET / HTTP/1.0\r\n", 200),
        (b"GET / HTTP/1.0\r\nHost: x\r\n", 200),
    ],
)
def test_a_request_names_one_host_as_its_version_wants_it(
    running: Bounded, host: Host, head: bytes, status: int
) -> None:
    client = running.connect()
    client.sendall(head + b"\r\n")
    assert answer_of(client)[0] == status
    assert host.seen == (["/"] if status == 200 else [])


def test_a_line_without_a_version_is_no_request(running: Bounded, host: Host) -> None:
    client = running.connect()
    client.sendall(b"GET /\r\n\r\n")
    problem(client, 400, "bad-request")
    assert host.seen == []


def test_what_is_no_http_does_not_fill_the_log(running: Bounded, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        client = running.connect()
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert answer_of(client)[0] == 400
    assert caplog.records == []


CHUNKED = "Transfer-Encoding: chunked"


def test_what_stands_in_a_trailer_is_no_header_field(running: Bounded, host: Host) -> None:
    with running.connect() as client:
        client.sendall(get("/", CHUNKED) + b"0\r\nX-API-Key: secret\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n")
        assert answer_of(client)[0] == 200
        client.sendall(get("/next"))
        assert answer_of(client)[0] == 200
    assert host.fields[0] == [(b"host", b"x"), (b"transfer-encoding", b"chunked")]
    assert host.fields[1] == [(b"host", b"x")]


@pytest.mark.parametrize("trailer", [b"X:a\r\n" * 20_000, b"x" * 100_000], ids=["many", "endless"])
def test_a_trailer_is_bounded_as_a_head_is(running: Bounded, trailer: bytes) -> None:
    with running.connect() as client:
        client.sendall(get("/", CHUNKED) + b"0\r\nX:")
        assert answer_of(client)[0] == 200
        sent = 0
        with pytest.raises(OSError):
            while sent < 100_000_000:
                client.sendall(trailer)
                sent += len(trailer)
        assert sent < 20_000_000


def test_a_body_behind_an_offer_to_upgrade_is_no_request(running: Bounded, host: Host) -> None:
    inner = get("/inner")
    for fields in ((f"Content-Length: {len(inner)}",), ()):
        with running.connect() as client:
            client.sendall(get("/outer", "Connection: Upgrade", "Upgrade: h2c", *fields))
            status, headers, _ = answer_of(client)
            assert (status, headers["connection"]) == (200, "close")
            with contextlib.suppress(OSError):
                client.sendall(inner)
            assert is_closed(client)
    assert host.seen == ["/outer", "/outer"]


@pytest.mark.parametrize("pauses", [0, 30], ids=["fast", "slow"])
def test_a_large_answer_to_an_offer_to_upgrade_is_whole_whatever_comes_behind_the_offer(
    running: Bounded, host: Host, pauses: int
) -> None:
    with running.connect(receive_buffer=65_536) as client:
        client.sendall(get("/large", "Connection: Upgrade", "Upgrade: h2c"))
        wait_until(lambda: host.seen == ["/large"])
        # What is not read when a connection is closed makes the kernel reset it, and throw away what it sent.
        client.sendall(get("/inner") * 500)
        received = b""
        pause = threading.Event()
        while data := client.recv(1 << 20):
            received += data
            if pauses:
                # Longer, all together, than what is thrown away behind an answer.
                pause.wait(0.1)
                pauses -= 1
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert len(body) == len(CHUNK) * 200
    assert host.seen == ["/large"]


def test_a_body_that_comes_before_the_answer_to_an_offer_to_upgrade_is_no_request(
    running: Bounded, host: Host
) -> None:
    inner = get("/inner")
    with running.connect() as client:
        client.sendall(get("/held", "Connection: Upgrade", "Upgrade: h2c", f"Content-Length: {len(inner)}"))
        wait_until(lambda: host.seen == ["/held"])
        client.sendall(inner)
        host.go.set()
        assert answer_of(client)[0] == 200
        assert is_closed(client)
    assert host.seen == ["/held"]
