"""A Redis Cluster: each command is answered by the node that has the key, also while slots move."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from caches import ask, page_of, port_of, until
from redis.crc import key_slot
from redis.exceptions import ResponseError
from topologies import Cluster, cluster, node_id, own_slots, wait_until, writer_of

from fullon_cache_api.cache import (
    CacheTimeout,
    CacheUnavailable,
    ClusterTarget,
    CommandRefused,
    Reader,
    RedisTarget,
    cluster_client,
    coherent_client,
    open_client,
    parse_url,
)
from fullon_cache_api.cache.breaker import ReportBreaker
from fullon_cache_api.cache.cluster_client import ClusterClient
from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.node import NodeClient
from fullon_cache_api.cache.nodes import Nodes
from fullon_cache_api.cache.opening import servers
from fullon_cache_api.cache.slots import SlotMap
from fullon_cache_api.cache.target import Address
from fullon_cache_api.demo import EmbeddedServer

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

COUNT = 60
KEYS = tuple(f"key:{number}" for number in range(COUNT))
FIELDS = {f"field:{number}": f"inner {number}" for number in range(3_000)}


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    with cluster() as found:
        yield found


@pytest.fixture
def nodes(running: Cluster) -> Iterator[Cluster]:
    """Three masters with the keys that tests read; tests may move slots."""
    fill(running)
    yield running
    for server in running.masters:
        writer_of(server).flushall()


@pytest.fixture
def own_nodes() -> Iterator[Cluster]:
    """Masters with replicas, for one test to kill."""
    with cluster(replicas=3) as found:
        fill(found)
        yield found


def fill(nodes: Cluster) -> None:
    for number, key in enumerate(KEYS):
        nodes.write("SET", key, f"value {number}")
    writer_of(nodes.owner("hash")).hset("hash", mapping=FIELDS)


@asynccontextmanager
async def client_of(
    nodes: Cluster, report: ReportBreaker = lambda reason: None, url: str | None = None
) -> AsyncIterator[ClusterClient]:
    client = open_client(parse_url(url or nodes.url), report_breaker=report)
    assert isinstance(client, ClusterClient)
    try:
        yield client
    finally:
        await client.close()


def reads() -> tuple[Command, ...]:
    return tuple(("GET", key) for key in KEYS)


VALUES = [b"value %d" % number for number in range(COUNT)]


def other(nodes: Cluster, server: EmbeddedServer) -> EmbeddedServer:
    """The master behind another one."""
    return nodes.masters[nodes.masters.index(server) - 1]


async def test_what_is_on_several_nodes_comes_back_in_order(nodes: Cluster) -> None:
    assert len({port_of(nodes.owner(key)) for key in KEYS}) == 3
    async with client_of(nodes) as client:
        assert await ask(client, *reads()) == VALUES
        assert await ask(client) == []
        assert await ask(client, ("PING",)) == [b"PONG"]
        assert 0 < await client.ping(asyncio.get_running_loop().time() + 1) < 1_000


async def test_a_cluster_is_learnt_from_any_one_of_its_nodes(nodes: Cluster) -> None:
    client = open_client(parse_url(f"redis+cluster://127.0.0.1:1,127.0.0.1:{port_of(nodes.masters[2])}"))
    assert await ask(client, *reads()) == VALUES  # type: ignore[arg-type]
    await client.close()


async def test_a_cluster_of_which_no_node_answers_is_an_outage(nodes: Cluster) -> None:
    client = open_client(parse_url("redis+cluster://127.0.0.1:1,127.0.0.1:2"))
    with pytest.raises(CacheUnavailable, match="no node of the cluster answers"):
        await ask(client, ("GET", "key:1"))  # type: ignore[arg-type]
    with pytest.raises(CacheUnavailable, match="no node of the cluster answers"):
        await client.ping(asyncio.get_running_loop().time() + 1)
    await client.close()


async def test_a_cluster_whose_nodes_hang_is_waited_for_until_the_deadline_and_no_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hung:
        client = open_client(parse_url(f"redis+cluster://127.0.0.1:{hung.getsockname()[1]}"))
        began = asyncio.get_running_loop().time()
        with pytest.raises((CacheTimeout, CacheUnavailable)):
            await ask(client, ("GET", "key:1"), within=0.2)  # type: ignore[arg-type]
        assert 0.15 < asyncio.get_running_loop().time() - began < 0.6
        await client.close()


async def test_a_node_that_hangs_holds_nobody_up_who_reads_from_others(nodes: Cluster) -> None:
    hung = nodes.owner("key:1")
    others = [number for number, key in enumerate(KEYS) if nodes.owner(key) is not hung]
    async with client_of(nodes) as client:
        hung.pause()
        try:
            commands = [("GET", KEYS[number]) for number in others]
            assert await ask(client, *commands, within=0.7) == [VALUES[number] for number in others]
        finally:
            hung.resume()
            wait_until(lambda: all("cluster_state:ok" in cluster_info(each) for each in nodes.masters))


async def test_the_servers_that_may_be_read_are_the_masters(nodes: Cluster) -> None:
    ports = sorted(port_of(server) for server in nodes.masters)
    for server in nodes.masters:
        writer_of(server).execute_command("ACL", "SETUSER", "asker", "on", ">p", "+cluster|nodes")
    assert await servers(parse_url(f"redis+cluster://asker:p@127.0.0.1:1,127.0.0.1:{ports[1]}")) == [
        RedisTarget("127.0.0.1", port, username="asker", password="p") for port in ports
    ]
    with pytest.raises(CacheUnavailable, match="no node of the cluster answers"):
        await servers(parse_url("redis+cluster://127.0.0.1:1"))
    assert await servers(RedisTarget("h")) == [RedisTarget("h")]


async def test_a_server_that_is_no_cluster_is_an_outage(tcp_server: EmbeddedServer) -> None:
    client = open_client(parse_url(f"redis+cluster://127.0.0.1:{port_of(tcp_server)}"))
    with pytest.raises(CacheUnavailable):
        await ask(client, ("GET", "key:1"))  # type: ignore[arg-type]
    await client.close()


async def test_the_closed_list_of_commands_is_the_same(nodes: Cluster) -> None:
    async with client_of(nodes) as client:
        for command in (("SET", "a", "b"), ("ASKING",), ("CLUSTER", "NODES"), ("CLUSTER", "RESET")):
            with pytest.raises(CommandRefused):
                await ask(client, ("GET", "key:1"), command)


async def test_a_node_is_asked_for_the_nodes_and_let_answer_what_is_moving_and_nothing_else() -> None:
    node = NodeClient(RedisTarget().connection)
    node.refuse((("ASKING",), ("GET", "a"), ("CLUSTER", "NODES")))
    for command in (("SET", "a", "b"), ("CLUSTER", "RESET"), ("CLUSTER",), ("ASKING", "a"), ("READWRITE",)):
        with pytest.raises(CommandRefused):
            node.refuse((("GET", "a"), command))


async def test_the_nodes_of_a_cluster_that_is_not_read_any_more_are_not_connected_to() -> None:
    target = parse_url("redis+cluster://127.0.0.1:1")
    assert isinstance(target, ClusterTarget)
    nodes = Nodes(target)
    await nodes.close()
    with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: closed$"):
        nodes.client(Address("127.0.0.1", 1))


async def test_hmgets_of_one_hash_are_merged_and_dealt_out_also_where_the_key_is_asked_for_elsewhere(
    nodes: Cluster,
) -> None:
    source = nodes.owner("hash")
    target = other(nodes, source)
    slot = key_slot(b"hash")
    commands = [("HMGET", "hash", f"field:{number}", "none") for number in range(20)]
    expected = [[[b"inner %d" % number, None]] for number in range(20)]
    async with client_of(nodes) as client:
        assert await asyncio.gather(*(ask(client, command) for command in commands)) == expected
        nodes.begin_move(slot, source, target)
        nodes.move_keys(slot, source, target)
        assert await asyncio.gather(*(ask(client, command) for command in commands)) == expected
        nodes.end_move(slot, target)
        assert await asyncio.gather(*(ask(client, command) for command in commands)) == expected
    async with client_of(nodes) as client:
        assert await asyncio.gather(*(ask(client, command) for command in commands)) == expected


async def test_a_slot_that_moves_is_read_at_every_moment(nodes: Cluster) -> None:
    """Keys of one slot: some have gone, some have not, one is nowhere."""
    own = [f"{{slot}}:{number}" for number in range(10)]
    source = nodes.owner(own[0])
    target = other(nodes, source)
    slot = key_slot(b"slot")
    for key in own:
        nodes.write("SET", key, key)
    commands = [("GET", key) for key in (*own, "{slot}:none")]
    expected = [*(key.encode() for key in own), None]
    async with client_of(nodes) as client:
        assert await ask(client, *commands) == expected
        nodes.begin_move(slot, source, target)
        assert await ask(client, *commands) == expected
        assert nodes.move_keys(slot, source, target, 5) == 5
        assert await ask(client, *commands, *reads()) == expected + VALUES
        nodes.move_keys(slot, source, target)
        assert await ask(client, *commands) == expected
        nodes.end_move(slot, target)
        assert await ask(client, *commands) == expected
        # The map has been brought up to date: the new owner is asked first.
        asked = await client._nodes.map(10e9)
        assert asked.owners[slot] == ("127.0.0.1", port_of(target))


async def test_a_key_of_another_type_is_its_own_reply(nodes: Cluster) -> None:
    async with client_of(nodes) as client:
        found, wrong = await ask(client, ("GET", "key:1"), ("GET", "hash"))
    assert found == b"value 1"
    assert isinstance(wrong, ResponseError)
    assert str(wrong).startswith("WRONGTYPE")


async def test_a_scan_finds_each_key_of_all_nodes_once(nodes: Cluster) -> None:
    async with client_of(nodes) as client:
        reader = Reader(client, asyncio.get_running_loop().time() + 5)
        found = [key async for page in reader.scan("key:*") for key in page]
        assert sorted(found) == sorted(KEYS)
        assert [key async for page in reader.scan("nothing*") for key in page] == []


@pytest.mark.parametrize("direction", [1, -1])
async def test_a_scan_loses_no_key_that_moves_meanwhile(nodes: Cluster, direction: int) -> None:
    """In whichever order the nodes are come to: a few keys are found at a time, and keys move between."""
    slots = sorted({key_slot(key.encode()) for key in KEYS})
    async with client_of(nodes) as client:
        for step in range(0, len(slots), 6):
            cursor, found, count = b"0", set(), 0
            moving = slots[step : step + 6]
            while True:
                ((cursor, keys),) = await ask(client, ("SCAN", cursor, "MATCH", "key:*", "COUNT", 3))  # type: ignore[misc]
                found |= set(keys)
                if cursor == b"0":
                    break
                if count % 3 == 0 and moving:
                    slot = moving.pop()
                    source = next(each for each in nodes.masters if slot in own_slots(each))
                    target = nodes.masters[(nodes.masters.index(source) + direction) % 3]
                    nodes.begin_move(slot, source, target)
                    nodes.move_keys(slot, source, target)
                    nodes.end_move(slot, target)
                count += 1
            assert found == {key.encode() for key in KEYS}


async def test_a_node_without_a_slot_is_scanned_for_what_is_moving_to_it() -> None:
    options = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"]
    with cluster(masters=2) as nodes, EmbeddedServer(port=0, args=options) as new:
        fill(nodes)
        slot = key_slot(b"key:1")
        async with client_of(nodes) as client:
            # What is known of the nodes is older than the new one.
            assert await ask(client, *reads()) == VALUES
            writer_of(new).execute_command("CLUSTER", "MEET", "127.0.0.1", port_of(nodes.masters[0]))
            wait_until(lambda: all(node_id(new) in nodes_text(each) for each in nodes.masters))
            wait_until(lambda: "cluster_state:ok" in cluster_info(new))
            source = nodes.owner("key:1")
            nodes.begin_move(slot, source, new)
            nodes.move_keys(slot, source, new)
            reader = Reader(client, asyncio.get_running_loop().time() + 5)
            found = [key async for page in reader.scan("key:*") for key in page]
            assert sorted(found) == sorted(KEYS)
            assert await ask(client, *reads()) == VALUES


def nodes_text(server: EmbeddedServer) -> str:
    return str(writer_of(server).execute_command("CLUSTER NODES"))


def cluster_info(server: EmbeddedServer) -> str:
    return str(writer_of(server).execute_command("CLUSTER", "INFO"))


async def test_a_large_hash_that_moves_while_it_is_read_is_read_whole(nodes: Cluster) -> None:
    source = nodes.owner("hash")
    target = other(nodes, source)
    slot = key_slot(b"hash")
    async with client_of(nodes) as client:
        reader = Reader(client, asyncio.get_running_loop().time() + 20)
        cursor, found = await reader.hscan("hash", b"0", 100)
        pages = 1
        while cursor != b"0":
            if pages == 3:
                nodes.begin_move(slot, source, target)
            if pages == 5:
                nodes.move_keys(slot, source, target)
            if pages == 8:
                nodes.end_move(slot, target)
            cursor, page = await page_of(reader, "hash", cursor, 100)
            found |= page
            pages += 1
    assert found == {name.encode(): value.encode() for name, value in FIELDS.items()}
    assert pages < 80


async def test_a_large_hash_that_has_moved_before_its_slot_has_is_read_without_beginning_anew(
    nodes: Cluster,
) -> None:
    source, slot = nodes.owner("hash"), key_slot(b"hash")
    target = other(nodes, source)
    async with client_of(nodes) as client:
        reader = Reader(client, asyncio.get_running_loop().time() + 20)
        await ask(client, ("GET", "key:1"))
        nodes.begin_move(slot, source, target)
        nodes.move_keys(slot, source, target)
        try:
            cursor, found = await reader.hscan("hash", b"0", 500)
            while cursor != b"0":
                cursor, page = await reader.hscan("hash", cursor, 500)
                found |= page
        finally:
            nodes.end_move(slot, target)
    assert found == {name.encode(): value.encode() for name, value in FIELDS.items()}


async def test_a_slot_that_no_node_has_is_an_outage_and_no_absent_key(nodes: Cluster) -> None:
    slot = key_slot(b"key:1")
    owner = nodes.owner("key:1")
    async with client_of(nodes) as client:
        await ask(client, *reads())
        for server in nodes.masters:
            writer_of(server).execute_command("CLUSTER", "DELSLOTS", slot)
        try:
            wait_until(lambda: all("cluster_state:fail" in cluster_info(each) for each in nodes.masters))
            with pytest.raises(CacheUnavailable):
                await ask(client, ("GET", "key:1"))
            async with client_of(nodes) as other_client:
                with pytest.raises(CacheUnavailable, match="no node has the slot of the key"):
                    await ask(other_client, ("GET", "key:1"))
            with pytest.raises(CacheUnavailable, match="some slots have no node"):
                await until_unwell(client)
        finally:
            for server in nodes.masters:
                writer_of(server).execute_command("CLUSTER", "SETSLOT", slot, "NODE", node_id(owner))
            wait_until(lambda: "cluster_state:ok" in cluster_info(owner))


async def until_unwell(client: ClusterClient) -> None:
    async with asyncio.timeout(5):
        while True:
            await client.ping(asyncio.get_running_loop().time() + 1)
            client._nodes.refresh()
            await asyncio.sleep(0.05)


async def test_a_cluster_has_no_copies(nodes: Cluster) -> None:
    reasons: list[str | None] = []
    async with client_of(nodes) as client:
        assert coherent_client(client, parse_url(nodes.url), ("key:",), reasons.append) is client
        assert coherent_client(client, parse_url(nodes.url), (), reasons.append) is client
    assert reasons == ["a cluster"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
async def test_a_lost_master_is_an_outage_of_its_keys_until_its_replica_has_them(
    own_nodes: Cluster, how: signal.Signals
) -> None:
    lost = own_nodes.owner("key:1")
    others = [key for key in KEYS if own_nodes.owner(key) is not lost]
    assert others
    told: list[str | None] = []
    # The only one that it was told of: from then on the others are asked which nodes there are.
    url = f"redis+cluster://127.0.0.1:{port_of(lost)}"
    async with client_of(own_nodes, told.append, url) as client:
        assert await ask(client, *reads()) == VALUES
        os.kill(lost.pid, how)
        try:
            with pytest.raises((CacheUnavailable, CacheTimeout)):
                await ask(client, ("GET", "key:1"), within=0.3)
            async with asyncio.timeout(15):
                while True:
                    try:
                        # Of all keys: the other masters may learn later that the cluster has all slots again.
                        assert await ask(client, *reads(), within=0.3) == VALUES
                        break
                    except (CacheUnavailable, CacheTimeout):
                        await asyncio.sleep(0.01)
            assert await client.ping(asyncio.get_running_loop().time() + 1) > 0
            reader = Reader(client, asyncio.get_running_loop().time() + 5)
            assert sorted([key async for page in reader.scan("key:*") for key in page]) == sorted(KEYS)
            # One that hangs may have been replaced before it is known to be dead.
            await until(lambda: len(told) != 1 and not client.is_open)
            expected = [["no connection", None]] if how is signal.SIGKILL else [[], ["no answer", None]]
            assert told in expected
        finally:
            if how is signal.SIGSTOP:
                os.kill(lost.pid, signal.SIGCONT)


async def test_what_asks_a_lost_master_is_led_to_its_replica_within_one_call(own_nodes: Cluster) -> None:
    lost = own_nodes.owner("key:1")
    async with client_of(own_nodes) as reading, client_of(own_nodes) as pinging:
        assert await ask(reading, ("GET", "key:1")) == [b"value 1"]
        assert await pinging.ping(asyncio.get_running_loop().time() + 2) > 0
        lost.kill()
        left = [server for server in (*own_nodes.masters, *own_nodes.replicas) if server is not lost]
        wait_until(lambda: any(map(is_master, own_nodes.replicas)))
        wait_until(lambda: all("cluster_state:ok" in cluster_info(server) for server in left))
        wait_until(lambda: all(len(masters_known_to(server)) == 3 for server in left))
        assert await ask(reading, ("GET", "key:1")) == [b"value 1"]
        assert await pinging.ping(asyncio.get_running_loop().time() + 2) > 0


def masters_known_to(server: EmbeddedServer) -> list[str]:
    """The masters that have slots, as a node sees them, but those that are lost."""
    lines = [line.split() for line in str(writer_of(server).execute_command("CLUSTER", "NODES")).splitlines()]
    return [line[1] for line in lines if "master" in line[2] and "fail" not in line[2] and len(line) > 8]


async def test_a_scan_whose_master_is_lost_begins_anew_at_its_replica(own_nodes: Cluster) -> None:
    lost = own_nodes.masters[0]
    async with client_of(own_nodes) as client:
        ((cursor, keys),) = await ask(client, ("SCAN", b"0", "MATCH", "key:*", "COUNT", 3))  # type: ignore[misc]
        found = set(keys)
        lost.kill()
        wait_until(lambda: len([each for each in own_nodes.replicas if is_master(each)]) == 1)
        async with asyncio.timeout(10):
            while cursor != b"0":
                try:
                    ((cursor, keys),) = await ask(client, ("SCAN", cursor, "MATCH", "key:*", "COUNT", 3))  # type: ignore[misc]
                    found |= set(keys)
                except CacheUnavailable:
                    await asyncio.sleep(0.01)
    assert found == {key.encode() for key in KEYS}


async def test_a_scan_whose_master_is_lost_and_not_replaced_is_an_outage() -> None:
    with cluster() as nodes:
        fill(nodes)
        async with client_of(nodes) as client:
            ((cursor, _),) = await ask(client, ("SCAN", b"0", "COUNT", 3))  # type: ignore[misc]
            nodes.masters[0].kill()
            with pytest.raises(CacheUnavailable):
                await ask(client, ("SCAN", cursor, "COUNT", 3))


def is_master(server: EmbeddedServer) -> bool:
    return bool(writer_of(server).role()[0] == "master")


def test_a_client_can_be_used_in_one_event_loop_after_another(nodes: Cluster) -> None:
    client = open_client(parse_url(nodes.url))

    async def use() -> object:
        try:
            return await ask(client, ("GET", "key:1"))  # type: ignore[arg-type]
        finally:
            await client.close()

    assert [asyncio.run(use()) for _ in range(2)] == [[b"value 1"]] * 2


def calls(nodes: Cluster, command: str) -> int:
    """How often the masters have been given a command since `forget_calls`."""
    told = (writer_of(server).info("commandstats") for server in nodes.masters)
    found = (each.get(f"cmdstat_{command}", {}) for each in told)
    return sum(stats.get("calls", 0) + stats.get("rejected_calls", 0) for stats in found)


def forget_calls(nodes: Cluster) -> None:
    for server in nodes.masters:
        writer_of(server).config_resetstat()


async def test_no_node_is_told_to_answer_what_is_moving_where_nothing_is(nodes: Cluster) -> None:
    async with client_of(nodes) as client:
        forget_calls(nodes)
        assert await ask(client, *reads()) == VALUES
        assert (calls(nodes, "get"), calls(nodes, "asking")) == (COUNT, 0)


async def test_each_master_is_asked_for_the_nodes_with_the_first_page_of_a_pass_alone(nodes: Cluster) -> None:
    async with client_of(nodes) as client:
        await ask(client, *reads())
        forget_calls(nodes)
        command = ("SCAN", b"0", "MATCH", "key:*", "COUNT", 3)
        ((cursor, _),) = await ask(client, command)  # type: ignore[misc]
        assert (calls(nodes, "scan"), calls(nodes, "cluster|nodes")) == (3, 3)
        await ask(client, ("SCAN", cursor, "MATCH", "key:*", "COUNT", 3))
        assert (calls(nodes, "scan"), calls(nodes, "cluster|nodes")) == (6, 3)


async def test_nodes_that_send_to_each_other_are_asked_now_and_then_until_the_deadline(
    nodes: Cluster,
) -> None:
    """A slot is moving away to a node that does not know of it."""
    source = nodes.owner("key:1")
    target = other(nodes, source)
    slot = key_slot(b"key:1")
    nodes.write("DEL", "key:1")
    async with client_of(nodes) as client:
        assert await ask(client, ("GET", "key:1")) == [None]
        writer_of(source).execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", node_id(target))
        try:
            forget_calls(nodes)
            with pytest.raises(CacheTimeout):
                await ask(client, ("GET", "key:1"), within=0.6)
            # Two at once, and then after 0.008, 0.016, 0.032 s, and 0.05 s from there on.
            assert 4 <= calls(nodes, "get") <= 18
        finally:
            writer_of(source).execute_command("CLUSTER", "SETSLOT", slot, "STABLE")
        assert await ask(client, ("GET", "key:1")) == [None]


async def test_of_a_cursor_that_is_not_a_nodes_own_the_first_page_is_asked_for() -> None:
    command: Command = ("HSCAN", "hash", b"a:1/7", "COUNT", 10)
    assert cluster_client._sendable(b"a:1", command) == (("HSCAN", "hash", b"7", "COUNT", 10), True)
    assert cluster_client._sendable(b"b:2", command) == (("HSCAN", "hash", b"0", "COUNT", 10), False)
    assert cluster_client._sendable(b"b:2", ("GET", "key")) == (("GET", "key"), True)


async def test_a_slot_that_no_node_has_is_said_to_be_so() -> None:
    node = Address("a", 1)
    slots = SlotMap(1, [node, None], frozenset([node]))
    assert cluster_client._owner(slots, 0) == node
    with pytest.raises(CacheUnavailable, match=r"^Redis cannot be read: no node has the slot of the key$"):
        cluster_client._owner(slots, 1)


@pytest.mark.parametrize(
    ("attempts", "least", "most"), [(1, 0, 0.004), (2, 0.008, 0.016), (3, 0.016, 0.04), (9, 0.05, 0.2)]
)
async def test_each_further_attempt_waits_longer_up_to_a_bound(
    attempts: int, least: float, most: float
) -> None:
    loop = asyncio.get_running_loop()
    took = []
    for _ in range(5):
        began = loop.time()
        await cluster_client._pause(attempts, began + 5)
        took.append(loop.time() - began)
    assert least <= min(took) < most
    with pytest.raises(CacheTimeout):
        await cluster_client._pause(attempts, loop.time())
