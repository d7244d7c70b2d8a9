"""One round trip: which commands go out for which calls, and which reply is whose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from hiredis import pack_command

from .call import Call
from .commands import Command
from .connection import Reply
from .errors import CacheUnavailable, CommandRefused

MAX_BATCH = 1_000
"""Commands in one round trip: a longer queue is sent in turns, so that its first answers come early."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A stretch of a batch: what is sent for some calls, and how many replies come back to them."""

    calls: Sequence[Call]
    packed: list[bytes]

    def give(self, replies: list[Reply]) -> None:
        """Answer the calls with the replies to what was sent."""
        if len(self.calls) == 1:
            self.calls[0].answer(replies)
        else:
            self._deal(replies[0])

    def _deal(self, values: Reply) -> None:
        """Answer each of several HMGETs that were sent as one, with what it asked for."""
        if not isinstance(values, list):
            for call in self.calls:
                call.answer([values])
            return
        start = 0
        for call in self.calls:
            end = start + len(call.commands[0]) - 2
            if end <= len(values):
                call.answer([values[start:end]])
            else:
                call.fail(CacheUnavailable("unexpected reply"))
            start = end


def first_batch(waiting: list[Call], most: int = MAX_BATCH) -> list[Call]:
    """Return the calls from the head of a queue that have at most so many commands, at least one call."""
    size = 0
    for count, call in enumerate(waiting, 1):
        size += len(call.commands)
        if size >= most:
            return waiting[:count]
    return waiting


def pack(batch: Iterable[Call]) -> list[Part]:
    """Return a batch as RESP; a call that holds what cannot be sent fails, alone.

    The calls that do nothing but HMGET on the same key are sent as one: this spares Redis and the client a
    command and a reply for all but the first of them.
    """
    parts: list[Part] = []
    together: dict[str, list[Call]] = {}
    for call in batch:
        if (key := _hash(call)) is not None:
            together.setdefault(key, []).append(call)
        else:
            parts += _alone(call)
    for calls in together.values():
        parts += _merged(calls) if len(calls) > 1 else _alone(calls[0])
    return parts


def _hash(call: Call) -> str | None:
    """Return the key of the hash whose fields are all that a call asks for, else None."""
    if len(call.commands) == 1:
        command = call.commands[0]
        # Without a field it is an error, which must stay its own; so must a key that cannot be sent.
        if command[0] == "HMGET" and len(command) > 2 and isinstance(command[1], str):
            return command[1]
    return None


def _merged(calls: list[Call]) -> list[Part]:
    fields = chain.from_iterable(call.commands[0][2:] for call in calls)
    try:
        return [Part(calls, [_packed((*calls[0].commands[0][:2], *fields))])]
    except Exception:
        # One of them holds what cannot be sent.
        return list(chain.from_iterable(map(_alone, calls)))


def _alone(call: Call) -> list[Part]:
    try:
        return [Part((call,), [_packed(command) for command in call.commands])]
    except Exception:
        call.fail(CommandRefused(str(call.commands[0][0]), "holds what is neither text nor an integer"))
        return []


def _packed(command: Command) -> bytes:
    packed: bytes = pack_command(command)  # type: ignore[arg-type]
    return packed
