"""Large answers compressed: the same body to everybody, in a coding that the client accepts."""

import asyncio
import importlib
import json
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import redis
from asgi import http_scope
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from support import serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.http import compression as compression_module
from fullon_cache_api.http.coding import codings
from fullon_cache_api.http.compression import LARGE, SMALLEST, Compression
from fullon_cache_api.http.kept import Kept
from fullon_cache_api.http.response import entity

SMALL, MEDIUM, BIG = "/api/tickers/small", "/api/tickers/medium", "/api/tickers/big"
HUGE = "/api/tickers/huge"


def decoded(coding: str | None, body: bytes) -> bytes:
    """A body as it was before it was compressed."""
    if coding is None:
        return body
    if coding == "gzip":
        return zlib.decompress(body, 16 + zlib.MAX_WBITS)
    names = {"br": ["brotli"], "zstd": ["compression.zstd", "backports.zstd"]}[coding]
    for name in names:
        try:
            module: Any = importlib.import_module(name)
        except ImportError:
            continue
        return bytes(module.decompress(body))
    raise AssertionError(coding)


OFFERED = list(codings())
ANY = ", ".join(OFFERED)


@pytest.fixture(autouse=True)
def cached(writer: "redis.Redis") -> None:
    """A collection below the threshold, others: above it, compressed in a thread, sent while it is made."""
    for exchange, count in (("small", 3), ("medium", 100), ("big", 1_000), ("huge", 3_000)):
        ticks = {f"S{number}/USDT": json.dumps({"bid": number}) for number in range(count)}
        writer.hset(f"tickers:{exchange}", mapping=ticks)


def raw(
    client: httpx.Client, path: str, accept: str | None, method: str = "GET", **headers: str
) -> tuple[httpx.Response, bytes]:
    """An answer, and its body as it came over the wire."""
    request = client.build_request(method, path, headers=headers)
    del request.headers["accept-encoding"]
    if accept is not None:
        request.headers["accept-encoding"] = accept
    response = client.send(request, stream=True)
    try:
        return response, b"".join(response.iter_raw())
    finally:
        response.close()


@pytest.mark.parametrize(
    "path", [MEDIUM, BIG, "/openapi.json", "/openapi.yaml", "/api/batch?get=/tickers/big"]
)
@pytest.mark.parametrize("coding", OFFERED)
def test_a_large_answer_comes_in_the_coding_asked_for_and_is_the_same(
    client: httpx.Client, path: str, coding: str
) -> None:
    plain, body = raw(client, path, None)
    response, sent = raw(client, path, coding)
    assert response.headers["content-encoding"] == coding
    assert "Accept-Encoding" in response.headers["vary"]
    assert response.headers["vary"] == plain.headers["vary"]
    assert response.headers["content-length"] == str(len(sent))
    assert decoded(coding, sent) == body
    assert len(sent) < len(body) / 3
    assert "content-encoding" not in plain.headers
    for name in ("cache-control", "content-type", "x-content-type-options"):
        assert response.headers[name] == plain.headers[name]


def test_the_sizes_of_the_collections_are_what_the_tests_take_them_for(client: httpx.Client) -> None:
    sizes = [len(raw(client, path, None)[1]) for path in (SMALL, MEDIUM, BIG)]
    assert sizes[0] < SMALLEST < sizes[1] < LARGE < sizes[2]


def test_a_small_answer_is_never_compressed_nor_does_it_say_that_it_could_be(client: httpx.Client) -> None:
    for path in (SMALL, "/api/tickers/small/S1-USDT", "/api/tickers/small/NO-SUCH", "/health"):
        response, _ = raw(client, path, ANY)
        assert "content-encoding" not in response.headers
        assert response.headers.get("vary") == ("Accept" if path == SMALL else None)


@pytest.mark.parametrize("coding", [None, *OFFERED])
def test_each_coding_has_a_tag_of_its_own_that_answers_304(client: httpx.Client, coding: str | None) -> None:
    first, _ = raw(client, MEDIUM, coding)
    tag = first.headers["etag"]
    again, nothing = raw(client, MEDIUM, coding, **{"If-None-Match": tag})
    assert (again.status_code, nothing, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["vary"] == "Accept, Accept-Encoding"
    assert "content-encoding" not in again.headers
    assert "content-length" not in again.headers
    for other in {None, *OFFERED} - {coding}:
        assert raw(client, MEDIUM, other)[0].headers["etag"] != tag
        assert raw(client, MEDIUM, other, **{"If-None-Match": tag})[0].status_code == 200
        assert raw(client, MEDIUM, other, **{"If-None-Match": "*"})[0].status_code == 304


def test_a_tag_is_that_of_the_body_with_the_name_of_the_coding_in_it(client: httpx.Client) -> None:
    plain, gzip = (raw(client, MEDIUM, accept)[0].headers["etag"] for accept in (None, "gzip"))
    assert gzip == f'{plain[:-1]}-gzip"'


@pytest.mark.parametrize("path", [MEDIUM, BIG, "/openapi.json"])
def test_head_says_what_get_would_but_for_the_length(client: httpx.Client, path: str) -> None:
    get, _ = raw(client, path, "gzip")
    head, body = raw(client, path, "gzip", "HEAD")
    differ = {"date", "content-length", "transfer-encoding"}
    assert body == b""
    assert "content-length" not in head.headers
    assert {n: v for n, v in head.headers.items() if n not in differ} == {
        n: v for n, v in get.headers.items() if n not in differ
    }


def test_each_change_is_seen_in_every_coding_at_once(client: httpx.Client, writer: "redis.Redis") -> None:
    for bid in range(1_000, 1_006):
        writer.hset("tickers:medium", "S1/USDT", json.dumps({"bid": bid}))
        for coding in (None, *OFFERED) * 2:
            response, sent = raw(client, MEDIUM, coding)
            tickers = json.loads(decoded(response.headers.get("content-encoding"), sent))["tickers"]
            assert [one["ticker"]["bid"] for one in tickers if one["symbol"] == "S1-USDT"] == [bid]


def test_compression_can_be_switched_off(redis_server: EmbeddedServer) -> None:
    settings = settings_for(redis_server.url, API_COMPRESSION="off")
    with serving(FullonCacheGateway(settings=settings)) as client:
        response, body = raw(client, BIG, ANY)
        assert ("content-encoding" in response.headers, response.headers["vary"]) == (False, "Accept")
        assert json.loads(body)["count"] == 1_000
        assert "content-encoding" not in raw(client, HUGE, ANY)[0].headers
        assert raw(client, "/", ANY)[0].headers["vary"] == "Accept"


@pytest.mark.anyio
async def test_what_has_been_compressed_is_not_compressed_again_while_it_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[bytes] = []

    def compress(body: bytes) -> bytes:
        made.append(body)
        return b"small"

    monkeypatch.setattr(compression_module, "codings", lambda: {"gzip": compress})
    with ThreadPoolExecutor(1) as aside:
        compression = Compression(Kept(budget=80_000), aside)

        async def ask(body: bytes) -> bytes:
            scope = http_scope("/", headers=[("Accept-Encoding", "gzip")])
            end = asyncio.get_running_loop().time() + 5
            return (await compression.respond(scope, entity(body, ()), end)).body

        body = b"x" * 5_000
        assert [await ask(body), await ask(bytes(bytearray(body)))] == [b"small", b"small"]
        assert made == [body]
        for number in range(20):
            await ask(b"%02d" % number * 2_500)
        await ask(body)
        assert len(made) == 22
        too_large = b"y" * 10_000
        await ask(too_large)
        await ask(too_large)
        assert made[-2:] == [too_large, too_large]


@pytest.mark.anyio
async def test_who_finds_the_thread_taken_until_the_deadline_gets_the_body_as_it_is() -> None:
    free = threading.Event()
    with ThreadPoolExecutor(1) as aside:
        aside.submit(free.wait)
        body = b"[" + b"1," * LARGE + b"1]"
        scope = http_scope("/", headers=[("Accept-Encoding", "gzip")])
        loop_time = asyncio.get_running_loop().time
        response = await Compression(Kept(), aside).respond(scope, entity(body, ()), loop_time() + 0.05)
        free.set()
    assert (response.status, response.body) == (200, body)
    assert b"content-encoding" not in dict(response.headers)
    assert dict(response.headers)[b"vary"] == b"Accept-Encoding"


@pytest.mark.parametrize("accepted", ["gzip", "br;q=1, gzip;q=0.5", "*"])
def test_what_is_sent_while_it_is_made_is_compressed_part_by_part(
    client: httpx.Client, accepted: str
) -> None:
    _, plain = raw(client, HUGE, None)
    response, sent = raw(client, HUGE, accepted)
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert "etag" not in response.headers
    assert len(sent) < len(plain) / 3
    one, other = json.loads(plain), json.loads(decoded("gzip", sent))
    assert one["count"] == other["count"] == 3_000
    assert {ticker["symbol"] for ticker in one["tickers"]} == {
        ticker["symbol"] for ticker in other["tickers"]
    }
    head, nothing = raw(client, HUGE, accepted, "HEAD")
    assert (head.headers["content-encoding"], nothing) == ("gzip", b"")


def test_what_is_sent_while_it_is_made_goes_uncompressed_to_who_does_not_accept_gzip(
    client: httpx.Client,
) -> None:
    for accepted in (None, "identity", "br", "gzip;q=0"):
        response, sent = raw(client, HUGE, accepted)
        assert "content-encoding" not in response.headers
        assert response.headers["vary"] == "Accept, Accept-Encoding"
        assert json.loads(sent)["count"] == 3_000


ACCEPTED = st.one_of(
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=40),
    st.lists(
        st.sampled_from([*OFFERED, "identity", "*", "deflate", ";q=0", ";q=0.5", ";q=1", ", ", "x"]),
        max_size=9,
    ).map("".join),
)


@examples(100)
@given(ACCEPTED)
def test_whatever_is_accepted_the_body_is_the_same(client: httpx.Client, accepted: str) -> None:
    _, body = raw(client, "/openapi.json", None)
    response, sent = raw(client, "/openapi.json", accepted.strip())
    coding = response.headers.get("content-encoding")
    assert response.status_code == 200
    assert decoded(coding, sent) == body
    assert coding is None or coding in accepted.lower() or "*" in accepted
