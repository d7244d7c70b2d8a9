"""Local copies of replies: which are kept, for how long, and what ends them."""

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from redis.exceptions import ResponseError

from .commands import Command
from .reply import Reply

COPIED_COMMANDS = frozenset({"GET", "HGET", "HGETALL", "HLEN", "HMGET", "HSCAN", "LLEN", "LRANGE"})
"""Reads of one key, the second word of the command: all that is kept; pages of many are not asked of it. SCAN
also finds keys that are new."""

LIFETIME = 1.0
"""Seconds after which a key is read again, whatever Redis has told of it: the last safety, against a tracking
connection that died without a sign, and against changes that Redis does not tell (SWAPDB)."""

BUDGET = 8_000_000
"""Bytes, of commands and replies: for all coherent endpoints of a gateway together."""

_SHARE = 8
"""No key takes more than this part of the budget: what comes beyond it is not kept."""

_OVERHEAD = 400
"""About the bytes that Python needs for a key, and for a copy, beside those that are counted."""

_EACH = 60
"""About the bytes that Python needs for an element of a reply beside its text."""


@dataclass(slots=True, eq=False)
class Fill:
    """A read that is under way: its replies are kept unless it is `spoiled`, by a notice about a key of its.

    It was `asked` at a time of the event loop's clock, before anything was sent. Of its `keys` those that
    are `new` are asked for their time to live first: it cannot have passed then by the time of the read.
    """

    commands: tuple[Command, ...]
    asked: float
    keys: tuple[str, ...]
    new: tuple[str, ...]
    spoiled: bool = False

    @property
    def questions(self) -> tuple[Command, ...]:
        """What is to be sent: the commands, and what else is to be asked before them."""
        return (*(("PTTL", key) for key in self.new), *self.commands)

    def answers(self, replies: list[Reply]) -> list[Reply]:
        """Return those of the replies that answer the commands."""
        return replies[len(self.new) :]


@dataclass(slots=True, eq=False)
class KeyCopies:
    """What is kept of one key, `until` a time of the event loop's clock: -inf once it has been dropped.

    `made` is what users have made of its replies, which no reply replaces while they are kept.
    """

    key: str
    until: float
    size: int
    replies: dict[Command, Reply] = field(default_factory=dict)
    made: dict[Hashable, object] = field(default_factory=dict)

    def end(self) -> None:
        """Empty it for good, whoever still knows it."""
        self.until = -math.inf
        self.replies.clear()
        self.made.clear()


class Copies:
    """Replies by key and command, within a budget of bytes; the keys that were read first go first.

    Redis tells of a key, not of its fields: a notice ends all copies of the key. What Redis does not tell
    at once is that a key's time to live has passed, so that is kept with the key.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._size = 0
        self._held: OrderedDict[str, KeyCopies] = OrderedDict()
        self._fills: dict[str, set[Fill]] = {}

    @property
    def size(self) -> int:
        """About the bytes that the copies take."""
        return self._size

    def holds(self, commands: tuple[Command, ...], now: float) -> bool:
        """Whether there is a copy of the reply to each command."""
        for command in commands:
            held = self._held.get(command[1]) if len(command) > 1 else None  # type: ignore[arg-type]
            if held is None or held.until <= now or command not in held.replies:
                return False
        return True

    def find(self, commands: tuple[Command, ...], now: float) -> list[Reply] | None:
        """Return one reply per command where all of them are held, else None."""
        if not self.holds(commands, now):
            return None
        return [_own(self._held[command[1]].replies[command]) for command in commands]  # type: ignore[index]

    def of(self, commands: tuple[Command, ...]) -> KeyCopies | None:
        """Return what is kept of the key that commands are about, None where that is more than one."""
        keys = {command[1] for command in commands}
        return self._held.get(keys.pop()) if len(keys) == 1 else None  # type: ignore[arg-type]

    def begin(self, commands: tuple[Command, ...], now: float) -> Fill | None:
        """Return the fill of a read that is about to be sent, to be ended; None where it cannot be kept."""
        keys: dict[str, None] = {}
        for command in commands:
            if command[0] not in COPIED_COMMANDS or len(command) < 2 or not isinstance(command[1], str):
                return None
            keys[command[1]] = None
        fill = Fill(commands, now, tuple(keys), tuple(key for key in keys if not self._is_held(key, now)))
        for key in fill.keys:
            self._fills.setdefault(key, set()).add(fill)
        return fill

    def keep(self, fill: Fill, replies: list[Reply]) -> bool:
        """Keep the replies to a fill's questions, but errors; nothing of one that is spoiled.

        Returns whether these are all kept now, not those of another read.
        """
        if fill.spoiled:
            return False
        for key, ttl in zip(fill.new, replies, strict=False):
            # What a read that was asked before this one has brought may have ended before it came.
            if not self._is_held(key, fill.asked) and isinstance(ttl, int):
                # PTTL is in milliseconds, negative where the key stays or is not there.
                lifetime = LIFETIME if ttl < 0 else min(LIFETIME, ttl / 1000)
                self._held[key] = KeyCopies(key, fill.asked + lifetime, _OVERHEAD + len(key))
                self._size += self._held[key].size
        are_kept = True
        for command, reply in zip(fill.commands, fill.answers(replies), strict=True):
            if isinstance(reply, ResponseError) or not self._add(str(command[1]), command, reply):
                are_kept = False
        self._shrink()
        return are_kept

    def keep_made(self, held: KeyCopies, name: Hashable, made: object, size: int) -> None:
        """Keep what was made of a key's replies for as long as they are kept, if it is not too large."""
        size += _OVERHEAD
        if held.until > -math.inf and name not in held.made and held.size + size <= self._budget // _SHARE:
            held.made[name] = made
            held.size += size
            self._size += size
            self._shrink()

    def end(self, fill: Fill) -> None:
        """Forget a fill, whether it was kept or not."""
        for key in fill.keys:
            if (fills := self._fills.get(key)) is not None:
                fills.discard(fill)
                if not fills:
                    del self._fills[key]

    def invalidate(self, key: str) -> None:
        """End what is kept of a key, and spoil the reads of it that are under way."""
        self._drop(key)
        for fill in self._fills.pop(key, ()):
            fill.spoiled = True

    def clear(self) -> None:
        """End all copies, and spoil all reads that are under way."""
        for held in self._held.values():
            held.end()
        self._held.clear()
        self._size = 0
        for fills in self._fills.values():
            for fill in fills:
                fill.spoiled = True
        self._fills.clear()

    def _is_held(self, key: str, now: float) -> bool:
        held = self._held.get(key)
        if held is not None and held.until <= now:
            self._drop(key)
            return False
        return held is not None

    def _add(self, key: str, command: Command, reply: Reply) -> bool:
        held = self._held.get(key)
        if held is None:
            return False
        if command in held.replies:
            # One of both is older, and Redis has not told of it: neither is kept.
            if held.replies[command] != reply:
                self._drop(key)
            return False
        share = self._budget // _SHARE
        size = _OVERHEAD + _size(list(command), share) + _size(reply, share)
        if held.size + size > share:
            return False
        held.replies[command] = _own(reply)
        held.size += size
        self._size += size
        return True

    def _shrink(self) -> None:
        while self._size > self._budget:
            self._drop(next(iter(self._held)))

    def _drop(self, key: str) -> None:
        if (held := self._held.pop(key, None)) is not None:
            self._size -= held.size
            held.end()


def _own(reply: Reply) -> Reply:
    """Return a reply for one user: nobody can change what others are given."""
    return reply.copy() if isinstance(reply, list) else reply


def _size(reply: object, enough: int) -> int:
    """Return about the bytes that a reply takes; one that has `enough` elements is not looked at closely."""
    if isinstance(reply, list):
        size = _EACH * len(reply)
        return size if size > enough else size + sum(_size(each, enough) for each in reply)
    return _EACH + (len(reply) if isinstance(reply, _TEXT) else 0)


_TEXT = (bytes, str)
