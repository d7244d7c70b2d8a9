"""Every call ends no later than at its own deadline, whatever Redis and the other calls do."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from caches import KEYS, ask, fill, opened, through_proxy, until, value

from fullon_cache_api.cache import CacheClient, CacheTimeout
from fullon_cache_api.demo import EmbeddedServer

Run = Callable[[Coroutine[Any, Any, None]], None]
both_loops = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])

EARLY = 0.05
# A busy machine adds to what a call takes; the mistakes that these tests look for add a second and more.
LATE = 0.3


async def times_out(client: CacheClient, within: float) -> None:
    """Read a value and see that this ends with CacheTimeout, so many seconds from now."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(CacheTimeout, match="Redis did not answer in time"):
        await value(client, 0, within)
    assert within - EARLY < loop.time() - started < within + LATE


@both_loops
def test_a_call_ends_at_its_deadline_when_redis_is_paused(own_server: EmbeddedServer, run: Run) -> None:
    async def main() -> None:
        async with opened(own_server.url) as client:
            await value(client, 0)
            own_server.pause()
            await times_out(client, 0.2)
            own_server.resume()
            assert await value(client, 1) == b"value 1"

    run(main())


@both_loops
def test_calls_with_different_deadlines_in_one_batch_end_each_at_its_own(
    own_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with opened(own_server.url, lanes=1) as client:
            await value(client, 0)
            own_server.pause()
            await asyncio.gather(*(times_out(client, within) for within in (0.1, 0.3, 0.2, 0.1, 0.3)))
            own_server.resume()

    run(main())


@both_loops
def test_calls_with_later_deadlines_are_sent_again_and_succeed_when_redis_goes_on(
    own_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with opened(own_server.url, lanes=1) as client:
            await value(client, 0)
            own_server.pause()
            later = [asyncio.create_task(value(client, number, 5)) for number in range(KEYS)]
            await times_out(client, 0.1)
            assert not any(call.done() for call in later)
            own_server.resume()
            assert await asyncio.gather(*later) == [f"value {number}".encode() for number in range(KEYS)]

    run(main())


@both_loops
def test_a_call_that_waits_behind_a_slow_batch_ends_at_its_own_deadline_and_leaves_the_batch_alone(
    tcp_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            proxy.hold()
            slow = asyncio.create_task(value(client, 1, 5))
            await until(lambda: proxy.holding > 0)
            waiting = asyncio.create_task(value(client, 2, 5))
            await asyncio.gather(times_out(client, 0.2), times_out(client, 0.1))
            proxy.release()
            assert (await slow, await waiting) == (b"value 1", b"value 2")
            assert proxy.connections == 1

    run(main())


@both_loops
def test_a_batch_ends_at_its_deadline_though_who_waits_behind_it_has_more_time(
    tcp_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            # The first alarm goes off while the second call is under way and the third one waits.
            await value(client, 0, within=0.1)
            proxy.hold()
            hasty = asyncio.create_task(times_out(client, 0.3))
            await until(lambda: proxy.holding > 0)
            patient = asyncio.create_task(value(client, 1, within=5))
            await hasty
            proxy.release()
            assert await patient == b"value 1"

    run(main())


@both_loops
def test_a_handshake_that_hangs_ends_each_call_at_its_own_deadline(run: Run) -> None:
    async def main() -> None:
        with EmbeddedServer(port=0, args=["--requirepass", "secret"]) as server:
            fill(server, server.url_as("default", "secret"))
            server.pause()
            async with opened(server.url_as("default", "secret"), lanes=1) as client:
                patient = asyncio.create_task(value(client, 1, 5))
                await asyncio.gather(times_out(client, 0.2), times_out(client, 0.1))
                server.resume()
                assert await patient == b"value 1"

    run(main())


@both_loops
def test_who_comes_while_a_handshake_hangs_is_not_ended_with_the_others(run: Run) -> None:
    async def main() -> None:
        with EmbeddedServer(port=0, args=["--requirepass", "secret"]) as server:
            fill(server, server.url_as("default", "secret"))
            server.pause()
            async with opened(server.url_as("default", "secret"), lanes=1) as client:
                first = asyncio.create_task(times_out(client, 0.1))
                await asyncio.sleep(0.05)
                second = asyncio.create_task(value(client, 1, 5))
                await first
                assert not second.done()
                server.resume()
                assert await second == b"value 1"

    run(main())


@both_loops
def test_a_call_that_comes_after_its_deadline_times_out_and_cuts_nothing(
    tcp_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with through_proxy(tcp_server) as (client, proxy):
            await value(client, 0)
            answers = await asyncio.gather(
                value(client, 1),
                value(client, 2, within=-1),
                value(client, 3),
                value(client, 4, within=0),
                return_exceptions=True,
            )
            assert [answers[0], answers[2]] == [b"value 1", b"value 3"]
            assert [type(answer) for answer in (answers[1], answers[3])] == [CacheTimeout, CacheTimeout]
            assert proxy.connections == 1

    run(main())


@both_loops
def test_a_call_that_comes_after_its_deadline_to_an_unopened_client_times_out(
    tcp_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with opened(tcp_server.url) as client:
            with pytest.raises(CacheTimeout):
                await value(client, 1, within=-1)
            assert await value(client, 1) == b"value 1"

    run(main())


@pytest.mark.anyio
async def test_a_caller_that_has_gone_before_its_deadline_is_forgotten(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.hold()
        under_way = asyncio.create_task(value(client, 1, 5))
        await until(lambda: proxy.holding > 0)
        gone = asyncio.create_task(value(client, 2, 0.05))
        await asyncio.sleep(0)
        gone.cancel()
        await times_out(client, 0.1)
        assert gone.cancelled()
        proxy.release()
        assert await under_way == b"value 1"


@pytest.mark.anyio
async def test_deadlines_that_lie_close_together_cost_one_reconnection(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        await value(client, 0)
        proxy.hold()
        loop = asyncio.get_running_loop()
        end = loop.time() + 0.1
        calls = [client.execute((("GET", "key:1"),), end + step * 0.0005) for step in range(16)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [CacheTimeout] * 16
        proxy.release()
        assert await value(client, 1) == b"value 1"
        assert proxy.connections == 2


@pytest.mark.anyio
async def test_a_reply_that_comes_too_late_is_never_taken_for_another(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        await value(client, 0)
        proxy.hold()
        await times_out(client, 0.05)
        proxy.release()
        assert await asyncio.gather(*(value(client, number) for number in range(KEYS))) == [
            f"value {number}".encode() for number in range(KEYS)
        ]


@pytest.mark.anyio
async def test_a_call_of_several_commands_is_answered_whole_or_not_at_all(tcp_server: EmbeddedServer) -> None:
    # Each reply is `$7` and `value n`, 13 bytes: of the second one only a part arrives.
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.cut_after(20)
        replies = await ask(client, ("GET", "key:1"), ("GET", "key:2"), ("GET", "key:3"))
        assert replies == [b"value 1", b"value 2", b"value 3"]
        assert proxy.connections == 2
