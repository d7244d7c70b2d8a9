"""HMGETs of the same hash that go out together: one command, and to each what it asked for."""

import asyncio
from typing import Any

import pytest
import redis
from caches import KEYS, ask, opened, through_proxy, value
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from redis.exceptions import ResponseError

from fullon_cache_api.cache import CacheUnavailable, CommandRefused
from fullon_cache_api.cache.batch import first_batch, pack
from fullon_cache_api.cache.call import Call
from fullon_cache_api.cache.commands import Command
from fullon_cache_api.demo import EmbeddedServer

FIELDS = st.integers(0, KEYS + 2).map("field:{}".format)
COMMANDS = st.one_of(
    st.tuples(st.just("HMGET"), st.sampled_from(["hash", "no such hash"]), FIELDS),
    st.tuples(st.just("HMGET"), st.just("hash"), FIELDS, FIELDS),
    st.tuples(st.just("HMGET"), st.just("list"), FIELDS),
    st.tuples(st.just("HGET"), st.just("hash"), FIELDS),
    st.tuples(st.just("GET"), st.just("key:1")),
)


def calls_of(server: EmbeddedServer) -> dict[str, int]:
    """How often the server has run each command."""
    with redis.Redis.from_url(server.url) as reader:
        stats = reader.info("commandstats")
    return {name.removeprefix("cmdstat_"): counted["calls"] for name, counted in stats.items()}


def shown(reply: object) -> object:
    """A reply as a value that can be compared."""
    return str(reply) if isinstance(reply, Exception) else reply


@pytest.mark.anyio
async def test_reads_of_one_hash_that_arrive_together_are_one_command(own_server: EmbeddedServer) -> None:
    async with through_proxy(own_server) as (client, proxy):
        await value(client, 0)
        before = calls_of(own_server)
        replies = await asyncio.gather(
            *(ask(client, ("HMGET", "hash", f"field:{number}", "no such field")) for number in range(KEYS))
        )
        after = calls_of(own_server)
        assert proxy.turns == 2
    assert replies == [[[f"inner {number}".encode(), None]] for number in range(KEYS)]
    assert after.get("hmget", 0) - before.get("hmget", 0) == 1


@pytest.mark.anyio
async def test_what_several_ask_for_at_the_same_time_is_sent_once(own_server: EmbeddedServer) -> None:
    async with through_proxy(own_server) as (client, proxy):
        await value(client, 0)
        before = calls_of(own_server)
        pair = (("GET", "key:1"), ("LRANGE", "list", 0, -1))
        replies = await asyncio.gather(*(ask(client, *pair) for _ in range(KEYS)))
        after = calls_of(own_server)
        assert proxy.turns == 2
    assert replies == [[b"value 1", [b"a", b"b", b"c"]]] * KEYS
    assert after["get"] - before["get"] == 1
    assert after["lrange"] - before.get("lrange", 0) == 1


@pytest.mark.anyio
async def test_a_field_that_several_ask_for_is_sent_once() -> None:
    loop = asyncio.get_running_loop()
    calls = [
        Call((("HMGET", "hash", f"field:{number % 2}"),), 0.0, 1.0, loop.create_future())
        for number in range(5)
    ]
    (part,) = pack(calls)
    assert part.packed == [b"*4\r\n$5\r\nHMGET\r\n$4\r\nhash\r\n$7\r\nfield:0\r\n$7\r\nfield:1\r\n"]
    part.give([[b"inner 0", b"inner 1"]])
    assert [await call.future for call in calls] == [
        [[f"inner {number % 2}".encode()]] for number in range(5)
    ]


@examples(50)
@given(st.lists(st.lists(COMMANDS, min_size=1, max_size=2), min_size=1, max_size=12))
def test_what_is_asked_together_is_answered_as_if_it_were_asked_alone(
    tcp_server: EmbeddedServer, asked: list[list[Command]]
) -> None:
    async def main() -> None:
        async with opened(tcp_server.url, lanes=1) as client:
            alone = [await ask(client, *commands) for commands in asked]
            together = await asyncio.gather(*(ask(client, *commands) for commands in asked))
        for one, other in zip(alone, together, strict=True):
            assert list(map(shown, one)) == list(map(shown, other))

    asyncio.run(main())


@pytest.mark.anyio
async def test_a_key_of_another_type_is_the_reply_to_each_of_its_readers(tcp_server: EmbeddedServer) -> None:
    async with opened(tcp_server.url, lanes=1) as client:
        first, second, other = await asyncio.gather(
            ask(client, ("HMGET", "list", "a")),
            ask(client, ("HMGET", "list", "b")),
            ask(client, ("HMGET", "hash", "field:1")),
        )
    for replies in (first, second):
        assert isinstance(replies[0], ResponseError)
        assert str(replies[0]).startswith("WRONGTYPE")
    assert other == [[b"inner 1"]]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "words", [("hash", None), (["hash"], "field:1"), ({}, "field:1"), ("hash", "\ud800")]
)
async def test_one_that_cannot_be_sent_is_refused_and_the_others_are_answered(
    tcp_server: EmbeddedServer, words: tuple[object, object]
) -> None:
    unsendable: Any = ("HMGET", *words)
    async with opened(tcp_server.url, lanes=1) as client:
        first, refused, last = await asyncio.gather(
            ask(client, ("HMGET", "hash", "field:1")),
            ask(client, unsendable),
            ask(client, ("HMGET", "hash", "field:2")),
            return_exceptions=True,
        )
    assert (first, last) == ([[b"inner 1"]], [[b"inner 2"]])
    assert isinstance(refused, CommandRefused)


@pytest.mark.anyio
async def test_one_without_a_field_is_an_error_of_its_own(tcp_server: EmbeddedServer) -> None:
    async with opened(tcp_server.url, lanes=1) as client:
        first, wrong, last = await asyncio.gather(
            ask(client, ("HMGET", "hash", "field:1")),
            ask(client, ("HMGET", "hash")),
            ask(client, ("HMGET", "hash", "field:2")),
            return_exceptions=True,
        )
    assert (first, last) == ([[b"inner 1"]], [[b"inner 2"]])
    assert isinstance(wrong, CacheUnavailable)


@pytest.mark.anyio
async def test_a_reader_that_has_gone_takes_nothing_from_the_others(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.hold()
        gone, *others = [
            asyncio.create_task(ask(client, ("HMGET", "hash", f"field:{number}"))) for number in range(4)
        ]
        await asyncio.sleep(0)
        gone.cancel()
        proxy.release()
        assert await asyncio.gather(*others) == [[[f"inner {number}".encode()]] for number in range(1, 4)]


@pytest.mark.anyio
async def test_a_reply_that_is_too_short_is_an_outage_and_never_an_absent_value() -> None:
    loop = asyncio.get_running_loop()
    calls = [
        Call((("HMGET", "hash", f"field:{number}"),), 0.0, 1.0, loop.create_future()) for number in range(3)
    ]
    (part,) = pack(calls)
    assert part.packed == [
        b"*5\r\n$5\r\nHMGET\r\n$4\r\nhash\r\n$7\r\nfield:0\r\n$7\r\nfield:1\r\n$7\r\nfield:2\r\n"
    ]
    part.give([[b"inner 0"]])
    assert await calls[0].future == [[b"inner 0"]]
    for call in calls[1:]:
        with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: unexpected reply$"):
            await call.future


@pytest.mark.anyio
@pytest.mark.parametrize(("most", "taken"), [(1, 1), (2, 1), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4), (8, 4)])
async def test_a_batch_ends_with_the_call_that_brings_it_to_so_many_commands(most: int, taken: int) -> None:
    loop = asyncio.get_running_loop()
    calls = [
        Call((("GET", "key:1"),) * commands, 0.0, 1.0, loop.create_future()) for commands in (2, 1, 2, 1)
    ]
    assert first_batch(calls, most) == calls[:taken]
