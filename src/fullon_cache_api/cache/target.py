"""Which Redis is read: an address and credentials, from a URL or from its parts."""

import ipaddress
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from .connection import Connection

CONNECT_TIMEOUT = 0.8
"""Seconds to reach Redis in: under the second in which a request must hear that it is down."""

TLS_OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
_OPTIONS = {"db"} | TLS_OPTIONS
_DATABASE = re.compile(r"[0-9]{1,10}")
_MAX_DB = 2**31 - 1
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


class TargetError(ValueError):
    """A Redis address that cannot be used; the text never repeats it, for it may hold a password."""


@dataclass(frozen=True, slots=True)
class RedisTarget:
    """One Redis server. `path` is a unix socket, and then `host` and `port` do not count."""

    host: str = "localhost"
    port: int = 6379
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    path: str | None = None
    tls: bool = False
    tls_ca_file: str | None = None
    tls_cert_file: str | None = None
    tls_key_file: str | None = None
    tls_verify: bool = True
    tls_check_hostname: bool = True
    mode: ClassVar[str] = "standalone"
    topology_commands: ClassVar[frozenset[str]] = frozenset()
    tracks: ClassVar[bool] = True

    @classmethod
    def from_url(cls, url: str) -> "RedisTarget":
        """Read `redis://`, `rediss://` (TLS) or `unix://`; `?db=` or the path names the database.

        Raises TargetError for whatever it would otherwise have to guess.
        """
        parts = split(url)
        local, tls = parts.scheme == "unix", parts.scheme == "rediss"
        options = options_of(parts.query, _OPTIONS)
        if not tls and TLS_OPTIONS & options.keys():
            raise TargetError("options that begin with ssl_ need rediss://")
        if "ssl_keyfile" in options and "ssl_certfile" not in options:
            raise TargetError("ssl_keyfile needs ssl_certfile")
        return cls(
            host=unquoted(parts.hostname or "localhost"),
            port=6379 if parts.port is None else parts.port,
            db=_database("" if local else parts.path.strip("/"), options),
            username=unquoted(parts.username) if parts.username else None,
            password=unquoted(parts.password) if parts.password else None,
            path=unquoted(parts.path) if local else None,
            tls=tls,
            tls_ca_file=options.get("ssl_ca_certs"),
            tls_cert_file=options.get("ssl_certfile"),
            tls_key_file=options.get("ssl_keyfile"),
            tls_verify=choice("ssl_cert_reqs", options, yes="required", no="none"),
            tls_check_hostname=choice("ssl_check_hostname", options, yes="true", no="false"),
        )

    def connection(self) -> "Connection":
        """Return a new connection, not yet opened.

        RESP2 without CLIENT SETINFO or HELLO: the handshake needs no permission beyond AUTH and SELECT.
        No timeout on the socket: deadlines are kept per batch of commands.
        """
        # Who only reads settings needs no redis-py, which takes longer to import than all else.
        from .dial import connection_to

        return connection_to(self)

    def is_same(self, other: "RedisTarget") -> bool:
        """Whether another target is the same database of the same server, as far as the machine knows."""
        if self.db != other.db:
            return False
        if self.path is not None or other.path is not None:
            return self.path is not None and other.path is not None and _is_same_file(self.path, other.path)
        return self.port == other.port and not _addresses(self.host).isdisjoint(_addresses(other.host))

    def __str__(self) -> str:
        """The address without credentials, for logs and the start-up text."""
        if self.path is not None:
            return f"unix://{self.path}?db={self.db}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.tls else 'redis'}://{host}:{self.port}/{self.db}"


def _addresses(host: str) -> set[str]:
    """Return a host's name and all addresses that it has here; every loopback address counts as one."""
    found = {host.lower().rstrip(".")}
    # A name that nobody knows now is still a name.
    with suppress(OSError):
        for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
            found.add(_counted(str(address[0]).partition("%")[0]))
    return found


def _counted(address: str) -> str:
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    # Who connects to 0.0.0.0 or :: reaches the machine itself.
    return "loopback" if ip.is_loopback or ip.is_unspecified else str(ip)


def _is_same_file(one: str, other: str) -> bool:
    return Path(one).resolve() == Path(other).resolve()


def refuse_unclear(url: str) -> None:
    """Raise TargetError for what `urlsplit` drops, or takes for something else than was meant."""
    if " " in url or not url.isprintable():
        raise TargetError("it holds a space or a control character")
    if "#" in url:
        raise TargetError("it holds a #, which is %23 in a password or a path")


def split(url: str) -> SplitResult:
    """Return the parts of an address; `urlsplit` passes over much that must not be passed over here."""
    scheme, mark, _ = url.partition("://")
    if not mark or scheme.lower() not in ("redis", "rediss", "unix"):
        raise TargetError(
            "it must start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://"
        )
    refuse_unclear(url)
    try:
        parts = urlsplit(url)
    except ValueError:
        raise TargetError("the host cannot be read") from None
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise TargetError("the port is not a number from 1 to 65535")
    if parts.scheme == "unix" and (parts.netloc.rpartition("@")[2] or not parts.path):
        raise TargetError("unix:// needs the path of a socket, and no host: unix:///run/redis.sock")
    return parts


def options_of(query: str, known: set[str]) -> dict[str, str]:
    """Return a query's options; raises TargetError for one that is not known, is empty or comes twice."""
    options: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if name not in known:
            # It may be the rest of a password that holds a "?".
            raise TargetError(f"an option is not known; known are {', '.join(sorted(known))}")
        if name in options:
            raise TargetError(f"the option {name} is given twice")
        if not value:
            raise TargetError(f"the option {name} is empty")
        options[name] = unquoted(value)
    return options


def unquoted(text: str) -> str:
    """Return a text without its %-escapes."""
    if _BROKEN_ESCAPE.search(text):
        raise TargetError("it holds a % without two hexadecimal digits; a % itself is %25")
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise TargetError("what its %-escapes stand for is not UTF-8") from None
    if "\0" in decoded:
        raise TargetError("it holds %00")
    return decoded


def _database(path: str, options: Mapping[str, str]) -> int:
    if path and "db" in options:
        raise TargetError("the database is given twice")
    text = options.get("db", path or "0")
    if not _DATABASE.fullmatch(text) or int(text) > _MAX_DB:
        raise TargetError(f"the database is not a number from 0 to {_MAX_DB}")
    return int(text)


def choice(name: str, options: Mapping[str, str], *, yes: str, no: str) -> bool:
    """Return whether an option says yes, as it does where it is not given."""
    text = options.get(name, yes).lower()
    if text not in (yes, no):
        raise TargetError(f"the option {name} is neither {yes} nor {no}")
    return text == yes
