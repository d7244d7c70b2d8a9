"""What a read looks like from the outside: arguments, Redis commands, key patterns and answer.

The spec is checked against a catalogue of these; the functions behind them live in `reads/`, which this
package does not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .json import EMPTY, Json, JsonObject

ArgumentType: TypeAlias = Literal["string", "integer", "number", "boolean", "symbol"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One input of a read.

    `type` is a JSON Schema type, or `symbol` for a market symbol with its spellings. `schema` holds what the
    read itself demands of a value (a key segment must not contain `:`), whatever the YAML allows.
    """

    name: str
    type: ArgumentType
    description: str
    required: bool = True
    default: Json = None
    schema: JsonObject = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class ReadSignature:
    """One read, named as fullon_cache names it: `TickCache.get_ticker`.

    `answer` is a JSON Schema of what the read gives. `elements` names the answer's property that lists the
    elements of a collection. `absent` is true where the read can say that the cache does not hold the thing,
    `ambiguous` where one id can name several things (HTTP 409). `no_scan_with` names the argument with which
    a read that else looks for keys (SCAN) reads known keys only; `counted` are those of the `keys` whose
    names it looks for, and whose values it never reads.
    """

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    commands: tuple[str, ...]
    keys: tuple[str, ...]
    answer: JsonObject
    elements: str | None = None
    absent: bool = False
    ambiguous: bool = False
    no_scan_with: str | None = None
    counted: tuple[str, ...] = ()

    def argument(self, name: str) -> Argument | None:
        """Return the argument of that name, or None."""
        return next((argument for argument in self.arguments if argument.name == name), None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The reads that a spec may name, and those it must not: read name → why it is refused."""

    reads: Mapping[str, ReadSignature]
    refused: Mapping[str, str]
