"""How values, names and types are shown in a message, which is one line whatever a file holds."""

import json
from collections.abc import Iterable

_LONGEST = 72
_MOST = 8


def quote(value: object) -> str:
    """Show a value on one line: a scalar as JSON spells it, cut short; anything else by its type."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    return shorten(json.dumps(value, ensure_ascii=False, default=str))


def shorten(text: str) -> str:
    """Return a text that fits a line."""
    shown = printable(text[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def printable(text: str) -> str:
    """Return a text with what no terminal should get spelt as JSON does: no line breaks, no controls."""
    return text if text.isprintable() else "".join(map(_visible, text))


def listed(values: Iterable[object]) -> str:
    """Return values as `"a", "b" or "c"`, of many the first few."""
    every = list(values)
    more = [f"{len(every) - _MOST} others"] if len(every) > _MOST + 1 else []
    return _joined([quote(value) for value in (every[:_MOST] if more else every)] + more)


def typed(names: Iterable[str]) -> str:
    """Return names of JSON types as `a string or an integer`."""
    return _joined([f"{_ARTICLES.get(name, 'a')} {name}".lstrip() for name in names])


def _joined(words: list[str]) -> str:
    *first, last = words or ["nothing"]
    return f"{', '.join(first)} or {last}" if first else last


def _visible(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


_ARTICLES = {"array": "an", "integer": "an", "object": "an", "null": ""}
