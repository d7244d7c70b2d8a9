"""Whether a server may listen where it is told to: beyond this machine, it must be said who may read."""

import ipaddress
import socket

from fullon_cache_api.settings import Settings, SettingsError
from fullon_cache_api.spec import Spec


def refuse_exposure(settings: Settings, spec: Spec) -> None:
    """Raise SettingsError where everybody in a network could read, and nobody has said that it is meant."""
    if spec.authenticates or settings.auth == "none" or is_loopback(settings.host):
        return
    if spec.security_schemes and spec.unsaid:
        path = spec.unsaid[0].path
        reason = f"everybody could read {path}, and nobody has said so: say `security: []` if it is meant"
        raise SettingsError("AUTH", reason)
    reason = (
        "this would let everybody who reaches this machine read all of it: let the spec ask for API keys or "
        "tokens (`securitySchemes`, `security`), listen on 127.0.0.1, or say AUTH=none if it is meant"
    )
    raise SettingsError("AUTH", reason)


def own_hosts(settings: Settings, spec: Spec) -> frozenset[bytes] | None:
    """Return the hosts that requests may name; None where it is for a key, or for nobody, to say who may ask.

    Where everybody on this machine may, so might each web page that its browsers show: whose name leads to
    127.0.0.1 (DNS rebinding) would be of the same origin as the gateway.
    """
    if spec.authenticates or settings.auth == "none":
        return None
    host = settings.host.lower()
    return frozenset({b"localhost", b"127.0.0.1", b"[::1]", (f"[{host}]" if ":" in host else host).encode()})


def is_loopback(host: str) -> bool:
    """Whether a host is nothing but addresses that only this machine reaches; 0.0.0.0 and :: are not."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        # Nothing can listen there either, and whoever tries says why.
        return True
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)
