"""Whether the user of a Redis could write, asked of Redis itself without writing anything."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from hiredis import pack_command
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from .connection import Connection, read_reply, short_reason
from .errors import CacheUnavailable
from .reply import Reply
from .target import RedisTarget

ASKED_WITHIN = 5.0
"""Seconds for connecting, and for all questions."""

_LEAD_TO_WRITES = frozenset(
    {b"acl|load", b"acl|setuser", b"config|set", b"debug", b"module|load", b"replicaof", b"slaveof"}
)
"""Commands that Redis does not call writes, and that change data or rights."""

_Question: TypeAlias = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Rights:
    """The commands by which a user could write, by name; None where Redis does not tell.

    Then the user is `restricted`, for it may not ask, or Redis is older than 7 and cannot be asked.
    """

    writes: tuple[str, ...] | None
    restricted: bool = False


async def rights(target: RedisTarget, keys: Sequence[str]) -> Rights:
    """Return whether a target's user could change one of some keys, or anything that has no key.

    Sends ACL WHOAMI, COMMAND and ACL DRYRUN, on a connection of its own. Raises CacheUnavailable.
    """
    connection: Connection = target.connection()
    try:
        async with asyncio.timeout(ASKED_WITHIN):
            await connection.connect()
            return await _rights(connection, keys)
    except TimeoutError:
        raise CacheUnavailable("no answer") from None
    except (RedisError, OSError) as error:
        raise CacheUnavailable(short_reason(error)) from None
    finally:
        with suppress(RedisError, OSError):
            await connection.disconnect(nowait=True)


async def _rights(connection: Connection, keys: Sequence[str]) -> Rights:
    user, listed = await _ask(connection, [(b"ACL", b"WHOAMI"), (b"COMMAND",)])
    if not isinstance(user, bytes) or not isinstance(listed, list):
        return _unknown([user, listed])
    trials = [
        (words, (b"ACL", b"DRYRUN", user, *words, *([key.encode()] * arguments)))
        for words, arguments in _writing(listed)
        for key in keys
    ]
    answers = await _ask(connection, [question for _, question in trials])
    if all(isinstance(answer, ResponseError) for answer in answers):
        return _unknown(answers)
    allowed = {words for (words, _), answer in zip(trials, answers, strict=True) if answer == b"OK"}
    return Rights(tuple(sorted(b" ".join(words).decode().upper() for words in allowed)))


def _unknown(answers: list[Reply]) -> Rights:
    return Rights(None, restricted=any(isinstance(answer, NoPermissionError) for answer in answers))


def _writing(listed: list[Reply]) -> Iterator[tuple[_Question, int]]:
    """Yield the commands of COMMAND's reply that could change something, as the words of their names, and
    how many arguments each takes at least."""
    for command in listed:
        match command:
            case [bytes(name), int(arity), list(flags), *_, list(subcommands)]:
                words = tuple(name.split(b"|"))
                if b"write" in flags or name in _LEAD_TO_WRITES:
                    yield words, abs(arity) - len(words)
                yield from _writing(subcommands)


async def _ask(connection: Connection, questions: Sequence[_Question]) -> list[Reply]:
    packed: list[bytes] = [pack_command(question) for question in questions]  # type: ignore[arg-type]
    await connection.send_packed_command(packed, check_health=False)
    return [await read_reply(connection) for _ in questions]
