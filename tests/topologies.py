"""Several real servers that belong together: a master with replicas and Sentinels, and a cluster."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import redis
from caches import port_of
from redis.crc import key_slot

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.demo.guard import Guard
from fullon_cache_api.demo.server import find_binary

SLOTS = 16384
SERVICE = "mymaster"
DOWN_AFTER = 0.6
FAILOVER_TIMEOUT = 3.0
NODE_TIMEOUT = 1.0
HAPPENS_WITHIN = 20.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], object], within: float = HAPPENS_WITHIN) -> None:
    """Wait for a state of servers; what cannot be asked has not come to it."""
    end = time.monotonic() + within
    while True:
        try:
            if condition():
                return
        except redis.RedisError:
            pass
        assert time.monotonic() < end, f"this has not happened within {within} s"
        time.sleep(0.02)


def writer_of(server: EmbeddedServer) -> "redis.Redis":
    """A plain client of one server, over its socket."""
    return redis.Redis.from_url(server.socket_url, decode_responses=True)


@dataclass
class SentinelProcess:
    """One Sentinel, which ends with this process."""

    config: str
    port: int = field(default_factory=free_port)
    tls_port: int = 0

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="fullon-sentinel-"))
        self._guard = Guard(self._folder)
        (self._folder / "sentinel.conf").write_text(
            f"port {self.port}\ntls-port {self.tls_port}\nbind 127.0.0.1\n{self.config}"
            if self.tls_port
            else f"port {self.port}\nbind 127.0.0.1\n{self.config}"
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
        self._guard.close()

    def start(self) -> None:
        command = [str(find_binary()), "sentinel.conf", "--sentinel"]
        output = self._folder / "log"
        self._process: subprocess.Popen[bytes] | None = self._guard.launch(
            command, cwd=self._folder, output=output
        )
        wait_until(self.ask("PING"))

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._guard.release()
        self._process = None

    def ask(self, *command: str) -> Callable[[], Any]:
        """What asks it something."""

        def answer() -> Any:
            with redis.Redis(port=self.port, decode_responses=True) as client:
                return client.execute_command(*command)

        return answer


@dataclass
class Watched:
    """Servers of which one is the master, and the Sentinels that watch over them."""

    servers: list[EmbeddedServer]
    sentinels: list[SentinelProcess]

    @property
    def hosts(self) -> str:
        return ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)

    @property
    def url(self) -> str:
        return f"redis+sentinel://{self.hosts}/{SERVICE}"

    def master(self) -> EmbeddedServer:
        """The server that is the master by its own word, of those that run."""
        return next(server for server in self.running() if writer_of(server).role()[0] == "master")

    def running(self) -> Iterator[EmbeddedServer]:
        for server in self.servers:
            try:
                writer_of(server).ping()
            except redis.RedisError:
                continue
            yield server

    def named(self) -> int:
        """The port of the master by the word of most Sentinels that run."""
        ports = []
        for sentinel in self.sentinels:
            try:
                ports.append(int(sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)()[1]))
            except redis.ConnectionError:
                continue
        return max(ports, key=ports.count)

    def chosen(self) -> EmbeddedServer:
        """The server that most Sentinels name."""
        port = self.named()
        return next(server for server in self.servers if port_of(server) == port)

    def replicas(self) -> list[EmbeddedServer]:
        """The servers that are connected to a master."""
        return [server for server in self.running() if writer_of(server).role()[0] == "slave"]

    def settle(self) -> None:
        """Wait until the servers are in sync, and all Sentinels know of it and of each other."""
        wait_until(self.is_in_sync)
        port = port_of(self.master())
        others, replicas = len(self.sentinels) - 1, len(self.servers) - 1
        wait_until(lambda: all(_knows_all(each, port, others, replicas) for each in self.sentinels))

    def fail_over(self) -> None:
        """Have the Sentinels make a replica the master, while the old master is well."""
        before = self.named()
        assert self.sentinels[0].ask("SENTINEL", "FAILOVER", SERVICE)()
        wait_until(lambda: self.named() != before)

    def is_in_sync(self) -> bool:
        """Whether all servers but one are replicas with whatever that one has."""
        replicas = [writer_of(server).role() for server in self.replicas()]
        offset = writer_of(self.master()).role()[1]
        return len(replicas) == len(self.servers) - 1 and all(
            role[3] == "connected" and role[4] >= offset for role in replicas
        )


@contextmanager
def watched(replicas: int = 1, sentinels: int = 3, args: Sequence[str] = ()) -> Iterator[Watched]:
    """A master with replicas, and Sentinels who know each other and all of them."""
    with ExitStack() as stack:
        master = stack.enter_context(EmbeddedServer(port=0, args=args))
        followers = [
            stack.enter_context(
                EmbeddedServer(port=0, args=["--replicaof", f"127.0.0.1 {port_of(master)}", *args])
            )
            for _ in range(replicas)
        ]
        for server in (master, *followers):
            writer_of(server).config_set("repl-diskless-sync-delay", 0)
        config = (
            f"sentinel monitor {SERVICE} 127.0.0.1 {port_of(master)} {sentinels // 2 + 1}\n"
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER * 1000:.0f}\n"
            f"sentinel failover-timeout {SERVICE} {FAILOVER_TIMEOUT * 1000:.0f}\n"
        )
        all_sentinels = [stack.enter_context(SentinelProcess(config)) for _ in range(sentinels)]
        found = Watched([master, *followers], all_sentinels)
        found.settle()
        yield found


def _knows_all(sentinel: SentinelProcess, port: int, others: int, replicas: int) -> bool:
    told = _fields(sentinel.ask("SENTINEL", "MASTER", SERVICE)())
    listed = map(_fields, sentinel.ask("SENTINEL", "REPLICAS", SERVICE)())
    well = [each for each in listed if each["master-link-status"] == "ok" and each["flags"] == "slave"]
    knows = (int(told["port"]), told["flags"], int(told["num-other-sentinels"]), len(well))
    return knows == (port, "master", others, replicas)


def _fields(reply: Any) -> dict[str, str]:
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))


@dataclass
class Cluster:
    """Masters, each with some of the slots, and their replicas."""

    masters: list[EmbeddedServer]
    replicas: list[EmbeddedServer]

    @property
    def url(self) -> str:
        return f"redis+cluster://{','.join(f'127.0.0.1:{port_of(server)}' for server in self.masters)}/"

    def owner(self, key: str) -> EmbeddedServer:
        """The master that has a key's slot, by its own word."""
        slot = key_slot(key.encode())
        return next(server for server in self.masters if slot in own_slots(server))

    def write(self, *command: str) -> Any:
        """Execute a command where its key belongs."""
        return writer_of(self.owner(command[1])).execute_command(*command)

    def begin_move(self, slot: int, source: EmbeddedServer, target: EmbeddedServer) -> None:
        """Open a slot's migration."""
        writer_of(target).execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", node_id(source))
        writer_of(source).execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", node_id(target))

    def move_keys(self, slot: int, source: EmbeddedServer, target: EmbeddedServer, most: int = 10_000) -> int:
        """Move some of a slot's keys."""
        with writer_of(source) as moving:
            keys = moving.execute_command("CLUSTER", "GETKEYSINSLOT", slot, most)
            if keys:
                moving.execute_command("MIGRATE", "127.0.0.1", port_of(target), "", 0, 5000, "KEYS", *keys)
            return len(keys)

    def end_move(self, slot: int, target: EmbeddedServer) -> None:
        """Give the slot to its new owner."""
        owner = node_id(target)
        for server in (target, *(each for each in self.masters if each is not target)):
            writer_of(server).execute_command("CLUSTER", "SETSLOT", slot, "NODE", owner)


def node_id(server: EmbeddedServer) -> str:
    """The name of a server among the nodes."""
    return str(writer_of(server).execute_command("CLUSTER", "MYID"))


def own_slots(server: EmbeddedServer) -> set[int]:
    """The slots that a server says are its own."""
    listed = redis.Redis.from_url(server.socket_url).execute_command("CLUSTER NODES")
    own = next(node for node in listed.values() if "myself" in node["flags"])
    return {slot for part in own["slots"] for slot in range(int(part[0]), int(part[-1]) + 1)}


@contextmanager
def cluster(masters: int = 3, replicas: int = 0, args: Sequence[str] = ()) -> Iterator[Cluster]:
    """A cluster whose slots are dealt out evenly; each of the first masters has one of the replicas."""
    options = [
        *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
        *("--cluster-node-timeout", f"{NODE_TIMEOUT * 1000:.0f}", *args),
    ]
    with ExitStack() as stack:
        servers = [
            stack.enter_context(EmbeddedServer(port=0, args=options)) for _ in range(masters + replicas)
        ]
        found = Cluster(servers[:masters], servers[masters:])
        for number, server in enumerate(servers):
            client = writer_of(server)
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number:
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", port_of(servers[0]))
            if number < masters:
                first, end = SLOTS * number // masters, SLOTS * (number + 1) // masters
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
        wait_until(lambda: all(_knows(server, len(servers)) for server in servers))
        for replica, master in zip(found.replicas, found.masters, strict=False):
            writer_of(replica).config_set("repl-diskless-sync-delay", 0)
            writer_of(master).config_set("repl-diskless-sync-delay", 0)
            writer_of(replica).execute_command("CLUSTER", "REPLICATE", node_id(master))
        wait_until(lambda: all(_is_whole(server) for server in found.masters))
        wait_until(lambda: all(writer_of(each).role()[3] == "connected" for each in found.replicas))
        yield found


def _knows(server: EmbeddedServer, count: int) -> bool:
    listed = redis.Redis.from_url(server.socket_url).execute_command("CLUSTER NODES")
    return len(listed) == count and not any("handshake" in node["flags"] for node in listed.values())


def _is_whole(server: EmbeddedServer) -> bool:
    told = redis.Redis.from_url(server.socket_url).execute_command("CLUSTER INFO")
    return bool(told["cluster_state"] == "ok" and int(told["cluster_slots_assigned"]) == SLOTS)
