"""TLS with client certificates, of one server, of a master with Sentinels, and of a cluster."""

import asyncio
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

import pytest
from caches import ask
from certificates import Authority
from redis.asyncio.connection import SSLConnection
from redis.exceptions import MovedError
from topologies import SERVICE, SLOTS, SentinelProcess, free_port, wait_until, writer_of

from fullon_cache_api.cache import CacheUnavailable, ReadClient, RedisTarget, open_client, parse_url
from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.demo.server import EmbeddedServerError

pytestmark = pytest.mark.anyio

LAST_PORT = 55_535
"""A cluster's nodes talk to each other on the port that is higher by 10,000."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    own = Authority(tmp_path_factory.mktemp("certificates"))
    for name in ("server", "client"):
        own.issue(name)
    return own


@contextmanager
def speaking_tls(authority: Authority, *args: str) -> Iterator[tuple[EmbeddedServer, int]]:
    """A server that speaks TLS only, but for its socket, and its port."""
    port = free_port()
    while port > LAST_PORT:
        port = free_port()
    server = EmbeddedServer(args=[*authority.server_args(port), *args])
    try:
        server.start()
    except EmbeddedServerError as error:
        if "tls" in str(error).lower():
            pytest.skip("the server program does not speak TLS")
        raise
    with ExitStack() as stack:
        stack.callback(server.stop)
        yield server, port


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[tuple[EmbeddedServer, int]]:
    with speaking_tls(authority) as found:
        writer_of(found[0]).set("key", "value")
        yield found


async def read_at_last(url: str, key: str = "key") -> object:
    """Read what can be read: on a busy machine a handshake may take longer than it is given."""
    for _ in range(20):
        with suppress(CacheUnavailable):
            return await read(url, key)
        await asyncio.sleep(0.2)
    return await read(url, key)


async def read(url: str, key: str = "key") -> object:
    client = open_client(parse_url(url))
    try:
        return (await ask(client, ("GET", key)))[0]  # type: ignore[arg-type]
    finally:
        await client.close()


async def test_a_server_is_read_with_a_certificate(
    authority: Authority, server: tuple[EmbeddedServer, int]
) -> None:
    assert await read_at_last(f"rediss://127.0.0.1:{server[1]}/0{authority.query('client')}") == b"value"


async def test_without_a_certificate_or_with_one_of_another_authority_nothing_is_read(
    authority: Authority, server: tuple[EmbeddedServer, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Authority(tmp_path_factory.mktemp("other"))
    other.issue("client")
    address = f"rediss://127.0.0.1:{server[1]}/0"
    stranger = f"ssl_certfile={other.folder / 'client.pem'}&ssl_keyfile={other.key('client')}"
    for query in (
        authority.query(None),
        f"{authority.query(None)}&{stranger}",
        other.query("client"),
        authority.query("client").replace("client.pem", "none.pem"),
    ):
        with pytest.raises(CacheUnavailable):
            await read(address + query)


async def test_a_certificate_for_another_host_is_refused_unless_hosts_are_not_checked(
    authority: Authority, server: tuple[EmbeddedServer, int]
) -> None:
    url = f"rediss://127.0.0.2:{server[1]}/0{authority.query('client')}"
    writer_of(server[0]).config_set("bind", "127.0.0.1 127.0.0.2")
    with pytest.raises(CacheUnavailable):
        await read(url)
    assert await read_at_last(f"{url}&ssl_check_hostname=false") == b"value"


async def test_certificates_that_are_replaced_on_disk_are_used_with_the_next_connection(
    authority: Authority, server: tuple[EmbeddedServer, int]
) -> None:
    authority.issue("renewed")
    client = open_client(parse_url(f"rediss://127.0.0.1:{server[1]}/0{authority.query('renewed')}"))
    await until_answered(client)
    serial = client_serial(authority)
    authority.issue("renewed")
    assert client_serial(authority) != serial
    authority.key("renewed").replace(authority.key("kept"))
    writer_of(server[0]).execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    with pytest.raises(CacheUnavailable):
        await until_refused(client)
    authority.key("kept").replace(authority.key("renewed"))
    await until_answered(client)
    await client.close()


async def until_answered(client: ReadClient) -> None:
    for _ in range(20):
        with suppress(CacheUnavailable):
            assert await ask(client, ("GET", "key")) == [b"value"]  # type: ignore[arg-type]
            return
        # A probe finds it, twice a second.
        await asyncio.sleep(0.1)
    pytest.fail("the server is not read")


async def until_refused(client: ReadClient) -> None:
    """The key of the certificate is not there: it is looked for with a new connection only."""
    for _ in range(100):
        await ask(client, ("GET", "key"))  # type: ignore[arg-type]


def client_serial(authority: Authority) -> str:
    pem = (authority.folder / "renewed.pem").read_text()
    shown = subprocess.run(
        ["openssl", "x509", "-serial", "-noout"], input=pem, capture_output=True, text=True
    )
    assert ssl.PEM_cert_to_DER_cert(pem)
    return shown.stdout


async def test_a_master_is_found_and_read_over_tls_by_sentinels_that_want_certificates_too(
    authority: Authority,
) -> None:
    with speaking_tls(authority) as (server, port), ExitStack() as stack:
        writer_of(server).set("key", "value")
        files = authority.files("")
        config = "\n".join(
            [
                *(f"{name} {value}" for name, value in zip(files[::2], files[1::2], strict=True)),
                "tls-replication yes",
                f"sentinel monitor {SERVICE} 127.0.0.1 {port} 1",
            ]
        )
        sentinel = stack.enter_context(SentinelProcess(config, tls_port=free_port()))
        address = f"rediss+sentinel://127.0.0.1:{sentinel.tls_port}/{SERVICE}"
        assert await read_at_last(address + authority.query("client")) == b"value"
        with pytest.raises(CacheUnavailable, match="no quorum of Sentinels"):
            await read(address + authority.query(None))


async def test_a_cluster_is_read_over_tls(authority: Authority) -> None:
    options = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--tls-cluster", "yes"]
    with speaking_tls(authority, *options) as one, speaking_tls(authority, *options) as two:
        half = SLOTS // 2
        for (server, _), slots in ((one, (0, half - 1)), (two, (half, SLOTS - 1))):
            writer_of(server).execute_command("CLUSTER", "ADDSLOTSRANGE", *slots)
        writer_of(two[0]).execute_command("CLUSTER", "SET-CONFIG-EPOCH", 2)
        writer_of(one[0]).execute_command("CLUSTER", "MEET", "127.0.0.1", two[1])
        for server, _ in (one, two):
            wait_until(lambda own=server: "cluster_state:ok" in info(own))
        writers = [writer_of(one[0]), writer_of(two[0])]
        for name in ("key", "other", "a", "b"):
            write(writers, name)
        url = f"rediss+cluster://127.0.0.1:{one[1]}/"
        for name in ("key", "other", "a", "b"):
            assert await read_at_last(url + authority.query("client"), name) == name.encode()
        with pytest.raises(CacheUnavailable):
            await read(url + authority.query(None))


def info(server: EmbeddedServer) -> str:
    return str(writer_of(server).execute_command("CLUSTER", "INFO"))


def write(writers: Sequence[object], name: str) -> None:
    for writer in writers:
        try:
            writer.set(name, name)  # type: ignore[attr-defined]
        except MovedError:
            continue


def test_certificates_are_read_once_as_long_as_they_stay_the_same(authority: Authority) -> None:
    authority.issue("shared")
    target = RedisTarget.from_url(f"rediss://127.0.0.1:6379/0{authority.query('shared')}")
    first, second = target.connection(), target.connection()
    assert isinstance(first, SSLConnection)
    assert isinstance(second, SSLConnection)
    assert first.ssl_context.get() is second.ssl_context.get()
    authority.issue("shared")
    third = target.connection()
    assert isinstance(third, SSLConnection)
    assert third.ssl_context.get() is not first.ssl_context.get()


def test_an_authority_that_is_given_is_the_only_one_that_is_believed(authority: Authority) -> None:
    authority.issue("only")
    connection = RedisTarget.from_url(f"rediss://h:6379/0{authority.query('only')}").connection()
    assert isinstance(connection, SSLConnection)
    context = connection.ssl_context.get()
    assert [dict(pair for (pair,) in ca["subject"])["commonName"] for ca in context.get_ca_certs()] == [
        "tests"
    ]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    unchecked = RedisTarget.from_url(
        f"rediss://h:6379/0{authority.query('only')}&ssl_cert_reqs=none"
    ).connection()
    assert isinstance(unchecked, SSLConnection)
    assert unchecked.ssl_context.get().verify_mode == ssl.CERT_NONE
