"""A connection that is cut, silent or out of its mind: one more attempt, an error, never a wrong value."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
import redis
import uvloop
from caches import COMES_WITHIN, KEYS, ask, back, fill, opened, through_proxy, until, value
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.cache import CacheError, CacheTimeout, CacheUnavailable, lane
from fullon_cache_api.cache.lane import SOON
from fullon_cache_api.demo import EmbeddedServer

Run = Callable[[Coroutine[Any, Any, None]], None]
both_loops = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])

BATCH = [f"value {number}".encode() for number in range(KEYS)]


@both_loops
def test_a_killed_redis_fails_calls_at_once_and_serves_again_when_it_is_back(
    own_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with opened(own_server.url) as client:
            await asyncio.gather(*(value(client, number) for number in range(KEYS)))
            for _ in range(3):
                own_server.kill()
                started = time.monotonic()
                calls = [value(client, number) for number in range(KEYS)]
                outcomes = await asyncio.gather(*calls, return_exceptions=True)
                assert {str(outcome) for outcome in outcomes} == {"Redis cannot be read: no connection"}
                assert time.monotonic() - started < 0.5
                own_server.restart()
                fill(own_server)
                await back(client)
                assert await value(client, 1) == b"value 1"

    run(main())


@both_loops
@pytest.mark.parametrize("reset", [False, True])
def test_an_idle_connection_that_was_cut_is_replaced_without_an_error(
    tcp_server: EmbeddedServer, run: Run, reset: bool
) -> None:
    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            for count in range(1, 4):
                assert await value(client, 1) == b"value 1"
                assert proxy.connections == count
                proxy.cut(reset=reset)
                await until(lambda: proxy.open == 0)

    run(main())


@both_loops
@pytest.mark.parametrize("reset", [False, True])
def test_a_batch_that_was_cut_is_sent_once_more(tcp_server: EmbeddedServer, run: Run, reset: bool) -> None:
    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            proxy.hold()
            calls = [asyncio.create_task(value(client, number)) for number in range(KEYS)]
            await until(lambda: proxy.holding > 0)
            proxy.cut(reset=reset)
            proxy.release()
            assert await asyncio.gather(*calls) == BATCH
            assert proxy.connections == 2
            assert proxy.received.count(b"GET") == 2 * KEYS

    run(main())


@examples(30)
@given(st.integers(0, 13 * KEYS - 1))
def test_wherever_replies_are_cut_only_what_was_not_answered_is_sent_once_more(
    tcp_server: EmbeddedServer, count: int
) -> None:
    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            proxy.cut_after(count)
            assert await asyncio.gather(*(value(client, number) for number in range(KEYS))) == BATCH
            assert proxy.connections == 2
            # A reply is `$7` and `value n`: 13 bytes.
            assert proxy.received.count(b"GET") == KEYS + KEYS - count // 13

    asyncio.run(main())


@both_loops
def test_a_call_that_is_cut_twice_is_given_up(tcp_server: EmbeddedServer, run: Run) -> None:
    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            proxy.cut_after(13, 13)
            outcomes = await asyncio.gather(
                *(value(client, number) for number in range(3)), return_exceptions=True
            )
            assert outcomes[:2] == [b"value 0", b"value 1"]
            assert isinstance(outcomes[2], CacheUnavailable)
            assert outcomes[2].reason == "no connection"
            assert proxy.connections == 2
            assert await value(client, 3) == b"value 3"

    run(main())


@both_loops
def test_a_half_open_connection_costs_one_deadline_and_no_more(tcp_server: EmbeddedServer, run: Run) -> None:
    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            await value(client, 0)
            proxy.half_open()
            patient = asyncio.create_task(value(client, 2, 5))
            with pytest.raises(CacheTimeout):
                await value(client, 1, within=0.1)
            assert await patient == b"value 2"
            assert proxy.connections == 2

    run(main())


@both_loops
def test_a_connection_that_was_heard_just_now_is_not_given_up_for_one_deadline(
    tcp_server: EmbeddedServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "STALLED", 10.0)

    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            await value(client, 0)
            proxy.hold()
            patient = asyncio.create_task(value(client, 2, 5))
            with pytest.raises(CacheTimeout):
                await value(client, 1, within=0.1)
            proxy.release()
            assert await patient == b"value 2"
            assert proxy.connections == 1

    run(main())


@both_loops
def test_a_connection_that_is_lost_after_long_silence_is_not_tried_again(
    tcp_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            await value(client, 0)
            proxy.hold()
            call = asyncio.create_task(value(client, 1, 5))
            await until(lambda: proxy.holding > 0)
            await asyncio.sleep(SOON)
            proxy.cut()
            with pytest.raises(CacheUnavailable):
                await call
            assert proxy.connections == 1
            proxy.release()
            assert await value(client, 2) == b"value 2"

    run(main())


@pytest.mark.anyio
async def test_after_a_hang_under_steady_load_all_is_well_at_once(own_server: EmbeddedServer) -> None:
    """What came in the meantime has its deadlines one after the other, and takes Redis a while to answer."""
    with redis.Redis.from_url(own_server.url) as writer:
        writer.hset("large", mapping={f"field {number}": "x" * 200 for number in range(3_000)})
    loop = asyncio.get_running_loop()
    late: list[asyncio.Task[object]] = []
    async with opened(own_server.url) as client:
        calls: list[asyncio.Task[object]] = []

        async def load(seconds: float) -> list[asyncio.Task[object]]:
            begun = []
            end = loop.time() + seconds
            while loop.time() < end:
                command = ("HGETALL", "large") if len(calls) % 20 == 0 else ("HMGET", "hash", "field:1")
                begun.append(asyncio.create_task(ask(client, command, within=0.5)))
                calls.append(begun[-1])
                await asyncio.sleep(0.005)
            return begun

        await load(0.2)
        own_server.pause()
        try:
            hung = await load(0.8)
        finally:
            own_server.resume()
        await load(0.5)
        late = await load(0.5)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert any(isinstance(task.exception(), CacheTimeout) for task in hung)
    assert [task.exception() for task in late if task.exception()] == []
    assert {type(outcome) for outcome in outcomes} == {list, CacheTimeout}
    with redis.Redis.from_url(own_server.url) as reader:
        assert reader.info("stats")["total_connections_received"] < 20


NONSENSE = [
    b"!!!\r\n",
    b"\x00\x01\x02",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"$-5\r\n",
    b"$x\r\n",
    b"*-7\r\n",
    b":12a\r\n",
    b"-MOVED nonsense\r\n",
    b"-ASK\r\n",
    b"\r\n",
]


@both_loops
@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_is_no_answer_and_the_next_call_gets_its_own(
    tcp_server: EmbeddedServer, run: Run, nonsense: bytes
) -> None:
    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            await value(client, 0)
            proxy.answer(nonsense, nonsense)
            with pytest.raises(CacheUnavailable):
                await value(client, 1)
            assert await asyncio.gather(*(value(client, number) for number in range(KEYS))) == BATCH

    run(main())


@pytest.mark.anyio
@pytest.mark.parametrize("announcement", [b"*1\r\n" * 20, b"*2\r\n$1\r\na\r\n", b"$999999999\r\nv", b"+val"])
async def test_a_reply_that_never_ends_costs_one_deadline(
    tcp_server: EmbeddedServer, announcement: bytes
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.answer(announcement)
        with pytest.raises(CacheTimeout):
            await value(client, 1, within=0.05)
        assert await value(client, 1) == b"value 1"
        assert proxy.connections == 2


@pytest.mark.anyio
async def test_an_error_reply_that_is_not_utf_8_is_an_error_reply(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.answer(b"-\xff\xfe\r\n")
        with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: error$"):
            await value(client, 1)
        assert await value(client, 1) == b"value 1"


# What begins with another byte is not RESP; who lies in proper RESP cannot be told from an honest server.
@examples(30)
@given(st.binary(min_size=1, max_size=40).filter(lambda data: data[:1] not in b"+-:$*_#,(!=%~>|"))
def test_random_bytes_in_place_of_a_reply_never_become_a_value(
    tcp_server: EmbeddedServer, nonsense: bytes
) -> None:
    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            proxy.answer(nonsense)
            outcomes = await asyncio.gather(
                *(value(client, number) for number in range(KEYS)), return_exceptions=True
            )
            for number, outcome in enumerate(outcomes):
                assert outcome == BATCH[number] or isinstance(outcome, CacheError)
            assert await value(client, 1) == b"value 1"

    asyncio.run(main())


@pytest.mark.anyio
@pytest.mark.parametrize("stray", [b"+stray\r\n", b"$5\r\nstray\r\n", b"$5\r\nst", b"-ERR bye\r\n"])
async def test_what_nobody_asked_for_is_never_taken_for_an_answer(
    tcp_server: EmbeddedServer, stray: bytes
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        await value(client, 0)
        proxy.inject(stray)
        connection = client._lanes[0].connection
        while connection is not None and not await connection.can_read():
            await asyncio.sleep(0.001)
        assert await asyncio.gather(*(value(client, number) for number in range(KEYS))) == BATCH
        assert proxy.connections == 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", "loading"),
        (b"-NOAUTH Authentication required.\r\n", "denied"),
    ],
)
async def test_a_server_that_would_refuse_again_is_not_asked_twice(
    tcp_server: EmbeddedServer, reply: bytes, reason: str
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.answer(reply)
        with pytest.raises(CacheUnavailable) as caught:
            await value(client, 1)
        assert caught.value.reason == reason
        assert proxy.received.count(b"GET") == 1
        assert await value(client, 1) == b"value 1"


@pytest.mark.anyio
async def test_callers_that_go_away_disturb_nobody_and_cost_no_connection(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        await value(client, 0)
        proxy.hold()
        under_way = [asyncio.create_task(value(client, number)) for number in range(KEYS)]
        await until(lambda: proxy.holding > 0)
        waiting = [asyncio.create_task(value(client, number)) for number in range(KEYS)]
        await asyncio.sleep(0)
        for call in (*under_way[::2], *waiting[::2]):
            call.cancel()
        proxy.release()
        assert await asyncio.gather(*under_way[1::2]) == BATCH[1::2]
        assert await asyncio.gather(*waiting[1::2]) == BATCH[1::2]
        assert all(call.cancelled() for call in (*under_way[::2], *waiting[::2]))
        assert proxy.connections == 1


@pytest.mark.anyio
async def test_a_caller_that_goes_away_is_not_sent_again_for(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.hold()
        calls = [asyncio.create_task(value(client, number)) for number in range(2)]
        await until(lambda: proxy.holding > 0)
        calls[0].cancel()
        await asyncio.sleep(0)
        proxy.cut()
        proxy.release()
        assert await calls[1] == b"value 1"
        assert proxy.received.count(b"key:0") == 1
        assert proxy.received.count(b"key:1") == 2


@pytest.mark.anyio
async def test_a_server_with_as_many_clients_as_it_takes_is_unavailable_until_one_leaves() -> None:
    with EmbeddedServer(port=0, args=["--maxclients", "1"]) as server:
        with redis.Redis.from_url(server.url) as only:
            only.set("key:1", "value 1")
            async with opened(server.url) as client:
                with pytest.raises(CacheUnavailable, match="no connection"):
                    await value(client, 1)
        async with opened(server.url) as client, asyncio.timeout(COMES_WITHIN):
            # The server notices in its own time that one has left.
            read = None
            while read is None:
                with suppress(CacheUnavailable):
                    read = await value(client, 1)
            assert read == b"value 1"
