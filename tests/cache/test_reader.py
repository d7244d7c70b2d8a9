"""Reads as read functions see them: one method per command, pages of keys, wrong types."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable

import pytest
import redis
from caches import opened, page_of, through_proxy
from hypothesis import given
from hypothesis import strategies as st
from profiles import examples

from fullon_cache_api.cache import CacheTimeout, CacheUnavailable, CorruptValue, Reader
from fullon_cache_api.cache.errors import CursorLost
from fullon_cache_api.cache.reader import SCAN_COUNT, START, LargeHashes, WrongType
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.reads.held import Held
from fullon_cache_api.reads.pages import HashScan, Stream, unfinished, whole_or_pages


@pytest.fixture
async def reader(redis_server: EmbeddedServer, writer: "redis.Redis") -> AsyncIterator[Reader]:
    async with opened(redis_server.url) as client:
        yield Reader(client, asyncio.get_running_loop().time() + 5)


@pytest.mark.anyio
async def test_a_string_is_read_as_bytes(reader: Reader, writer: "redis.Redis") -> None:
    writer.set("name", b"\xff\x00 raw")
    assert await reader.get("name") == b"\xff\x00 raw"
    assert await reader.get("nothing") is None


@pytest.mark.anyio
async def test_hashes_are_read_by_the_field_by_several_and_whole(
    reader: Reader, writer: "redis.Redis"
) -> None:
    writer.hset("hash", mapping={"one": "1", "two": "2"})
    assert await reader.hget("hash", "one") == b"1"
    assert await reader.hget("hash", "three") is None
    assert await reader.hmget("hash", ("two", "three", "one")) == [b"2", None, b"1"]
    assert await reader.hgetall("hash") == {b"one": b"1", b"two": b"2"}
    assert await reader.hgetall("nothing") == {}


@pytest.mark.anyio
async def test_a_hash_is_read_page_by_page(reader: Reader, writer: "redis.Redis") -> None:
    every = {b"%d" % number: b"x" for number in range(1_000)}
    writer.hset("hash", mapping=every)
    cursor, found = await reader.hscan("hash", START, 100)
    pages = 1
    while cursor != START:
        cursor, fields = await reader.hscan("hash", cursor, 100)
        found |= fields
        pages += 1
    assert (found, pages > 5) == (every, True)
    assert await reader.hscan("nothing", START, 100) == (START, {})
    writer.rpush("list", "a")
    with pytest.raises(CorruptValue) as caught:
        await reader.hscan("list", START, 100)
    assert caught.value.key == "list"


@pytest.mark.anyio
async def test_a_page_does_not_keep_a_small_read_waiting() -> None:
    with EmbeddedServer(port=0) as server:
        with redis.Redis.from_url(server.url) as own:
            own.hset("hash", mapping={str(number): "x" * 100 for number in range(5_000)})
        async with through_proxy(server) as (client, proxy):
            reader = Reader(client, asyncio.get_running_loop().time() + 5)
            cursor, _ = await reader.hscan("hash", START, 10)
            assert proxy.open == 1
            await reader.hget("hash", "1")
            assert proxy.open == 2
            pages = [asyncio.ensure_future(reader.hscan("hash", cursor, 4_000)) for _ in range(20)]
            assert await reader.hget("hash", "1") == b"x" * 100
            assert not all(page.done() for page in pages)
            assert len(await asyncio.gather(*pages)) == 20


@pytest.mark.anyio
async def test_a_key_of_another_type_is_a_corrupt_value_that_names_the_key(
    reader: Reader, writer: "redis.Redis"
) -> None:
    writer.rpush("list", "secret")
    for read in (
        reader.get("list"),
        reader.hget("list", "a"),
        reader.hmget("list", ["a"]),
        reader.hgetall("list"),
    ):
        with pytest.raises(CorruptValue, match=r"^list: it holds another Redis type$") as caught:
            await read
        assert (caught.value.key, caught.value.field) == ("list", None)


@pytest.mark.anyio
async def test_a_batch_marks_the_keys_of_another_type_and_gives_the_rest(
    reader: Reader, writer: "redis.Redis"
) -> None:
    writer.set("name", "value")
    writer.rpush("list", "a", "b")
    replies = await reader.batch(
        [("GET", "name"), ("GET", "list"), ("LRANGE", "list", 0, -1), ("LLEN", "name")]
    )
    assert replies[0] == b"value"
    assert replies[2] == [b"a", b"b"]
    wrong = [(index, reply.key) for index, reply in enumerate(replies) if isinstance(reply, WrongType)]
    assert wrong == [(1, "list"), (3, "name")]


@pytest.mark.anyio
async def test_an_empty_batch_asks_nothing(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        assert await Reader(client, 0).batch([]) == []
        assert proxy.connections == 0


@pytest.mark.anyio
async def test_a_batch_is_one_round_trip_however_long(tcp_server: EmbeddedServer) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        reader = Reader(client, asyncio.get_running_loop().time() + 5)
        await reader.get("key:1")
        assert await reader.batch(("HLEN", "hash") for _ in range(50)) == [10] * 50
        assert proxy.turns == 2


@pytest.mark.anyio
async def test_a_scan_gives_each_matching_key_once_in_sorted_pages(
    reader: Reader, writer: "redis.Redis"
) -> None:
    names = [f"a:{number}" for number in range(3 * SCAN_COUNT)]
    writer.mset(dict.fromkeys([*names, *(f"b:{number}" for number in range(SCAN_COUNT))], ""))
    pages = [page async for page in reader.scan("a:*")]
    assert len(pages) > 2
    assert all(page == sorted(page) and page for page in pages)
    assert sorted(name for page in pages for name in page) == sorted(names)


@pytest.mark.anyio
async def test_a_scan_that_finds_nothing_gives_no_page(reader: Reader, writer: "redis.Redis") -> None:
    assert [page async for page in reader.scan("nothing:*")] == []


@pytest.mark.anyio
async def test_a_scan_passes_over_keys_that_are_not_utf_8(reader: Reader, writer: "redis.Redis") -> None:
    writer.mset({b"a:\xff": "", b"a:\xc3\xa9": "", b"a:plain": ""})
    assert [page async for page in reader.scan("a:*")] == [["a:plain", "a:é"]]


@pytest.mark.anyio
async def test_a_scan_drops_keys_that_redis_repeats_within_and_between_pages(
    tcp_server: EmbeddedServer,
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.answer(
            b"*2\r\n$2\r\n17\r\n*3\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nb\r\n",
            b"*2\r\n$2\r\n18\r\n*1\r\n$1\r\na\r\n",
            b"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nc\r\n",
        )
        reader = Reader(client, asyncio.get_running_loop().time() + 5)
        assert [page async for page in reader.scan("*")] == [["a", "b"], ["c"]]
        cursors = [part.split(b"\r\n")[2] for part in bytes(proxy.received).split(b"SCAN")[1:]]
        # What follows the first page has a connection of its own, on which all begins anew.
        assert (cursors, proxy.connections) == ([b"0", b"0", b"18"], 2)


@pytest.mark.anyio
async def test_a_hash_that_had_several_pages_is_read_on_one_connection_the_next_time(
    own_server: EmbeddedServer,
) -> None:
    large = LargeHashes()
    async with through_proxy(own_server) as (client, proxy):

        async def cursors() -> list[bytes]:
            """The cursors that Redis was asked for by a reading of all pages, which gave each field."""
            proxy.received.clear()
            reader, scan = Reader(client, math.inf, large), HashScan("many", lambda name, raw: raw)
            found = await whole_or_pages(reader, scan)
            if isinstance(found, Held):
                fields = list(found.elements[::2])
            else:
                stream = Stream("many", "many", {}, found, unfinished([scan]))
                fields = [element.name for element in await stream.gather(reader)]
            assert sorted(fields) == sorted(b"%d" % number for number in range(count))
            return [part.split(b"\r\n")[4] for part in bytes(proxy.received).split(b"HSCAN")[1:]]

        with redis.Redis.from_url(own_server.url) as writer:
            for count in (3_000, 10, 3_000):
                writer.delete("many")
                writer.hset("many", mapping={str(number): "" for number in range(count)})
                first, second = await cursors(), await cursors()
                assert first.count(START) == (2 if count == 3_000 else 1)
                assert second.count(START) == 1
                assert (len(second) > 1) is ("many" in large) is (count == 3_000)


def test_no_more_than_a_thousand_large_hashes_are_remembered() -> None:
    large = LargeHashes()
    for number in range(1_001):
        large.note(str(number), is_large=True)
    assert ("999" in large, "1000" in large) == (True, False)
    large.note("0", is_large=False)
    large.note("1000", is_large=True)
    assert ("0" in large, "1000" in large) == (False, True)


@pytest.mark.anyio
async def test_a_scan_ends_at_the_deadline_of_its_request(redis_server: EmbeddedServer) -> None:
    async with opened(redis_server.url) as client:
        reader = Reader(client, asyncio.get_running_loop().time() - 1)
        with pytest.raises(CacheTimeout):
            [page async for page in reader.scan("*")]


@examples(25)
@given(st.dictionaries(st.text(max_size=6), st.binary(max_size=20), max_size=8))
def test_whatever_a_hash_holds_is_read_back(redis_server: EmbeddedServer, content: dict[str, bytes]) -> None:
    with redis.Redis.from_url(redis_server.url) as writer:
        writer.delete("any")
        if content:
            writer.hset("any", mapping=content)

    async def main() -> None:
        async with opened(redis_server.url) as client:
            reader = Reader(client, asyncio.get_running_loop().time() + 5)
            assert await reader.hgetall("any") == {name.encode(): value for name, value in content.items()}
            assert await reader.hmget("any", [*content, "\0"]) == [*content.values(), content.get("\0")]

    asyncio.run(main())


@pytest.mark.anyio
@pytest.mark.parametrize("reply", [b":7\r\n", b"*1\r\n$1\r\na\r\n"])
async def test_a_reply_of_another_kind_than_the_command_gives_is_an_error(
    tcp_server: EmbeddedServer, reply: bytes
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.answer(reply)
        reader = Reader(client, asyncio.get_running_loop().time() + 5)
        with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: unexpected reply$"):
            await reader.get("key:1")
        proxy.answer(b"$1\r\na\r\n", b"$1\r\na\r\n")
        for read in (reader.hgetall("hash"), reader.hmget("hash", ["field:1"])):
            with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: unexpected reply$"):
                await read


@pytest.mark.anyio
@pytest.mark.parametrize(
    "reply",
    [
        b"$-1\r\n",
        b"+OK\r\n",
        b"*0\r\n",
        b"*2\r\n$1\r\n0\r\n:1\r\n",
        b"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n:1\r\n",
    ],
)
async def test_a_scan_reply_that_is_none_is_an_error(tcp_server: EmbeddedServer, reply: bytes) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        proxy.answer(reply)
        reader = Reader(client, asyncio.get_running_loop().time() + 5)
        with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: unexpected reply$"):
            [page async for page in reader.scan("*")]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (("GET", "k"), b":1\r\n"),
        (("HGET", "k", "f"), b"*1\r\n$1\r\na\r\n"),
        (("HMGET", "k", "f", "g"), b"*1\r\n$1\r\na\r\n"),
        (("HMGET", "k", "f"), b"$1\r\na\r\n"),
        (("HGETALL", "k"), b":1\r\n"),
        (("HGETALL", "k"), b"*2\r\n$1\r\na\r\n-ERR x\r\n"),
        (("LRANGE", "k", 0, -1), b":1\r\n"),
        (("LRANGE", "k", 0, -1), b"*2\r\n$1\r\na\r\n:7\r\n"),
        (("LLEN", "k"), b"$1\r\n1\r\n"),
        (("HLEN", "k"), b"$-1\r\n"),
    ],
)
async def test_a_reply_that_cannot_be_that_to_its_command_is_an_outage_and_not_nothing_cached(
    tcp_server: EmbeddedServer, command: tuple[str, ...], reply: bytes
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        reader = Reader(client, asyncio.get_running_loop().time() + 5)
        proxy.answer(reply)
        with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: unexpected reply$"):
            await reader.batch([command])


@pytest.mark.anyio
@pytest.mark.parametrize(
    "reply", [b":1\r\n", b"*1\r\n$1\r\n0\r\n", b"*2\r\n:0\r\n*0\r\n", b"*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n"]
)
async def test_a_page_of_a_hash_that_is_none_is_an_outage(tcp_server: EmbeddedServer, reply: bytes) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        reader = Reader(client, asyncio.get_running_loop().time() + 5)
        proxy.answer(reply)
        with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: unexpected reply$"):
            await reader.hscan("hash", START, 10)


@pytest.mark.anyio
async def test_an_array_of_another_length_is_not_that_of_several_fields_or_of_a_hash(
    tcp_server: EmbeddedServer,
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        reader = Reader(client, asyncio.get_running_loop().time() + 5)
        for read in (reader.hmget("hash", ["a", "b"]), reader.hgetall("hash")):
            proxy.answer(b"*1\r\n$1\r\na\r\n")
            with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: unexpected reply$"):
                await read


@pytest.mark.anyio
@pytest.mark.parametrize("lost", ["process", "connections"])
async def test_a_hash_that_is_read_page_by_page_is_whole_though_redis_begins_anew(lost: str) -> None:
    fields = {f"field:{number}": str(number) for number in range(8_000)}
    with EmbeddedServer(port=0) as server, redis.Redis.from_url(server.url) as writer:
        writer.hset("hash", mapping=fields)
        async with opened(server.url) as client:
            reader = Reader(client, asyncio.get_running_loop().time() + 20)
            cursor, found = await reader.hscan("hash", START, 1_000)
            for _ in range(2):
                cursor, page = await reader.hscan("hash", cursor, 500)
                found |= page
            assert cursor != START
            lose(server, writer, lost, lambda: writer.hset("hash", mapping=fields))
            with pytest.raises(CursorLost):
                await reader.hscan("hash", cursor, 500)
            while cursor != START:
                cursor, page = await page_of(reader, "hash", cursor, 500)
                found |= page
    assert found == {name.encode(): value.encode() for name, value in fields.items()}


@pytest.mark.anyio
@pytest.mark.parametrize("lost", ["process", "connections"])
async def test_a_scan_of_keys_is_whole_though_redis_begins_anew(lost: str) -> None:
    keys = {f"key:{number}": "" for number in range(6 * SCAN_COUNT)}
    with EmbeddedServer(port=0) as server, redis.Redis.from_url(server.url) as writer:
        writer.mset(keys)
        async with opened(server.url) as client:
            reader = Reader(client, asyncio.get_running_loop().time() + 20)
            found: list[str] = []
            pages = 0
            async for page in reader.scan("key:*"):
                found += page
                pages += 1
                if pages == 3:
                    lose(server, writer, lost, lambda: writer.mset(keys))
    assert pages > 3
    assert sorted(found) == sorted(keys)


def lose(server: EmbeddedServer, writer: redis.Redis, what: str, write: Callable[[], object]) -> None:
    """Start the server again with the same data, or cut all connections."""
    if what == "process":
        server.restart()
        write()
    else:
        writer.client_kill_filter(_type="normal", skipme=True)
