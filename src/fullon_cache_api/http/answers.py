"""The answers of one endpoint: read, made in the form that is wanted, and delivered."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from starlette.types import Scope

from fullon_cache_api.cache.client import ReadClient
from fullon_cache_api.cache.coherent import CoherentClient
from fullon_cache_api.cache.errors import CacheTimeout, CorruptValue
from fullon_cache_api.cache.reader import LargeHashes, Reader
from fullon_cache_api.reads.answer import Answer, Derived
from fullon_cache_api.reads.lookup import Lookup
from fullon_cache_api.reads.pages import Stream
from fullon_cache_api.reads.read import Read
from fullon_cache_api.spec.model import Endpoint, Spec

from .compression import Compression
from .contract import Contract
from .elements import KnownElements
from .forms import Form, Forms
from .kept import Finished, Kept, Key, size_of
from .parameters import Argument
from .problems import NotCached
from .response import Response
from .selection import Selection
from .shared import Obtain, SharedAnswers
from .stale import LastAnswers
from .streaming import OpenStreams, ReportCut, Streaming, Turns
from .unchanged import ObtainBy, Unchanged

ReportSkipped: TypeAlias = Callable[[str, Sequence[CorruptValue]], None]
"""Is told the operationId and what was left out of its answer."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where handlers read from, how long a request may take (seconds), and what they have together.

    `kept` are finished answers, `shared` those that many requests get for a while, None where each is to have
    a read of its own; `known` are elements of large ones, whose making takes `turns`; `streams` bounds them.
    `last` are those that are given while Redis cannot be read, `large` the hashes that are read page by page.
    """

    client: ReadClient
    deadline: float
    kept: Kept
    compression: Compression
    shared: SharedAnswers | None
    known: KnownElements = field(default_factory=KnownElements)
    turns: Turns = field(default_factory=Turns)
    streams: OpenStreams = field(default_factory=OpenStreams)
    last: LastAnswers = field(default_factory=LastAnswers)
    large: LargeHashes = field(default_factory=LargeHashes)

    def reader(self, deadline: float, client: ReadClient | None = None) -> Reader:
        """Return a reader for what is to be there by a time of the running loop's clock.

        It reads through another `client` than the source's where one is given.
        """
        return Reader(client or self.client, deadline, self.large)

    @classmethod
    def of(
        cls,
        client: ReadClient,
        deadline: float,
        shared: SharedAnswers | None = None,
        *,
        compresses: bool = True,
        streams: OpenStreams | None = None,
    ) -> "Source":
        """Return a source that nothing has been read from yet."""
        kept = Kept()
        compression = Compression(kept, ThreadPoolExecutor(1, "compression"), on=compresses)
        return cls(client, deadline, kept, compression, shared, streams=streams or OpenStreams())


class Answers:
    """Reads and makes the answers of one endpoint; compiled once.

    `obtain` and `deliver` raise NotCached, AmbiguousOrder and the errors of the cache.
    """

    def __init__(
        self,
        spec: Spec,
        endpoint: Endpoint,
        read: Read,
        source: Source,
        report_skipped: ReportSkipped,
        report_cut: ReportCut,
    ) -> None:
        contract = Contract(endpoint, spec.schemas)
        asked = endpoint.security or ()
        credentials = [scheme.header for scheme in spec.security_schemes if scheme.name in asked]
        self.forms = Forms(endpoint, contract, spec.schemas, credentials)
        self._read: Callable[..., Awaitable[Answer | Derived | Stream | None]] = read.function
        self._look_up = read.look_up
        self._source = source
        self._operation_id = endpoint.operation_id
        self._report_skipped = report_skipped
        self._empty_is_absent = endpoint.empty == 404
        self._is_by_element = contract.is_by_element
        self._streaming = Streaming(
            endpoint.operation_id,
            contract.check_element,
            lambda: source.reader(asyncio.get_running_loop().time() + source.deadline),
            report_skipped,
            report_cut,
            self._empty_is_absent,
            source.known,
            source.turns,
            source.streams,
        )

    def to(self, arguments: Sequence[Argument], selection: Selection | None) -> Obtain:
        """Return what obtains the answer to some arguments, as often as asked."""
        client = self._source.client
        obtain: ObtainBy
        if self._look_up is not None:
            obtain = partial(self._found, self._look_up(*arguments), selection)
        else:
            obtain = partial(self.obtain, arguments, selection)
        return Unchanged(client, obtain) if isinstance(client, CoherentClient) else obtain

    async def obtain(
        self,
        arguments: Sequence[Argument],
        selection: Selection | None,
        form: Form,
        deadline: float,
        client: ReadClient | None = None,
    ) -> Finished | Stream:
        """Return an answer, or what is selected of it; a large one that is wanted whole is yet to be made."""
        answer = await self._read(self._source.reader(deadline, client), *arguments)
        if answer is None:
            raise NotCached
        if isinstance(answer, Derived):
            finished = self._derived(answer, form, selection)
        elif isinstance(answer, Answer):
            finished = self.forms.finish(answer, form, selection)
        elif self._is_by_element and selection is None:
            return answer
        else:
            finished = await self._gather(answer, form, selection, deadline)
        return self._checked(finished)

    async def _found(
        self,
        lookup: Lookup,
        selection: Selection | None,
        form: Form,
        deadline: float,
        client: ReadClient | None = None,
    ) -> Finished:
        """Return what `obtain` does, without what a read that may send anything needs."""
        (reply,) = await (client or self._source.client).execute(lookup.commands, deadline)
        answer = lookup.found(reply)
        if answer is None:
            raise NotCached
        return self._checked(self._derived(answer, form, selection))

    async def deliver(self, scope: Scope, form: Form, made: Finished | Stream, deadline: float) -> Response:
        """Return what was obtained as the answer to a request: compressed, or sent while it is made."""
        compression = self._source.compression
        if isinstance(made, Stream) and self._must_be_whole(scope, form):
            made = self._checked(await self._gather(made, form, None, deadline))
        if isinstance(made, Stream):
            return compression.stream(scope, await self._streaming.respond(made, form, scope["method"]))
        return await compression.respond(scope, made.response, deadline)

    def _must_be_whole(self, scope: Scope, form: Form) -> bool:
        """Whether an answer cannot be sent while it is made.

        HTTP/1.0 knows no chunks: a body without its length ends with the connection, however that ends. A
        host's middleware can end a body that was cut like a whole one, too, and only JSON shows that.
        """
        return scope.get("http_version") == "1.0" or (form is not self.forms.json and "app" in scope)

    def _derived(self, derived: Derived, form: Form, selection: Selection | None) -> Finished:
        """Return an answer that is made once, for as long as it is kept."""
        key: Key = derived if selection is None else (derived, selection)
        if (known := form.kept.get(key)) is not None:
            return known
        finished = self.forms.finish(derived.answer(), form, selection)._replace(is_derived=True)
        self._source.kept.add(form.kept, key, finished, size_of(key, finished))
        return finished

    async def _gather(
        self, stream: Stream, form: Form, selection: Selection | None, deadline: float
    ) -> Finished:
        reader = self._source.reader(deadline)
        try:
            with self._source.streams.place():
                async with asyncio.timeout_at(deadline):
                    return await self._gathered(stream, reader, form, selection)
        except TimeoutError:
            raise CacheTimeout from None

    async def _gathered(
        self, stream: Stream, reader: Reader, form: Form, selection: Selection | None
    ) -> Finished:
        if self._is_by_element:
            elements = await stream.gather(reader)
            return await self.forms.finish_part(stream, elements, form, selection)
        return self.forms.finish(await stream.answer(reader), form, selection)

    def _checked(self, finished: Finished) -> Finished:
        if finished.skipped:
            self._report_skipped(self._operation_id, finished.skipped)
        if finished.is_empty and self._empty_is_absent:
            raise NotCached
        return finished
