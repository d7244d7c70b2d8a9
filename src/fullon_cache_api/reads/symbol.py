"""Market symbols: how a request spells them, how Redis may hold them, how answers show them."""

from dataclasses import dataclass


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


def show_symbol(cached: str) -> str:
    """Return a cached symbol as answers show it: `BTC/USDT` is `BTC-USDT`."""
    return cached.replace("/", "-")
