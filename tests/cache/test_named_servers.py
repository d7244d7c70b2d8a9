"""What a server says of itself counts as well as what Sentinels say of it, who are scripted here."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

import pytest
from caches import COMES_WITHIN, port_of
from proxy import Proxy
from resp import array, texts
from topologies import wait_until, writer_of

from fullon_cache_api.cache import (
    CacheUnavailable,
    ReadClient,
    RedisTarget,
    SentinelTarget,
    open_client,
    parse_url,
    watch,
)
from fullon_cache_api.cache.connection import Unusable
from fullon_cache_api.cache.opening import servers
from fullon_cache_api.cache.replica import TRIED_WITHIN
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.cache.target import CONNECT_TIMEOUT
from fullon_cache_api.cache.watch import AVOIDED, Watch
from fullon_cache_api.cache.watched import WatchedConnection
from fullon_cache_api.demo import EmbeddedServer

pytestmark = pytest.mark.anyio

MASTER, REPLICA = b"the master", b"the replica"


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[EmbeddedServer, EmbeddedServer]]:
    """A master and its replica, each with what it is under `who`."""
    with (
        EmbeddedServer(port=0) as master,
        EmbeddedServer(port=0, args=["--replicaof", f"127.0.0.1 {port_of(master)}"]) as replica,
    ):
        writer_of(master).config_set("repl-diskless-sync-delay", 0)
        wait_until(lambda: writer_of(replica).role()[3] == "connected")
        writer_of(master).set("who", MASTER)
        wait_until(lambda: writer_of(replica).get("who") == MASTER.decode())
        writer_of(replica).config_set("replica-read-only", "no")
        writer_of(replica).set("who", REPLICA)
        yield master, replica


def name(sentinel: Proxy, master: int, *replicas: int, epoch: int = 7) -> None:
    """Let a proxy say what a Sentinel says that holds servers at some ports to be well."""
    each = (
        (b"ip", b"127.0.0.1", b"port", b"%d" % port, b"flags", b"slave", b"master-link-status", b"ok")
        for port in replicas
    )
    told = (
        texts(b"127.0.0.1", b"%d" % master),
        texts(b"name", b"main", b"config-epoch", b"%d" % epoch),
        array(*(texts(*words) for words in each)),
    )
    sentinel.respond = lambda _: b"".join(told)


@asynccontextmanager
async def client_of(sentinel: Proxy, told: list[tuple[str, str]], replicas: str) -> AsyncIterator[ReadClient]:
    client = open_client(
        parse_url(f"redis+sentinel://127.0.0.1:{sentinel.port}/main?replicas={replicas}"),
        lambda role, address: told.append((role, address)),
    )
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def opened(
    pair: tuple[EmbeddedServer, EmbeddedServer], rewrite: Callable[[bytes], bytes]
) -> AsyncIterator[tuple[ReadClient, list[tuple[str, str]], Proxy]]:
    """A client that reaches the replica through a proxy, the servers that it is told of, and the proxy."""
    async with Proxy(port_of(pair[0])) as sentinel, through(pair, rewrite, sentinel) as found:
        yield found


@asynccontextmanager
async def through(
    pair: tuple[EmbeddedServer, EmbeddedServer], rewrite: Callable[[bytes], bytes], sentinel: Proxy
) -> AsyncIterator[tuple[ReadClient, list[tuple[str, str]], Proxy]]:
    """The same with a Sentinel of the test's own."""
    master, replica = pair
    told: list[tuple[str, str]] = []
    async with Proxy(port_of(replica)) as proxy:
        proxy.rewrite = rewrite
        name(sentinel, port_of(master), proxy.port)
        async with client_of(sentinel, told, "true") as client:
            yield client, told, proxy


def with_info(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Make the answers to INFO others, and leave all else as it is."""

    def rewrite(piece: bytes) -> bytes:
        if b"# Replication" not in piece:
            return piece
        body = change(piece.partition(b"\r\n")[2].removesuffix(b"\r\n"))
        return b"$%d\r\n%s\r\n" % (len(body), body)

    return rewrite


def heard(seconds: bytes) -> Callable[[bytes], bytes]:
    return with_info(
        lambda info: re.sub(rb"(master_last_io_seconds_ago:)-?\d+", lambda found: found[1] + seconds, info)
    )


async def read(client: ReadClient, within: float = 2.0) -> Reply:
    (reply,) = await client.execute((("GET", "who"),), asyncio.get_running_loop().time() + within)
    return reply


async def first_read(client: ReadClient) -> Reply:
    """What is read by whoever is not there while the replica is found unfit."""
    try:
        return await read(client)
    except CacheUnavailable as error:
        assert error.reason == "the replica lags behind"
    return await read(client)


@pytest.mark.parametrize(
    ("rewrite", "found"),
    [
        (heard(b"0"), REPLICA),
        (heard(b"12"), REPLICA),
        (heard(b"13"), MASTER),
        (heard(b"-1"), MASTER),
        (with_info(lambda info: info.replace(b"role:slave", b"role:master")), MASTER),
        (with_info(lambda info: info.replace(b"link_status:up", b"link_status:down")), MASTER),
        (with_info(lambda info: info.replace(b"seconds_ago", b"days_ago")), MASTER),
        (with_info(lambda info: re.sub(rb"(master_port:)\d+", rb"\g<1>1", info)), MASTER),
        (with_info(lambda info: info.replace(b"_host:127.0.0.1", b"_host:127.0.0.2")), MASTER),
        (with_info(lambda info: info.replace(b"_host:127.0.0.1", b"_host:localhost")), REPLICA),
        (with_info(lambda info: info.replace(b"_host:127.0.0.1", b"_host:no.such.host.invalid")), MASTER),
        (with_info(lambda info: re.sub(rb"master_host:[^\r]*\r\n", b"", info)), MASTER),
        (with_info(lambda info: info.replace(b"_host:127.0.0.1", b"_host:\xff")), MASTER),
        (with_info(lambda info: b"nothing"), MASTER),
        (with_info(lambda info: info + b"\r\nmore:of:the:same\r\n"), REPLICA),
        (lambda piece: b"-NOPERM no\r\n" if b"# Replication" in piece else piece, MASTER),
    ],
    ids=[
        "now",
        "12 s ago",
        "13 s ago",
        "never",
        "a master",
        "down",
        "unsaid",
        "of another port",
        "of another host",
        "of the same host by name",
        "of no host",
        "of a host that is not said",
        "of a host that is no text",
        "nonsense",
        "more",
        "denied",
    ],
)
async def test_a_replica_is_read_as_long_as_it_has_heard_its_master_within_12_seconds(
    pair: tuple[EmbeddedServer, EmbeddedServer], rewrite: Callable[[bytes], bytes], found: bytes
) -> None:
    async with opened(pair, rewrite) as (client, told, proxy):
        assert await read(client) == found
        read_from = ("replica", f"127.0.0.1:{proxy.port}")
        master = ("master", f"127.0.0.1:{port_of(pair[0])}")
        assert told == [read_from if found == REPLICA else master]


async def test_a_replica_that_begins_to_lag_is_left_for_the_master_and_taken_again_when_it_is_well(
    pair: tuple[EmbeddedServer, EmbeddedServer],
) -> None:
    async with opened(pair, heard(b"1")) as (client, told, proxy):
        assert await read(client) == REPLICA
        # Its word is good for a second; the first one was given before it was read at all.
        began = asyncio.get_running_loop().time()
        assert [await read(client) for _ in range(10)] == [REPLICA] * 10
        took = asyncio.get_running_loop().time() - began
        assert 2 <= proxy.received.count(b"INFO") <= 2 + took
        proxy.rewrite = heard(b"60")
        async with asyncio.timeout(COMES_WITHIN):
            while await first_read(client) == REPLICA:
                await asyncio.sleep(0.01)
        proxy.rewrite = heard(b"1")
        async with asyncio.timeout(AVOIDED + COMES_WITHIN):
            while await first_read(client) == MASTER:
                await asyncio.sleep(0.01)
        assert [role for role, _ in told] == ["replica", "master", "replica"]


async def test_a_replica_of_a_master_that_has_been_replaced_is_left_for_the_new_one(
    pair: tuple[EmbeddedServer, EmbeddedServer],
) -> None:
    """Its Sentinel goes on holding it to be well: it is connected, and hears its old master."""
    with EmbeddedServer(port=0) as other:
        writer_of(other).set("who", b"the new master")
        async with (
            Proxy(port_of(other)) as sentinel,
            through(pair, lambda piece: piece, sentinel) as (client, _, proxy),
        ):
            assert await read(client) == REPLICA
            name(sentinel, port_of(other), proxy.port, epoch=8)
            async with asyncio.timeout(COMES_WITHIN):
                while (found := await first_read(client)) == REPLICA:
                    await asyncio.sleep(0.01)
            assert found == b"the new master"
            began = asyncio.get_running_loop().time()
            while asyncio.get_running_loop().time() - began < AVOIDED + 0.5:
                assert await first_read(client) == b"the new master"
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("how", ["refuses", "drops", "hangs"])
async def test_a_replica_that_cannot_be_reached_is_left_for_the_master(
    pair: tuple[EmbeddedServer, EmbeddedServer], how: str
) -> None:
    """Whatever one Sentinel says of it, who may have heard of nothing for a while (TILT)."""
    async with opened(pair, lambda piece: piece) as (client, told, proxy):
        match how:
            case "refuses":
                proxy.refuse()
            case "drops":
                await proxy.drop()
            case "hangs":
                proxy.hold()
        began = asyncio.get_running_loop().time()
        assert await read(client) == MASTER
        assert asyncio.get_running_loop().time() - began < TRIED_WITHIN + 0.5
        assert [role for role, _ in told] == ["master"]
        proxy.release()


async def test_while_a_replica_is_tried_again_the_master_is_read_as_ever(
    pair: tuple[EmbeddedServer, EmbeddedServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "AVOIDED", 0.1)
    monkeypatch.setattr(watch, "MOST_AVOIDED", 0.1)
    async with opened(pair, lambda piece: piece) as (client, told, proxy):
        proxy.hold()
        loop = asyncio.get_running_loop()
        began, slowest = loop.time(), 0.0
        assert await read(client) == MASTER
        while loop.time() - began < 3:
            asked = loop.time()
            assert await read(client) == MASTER
            slowest = max(slowest, loop.time() - asked)
            await asyncio.sleep(0.005)
        assert slowest < TRIED_WITHIN / 2
        assert [role for role, _ in told] == ["master"]
        proxy.release()
        async with asyncio.timeout(COMES_WITHIN):
            while await read(client) == MASTER:
                await asyncio.sleep(0.01)
        assert [role for role, _ in told] == ["master", "replica"]


async def test_a_replica_that_is_found_unfit_once_is_avoided_as_if_once(
    pair: tuple[EmbeddedServer, EmbeddedServer],
) -> None:
    async with Proxy(port_of(pair[1])) as proxy, Proxy(port_of(pair[0])) as sentinel:
        name(sentinel, port_of(pair[0]), proxy.port)
        target = parse_url(f"redis+sentinel://127.0.0.1:{sentinel.port}/main?replicas=true")
        assert isinstance(target, SentinelTarget)
        asked = Watch(target)
        assert (await asked.server()).is_replica
        proxy.rewrite = heard(b"60")
        with pytest.raises(Unusable, match=r"^the replica lags behind$"):
            await WatchedConnection(asked).connect()
        assert [each.seconds for each in asked._avoided.values()] == [3.0]
        await asked.close()


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        (None, 10.0, (13.0, 3.0)),
        ((13.0, 3.0), 13.0, (19.0, 6.0)),
        ((13.0, 3.0), 15.9, (21.9, 6.0)),
        ((13.0, 3.0), 16.0, (19.0, 3.0)),
        ((40.0, 12.0), 41.0, (65.0, 24.0)),
        ((40.0, 24.0), 41.0, (71.0, 30.0)),
        ((40.0, 30.0), 41.0, (71.0, 30.0)),
    ],
)
async def test_a_server_is_avoided_for_twice_as_long_unless_it_was_well_since(
    before: tuple[float, float] | None, now: float, found: tuple[float, float]
) -> None:
    assert watch._avoided(None if before is None else watch._Avoided(*before), now) == found


async def test_a_replica_that_is_never_fit_is_tried_less_and_less_often(
    pair: tuple[EmbeddedServer, EmbeddedServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "AVOIDED", 0.4)
    monkeypatch.setattr(watch, "MOST_AVOIDED", 1.6)
    tried: list[float] = []
    loop = asyncio.get_running_loop()
    async with opened(pair, heard(b"60")) as (client, told, proxy):
        while len(tried) < 5:
            assert await read(client) == MASTER
            tried += [loop.time()] * (proxy.received.count(b"INFO") - len(tried))
            await asyncio.sleep(0.005)
        assert [role for role, _ in told] == ["master"]
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    # A round of questions, once in 0.3 s, is what chooses.
    for pause, least in zip(pauses, [0.4, 0.8, 1.6, 1.6], strict=True):
        assert least <= pause < least + COMES_WITHIN


async def test_a_server_that_is_not_the_master_is_not_read_whatever_the_sentinels_say(
    pair: tuple[EmbeddedServer, EmbeddedServer],
) -> None:
    told: list[tuple[str, str]] = []
    replica = port_of(pair[1])
    async with Proxy(replica) as sentinel, client_of(sentinel, told, "false") as client:
        name(sentinel, replica)
        with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: it is not the master$"):
            await read(client)
        assert told == [("master", f"127.0.0.1:{replica}")]


async def test_a_connection_is_good_for_as_long_as_the_sentinels_confirm_its_server(
    pair: tuple[EmbeddedServer, EmbeddedServer],
) -> None:
    async with Proxy(port_of(pair[0])) as sentinel:
        name(sentinel, port_of(pair[0]))
        target = parse_url(f"redis+sentinel://127.0.0.1:{sentinel.port}/main")
        assert isinstance(target, SentinelTarget)
        asked = Watch(target)
        connection = WatchedConnection(asked)

        async def state() -> tuple[bool, bool, bool]:
            return connection.is_connected, await connection.can_read(), connection.has_unread()

        assert await state() == (False, True, True)
        await connection.connect()
        assert await state() == (True, False, False)
        await connection.send_packed_command([b"PING\r\n"])
        assert await connection.read_response() == b"PONG"
        # Nobody asks the Sentinels from here on.
        await asked.close()
        assert await state() == (True, True, True)
        await connection.disconnect()
        await connection.connect()
        assert await state() == (True, False, False)
        await connection.disconnect()
        assert await state() == (False, True, True)
        with pytest.raises(Unusable, match=r"^no connection$"):
            await connection.read_response()
        await asked.close()


async def test_a_master_that_lets_nobody_connect_is_an_outage_within_a_second(
    pair: tuple[EmbeddedServer, EmbeddedServer],
) -> None:
    async with (
        Proxy(port_of(pair[0])) as master,
        Proxy(port_of(pair[0])) as sentinel,
        client_of(sentinel, [], "false") as client,
    ):
        name(sentinel, master.port)
        await master.drop()
        async with asyncio.timeout(2 * CONNECT_TIMEOUT):
            with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: no connection$"):
                await read(client, within=5)
        await master.accept()
        await back(client)


async def test_sentinels_that_hang_are_an_outage_within_a_second_and_are_heard_when_they_go_on(
    pair: tuple[EmbeddedServer, EmbeddedServer],
) -> None:
    async with Proxy(port_of(pair[0])) as sentinel, client_of(sentinel, [], "false") as client:
        sentinel.respond = lambda _: b""
        async with asyncio.timeout(2 * CONNECT_TIMEOUT):
            with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: no quorum of Sentinels$"):
                await read(client, within=5)
        name(sentinel, port_of(pair[0]))
        await back(client)
        assert await read(client) == MASTER


async def back(client: ReadClient) -> None:
    """Wait until there is a server that is read."""
    async with asyncio.timeout(COMES_WITHIN):
        while True:
            with suppress(CacheUnavailable):
                await read(client)
                return
            await asyncio.sleep(0.01)


async def test_the_servers_that_may_be_read_are_those_that_the_sentinels_name(
    pair: tuple[EmbeddedServer, EmbeddedServer],
) -> None:
    async with Proxy(port_of(pair[0])) as sentinel:
        target = parse_url(f"redis+sentinel://u:p@127.0.0.1:{sentinel.port}/main/2")
        name(sentinel, 7000, 7002, 7001)
        found = await servers(target)
        sentinel.respond = lambda _: b"*-1\r\n-ERR No such master\r\n-ERR No such master\r\n"
        with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: unknown to the Sentinels$"):
            await servers(target)
        sentinel.respond = lambda _: b"-NOAUTH Authentication required.\r\n" * 3
        with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: no quorum of Sentinels$"):
            await servers(target)
    assert found == [
        RedisTarget("127.0.0.1", port, 2, username="u", password="p") for port in (7000, 7001, 7002)
    ]


async def test_two_of_three_sentinels_are_enough_to_name_the_servers_where_nothing_ever_failed(
    pair: tuple[EmbeddedServer, EmbeddedServer],
) -> None:
    async with Proxy(port_of(pair[0])) as one, Proxy(port_of(pair[0])) as other:
        for sentinel in (one, other):
            name(sentinel, 7000, epoch=0)
        found = await servers(
            parse_url(f"redis+sentinel://127.0.0.1:{one.port},127.0.0.1:{other.port},127.0.0.1:1/main")
        )
    assert found == [RedisTarget("127.0.0.1", 7000)]
