"""Opening a connection: what it sends, and what is said when it cannot be opened."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis
from caches import fill, opened, port_of, through_proxy, value
from certificates import Authority
from proxy import Proxy

from fullon_cache_api.cache import CacheClient, CacheTimeout, CacheUnavailable, RedisTarget
from fullon_cache_api.cache.connection import Connection
from fullon_cache_api.cache.lane import JUST_NOW
from fullon_cache_api.cache.target import CONNECT_TIMEOUT
from fullon_cache_api.demo import EmbeddedServer

GUARDED = ["--requirepass", "secret"]
# A second is what is promised; a busy machine, and two TLS contexts to make, may add to that in a test.
SOON = 2.0


async def why_unavailable(target: RedisTarget | str, within: float = 5.0) -> str:
    """Why a value cannot be read; every caller hears the same, and soon."""
    started = time.monotonic()
    async with opened(target) as client:
        outcomes = await asyncio.gather(*(value(client, 1, within) for _ in range(3)), return_exceptions=True)
    assert time.monotonic() - started < SOON
    reasons = {outcome.reason for outcome in outcomes if isinstance(outcome, CacheUnavailable)}
    assert len(reasons) == 1
    assert all(isinstance(outcome, CacheUnavailable) for outcome in outcomes)
    return reasons.pop()


@pytest.fixture(scope="module")
def guarded() -> Iterator[EmbeddedServer]:
    """A filled server that wants a password."""
    with EmbeddedServer(port=0, args=GUARDED) as server:
        yield fill(server, server.url_as("default", "secret"))


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose connections are never accepted, and whose queue of them is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port: int = listener.getsockname()[1]
        waiting = []
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
            waiting.append(client)
        yield port
        for client in waiting:
            client.close()


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.anyio
async def test_nothing_but_the_commands_is_sent_to_a_server_without_a_password(
    tcp_server: EmbeddedServer,
) -> None:
    async with through_proxy(tcp_server) as (client, proxy):
        await value(client, 1)
        assert bytes(proxy.received) == b"*2\r\n$3\r\nGET\r\n$5\r\nkey:1\r\n"


@pytest.mark.anyio
async def test_a_password_and_a_database_are_all_that_a_handshake_sends(guarded: EmbeddedServer) -> None:
    async with (
        Proxy(port_of(guarded)) as proxy,
        opened(f"redis://:secret@127.0.0.1:{proxy.port}/3") as client,
    ):
        assert await value(client, 1) is None
        assert bytes(proxy.received) == (
            b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"
            b"*2\r\n$3\r\nGET\r\n$5\r\nkey:1\r\n"
        )


@pytest.mark.anyio
async def test_a_user_who_may_only_read_is_enough() -> None:
    rules = "on >secret ~* -@all +get +hget +hgetall +hlen +hmget +llen +lrange +mget +ping +scan"
    with EmbeddedServer(port=0, args=["--user", "reader", *rules.split()]) as server:
        fill(server)
        async with opened(server.url_as("reader", "secret")) as client:
            assert await value(client, 1) == b"value 1"
            assert await client.ping(asyncio.get_running_loop().time() + 2) > 0


@pytest.mark.anyio
async def test_a_port_without_a_server_is_unavailable_at_once() -> None:
    assert await why_unavailable(f"redis://127.0.0.1:{free_port()}") == "no connection"


@pytest.mark.anyio
async def test_a_host_that_does_not_exist_is_unavailable() -> None:
    assert await why_unavailable(RedisTarget(host="no host of mine")) == "no connection"


@pytest.mark.anyio
async def test_a_connection_that_hangs_is_unavailable_within_a_second(deaf_port: int) -> None:
    started = time.monotonic()
    assert await why_unavailable(f"redis://127.0.0.1:{deaf_port}") == "no connection"
    assert time.monotonic() - started > CONNECT_TIMEOUT - 0.1


@pytest.mark.anyio
async def test_a_connection_that_hangs_ends_no_call_later_than_at_its_deadline(deaf_port: int) -> None:
    async with opened(f"redis://127.0.0.1:{deaf_port}", lanes=1) as client:
        patient = asyncio.create_task(value(client, 1, within=5))
        started = time.monotonic()
        with pytest.raises(CacheTimeout):
            await value(client, 1, within=0.1)
        assert time.monotonic() - started < 0.4
        with pytest.raises(CacheUnavailable, match="no connection"):
            await patient


async def first_and_later(first: RedisTarget, second: RedisTarget, after: float = 0) -> tuple[object, object]:
    """What two callers get, the later one of whom comes while the first one's connection is being tried."""
    targets = iter([first, second])
    calls: list[asyncio.Task[object]] = []

    async def come() -> object:
        await asyncio.sleep(after)
        return await value(client, 2)

    def make() -> Connection:
        target = next(targets)
        if target is first:
            calls.append(asyncio.create_task(come()))
        return target.connection()

    client = CacheClient(make, lanes=1)
    calls.append(asyncio.create_task(value(client, 1)))
    await asyncio.wait(calls[:1])
    early, late = await asyncio.gather(*calls, return_exceptions=True)
    await client.close()
    return early, late


@pytest.mark.anyio
async def test_who_comes_while_a_connection_is_being_refused_has_another_one_tried(
    tcp_server: EmbeddedServer,
) -> None:
    refusing = RedisTarget.from_url(f"redis://127.0.0.1:{free_port()}")
    early, late = await first_and_later(refusing, RedisTarget.from_url(tcp_server.url))
    assert isinstance(early, CacheUnavailable)
    assert late == b"value 2"


@pytest.mark.anyio
async def test_nobody_waits_for_a_second_connection_when_the_first_one_hung(
    tcp_server: EmbeddedServer, deaf_port: int
) -> None:
    hanging = RedisTarget.from_url(f"redis://127.0.0.1:{deaf_port}")
    early, late = await first_and_later(hanging, RedisTarget.from_url(tcp_server.url))
    assert isinstance(early, CacheUnavailable)
    assert isinstance(late, CacheUnavailable)


@pytest.mark.anyio
async def test_who_has_only_just_come_when_a_slow_try_fails_has_another_one(
    tcp_server: EmbeddedServer, deaf_port: int
) -> None:
    hanging = RedisTarget.from_url(f"redis://127.0.0.1:{deaf_port}")
    just_before_the_end = CONNECT_TIMEOUT - JUST_NOW / 2
    early, late = await first_and_later(
        hanging, RedisTarget.from_url(tcp_server.url), after=just_before_the_end
    )
    assert isinstance(early, CacheUnavailable)
    assert late == b"value 2"


@pytest.mark.anyio
async def test_a_socket_without_a_server_is_unavailable_at_once(tmp_path: Path) -> None:
    assert await why_unavailable(f"unix://{tmp_path}/redis.sock") == "no connection"


@pytest.mark.anyio
async def test_values_are_read_over_a_unix_socket(tcp_server: EmbeddedServer) -> None:
    async with opened(tcp_server.socket_url) as client:
        assert await value(client, 1) == b"value 1"


@pytest.mark.anyio
@pytest.mark.parametrize("password", ["wrong", "", "ünïcode %:@/"])
async def test_a_wrong_password_is_denied_over_tcp_and_over_a_unix_socket(
    guarded: EmbeddedServer, password: str
) -> None:
    port = port_of(guarded)
    socket_path = RedisTarget.from_url(guarded.socket_url).path
    for target in (
        RedisTarget("127.0.0.1", port, password=password),
        RedisTarget(path=socket_path, password=password),
    ):
        assert await why_unavailable(target) == "denied"


@pytest.mark.anyio
async def test_the_right_password_opens_over_tcp_and_over_a_unix_socket(guarded: EmbeddedServer) -> None:
    for url in (
        guarded.url_as("default", "secret"),
        guarded.socket_url.replace("unix://", "unix://:secret@"),
    ):
        async with opened(url) as client:
            assert await value(client, 1) == b"value 1"


@pytest.mark.anyio
async def test_an_unneeded_password_is_denied(tcp_server: EmbeddedServer) -> None:
    assert await why_unavailable(f"redis://:secret@127.0.0.1:{port_of(tcp_server)}") == "denied"


@pytest.mark.anyio
async def test_a_password_that_cannot_be_sent_is_unavailable(tcp_server: EmbeddedServer) -> None:
    target = RedisTarget(port=port_of(tcp_server), password="\ud800")
    assert await why_unavailable(target) == "no connection"


@pytest.mark.anyio
async def test_a_database_that_the_server_lacks_is_refused(tcp_server: EmbeddedServer) -> None:
    path = RedisTarget.from_url(tcp_server.socket_url).path
    assert (
        await why_unavailable(RedisTarget("127.0.0.1", port_of(tcp_server), db=99)) == "refused by the server"
    )
    assert await why_unavailable(RedisTarget(path=path, db=99)) == "refused by the server"


@pytest.mark.anyio
async def test_another_database_holds_other_values(own_server: EmbeddedServer) -> None:
    with redis.Redis(port=port_of(own_server), db=5) as writer:
        writer.set("key:1", "elsewhere")
    async with opened(f"redis://127.0.0.1:{port_of(own_server)}/5") as client:
        assert await value(client, 1) == b"elsewhere"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """It has made a certificate for 127.0.0.1, and for no name."""
    own = Authority(tmp_path_factory.mktemp("tls"))
    own.issue("server", names="IP:127.0.0.1")
    return own


@pytest.fixture(scope="module")
def tls_port(authority: Authority) -> Iterator[int]:
    """The TLS port of a filled server that asks its clients for a certificate, too."""
    port = free_port()
    options = ["--tls-port", str(port), "--tls-auth-clients", "optional"]
    with EmbeddedServer(args=[*options, *authority.files("--")]) as server:
        fill(server)
        yield port


@pytest.mark.anyio
async def test_values_are_read_over_tls_from_a_server_that_is_verified(
    tls_port: int, authority: Authority
) -> None:
    async with opened(f"rediss://127.0.0.1:{tls_port}?ssl_ca_certs={authority.ca}") as client:
        assert await value(client, 1) == b"value 1"


@pytest.mark.anyio
async def test_a_client_shows_its_own_certificate_where_it_has_one(
    tls_port: int, authority: Authority
) -> None:
    async with opened(f"rediss://127.0.0.1:{tls_port}{authority.query('server')}") as client:
        assert await value(client, 1) == b"value 1"


@pytest.mark.anyio
async def test_a_server_whose_authority_is_not_known_is_refused_unless_nobody_asks(tls_port: int) -> None:
    assert await why_unavailable(f"rediss://127.0.0.1:{tls_port}") == "no connection"
    async with opened(f"rediss://127.0.0.1:{tls_port}?ssl_cert_reqs=none") as client:
        assert await value(client, 1) == b"value 1"


@pytest.mark.anyio
async def test_a_certificate_for_another_host_is_refused_unless_nobody_asks(
    tls_port: int, authority: Authority
) -> None:
    elsewhere = f"rediss://localhost:{tls_port}?ssl_ca_certs={authority.ca}"
    assert await why_unavailable(elsewhere) == "no connection"
    async with opened(f"{elsewhere}&ssl_check_hostname=false") as client:
        assert await value(client, 1) == b"value 1"


@pytest.mark.anyio
async def test_tls_to_a_port_without_it_and_the_other_way_round_is_unavailable(
    tcp_server: EmbeddedServer, tls_port: int
) -> None:
    assert await why_unavailable(f"rediss://127.0.0.1:{port_of(tcp_server)}") == "no connection"
    assert await why_unavailable(f"redis://127.0.0.1:{tls_port}") == "no connection"


@pytest.mark.anyio
async def test_a_file_of_certificates_that_is_not_there_is_unavailable(tls_port: int, tmp_path: Path) -> None:
    url = f"rediss://127.0.0.1:{tls_port}?ssl_ca_certs={tmp_path}/missing.pem"
    assert await why_unavailable(url) == "no connection"


def test_a_connection_verifies_the_server_unless_told_otherwise() -> None:
    for url, mode, name in [
        ("rediss://h", ssl.CERT_REQUIRED, True),
        ("rediss://h?ssl_check_hostname=false", ssl.CERT_REQUIRED, False),
        ("rediss://h?ssl_cert_reqs=none", ssl.CERT_NONE, False),
    ]:
        connection = RedisTarget.from_url(url).connection()
        assert (connection.cert_reqs, connection.check_hostname) == (mode, name)  # type: ignore[union-attr]
