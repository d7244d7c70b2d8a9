"""Market symbols: how a request spells them, how Redis may hold them, how answers show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol that was asked for, in the spellings under which it can be cached, likeliest first."""

    spellings: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Symbol":
        """Read `BTC-USDT` as `BTC/USDT`, else as it stands; a text with a slash in it is meant literally."""
        if "/" in text or "-" not in text:
            return cls((text,))
        return cls((text.replace("-", "/"), text))

    @property
    def shown(self) -> str:
        """The symbol in an answer about something that is not cached."""
        return show_symbol(self.spellings[0])

    def first(self, found: Iterable[T | None]) -> tuple[str, T] | None:
        """Return the likeliest spelling under which something was found; `found` goes by spelling."""
        for spelling, cached in zip(self.spellings, found, strict=False):
            if cached is not None:
                return spelling, cached
        return None


def show_symbol(cached: str) -> str:
    """Return a cached symbol as answers show it: `BTC/USDT` is `BTC-USDT`."""
    return cached.replace("/", "-")
