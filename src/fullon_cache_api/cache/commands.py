"""The closed list of Redis commands that this project may send; none of them can change anything."""

from typing import TypeAlias

from .errors import CommandRefused

Command: TypeAlias = tuple[str | int | bytes, ...]
"""A command with its arguments, as redis-py packs it: `("HGET", key, field)`."""

READ_COMMANDS = frozenset(
    {
        "GET",
        "HGET",
        "HGETALL",
        "HLEN",
        "HMGET",
        "HSCAN",
        "LLEN",
        "LRANGE",
        "PING",
        "PTTL",
        "SCAN",
    }
)


def refuse_writes(commands: tuple[Command, ...]) -> None:
    """Raise CommandRefused for the first command that is not on the list, before anything is sent."""
    for command in commands:
        if command[0] not in READ_COMMANDS:
            raise CommandRefused(str(command[0]))
