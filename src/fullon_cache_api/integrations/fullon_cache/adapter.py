"""One known method of fullon_cache: how a read calls it and makes the native answer of what it gives."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from fullon_cache_api.reads.answer import Answer

AdapterFunction: TypeAlias = Callable[..., Awaitable[Answer | None]]
"""Takes Calls and the arguments of the native read, in their order; answers as the native read does."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """The read that it stands for, the methods that it calls and how it names their arguments."""

    read: str
    methods: Mapping[str, tuple[str, ...]]
    function: AdapterFunction


def adapter(read: str, **methods: tuple[str, ...]) -> Callable[[AdapterFunction], Adapter]:
    """Declare an adapter: the read, and each method that it calls with the arguments that it gives."""

    def declare(function: AdapterFunction) -> Adapter:
        return Adapter(read, MappingProxyType(methods), function)

    return declare
