"""How Redis is set up: one server, a master that Sentinels watch over, or a cluster."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeAlias

from .target import TLS_OPTIONS, RedisTarget, TargetError, choice, options_of, refuse_unclear, split, unquoted

SENTINEL_PORT = 26379

_SCHEMES = ("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
_SENTINEL_OPTIONS = {"replicas", "sentinel_username", "sentinel_password"}


@dataclass(frozen=True, slots=True)
class SentinelTarget:
    """The master of the name `service`, or a replica of it; `sentinels` know where it is.

    `server` has all that is the same for every server: database, credentials and TLS.
    """

    mode: ClassVar[str] = "sentinel"

    sentinels: tuple[RedisTarget, ...]
    service: str
    server: RedisTarget = field(default_factory=RedisTarget)
    replicas: bool = False

    @property
    def db(self) -> int:
        """The number of the database."""
        return self.server.db

    @property
    def topology_commands(self) -> frozenset[str]:
        """What is sent to the servers beside reads."""
        return frozenset({"ROLE", "INFO"} if self.replicas else {"ROLE"})

    @property
    def tracks(self) -> bool:
        """Whether coherent endpoints can have copies: a replica hears of changes later than its master."""
        return not self.replicas

    def __str__(self) -> str:
        """The address without credentials."""
        query = "?replicas=true" if self.replicas else ""
        return f"{_shown('sentinel', self.sentinels)}/{self.service}/{self.db}{query}"


@dataclass(frozen=True, slots=True)
class ClusterTarget:
    """A Redis Cluster, whose nodes are learnt from `seeds`; `server` has all that is the same for each."""

    mode: ClassVar[str] = "cluster"
    db: ClassVar[int] = 0
    topology_commands: ClassVar[frozenset[str]] = frozenset({"ASKING", "CLUSTER NODES"})
    tracks: ClassVar[bool] = False

    seeds: tuple[RedisTarget, ...]
    server: RedisTarget = field(default_factory=RedisTarget)

    def __str__(self) -> str:
        """The address without credentials."""
        return f"{_shown('cluster', self.seeds)}/"


Deployment: TypeAlias = RedisTarget | SentinelTarget | ClusterTarget


def parse_url(url: str) -> Deployment:
    """Read `redis://`, `rediss://`, `unix://`, or one of these with a `+`, an `s` before which means TLS:

    `redis+sentinel://user:password@host:port,host/service/db?replicas=true`, where user and password are
    those of the servers, and `sentinel_username` and `sentinel_password` those of the Sentinels;
    `redis+cluster://user:password@host:port,host/`.

    Raises TargetError for whatever it would otherwise have to guess.
    """
    scheme, mark, rest = url.partition("://")
    if not mark or scheme.lower() not in _SCHEMES:
        return RedisTarget.from_url(url)
    refuse_unclear(url)
    start, _, kind = scheme.lower().partition("+")
    before, _, query = rest.partition("?")
    authority, _, path = before.partition("/")
    userinfo, at, hosts = authority.rpartition("@")
    known = TLS_OPTIONS if kind == "cluster" else TLS_OPTIONS | _SENTINEL_OPTIONS
    options = options_of(query, known)
    tls_query = "&".join(pair for pair in query.split("&") if pair.partition("=")[0] in TLS_OPTIONS)
    server = RedisTarget.from_url(f"{start}://{userinfo}{at}?{tls_query}")
    if kind == "cluster":
        if path.strip("/") not in ("", "0"):
            raise TargetError("a cluster has no database but 0")
        return ClusterTarget(_servers(hosts, server, 6379), server)
    service, _, db = path.partition("/")
    if not service:
        raise TargetError("the name of the master is missing: redis+sentinel://host:26379/mymaster")
    asked = replace(
        server, username=options.get("sentinel_username"), password=options.get("sentinel_password")
    )
    if asked.username is not None and asked.password is None:
        raise TargetError("sentinel_username needs sentinel_password")
    return SentinelTarget(
        _servers(hosts, asked, SENTINEL_PORT),
        unquoted(service),
        replace(server, db=RedisTarget.from_url(f"redis:///{db}").db),
        choice("replicas", {"replicas": "false", **options}, yes="true", no="false"),
    )


def _servers(hosts: str, like: RedisTarget, port: int) -> tuple[RedisTarget, ...]:
    """Return the servers that a list of hosts names, each with its port or without."""
    found: list[RedisTarget] = []
    for each in hosts.split(","):
        parts = split(f"redis://{each}")
        if not parts.hostname:
            raise TargetError("a host is missing")
        server = replace(like, host=unquoted(parts.hostname), port=parts.port or port)
        if server in found:
            raise TargetError("a host is given twice")
        found.append(server)
    return tuple(found)


def _shown(kind: str, servers: tuple[RedisTarget, ...]) -> str:
    scheme = "rediss" if servers[0].tls else "redis"
    return f"{scheme}+{kind}://{','.join(map(address, servers))}"


def address(server: RedisTarget) -> str:
    """Return a server's host and port."""
    return str(server).partition("://")[2].rpartition("/")[0]
