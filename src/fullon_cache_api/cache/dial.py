"""A target's connections, by redis-py."""

import ssl
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias, TypedDict

from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    RedisSSLContext,
    SSLConnection,
    UnixDomainSocketConnection,
)

from .bounded import BoundedParser
from .target import CONNECT_TIMEOUT, RedisTarget

State: TypeAlias = tuple[tuple[int, int, int], ...]
"""Of each file: when it was changed, which one it is, and its bytes."""


class _Common(TypedDict):
    """What every kind of connection takes."""

    db: int
    username: str | None
    password: str | None
    socket_timeout: float | None
    socket_connect_timeout: float
    protocol: int
    parser_class: type[BoundedParser]
    driver_info: None
    socket_read_size: int


class _Bounded(AbstractConnection):
    """What redis-py does not say of a connection without leaving the event loop's turn."""

    def has_unread(self) -> bool:
        """Whether anything has reached this machine that was not read: data, or the end of the connection."""
        parser: BoundedParser = self._parser  # type: ignore[assignment]
        return parser.has_unread()


class TcpConnection(_Bounded, Connection):
    """A connection to a host."""


class TlsConnection(_Bounded, SSLConnection):
    """A connection to a host, by TLS."""


class UnixConnection(_Bounded, UnixDomainSocketConnection):
    """A connection to a socket of this machine."""


class _OwnAuthority(RedisSSLContext):
    """Believes the authority that is given alone; redis-py believes those of the machine besides."""

    __slots__ = ()

    def get(self) -> ssl.SSLContext:
        """Return the context; raises OSError where a file cannot be used."""
        if self.context is None and self.ca_certs is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = self.check_hostname
            context.verify_mode = ssl.VerifyMode(self.cert_reqs)
            context.load_verify_locations(self.ca_certs)
            if self.certfile is not None:
                context.load_cert_chain(self.certfile, self.keyfile)
            self.context = context
        return super().get()


def connection_to(target: RedisTarget) -> TcpConnection | TlsConnection | UnixConnection:
    """Return a new connection, not yet opened."""
    common: _Common = {
        "db": target.db,
        "username": target.username,
        "password": target.password,
        "socket_timeout": None,
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "protocol": 2,
        "driver_info": None,
        "socket_read_size": 1 << 18,
        "parser_class": BoundedParser,
    }
    if target.path is not None:
        return UnixConnection(path=target.path, **common)
    if target.tls:
        connection = TlsConnection(host=target.host, port=target.port, **common)
        files = (target.tls_ca_file, target.tls_cert_file, target.tls_key_file)
        check_hostname = target.tls_check_hostname and target.tls_verify
        connection.ssl_context = _context(*files, target.tls_verify, check_hostname, _state(files))
        return connection
    return TcpConnection(host=target.host, port=target.port, **common)


@lru_cache(8)
def _context(
    ca: str | None, certificate: str | None, key: str | None, verify: bool, check_hostname: bool, state: State
) -> RedisSSLContext:
    """Return what connections have in common as long as the `state` of the files is the same.

    To read those of the machine takes some 50 ms, in which no request is answered.
    """
    return _OwnAuthority(
        keyfile=key,
        certfile=certificate,
        cert_reqs=ssl.CERT_REQUIRED if verify else ssl.CERT_NONE,
        ca_certs=ca,
        check_hostname=check_hostname,
    )


def _state(files: Iterable[str | None]) -> State:
    """Return what is another one once any of the files has been replaced, or written to."""
    state: list[tuple[int, int, int]] = []
    for file in files:
        try:
            found = Path(file or "").stat()
            state.append((found.st_mtime_ns, found.st_ino, found.st_size))
        except OSError:
            # Whoever reads it says what is wrong with it.
            state.append((0, 0, 0))
    return tuple(state)
