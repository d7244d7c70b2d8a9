"""How far the references of schemas lead: no circle, no depth and no size that compiling could not bear."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from .document import MAX_DEPTH
from .json import Pointer
from .schema_file import SchemaFile
from .schemas import inner_schemas, pointer_text, reference, target_file, target_pointer
from .wording import printable

MAX_SIZE = 10_000

Node: TypeAlias = tuple[str, str]
"""A schema: its file, and its JSON Pointer there."""


class _Extent(NamedTuple):
    """How deep a schema is, and of how many schemas it consists, with every reference followed."""

    depth: int
    size: int


_LEFT_OUT = _Extent(0, 0)


@dataclass(frozen=True, slots=True)
class Links:
    """The schemas of some files, whose references all lead somewhere."""

    files: Mapping[str, SchemaFile]
    _known: dict[Node, _Extent] = field(default_factory=dict)

    def check(self, file: str) -> None:
        """Report where the schema of a file refers to itself, is nested too deep, or is too large."""
        if self._measure((file, ""), {}).size > MAX_SIZE:
            message = f"with every $ref followed, this is more than {MAX_SIZE} schemas"
            self.files[file].document.complain((), message)

    def _measure(self, node: Node, path: dict[Node, None]) -> _Extent:
        if node not in self._known:
            path[node] = None
            extents = [self._follow(node, child, place, path) for child, place in self._children(node)]
            del path[node]
            depth = 1 + max((extent.depth for extent in extents), default=0)
            self._known[node] = _Extent(depth, 1 + sum(extent.size for extent in extents))
        return self._known[node]

    def _follow(self, node: Node, child: Node, place: Pointer, path: dict[Node, None]) -> _Extent:
        document = self.files[node[0]].document
        if child in path:
            circle = [*list(path)[list(path).index(child) :], child]
            document.complain(place, f"this closes a circle: {_way(circle)}")
            return _LEFT_OUT
        extent = self._measure(child, path) if len(path) < MAX_DEPTH else _Extent(1, 1)
        if len(path) + extent.depth > MAX_DEPTH:
            document.complain(place, f"with every $ref followed, this is nested more than {MAX_DEPTH} deep")
            return _LEFT_OUT
        return extent

    def _children(self, node: Node) -> Iterator[tuple[Node, Pointer]]:
        file, pointer = node
        place, schema = self.files[file].parts[pointer]
        for within, _ in inner_schemas(schema):
            yield (file, pointer + pointer_text(within)), (*place, *within)
        ref = reference(schema)
        if ref is not None:
            yield (target_file(ref, file), target_pointer(ref)), (*place, "$ref")


def _way(nodes: list[Node]) -> str:
    return printable(" → ".join(f"{file}#{pointer}" if pointer else file for file, pointer in nodes))
