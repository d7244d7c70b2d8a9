"""What is done with a client's text takes time in proportion to its length, whatever stands in it."""

import time
from collections.abc import Callable
from contextlib import suppress
from itertools import product

import pytest
from support import CHECKOUT

from fullon_cache_api.http.coding import choose
from fullon_cache_api.http.negotiation import preferred
from fullon_cache_api.http.parameters import BadParameters, compile_parameters
from fullon_cache_api.http.path import uri_reference
from fullon_cache_api.http.response import is_match
from fullon_cache_api.http.shared import wanted_age
from fullon_cache_api.http.text import BadText, decode
from fullon_cache_api.loading import load
from fullon_cache_api.spec.members import field_members

pytestmark = pytest.mark.slow

TIMES = 4
MAY_TAKE = 11.0
"""How many times as long four times the text may take: 4 times where it is linear, 16 where quadratic."""

LONG, ACCEPT, ENCODING = 5_000, 2_000, 960
"""Bytes: of what has no limit of its own, of an Accept and of an Accept-Encoding that are still read."""

BEGINNINGS = (b"", b"gzip;q=", b'"', b"max-age=", b"fields=", b"symbol=")
PIECES = (
    *(
        b"a",
        b" ",
        b"\t",
        b"%",
        b"%41",
        b"%C3%A9",
        b"%FF",
        b'"',
        b'W/"',
        b'"a',
        b"/",
        b"../",
        b"-",
        b".",
        b",",
    ),
    *(
        b";",
        b"=",
        b";q=",
        b"q=0",
        b";q=0.1",
        b"a/b;",
        b", a",
        b"max-age=",
        b"9",
        b"no-cache",
        b"max-",
        b"\xff",
    ),
    *(b"&", b"&a=", b"=&", b"+", b"*", b"1e", b"-1", b"a.", b".a,", b"a,", b"&a&b"),
)
ENDS = (b"", b";", b"%", b"\xff")
SUSPECTS = 6


def _accept(text: bytes) -> None:
    preferred(text, (b"application/json", b"application/x-ndjson", b"text/csv"))


def _accept_encoding(text: bytes) -> None:
    choose(text, ("zstd", "br", "gzip"))


def _cache_control(text: bytes) -> None:
    wanted_age({"type": "http", "headers": [(b"cache-control", text)]})


def _if_none_match(text: bytes) -> None:
    is_match(text, b'"0123"')


def _instance(text: bytes) -> None:
    uri_reference(text)


def _escapes(text: bytes) -> None:
    with suppress(BadText):
        decode(text)


FUNCTIONS: dict[str, tuple[Callable[[bytes], None], int]] = {
    "Accept": (_accept, ACCEPT),
    "Accept-Encoding": (_accept_encoding, ENCODING),
    "Cache-Control": (_cache_control, LONG),
    "If-None-Match": (_if_none_match, LONG),
    "the instance of a problem": (_instance, LONG),
    "escapes": (_escapes, LONG),
}


def took(function: Callable[[bytes], None], text: bytes, times: int) -> float:
    """The least of several times (s): what else the machine does makes none of them shorter."""
    found = []
    for number in range(times):
        # Nothing may be remembered of the last time.
        fresh = b"%d" % number + text
        started = time.perf_counter()
        function(fresh)
        found.append(time.perf_counter() - started)
    return min(found)


def assert_proportional(function: Callable[[bytes], None], length: int) -> None:
    """Of all texts the slowest ones are looked at again, and compared with shorter ones of their kind."""
    kinds = list(product(BEGINNINGS, PIECES, ENDS))
    slowest = sorted(kinds, key=lambda kind: took(function, _text(kind, length), 2), reverse=True)
    for kind in slowest[:SUSPECTS]:
        assert _ratio(function, kind, length) < MAY_TAKE, kind


def _ratio(function: Callable[[bytes], None], kind: tuple[bytes, bytes, bytes], length: int) -> float:
    long, short = (took(function, _text(kind, size), 15) for size in (length, length // TIMES))
    return long / short


def _text(kind: tuple[bytes, bytes, bytes], length: int) -> bytes:
    beginning, piece, end = kind
    return beginning + piece * (length // len(piece)) + end


@pytest.mark.parametrize("name", FUNCTIONS)
def test_headers_and_paths_take_time_in_proportion(name: str) -> None:
    assert_proportional(*FUNCTIONS[name])


@pytest.mark.parametrize(
    "operation", ["listTickers", "getTicker", "listBars", "listUserOrders", "getProcess"]
)
def test_parameters_take_time_in_proportion(operation: str) -> None:
    """Each kind of parameter and every pattern of the spec is among these endpoints."""
    spec = load(CHECKOUT / "endpoints.yaml")
    (endpoint,) = (each for each in spec.endpoints if each.operation_id == operation)
    parse = compile_parameters(endpoint, field_members(endpoint, spec.schemas))

    def in_query(text: bytes) -> None:
        with suppress(BadParameters):
            parse([b"a"] * 6, text)

    def in_path(text: bytes) -> None:
        with suppress(BadParameters):
            parse([text] * 6, b"")

    assert_proportional(in_query, LONG)
    assert_proportional(in_path, LONG)
