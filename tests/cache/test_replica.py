"""Which servers are read as replicas, by what they say of themselves."""

import pytest
from caches import port_of
from proxy import Proxy
from resp import texts

from fullon_cache_api.cache.replica import is_fit
from fullon_cache_api.cache.target import Address, RedisTarget
from fullon_cache_api.demo import EmbeddedServer

MASTER = Address("127.0.0.1", 6379)
SAID = {
    b"role": b"slave",
    b"master_host": b"127.0.0.1",
    b"master_port": b"6379",
    b"master_link_status": b"up",
    b"master_last_io_seconds_ago": b"1",
}


def info(**changed: bytes | None) -> bytes:
    """What INFO replication answers, with some of its lines changed, or left out."""
    said = {**SAID, **{name.encode(): value for name, value in changed.items()}}
    lines = [b"%s:%s\r\n" % (name, value) for name, value in said.items() if value is not None]
    text = b"".join([b"# Replication\r\n", *lines])
    return b"$%d\r\n%s\r\n" % (len(text), text)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "fit"),
    [
        (info(), True),
        (info(master_host=b"localhost"), True),
        (info(master_last_io_seconds_ago=b"0"), True),
        (info(master_last_io_seconds_ago=b"12"), True),
        (info(slave0=b"ip=127.0.0.1,port=6381,state=online:6379"), True),
        (info(master_last_io_seconds_ago=b"13"), False),
        (info(master_last_io_seconds_ago=b"-1"), False),
        (info(master_last_io_seconds_ago=None), False),
        (info(master_link_status=b"down"), False),
        (info(master_link_status=None), False),
        (info(role=b"master"), False),
        (info(role=None), False),
        (info(master_host=b"127.0.0.2"), False),
        (info(master_host=b"\xff.invalid"), False),
        (info(master_host=None), False),
        (info(master_port=b"6380"), False),
        (info(master_port=None), False),
        (b"$-1\r\n", False),
        (b":1\r\n", False),
        (b"-NOPERM no\r\n", False),
        (texts(b"role:slave"), False),
    ],
)
async def test_a_replica_is_read_that_hears_the_master_and_has_heard_it_lately(
    tcp_server: EmbeddedServer, reply: bytes, fit: bool
) -> None:
    async with Proxy(port_of(tcp_server)) as proxy:
        proxy.respond = lambda _: reply
        assert await is_fit(RedisTarget("127.0.0.1", proxy.port), MASTER) is fit


@pytest.mark.anyio
async def test_a_server_that_says_nothing_is_not_waited_for(tcp_server: EmbeddedServer) -> None:
    async with Proxy(port_of(tcp_server)) as proxy:
        proxy.respond = lambda _: b""
        assert not await is_fit(RedisTarget("127.0.0.1", proxy.port), MASTER)
