"""A master that Sentinels watch over: the right server is read, or none; on real processes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis
from caches import ask, page_of, port_of, until
from topologies import Watched, wait_until, watched, writer_of

from fullon_cache_api.cache import (
    CacheError,
    CacheTimeout,
    CacheUnavailable,
    Reader,
    SentinelTarget,
    coherent_client,
    open_client,
    parse_url,
)
from fullon_cache_api.cache.breaker import ReportBreaker
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.cache.sentinel_client import SentinelClient
from fullon_cache_api.cache.watch import EVERY, TRUSTED, ReportServer, Watch

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WHO = ("GET", "who")
NOTICED_WITHIN = 3.0
"""Seconds after a failover that the Sentinels know of, in which the old master may still be read."""


@pytest.fixture(scope="module")
def group() -> Iterator[Watched]:
    with watched() as found:
        yield found


@pytest.fixture
def servers(group: Watched) -> Iterator[Watched]:
    """The servers in sync; tests may stop Sentinels, but not fail over."""
    yield group
    for sentinel in group.sentinels:
        if not sentinel.is_running:
            sentinel.start()
    group.settle()


@pytest.fixture
def own_servers() -> Iterator[Watched]:
    """Servers for one test to do with whatever it wants."""
    with watched(args=["--user", "reader", "on", ">p", "~*", "&*", "+@all"]) as found:
        yield found


@asynccontextmanager
async def client_of(
    url: str,
    report: ReportBreaker = lambda reason: None,
    report_server: ReportServer = lambda role, address: None,
) -> AsyncIterator[SentinelClient]:
    client = open_client(parse_url(url), report_server, report)
    assert isinstance(client, SentinelClient)
    try:
        yield client
    finally:
        await client.close()


async def port_read(client: Any, within: float = 2.0) -> Reply:
    """The port of the server that is read, asked of itself: `mark` has put it there."""
    (reply,) = await ask(client, WHO, within=within)
    return reply


def mark(group: Watched) -> None:
    """Write into each server which one it is, as if each of them were a master."""
    for server in (group.master(), *group.replicas()):
        wait_until(group.is_in_sync)
        writer = writer_of(server)
        writer.config_set("replica-read-only", "no")
        writer.set("who", port_of(server))


def port(server: Any) -> bytes:
    return b"%d" % port_of(server)


async def until_read(client: Any, wanted: bytes, within: float = NOTICED_WITHIN) -> list[Reply]:
    """Read until a server is the one that is read, and return what was read on the way."""
    found: list[Reply] = []
    async with asyncio.timeout(within):
        while found[-1:] != [wanted]:
            try:
                found.append(await port_read(client))
            except CacheError:
                await asyncio.sleep(0.01)
    return found


async def test_the_master_is_read(servers: Watched) -> None:
    mark(servers)
    told: list[tuple[str, str]] = []
    async with client_of(servers.url, report_server=lambda *server: told.append(server)) as client:
        assert await port_read(client) == port(servers.master())
        assert told == [("master", f"127.0.0.1:{port_of(servers.master())}")]
        assert 0 < await client.ping(asyncio.get_running_loop().time() + 1) < 1_000


async def test_one_sentinel_less_changes_nothing(servers: Watched) -> None:
    mark(servers)
    servers.sentinels[0].kill()
    async with client_of(servers.url) as client:
        assert await port_read(client) == port(servers.master())


async def test_without_more_than_half_of_the_sentinels_nothing_is_read_any_more(servers: Watched) -> None:
    mark(servers)
    told: list[str | None] = []
    async with client_of(servers.url, told.append) as client:
        assert await port_read(client) == port(servers.master())
        for sentinel in servers.sentinels[:2]:
            sentinel.kill()
        with pytest.raises(CacheUnavailable, match="no quorum of Sentinels"):
            async with asyncio.timeout(TRUSTED + 2.0):
                while True:
                    await port_read(client)
                    await asyncio.sleep(0.05)
        await until(lambda: client.is_open)
        servers.sentinels[0].start()
        await until_read(client, port(servers.master()))
        assert (told, client.is_open) == (["no quorum of Sentinels", None], False)


async def test_a_name_that_no_sentinel_knows_is_an_outage(servers: Watched) -> None:
    async with client_of(f"redis+sentinel://{servers.hosts}/other") as client:
        with pytest.raises(CacheUnavailable, match="unknown to the Sentinels"):
            await port_read(client)


async def test_sentinels_that_do_not_answer_are_an_outage_within_a_second(servers: Watched) -> None:
    async with client_of("redis+sentinel://127.0.0.1:1,127.0.0.1:2/main") as client:
        async with asyncio.timeout(1.5):
            with pytest.raises(CacheUnavailable, match="no quorum of Sentinels"):
                await port_read(client)


async def test_after_a_failover_the_old_master_is_not_read_though_it_would_answer(
    own_servers: Watched,
) -> None:
    """What a partition is like: the Sentinels reach the old master no more, and this client does."""
    old, new = own_servers.master(), own_servers.replicas()[0]
    url = own_servers.url.replace("://", "://reader:p@")
    async with client_of(url) as client, client_of(url) as other:
        writer_of(old).set("who", port_of(old))
        own = redis.Redis.from_url(old.url_as("reader", "p"))
        own.execute_command("ACL", "SETUSER", "default", "off")
        own.execute_command("CLIENT", "KILL", "USER", "default")
        assert await port_read(client) == port(old)
        await asyncio.to_thread(wait_for_master, own_servers, port_of(new))
        writer_of(new).set("who", port_of(new))
        found = await until_read(client, port(new))
        assert await port_read(other) == port(new)
        assert set(found) <= {port(old), port(new)}
        # From the first one on it is the new master that is read, on every connection.
        many = await asyncio.gather(*(port_read(client) for _ in range(50)))
        assert many == [port(new)] * 50
        assert own.role()[0] == b"master"
        own.execute_command("ACL", "SETUSER", "default", "on")


def wait_for_master(servers: Watched, wanted: int) -> None:
    wait_until(lambda: servers.named() == wanted)


async def test_a_read_that_goes_on_page_by_page_begins_anew_at_the_new_master(own_servers: Watched) -> None:
    writer = writer_of(own_servers.master())
    fields = {f"field:{number}": "x" * 100 for number in range(3_000)}
    writer.hset("hash", mapping=fields)
    for number in range(3_000):
        writer.set(f"key:{number}", number)
    await asyncio.to_thread(own_servers.settle)
    async with client_of(own_servers.url) as client:
        reader = Reader(client, asyncio.get_running_loop().time() + 30)
        cursor, found = await reader.hscan("hash", b"0", 100)
        scan = reader.scan("key:*")
        keys = await anext(scan)
        await asyncio.to_thread(own_servers.fail_over)
        await until_port(client, own_servers)
        while cursor != b"0":
            cursor, page = await page_of(reader, "hash", cursor, 100)
            found |= page
        keys += [key async for page in scan for key in page]
    assert sorted(found) == sorted(field.encode() for field in fields)
    assert sorted(keys) == sorted(f"key:{number}" for number in range(3_000))


async def until_port(client: SentinelClient, servers: Watched) -> None:
    """Wait until the client has seen the failover."""
    writer_of(servers.chosen()).set("who", port_of(servers.chosen()))
    await until_read(client, port(servers.chosen()))


async def test_copies_end_with_the_master_that_they_are_of(own_servers: Watched) -> None:
    target = parse_url(own_servers.url)
    mark(own_servers)
    old, new = own_servers.master(), own_servers.replicas()[0]
    async with client_of(own_servers.url) as client:
        copies = coherent_client(client, target, ("who",), lambda reason: None)
        assert await until_live(copies, port(old))
        await asyncio.to_thread(own_servers.fail_over)
        writer_of(new).set("who", port_of(new))
        await until_read(client, port(new))
        # The plain client has seen the new master: no copy of the old one is given from here on.
        for _ in range(100):
            assert await port_read(copies) == port(new)
        assert await until_live(copies, port(new))
        writer_of(new).set("who", "changed")
        assert await port_read(copies) == b"changed"
        await copies.close()


async def until_live(copies: Any, wanted: bytes) -> bool:
    async with asyncio.timeout(5):
        while not copies.is_live:
            assert await port_read(copies) == wanted
            await asyncio.sleep(0.01)
    return True


async def test_what_was_read_from_the_master_once_is_answered_without_a_command(servers: Watched) -> None:
    mark(servers)
    target = parse_url(servers.url)
    with writer_of(servers.master()) as writer:
        async with client_of(servers.url) as client:
            copies = coherent_client(client, target, ("who",), lambda reason: None)
            assert await until_live(copies, port(servers.master()))
            writer.config_resetstat()
            assert [await port_read(copies) for _ in range(200)] == [port(servers.master())] * 200
            assert writer.info("commandstats").get("cmdstat_get", {"calls": 0})["calls"] < 100
            await copies.close()


async def test_a_replica_is_read_where_that_is_asked_for(servers: Watched) -> None:
    mark(servers)
    told: list[tuple[str, str]] = []
    url = f"{servers.url}?replicas=true"
    async with client_of(url, report_server=lambda *server: told.append(server)) as client:
        assert await port_read(client) == port(servers.replicas()[0])
        assert told == [("replica", f"127.0.0.1:{port_of(servers.replicas()[0])}")]


@pytest.mark.parametrize("query", ["", "?replicas=true"])
async def test_one_connection_is_read_as_long_as_its_server_is_the_one_to_read(
    servers: Watched, query: str
) -> None:
    mark(servers)
    read = servers.replicas()[0] if query else servers.master()
    with writer_of(read) as writer:

        def connections() -> set[str]:
            return {each["id"] for each in writer.client_list() if each["cmd"] == "get"}

        async with client_of(servers.url + query) as client:
            assert await port_read(client) == port(read)
            first = connections()
            # The Sentinels are asked again meanwhile, and say the same.
            await asyncio.sleep(2 * EVERY)
            for _ in range(5):
                assert await port_read(client) == port(read)
            assert (len(first), connections()) == (1, first)


async def test_a_replica_that_has_lost_its_master_is_not_read_but_the_master_is(own_servers: Watched) -> None:
    mark(own_servers)
    replica, master = own_servers.replicas()[0], own_servers.master()
    async with client_of(f"{own_servers.url}?replicas=true") as client:
        assert await port_read(client) == port(replica)
        with writer_of(master) as writer:
            # It stays a replica of this master, and is let in no more.
            writer.execute_command("ACL", "SETUSER", "default", "-psync", "-sync", "-replconf")
            writer.execute_command("CLIENT", "KILL", "TYPE", "replica")
        try:
            found = await until_read(client, port(master))
            assert set(found) <= {port(replica), port(master)}
        finally:
            with writer_of(master) as writer:
                writer.execute_command("ACL", "SETUSER", "default", "+@all")


async def test_replicas_have_no_copies(servers: Watched) -> None:
    target = parse_url(f"{servers.url}?replicas=true")
    reasons: list[str | None] = []
    async with client_of(f"{servers.url}?replicas=true") as client:
        assert coherent_client(client, target, ("who",), reasons.append) is client
    assert reasons == ["replicas"]


async def test_a_hung_master_is_replaced_and_nobody_waits_for_it(own_servers: Watched) -> None:
    mark(own_servers)
    old, new = own_servers.master(), own_servers.replicas()[0]
    async with client_of(own_servers.url) as client:
        assert await port_read(client) == port(old)
        old.pause()
        try:
            with pytest.raises((CacheTimeout, CacheUnavailable)):
                await port_read(client, within=0.3)
            await until_read(client, port(new), within=15)
        finally:
            old.resume()


async def test_a_user_needs_no_right_but_role_beside_its_reads(servers: Watched) -> None:
    for server in servers.servers:
        writer_of(server).execute_command(
            *("ACL", "SETUSER", "least", "reset", "on", ">p", "resetchannels", "-@all", "+get", "%R~*")
        )
    url = servers.url.replace("://", "://least:p@")
    writer_of(servers.master()).set("who", "x")
    async with client_of(url) as client:
        with pytest.raises(CacheUnavailable):
            await port_read(client)
        target = parse_url(url)
        assert isinstance(target, SentinelTarget)
        assert target.topology_commands == {"ROLE"}
        writer_of(servers.master()).execute_command("ACL", "SETUSER", "least", "+role")
        assert await port_read(client) == b"x"


async def test_sentinels_that_want_a_password_are_given_it(servers: Watched) -> None:
    mark(servers)
    for sentinel in servers.sentinels:
        with redis.Redis(port=sentinel.port) as admin:
            admin.execute_command("ACL", "SETUSER", "asker", "on", ">q", "+sentinel|get-master-addr-by-name")
            admin.execute_command("ACL", "SETUSER", "asker", "+sentinel|master", "+sentinel|replicas")
    url = f"{servers.url}?sentinel_username=asker&sentinel_password="
    async with client_of(url + "q") as client:
        assert await port_read(client) == port(servers.master())
    async with client_of(url + "wrong") as client:
        with pytest.raises(CacheUnavailable, match="no quorum of Sentinels"):
            await port_read(client)


def test_a_client_can_be_used_in_one_event_loop_after_another(servers: Watched) -> None:
    mark(servers)
    client = open_client(parse_url(servers.url))

    async def use() -> Reply:
        try:
            return await port_read(client)
        finally:
            await client.close()

    assert [asyncio.run(use()) for _ in range(2)] == [port(servers.master())] * 2


async def test_closing_ends_what_asks_the_sentinels(servers: Watched) -> None:
    target = parse_url(servers.url)
    assert isinstance(target, SentinelTarget)
    before = asyncio.all_tasks()
    watch = Watch(target)
    assert (await watch.server()).target.port == port_of(servers.master())
    await watch.close()
    assert asyncio.all_tasks() == before
