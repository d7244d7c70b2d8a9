"""Cursors of SCAN and HSCAN that name the server which gave them: no other one can go on from there."""

from .commands import Command
from .reply import Reply

START = b"0"
"""The cursor at which a SCAN or HSCAN begins, and which it gives where it has ended."""

_PLACES = {"SCAN": 1, "HSCAN": 2}
"""Which word of a command is its cursor."""


def has_cursor(command: Command) -> bool:
    """Whether a command is one of those that read page by page."""
    return command[0] in _PLACES


def at(server: bytes, command: Command) -> Command:
    """Return the command for a server: one that goes on elsewhere begins anew there.

    Whatever it finds once more is dropped by who asks: HSCAN and SCAN repeat elements anyway.
    """
    place = _PLACES.get(str(command[0]))
    if place is None or len(command) <= place:
        return command
    named, mark, cursor = _bytes(command[place]).rpartition(b"/")
    return (*command[:place], cursor if named == server or not mark else START, *command[place + 1 :])


def named(server: bytes, command: Command, reply: Reply) -> Reply:
    """Return a server's reply to a command, whose cursor names the server where it is to be gone on from."""
    if has_cursor(command):
        match reply:
            case [bytes(cursor), *others] if cursor != START:
                return [server + b"/" + cursor, *others]
    return reply


def _bytes(word: str | int | bytes) -> bytes:
    return word if isinstance(word, bytes) else str(word).encode()
