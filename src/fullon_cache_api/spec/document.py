"""A file as plain values, with the place of each in the file and with what is wrong with it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

from .errors import Problem
from .json import PlainJson, Pointer

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_DIGITS = 400

Place: TypeAlias = tuple[int, int]
"""Line and column, counted from 1."""

START: Place = (1, 1)


class Places(NamedTuple):
    """Where the values of a file stand, and their keys."""

    values: dict[Pointer, Place]
    keys: dict[Pointer, Place]


@dataclass(slots=True)
class Document:
    """What a file says, and all that is wrong with it.

    `readable` is false where the text could not be read to its end: then the value means nothing.
    `mistaken` holds the places of values that are not to be looked at any further, `mistaken_keys` those of
    keys. `find_places` is called for the first problem that wants a place.
    """

    file: str
    value: PlainJson = None
    readable: bool = True
    problems: list[Problem] = field(default_factory=list)
    mistaken: set[Pointer] = field(default_factory=set)
    mistaken_keys: set[Pointer] = field(default_factory=set)
    find_places: Callable[[], Places] = lambda: Places({}, {})
    _places: Places | None = None
    _unclear: set[Place] = field(default_factory=set)
    _unsound: set[Pointer] = field(default_factory=set)

    def place(self, pointer: Pointer, *, key: bool = False) -> Place:
        """Return where a value stands (or its key), or else its nearest ancestor that stands in the file."""
        if self._places is None:
            self._places = self.find_places()
        values, keys = self._places
        if key and pointer in keys:
            return keys[pointer]
        while pointer and pointer not in values:
            pointer = pointer[:-1]
        return values.get(pointer, START)

    def complain(self, pointer: Pointer, message: str, *, key: bool = False) -> None:
        """Add a problem with a value (or its key), unless its text could not even be understood."""
        place = self.place(pointer, key=key)
        if place not in self._unclear:
            self.problems.append(Problem(self.file, *place, message))

    def misread(self, place: Place, message: str, *, readable: bool = True) -> None:
        """Add a problem with the text at a place: nothing more will be said of what stands there."""
        self.problems.append(Problem(self.file, *place, message))
        self._unclear.add(place)
        self.readable = self.readable and readable

    def mark(self, pointer: Pointer, *, key: bool = False) -> None:
        """Remember that a value is mistaken, or merely its key."""
        (self.mistaken_keys if key else self.mistaken).add(pointer)
        self._unsound.update(pointer[:depth] for depth in range(len(pointer) + 1))

    def is_sound(self, pointer: Pointer) -> bool:
        """Whether nothing is mistaken at a place or below it."""
        return pointer not in self._unsound


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a document and its place; values that are mistaken are not to be had."""

    document: Document
    value: PlainJson
    pointer: Pointer = ()

    @property
    def name(self) -> str:
        """The key or index of the value."""
        return str(self.pointer[-1])

    @property
    def is_sound(self) -> bool:
        """Whether nothing within the value is mistaken."""
        return self.document.is_sound(self.pointer)

    def is_sound_at(self, name: str) -> bool:
        """Whether nothing within a member is mistaken."""
        return self.document.is_sound((*self.pointer, name))

    def get(self, name: str) -> "Part | None":
        """Return a member of an object, or None."""
        pointer = (*self.pointer, name)
        if isinstance(self.value, dict) and name in self.value and pointer not in self.document.mistaken:
            return Part(self.document, self.value[name], pointer)
        return None

    def text(self, name: str) -> str | None:
        """Return a member that is a string, or None."""
        part = self.get(name)
        return part.value if part is not None and isinstance(part.value, str) else None

    def number(self, name: str) -> float | None:
        """Return a member that is a number, or None."""
        part = self.get(name)
        value = part.value if part is not None else None
        return float(value) if isinstance(value, (int, float)) else None

    def flag(self, name: str) -> bool:
        """Return whether a member is true."""
        part = self.get(name)
        return part is not None and part.value is True

    def children(self, name: str) -> Iterator["Part"]:
        """Yield the members or elements of a member."""
        part = self.get(name)
        for token, child in _children(part.value) if part is not None else ():
            pointer = (*self.pointer, name, token)
            if pointer not in self.document.mistaken:
                yield Part(self.document, child, pointer)

    def complain(self, message: str, *within: str | int, key: bool = False) -> None:
        """Report a problem with the value, or with what stands within it; or with its key."""
        self.document.complain((*self.pointer, *within), message, key=key)


def _children(value: PlainJson) -> Iterator[tuple[str | int, PlainJson]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def read_document(path: Path, parse: Callable[[str, str], Document]) -> Document:
    """Read a UTF-8 file with a parser; a file that cannot be read is a document with that problem."""
    document = Document(str(path), readable=False)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            document.misread(START, f"the file is too large: more than {MAX_BYTES} bytes")
        else:
            return parse(raw.decode("utf-8-sig"), str(path))
    except OSError as error:
        document.misread(START, f"cannot be read: {error.strerror or type(error).__name__}")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        column = error.start - error.object.rfind(b"\n", 0, error.start)
        document.misread((line, column), "the file is not UTF-8 from here on: save it as UTF-8")
    return document
