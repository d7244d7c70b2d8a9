"""The least rights in Redis' ACL with which a gateway can serve a spec (Redis 7 and newer: `%R~`)."""

import re
from collections.abc import Iterable, Iterator

from fullon_cache_api.cache.tracking import CHANNEL, TRACKING_COMMANDS
from fullon_cache_api.spec import Endpoint, Spec

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_GLOB = re.compile(r"[*?\[\]\\]")
_SYSTEM_COMMANDS = frozenset({"PING"})


def acl_rules(
    spec: Spec, db: int = 0, topology_commands: Iterable[str] = (), *, tracks: bool = True
) -> tuple[str, ...]:
    """Return the rules of a user who can do what the native reads of a spec do, and nothing else.

    `topology_commands` are what is sent to find out which server to read, and `tracks` says whether
    coherent endpoints have copies.

    They are words of ACL SETUSER: commands, key patterns that may be read only (`%R~`), channels. A database
    other than 0 has to be selected. What is sent at connect beside that (AUTH) is allowed to everybody.
    """
    commands = {
        *_SYSTEM_COMMANDS,
        *topology_commands,
        *(name for endpoint in spec.endpoints for name in _commands(endpoint)),
    }
    if db:
        commands.add("SELECT")
    channels = []
    if tracks and any(endpoint.coherent for endpoint in spec.endpoints):
        commands |= TRACKING_COMMANDS
        channels.append(f"&{CHANNEL.decode()}")
    return (
        "resetchannels",
        "-@all",
        *(f"+{name.lower().replace(' ', '|')}" for name in sorted(commands)),
        *(f"%R~{key_pattern(key)}" for key in keys_read(spec)),
        *channels,
    )


def setuser_command(user: str, rules: tuple[str, ...]) -> str:
    """Return the ACL SETUSER command; whatever a user of that name could do before is taken away."""
    return " ".join(("ACL SETUSER", user, "reset", "on", ">PASSWORD", *rules))


def users_line(user: str, rules: tuple[str, ...]) -> str:
    """Return the line of an ACL file (users.acl)."""
    return " ".join(("user", user, "on", ">PASSWORD", *rules))


def keys_read(spec: Spec) -> list[str]:
    """Return the declared patterns (`tickers:{exchange}`) of all keys whose values the spec's reads use."""
    reads = (endpoint.read for endpoint in spec.endpoints)
    return sorted({key for read in reads for key in read.keys if key not in read.counted})


def example_keys(spec: Spec) -> list[str]:
    """Return a key of each of those patterns."""
    return [_PLACEHOLDER.sub("x", key) for key in keys_read(spec)]


def key_pattern(key: str) -> str:
    """Return a declared pattern as Redis' glob: `tickers:{exchange}` is `tickers:*`."""
    return "*".join(_GLOB.sub(r"\\\g<0>", text) for text in _PLACEHOLDER.split(key))


def _commands(endpoint: Endpoint) -> Iterator[str]:
    """Yield what an endpoint's read sends: without SCAN where it is always told which keys to read."""
    known = endpoint.read.no_scan_with in _always_fed(endpoint)
    return (name for name in endpoint.read.commands if not (known and name == "SCAN"))


def _always_fed(endpoint: Endpoint) -> set[str]:
    given = {each.name for each in endpoint.parameters if each.required or "default" in each.schema}
    return {
        each.argument
        for each in endpoint.bindings
        if (each.const is not None if each.parameter is None else each.parameter in given)
    }
