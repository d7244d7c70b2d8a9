"""What reads give back, and how elements that cannot be used are left out of collections."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias, TypeVar

from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.cache.lane import Reply
from fullon_cache_api.cache.reader import WrongType, pairs

from .values import BadValue, Value, parse_text

T = TypeVar("T")
Body: TypeAlias = dict[str, Value]


@dataclass(slots=True)
class Answer:
    """A JSON object, and where in Redis it comes from.

    In a collection `sources` names the origin of each element, in the order of the elements, and `skipped`
    holds what was left out.
    """

    body: Body
    source: str
    sources: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[CorruptValue] = field(default_factory=list)


@dataclass(slots=True)
class Elements:
    """The elements of a collection as they are gathered; a bad one is left out and remembered."""

    items: list[Body] = field(default_factory=list)
    sources: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[CorruptValue] = field(default_factory=list)

    def attempt(self, key: str, name: str, make: Callable[[], T]) -> T | None:
        """Return what `make` gives; a BadValue is remembered as left out, and gives None."""
        try:
            return make()
        except BadValue as error:
            self.skipped.append(CorruptValue(key, str(error), name))
            return None

    def add(self, key: str, name: str, make: Callable[[], Body | None]) -> None:
        """Add what `make` gives; None was not asked for, a BadValue is left out."""
        item = self.attempt(key, name, make)
        if item is not None:
            self.items.append(item)
            self.sources.append((key, name))

    def fields(self, key: str, reply: "Reply | WrongType") -> Iterator[tuple[str, bytes]]:
        """Yield a hash's fields (HGETALL's reply); what is no hash, or no text, is left out."""
        if isinstance(reply, WrongType):
            self.skipped.append(reply.error())
            return
        for raw_name, raw in pairs(reply).items():
            shown = raw_name.decode(errors="backslashreplace")
            name = self.attempt(key, shown, partial(parse_text, raw_name))
            if name is not None:
                yield name, raw

    def add_hash(
        self, key: str, reply: "Reply | WrongType", shape: Callable[[str, bytes], Body | None]
    ) -> None:
        """Add an element for each field of a hash."""
        for name, raw in self.fields(key, reply):
            self.add(key, name, partial(shape, name, raw))

    def answer(self, name: str, source: str, body: Mapping[str, Value]) -> Answer:
        """Return the collection: the members of `body`, then `count`, the elements, and `skipped` if any."""
        whole: Body = dict(body)
        whole["count"] = len(self.items)
        whole[name] = self.items
        if self.skipped:
            whole["skipped"] = len(self.skipped)
        return Answer(whole, source, self.sources, self.skipped)


def readable(reply: "Reply | WrongType") -> Reply:
    """Return a reply whose key everything depends on; raises CorruptValue where it holds another type."""
    if isinstance(reply, WrongType):
        raise reply.error()
    return reply


def corrupt(key: str, error: BadValue, name: str | None = None) -> CorruptValue:
    """Return the error of a single thing whose cached value is unusable."""
    return CorruptValue(key, str(error), name)
