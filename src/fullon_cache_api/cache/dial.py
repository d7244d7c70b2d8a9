"""A target's connections, by redis-py."""

import ssl
from typing import TypedDict

from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

from .bounded import BoundedParser
from .target import CONNECT_TIMEOUT, RedisTarget


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


def connection_to(target: RedisTarget) -> Connection | UnixDomainSocketConnection:
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
        return UnixDomainSocketConnection(path=target.path, **common)
    if target.tls:
        return SSLConnection(
            host=target.host,
            port=target.port,
            ssl_ca_certs=target.tls_ca_file,
            ssl_certfile=target.tls_cert_file,
            ssl_keyfile=target.tls_key_file,
            ssl_cert_reqs=ssl.CERT_REQUIRED if target.tls_verify else ssl.CERT_NONE,
            ssl_check_hostname=target.tls_check_hostname and target.tls_verify,
            **common,
        )
    return Connection(host=target.host, port=target.port, **common)
