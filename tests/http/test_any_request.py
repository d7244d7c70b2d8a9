"""Any request line at all, over a socket: the answer is one that the OpenAPI document allows."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import msgspec
import pytest
import redis
from documented import BY_NAME, UNDOCUMENTED, Document
from hypothesis import example, given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway


@dataclass(frozen=True)
class Raw:
    """An answer, as the socket gave it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@pytest.fixture(scope="module")
def document(gateway: FullonCacheGateway) -> Document:
    return Document(msgspec.json.decode(msgspec.json.encode(gateway.openapi())))


@pytest.fixture(scope="module", autouse=True)
def cached(redis_server: EmbeddedServer) -> Iterator[None]:
    """Something good, something bad and something of the wrong type for the requests to meet."""
    with redis.Redis.from_url(redis_server.url) as writer:
        writer.flushall()
        for exchange in ("binance", "kraken"):
            writer.hset(f"tickers:{exchange}", mapping={"BTC/USDT": '{"last": 1.5}', "ETH/USDT": "{"})
            writer.hset(
                f"order_status:{exchange}", mapping={"28457193": '{"order_id": "28457193", "uid": 42}'}
            )
        writer.set("tickers:broken", "a string")
        writer.hset(
            "accounts", mapping={"1": '{"USDT": {"free": 1}, "date": "2024-01-01T00:00:00Z"}', "2": "[]"}
        )
        writer.hset("account_positions", "1", '{"BTC/USDT": {"volume": 1}}')
        writer.rpush("trades:binance:BTCUSDT", "{}", "no")
        writer.rpush("ohlcv:BTC/USDT:1m", "[1, 2, 3, 4, 5, 6]", "[1]")
        writer.hset("bot_status", "7", "{}")
        yield
        writer.flushall()


def send(client: httpx.Client, target: bytes, method: bytes = b"GET") -> Raw:
    """Send a request line with any target, and read the whole answer."""
    with socket.create_connection(
        (client.base_url.host, client.base_url.port or 0), timeout=10
    ) as connection:
        connection.sendall(
            method + b" " + target + b" HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"
        )
        received = b""
        while chunk := connection.recv(1 << 16):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Raw(int(status.split()[1]), headers, body)


def check(raw: Raw, target: bytes, document: Document) -> None:
    """Assert that an answer is one that the document allows for the path."""
    if raw.body == b"Invalid HTTP request received.":
        # What is no request never gets as far as the gateway.
        assert raw.status == 400
        assert not target.decode("latin-1").isascii() or not target.decode("latin-1").isprintable()
        return
    assert raw.status != 500, raw.body
    assert int(raw.headers["content-length"]) == len(raw.body)
    kind = raw.headers["content-type"]
    path = document.path_of(target.partition(b"#")[0].partition(b"?")[0])
    if kind == "application/problem+json":
        check_problem(raw, document)
    if path is None:
        assert raw.status == 404
        assert msgspec.json.decode(raw.body)["type"] == "/problems/no-such-endpoint"
    elif path in document.paths:
        response = document.resolve(document.operation(path)["responses"][str(raw.status)])
        assert document.is_valid(response["content"][kind]["schema"], msgspec.json.decode(raw.body)), raw.body
    else:
        assert raw.status == (200 if path in UNDOCUMENTED else raw.status)
        assert raw.status in (200, 404)


def check_problem(raw: Raw, document: Document) -> None:
    body = msgspec.json.decode(raw.body)
    assert document.is_valid({"$ref": "#/components/schemas/Problem"}, body), body
    assert body["status"] == raw.status
    assert body["request_id"] == raw.headers["x-request-id"]
    for mistake in body.get("errors", ()):
        assert body["errors"].count(mistake) == 1


ANY_BYTES = st.binary(max_size=12).map(lambda data: data.translate(None, b" \r\n\t\0"))
ENCODED = st.text(max_size=12).map(lambda text: quote(text, safe="").encode())
LIKELY = st.sampled_from(
    [
        *(b"binance", b"kraken", b"broken", b"BTC-USDT", b"BTC%2FUSDT", b"ETH-USDT", b"1", b"2", b"42", b"7"),
        *(
            b"28457193",
            b"1m",
            b"USDT",
            b"tick:a:1.5",
            b"health",
            b"status",
            b"%",
            b"%zz",
            b"%ff",
            b"%00",
            b"..",
            b"*",
        ),
        *(
            b"a:b",
            b"a%3Ab",
            b"-1",
            b"9223372036854775808",
            b"1" * 60,
            b"?",
            b"BTC-USDT:USDT",
            b"%F0%9F%92%B0",
        ),
    ]
)
SEGMENT = LIKELY | ENCODED | ANY_BYTES
NAME = st.sampled_from(
    [b"exchange", b"symbol", b"status", b"limit", b"count", b"type", b"since_minutes", b"x", b""]
)
QUERIES = st.one_of(
    st.just(b""),
    st.lists(st.builds(lambda name, value: name + b"=" + value, NAME, SEGMENT), max_size=4).map(b"&".join),
    ANY_BYTES,
)


@st.composite
def targets(draw: st.DrawFn, templates: list[str]) -> bytes:
    """The path of an operation with anything for its parameters, cut, extended or as it is."""
    parts = draw(st.sampled_from(templates)).split("/")[1:]
    segments = [draw(SEGMENT) if part.startswith("{") else part.encode() for part in parts]
    change = draw(st.sampled_from(["none", "none", "none", "none", "cut", "extend", "case", "encode"]))
    match change:
        case "cut":
            segments.pop()
        case "extend":
            segments.append(draw(SEGMENT))
        case "case":
            segments[-1] = segments[-1].swapcase()
        case "encode":
            segments[0] = b"".join(b"%%%02X" % byte for byte in segments[0])
    query = draw(QUERIES)
    return b"/" + b"/".join(segments) + (b"?" + query if query else b"")


@examples(250)
@given(st.data())
def test_any_path_and_query_gets_an_answer_that_the_document_allows(
    client: httpx.Client, document: Document, data: st.DataObject
) -> None:
    target = data.draw(targets([*document.paths, *BY_NAME, *UNDOCUMENTED]))
    check(send(client, target), target, document)


@examples(60)
@given(st.binary(max_size=40))
@example(b"/api/tickers/\xff")
@example(b"//evil.example/api/tickers")
@example(b"/api/tickers?" + b"&" * 5000)
@example(b"/api/tickers#?x=1")
@example(b"/" + b"a" * 20_000)
@example(b"/" + b"/" * 5_000)
def test_any_bytes_as_a_target_get_an_answer_that_the_document_allows(
    client: httpx.Client, document: Document, rest: bytes
) -> None:
    target = b"/" + rest.translate(None, b" \r\n\t\0")
    check(send(client, target), target, document)


def test_each_operation_answers_every_other_method_alike(client: httpx.Client, document: Document) -> None:
    for path in document.paths:
        target = path.replace("{", "").replace("}", "").encode()
        refused = send(client, target, b"DELETE")
        assert (refused.status, refused.headers["allow"]) == (405, "get, head, options")
        check_problem(refused, document)


def test_options_asks_about_the_whole_server_too(client: httpx.Client) -> None:
    raw = send(client, b"*", b"OPTIONS")
    assert (raw.status, raw.headers["allow"], raw.body) == (204, "get, head, options", b"")


def test_a_target_may_be_a_whole_url(client: httpx.Client) -> None:
    raw = send(client, b"http://gateway/api/tickers/binance/BTC%2FUSDT")
    assert (raw.status, msgspec.json.decode(raw.body)["symbol"]) == (200, "BTC-USDT")
