"""Reads of what one field of a hash holds: what is sent for them is known before anybody asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import TypeAlias

from fullon_cache_api.cache.commands import Command
from fullon_cache_api.cache.reader import Reader, hash_values
from fullon_cache_api.cache.reply import Reply
from fullon_cache_api.spec.json import JsonObject
from fullon_cache_api.spec.signature import Argument

from .answer import Answer, Body, Derived
from .read import LookupFunction, Read, read

Make: TypeAlias = Callable[..., Body | Answer]
"""Takes a Lookup's arguments, the name of a field, and what is there."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Finds the first of some `fields` of the hash at a `key` that is there, and what it comes to.

    Where none of them is, the first is taken to hold `absent`; where that is None, the cache does not hold
    what was asked for.
    """

    key: str
    fields: Sequence[str]
    make: Make
    arguments: tuple[object, ...] = ()
    absent: bytes | None = None
    commands: tuple[Command, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "commands", (("HMGET", self.key, *self.fields),))

    def found(self, reply: Reply) -> Derived | None:
        """Return what Redis' reply comes to; raises CorruptValue for a key of another type."""
        for name, raw in zip(self.fields, hash_values(reply, self.key, len(self.fields)), strict=True):
            if raw is not None:
                return Derived(self.make, (*self.arguments, name, raw), self.key, name)
        if self.absent is None:
            return None
        return Derived(self.make, (*self.arguments, self.fields[0], self.absent), self.key, self.fields[0])


def lookup(
    name: str,
    arguments: tuple[Argument, ...],
    *,
    keys: tuple[str, ...],
    answer: JsonObject,
    elements: str | None = None,
    absent: bool = True,
) -> Callable[[LookupFunction], Read]:
    """Declare a read that is a Lookup; its summary is the first line of the function's docstring."""
    declare_read = read(
        name, arguments, commands=("HMGET",), keys=keys, answer=answer, elements=elements, absent=absent
    )

    def declare(look_up: LookupFunction) -> Read:
        @wraps(look_up)
        async def function(reader: Reader, *given: object) -> Derived | None:
            wanted = look_up(*given)
            return wanted.found([*await reader.hmget(wanted.key, wanted.fields)])

        return replace(declare_read(function), look_up=look_up)

    return declare
