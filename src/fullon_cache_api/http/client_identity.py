"""Whom a request is counted for."""

import ipaddress
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from starlette.types import Scope

NameOf: TypeAlias = Callable[[Sequence[tuple[bytes, bytes]]], str | None]
"""Returns the name by which headers authenticate a request, None where they do not; never `address …`."""


def identity(scope: Scope, name_of: NameOf) -> str:
    """Return who sent a request: the name by which it is authenticated, else its address.

    The two cannot be mistaken for one another, and only the second is for a client to choose.
    """
    name = name_of(scope["headers"])
    if name is not None:
        return name
    client = scope.get("client")
    return f"address {_network(client[0])}" if client else "address unknown"


def is_authenticated(who: str) -> bool:
    """Whether an identity is one that a client cannot make up."""
    return not who.startswith("address ")


@lru_cache(4_096)
def _network(host: str) -> str:
    """Return an address as it is counted: of IPv6 the network of 64 bits, which one client may have."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # What a trusted proxy wrote, at whatever length.
        return host[:64]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
