"""A collection in JSON or in newline-delimited JSON, from elements that are JSON each, part by part."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from fullon_cache_api.reads.answer import Answer, Body

from .contract import Contract

_encode = msgspec.json.Encoder().encode


class Writer(Protocol):
    """What writes one answer: its head, its elements in one part or more, its tail."""

    def head(self, first: Sequence[bytes]) -> bytes:
        """Return what stands before the elements, the first of which are given."""

    def part(self, elements: Sequence[bytes]) -> bytes:
        """Return the next elements."""

    def tail(self, count: int, skipped: int) -> bytes:
        """Return what stands behind the elements."""


class JsonWriter:
    """Writes the object that the response schema describes; `count` and `skipped` come last.

    Raises CorruptValue where its members break the schema.
    """

    def __init__(self, contract: Contract, name: str, members: Body, source: str) -> None:
        self._contract = contract
        self._name = name
        self._members = members
        self._source = source
        self._lead = b""

    def head(self, first: Sequence[bytes]) -> bytes:
        """Return the object up to its list."""
        body = self._checked(len(first))
        named = _encode({name: value for name, value in body.items() if name not in ("count", self._name)})
        return named[:-1] + (b"," if len(named) > 2 else b"") + _encode(self._name) + b":["

    def part(self, elements: Sequence[bytes]) -> bytes:
        """Return elements with a comma between them, and before them where others have been written."""
        if not elements:
            return b""
        lead, self._lead = self._lead, b","
        return lead + b",".join(elements)

    def tail(self, count: int, skipped: int) -> bytes:
        """Return the end of the list and of the object."""
        body = self._checked(count, {"skipped": skipped} if skipped else {})
        counts = _encode({name: body[name] for name in ("count", "skipped") if name in body})
        return b"]" + (b"," if len(counts) > 2 else b"") + counts[1:]

    def _checked(self, count: int, more: Body | None = None) -> Body:
        body: Body = {**self._members, "count": count, self._name: [], **(more or {})}
        return self._contract.check(Answer(body, self._source))


class LinesWriter:
    """Writes one element per line, and nothing else."""

    def head(self, first: Sequence[bytes]) -> bytes:
        """Return nothing."""
        return b""

    def part(self, elements: Sequence[bytes]) -> bytes:
        """Return a line for each element."""
        return b"\n".join((*elements, b""))

    def tail(self, count: int, skipped: int) -> bytes:
        """Return nothing."""
        return b""
