"""CACHE_BACKEND: the catalogue that specs are checked against, and the functions behind its reads."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.log import get_component_logger
from fullon_cache_api.reads import CATALOGUE, READS, REFUSED
from fullon_cache_api.reads.answer import Answer
from fullon_cache_api.reads.read import Read, ReadFunction
from fullon_cache_api.reads.values import Value, is_number
from fullon_cache_api.settings import Settings, SettingsError
from fullon_cache_api.spec.signature import Catalogue, ReadSignature

from .adapter import Adapter
from .call import Calls, Gate
from .offer import Offer, never_served, survey
from .package import Package, is_installed, load_package
from .witness import ATTEMPTS, Holdings, Testimony, Witness, witness_of

_LOG = get_component_logger("fullon.api.cache.backend")

Ask: TypeAlias = Callable[[Reader, tuple[object, ...]], Awaitable[Answer | None]]
"""Asks fullon_cache, once."""


def open_backend(settings: Settings) -> tuple[Catalogue, Mapping[str, Read]]:
    """Return the reads that the settings' backend offers, and what does them; nothing is read yet.

    With `auto` and no fullon_cache, or none that can be used, that is what `native` offers. Raises
    SettingsError where fullon_cache is asked for and absent, or cannot reach the settings' Redis.
    """
    if settings.cache_backend == "auto" and not is_installed():
        return CATALOGUE, READS
    try:
        package = load_package(settings.redis)
    except SettingsError as error:
        if settings.cache_backend != "auto":
            raise
        _LOG.warning("every read is native", reason=error.reason)
        return Catalogue(NativeOnly(error), CATALOGUE.refused), READS
    offers = survey(package)
    for offer in offers:
        if offer.state in ("missing", "changed"):
            _LOG.warning("read stays native", read=offer.read, reason=offer.note, version=package.version)
    reads = bind(package, offers, prefer_native=settings.cache_backend == "auto")
    return extended_catalogue(package, offers), MappingProxyType(reads)


class NativeOnly(Mapping[str, ReadSignature]):
    """The native reads; looking for any other raises the error for which the package cannot be asked."""

    def __init__(self, error: SettingsError) -> None:
        self._error = error

    def __getitem__(self, name: str) -> ReadSignature:
        """Return the signature of a native read; raises SettingsError."""
        if name not in CATALOGUE.reads:
            raise SettingsError(self._error.variable, f"{self._error.reason} ({name} is not native)")
        return CATALOGUE.reads[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the native reads."""
        return iter(CATALOGUE.reads)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(CATALOGUE.reads)


def extended_catalogue(package: Package, offers: tuple[Offer, ...]) -> Catalogue:
    """Return this project's catalogue with what else the installed package offers, and what it must not."""
    new = {offer.read: offer.signature for offer in offers if offer.signature is not None}
    refused = {offer.read: offer.note for offer in offers if offer.state == "refused"}
    return Catalogue(
        reads=MappingProxyType({**CATALOGUE.reads, **new}),
        refused=MappingProxyType({**never_served(package), **refused, **REFUSED}),
    )


def bind(package: Package, offers: tuple[Offer, ...], *, prefer_native: bool) -> dict[str, Read]:
    """Return what does each read: the installed package where it can, or only where nothing else can."""
    gate = Gate()
    reads = dict(READS)
    for offer in offers:
        native = offer.read in reads
        if offer.adapter is None or offer.signature is None or (native and prefer_native):
            continue
        reads[offer.read] = Read(offer.signature, _function(package, offer.adapter, offer.signature, gate))
    return reads


def _function(package: Package, adapter: Adapter, signature: ReadSignature, gate: Gate) -> ReadFunction:
    cache = package.caches[signature.name.partition(".")[0]]
    source = " ".join(signature.keys)
    witness = witness_of(signature.name)

    async def ask(reader: Reader, arguments: tuple[object, ...]) -> Answer | None:
        calls = Calls(package, cache, reader, gate, source)
        answer = await adapter.function(calls, *arguments)
        if answer is None or holds_nothing(answer.body, arguments):
            await calls.verify()
        return answer

    async def read(reader: Reader, *arguments: object) -> Answer | None:
        if witness is not None:
            return await _attested(witness, reader, arguments, ask)
        # Nobody else can read it: all that can be done is to look at the connection, and to ask again.
        calls = Calls(package, cache, reader, gate, source)
        await calls.verify()
        answer = await ask(reader, arguments)
        if answer is None or holds_nothing(answer.body, arguments):
            answer = await ask(reader, arguments)
        await calls.verify()
        return answer

    return read


async def _attested(
    witness: Witness, reader: Reader, arguments: tuple[object, ...], ask: Ask
) -> Answer | None:
    """Return an answer that lacks nothing of what its witness finds.

    Raises CacheUnavailable where fullon_cache does not give it, or what is wrong with what is cached.
    """
    before: Testimony | None = None
    for _ in range(ATTEMPTS):
        answer = await ask(reader, arguments)
        given: Holdings = Counter() if answer is None else witness.given(answer, arguments)
        testimony = await witness.testimony(reader, arguments)
        if testimony.is_met(given, before):
            return answer
        before = testimony
    raise testimony.error()


def holds_nothing(value: Value, given: Sequence[object] = ()) -> bool:
    """Whether a value could be what fullon_cache makes of an error: no element, and no number but 0.

    `given` are the arguments, which an answer may repeat.
    """
    match value:
        case dict():
            return all(holds_nothing(member, given) for member in value.values())
        case list():
            return not value
    return not is_number(value) or value == 0 or value in given
