"""Which Redis is read: an address and credentials, from a URL or from its parts."""

import ssl
from dataclasses import dataclass, field
from typing import TypedDict
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

CONNECT_TIMEOUT = 0.8
"""Seconds to reach Redis in: under the second in which a request must hear that it is down."""

_OPTIONS = {"db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
_MAX_DB = 2**31 - 1


class _Common(TypedDict):
    """What every kind of connection takes."""

    db: int
    username: str | None
    password: str | None
    socket_timeout: float | None
    socket_connect_timeout: float
    protocol: int
    driver_info: None
    socket_read_size: int


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
    mode: str = "standalone"

    @classmethod
    def from_url(cls, url: str) -> "RedisTarget":
        """Read `redis://`, `rediss://` (TLS) or `unix://`; `?db=` or the path names the database.

        Raises TargetError for whatever it would otherwise have to guess.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise TargetError("the port is not a number from 1 to 65535") from None
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise TargetError("it must start with redis://, rediss:// or unix://")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        unknown = sorted(options.keys() - _OPTIONS)
        if unknown:
            raise TargetError(f"unknown option {unknown[0]}; known are {', '.join(sorted(_OPTIONS))}")
        local = parts.scheme == "unix"
        if local and not parts.path:
            raise TargetError("unix:// needs the path of a socket")
        named = options.get("db", "" if local else parts.path.strip("/")) or "0"
        return cls(
            host=unquote(parts.hostname or "localhost"),
            port=port if port is not None else 6379,
            db=_database(named),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            path=unquote(parts.path) if local else None,
            tls=parts.scheme == "rediss",
            tls_ca_file=options.get("ssl_ca_certs"),
            tls_cert_file=options.get("ssl_certfile"),
            tls_key_file=options.get("ssl_keyfile"),
            tls_verify=_verify(options.get("ssl_cert_reqs", "required")),
            tls_check_hostname=_boolean(options.get("ssl_check_hostname", "true"), "ssl_check_hostname"),
        )

    def connection(self) -> Connection | UnixDomainSocketConnection:
        """Return a new connection, not yet opened.

        RESP2 without CLIENT SETINFO or HELLO: the handshake needs no permission beyond AUTH and SELECT.
        No timeout on the socket: deadlines are kept per batch of commands.
        """
        common: _Common = {
            "db": self.db,
            "username": self.username,
            "password": self.password,
            "socket_timeout": None,
            "socket_connect_timeout": CONNECT_TIMEOUT,
            "protocol": 2,
            "driver_info": None,
            "socket_read_size": 1 << 18,
        }
        if self.path is not None:
            return UnixDomainSocketConnection(path=self.path, **common)
        if self.tls:
            return SSLConnection(
                host=self.host,
                port=self.port,
                ssl_ca_certs=self.tls_ca_file,
                ssl_certfile=self.tls_cert_file,
                ssl_keyfile=self.tls_key_file,
                ssl_cert_reqs=ssl.CERT_REQUIRED if self.tls_verify else ssl.CERT_NONE,
                ssl_check_hostname=self.tls_check_hostname and self.tls_verify,
                **common,
            )
        return Connection(host=self.host, port=self.port, **common)

    def __str__(self) -> str:
        """The address without credentials, for logs and the start-up text."""
        if self.path is not None:
            return f"unix://{self.path}?db={self.db}"
        return f"{'rediss' if self.tls else 'redis'}://{self.host}:{self.port}/{self.db}"


def _database(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > _MAX_DB:
        raise TargetError("the database is not a number")
    return int(text)


def _verify(text: str) -> bool:
    if text not in ("required", "none"):
        raise TargetError("ssl_cert_reqs is neither required nor none")
    return text == "required"


def _boolean(text: str, name: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise TargetError(f"{name} is neither true nor false")
    return text.lower() == "true"
