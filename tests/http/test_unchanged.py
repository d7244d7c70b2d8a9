"""Answers that are given again as they are: only while Redis would answer the same."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
import redis
from caches import until

from fullon_cache_api.cache import CacheClient, CoherentClient, RedisTarget
from fullon_cache_api.cache.client import ReadClient
from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.http.forms import Form
from fullon_cache_api.http.kept import Finished
from fullon_cache_api.http.problems import NotCached
from fullon_cache_api.http.response import Response
from fullon_cache_api.http.unchanged import Unchanged
from fullon_cache_api.reads.pages import Stream

JSON: Form = object()  # type: ignore[assignment]
TABLE: Form = object()  # type: ignore[assignment]
ONE: tuple[Command, ...] = (("GET", "key:1"),)
PLAIN, AGED = ((), False), (((b"age", b"1"),), True)


@dataclass
class Making:
    """Makes answers of what some commands read, and counts how often."""

    commands: tuple[Command, ...] = ONE
    reads: int = 1
    skipped: tuple[CorruptValue, ...] = ()
    is_derived: bool = True
    made: list[bytes] = field(default_factory=list)

    async def __call__(self, form: Form, deadline: float, client: ReadClient) -> Finished | Stream:
        replies: list[object] = []
        for _ in range(self.reads):
            replies += await client.execute(self.commands, deadline)
        body = repr(replies).encode()
        self.made.append(body)
        return Finished(Response(200, (), body), self.skipped, is_derived=self.is_derived)


@asynccontextmanager
async def coherent(url: str) -> AsyncIterator[CoherentClient]:
    """A client that Redis tells of changes."""
    target = RedisTarget.from_url(url)
    plain = CacheClient(target.connection, 1)
    client = CoherentClient(plain, target.connection, ("key:",))
    try:
        await client.execute(ONE, asyncio.get_running_loop().time() + 2)
        await until(lambda: client.is_live)
        yield client
    finally:
        await client.close()
        await plain.close()


async def asked(unchanged: Unchanged, times: int, form: Form = JSON) -> list[bytes]:
    found = [await unchanged(form, asyncio.get_running_loop().time() + 2) for _ in range(times)]
    return [one.response.body for one in found if isinstance(one, Finished)]


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(port=0) as server:
        yield server


@pytest.fixture
def desk(own_server: EmbeddedServer) -> "redis.Redis":
    desk = redis.Redis.from_url(own_server.url)
    desk.mset({"key:1": "a", "key:2": "b"})
    return desk


@pytest.mark.anyio
async def test_an_answer_is_made_once_for_each_form_and_each_change(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    async with coherent(own_server.url) as client:
        making = Making()
        unchanged = Unchanged(client, making)
        assert await asked(unchanged, 4) == [b"[b'a']"] * 4
        # The first time it is not known that it will be asked for again.
        assert making.made == [b"[b'a']"] * 2
        assert await asked(unchanged, 3, TABLE) == [b"[b'a']"] * 3
        assert making.made == [b"[b'a']"] * 3
        desk.set("key:1", "c")
        assert await asked(unchanged, 3) == [b"[b'c']"] * 3
        desk.delete("key:1")
        assert await asked(unchanged, 3) == [b"[None]"] * 3
        assert making.made[3:] == [b"[b'c']", b"[None]"]


@pytest.mark.anyio
async def test_whatever_is_made_of_a_copy_says_that_it_may_be_a_second_old(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    async with coherent(own_server.url) as client:
        for making in (Making(), Making(is_derived=False), Making(reads=2)):
            unchanged = Unchanged(client, making)
            for value in (b"1", b"2"):
                desk.set("key:1", value)
                found = [await unchanged(JSON, asyncio.get_running_loop().time() + 2) for _ in range(9)]
                said = [(one.response.headers, one.is_copy) for one in found if isinstance(one, Finished)]
                # A second read of the same request can find the copy of the first.
                assert said[0] == PLAIN or making.reads == 2
                # The notice of the change may spoil what is read beside it.
                assert set(said) <= {PLAIN, AGED}
                assert said[-1] == AGED


@pytest.mark.anyio
async def test_what_is_no_answer_is_found_so_in_redis_and_never_in_a_copy(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    """A copy that is still believed after SWAPDB, of which Redis does not tell, must not say "not found"."""
    desk.set("key:1", "there")
    desk.move("key:1", 1)
    through: list[bool] = []

    async def obtain(form: Form, deadline: float, client: ReadClient) -> Finished | Stream:
        through.append(isinstance(client, CacheClient))
        (value,) = await client.execute(ONE, deadline)
        if value is None:
            raise NotCached
        return Finished(Response(200, (), bytes(value)), is_derived=True)  # type: ignore[arg-type]

    async with coherent(own_server.url) as client:
        unchanged = Unchanged(client, obtain)
        for _ in range(5):
            with pytest.raises(NotCached):
                await asked(unchanged, 1)
        assert through[-2:] == [False, True]
        desk.swapdb(0, 1)
        assert await asked(unchanged, 1) == [b"there"]


@pytest.mark.anyio
async def test_what_can_say_no_age_is_not_made_of_a_copy(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    read: list[Reply] = []

    async def large(form: Form, deadline: float, client: ReadClient) -> Finished | Stream:
        read.extend(await client.execute(ONE, deadline))
        return Stream("all", "key:1", {}, [])

    async with coherent(own_server.url) as client:
        unchanged = Unchanged(client, large)
        for _ in range(3):
            assert isinstance(await unchanged(JSON, asyncio.get_running_loop().time() + 2), Stream)
        before = desk.info("commandstats")["cmdstat_get"]["calls"]
        await unchanged(JSON, asyncio.get_running_loop().time() + 2)
        assert desk.info("commandstats")["cmdstat_get"]["calls"] == before + 1
        assert set(read) == {b"a"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "making",
    [
        pytest.param(Making(is_derived=False), id="what depends on the time, too"),
        pytest.param(Making(skipped=(CorruptValue("key:1", "no number"),)), id="what leaves something out"),
        pytest.param(Making(commands=(*ONE, ("GET", "key:2"))), id="what is of two keys"),
        pytest.param(Making(reads=2), id="what is of two reads"),
        pytest.param(Making(commands=(("PING",),)), id="what is of a command without copies"),
    ],
)
async def test_an_answer_is_made_each_time(
    own_server: EmbeddedServer, desk: "redis.Redis", making: Making
) -> None:
    making = replace(making, made=[])
    async with coherent(own_server.url) as client:
        assert len(await asked(Unchanged(client, making), 3)) == 3
        assert len(making.made) == 3


@pytest.mark.anyio
async def test_an_answer_whose_key_changed_while_it_was_read_is_made_again(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    class Slow(Making):
        async def __call__(self, form: Form, deadline: float, client: ReadClient) -> Finished | Stream:
            made = await super().__call__(form, deadline, client)
            if len(self.made) == 1:
                desk.set("key:1", "later")
                await asyncio.sleep(0.05)
            return made

    async with coherent(own_server.url) as client:
        assert await asked(Unchanged(client, Slow()), 3) == [b"[b'a']", b"[b'later']", b"[b'later']"]


@pytest.mark.anyio
@pytest.mark.parametrize("milliseconds", [60, 300])
async def test_nothing_is_given_again_once_the_time_to_live_of_its_key_has_passed(
    own_server: EmbeddedServer, desk: "redis.Redis", milliseconds: int
) -> None:
    """Redis tells of that when it deletes the key, which is later here."""
    desk.config_set("hz", 1)
    loop = asyncio.get_running_loop()
    async with coherent(own_server.url) as client:
        unchanged = Unchanged(client, Making())
        for _ in range(3):
            desk.set("key:1", "short", px=milliseconds)
            ends = loop.time() + milliseconds / 1000
            began = loop.time()
            while (found := await asked(unchanged, 1)) == [b"[b'short']"]:
                assert began < ends + 0.02
                await asyncio.sleep(0.001)
                began = loop.time()
            assert found == [b"[None]"]


@pytest.mark.anyio
async def test_nothing_is_given_again_for_longer_than_a_second(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    """Redis does not tell of SWAPDB."""
    loop = asyncio.get_running_loop()
    async with coherent(own_server.url) as client:
        making = Making()
        unchanged = Unchanged(client, making)
        await asked(unchanged, 3)
        desk.swapdb(0, 1)
        swapped = began = loop.time()
        while await asked(unchanged, 1) == [b"[b'a']"]:
            assert began < swapped + 1.1
            await asyncio.sleep(0.005)
            began = loop.time()
        assert await asked(unchanged, 2) == [b"[None]"] * 2


@pytest.mark.anyio
async def test_nothing_is_given_again_once_redis_tells_of_no_change(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    async with coherent(own_server.url) as client:
        making = Making()
        unchanged = Unchanged(client, making)
        await asked(unchanged, 3)
        desk.client_kill_filter(skipme=True)
        await until(lambda: not client.is_live)
        assert len(await asked(unchanged, 2)) == 2
        assert len(making.made) == 4


def test_nothing_is_given_again_in_another_event_loop(
    own_server: EmbeddedServer, desk: "redis.Redis"
) -> None:
    target = RedisTarget.from_url(own_server.url)
    plain = CacheClient(target.connection, 1)
    client = CoherentClient(plain, target.connection, ("key:",))
    making = Making()
    unchanged = Unchanged(client, making)

    async def main() -> None:
        await asked(unchanged, 1)
        await until(lambda: client.is_live)
        await asked(unchanged, 3)
        await client.close()
        await plain.close()

    asyncio.run(main())
    assert len(making.made) == 2
    desk.set("key:1", "c")
    asyncio.run(main())
    assert making.made[2:] == [b"[b'c']"] * 2
