"""What the installed fullon_cache offers, measured against the catalogue: as known, drifted, new, refused."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from types import FunctionType, MappingProxyType, ModuleType
from typing import Literal, TypeAlias

from fullon_cache_api.reads import CATALOGUE, REFUSED
from fullon_cache_api.spec.signature import ReadSignature

from . import accounts, bots, ohlcv, orders, processes, ticks, trades
from .adapter import Adapter
from .inspection import why_refused
from .package import BASE, Package
from .unknown import NotCallable, adapter_of, signature_of

State: TypeAlias = Literal["known", "missing", "changed", "own", "new", "refused"]
"""`own` is a read that fullon_cache does not have, `missing` one that only this version of it lacks."""

_RAW = "raw keys are never served"
_MODULES = (ticks, accounts, orders, bots, trades, ohlcv, processes)
_GIVABLE = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _declared(module: ModuleType) -> Iterator[Adapter]:
    return (value for value in vars(module).values() if isinstance(value, Adapter))


ADAPTERS = MappingProxyType({each.read: each for module in _MODULES for each in _declared(module)})
"""The closed list of the methods that are known to only read, by read."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One read as the installed version has it; without an adapter it is not bound, and `note` says why."""

    signature: ReadSignature | None
    read: str
    state: State
    note: str = ""
    adapter: Adapter | None = None


def survey(package: Package) -> tuple[Offer, ...]:
    """Return every read of the catalogue, and every other public method of the installed cache classes."""
    known = [_known(name, signature, package) for name, signature in CATALOGUE.reads.items()]
    called = {
        f"{read.partition('.')[0]}.{method}" for read, each in ADAPTERS.items() for method in each.methods
    }
    others = [
        _other(f"{cache_name}.{name}", method, package)
        for cache_name, cache in package.caches.items()
        for name, method in package.methods(cache).items()
        if not name.startswith("_") and f"{cache_name}.{name}" not in called | CATALOGUE.reads.keys()
    ]
    return (*known, *sorted(others, key=lambda offer: (offer.state, offer.read)))


def never_served(package: Package) -> dict[str, str]:
    """Return the methods that no spec may name although no offer says so: private ones, and the raw keys'."""
    raw = [name for name in dir(package.base or object) if not name.startswith("_")]
    never = {f"{BASE}.{name}": _RAW for name in raw}
    for cache_name, cache in package.caches.items():
        own = package.methods(cache)
        never |= {f"{cache_name}.{name}": _RAW for name in raw if name not in own}
        never |= {f"{cache_name}.{name}": "it is private" for name in own if name.startswith("_")}
    return never


def _known(name: str, signature: ReadSignature, package: Package) -> Offer:
    adapter = ADAPTERS.get(name)
    if adapter is None:
        return Offer(signature, name, "own", "a read of this project: fullon_cache has none like it")
    cache = name.partition(".")[0]
    for method_name, arguments in adapter.methods.items():
        method = package.method(f"{cache}.{method_name}")
        if method is None:
            return Offer(signature, name, "missing", f"this version has no {cache}.{method_name}")
        change = _change(method, arguments)
        if change is not None:
            return Offer(signature, name, "changed", f"{cache}.{method_name} {change}")
    return Offer(signature, name, "known", adapter=adapter)


def _change(method: FunctionType, arguments: tuple[str, ...]) -> str | None:
    """Return in which way a method cannot be called as it is known, or None."""
    if not inspect.iscoroutinefunction(method):
        return "is not async any more"
    parameters = list(inspect.signature(method).parameters.values())[1:]
    named = [parameter for parameter in parameters if parameter.kind in _GIVABLE]
    required = [each.name for each in parameters if each.default is each.empty and each.kind not in _VARIABLE]
    if set(arguments) <= {each.name for each in named} and set(required) <= set(arguments):
        return None
    takes = ", ".join(each.name for each in parameters) or "nothing"
    return f"takes {takes}, and not {', '.join(arguments) or 'nothing'}"


def _other(read: str, method: FunctionType, package: Package) -> Offer:
    cache = package.caches[read.partition(".")[0]]
    reason = REFUSED.get(read) or why_refused(method, cache, package.base)
    if reason is not None:
        return Offer(None, read, "refused", reason)
    try:
        signature = signature_of(read, method)
    except NotCallable as error:
        return Offer(None, read, "refused", str(error))
    return Offer(signature, read, "new", "not in the catalogue", adapter_of(signature))
