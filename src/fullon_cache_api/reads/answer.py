"""What reads give back, and how elements that cannot be used are left out of collections."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Generic, NamedTuple, TypeAlias, TypeVar, TypeVarTuple

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.cache.reader import WrongType
from fullon_cache_api.cache.reply import Reply

from .values import BadValue, Value, parse_text

R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Body: TypeAlias = dict[str, Value]


@dataclasses.dataclass(slots=True)
class Answer:
    """A JSON object, and where in Redis it comes from: `source` is a key, `field` a field in it.

    In a collection `source` can be a pattern of keys, `sources` names key and field of each element, in the
    order of the elements, and `skipped` holds what was left out.
    """

    body: Body
    source: str
    sources: Sequence[tuple[str, str | None]] = ()
    skipped: list[CorruptValue] = dataclasses.field(default_factory=list)
    field: str | None = None

    @classmethod
    def overview(
        cls,
        body: Body,
        source: str,
        skipped: list[CorruptValue],
        sources: Sequence[tuple[str, str | None]] = (),
    ) -> "Answer":
        """Return an answer drawn from many elements, which counts those that were left out, if any."""
        if skipped:
            body = {**body, "skipped": len(skipped)}
        return cls(body, source, sources, skipped)


@dataclasses.dataclass(slots=True)
class Elements(Generic[T]):
    """The elements of a collection as they are gathered; a bad one is left out and remembered."""

    items: list[T] = dataclasses.field(default_factory=list)
    sources: list[tuple[str, str | None]] = dataclasses.field(default_factory=list)
    skipped: list[CorruptValue] = dataclasses.field(default_factory=list)

    def usable(self, reply: "Reply | WrongType") -> Reply:
        """Return a reply; that of a key which holds another type is left out, and gives None."""
        if isinstance(reply, WrongType):
            self.skipped.append(reply.error())
            return None
        return reply

    def attempt(self, key: str, field: str | None, make: Callable[[*Ts], R], *args: *Ts) -> R | None:
        """Return what `make` gives; a BadValue is remembered as left out, and gives None."""
        try:
            return make(*args)
        except BadValue as error:
            self.skipped.append(CorruptValue(key, str(error), field))
            return None

    def add(self, key: str, field: str | None, make: Callable[[*Ts], T | None], *args: *Ts) -> None:
        """Add what `make` gives; None was not asked for, a BadValue is left out."""
        item = self.attempt(key, field, make, *args)
        if item is not None:
            self.items.append(item)
            self.sources.append((key, field))

    def fields(self, key: str, held: Mapping[bytes, bytes]) -> Iterator[tuple[str, bytes]]:
        """Yield a hash's fields, sorted: Redis gives no order. One whose name is no text is left out."""
        for raw_name, raw in sorted(held.items()):
            name = self.attempt(key, raw_name.decode(errors="backslashreplace"), parse_text, raw_name)
            if name is not None:
                yield name, raw

    def add_hash(
        self,
        key: str,
        held: Mapping[bytes, bytes],
        make: Callable[[*Ts, str, bytes], T | None],
        *args: *Ts,
    ) -> None:
        """Add an element for each field of a hash: `make` is given `args`, the field's name and its value."""
        for name, raw in self.fields(key, held):
            self.add(key, name, make, *args, name, raw)

    def add_list(
        self,
        key: str,
        newest: "Sequence[Reply] | Reply",
        make: Callable[[*Ts, bytes], T | None],
        *args: *Ts,
    ) -> None:
        """Add an element for each of a list's newest ones, which LRANGE gave; LINDEX finds them as named."""
        newest = newest if isinstance(newest, list | tuple) else ()
        for index, raw in enumerate(newest, -len(newest)):
            if isinstance(raw, bytes):
                self.add(key, f"element {index}", make, *args, raw)

    def newest_first(self, time: Callable[[T], datetime]) -> None:
        """Sort the elements by their times, each with its place."""
        order = sorted(range(len(self.items)), key=lambda index: time(self.items[index]), reverse=True)
        self.items = [self.items[index] for index in order]
        self.sources = [self.sources[index] for index in order]

    def answer(self, name: str, source: str, body: Body | None = None) -> Answer:
        """Return the collection: the members of `body`, then `count`, the elements, and `skipped` if any."""
        whole: Body = {**(body or {}), "count": len(self.items), name: self.items}
        return Answer.overview(whole, source, self.skipped, self.sources)


class Blame:
    """Around the making of a single answer: a BadValue in it becomes the CorruptValue of this place."""

    __slots__ = ("_field", "_key")

    def __init__(self, key: str, field: str | None = None) -> None:
        self._key = key
        self._field = field

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise CorruptValue in place of a BadValue; let everything else pass."""
        if isinstance(error, BadValue):
            raise CorruptValue(self._key, str(error), self._field) from None


class Derived(NamedTuple):
    """An answer that depends on its arguments alone, the bytes that were read being among them.

    Who has made an answer of the same arguments need not make and check it again.
    """

    make: "Callable[..., Body | Answer]"
    arguments: tuple[object, ...]
    source: str
    field: str | None = None

    def answer(self) -> Answer:
        """Make the answer; raises CorruptValue where what was read cannot be used."""
        with Blame(self.source, self.field):
            made = self.make(*self.arguments)
        return made if isinstance(made, Answer) else Answer(made, self.source, field=self.field)


def readable(reply: "Reply | WrongType") -> Reply:
    """Return a reply whose key everything depends on; raises CorruptValue where it holds another type."""
    if isinstance(reply, WrongType):
        raise reply.error()
    return reply
