"""Reads from local copies: each one is what Redis would answer now, and no command is sent for it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis
import uvloop
from caches import COMES_WITHIN, ask, back, port_of, until
from proxy import Proxy
from redis.asyncio import Redis as AsyncRedis

from fullon_cache_api.cache import (
    CacheClient,
    CacheTimeout,
    CacheUnavailable,
    CoherentClient,
    CommandRefused,
    ReadClient,
    RedisTarget,
    coherent_client,
    open_client,
)
from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.connection import Connection
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.cache.tracking import (
    CHANNEL,
    PING_EVERY,
    RETRY,
    SILENCE,
    TRACKING_COMMANDS,
    prefixes_of,
)
from fullon_cache_api.demo import EmbeddedServer

Run = Callable[[Coroutine[Any, Any, None]], None]
both_loops = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])

GET: Command = ("GET", "key:1")
PREFIXES = ("hash", "key:", "list")


class Copying:
    """A coherent client of a server, on one lane; `reports` is what was said of its tracking.

    Its reads go to `url`; where a proxy is given, its tracking connection goes through that.
    """

    def __init__(self, url: str, tracking_url: str | None = None) -> None:
        self.reports: list[str | None] = []
        target = RedisTarget.from_url(tracking_url or url)
        self.plain = CacheClient(RedisTarget.from_url(url).connection, 1)
        self.client = CoherentClient(self.plain, target.connection, PREFIXES, self.reports.append)

    async def get(self, *commands: Command) -> list[Reply]:
        return await self.client.execute(commands or (GET,), asyncio.get_running_loop().time() + 2)

    async def live(self) -> None:
        """Read until there is a connection that Redis tells of changes on."""
        async with asyncio.timeout(5):
            while not self.client.is_live:
                await self.get()
                await asyncio.sleep(0.005)

    async def lost(self) -> None:
        await until(lambda: not self.client.is_live)


@asynccontextmanager
async def copying(url: str, tracking_url: str | None = None, live: bool = True) -> AsyncIterator[Copying]:
    one = Copying(url, tracking_url)
    try:
        if live:
            await one.live()
        yield one
    finally:
        await one.client.close()
        await one.plain.close()


@asynccontextmanager
async def tracked_through_a_proxy(server: EmbeddedServer) -> AsyncIterator[tuple[Copying, Proxy]]:
    async with (
        Proxy(port_of(server)) as proxy,
        copying(server.url, f"redis://127.0.0.1:{proxy.port}") as one,
    ):
        yield one, proxy


@pytest.fixture
def desk(own_server: EmbeddedServer) -> "redis.Redis":
    return redis.Redis.from_url(own_server.url)


def sent(desk: "redis.Redis", command: str = "get") -> int:
    """How often a server was sent a command."""
    statistics: dict[str, dict[str, int]] = desk.info("commandstats")
    return statistics.get(f"cmdstat_{command}", {}).get("calls", 0)


def test_a_page_of_many_is_read_each_time(own_server: EmbeddedServer, desk: "redis.Redis") -> None:
    async def main() -> None:
        async with copying(own_server.url) as one:
            for times in (1, 2):
                deadline = asyncio.get_running_loop().time() + 2
                page: Command = ("HSCAN", "hash", b"0", "COUNT", 100)
                ((cursor, found),) = await one.client.execute((page,), deadline, page=True)  # type: ignore[misc]
                assert (cursor, len(found), sent(desk, "hscan")) == (b"0", 20, times)

    asyncio.run(main())


@both_loops
def test_what_was_read_once_is_answered_without_a_command(
    own_server: EmbeddedServer, desk: "redis.Redis", run: Run
) -> None:
    commands: tuple[Command, ...] = (
        GET,
        ("GET", "key:none"),
        ("HGET", "hash", "field:1"),
        ("HMGET", "hash", "field:2", "none"),
        ("HLEN", "hash"),
        ("LRANGE", "list", -2, -1),
        ("LLEN", "list"),
    )

    async def main() -> None:
        async with copying(own_server.url) as one:
            replies = await one.get(*commands)
            assert replies == [b"value 1", None, b"inner 1", [b"inner 2", None], 10, [b"b", b"c"], 3]
            before = desk.info("stats")["total_commands_processed"]
            for _ in range(10):
                assert await one.get(*commands) == replies
                assert await one.get(("LLEN", "list")) == [3]
            # The PINGs by which the connection shows that it lives, and the question itself.
            assert desk.info("stats")["total_commands_processed"] - before < 5

    run(main())


CHANGES: dict[str, Callable[["redis.Redis"], object]] = {
    "SET": lambda desk: desk.set("key:1", "other"),
    "DEL": lambda desk: desk.delete("key:1"),
    "UNLINK": lambda desk: desk.unlink("key:1"),
    "RENAME away": lambda desk: desk.rename("key:1", "other"),
    "RENAME here": lambda desk: desk.rename("key:2", "key:1"),
    "EXPIRE": lambda desk: desk.pexpire("key:1", 1),
    "APPEND": lambda desk: desk.append("key:1", "!"),
    "COPY": lambda desk: desk.copy("key:2", "key:1", replace=True),
    "RESTORE": lambda desk: desk.restore("key:1", 0, desk.dump("key:2"), replace=True),
    "MOVE": lambda desk: desk.move("key:1", 1),
    "EVAL": lambda desk: desk.eval("redis.call('SET', KEYS[1], 'scripted')", 1, "key:1"),
    "MULTI": lambda desk: desk.pipeline().set("key:1", "a").set("key:1", "b").execute(),
    "FLUSHDB": lambda desk: desk.flushdb(),
    "FLUSHALL": lambda desk: desk.flushall(),
    "FLUSHALL ASYNC": lambda desk: desk.flushall(asynchronous=True),
}


@both_loops
@pytest.mark.parametrize("change", CHANGES)
def test_each_kind_of_change_is_answered_at_once(
    own_server: EmbeddedServer, desk: "redis.Redis", run: Run, change: str
) -> None:
    async def main() -> None:
        async with copying(own_server.url) as one:
            assert await one.get() == await one.get() == [b"value 1"]
            CHANGES[change](desk)
            if change == "EXPIRE":
                # Two milliseconds of uvloop's own can be little more than one.
                time.sleep(0.002)
            now = desk.get("key:1")
            assert now != b"value 1"
            assert await one.get() == [now]

    run(main())


def test_a_field_that_changes_ends_the_copies_of_the_whole_hash_and_of_no_other_key(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    async def main() -> None:
        async with copying(own_server.url) as one:
            commands: tuple[Command, ...] = (GET, ("HGETALL", "hash"), ("HMGET", "hash", "field:1"))
            for command in commands:
                await one.get(command)
            gets = sent(desk)
            desk.hset("hash", "field:1", "changed")
            assert await one.get(("HMGET", "hash", "field:1")) == [[b"changed"]]
            (flat,) = await one.get(("HGETALL", "hash"))
            assert isinstance(flat, list)
            assert b"changed" in flat
            assert await one.get() == [b"value 1"]
            assert sent(desk) == gets

    asyncio.run(main())


@pytest.mark.parametrize("milliseconds", [1, 30, 300])
def test_a_copy_ends_with_the_time_to_live_of_its_key(
    own_server: EmbeddedServer, desk: "redis.Redis", milliseconds: int
) -> None:
    """Redis tells of an expired key when it deletes it, which may be much later."""
    desk.config_set("hz", 1)

    async def main() -> None:
        async with copying(own_server.url) as one:
            for _ in range(5):
                desk.set("key:1", "short", px=milliseconds)
                until_then = asyncio.get_running_loop().time() + milliseconds / 1000
                await one.get()
                await asyncio.sleep(max(0, until_then - asyncio.get_running_loop().time()) + 0.001)
                assert await one.get() == [None]

    asyncio.run(main())


def test_a_key_is_read_again_after_a_second_whatever_was_told_of_it(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    """SWAPDB changes every key, and Redis tells of none."""

    async def main() -> None:
        async with copying(own_server.url) as one:
            await one.get()
            desk.swapdb(0, 1)
            began = asyncio.get_running_loop().time()
            async with asyncio.timeout(1.5):
                while await one.get() != [None]:
                    await asyncio.sleep(0.01)
            assert asyncio.get_running_loop().time() - began < 1.1

    asyncio.run(main())


def test_a_reply_that_a_change_overtook_is_not_kept(own_server: EmbeddedServer, desk: "redis.Redis") -> None:
    async def main() -> None:
        async with (
            Proxy(port_of(own_server)) as proxy,
            copying(f"redis://127.0.0.1:{proxy.port}", own_server.url) as one,
        ):
            desk.set("key:1", "before")
            proxy.hold()
            reading = asyncio.create_task(one.get())
            await until(lambda: proxy.holding > 0)
            desk.set("key:1", "after")
            # That the notice was taken in before the reply: a copy that it ended says so.
            await asyncio.sleep(0.05)
            proxy.release()
            assert await reading == [b"before"]
            assert await one.get() == await one.get() == [b"after"]

    asyncio.run(main())


def test_an_error_is_not_kept(own_server: EmbeddedServer, desk: "redis.Redis") -> None:
    async def main() -> None:
        async with copying(own_server.url) as one:
            for count in range(1, 4):
                (reply,) = await one.get(("GET", "hash"))
                assert str(reply).startswith("WRONGTYPE")
                assert sent(desk) >= count

    asyncio.run(main())


def test_nobody_can_change_what_others_are_given(own_server: EmbeddedServer) -> None:
    async def main() -> None:
        async with copying(own_server.url) as one:
            for _ in range(3):
                (reply,) = await one.get(("LRANGE", "list", 0, -1))
                assert reply == [b"a", b"b", b"c"]
                assert isinstance(reply, list)
                reply.clear()

    asyncio.run(main())


def test_keys_are_looked_for_each_time_and_writes_are_refused(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    async def main() -> None:
        async with copying(own_server.url) as one:
            for count in range(1, 4):
                await one.get(("SCAN", 0, "MATCH", "key:*"), GET)
                assert sent(desk, "scan") == count
            with pytest.raises(CommandRefused):
                await one.get(("SET", "key:1", "x"))
            assert desk.get("key:1") == b"value 1"
            assert await one.client.ping(asyncio.get_running_loop().time() + 1) > 0

    asyncio.run(main())


@both_loops
def test_a_killed_tracking_connection_is_replaced_and_nothing_is_missed(
    own_server: EmbeddedServer, desk: "redis.Redis", run: Run
) -> None:
    async def main() -> None:
        async with copying(own_server.url) as one:
            assert await one.get() == [b"value 1"]
            for number in range(3):
                # Redis ends the connection and changes the key in one step.
                with desk.pipeline() as both:
                    both.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
                    both.set("key:1", f"new {number}")
                    both.execute()
                assert await one.get() == [f"new {number}".encode()]
                await one.lost()
                await one.live()
                assert await one.get() == [f"new {number}".encode()]
            assert one.reports == ["no connection", None] * 3

    run(main())


def test_what_was_read_while_nobody_told_of_changes_is_no_copy_later(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    async def main() -> None:
        async with copying(own_server.url) as one:
            # From then on a connection that is lost is followed by another one at once.
            await asyncio.sleep(RETRY)
            assert await one.get() == [b"value 1"]
            desk.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            assert (await one.get(), one.client.is_live) == ([b"value 1"], False)
            desk.set("key:1", "new")
            async with asyncio.timeout(COMES_WITHIN):
                while not one.client.is_live:
                    await one.get(("GET", "key:2"))
            assert await one.get() == [b"new"]

    asyncio.run(main())


def test_a_tracking_connection_that_died_without_a_sign_is_found_out_within_a_second(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    async def main() -> None:
        async with tracked_through_a_proxy(own_server) as (one, proxy):
            await one.get()
            proxy.half_open()
            desk.set("key:1", "new")
            began = asyncio.get_running_loop().time()
            async with asyncio.timeout(3):
                while await one.get() != [b"new"]:
                    await asyncio.sleep(0.01)
            assert asyncio.get_running_loop().time() - began < 1.1
            await one.lost()
            assert one.reports == ["no answer"]
            await one.live()
            assert one.reports == ["no answer", None]

    asyncio.run(main())


def test_a_tracking_connection_that_has_lived_for_long_is_given_up_after_a_second_of_silence(
    own_server: EmbeddedServer,
) -> None:
    async def main() -> None:
        async with tracked_through_a_proxy(own_server) as (one, proxy):
            await asyncio.sleep(SILENCE + PING_EVERY)
            assert (one.client.is_live, one.reports) == (True, [])
            assert proxy.received.count(b"PING") > 1
            proxy.half_open()
            await one.lost()
            assert one.reports == ["no answer"]

    asyncio.run(main())


@both_loops
def test_what_redis_does_not_say_to_tracking_ends_it_and_is_told(
    own_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        for nonsense in (b"+nonsense\r\n", b"*2\r\n$4\r\npong\r\n$0\r\n\r\n", b":1\r\n"):
            async with tracked_through_a_proxy(own_server) as (one, proxy):
                proxy.inject(nonsense)
                await one.lost()
                assert one.reports == ["unexpected reply"]

    run(main())


@both_loops
def test_no_change_of_whatever_keys_ends_tracking(
    own_server: EmbeddedServer, desk: "redis.Redis", run: Run
) -> None:
    async def main() -> None:
        async with copying(own_server.url) as one:
            changes: tuple[Callable[[], object], ...] = (
                lambda: desk.set(b"key:\xff\xfe", "not UTF-8"),
                lambda: desk.set("key:1", "other"),
                desk.flushdb,
                desk.flushall,
            )
            for change in changes:
                await one.get()
                change()
                # Redis tells of a flush behind its reply, but before the reply to what comes next.
                now = desk.get("key:1")
                assert await one.get() == [now]
                assert (one.client.is_live, one.reports) == (True, [])

    run(main())


def test_no_copy_is_used_while_a_ping_is_unanswered(own_server: EmbeddedServer, desk: "redis.Redis") -> None:
    async def main() -> None:
        async with tracked_through_a_proxy(own_server) as (one, proxy):
            await one.get()
            proxy.hold()
            await until(lambda: proxy.holding > 0)
            for number in range(10):
                desk.set("key:1", number)
                assert await one.get() == [str(number).encode()]
            proxy.release()
            await until(lambda: proxy.holding == 0)
            assert await one.get() == await one.get() == [b"9"]
            assert one.reports == []

    asyncio.run(main())


@pytest.mark.parametrize(
    "answers",
    [
        [b"+OK\r\n"],
        [b":1\r\n", b"+OK\r\n"],
        [b":1\r\n", b":-2\r\n", b":-2\r\n", b":-2\r\n", b":0\r\n"],
        [b":1\r\n", b":-2\r\n", b":-2\r\n", b":-2\r\n", b"+OK\r\n", b"+OK\r\n"],
        [b"what?"],
        [b"-ERR unknown command 'CLIENT'\r\n"],
    ],
)
def test_a_server_that_does_not_track_is_read_each_time_and_said_once(
    own_server: EmbeddedServer, desk: "redis.Redis", answers: list[bytes]
) -> None:
    async def main() -> None:
        async with (
            Proxy(port_of(own_server)) as proxy,
            copying(own_server.url, f"redis://127.0.0.1:{proxy.port}", live=False) as one,
        ):
            # It says +OK to SELECT's absence: database 0 needs no handshake at all.
            proxy.answer(*answers)
            await one.get()
            await until(lambda: bool(one.reports))
            assert one.reports[0] is not None
            for number in range(10):
                desk.set("key:1", number)
                assert await one.get() == [str(number).encode()]
            assert len(one.reports) == 1

    asyncio.run(main())


RULES = {
    "CLIENT": "-client",
    "CLIENT TRACKING": "-client|tracking",
    "SUBSCRIBE": "-subscribe",
    "PTTL": "-pttl",
    "the channel": "resetchannels",
    "a prefix": "resetkeys ~key:*",
}


@pytest.mark.parametrize("missing", RULES)
def test_a_user_who_may_not_track_reads_from_redis_each_time(
    own_server: EmbeddedServer, desk: "redis.Redis", missing: str
) -> None:
    rules = f"ACL SETUSER reader reset on >pw ~* &{CHANNEL.decode()} +@all {RULES[missing]}"
    desk.execute_command(*rules.split())

    async def main() -> None:
        async with copying(own_server.url_as("reader", "pw"), live=False) as one:
            await one.get()
            await until(lambda: bool(one.reports))
            assert one.reports == ["denied"]
            for number in range(10):
                desk.set("key:1", number)
                assert await one.get() == [str(number).encode()]
            # Once it is allowed, copies are used without a restart.
            desk.execute_command(*f"ACL SETUSER reader ~* &{CHANNEL.decode()} +@all".split())
            await one.live()
            assert one.reports == ["denied", None]

    asyncio.run(main())


def test_a_user_needs_no_more_than_the_closed_list_of_tracking(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    allowed = " ".join(f"+{name.lower().replace(' ', '|')}" for name in sorted(TRACKING_COMMANDS))
    desk.execute_command(
        *f"ACL SETUSER reader on >pw ~* resetchannels &{CHANNEL.decode()} {allowed} +get".split()
    )

    async def main() -> None:
        async with copying(own_server.url_as("reader", "pw")) as one:
            await one.get()
            gets = sent(desk)
            assert await one.get() == [b"value 1"]
            assert sent(desk) == gets
            assert one.reports == []

    asyncio.run(main())


@both_loops
def test_an_outage_is_an_outage_and_a_restart_with_other_data_is_answered(
    own_server: EmbeddedServer, run: Run
) -> None:
    async def main() -> None:
        async with copying(own_server.url) as one:
            for number in range(2):
                await one.get()
                own_server.kill()
                await asyncio.sleep(0)
                with pytest.raises(CacheUnavailable):
                    await one.get()
                own_server.restart()
                with redis.Redis.from_url(own_server.url) as desk:
                    desk.set("key:1", f"life {number}")
                await back(one.plain)
                assert await one.get() == [f"life {number}".encode()]
                await one.live()
                assert await one.get() == [f"life {number}".encode()]

    run(main())


def test_a_redis_that_hangs_is_answered_for_no_longer_than_a_second(own_server: EmbeddedServer) -> None:
    async def main() -> None:
        async with copying(own_server.url) as one:
            await one.get()
            began = asyncio.get_running_loop().time()
            own_server.pause()
            with pytest.raises(CacheTimeout):
                while asyncio.get_running_loop().time() < began + 5:
                    deadline = asyncio.get_running_loop().time() + 0.1
                    await one.client.execute((GET,), deadline)
                    await asyncio.sleep(0.005)
            assert asyncio.get_running_loop().time() - began < 1.3
            own_server.resume()
            assert await one.get() == [b"value 1"]

    asyncio.run(main())


def test_it_starts_anew_in_another_event_loop_and_after_it_was_closed(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    one = Copying(own_server.url)

    async def main(value: str) -> None:
        for _ in range(2):
            await one.live()
            await one.get()
            desk.set("key:1", value)
            assert await one.get() == await one.get() == [value.encode()]
            await one.client.close()
            assert not one.client.is_live
            await until(lambda: all("P" not in other["flags"] for other in desk.client_list()))
        await one.live()
        await one.plain.close()

    for value in ("one", "two", "three"):
        asyncio.run(main(value))
    assert one.reports == []


def test_nothing_is_opened_before_it_is_used(own_server: EmbeddedServer, desk: "redis.Redis") -> None:
    opened: list[Connection] = []

    def make() -> Connection:
        opened.append(RedisTarget.from_url(own_server.url).connection())
        return opened[-1]

    async def main() -> None:
        client = CoherentClient(CacheClient(make), make, PREFIXES)
        await asyncio.sleep(0.01)
        await client.close()

    asyncio.run(main())
    assert opened == []


def test_a_connection_that_cannot_be_made_is_a_reason_to_read_each_time(own_server: EmbeddedServer) -> None:
    def fail() -> Connection:
        raise RuntimeError("no certificate")

    async def main() -> None:
        reports: list[str | None] = []
        plain = CacheClient(RedisTarget.from_url(own_server.url).connection)
        client = CoherentClient(plain, fail, PREFIXES, reports.append)
        for _ in range(3):
            assert await ask(client, GET) == [b"value 1"]
        assert reports == ["no connection"]
        await client.close()
        await plain.close()

    asyncio.run(main())


def test_the_client_of_one_server_is_given_copies_by_its_address(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    async def get(client: ReadClient) -> list[Reply]:
        return await client.execute((GET,), asyncio.get_running_loop().time() + 2)

    async def main() -> None:
        target = RedisTarget.from_url(own_server.url)
        plain = open_client(target)
        reports: list[str | None] = []
        client = coherent_client(plain, target, PREFIXES, reports.append)
        assert isinstance(client, CoherentClient)
        async with asyncio.timeout(COMES_WITHIN):
            while not client.is_live:
                assert await get(plain) == await get(client) == [b"value 1"]
        desk.set("key:1", "new")
        assert (await get(client), reports) == ([b"new"], [])
        await client.close()
        untold = coherent_client(plain, RedisTarget(path="/nowhere.sock"), PREFIXES, reports.append)
        async with asyncio.timeout(COMES_WITHIN):
            while not reports:
                assert await get(untold) == [b"new"]
        assert reports == ["no connection"]
        await untold.close()
        await plain.close()

    asyncio.run(main())


def test_tracking_sends_its_closed_list_and_nothing_else(own_server: EmbeddedServer) -> None:
    async def main() -> None:
        async with tracked_through_a_proxy(own_server) as (one, proxy):
            await one.get()
            await asyncio.sleep(0.3)
            words = bytes(proxy.received).split(b"\r\n")
            heads = [words[place + 2] for place, word in enumerate(words) if word.startswith(b"*")]
            assert set(heads) == {b"CLIENT", b"PTTL", b"SUBSCRIBE", b"PING"}
            clients = [place for place, word in enumerate(words) if word == b"CLIENT"]
            assert [words[place + 2] for place in clients] == [b"ID", b"TRACKING"]

    asyncio.run(main())


def test_the_prefixes_are_what_keys_begin_with_and_none_is_within_another() -> None:
    keys = [
        "tickers:{exchange}",
        "trades:{exchange}:{symbol}",
        "accounts",
        "account_positions",
        "trades:x:{y}",
    ]
    assert prefixes_of(keys) == ("account_positions", "accounts", "tickers:", "trades:")
    assert prefixes_of(["a", "ab{x}", "b", "{all}"]) == ("",)
    assert prefixes_of([]) == ()


@both_loops
def test_a_value_is_never_older_than_a_write_that_was_acknowledged_before_it_was_asked_for(
    own_server: EmbeddedServer, run: Run
) -> None:
    """Readers and a writer in one event loop: nothing but its turns stands between a write and a read."""

    async def main() -> None:
        acknowledged = dict.fromkeys(range(20), -1)
        chance = random.Random(7)
        async with copying(own_server.url) as one, AsyncRedis.from_url(own_server.url) as desk:

            async def write() -> None:
                for number in range(1_000):
                    key = chance.randrange(20)
                    await desk.set(f"key:w{key}", number)
                    acknowledged[key] = number

            async def read() -> None:
                while not writing.done():
                    key = chance.randrange(20)
                    least = acknowledged[key]
                    (reply,) = await one.get(("GET", f"key:w{key}"))
                    assert int(reply or -1) >= least  # type: ignore[arg-type]

            writing = asyncio.create_task(write())
            await asyncio.gather(writing, *(read() for _ in range(8)))

    run(main())
