"""One round trip: which commands go out for which calls, and which reply is whose."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from hiredis import pack_command

from .bounded import MAX_REPLY
from .call import Call
from .commands import Command
from .cursor import CONNECTION, at, has_cursor, named
from .errors import CacheUnavailable, CommandRefused, CorruptValue, CursorLost
from .reply import Reply

MAX_BATCH = 1_000
"""Commands in one round trip: a longer queue is sent in turns, so that its first answers come early."""

_packed: Callable[[Command], bytes] = pack_command  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A stretch of a batch: what is sent, how many replies come back, and which calls wait for them.

    The calls of one group have asked for the same, and share it. `pages_of` names the connection that their
    cursors are of, where they have any.
    """

    groups: Sequence[Sequence[Call]]
    packed: list[bytes]
    pages_of: bytes | None = None

    def give(self, replies: list[Reply]) -> None:
        """Answer the calls with the replies to what was sent."""
        if self.pages_of is not None:
            name, commands = self.pages_of, self.groups[0][0].commands
            pairs = zip(commands, replies, strict=True)
            replies = [named(name, command, reply, CONNECTION) for command, reply in pairs]
        if len(self.groups) == 1:
            for call in self.groups[0]:
                call.answer(replies)
        else:
            self._deal(replies[0])

    def refuse(self, read: int) -> None:
        """Fail the calls whose reply, after so many that were read, is too large to be read.

        Of several HMGETs that were sent as one it is not known whose it is: they are to be sent alone.
        """
        for call in chain.from_iterable(self.groups):
            if len(self.groups) > 1:
                call.alone = True
            else:
                command = call.commands[read]
                call.fail(CorruptValue(str(command[1]), f"it is larger than {MAX_REPLY // 1_000_000} MB"))

    def _deal(self, values: Reply) -> None:
        """Answer each of several HMGETs that were sent as one, with what it asked for."""
        if not isinstance(values, list):
            for call in chain.from_iterable(self.groups):
                call.answer([values])
            return
        start = 0
        for calls in self.groups:
            end = start + len(calls[0].commands[0]) - 2
            own: list[Reply] = [values[start:end]]
            for call in calls:
                if end <= len(values):
                    call.answer(own)
                else:
                    call.fail(CacheUnavailable("unexpected reply"))
            start = end


def first_batch(waiting: list[Call], most: int = MAX_BATCH) -> list[Call]:
    """Return the calls from the head of a queue up to the one that brings them to so many commands."""
    size = 0
    for count, call in enumerate(waiting, 1):
        size += len(call.commands)
        if size >= most:
            return waiting[:count]
    return waiting


def pack(batch: Iterable[Call], connection: bytes = b"") -> list[Part]:
    """Return a batch as RESP; a call that holds what cannot be sent fails, alone.

    What goes on from a cursor of another `connection` than the one of that name fails, too.

    What several calls ask for is sent once: all of them have asked before it is. Those that do nothing but
    HMGET on the same key are sent as one: this spares Redis and the client a command and a reply for all but
    the first of them.
    """
    hashes: dict[str, dict[Command, list[Call]]] = {}
    others: dict[object, list[Call]] = {}
    for call in batch:
        key = _hash(call)
        try:
            if key is not None:
                hashes.setdefault(key, {}).setdefault(call.commands[0], []).append(call)
            else:
                others.setdefault(call.commands, []).append(call)
        except TypeError:
            # It holds what has no hash, and so what cannot be sent.
            others[call] = [call]
    parts = [part for calls in others.values() for part in _alone(calls, connection)]
    for alike in hashes.values():
        groups = list(alike.values())
        parts += _merged(groups) if len(groups) > 1 else _alone(groups[0], connection)
    return parts


def _hash(call: Call) -> str | None:
    """Return the key of the hash whose fields are all that a call asks for, else None."""
    if len(call.commands) == 1 and not call.alone:
        command = call.commands[0]
        # Without a field it is an error, which must stay its own; so must a key that cannot be sent.
        if command[0] == "HMGET" and len(command) > 2 and isinstance(command[1], str):
            return command[1]
    return None


def _merged(groups: list[list[Call]]) -> list[Part]:
    fields = chain.from_iterable(calls[0].commands[0][2:] for calls in groups)
    try:
        return [Part(groups, [_packed((*groups[0][0].commands[0][:2], *fields))])]
    except Exception:
        # One of them holds what cannot be sent.
        return [part for calls in groups for part in _alone(calls, b"")]


def _alone(calls: list[Call], connection: bytes) -> list[Part]:
    commands = calls[0].commands
    try:
        if any(map(has_cursor, commands)):
            packed = [_packed(at(connection, command, CONNECTION)) for command in commands]
            return [Part((calls,), packed, connection)]
        return [Part((calls,), [_packed(command) for command in commands])]
    except CursorLost as error:
        for call in calls:
            call.fail(error)
        return []
    except Exception:
        for call in calls:
            call.fail(CommandRefused(str(call.commands[0][0]), "holds what is neither text nor an integer"))
        return []
