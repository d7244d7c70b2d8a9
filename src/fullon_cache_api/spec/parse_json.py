"""Reads JSON (RFC 8259), with the places of its values where somebody asks for them."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from .document import MAX_DEPTH, MAX_DIGITS, Document, Place, Places
from .json import PlainJson, Pointer
from .wording import quote, shorten

_TOKEN = re.compile(r'[{}\[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}\[\],:"]+')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(text: str, file: str) -> Document:
    """Read JSON; a repeated member, a number that is none (NaN, 1e999) or half a character is a problem."""
    document = Document(file, find_places=lambda: _Scan(text).run())
    doubtful = _SURROGATE.search(text) is not None

    def doubt(_: str = "") -> None:
        nonlocal doubtful
        doubtful = True

    def members(pairs: list[tuple[str, PlainJson]]) -> dict[str, PlainJson]:
        value = dict(pairs)
        if len(value) < len(pairs):
            doubt()
        return value

    def integer(digits: str) -> PlainJson:
        if len(digits) > MAX_DIGITS:
            doubt()
            return 0
        return int(digits)

    def number(digits: str) -> PlainJson:
        value = float(digits)
        if value in (float("inf"), float("-inf")):
            doubt()
        return value

    try:
        document.value = json.loads(
            text, object_pairs_hook=members, parse_int=integer, parse_float=number, parse_constant=doubt
        )
    except json.JSONDecodeError as error:
        document.misread((error.lineno, error.colno), f"this is not JSON: {error.msg}", readable=False)
        return document
    except RecursionError:
        doubt()
    if doubtful or _is_deep(document.value):
        scan = _Scan(text)
        scan.run()
        for place, message in scan.oddities:
            document.misread(place, message, readable=False)
    return document


def _is_deep(value: PlainJson) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _containers(parent)]
    return bool(level)


def _containers(value: PlainJson) -> Iterator[PlainJson]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (child for child in children if isinstance(child, (dict, list)))


@dataclass(slots=True)
class _Frame:
    """An object or array; `token` is the key or index of the value that comes next, None before a key."""

    pointer: Pointer
    token: str | int | None


@dataclass(slots=True)
class _Scan:
    """One walk over the tokens of a text that is known to be JSON."""

    text: str
    places: Places = field(default_factory=lambda: Places({}, {}))
    oddities: list[tuple[Place, str]] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def run(self) -> Places:
        self.lines = [0, *(match.end() for match in re.finditer("\n", self.text))]
        for match in _TOKEN.finditer(self.text):
            token, place = match[0], self.place(match.start())
            frame = self.stack[-1] if self.stack else None
            if token == ",":
                self.next()
            elif token in "}]":
                self.stack.pop()
            elif frame is not None and frame.token is None:
                self.key(frame, token, place)
            elif token != ":":
                self.value(frame, token, place)
                if len(self.stack) > MAX_DEPTH:
                    self.oddities.append((place, f"this is nested more than {MAX_DEPTH} deep"))
                    break
        return self.places

    def next(self) -> None:
        frame = self.stack[-1]
        frame.token = frame.token + 1 if isinstance(frame.token, int) else None

    def key(self, frame: _Frame, token: str, place: Place) -> None:
        name = self.string(token, place)
        pointer = (*frame.pointer, name)
        if pointer in self.places.keys:
            line = self.places.keys[pointer][0]
            self.oddities.append((place, f"the member {quote(name)} is there twice, first in line {line}"))
        self.places.keys.setdefault(pointer, place)
        frame.token = name

    def value(self, frame: _Frame | None, token: str, place: Place) -> None:
        pointer = () if frame is None or frame.token is None else (*frame.pointer, frame.token)
        self.places.values.setdefault(pointer, place)
        if token == "{":
            self.stack.append(_Frame(pointer, None))
        elif token == "[":
            self.stack.append(_Frame(pointer, 0))
        elif token.startswith('"'):
            self.string(token, place)
        elif token not in ("true", "false", "null"):
            self.number(token, place)

    def string(self, token: str, place: Place) -> str:
        text: str = json.loads(token)
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self.oddities.append((place, "this text holds half of a surrogate pair, which is no character"))
        return text

    def number(self, token: str, place: Place) -> None:
        if len(token) > MAX_DIGITS or not abs(float(token)) < float("inf"):
            self.oddities.append((place, f"{shorten(token)} is no JSON number, or is too large"))

    def place(self, offset: int) -> Place:
        line = bisect_right(self.lines, offset)
        return line, offset - self.lines[line - 1] + 1
