"""One read: what the catalogue says of it, and the function that does it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fullon_cache_api.spec.json import JsonObject
from fullon_cache_api.spec.signature import Argument, ReadSignature

from .answer import Answer, Derived
from .pages import Stream

if TYPE_CHECKING:
    from .lookup import Lookup

ReadFunction: TypeAlias = Callable[..., Awaitable[Answer | Derived | Stream | None]]
"""Takes a Reader and the arguments in the order of the signature; None is "the cache does not hold it"."""

LookupFunction: TypeAlias = Callable[..., "Lookup"]
"""Takes the arguments in the order of the signature."""


@dataclass(frozen=True, slots=True)
class Read:
    """A signature and its function; of one that is a Lookup, `look_up` tells it before anything is read."""

    signature: ReadSignature
    function: ReadFunction
    look_up: LookupFunction | None = None


def read(
    name: str,
    arguments: tuple[Argument, ...] = (),
    *,
    commands: tuple[str, ...],
    keys: tuple[str, ...],
    answer: JsonObject,
    elements: str | None = None,
    absent: bool = False,
    ambiguous: bool = False,
    no_scan_with: str | None = None,
    counted: tuple[str, ...] = (),
) -> Callable[[ReadFunction], Read]:
    """Declare a read; its summary is the first line of the function's docstring."""

    def declare(function: ReadFunction) -> Read:
        summary = (function.__doc__ or "").strip().splitlines()[0]
        signature = ReadSignature(
            name=name,
            summary=summary,
            arguments=arguments,
            commands=commands,
            keys=keys,
            answer=answer,
            elements=elements,
            absent=absent,
            ambiguous=ambiguous,
            no_scan_with=no_scan_with,
            counted=counted,
        )
        return Read(signature, function)

    return declare
