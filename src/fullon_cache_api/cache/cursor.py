"""Cursors of SCAN and HSCAN that name who gave them: nobody else can go on from there.

A cursor is a place in the order of the process that gave it, which no other has: one that was started again
with the same data would pass over elements. A connection that is still the same one is to the same process.
"""

from .commands import Command
from .errors import CursorLost
from .reply import Reply

START = b"0"
"""The cursor at which a SCAN or HSCAN begins, and which it gives where it has ended."""

_PLACES = {"SCAN": 1, "HSCAN": 2}
"""Which word of a command is its cursor."""


def has_cursor(command: Command) -> bool:
    """Whether a command is one of those that read page by page."""
    return command[0] in _PLACES


SERVER = b"/"
CONNECTION = b"@"
"""What stands between a name and its cursor: a server's name may be before that of a connection."""


def at(name: bytes, command: Command, sign: bytes = SERVER) -> Command:
    """Return the command for a server or a connection; raises CursorLost where it goes on from others."""
    place = _PLACES.get(str(command[0]))
    if place is None or len(command) <= place:
        return command
    named, mark, cursor = _bytes(command[place]).rpartition(sign)
    if mark and named != name:
        raise CursorLost
    return (*command[:place], cursor, *command[place + 1 :])


def anew(command: Command) -> Command:
    """Return the command from the first page on."""
    place = _PLACES[str(command[0])]
    return (*command[:place], START, *command[place + 1 :])


def named(name: bytes, command: Command, reply: Reply, sign: bytes = SERVER) -> Reply:
    """Return the reply to a command, whose cursor names who gave it where it is to be gone on from."""
    if has_cursor(command):
        match reply:
            case [bytes(cursor), *others] if cursor != START:
                return [name + sign + cursor, *others]
    return reply


def _bytes(word: str | int | bytes) -> bytes:
    return word if isinstance(word, bytes) else str(word).encode()
