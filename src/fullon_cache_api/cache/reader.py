"""Reads of one request: each method is one Redis command, all of them under the request's deadline."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from .commands import Command
from .reply import Reply, is_wrong_type

if TYPE_CHECKING:
    from .client import ReadClient
from .cursor import START
from .errors import CacheUnavailable, CorruptValue, CursorLost

SCAN_COUNT = 1_000
"""Keys that one SCAN step looks at: large enough for few round trips, small enough not to hold Redis up."""

_BYTES = frozenset({bytes})
_TEXTS = frozenset({bytes, type(None)})
_LISTS = {"HGETALL": _BYTES, "HMGET": _TEXTS, "LRANGE": _BYTES}
"""Commands that reply with arrays, and the types of what Redis puts into those: no errors and no numbers."""

HashPage: TypeAlias = tuple[bytes, dict[bytes, bytes]]
"""HSCAN's next cursor, and the fields that it found."""


MAX_FIELDS = 100_000
"""Fields of a hash that is read as a whole: to make an answer of more would hold up everybody else."""


MOST_LARGE = 1_000
"""Keys of large hashes that are remembered."""


class WrongType:
    """Stands in a batch's results for a key that holds another Redis type, or too many fields."""

    __slots__ = ("key", "reason")

    def __init__(self, key: str, reason: str = "it holds another Redis type") -> None:
        self.key = key
        self.reason = reason

    def error(self) -> CorruptValue:
        """Return the error that a single read raises for it."""
        return CorruptValue(self.key, self.reason)


class LargeHashes:
    """The keys of hashes that had several pages when they were read last.

    All pages of those are read on one connection, on which the second goes on from the first; nothing else
    depends on it.
    """

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def note(self, key: str, *, is_large: bool) -> None:
        """Remember what has been found."""
        if not is_large:
            self._keys.discard(key)
        elif len(self._keys) < MOST_LARGE:
            self._keys.add(key)


class Reader:
    """What a read function is given: the closed list of reads, and a deadline that it cannot miss."""

    __slots__ = ("_client", "_deadline", "_large")

    def __init__(self, client: "ReadClient", deadline: float, large: LargeHashes | None = None) -> None:
        self._client = client
        self._deadline = deadline
        self._large = large

    @property
    def deadline(self) -> float:
        """The time of the running loop's clock by which the request must have its answer."""
        return self._deadline

    async def ping(self) -> None:
        """PING: raises CacheUnavailable or CacheTimeout where Redis does not answer."""
        await self._client.ping(self._deadline)

    async def hget(self, key: str, field: str) -> bytes | None:
        """HGET: one field of a hash."""
        return _text(await self._one(("HGET", key, field)))

    async def hmget(self, key: str, fields: Sequence[str]) -> list[bytes | None]:
        """HMGET: several fields of a hash, None for those that are not there."""
        (reply,) = await self._client.execute((("HMGET", key, *fields),), self._deadline)
        return hash_values(reply, key, len(fields))

    async def hgetall(self, key: str) -> dict[bytes, bytes]:
        """HGETALL: a whole hash, empty where there is no such key."""
        return pairs(await self._one(("HGETALL", key)))

    async def hscan(self, key: str, cursor: bytes, count: int) -> HashPage:
        """HSCAN: one page of a hash, of about `count` fields; it begins and ends at the cursor START.

        A field that is there from the first page to the last is on one of them, or on several. Raises
        CursorLost where the connection is not there any more on which the pages before were read.
        """
        next_cursor, flat = await self.hscan_flat(key, cursor, count, page=True)
        return next_cursor, fields_of(flat)

    async def hscan_flat(
        self, key: str, cursor: bytes, count: int, *, page: bool
    ) -> tuple[bytes, list[bytes]]:
        """HSCAN: the same page as it came, names and values in turn.

        What is not one `page` of many is read like anything else, and nothing goes on from its cursor.
        """
        command: Command = ("HSCAN", key, cursor, "COUNT", count)
        (reply,) = await self._client.execute((command,), self._deadline, page=page)
        if is_wrong_type(reply):
            raise WrongType(key).error()
        return _flat_page(reply)

    def is_large(self, key: str) -> bool:
        """Whether a hash had several pages when it was read last: all of them are read on one connection."""
        return self._large is not None and key in self._large

    def note_large(self, key: str, *, is_large: bool) -> None:
        """Remember whether a hash has several pages."""
        if self._large is not None:
            self._large.note(key, is_large=is_large)

    async def get(self, key: str) -> bytes | None:
        """GET: one string."""
        return _text(await self._one(("GET", key)))

    async def batch(self, commands: Iterable[Command], *, page: bool = False) -> "list[Reply | WrongType]":
        """Several commands in one round trip; a key of another type gives WrongType in its place.

        The second word of each command is its key. A reply that cannot be that to its command is an outage. A
        `page` goes on from cursors.
        """
        queued = tuple(commands)
        if not queued:
            return []
        replies = await self._client.execute(queued, self._deadline, page=page)
        return [_usable(command, reply) for command, reply in zip(queued, replies, strict=True)]

    async def scan(self, pattern: str) -> AsyncIterator[list[str]]:
        """SCAN: pages of the keys that match a pattern, each key once; one round trip a page.

        A key that is not UTF-8 was not written by fullon_cache and is passed over. The first page is read
        like anything else, for it can be the only one; where it is not, all begins anew on the pages'
        connection, and again where that is lost.
        """
        cursor, in_pages = START, False
        seen: set[bytes] = set()
        while True:
            command: Command = ("SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT)
            try:
                (reply,) = await self._client.execute((command,), self._deadline, page=in_pages)
            except CursorLost:
                cursor = START
                continue
            cursor, found = _scanned(reply)
            page = found - seen
            seen |= page
            names = [name for key in sorted(page) if (name := _utf8(key)) is not None]
            if names:
                yield names
            if cursor == START:
                return
            if not in_pages:
                cursor, in_pages = START, True

    async def _one(self, command: Command) -> Reply:
        (reply,) = await self._client.execute((command,), self._deadline)
        usable = _usable(command, reply)
        if isinstance(usable, WrongType):
            raise usable.error()
        return usable


def _usable(command: Command, reply: Reply) -> "Reply | WrongType":
    """Return the reply to a command, if it can be its own: another type would pass for nothing cached."""
    if is_wrong_type(reply):
        return WrongType(str(command[1]))
    name = command[0]
    if (types := _LISTS.get(str(name))) is not None:
        if not isinstance(reply, list) or not types.issuperset(map(type, reply)):
            raise CacheUnavailable("unexpected reply")
        if name == "HMGET" and len(reply) != len(command) - 2:
            raise CacheUnavailable("unexpected reply")
        if name == "HGETALL" and len(reply) > 2 * MAX_FIELDS:
            return WrongType(str(command[1]), f"it has more than {MAX_FIELDS:,} fields")
    elif name in ("GET", "HGET"):
        return _text(reply)
    elif name in ("LLEN", "HLEN") and not isinstance(reply, int):
        raise CacheUnavailable("unexpected reply")
    return reply


def hash_values(reply: Reply, key: str, count: int) -> list[bytes | None]:
    """Return HMGET's reply for so many fields of a key; raises CorruptValue where that is no hash."""
    if not isinstance(reply, list) or len(reply) != count:
        raise WrongType(key).error() if is_wrong_type(reply) else CacheUnavailable("unexpected reply")
    # Faster for few fields than what `_texts` does.
    for value in reply:
        if value is not None and type(value) is not bytes:
            raise CacheUnavailable("unexpected reply")
    return reply  # type: ignore[return-value]


def pairs(reply: Reply) -> dict[bytes, bytes]:
    """Return HGETALL's flat reply (RESP2) as a mapping."""
    return fields_of(_pairwise(reply))


def fields_of(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return names and values that stand in turn as a mapping."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def hash_page(reply: Reply) -> HashPage:
    """Return HSCAN's reply (RESP2) as the next cursor and a mapping."""
    cursor, flat = _flat_page(reply)
    return cursor, fields_of(flat)


def _flat_page(reply: Reply) -> tuple[bytes, list[bytes]]:
    match reply:
        case [bytes(cursor), list(found)]:
            return cursor, _pairwise(found)
    raise CacheUnavailable("unexpected reply")


def _pairwise(reply: Reply) -> list[bytes]:
    """Return an array of names and values in turn."""
    flat = _texts(reply)
    if len(flat) % 2:
        raise CacheUnavailable("unexpected reply")
    return flat


def _scanned(reply: Reply) -> tuple[bytes, set[bytes]]:
    """Return SCAN's next cursor, and the keys that it found."""
    match reply:
        case [bytes(cursor), list(found)]:
            return cursor, set(_texts(found))
    raise CacheUnavailable("unexpected reply")


def _texts(reply: Reply) -> list[bytes]:
    """Return an array of texts."""
    if not isinstance(reply, list) or not _BYTES.issuperset(map(type, reply)):
        raise CacheUnavailable("unexpected reply")
    return reply  # type: ignore[return-value]


def _text(reply: Reply) -> bytes | None:
    if reply is None or isinstance(reply, bytes):
        return reply
    raise CacheUnavailable("unexpected reply")


def _utf8(key: bytes) -> str | None:
    try:
        return key.decode()
    except UnicodeDecodeError:
        return None
