"""A YAML or JSON file as plain values, with the place of each in the file."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from .errors import Problem
from .json import PlainJson, Pointer

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64

Place: TypeAlias = tuple[int, int]
"""Line and column, counted from 1."""

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_YAML_1_2_ONLY = re.compile(r"0o[0-7]+|[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_TAG = "tag:yaml.org,2002:"


@dataclass(slots=True)
class Document:
    """A file's value and where its parts stand; `problems` holds what made the file unreadable or unclear."""

    file: str
    value: PlainJson = None
    values: dict[Pointer, Place] = field(default_factory=dict)
    keys: dict[Pointer, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, pointer: Pointer, *, key: bool = False) -> Place:
        """Return where a value stands (or its key), or else its nearest ancestor that stands in the file."""
        if key and pointer in self.keys:
            return self.keys[pointer]
        while pointer and pointer not in self.values:
            pointer = pointer[:-1]
        return self.values.get(pointer, (1, 1))

    def problem(self, pointer: Pointer, message: str, *, key: bool = False) -> Problem:
        """Return the problem that a value (or its key) has."""
        return Problem(self.file, *self.place(pointer, key=key), message)


def read_text(path: Path, file: str) -> tuple[str, list[Problem]]:
    """Return a file's text as UTF-8, or the problem that kept it from being read."""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            return "", [Problem(file, 1, 1, f"the file is larger than {MAX_BYTES} bytes")]
        return raw.decode("utf-8"), []
    except OSError as error:
        return "", [Problem(file, 1, 1, f"cannot be read: {error.strerror or type(error).__name__}")]
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        return "", [Problem(file, line, column, "is not UTF-8")]


def parse_yaml(text: str, file: str) -> Document:
    """Read YAML whose meaning is the same in YAML 1.1 and 1.2; what is not, is a problem at its place.

    Aliases, tags and merge keys are refused: nothing in a spec needs them, and they can blow a file up.
    """
    document = Document(file)
    try:
        _Builder(document).build(yaml.parse(text, Loader=yaml.CSafeLoader))
    except _TooDeep as error:
        document.problems.append(Problem(file, *error.place, f"nested more than {MAX_DEPTH} deep"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.problems.append(Problem(file, *place, f"is not YAML: {error.problem or error.context}"))
    except yaml.YAMLError as error:
        document.problems.append(Problem(file, 1, 1, f"is not YAML: {str(error).splitlines()[0]}"))
    return document


def parse_json(text: str, file: str) -> Document:
    """Read JSON; a repeated member or a number that JSON does not know (NaN) is a problem."""
    # JSON is YAML: the YAML parser knows the places, the JSON parser the exact values.
    document = parse_yaml(text, file)
    document.problems.clear()
    repeated: list[str] = []

    def members(pairs: list[tuple[str, PlainJson]]) -> dict[str, PlainJson]:
        seen = dict(pairs)
        if len(seen) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.extend(sorted({name for name in names if names.count(name) > 1}))
        return seen

    def constant(name: str) -> PlainJson:
        raise ValueError(f"{name} is not a JSON number")

    try:
        document.value = json.loads(text, object_pairs_hook=members, parse_constant=constant)
    except json.JSONDecodeError as error:
        document.problems.append(Problem(file, error.lineno, error.colno, f"is not JSON: {error.msg}"))
    except (ValueError, RecursionError) as error:
        document.problems.append(Problem(file, 1, 1, f"is not JSON: {error}"))
    document.problems += [Problem(file, 1, 1, f'the member "{name}" is given twice') for name in repeated]
    return document


@dataclass(slots=True)
class _Frame:
    """An object or array under construction; `name` is the key whose value comes next."""

    value: dict[str, PlainJson] | list[PlainJson]
    pointer: Pointer
    name: str | None = None


class _Builder:
    """Puts a document together from parse events: no recursion, so no file can exhaust the stack."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.stack: list[_Frame] = []
        self.resolver = yaml.resolver.Resolver()
        self.roots = 0

    def build(self, events: Iterator[yaml.Event]) -> None:
        for event in events:
            match event:
                case yaml.ScalarEvent():
                    self.scalar(event)
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self.open(event)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self.stack.pop()
                case yaml.AliasEvent():
                    self.complain(event, "aliases are not supported: name a shared parameter instead")
                    self.add(None, event)
                case yaml.DocumentStartEvent():
                    self.roots += 1
                    if self.roots > 1:
                        self.complain(event, "a second document starts here: a spec is one document")
                        return
                case _:
                    pass

    def open(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        if event.tag is not None:
            self.complain(event, f"the tag {event.tag} is not supported")
        value: dict[str, PlainJson] | list[PlainJson]
        value = {} if isinstance(event, yaml.MappingStartEvent) else []
        pointer = self.add(value, event)
        self.stack.append(_Frame(value, pointer))
        if len(self.stack) > MAX_DEPTH:
            raise _TooDeep(_place(event))

    def scalar(self, event: yaml.ScalarEvent) -> None:
        frame = self.stack[-1] if self.stack else None
        value = self.resolve(event)
        if frame is not None and isinstance(frame.value, dict) and frame.name is None:
            self.key(frame, value, event)
        else:
            self.add(value, event)

    def key(self, frame: _Frame, value: PlainJson, event: yaml.ScalarEvent) -> None:
        if not isinstance(value, str):
            self.complain(event, f"keys are text: quote {event.value!r}")
            value = event.value
        assert isinstance(frame.value, dict)
        if value in frame.value:
            first = self.document.keys[(*frame.pointer, value)][0]
            self.complain(event, f'the key "{value}" is given twice; the first is in line {first}')
        else:
            self.document.keys[(*frame.pointer, value)] = _place(event)
        frame.name = value

    def add(self, value: PlainJson, event: yaml.Event) -> Pointer:
        if not self.stack:
            self.document.value = value
            self.document.values[()] = _place(event)
            return ()
        frame = self.stack[-1]
        if isinstance(frame.value, list):
            pointer: Pointer = (*frame.pointer, len(frame.value))
            frame.value.append(value)
        elif frame.name is None:
            self.complain(event, "keys are text")
            frame.name = f"key in line {_place(event)[0]}"
            return (*frame.pointer, frame.name)
        else:
            pointer = (*frame.pointer, frame.name)
            frame.value.setdefault(frame.name, value)
            frame.name = None
        self.document.values.setdefault(pointer, _place(event))
        return pointer

    def resolve(self, event: yaml.ScalarEvent) -> PlainJson:
        text: str = event.value
        if event.tag is not None:
            self.complain(event, f"the tag {event.tag} is not supported")
            return text
        if not event.implicit[0]:
            return text
        resolved: str = self.resolver.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        tag = resolved.removeprefix(_TAG)
        if tag == "null":
            return None
        if tag == "bool" and text in _BOOLEANS:
            return _BOOLEANS[text]
        if tag == "int" and _INTEGER.fullmatch(text) and len(text) < 400:
            return int(text)
        if tag == "float" and _NUMBER.fullmatch(text) and abs(float(text)) < float("inf"):
            return float(text)
        if tag == "str" and not _YAML_1_2_ONLY.fullmatch(text):
            return text
        self.complain(event, f"{text!r} {_SURPRISES.get(tag, 'is read differently by YAML 1.1 and 1.2')}")
        return text

    def complain(self, event: yaml.Event, message: str) -> None:
        self.document.problems.append(Problem(self.document.file, *_place(event), message))


_SURPRISES = {
    "bool": "is a boolean in YAML 1.1 and text in YAML 1.2: write true or false, or quote it",
    "int": "is not a plain decimal number: write it in decimal, or quote it",
    "float": "is not a plain decimal number: write it in decimal, or quote it",
    "timestamp": "is a date in YAML 1.1 and text in YAML 1.2: quote it",
    "merge": "is a merge key, which is not supported",
    "value": "has a meaning of its own in YAML 1.1: quote it",
    "str": "is text in YAML 1.1 and a number in YAML 1.2: write it in decimal, or quote it",
}


class _TooDeep(Exception):
    def __init__(self, place: Place) -> None:
        self.place = place


def _place(event: yaml.Event) -> Place:
    assert event.start_mark is not None
    return event.start_mark.line + 1, event.start_mark.column + 1
