"""A Redis that is known to be dead is asked by one probe, and is asked by everybody once that reaches it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
import redis
import uvloop
from caches import KEYS, ask, back, fill, port_of, until, value
from proxy import Proxy

from fullon_cache_api.cache import CacheClient, CacheTimeout, CacheUnavailable, RedisTarget, open_client
from fullon_cache_api.cache.breaker import ASK_WITHIN, LONGEST_PAUSE, MISSES, SHORTEST_PAUSE, TRUSTED
from fullon_cache_api.demo import EmbeddedServer

Run = Callable[[Coroutine[Any, Any, None]], None]
both_loops = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])

# No more than a busy machine takes for nothing: a read has 2 s.
AT_ONCE = 0.5


@asynccontextmanager
async def watched(
    server: EmbeddedServer, lanes: int = 2, query: str = ""
) -> AsyncIterator[tuple[CacheClient, Proxy, list[str | None]]]:
    """A client that reaches the server through a proxy, and what is told of its breaker."""
    told: list[str | None] = []
    async with Proxy(port_of(server)) as proxy:
        target = RedisTarget.from_url(f"redis://127.0.0.1:{proxy.port}{query}")
        client = CacheClient(target.connection, lanes, told.append)
        try:
            yield client, proxy, told
        finally:
            await client.close()


async def is_refused_at_once(client: CacheClient, reason: str) -> None:
    """Read a value, and see that it is unavailable before anything could have been tried."""
    started = time.monotonic()
    with pytest.raises(CacheUnavailable) as caught:
        await value(client, 1)
    assert caught.value.reason == reason
    assert time.monotonic() - started < AT_ONCE


async def fails(client: CacheClient) -> None:
    with pytest.raises(CacheUnavailable):
        await value(client, 1)


@both_loops
def test_a_dead_redis_is_asked_by_the_probe_alone_and_by_everybody_after_its_return(
    own_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with watched(own_server) as (client, proxy, told):
            assert await value(client, 1) == b"value 1"
            own_server.kill()
            proxy.refuse()
            await fails(client)
            await until(lambda: client.is_open)
            for _ in range(100):
                await is_refused_at_once(client, "no connection")
            assert proxy.connections == 1
            own_server.restart()
            fill(own_server)
            await proxy.accept()
            await until(lambda: not client.is_open)
            assert await value(client, 1) == b"value 1"
            assert told == ["no connection", None]
            # The probe's, and one for the read.
            assert proxy.connections == 3

    run(main())


@both_loops
def test_a_dead_redis_is_probed_no_more_often_than_the_pauses_allow(
    own_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with watched(own_server) as (client, proxy, _):
            own_server.kill()
            await fails(client)
            await until(lambda: client.is_open)
            before, seconds = proxy.connections, 1.2
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                await is_refused_at_once(client, "no connection")
                await asyncio.sleep(0.002)
            # Pauses of 0.05, 0.1, 0.2, 0.4 and 0.5 s at most, and of half of that at least.
            assert 3 <= proxy.connections - before <= 7

    run(main())


def test_the_pauses_between_probes_double_up_to_half_a_second_less_up_to_half_of_it_by_chance(
    own_server: EmbeddedServer,
) -> None:
    longest = (0.05, 0.1, 0.2, 0.4, 0.5, 0.5, 0.5, 0.5)

    async def main() -> None:
        async with watched(own_server) as (client, proxy, _):
            own_server.kill()
            await fails(client)
            await until(lambda: client.is_open)
            before, begun = proxy.connections, [time.monotonic()]
            for number in range(len(longest)):
                await until(lambda number=number: proxy.connections > before + number)  # type: ignore[misc]
                begun.append(time.monotonic())
            pauses = [later - earlier for earlier, later in pairwise(begun)]
            # Who looks on may see one late, and the next one in time.
            seen_late = 0.02
            for pause, at_most in zip(pauses, longest, strict=True):
                assert pause > at_most / 2 - seen_late
            assert min(pauses[4:]) < 0.49

    asyncio.run(main())


def test_a_probe_begins_at_least_once_a_second_as_retry_after_says() -> None:
    assert max(LONGEST_PAUSE, ASK_WITHIN + SHORTEST_PAUSE) <= 1


@both_loops
def test_a_hung_redis_opens_it_after_some_deadlines_in_a_row_and_its_first_answer_closes_it(
    own_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with watched(own_server) as (client, _, told):
            assert await value(client, 1) == b"value 1"
            own_server.pause()
            for _ in range(MISSES):
                assert not client.is_open
                with pytest.raises(CacheTimeout):
                    await value(client, 1, within=0.1)
            await until(lambda: client.is_open)
            await is_refused_at_once(client, "no answer")
            own_server.resume()
            await until(lambda: not client.is_open)
            assert await value(client, 1) == b"value 1"
            assert told == ["no answer", None]

    run(main())


@both_loops
def test_slow_replies_do_not_open_it_however_many_deadlines_they_miss(
    own_server: EmbeddedServer, run: Run
) -> None:
    """What a connection is slow to bring says nothing about Redis, which answers a PING beside it."""

    async def main() -> None:
        async with watched(own_server, lanes=1) as (client, proxy, told):
            assert await value(client, 1) == b"value 1"
            proxy.rewrite = lambda piece: piece if piece == b"+PONG\r\n" else b""
            for _ in range(MISSES + 2):
                with pytest.raises(CacheTimeout):
                    await value(client, 1, within=0.05)
            await until(lambda: b"PING" in proxy.received)
            await asyncio.sleep(ASK_WITHIN)
            proxy.rewrite = None
            assert (client.is_open, told) == (False, [])
            assert await value(client, 1) == b"value 1"

    run(main())


@both_loops
def test_one_deadline_that_a_large_reply_misses_asks_nothing(own_server: EmbeddedServer, run: Run) -> None:
    async def main() -> None:
        async with watched(own_server) as (client, proxy, told):
            await value(client, 1)
            proxy.hold()
            with pytest.raises(CacheTimeout):
                await ask(client, ("HGETALL", "hash"), within=0.1)
            proxy.release()
            assert await value(client, 1) == b"value 1"
            assert b"PING" not in proxy.received
            assert (client.is_open, told) == (False, [])

    run(main())


@both_loops
def test_a_connection_that_is_refused_while_another_one_works_opens_nothing(run: Run) -> None:
    async def main() -> None:
        with EmbeddedServer(port=0, args=["--maxclients", "1"]) as server:
            fill(server, server.url)
            async with watched(server) as (client, proxy, told):
                await back(client)
                large = ("SCAN", 0, "COUNT", 1_000)
                for _ in range(3):
                    proxy.hold()
                    first = asyncio.create_task(ask(client, large))
                    await until(lambda: proxy.holding > 0)
                    await asyncio.sleep(0.01)
                    second = asyncio.create_task(value(client, 2))
                    await asyncio.sleep(0.02)
                    proxy.release()
                    await asyncio.gather(first, second, return_exceptions=True)
                    assert first.exception() is None
                assert (client.is_open, told) == (False, [])
                assert await value(client, 1) == b"value 1"

    run(main())


@both_loops
def test_errors_are_answers_and_open_nothing(own_server: EmbeddedServer, run: Run) -> None:
    async def main() -> None:
        async with watched(own_server) as (client, proxy, told):
            with redis.Redis.from_url(own_server.url) as desk:
                desk.execute_command("ACL", "SETUSER", "default", "-@all", "+acl")
                for _ in range(5):
                    await fails(client)
                desk.execute_command("ACL", "SETUSER", "default", "+@all")
            assert await value(client, 1) == b"value 1"
            assert (proxy.connections, told) == (1, [])

    run(main())


@both_loops
def test_a_password_that_is_refused_is_tried_by_the_probe_alone_until_it_is_right(run: Run) -> None:
    async def main() -> None:
        with EmbeddedServer(port=0, args=["--requirepass", "other"]) as server:
            fill(server, server.url_as("default", "other"))
            told: list[str | None] = []
            client = CacheClient(
                RedisTarget("127.0.0.1", port_of(server), password="secret").connection, 2, told.append
            )
            await fails(client)
            await until(lambda: client.is_open)
            await is_refused_at_once(client, "denied")
            with redis.Redis.from_url(server.url_as("default", "other")) as desk:
                desk.config_set("requirepass", "secret")
            await until(lambda: not client.is_open)
            assert await value(client, 1) == b"value 1"
            assert told == ["denied", None]
            await client.close()

    run(main())


@both_loops
def test_a_client_that_is_opened_by_its_address_tells_of_its_breaker(run: Run) -> None:
    async def main() -> None:
        told: list[str | None] = []
        client = open_client(RedisTarget("127.0.0.1", 1), report_breaker=told.append)
        with pytest.raises(CacheUnavailable):
            await client.execute((("PING",),), asyncio.get_running_loop().time() + 1)
        await until(lambda: client.is_open)
        await client.close()
        assert told == ["no connection"]

    run(main())


@both_loops
def test_who_speaks_no_redis_opens_it(own_server: EmbeddedServer, run: Run) -> None:
    async def main() -> None:
        async with watched(own_server) as (client, proxy, told):
            proxy.always = b"HTTP/1.1 400 Bad Request\r\n\r\n"
            await fails(client)
            await until(lambda: client.is_open)
            await is_refused_at_once(client, "no connection")
            proxy.always = b"+HELLO\r\n"
            await asyncio.sleep(TRUSTED)
            assert client.is_open
            proxy.always = None
            await until(lambda: not client.is_open)
            assert await value(client, 1) == b"value 1"
            assert told == ["no connection", None]

    run(main())


@both_loops
def test_a_connection_from_before_the_outage_is_not_used_after_it(
    own_server: EmbeddedServer, run: Run
) -> None:
    """A connection whose other end has forgotten it would cost the first request its deadline."""

    async def main() -> None:
        async with watched(own_server) as (client, proxy, _):
            await value(client, 1)
            proxy.half_open()
            await proxy.drop()
            for _ in range(MISSES):
                with pytest.raises((CacheTimeout, CacheUnavailable)):
                    await value(client, 1, within=0.1)
            await until(lambda: client.is_open)
            await proxy.accept()
            await until(lambda: not client.is_open)
            assert await asyncio.gather(*(value(client, number, 0.5) for number in range(KEYS))) == [
                f"value {number}".encode() for number in range(KEYS)
            ]

    run(main())


def test_a_client_that_is_closed_or_goes_to_another_loop_probes_no_more(own_server: EmbeddedServer) -> None:
    told: list[str | None] = []
    client = CacheClient(RedisTarget.from_url(own_server.url).connection, 2, told.append)
    own_server.kill()

    async def open_it() -> None:
        await fails(client)
        await until(lambda: client.is_open)

    async def close_it() -> None:
        await open_it()
        await client.close()
        assert not client.is_open
        own_server.restart()
        fill(own_server)
        assert await value(client, 1) == b"value 1"
        await client.close()

    asyncio.run(open_it())
    asyncio.run(close_it())
    assert told == ["no connection", "no connection"]


@both_loops
def test_what_waits_for_a_connection_that_cannot_be_had_goes_to_one_that_works(run: Run) -> None:
    """A password that was changed is asked of new connections only."""

    async def main() -> None:
        with EmbeddedServer(port=0, args=["--requirepass", "secret"]) as server:
            fill(server, server.url_as("default", "secret"))
            told: list[str | None] = []
            async with Proxy(port_of(server)) as proxy:
                target = RedisTarget("127.0.0.1", proxy.port, password="secret")
                client = CacheClient(target.connection, 2, told.append)
                assert await value(client, 1) == b"value 1"
                with redis.Redis.from_url(server.url_as("default", "secret")) as desk:
                    desk.config_set("requirepass", "other")
                proxy.hold()
                first = asyncio.create_task(value(client, 1))
                await until(lambda: proxy.holding > 0)
                await asyncio.sleep(0.01)
                second = asyncio.create_task(value(client, 2))
                await until(lambda: proxy.connections == 2)
                proxy.release()
                assert await asyncio.gather(first, second) == [b"value 1", b"value 2"]
                assert (client.is_open, told) == (False, [])
                await client.close()

    run(main())
