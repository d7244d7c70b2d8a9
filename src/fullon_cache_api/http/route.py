"""The route tree: from a request's raw path to what answers it, literal segments before parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

T = TypeVar("T")


class RouteConflict(ValueError):
    """Two routes would answer the same paths."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"another route already answers {path}")


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: "dict[bytes, _Node[T]]" = field(default_factory=dict)
    parameter: "_Node[T] | None" = None
    leaf: T | None = None


class RouteTree(Generic[T]):
    """Paths as a tree of segments; finding one costs a look-up per segment, however many there are."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, path: str, leaf: T) -> None:
        """Add a path template such as `/tickers/{exchange}`; raises RouteConflict where it is taken."""
        node = self._root
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment.encode(), _Node())
        if node.leaf is not None:
            raise RouteConflict(path)
        node.leaf = leaf

    def find(self, segments: Sequence[bytes]) -> T | None:
        """Return the leaf for a raw path's segments (still percent-encoded), or None.

        A parameter takes any segment but an empty one. A literal that leads nowhere is no dead end: the
        parameter beside it is tried next.
        """
        count = len(segments)
        waiting = [(self._root, 0)]
        while waiting:
            found, index = waiting.pop()
            node: _Node[T] | None = found
            while node is not None and index < count:
                segment = segments[index]
                index += 1
                parameter = node.parameter if segment else None
                literal = node.literals.get(segment)
                if literal is None and b"%" in segment:
                    # RFC 3986, section 6.2.2.2: %74 is the same as t.
                    literal = node.literals.get(unquote_to_bytes(segment))
                if literal is not None and parameter is not None:
                    waiting.append((parameter, index))
                node = literal or parameter
            if node is not None and node.leaf is not None:
                return node.leaf
        return None
