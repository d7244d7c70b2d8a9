"""No endpoint changes anything in Redis, and none sends a command that could."""

from collections.abc import Iterator

import httpx
import pytest
import redis
from endpoints.proxy import RecordingProxy
from endpoints.records import DemoGateway
from support import serving, settings_for

from fullon_cache_api.cache.commands import READ_COMMANDS
from fullon_cache_api.gateway import FullonCacheGateway
from fullon_cache_api.spec.model import Endpoint

HANDSHAKE = {"auth", "select"}
ASKED_BY_THIS_TEST = {"config|resetstat", "info"}
PASSWORD = "s3cret"


def snapshot(writer: "redis.Redis") -> dict[bytes, tuple[bytes, object, bool]]:
    """Every key with its type, its dump and whether it expires.

    A hash is given by its fields: Redis goes on sorting a large one into its table while nobody writes, so
    that its dump has them in another order.
    """
    keys = sorted(writer.keys())
    with writer.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.type(key).dump(key).pttl(key)
        replies = pipe.execute()
    states = zip(replies[::3], replies[1::3], replies[2::3], strict=True)
    return {
        key: (kind, writer.hgetall(key) if kind == b"hash" else dump, ttl > 0)
        for key, (kind, dump, ttl) in zip(keys, states, strict=True)
    }


def walk(demo: DemoGateway, client: httpx.Client) -> None:
    """Ask every endpoint for what the demo has, in each way that it can be asked."""
    for endpoint in demo.gateway.spec.endpoints:
        for path in dict.fromkeys((demo.path(endpoint), demo.path(endpoint, query=True))):
            assert client.get(path).status_code == 200, path
            assert client.head(path).status_code == 200, path


def test_every_key_is_the_same_after_all_endpoints_were_asked(demo: DemoGateway) -> None:
    before = snapshot(demo.writer)
    assert len(before) > 100
    assert {kind for kind, _, _ in before.values()} == {b"string", b"hash", b"list"}
    walk(demo, demo.client)
    assert snapshot(demo.writer) == before


def test_every_key_is_the_same_after_requests_for_what_is_not_there_and_what_is_corrupt(
    demo: DemoGateway, client: httpx.Client, writer: "redis.Redis"
) -> None:
    """Over a cache in which every key that an endpoint looks for holds another type than it expects."""
    paths = [demo.path(endpoint) for endpoint in demo.gateway.spec.endpoints]
    for path in paths:
        assert client.get(path).status_code in (200, 404)
    assert writer.keys() == []
    for key in ("tickers:binance", "accounts", "account_positions", "order_status:binance", "bot_status"):
        writer.set(key, "x", ex=100)
    for key in ("trades:binance:BTCUSDT", "user_trades:1:binance", "ohlcv:BTC/USDT:1m", "new_orders:L1"):
        writer.hset(key, "a", "x")
    before = snapshot(writer)
    for path in paths:
        assert client.get(path).status_code in (200, 404, 502)
    assert snapshot(writer) == before


def test_only_reads_and_the_handshake_reach_redis(demo: DemoGateway) -> None:
    demo.writer.config_resetstat()
    gateway = FullonCacheGateway(settings=settings_for(demo.server.url))
    with serving(gateway) as client:
        walk(demo, client)
    sent = {name.removeprefix("cmdstat_") for name in demo.writer.info("commandstats")}
    assert sent - ASKED_BY_THIS_TEST <= {command.lower() for command in READ_COMMANDS} | HANDSHAKE


@pytest.fixture
def reader_url(demo: DemoGateway) -> Iterator[str]:
    """The demo's server for a user who may do what the closed list says and choose a database."""
    demo.writer.acl_setuser(
        "reader",
        enabled=True,
        passwords=[f"+{PASSWORD}"],
        keys=["*"],
        commands=["-@all", "+select", *(f"+{command.lower()}" for command in sorted(READ_COMMANDS))],
    )
    yield demo.server.url_as("reader", PASSWORD)
    demo.writer.acl_deluser("reader")


def test_a_user_who_may_only_read_is_enough_for_every_endpoint(demo: DemoGateway, reader_url: str) -> None:
    gateway = FullonCacheGateway(settings=settings_for(reader_url))
    with serving(gateway) as client:
        walk(demo, client)
        assert client.get("/health").json()["status"] == "ok"


def test_each_endpoint_sends_the_commands_and_reads_the_keys_that_its_read_declares(
    demo: DemoGateway,
) -> None:
    with RecordingProxy(demo.server.url) as proxy:
        gateway = FullonCacheGateway(settings=settings_for(proxy.url))
        with serving(gateway) as client:
            sent: dict[str, set[str]] = {}
            for endpoint in gateway.spec.endpoints:
                proxy.reset()
                assert client.get(demo.path(endpoint)).status_code == 200
                _assert_declared_keys(endpoint, proxy.commands)
                read = sent.setdefault(endpoint.read.name, set())
                read |= {command[0] for command in proxy.commands}
    declared = {endpoint.read.name: set(endpoint.read.commands) for endpoint in demo.gateway.spec.endpoints}
    # Only without an exchange does it have to find out which one.
    assert sent == declared


def _assert_declared_keys(endpoint: Endpoint, commands: list[tuple[str, ...]]) -> None:
    """Each key begins as one of the declared patterns does; a SCAN looks for nothing but such keys."""
    prefixes = tuple(key.partition("{")[0] for key in endpoint.read.keys)
    for command in commands:
        if command[0] == "SCAN":
            assert command[2] == "MATCH"
            assert command[3].endswith(":*") and command[3][:-1] in prefixes
        else:
            assert command[1].startswith(prefixes), command


def test_the_handshake_is_auth_and_select_and_nothing_else(demo: DemoGateway, reader_url: str) -> None:
    demo.writer.config_resetstat()
    other = reader_url.replace("db=0", "db=1")
    with serving(FullonCacheGateway(settings=settings_for(other))) as client:
        assert client.get("/api/tickers").json() == {"count": 0, "tickers": []}
        assert client.get("/api/accounts/1/balances").status_code == 404
    sent = {name.removeprefix("cmdstat_") for name in demo.writer.info("commandstats")}
    assert sent - ASKED_BY_THIS_TEST == {"auth", "select", "scan", "hmget"}
