"""Any bytes at all, over a socket, to the gateway as it is served: it answers or refuses, and stays."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from served import SERVE, Served, served
from wire import Answer, Wire

from fullon_cache_api.demo import EmbeddedServer

SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
H11 = ("--http", "h11", "--loop", "asyncio", "--ws", "none", "--port", "{port}", "--log-level", "warning")
START = b"GET /api/tickers/binance/AAA-USDT HTTP/1.1\r\nHost: gateway\r\n"
SETTLES_WITHIN = 20.0

MAY_KEEP = 8.0
"""MB by which the process may be larger after it has met everything twice than after it has once."""


@contextmanager
def serving_symbols(log: Path, command: tuple[str, ...]) -> Iterator[Served]:
    """A gateway that has a ticker of each symbol."""
    with EmbeddedServer() as server, redis.Redis.from_url(server.url) as writer:
        for number, symbol in enumerate(SYMBOLS):
            writer.hset("tickers:binance", f"{symbol}/USDT", f'{{"last": {number}, "volume": {number}}}')
        with served(log, {"REDIS_URL": server.url, "AUTH": "none"}, command) as running:
            yield running
            assert running.is_alive


@pytest.fixture(scope="module")
def gateway_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The gateway as `serve` runs it."""
    with serving_symbols(tmp_path_factory.mktemp("raw") / "log", SERVE) as running:
        yield running
        assert running.signs_of_trouble() == []


@pytest.fixture
def h11_process(tmp_path: Path) -> Iterator[Served]:
    """The gateway as somebody else may run it: by a uvicorn with its other parser."""
    command = ("-m", "uvicorn", *H11, "fullon_cache_api.main:app")
    with serving_symbols(tmp_path / "log", command) as running:
        yield running
        # That uvicorn cannot answer once it has refused, it logs as an error with this parser.
        assert all("LocalProtocolError" in line for line in running.signs_of_trouble())


def honest(symbol: str) -> bytes:
    """A request as anybody would send it."""
    return f"GET /api/tickers/binance/{symbol}-USDT HTTP/1.1\r\nHost: gateway\r\n\r\n".encode()


def assert_right(answer: Answer, symbol: str) -> None:
    assert answer.status == 200
    body = msgspec.json.decode(answer.body)
    assert (body["symbol"], body["ticker"]["last"]) == (f"{symbol}-USDT", SYMBOLS.index(symbol))


def assert_serves(gateway_process: Served) -> None:
    """An honest request is answered rightly, by the same process."""
    with Wire(gateway_process.port) as wire:
        wire.send(honest("BBB"))
        (answer,) = wire.read(answers=1)
        assert_right(answer, "BBB")
    assert gateway_process.is_alive


def assert_survives(gateway_process: Served, data: bytes) -> list[Answer]:
    """Whatever is sent, the connection ends, and nothing has failed."""
    with Wire(gateway_process.port, head=data.startswith(b"HEAD ")) as wire:
        wire.send(data)
        answers = wire.read(answers=1, seconds=0.05)
        wire.end()
        answers = wire.read()
        assert not wire.is_open, "the connection hangs"
    assert all(answer.status < 500 for answer in answers), answers
    return answers


def large(name: bytes, value: bytes, times: int = 1) -> bytes:
    return START + (name + b": " + value + b"\r\n") * times + b"\r\n"


REQUESTS: dict[str, tuple[bytes, set[int]]] = {
    "plain": (START + b"\r\n", {200}),
    "HTTP/1.0": (START.replace(b"1.1", b"1.0") + b"\r\n", {200}),
    "absolute URI": (START.replace(b"/api", b"http://evil.example/api", 1) + b"\r\n", {200, 404}),
    "absolute URI without a path": (b"GET http://evil.example HTTP/1.1\r\nHost: x\r\n\r\n", {200}),
    "broken absolute URI": (b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n", {400, 404}),
    "asterisk": (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "authority": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", {400, 404, 405}),
    "dots": (b"GET /api/../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "encoded dots": (b"GET /api/%2e%2e/%2E%2E/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "dots to an endpoint": (b"GET /api/x/../tickers HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "encoded slash": (b"GET /api/tickers%2Fbinance HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "dots in a symbol": (b"GET /api/tickers/binance/%2E%2E%2F%2E%2E HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "NUL in a symbol": (b"GET /api/tickers/binance/A%00B HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "invalid UTF-8": (b"GET /api/tickers/binance/%FF%FE HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "overlong UTF-8": (b"GET /api/tickers/binance/%C0%AF HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "raw bytes": (b"GET /api/tickers/binance/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "newline in a header's value": (b"GET /api/%0d%0aX-Injected:%201 HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "path of 1 MB": (
        b"GET /api/tickers/" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        {400, 414, 431},
    ),
    "path of 60 KB": (
        b"GET /api/tickers/" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        {400, 414, 431},
    ),
    "60,000 slashes": (b"GET " + b"/" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {404, 400, 414, 431}),
    "10,000 parameters": (
        b"GET /api/tickers?" + b"a=1&" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        {400, 414, 431},
    ),
    "two Content-Lengths": (START + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", {400}),
    "Content-Length and chunks": (
        START + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        {200, 400},
    ),
    "Content-Length of 30 digits": (START + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", {400, 413, 200}),
    "negative Content-Length": (START + b"Content-Length: -1\r\n\r\n", {400}),
    "two Hosts": (START + b"Host: evil.example\r\n\r\n", {400}),
    "no Host": (START.replace(b"Host: gateway\r\n", b"") + b"\r\n", {400}),
    "1,000 If-None-Match": (large(b"If-None-Match", b'"x"', 1_000), {200, 400, 431}),
    "quotes without an end": (large(b"If-None-Match", b'"' * 20_001), {200, 400, 431}),
    "Accept of 100 KB": (large(b"Accept", b"a/b;q=0.5," * 10_000), {200, 400, 431}),
    "Accept of nonsense": (large(b"Accept", b";;;=,,,\x80\xff;q=2,*/;q="), {200}),
    "Accept-Encoding of nonsense": (large(b"Accept-Encoding", b"\x80\xff;;q=,gzip;q=9,;q=0"), {200}),
    "Accept-Encoding of spaces": (large(b"Accept-Encoding", b"gzip;q=" + b" " * 1_000 + b";"), {200}),
    "Cache-Control of many digits": (large(b"Cache-Control", b"max-age=" + b"9" * 5_000), {200}),
    "Cache-Control of nonsense": (large(b"Cache-Control", b'max-age="1, no-cache=", max-age=-1'), {200}),
    "Range": (large(b"Range", b"bytes=0-5"), {200}),
    "Range of nonsense": (large(b"Range", b"bytes=9999999999999999999999-,-"), {200}),
    "X-Request-Id of nonsense": (large(b"X-Request-Id", b"\x80" * 5_000), {200}),
    "Upgrade to h2c": (START + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n", {200}),
    "Upgrade to a WebSocket": (
        START + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        {200, 400},
    ),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
    "HTTP/9.9": (START.replace(b"1.1", b"9.9") + b"\r\n", {400}),
    "unknown method": (START.replace(b"GET", b"FROBNICATE") + b"\r\n", {400, 405}),
    "other methods": (START.replace(b"GET", b"DELETE") + b"\r\n", {405}),
    "a method in small letters": (START.replace(b"GET", b"get") + b"\r\n", {400, 405}),
    "space in a header's name": (START + b"X y: 1\r\n\r\n", {400}),
    "NUL in a header's name": (START + b"X\x00y: 1\r\n\r\n", {400}),
    "NUL in a header's value": (START + b"X: a\x00b\r\n\r\n", {400}),
    "header without a name": (START + b": 1\r\n\r\n", {400}),
    "folded header": (START + b"Accept: text/csv\r\n , text/html\r\n\r\n", {200, 400}),
    "bare line feeds": (START.replace(b"\r\n", b"\n") + b"\n", {200, 400}),
    "header of 1 MB": (large(b"X", b"a" * 1_000_000), {200, 400, 431}),
    "10,000 headers": (large(b"X", b"1", 10_000), {200, 400, 431}),
    "chunks": (START + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", {200}),
    "chunk with a bad size": (START + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n", {200, 400}),
    "chunk with a huge size": (
        START + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 30 + b"\r\n",
        {200, 400},
    ),
    "other codings": (START + b"Transfer-Encoding: gzip, nonsense\r\n\r\n", {200, 400}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), {400}),
    "Redis": (b"*1\r\n$4\r\nPING\r\n", {400}),
    "NULs": (bytes(1_000), {400}),
}
"""Requests, and what they may be answered with where the server gives an answer at all."""


@pytest.mark.parametrize("name", REQUESTS)
def test_each_is_answered_or_refused_and_the_next_client_is_served(
    gateway_process: Served, name: str
) -> None:
    data, statuses = REQUESTS[name]
    with Wire(gateway_process.port) as wire:
        wire.send(data)
        answers = wire.read(answers=1)
    assert {answer.status for answer in answers} <= statuses
    assert answers or not wire.is_open
    assert b"X-Injected: 1" not in wire.received.partition(b"\r\n\r\n")[0]
    assert_serves(gateway_process)


def test_expecting_clients_are_answered(gateway_process: Served) -> None:
    with Wire(gateway_process.port) as wire:
        wire.send(START + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        (answer,) = wire.read(answers=1)
        assert_right(answer, "AAA")


def test_requests_in_a_row_are_answered_in_their_order(gateway_process: Served) -> None:
    asked = [SYMBOLS[number * number % 4] for number in range(30)]
    with Wire(gateway_process.port) as wire:
        wire.send(b"".join(map(honest, asked)))
        answers = wire.read(answers=len(asked))
    assert len(answers) == len(asked)
    for answer, symbol in zip(answers, asked, strict=True):
        assert_right(answer, symbol)


@pytest.mark.parametrize(
    "garbage", [b"GARBAGE\r\n\r\n", b"\x00\x00\x00\x00", b"GET / HTTP/1.1\r\nX y: 1\r\n\r\n"]
)
def test_what_is_no_request_is_refused_after_the_answers_before_it(
    gateway_process: Served, garbage: bytes
) -> None:
    with Wire(gateway_process.port) as wire:
        wire.send(honest("CCC") + honest("DDD") + garbage)
        first, second, *rest = wire.read()
        assert not wire.is_open
    assert_right(first, "CCC")
    assert_right(second, "DDD")
    assert [answer.status for answer in rest] in ([400], [])


def test_a_body_that_is_none_is_refused_after_the_answers_before_it(gateway_process: Served) -> None:
    with Wire(gateway_process.port) as wire:
        wire.send(honest("CCC") + START + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n")
        first, *rest = wire.read()
        assert not wire.is_open
    assert_right(first, "CCC")
    for answer in rest:
        assert answer.status in (200, 400)


def test_a_half_closed_connection_is_answered_or_closed(gateway_process: Served) -> None:
    for data in (b"", b"GET /api", START, START + b"\r\n", START + b"Content-Length: 9\r\n\r\nabc"):
        for answer in assert_survives(gateway_process, data):
            assert answer.status in (200, 400)
    assert_serves(gateway_process)


def test_clients_that_vanish_leave_nothing_behind(gateway_process: Served) -> None:
    before = gateway_process.descriptors
    for number in range(100):
        wire = Wire(gateway_process.port)
        wire.send((honest("AAA") * 3 + START)[: 40 * number + 1])
        if number % 2:
            wire.read(answers=1, seconds=0.01)
        wire.reset()
    assert_serves(gateway_process)
    assert_eventually(lambda: gateway_process.descriptors <= before)


TOKEN = st.sampled_from(
    [b"GET", b"GET", b"GET", b"HEAD", b"POST", b"OPTIONS", b"TRACE", b"G\x80T", b"", b"get", b"A" * 99]
)
TARGET = st.one_of(
    st.sampled_from(
        [b"/api/tickers/binance/AAA-USDT", b"*", b"//", b"http://x", b"/%", b"/api/tickers?fields=", b""]
    ),
    st.binary(max_size=30),
    st.binary(max_size=10).map(lambda raw: b"/api/tickers/binance/" + raw),
    st.integers(0, 20).map(lambda power: b"/" + b"a" * 2**power),
)
VERSION = st.sampled_from(
    [b" HTTP/1.1", b" HTTP/1.1", b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0", b"", b" HTTP/1.1 x"]
)
NAME = st.one_of(
    st.sampled_from(
        [
            *(
                b"Host",
                b"Accept",
                b"Accept-Encoding",
                b"If-None-Match",
                b"Cache-Control",
                b"Range",
                b"Expect",
            ),
            *(b"Connection", b"Upgrade", b"Content-Length", b"Transfer-Encoding", b"X-Request-Id", b"TE"),
        ]
    ),
    st.binary(max_size=8),
)
VALUE = st.one_of(
    st.sampled_from(
        [
            *(
                b"close",
                b"keep-alive",
                b"upgrade",
                b"h2c",
                b"websocket",
                b"chunked",
                b"100-continue",
                b"0",
                b"3",
            ),
            *(b'W/"', b'"x", *', b"bytes=0-1", b"text/csv", b"gzip;q=0.1", b"no-cache", b"max-age=0", b"-1"),
        ]
    ),
    st.binary(max_size=20),
    st.integers(0, 17).map(lambda power: b"9" * 2**power),
)
END = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\n ", b""])
BODY = st.one_of(
    st.just(b""), st.binary(max_size=30), st.sampled_from([b"3\r\nabc\r\n0\r\n\r\n", b"f" * 20 + b"\r\n"])
)


@st.composite
def any_request(draw: st.DrawFn) -> bytes:
    """Something like a request, of which any part may be something else."""
    data = draw(TOKEN) + b" " + draw(TARGET) + draw(VERSION) + draw(END)
    for name, value in draw(st.lists(st.tuples(NAME, VALUE), max_size=5)):
        data += name + draw(st.sampled_from([b": ", b":", b" : ", b""])) + value + draw(END)
    data += draw(END) + draw(BODY)
    if draw(st.integers(0, 4)) == 0:
        place = draw(st.integers(0, len(data)))
        data = data[:place] + draw(st.binary(max_size=4)) + data[place + draw(st.integers(0, 4)) :]
    return data


@examples(150)
@given(st.lists(st.sampled_from(SYMBOLS), max_size=3), any_request(), st.booleans())
def test_any_bytes_after_honest_requests_leave_their_answers_right(
    gateway_process: Served, asked: list[str], data: bytes, follows: bool
) -> None:
    """Those come first, in order; then answers below 500 or an end, and the next client is served."""
    with Wire(gateway_process.port, head=b"HEAD " in data) as wire:
        if b"HEAD " in data:
            # Whether an answer has a body depends on the request that it is for.
            asked = []
        wire.send(b"".join(map(honest, asked)) + data + (honest("DDD") if follows else b""))
        answers = wire.read(answers=len(asked))
        wire.end()
        answers = wire.read()
        assert not wire.is_open, "the connection hangs"
    for answer, symbol in zip(answers, asked, strict=False):
        assert_right(answer, symbol)
    assert len(answers) >= len(asked)
    assert all(answer.status < 500 for answer in answers)
    assert_serves(gateway_process)


def test_another_parser_survives_them_too(h11_process: Served) -> None:
    """How it refuses what is no request, and when, is its own affair."""
    for data, _ in REQUESTS.values():
        assert_survives(h11_process, data)
    assert_serves(h11_process)


def test_memory_and_descriptors_are_back_to_where_they_were(gateway_process: Served) -> None:
    """What was met once may have grown buffers; met again, it may not."""
    before = gateway_process.descriptors
    _meet_all(gateway_process)
    once = gateway_process.memory
    for _ in range(3):
        _meet_all(gateway_process)
    assert gateway_process.memory - once < MAY_KEEP
    assert_eventually(lambda: gateway_process.descriptors <= before)
    assert_serves(gateway_process)


def _meet_all(gateway_process: Served) -> None:
    for data, _ in REQUESTS.values():
        assert_survives(gateway_process, data)


def assert_eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + SETTLES_WITHIN
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)
