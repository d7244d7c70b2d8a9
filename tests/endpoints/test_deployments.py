"""Every endpoint over a cluster and over Sentinels answers the least user what it does over one server."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from caches import port_of
from click.testing import CliRunner
from endpoints.records import DemoGateway
from redis.crc import key_slot
from support import CHECKOUT, serving, settings_for
from topologies import SERVICE, Cluster, Watched, cluster, own_slots, watched, writer_of

from fullon_cache_api.acl import acl_rules, setuser_command
from fullon_cache_api.cache import parse_url
from fullon_cache_api.cli import main
from fullon_cache_api.demo import Demo, EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

pytestmark = pytest.mark.slow

USER = "gateway"
COHERENT = """\
info: {title: Small, version: 1.0.0, description: Tickers of an exchange.}
parameters:
  exchange: {in: path, description: Exchange., schema: {type: string}, example: kraken}
endpoints:
  /spot/{exchange}:
    operationId: listSpot
    summary: Spot tickers
    parameters: [exchange]
    read: TickCache.get_all_tickers
    response: exchange_tickers.json
    coherent: true
"""


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoGateway]:
    """The demo's data at rest, on one server."""
    with (
        EmbeddedServer() as server,
        Demo(server, candles=20, clock=lambda: time.time() + 3_600) as data,
        redis.Redis.from_url(server.url) as writer,
    ):
        data.fill()
        gateway = FullonCacheGateway(settings=settings_for(server.url))
        with serving(gateway) as client:
            process_id = writer.hget("process:components", "ticker_service").decode()
            yield DemoGateway(server, gateway, client, writer, process_id)


def copy(demo: DemoGateway, to: Callable[[bytes], EmbeddedServer]) -> None:
    """Write all keys of the demo to the servers where they belong."""
    for key in demo.writer.scan_iter(count=1_000):
        redis.Redis.from_url(to(key).socket_url).restore(key, 0, demo.writer.dump(key), replace=True)


@pytest.fixture(scope="module")
def nodes(demo: DemoGateway) -> Iterator[Cluster]:
    with cluster() as found:
        slots = [(own_slots(server), server) for server in found.masters]
        copy(demo, lambda key: next(server for own, server in slots if key_slot(key) in own))
        yield found


@pytest.fixture(scope="module")
def servers(demo: DemoGateway) -> Iterator[Watched]:
    with watched() as found:
        master = found.master()
        copy(demo, lambda key: master)
        found.settle()
        yield found


def as_user(url: str) -> str:
    return url.replace("://", f"://{USER}:PASSWORD@")


def grant(servers: list[EmbeddedServer], rules: tuple[str, ...]) -> None:
    for server in servers:
        assert writer_of(server).execute_command(*setuser_command(USER, rules).split(" "))


def plain(value: Any) -> Any:
    """A JSON value whose lists have no order: nodes are scanned in another one."""
    if isinstance(value, list):
        return sorted((plain(each) for each in value), key=json.dumps)
    return {name: plain(each) for name, each in value.items()} if isinstance(value, dict) else value


def walk(demo: DemoGateway, client: httpx.Client) -> None:
    """Ask every endpoint of both."""
    for endpoint in demo.gateway.spec.endpoints:
        for query in (False, True):
            path = demo.path(endpoint, query=query)
            answer, expected = client.get(path), demo.client.get(path)
            assert answer.status_code == expected.status_code == 200, path
            assert plain(answer.json()) == plain(expected.json()), path
    assert client.get("/health/ready").status_code == 200


def test_a_cluster_answers_every_endpoint(demo: DemoGateway, nodes: Cluster) -> None:
    target = parse_url(nodes.url)
    rules = acl_rules(demo.gateway.spec, target.db, target.topology_commands, tracks=target.tracks)
    grant(nodes.masters, rules)
    with serving(FullonCacheGateway(settings=settings_for(as_user(nodes.url)))) as client:
        walk(demo, client)
        health = client.get("/health").json()["redis"]
        assert (health["status"], health["mode"]) == ("ok", "cluster")
        batch = "/api/batch?get=/tickers/binance/BTC-USDT/price&get=/accounts/1/balances&get=/bots"
        assert client.get(batch).json() == demo.client.get(batch).json()


@pytest.mark.parametrize("query", ["", "?replicas=true"])
def test_a_master_and_a_replica_that_sentinels_name_answer_every_endpoint(
    demo: DemoGateway, servers: Watched, query: str
) -> None:
    target = parse_url(servers.url + query)
    rules = acl_rules(demo.gateway.spec, target.db, target.topology_commands, tracks=target.tracks)
    grant(servers.servers, rules)
    with serving(FullonCacheGateway(settings=settings_for(as_user(servers.url) + query))) as client:
        walk(demo, client)
        assert client.get("/health").json()["redis"]["mode"] == "sentinel"


@pytest.mark.parametrize("rule", ["+asking", "+cluster|nodes"])
def test_without_a_rule_of_its_own_a_cluster_is_not_read_or_not_while_slots_move(
    demo: DemoGateway, nodes: Cluster, rule: str
) -> None:
    target = parse_url(nodes.url)
    rules = acl_rules(demo.gateway.spec, 0, target.topology_commands)
    grant(nodes.masters, tuple(each for each in rules if each != rule))
    source = nodes.owner("tickers:binance")
    aim = nodes.masters[nodes.masters.index(source) - 1]
    slot = key_slot(b"tickers:binance")
    path = "/api/tickers/binance/BTC-USDT"
    nodes.begin_move(slot, source, aim)
    nodes.move_keys(slot, source, aim)
    with serving(FullonCacheGateway(settings=settings_for(as_user(nodes.url)))) as client:
        assert client.get(path).status_code == 503
        grant(nodes.masters, rules)
        assert client.get(path).status_code == 200
    nodes.end_move(slot, aim)


@pytest.mark.parametrize(("query", "rule"), [("", "+role"), ("?replicas=true", "+info")])
def test_without_a_rule_of_its_own_what_sentinels_name_is_not_read(
    demo: DemoGateway, servers: Watched, query: str, rule: str
) -> None:
    target = parse_url(servers.url + query)
    rules = acl_rules(demo.gateway.spec, 0, target.topology_commands)
    # A replica that cannot be asked is left for its master, which ROLE asks.
    without = {rule, "+role"}
    grant(servers.servers, tuple(each for each in rules if each not in without))
    with serving(FullonCacheGateway(settings=settings_for(as_user(servers.url) + query))) as client:
        assert client.get("/api/tickers/binance/BTC-USDT").status_code == 503


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("redis+cluster://:secret@a,b", ("+asking", "+cluster|nodes")),
        ("redis+sentinel://:secret@a,b/main", ("+client|id", "+client|tracking", "+role", "+subscribe")),
        ("redis+sentinel://:secret@a,b/main?replicas=true", ("+info", "+role")),
        ("redis+sentinel://:secret@a,b/main/3?replicas=true", ("+info", "+role", "+select")),
    ],
)
def test_the_printed_user_may_do_what_the_deployment_needs(
    url: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    spec = tmp_path / "endpoints.yaml"
    spec.write_text(COHERENT)
    result = CliRunner().invoke(main, ["acl", "--spec", str(spec)], env={"REDIS_URL": url})
    assert result.exit_code == 0, result.output
    granted = {rule for rule in result.output.splitlines()[0].split() if rule.startswith("+")}
    assert granted - {"+hscan", "+ping", "+pttl"} == set(more)
    assert "secret" not in result.output


def test_check_redis_asks_each_server_that_may_be_read(servers: Watched, nodes: Cluster) -> None:
    spec = str(CHECKOUT / "endpoints.yaml")
    for url, asked in ((servers.url, servers.servers), (nodes.url, nodes.masters)):
        result = CliRunner().invoke(main, ["check", spec, "--redis"], env={"REDIS_URL": url})
        assert result.exit_code == 0, result.output
        for server in asked:
            assert f"warning: redis://127.0.0.1:{port_of(server)}/0: this user could write" in result.output
    for url, text in (
        (f"redis+sentinel://127.0.0.1:1/{SERVICE}", "no quorum of Sentinels"),
        (f"redis+sentinel://{servers.hosts}/other", "unknown to the Sentinels"),
        ("redis+cluster://:secret@127.0.0.1:1", "no node of the cluster answers"),
    ):
        result = CliRunner().invoke(main, ["check", spec, "--redis"], env={"REDIS_URL": url})
        assert result.exit_code == 3
        assert f"Redis cannot be read: {text}" in result.output
        assert "secret" not in result.output
