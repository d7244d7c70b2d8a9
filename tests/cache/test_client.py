"""The client over a real server: who shares a round trip, and whom an error reaches."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from caches import KEYS, ask, fill, opened, through_proxy, until, value
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples
from redis.exceptions import ResponseError

from fullon_cache_api.cache import CacheClient, CacheUnavailable, CommandRefused, RedisTarget
from fullon_cache_api.cache.batch import MAX_BATCH
from fullon_cache_api.cache.client import PATIENCE
from fullon_cache_api.cache.commands import Command
from fullon_cache_api.demo import EmbeddedServer

RUN: list[Callable[[Coroutine[Any, Any, object]], object]] = [asyncio.run, uvloop.run]


@pytest.mark.anyio
async def test_calls_that_arrive_together_share_one_round_trip(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        await value(client, 0)
        assert proxy.turns == 1
        replies = await asyncio.gather(*(value(client, number) for number in range(KEYS)))
        assert replies == [f"value {number}".encode() for number in range(KEYS)]
        assert proxy.turns == 2
        assert proxy.connections == 1


@pytest.mark.anyio
async def test_calls_that_arrive_while_a_batch_is_under_way_form_the_next_one(
    tcp_server: EmbeddedServer,
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.hold()
        first = asyncio.create_task(value(client, 0))
        await until(lambda: proxy.holding > 0)
        others = [asyncio.create_task(value(client, number)) for number in range(KEYS)]
        await asyncio.sleep(0)
        assert proxy.turns == 1
        proxy.release()
        assert await first == b"value 0"
        assert await asyncio.gather(*others) == [f"value {number}".encode() for number in range(KEYS)]
        assert proxy.turns == 2


@pytest.mark.anyio
async def test_a_second_lane_serves_while_the_first_one_waits(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server, lanes=2) as (client, proxy):
        proxy.hold()
        calls = [asyncio.create_task(value(client, number)) for number in range(3)]
        await until(lambda: proxy.holding > 0)
        assert proxy.connections == 1
        await asyncio.sleep(2 * PATIENCE)
        calls += [asyncio.create_task(value(client, number)) for number in range(3, 5)]
        await until(lambda: proxy.connections == 2)
        proxy.release()
        assert await asyncio.gather(*calls) == [f"value {number}".encode() for number in range(5)]
        assert proxy.connections == 2


@pytest.mark.anyio
async def test_calls_of_one_turn_of_the_event_loop_share_a_lane_however_long_the_turn_takes(
    tcp_server: EmbeddedServer,
) -> None:
    async with through_proxy(tcp_server, lanes=2) as (client, proxy):
        await value(client, 0)
        deadline = asyncio.get_running_loop().time() + 5
        first = client.execute((("GET", "key:1"),), deadline)
        time.sleep(2 * PATIENCE)
        second = client.execute((("GET", "key:2"),), deadline)
        assert [await first, await second] == [[b"value 1"], [b"value 2"]]
        assert proxy.turns == 2
        assert proxy.connections == 1


@pytest.mark.anyio
async def test_a_long_queue_is_sent_in_turns_and_everybody_is_answered(tcp_server: EmbeddedServer) -> None:
    count = 2 * MAX_BATCH + 1
    async with through_proxy(tcp_server) as (client, proxy):
        await value(client, 0)
        replies = await asyncio.gather(*(value(client, number % KEYS) for number in range(count)))
        assert replies == [f"value {number % KEYS}".encode() for number in range(count)]
        assert proxy.turns >= 4
        assert proxy.connections == 1


@pytest.mark.anyio
async def test_more_commands_than_a_batch_holds_are_answered_in_their_order(
    tcp_server: EmbeddedServer,
) -> None:
    commands = [("GET", f"key:{number % KEYS}") for number in range(3 * MAX_BATCH)]
    async with opened(tcp_server.url) as client:
        replies, other = await asyncio.gather(ask(client, *commands), value(client, 3))
    assert replies == [f"value {number % KEYS}".encode() for number in range(3 * MAX_BATCH)]
    assert other == b"value 3"


@pytest.mark.anyio
async def test_no_command_at_all_gives_no_reply(tcp_server: EmbeddedServer) -> None:
    async with opened(tcp_server.url) as client:
        assert await ask(client) == []


@pytest.mark.anyio
async def test_256_callers_get_their_own_values_over_two_connections_at_most(
    tcp_server: EmbeddedServer,
) -> None:
    async def read(number: int) -> list[object]:
        return [await value(client, (number + step) % KEYS) for step in range(5)]

    async with through_proxy(tcp_server, lanes=2) as (client, proxy):
        answers = await asyncio.gather(*(read(number) for number in range(256)))
        assert proxy.connections <= 2
    for number, answer in enumerate(answers):
        assert answer == [f"value {(number + step) % KEYS}".encode() for step in range(5)]


@pytest.mark.anyio
async def test_a_wrong_type_in_the_middle_of_a_batch_is_a_reply_and_disturbs_nobody(
    tcp_server: EmbeddedServer,
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        await value(client, 0)
        before, mixed, after = await asyncio.gather(
            value(client, 1),
            ask(client, ("GET", "key:2"), ("HGET", "list", "x"), ("LLEN", "list")),
            value(client, 3),
        )
        assert (before, mixed[0], mixed[2], after) == (b"value 1", b"value 2", 3, b"value 3")
        assert isinstance(mixed[1], ResponseError)
        assert str(mixed[1]).startswith("WRONGTYPE")
        assert await value(client, 4) == b"value 4"
        assert (proxy.connections, proxy.turns) == (1, 3)


@pytest.mark.anyio
async def test_an_error_reply_reaches_only_the_caller_of_the_command(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        before, wrong, after = await asyncio.gather(
            value(client, 1), ask(client, ("HGET", "hash")), value(client, 2), return_exceptions=True
        )
        assert (before, after) == (b"value 1", b"value 2")
        assert isinstance(wrong, CacheUnavailable)
        assert wrong.reason == "error ERR"
        assert proxy.connections == 1


@pytest.mark.anyio
async def test_a_command_that_the_user_may_not_run_is_denied_and_disturbs_nobody() -> None:
    rules = ["--user", "reader", "on", ">secret", "~*", "+get"]
    with EmbeddedServer(port=0, args=rules) as server:
        fill(server)
        async with opened(server.url_as("reader", "secret"), lanes=1) as client:
            allowed, refused = await asyncio.gather(
                value(client, 1), ask(client, ("LLEN", "list")), return_exceptions=True
            )
    assert allowed == b"value 1"
    assert isinstance(refused, CacheUnavailable)
    assert refused.reason == "denied"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("MASTERDOWN Link with MASTER is down", "error MASTERDOWN"),
        ("CLUSTERDOWN The cluster is down", "error CLUSTERDOWN"),
        ("ERR unknown command 'secret'", "error ERR"),
        ("secret", "error"),
        ("", "error"),
    ],
)
async def test_the_reason_names_the_code_of_an_error_reply_and_nothing_else_of_it(
    tcp_server: EmbeddedServer, code: str, reason: str
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.answer(f"-{code}\r\n".encode())
        with pytest.raises(CacheUnavailable) as caught:
            await value(client, 0)
        assert caught.value.reason == reason
        assert proxy.connections == 1


UNSENDABLE = [None, True, [], {}, object(), "\ud800"]


@pytest.mark.anyio
@pytest.mark.parametrize("argument", UNSENDABLE, ids=lambda argument: type(argument).__name__)
async def test_what_cannot_be_sent_is_refused_and_disturbs_nobody(
    tcp_server: EmbeddedServer, argument: object
) -> None:
    unsendable: Any = ("GET", argument)
    async with through_proxy(tcp_server) as (client, proxy):
        before, refused, after = await asyncio.gather(
            value(client, 1), ask(client, ("PING",), unsendable), value(client, 2), return_exceptions=True
        )
        assert (before, after) == (b"value 1", b"value 2")
        assert isinstance(refused, CommandRefused)
        assert str(refused) == "PING holds what is neither text nor an integer"
        assert await value(client, 3) == b"value 3"
        assert proxy.connections == 1


@pytest.mark.anyio
async def test_a_call_that_can_only_be_refused_does_not_wait_for_others(tcp_server: EmbeddedServer) -> None:
    unsendable: Any = ("GET", None)
    async with opened(tcp_server.url, lanes=1) as client:
        with pytest.raises(CommandRefused):
            await ask(client, unsendable)
        assert await value(client, 0) == b"value 0"


@examples(25)
@given(st.lists(st.text(max_size=8) | st.binary(max_size=8) | st.integers(), min_size=1, max_size=4))
def test_any_text_bytes_and_integers_arrive_as_they_are(
    tcp_server: EmbeddedServer, arguments: list[str | bytes | int]
) -> None:
    expected = [part if isinstance(part, bytes) else str(part).encode() for part in arguments]
    command: Command = ("HMGET", "hash", "field:1", *arguments, "field:2")

    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            (reply,) = await ask(client, command)
            assert reply == [b"inner 1", *[None] * len(arguments), b"inner 2"]
            packed = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in expected)
            assert packed in bytes(proxy.received)

    asyncio.run(main())


@pytest.mark.anyio
async def test_a_ping_tells_how_many_milliseconds_the_server_takes(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.delay = 0.02
        assert 20 <= await client.ping(asyncio.get_running_loop().time() + 2) < 2000


@pytest.mark.parametrize("run", RUN)
def test_a_client_can_be_used_in_one_event_loop_after_another(
    tcp_server: EmbeddedServer, run: Callable[[Coroutine[Any, Any, object]], object]
) -> None:
    client = CacheClient(RedisTarget.from_url(tcp_server.url).connection)

    async def use() -> object:
        try:
            return await value(client, 1)
        finally:
            await client.close()

    assert [run(use()) for _ in range(3)] == [b"value 1"] * 3


@pytest.mark.parametrize("run", RUN)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_event_loop_that_ended_without_closing_the_client_does_not_hold_up_the_next_one(
    tcp_server: EmbeddedServer, run: Callable[[Coroutine[Any, Any, object]], object]
) -> None:
    client = CacheClient(RedisTarget.from_url(tcp_server.url).connection)
    assert run(value(client, 1)) == b"value 1"
    assert run(value(client, 2)) == b"value 2"
    run(client.close())
    assert run(value(client, 3)) == b"value 3"
    del client
    gc.collect()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_closing_after_the_loop_has_gone_in_the_middle_of_a_call_returns_at_once(
    own_server: EmbeddedServer,
) -> None:
    client = CacheClient(RedisTarget.from_url(own_server.url).connection)
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(value(client, 1)) == b"value 1"
    own_server.pause()
    call = loop.create_task(value(client, 2, within=60))
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    own_server.resume()
    asyncio.run(asyncio.wait_for(client.close(), 1))
    assert asyncio.run(value(client, 3)) == b"value 3"
    del client, call, loop
    gc.collect()


@pytest.mark.anyio
async def test_a_small_read_does_not_wait_for_a_page_that_is_under_way(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        assert await value(client, 1) == b"value 1"
        proxy.rewrite = lambda piece: b"" if piece.startswith(b"*") else piece
        deadline = asyncio.get_running_loop().time() + 60
        page = asyncio.ensure_future(client.execute((("LRANGE", "list", 0, -1),), deadline, page=True))
        await until(lambda: b"LRANGE" in proxy.received)
        assert await value(client, 2) == b"value 2"
        assert (page.done(), proxy.connections) == (False, 2)
        await client.close()
        with pytest.raises(CacheUnavailable, match="Redis cannot be read: closed"):
            await page


@pytest.mark.anyio
async def test_closing_fails_what_is_under_way_and_what_waits_and_the_next_use_starts_anew(
    tcp_server: EmbeddedServer,
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.hold()
        under_way = asyncio.create_task(value(client, 1))
        await until(lambda: proxy.holding > 0)
        waiting = asyncio.create_task(value(client, 2))
        await asyncio.sleep(0)
        await client.close()
        for call in (under_way, waiting):
            with pytest.raises(CacheUnavailable, match="Redis cannot be read: closed"):
                await call
        await until(lambda: proxy.open == 0)
        proxy.release()
        assert await value(client, 3) == b"value 3"
        assert proxy.connections == 2


@pytest.mark.anyio
async def test_closing_before_a_call_has_been_sent_fails_it(tcp_server: EmbeddedServer) -> None:
    async with opened(tcp_server.url) as client:
        call = asyncio.create_task(value(client, 1))
        await asyncio.sleep(0)
        await client.close()
        with pytest.raises(CacheUnavailable, match="closed"):
            await call
        assert await value(client, 2) == b"value 2"


@pytest.mark.anyio
async def test_closing_while_connecting_fails_those_who_wait_for_it() -> None:
    with EmbeddedServer(port=0, args=["--requirepass", "secret"]) as server:
        server.pause()
        async with opened(server.url_as("default", "secret")) as client:
            call = asyncio.create_task(value(client, 1, within=30))
            await asyncio.sleep(0.02)
            await client.close()
            with pytest.raises(CacheUnavailable, match="closed"):
                await call
        server.resume()


@pytest.mark.anyio
async def test_closing_an_unused_client_or_closing_twice_does_nothing(tcp_server: EmbeddedServer) -> None:
    client = CacheClient(RedisTarget.from_url(tcp_server.url).connection)
    await client.close()
    assert await value(client, 1) == b"value 1"
    await client.close()
    await client.close()


@pytest.mark.anyio
async def test_a_connection_that_cannot_be_made_fails_the_calls_and_nobody_hangs() -> None:
    def make() -> Any:
        raise LookupError("no connection to give")

    client = CacheClient(make)
    for _ in range(2):
        calls = [value(client, number, within=30) for number in range(3)]
        async with asyncio.timeout(1):
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["Redis cannot be read: no connection"] * 3
    await client.close()
