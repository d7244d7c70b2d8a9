"""Replies that are too large: who asked for one is told so, and nobody else suffers for it."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import ExitStack

import pytest
import redis
from caches import COMES_WITHIN, KEYS, ask, opened, port_of, value
from proxy import Proxy
from topologies import wait_until

from fullon_cache_api.cache import CorruptValue, bounded
from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.dial import connection_to
from fullon_cache_api.cache.reader import MAX_FIELDS, Reader
from fullon_cache_api.cache.target import RedisTarget
from fullon_cache_api.demo import EmbeddedServer

BOUND = 1_000_000


@pytest.fixture
def server(own_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> EmbeddedServer:
    """A server with huge values, for a client whose bound is lower."""
    monkeypatch.setattr(bounded, "MAX_REPLY", BOUND)
    with redis.Redis.from_url(own_server.url) as writer:
        writer.set("huge", "x" * 5 * BOUND)
        writer.hset("hash", "huge", "x" * 5 * BOUND)
        writer.rpush("half", *["x" * (BOUND // 20)] * 10)
    return own_server


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("command", "key"),
    [(("GET", "huge"), "huge"), (("HGET", "hash", "huge"), "hash"), (("HGETALL", "hash"), "hash")],
)
async def test_who_asked_for_it_is_told_which_key_it_is(
    server: EmbeddedServer, command: Command, key: str
) -> None:
    async with opened(server.url) as client:
        with pytest.raises(CorruptValue) as caught:
            await ask(client, command)
        assert (caught.value.key, caught.value.reason) == (key, "it is larger than 32 MB")
        assert await value(client, 1) == b"value 1"


@pytest.mark.anyio
async def test_of_several_commands_the_key_of_the_one_is_named(server: EmbeddedServer) -> None:
    async with opened(server.url) as client:
        with pytest.raises(CorruptValue) as caught:
            await ask(client, ("GET", "key:1"), ("GET", "huge"), ("GET", "key:2"))
        assert caught.value.key == "huge"


@pytest.mark.anyio
async def test_everybody_else_in_the_batch_is_answered(server: EmbeddedServer) -> None:
    """However many of them are too large: those that shared a command with one too."""
    async with opened(server.url) as client:
        await value(client, 0)
        asked: list[Command] = [("GET", f"key:{number}") for number in range(KEYS)]
        asked += [("HMGET", "hash", f"field:{number}") for number in range(KEYS)]
        asked[3:3] = [("GET", "huge")]
        asked[8:8] = [("HMGET", "hash", "field:1", "huge"), ("HGETALL", "hash")]
        replies = await asyncio.gather(*(ask(client, each) for each in asked), return_exceptions=True)
        for command, reply in zip(asked, replies, strict=True):
            if "huge" in command or command[0] == "HGETALL":
                assert isinstance(reply, CorruptValue), command
            else:
                assert isinstance(reply, list), (command, reply)


@pytest.mark.anyio
async def test_of_two_that_were_sent_as_one_the_other_is_answered(server: EmbeddedServer) -> None:
    async with opened(server.url) as client:
        small, large = await asyncio.gather(
            ask(client, ("HMGET", "hash", "field:1")),
            ask(client, ("HMGET", "hash", "huge")),
            return_exceptions=True,
        )
    assert small == [[b"inner 1"]]
    assert isinstance(large, CorruptValue)


@pytest.mark.anyio
async def test_many_replies_that_are_not_too_large_are_read(server: EmbeddedServer) -> None:
    async with opened(server.url) as client:
        replies = await asyncio.gather(*(ask(client, ("LRANGE", "half", -10, -1 - no)) for no in range(8)))
        assert [len(reply) for (reply,) in replies] == [10, 9, 8, 7, 6, 5, 4, 3]


@pytest.mark.anyio
@pytest.mark.parametrize("fields", [MAX_FIELDS, MAX_FIELDS + 1])
async def test_a_hash_has_so_many_fields_at_most(own_server: EmbeddedServer, fields: int) -> None:
    with redis.Redis.from_url(own_server.url) as writer:
        writer.hset("many", mapping={str(number): "" for number in range(fields)})
    async with opened(own_server.url) as client:
        reader = Reader(client, asyncio.get_running_loop().time() + 10)
        if fields == MAX_FIELDS:
            assert len(await reader.hgetall("many")) == MAX_FIELDS
            return
        with pytest.raises(CorruptValue, match=r"many: it has more than 100,000 fields"):
            await reader.hgetall("many")
        (unusable,) = await reader.batch([("HGETALL", "many")])
        assert not isinstance(unusable, list)


@pytest.mark.anyio
@pytest.mark.parametrize("end", [False, True], ids=["data", "the end of the connection"])
async def test_what_has_reached_this_machine_can_be_read_before_the_event_loop_has_looked(
    own_server: EmbeddedServer, end: bool
) -> None:
    connection = connection_to(RedisTarget.from_url(own_server.url))
    await connection.connect()
    try:
        await connection.send_command("CLIENT", "ID")
        own_id = await connection.read_response()
        await connection.send_command("SUBSCRIBE", "news")
        await connection.read_response()
        assert not connection.has_unread()
        # Nothing is awaited from here on: the loop reads from no socket.
        with redis.Redis.from_url(own_server.url) as other:
            other.client_kill_filter(_id=own_id) if end else other.publish("news", "something")
            # Redis may answer the one before it writes to the other.
            wait_until(connection.has_unread)
    finally:
        await connection.disconnect(nowait=True)


async def in_turns(condition: Callable[[], bool]) -> None:
    """Wait for a state that a few turns of the event loop bring."""
    async with asyncio.timeout(COMES_WITHIN):
        while not condition():
            await asyncio.sleep(0)


@pytest.mark.anyio
@pytest.mark.parametrize("loop_has_looked", [False, True])
async def test_what_came_together_with_a_reply_can_still_be_read(
    own_server: EmbeddedServer, loop_has_looked: bool
) -> None:
    connection = connection_to(RedisTarget.from_url(own_server.url))
    await connection.connect()
    try:
        await connection.send_command("SUBSCRIBE", "news")
        await connection.read_response()
        with redis.Redis.from_url(own_server.url) as other, other.pipeline() as pipeline:
            pipeline.publish("news", "first").publish("news", "second").execute()
        await in_turns(connection.has_unread)
        if loop_has_looked:
            # It takes all that lies in the socket, and keeps it for who reads.
            await asyncio.sleep(0.01)
            assert connection.has_unread()
        assert await connection.read_response() == [b"message", b"news", b"first"]
        assert connection.has_unread()
        assert await connection.read_response() == [b"message", b"news", b"second"]
        assert not connection.has_unread()
    finally:
        await connection.disconnect(nowait=True)


@pytest.mark.anyio
async def test_the_end_of_a_reset_connection_is_unread_though_its_descriptor_is_that_of_another_one(
    tcp_server: EmbeddedServer,
) -> None:
    async with Proxy(port_of(tcp_server)) as proxy:
        connection = connection_to(RedisTarget("127.0.0.1", proxy.port))
        await connection.connect()
        await connection.send_command("PING")
        assert await connection.read_response() == b"PONG"
        assert connection._writer is not None
        ended = connection._writer.get_extra_info("socket")
        descriptor = ended.fileno()
        proxy.cut(reset=True)
        await in_turns(lambda: ended.fileno() == -1)
        with ExitStack() as stack:
            quiet: list[int] = []
            while descriptor not in quiet:
                quiet += [stack.enter_context(one).fileno() for one in socket.socketpair()]
                assert len(quiet) < 1_000
            assert connection.has_unread()
        await connection.disconnect(nowait=True)
