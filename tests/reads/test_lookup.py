import asyncio

import pytest
import redis
from caches import opened
from redis.exceptions import ResponseError

from fullon_cache_api.cache import CacheUnavailable, CorruptValue, Reader
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.reads import READS
from fullon_cache_api.reads.answer import Body, Derived
from fullon_cache_api.reads.lookup import Lookup
from fullon_cache_api.reads.symbol import Symbol
from fullon_cache_api.reads.ticks import ticker


def made(exchange: str, field: str, raw: bytes) -> Body:
    return {"exchange": exchange, "field": field, "value": raw.decode()}


TWO = Lookup("tickers:x", ("BTC/USDT", "BTC-USDT"), made, ("x",))
ONE = Lookup("accounts", ("7",), made, ("x",), absent=b"{}")


def test_all_fields_are_asked_for_by_one_command() -> None:
    assert TWO.commands == (("HMGET", "tickers:x", "BTC/USDT", "BTC-USDT"),)


@pytest.mark.parametrize(
    ("reply", "field", "raw"),
    [
        ([b"1", b"2"], "BTC/USDT", b"1"),
        ([b"1", None], "BTC/USDT", b"1"),
        ([b"", b"2"], "BTC/USDT", b""),
        ([None, b"2"], "BTC-USDT", b"2"),
    ],
)
def test_the_first_field_that_is_there_is_the_answer(reply: list[Reply], field: str, raw: bytes) -> None:
    found = TWO.found(reply)
    assert found == Derived(made, ("x", field, raw), "tickers:x", field)
    assert found.answer().body == {"exchange": "x", "field": field, "value": raw.decode()}


def test_where_none_is_there_nothing_is_found() -> None:
    assert TWO.found([None, None]) is None


def test_where_none_is_there_what_stands_for_it_is_found() -> None:
    assert ONE.found([None]) == Derived(made, ("x", "7", b"{}"), "accounts", "7")
    assert ONE.found([b"1"]) == Derived(made, ("x", "7", b"1"), "accounts", "7")


@pytest.mark.parametrize(
    "reply", [[b"1"], [b"1", None, None], [b"1", 2], None, b"1", 1, ResponseError("ERR x")]
)
def test_a_reply_that_cannot_be_its_own_is_an_outage(reply: Reply) -> None:
    with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: unexpected reply$"):
        TWO.found(reply)


def test_a_key_of_another_type_cannot_be_used() -> None:
    with pytest.raises(CorruptValue) as caught:
        TWO.found(ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"))
    assert caught.value.key == "tickers:x"


@pytest.mark.anyio
async def test_a_reader_finds_what_the_lookup_alone_finds(
    redis_server: EmbeddedServer, writer: "redis.Redis"
) -> None:
    writer.hset("tickers:binance", "BTC-USDT", '{"bid": 1}')
    read, symbol = READS["TickCache.get_ticker"], Symbol.parse("BTC-USDT")
    assert read.look_up is not None
    lookup = read.look_up("binance", symbol)
    async with opened(redis_server.url) as client:
        deadline = asyncio.get_running_loop().time() + 5
        (reply,) = await client.execute(lookup.commands, deadline)
        found = await read.function(Reader(client, deadline), "binance", symbol)
    assert found == lookup.found(reply)
    assert found == Derived(ticker, ("binance", "BTC-USDT", b'{"bid": 1}'), "tickers:binance", "BTC-USDT")


def test_a_lookup_is_declared_with_its_command_and_the_sentence_of_its_function() -> None:
    signature = READS["BotCache.get_bot"].signature
    assert (signature.commands, signature.keys, signature.absent) == (("HMGET",), ("bot_status",), True)
    assert signature.summary == "One bot with its feeds."
    assert not READS["AccountCache.get_positions"].signature.absent
