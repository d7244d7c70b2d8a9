"""What a large reply holds, as it came: what an answer is derived from, and known by."""

from collections.abc import Sequence

from fullon_cache_api.cache.reader import fields_of

_LOOKED_AT = 8


class Held:
    """The elements of a reply; two are equal if all of their bytes are.

    The hash looks at a few of them: to hash all costs more than all else that is done for an answer that is
    known already, and to compare them costs next to nothing.
    """

    __slots__ = ("elements",)

    def __init__(self, elements: Sequence[bytes] = ()) -> None:
        self.elements = elements

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held) and self.elements == other.elements

    def __hash__(self) -> int:
        count = len(self.elements)
        # An odd step comes to names and values, where those stand in turn.
        return hash((count, *self.elements[:: count // _LOOKED_AT | 1]))

    def fields(self) -> dict[bytes, bytes]:
        """Return names and values that stand in turn as a mapping."""
        return fields_of(self.elements)
