"""Reads YAML whose meaning is the same in YAML 1.1 and 1.2."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from .document import MAX_DEPTH, MAX_DIGITS, START, Document, Place, Places
from .json import PlainJson, Pointer
from .wording import quote

MAX_MISREAD = 100

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"0o[0-7]+")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_TAG = "tag:yaml.org,2002:"

_ONLY_IN_1_1 = "in YAML 1.1 and text in YAML 1.2"
_SURPRISES = {
    "bool": f"is a boolean {_ONLY_IN_1_1}: write true or false, or put quotes around it",
    "int": "is not a plain decimal number: write it in decimal, or put quotes around it",
    "float": "is not a plain decimal number: write it in decimal, or put quotes around it",
    "timestamp": f"is a date {_ONLY_IN_1_1}: put quotes around it",
    "merge": "is a merge key, which is not supported: write the keys out",
    "value": f"has a meaning of its own {_ONLY_IN_1_1}: put quotes around it",
    "str": "is text in YAML 1.1 and a number in YAML 1.2: write it in plain decimal, or put quotes around it",
}


def parse_yaml(text: str, file: str) -> Document:
    """Read YAML; what YAML 1.1 and 1.2 read differently, is a problem at its place.

    Anchors, aliases, tags and merge keys are refused: nothing in a spec needs them, and they can blow a
    file up.
    """
    document = Document(file)
    builder = _Builder(document)
    document.find_places = lambda: builder.places
    try:
        builder.build(yaml.parse(text, Loader=yaml.CSafeLoader))
    except _GiveUp as error:
        document.misread(error.place, error.message, readable=False)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = START if mark is None else (mark.line + 1, mark.column + 1)
        document.misread(place, f"this is not YAML: {_reason(error)}", readable=False)
    except yaml.reader.ReaderError as error:
        place = _place_of_byte(text, error.position)
        document.misread(place, f"this is not YAML: {error.reason}", readable=False)
    return document


class _GiveUp(Exception):
    def __init__(self, event: yaml.Event, message: str) -> None:
        self.place = _place(event)
        self.message = message


@dataclass(slots=True)
class _Frame:
    """An object or array under construction; `name` is the key whose value comes next."""

    value: dict[str, PlainJson] | list[PlainJson]
    pointer: Pointer
    name: str | None = None


@dataclass(slots=True)
class _Builder:
    """Puts a document together from parse events: no recursion, so no file can exhaust the stack."""

    document: Document
    places: Places = field(default_factory=lambda: Places({}, {}))
    stack: list[_Frame] = field(default_factory=list)
    resolver: yaml.resolver.Resolver = field(default_factory=yaml.resolver.Resolver)
    roots: int = 0

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
                    self.misread(event, f"the alias *{event.anchor} is not supported: write it out")
                    self.add(None, event)
                case yaml.DocumentStartEvent():
                    self.roots += 1
                    if self.roots > 1:
                        self.misread(event, "a second document starts here: a spec is one document")
                        return

    def open(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        self.refuse_extras(event)
        value: dict[str, PlainJson] | list[PlainJson]
        value = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.stack.append(_Frame(value, self.add(value, event)))
        if len(self.stack) > MAX_DEPTH:
            raise _GiveUp(event, f"this is nested more than {MAX_DEPTH} deep")

    def scalar(self, event: yaml.ScalarEvent) -> None:
        self.refuse_extras(event)
        value = self.resolve(event)
        frame = self.stack[-1] if self.stack else None
        if frame is not None and isinstance(frame.value, dict) and frame.name is None:
            self.key(frame, value, event)
        else:
            self.add(value, event)

    def key(self, frame: _Frame, value: PlainJson, event: yaml.ScalarEvent) -> None:
        name: str = event.value
        pointer = (*frame.pointer, name)
        if not isinstance(value, str):
            message = f"keys are text: put quotes around {name}" if name else "a key is missing here"
            self.misread(event, message)
        if isinstance(frame.value, dict) and name in frame.value:
            line = self.places.keys[pointer][0]
            self.misread(event, f"the key {quote(name)} is there twice, first in line {line}")
        self.places.keys.setdefault(pointer, _place(event))
        frame.name = name

    def add(self, value: PlainJson, event: yaml.Event) -> Pointer:
        """Put a value where the next one belongs, and return its pointer."""
        place = _place(event)
        frame = self.stack[-1] if self.stack else None
        if frame is None:
            self.document.value = value
            pointer: Pointer = ()
        elif isinstance(frame.value, list):
            pointer = (*frame.pointer, len(frame.value))
            frame.value.append(value)
        elif frame.name is None:
            frame.name = f"key in line {place[0]}, column {place[1]}"
            pointer = (*frame.pointer, frame.name)
            self.misread(event, "keys are text")
            self.places.keys[pointer] = place
            return pointer
        else:
            pointer = (*frame.pointer, frame.name)
            frame.value.setdefault(frame.name, value)
            frame.name = None
        self.places.values.setdefault(pointer, place)
        return pointer

    def refuse_extras(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            tag = event.tag.replace(_TAG, "!!")
            self.misread(event, f"the tag {quote(tag)} is not supported: leave it out")
        if event.anchor is not None:
            self.misread(event, f"the anchor &{event.anchor} is not supported: leave it out")

    def resolve(self, event: yaml.ScalarEvent) -> PlainJson:
        text: str = event.value
        if event.tag is not None or not event.implicit[0]:
            return text
        resolved: str = self.resolver.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        tag = resolved.removeprefix(_TAG)
        if tag == "null":
            return None
        if tag == "bool" and text in _BOOLEANS:
            return _BOOLEANS[text]
        if tag == "int" and _INTEGER.fullmatch(text) and len(text) <= MAX_DIGITS:
            return int(text)
        if tag == "float" and _NUMBER.fullmatch(text) and abs(float(text)) < float("inf"):
            return float(text)
        if tag == "str" and text in ("y", "Y", "n", "N"):
            tag = "bool"
        elif tag == "str" and not _NUMBER.fullmatch(text) and not _OCTAL.fullmatch(text):
            return text
        self.misread(event, f"{quote(text)} {_SURPRISES[tag]}")
        return text

    def misread(self, event: yaml.Event, message: str) -> None:
        self.document.misread(_place(event), message)
        if len(self.document.problems) == MAX_MISREAD:
            raise _GiveUp(event, f"there are {MAX_MISREAD} mistakes up to here: the rest has not been read")


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return START if mark is None else (mark.line + 1, mark.column + 1)


def _place_of_byte(text: str, offset: int) -> Place:
    """Return the place of a byte of a text in UTF-8: the parser counts so where it cannot read on."""
    before = text.encode()[:offset].decode(errors="ignore")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _reason(error: yaml.MarkedYAMLError) -> str:
    return ", ".join(reason for reason in (error.problem, error.context) if reason)
