"""Requests that several processes count together, in a Redis that is not the one they serve."""

import asyncio
import dataclasses
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import pytest
import redis
from loguru import logger
from support import CHECKOUT, serving, settings_for

from fullon_cache_api.cache.errors import CacheUnavailable
from fullon_cache_api.cache.target import RedisTarget
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.limits import RateLimit
from fullon_cache_api.rate_redis import COMMANDS, PREFIX, SharedCount

if TYPE_CHECKING:
    from loguru import Message

T = TypeVar("T")
LIMIT = RateLimit(0.5, 3)


@pytest.fixture(scope="module")
def counts() -> Iterator[EmbeddedServer]:
    """A Redis for counting, and nothing else."""
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
def counted(counts: EmbeddedServer) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(counts.url) as client:
        client.flushall()
        client.script_flush()
        yield client


@pytest.fixture
def records() -> Iterator[list[str]]:
    """The text of every record that is logged."""
    found: list[str] = []

    def keep(message: "Message") -> None:
        found.append(message.record["message"])

    sink = logger.add(keep)
    yield found
    logger.remove(sink)


def using(target: RedisTarget, use: Callable[[SharedCount, list[str | None]], Awaitable[T]]) -> T:
    async def run() -> T:
        told: list[str | None] = []
        count = SharedCount(target, LIMIT, told.append)
        try:
            return await use(count, told)
        finally:
            await count.close()

    return asyncio.run(run())


def target_of(server: EmbeddedServer) -> RedisTarget:
    return RedisTarget.from_url(server.url)


def test_tokens_are_taken_from_one_bucket_whoever_asks(
    counts: EmbeddedServer, counted: "redis.Redis"
) -> None:
    async def use(count: SharedCount, told: list[str | None]) -> None:
        other = SharedCount(target_of(counts), LIMIT, told.append)
        answers = [await one.take("a") for one in (count, other, count, other, count)]
        assert None not in answers
        waits = [answer[0] for answer in answers if answer is not None]
        assert waits[:3] == [0, 0, 0]
        assert all(1.0 < wait <= 2.0 for wait in waits[3:])
        # Nobody else is concerned.
        assert await count.take("b") is not None
        await other.close()
        assert told == []

    using(target_of(counts), use)
    assert {key.decode() for key in counted.scan_iter()} == {PREFIX + "a", PREFIX + "b"}
    assert 4_000 < counted.pttl(PREFIX + "a") <= 6_001
    assert 0 < counted.pttl(PREFIX + "b") <= 2_001


def test_only_what_is_listed_is_sent(counts: EmbeddedServer, counted: "redis.Redis") -> None:
    counted.config_resetstat()

    async def use(count: SharedCount, told: list[str | None]) -> None:
        for _ in range(5):
            await count.take("a")

    using(target_of(counts), use)
    sent = {name.removeprefix("cmdstat_") for name in counted.info("commandstats")}
    by_the_script = {"get", "set", "time"}
    by_this_test = {"config|resetstat", "info", "client|setinfo"}
    assert sent - by_the_script - by_this_test <= {
        "select",
        *(name.lower().replace(" ", "|") for name in COMMANDS),
    }


def test_a_script_that_redis_has_lost_is_loaded_again(counts: EmbeddedServer, counted: "redis.Redis") -> None:
    async def use(count: SharedCount, told: list[str | None]) -> None:
        assert await count.take("a") is not None
        counted.script_flush()
        assert await count.take("a") is not None
        assert told == []

    using(target_of(counts), use)


def test_a_redis_that_is_down_or_hangs_is_told_of_once_and_asked_again_when_it_is_back() -> None:
    with EmbeddedServer(port=0) as server:

        async def use(count: SharedCount, told: list[str | None]) -> None:
            while await count.take("a") is None:
                # A machine that is busy may not let the first answer come in time.
                await asyncio.sleep(0.05)
            told.clear()
            server.pause()
            began = asyncio.get_running_loop().time()
            assert await count.take("a") is None
            assert await count.take("a") is None
            assert asyncio.get_running_loop().time() - began < 1
            server.resume()
            while await count.take("a") is None:
                await asyncio.sleep(0.05)
            server.kill()
            while await count.take("a") is not None:
                pass
            assert told == ["no answer", None, "no connection"]

        using(target_of(server), use)


def test_what_is_no_answer_to_the_script_is_not_believed() -> None:
    async def use(count: SharedCount, told: list[str | None]) -> None:
        left = asyncio.Event()

        async def wrong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(4_096)
            writer.write(b"$2\r\nab\r\n")
            await reader.read(4_096)
            writer.write(b":1\r\n")
            await reader.read()
            writer.close()
            await writer.wait_closed()
            left.set()

        server = await asyncio.start_server(wrong, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        other = SharedCount(RedisTarget("127.0.0.1", port), LIMIT, told.append)
        assert await other.take("a") is None
        assert told == ["unexpected reply"]
        await left.wait()
        server.close()

    using(RedisTarget(), use)


def test_a_user_with_the_rights_that_are_documented_can_count_and_nothing_else(
    counts: EmbeddedServer, counted: "redis.Redis"
) -> None:
    rights = "+evalsha +script|load +get +set +time ~fullon:rate:*"
    assert f"`{rights}`" in (CHECKOUT / "SECURITY.md").read_text(encoding="utf-8")
    counted.execute_command("ACL", "SETUSER", "counter", "reset", "on", ">pw", "-@all", *rights.split())

    async def use(count: SharedCount, told: list[str | None]) -> None:
        assert await count.take("a") == (0.0, 2.0)
        assert told == []

    using(dataclasses.replace(target_of(counts), username="counter", password="pw"), use)
    assert counted.keys() == [b"fullon:rate:a"]


def test_a_server_that_is_read_is_never_written_to(redis_server: EmbeddedServer) -> None:
    async def use(count: SharedCount, told: list[str | None]) -> None:
        async def served() -> list[RedisTarget]:
            return [RedisTarget("192.0.2.1", 6379), target_of(redis_server)]

        async def unknown() -> list[RedisTarget]:
            raise CacheUnavailable("no quorum of Sentinels")

        for servers in (served, unknown):
            other = SharedCount(target_of(redis_server), LIMIT, told.append, servers)
            assert await other.take("a") is None
        assert told == ["it is a server that is read", "the servers that are read are not known"]

    using(RedisTarget(), use)
    with redis.Redis.from_url(redis_server.url) as reader:
        assert reader.keys("fullon:rate:*") == []


def test_two_gateways_count_together_and_each_alone_where_that_redis_is_lost(
    redis_server: EmbeddedServer, records: list[str]
) -> None:
    with EmbeddedServer() as server:
        rate = {"API_RATE": "0.01", "API_RATE_BURST": "4", "RATE_REDIS_URL": server.url}
        with (
            serving(FullonCacheGateway(settings=settings_for(redis_server.url, **rate))) as first,
            serving(FullonCacheGateway(settings=settings_for(redis_server.url, **rate))) as second,
        ):
            left = [
                re.findall(r";r=(\d)", client.get("/api/tickers").headers["ratelimit"])
                for client in (first, second, first, second)
            ]
            assert left == [["3"], ["2"], ["1"], ["0"]]
            assert [client.get("/api/tickers").status_code for client in (first, second)] == [429, 429]
            server.kill()
            # Each has counted two or three of its own.
            while first.get("/api/tickers").status_code == 200:
                pass
            assert first.get("/api/tickers").status_code == 429
    assert records.count("each process counts requests for itself: their Redis cannot be used") == 1


def test_the_served_redis_is_not_written_to(redis_server: EmbeddedServer, writer: "redis.Redis") -> None:
    with EmbeddedServer() as server:
        rate = {"API_RATE": "1", "RATE_REDIS_URL": server.url}
        with serving(FullonCacheGateway(settings=settings_for(redis_server.url, **rate))) as client:
            assert client.get("/api/tickers").status_code == 200
    assert writer.dbsize() == 0
