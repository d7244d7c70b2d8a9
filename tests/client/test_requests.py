"""What is sent: paths, queries, headers; and whose connections it goes through."""

import json
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote

import httpx
import pytest
import redis
from client.calling import Call, Calling
from client.scripted import Answer, Scripted
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.client import AsyncCacheClient, CacheClient
from fullon_cache_api.client.operation import Operation

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
ODD = st.sampled_from(
    [".", "..", "a/b", "/", "%2F", "a?b", "a#b", "a+b", "a b", "a&b=c", "-", "é", "\r\n", "//"]
)
# As the spec demands of a symbol.
SYMBOLS = st.text(
    st.characters(exclude_categories=["Cs"], min_codepoint=0x21), min_size=1, max_size=64
).filter(lambda text: "\x7f" not in text)


@pytest.fixture
def echo(script: Scripted, make: Calling) -> Call:
    """Calls of a server that takes everything."""
    script.answers = [Answer()]
    return make(script.url)


@examples(50)
@given(exchange=TEXTS | ODD, symbol=TEXTS | ODD)
def test_any_text_in_a_path_arrives_as_it_is(
    script: Scripted, echo: Call, exchange: str, symbol: str
) -> None:
    echo("get_ticker", exchange, symbol)
    *start, sent_exchange, sent_symbol = script.targets.pop().split("/")
    assert start == ["", "api", "tickers"]
    assert (unquote(sent_exchange), unquote(sent_symbol)) == (exchange, symbol)


@examples(50)
@given(exchange=TEXTS | ODD, symbol=st.none() | TEXTS | ODD)
def test_any_text_in_a_query_arrives_as_it_is(
    script: Scripted, echo: Call, exchange: str, symbol: str | None
) -> None:
    echo("list_user_orders", 7, exchange=exchange, symbol=symbol)
    path, _, query = script.targets.pop().partition("?")
    pairs = [pair.split("=") for pair in query.split("&")]
    sent = {name: unquote(value) for name, value in pairs}
    assert path == "/api/orders/7/orders"
    assert sent == {"exchange": exchange} | ({} if symbol is None else {"symbol": symbol})


@pytest.fixture
def blocked(url: str, make: Calling) -> Callable[[str], object]:
    """What the gateway answers about a symbol that may be blocked."""
    return partial(make(url), "get_blocked", "binance")


@examples(50)
@given(symbol=SYMBOLS)
def test_any_symbol_is_found_under_the_name_that_it_has_in_the_cache(
    blocked: Callable[[str], object], writer: "redis.Redis", symbol: str
) -> None:
    writer.hset("block_exchange", f"binance:{symbol}", "7")
    assert blocked(symbol) == {
        "exchange": "binance",
        "symbol": symbol.replace("/", "-"),
        "blocked": True,
        "bot_id": "7",
    }


def test_a_symbol_with_a_slash_is_literal_and_one_with_a_dash_stands_for_it(
    make: Calling, url: str, writer: "redis.Redis"
) -> None:
    for number, symbol in enumerate(("A/B-C", "A/B/C", "X-Y")):
        writer.hset("block_exchange", f"binance:{symbol}", str(number))
    call = make(url)
    found = {symbol: call("get_blocked", "binance", symbol)["bot_id"] for symbol in ("A/B-C", "A-B-C", "X-Y")}
    assert found == {"A/B-C": "0", "A-B-C": "1", "X-Y": "2"}


@pytest.mark.parametrize(
    ("value", "sent"), [(True, "true"), (False, "false"), (7, "7"), (0.5, "0.5"), ("7", "7")]
)
def test_values_are_written_as_the_gateway_reads_them(value: bool | int | float | str, sent: str) -> None:
    operation: Operation[object] = Operation("/a/{b}/c")
    assert operation.target((value,), {"d": value, "e": None}) == f"/a/{sent}/c?d={sent}"


def test_an_empty_path_value_is_refused_before_anything_is_sent(make: Calling, script: Scripted) -> None:
    with pytest.raises(ValueError, match="symbol must not be empty"):
        make(script.url)("get_ticker", "binance", "")
    assert script.targets == []


def test_big_integers_stay_exact(make: Calling, script: Scripted) -> None:
    number = 10**30 + 1
    script.answers = [Answer(200, json.dumps({"count": number, "tickers": []}).encode())]
    assert make(script.url)("list_tickers")["count"] == number


def test_headers_go_with_every_request(make: Calling, script: Scripted) -> None:
    script.answers = [Answer()]
    call = make(f"{script.url}/", headers={"X-API-Key": "k"})
    call("list_tickers")
    call("list_bots")
    assert script.targets == ["/api/tickers", "/api/bots"]
    assert [headers["X-API-Key"] for headers in script.headers] == ["k", "k"]
    assert script.headers[0]["Accept"] == "application/json, application/problem+json"


def test_own_headers_win(make: Calling, script: Scripted) -> None:
    script.answers = [Answer()]
    make(script.url, headers={"Accept": "application/json"})("list_tickers")
    assert script.headers[0].get_all("Accept") == ["application/json"]


def test_a_client_of_httpx_that_is_given_sends_and_stays_open(script: Scripted) -> None:
    script.answers = [Answer()]
    with httpx.Client(headers={"User-Agent": "desk"}) as http:
        with CacheClient(script.url, http=http) as client:
            client.list_tickers()
        assert not http.is_closed
    assert script.headers[0]["User-Agent"] == "desk"


@pytest.mark.anyio
async def test_an_async_client_of_httpx_that_is_given_sends_and_stays_open(script: Scripted) -> None:
    script.answers = [Answer()]
    async with httpx.AsyncClient(headers={"User-Agent": "desk"}) as http:
        async with AsyncCacheClient(script.url, http=http) as client:
            await client.list_tickers()
        assert not http.is_closed
    assert script.headers[0]["User-Agent"] == "desk"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:8000",
        "ftp://host/api",
        "http://",
        "http://host/api?x=1",
        "http://host/#a",
        "http://[::/",
    ],
)
@pytest.mark.parametrize("client", [CacheClient, AsyncCacheClient])
def test_an_address_that_no_request_can_go_to_is_refused(
    client: type[CacheClient] | type[AsyncCacheClient], address: str
) -> None:
    with pytest.raises(ValueError, match="base URL"):
        client(address)
