"""A replica is read while it hears its master, by its own word; else the master is."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from caches import COMES_WITHIN, ask, port_of
from proxy import Proxy
from resp import array, texts
from topologies import wait_until, writer_of

from fullon_cache_api.cache import CacheUnavailable, RedisTarget, SentinelTarget
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.cache.sentinel_client import SentinelClient
from fullon_cache_api.cache.watch import AVOIDED
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


@asynccontextmanager
async def opened(
    pair: tuple[EmbeddedServer, EmbeddedServer], rewrite: Callable[[bytes], bytes], *, replicas: bool = True
) -> AsyncIterator[tuple[SentinelClient, list[tuple[str, str]], Proxy]]:
    """A client that reaches the replica through a proxy, the servers it is told to read, and the proxy.

    A Sentinel holds the replica to be well all the while.
    """
    master, replica = pair
    told: list[tuple[str, str]] = []
    async with Proxy(port_of(replica)) as proxy, Proxy(port_of(master)) as sentinel:
        proxy.rewrite = rewrite
        sentinel.respond = lambda _: b"".join(
            (
                texts(b"127.0.0.1", b"%d" % port_of(master)),
                texts(b"name", b"main", b"config-epoch", b"7"),
                array(
                    texts(b"ip", b"127.0.0.1", b"port", b"%d" % proxy.port, b"flags", b"slave",
                          b"master-link-status", b"ok")
                ),
            )
        )  # fmt: skip
        target = SentinelTarget((RedisTarget("127.0.0.1", sentinel.port),), "main", RedisTarget(), replicas)
        client = SentinelClient(target, lambda role, address: told.append((role, address)))
        try:
            yield client, told, proxy
        finally:
            await client.close()


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


async def read(client: SentinelClient) -> Reply:
    (reply,) = await ask(client, ("GET", "who"))  # type: ignore[arg-type]
    return reply


async def first_read(client: SentinelClient) -> Reply:
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
        (with_info(lambda info: b"nothing"), MASTER),
        (with_info(lambda info: info + b"\r\nmore:of:the:same\r\n"), REPLICA),
        (lambda piece: b"-NOPERM no\r\n" if b"# Replication" in piece else piece, MASTER),
    ],
    ids=["now", "12 s ago", "13 s ago", "never", "a master", "down", "unsaid", "nonsense", "more", "denied"],
)
async def test_a_replica_is_read_as_long_as_it_has_heard_its_master_within_12_seconds(
    pair: tuple[EmbeddedServer, EmbeddedServer], rewrite: Callable[[bytes], bytes], found: bytes
) -> None:
    async with opened(pair, rewrite) as (client, told, proxy):
        assert await first_read(client) == found
        read_from = ("replica", f"127.0.0.1:{proxy.port}")
        master = ("master", f"127.0.0.1:{port_of(pair[0])}")
        assert told == ([read_from] if found == REPLICA else [read_from, master])


async def test_a_replica_that_begins_to_lag_is_left_for_the_master_and_taken_again_when_it_is_well(
    pair: tuple[EmbeddedServer, EmbeddedServer],
) -> None:
    async with opened(pair, heard(b"1")) as (client, told, proxy):
        assert await read(client) == REPLICA
        # Its word is good for a second.
        began = asyncio.get_running_loop().time()
        assert [await read(client) for _ in range(10)] == [REPLICA] * 10
        took = asyncio.get_running_loop().time() - began
        assert 1 <= proxy.received.count(b"INFO") <= 1 + took
        proxy.rewrite = heard(b"60")
        async with asyncio.timeout(COMES_WITHIN):
            while await first_read(client) == REPLICA:
                await asyncio.sleep(0.01)
        proxy.rewrite = heard(b"1")
        async with asyncio.timeout(AVOIDED + COMES_WITHIN):
            while await first_read(client) == MASTER:
                await asyncio.sleep(0.01)
        assert [role for role, _ in told] == ["replica", "master", "replica"]


async def test_a_server_that_is_not_the_master_is_not_read_whatever_the_sentinels_say(
    pair: tuple[EmbeddedServer, EmbeddedServer],
) -> None:
    async with opened(pair[::-1], heard(b"1"), replicas=False) as (client, told, _):
        with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: it is not the master$"):
            await read(client)
        assert told == [("master", f"127.0.0.1:{port_of(pair[1])}")]
