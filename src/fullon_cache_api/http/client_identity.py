"""Whom a request is counted for."""

import ipaddress
from functools import lru_cache

from starlette.types import Scope

IDENTITY = "fullon_cache_api.identity"
"""Where in a scope's state the name stands by which a request was authenticated."""


def identity(scope: Scope) -> str:
    """Return who sent a request: the name by which it was authenticated, else its address.

    The two cannot be mistaken for one another, and only the second is for a client to choose.
    """
    name = scope.get("state", {}).get(IDENTITY)
    if name is not None:
        return f"key {name}"
    client = scope.get("client")
    return f"address {_network(client[0])}" if client else "address unknown"


def is_authenticated(who: str) -> bool:
    """Whether an identity is one that a client cannot make up."""
    return who.startswith("key ")


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
