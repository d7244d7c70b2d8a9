"""Python names for what a spec names."""

import keyword
import re
from collections.abc import Container
from itertools import count

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORDS = re.compile(r"[A-Za-z0-9]+")


def snake_case(name: str) -> str:
    """Return `getOHLCVBars` as `get_ohlcv_bars`."""
    return _WORD_START.sub("_", name).lower()


def class_name(*words: str) -> str:
    """Return words as one name: `Ticker` and `cached_at` give `TickerCachedAt`."""
    parts = [part for word in words for part in _WORDS.findall(word)]
    return "".join(part[0].upper() + part[1:] for part in parts)


def free_name(wanted: str, taken: Container[str]) -> str:
    """Return the wanted name, or the nearest one that is neither a keyword nor taken."""
    name = f"{wanted}_" if keyword.iskeyword(wanted) else wanted
    if name not in taken:
        return name
    return next(numbered for number in count(2) if (numbered := f"{name}{number}") not in taken)


def is_attribute(name: str) -> bool:
    """Whether a class body can annotate a name as it stands; it would mangle `__name`."""
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")
