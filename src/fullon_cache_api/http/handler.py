"""The one factory that makes every endpoint's handler, at load, from the spec."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from starlette.types import Scope

from fullon_cache_api.cache.client import ReadClient
from fullon_cache_api.cache.errors import CacheTimeout, CorruptValue
from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.reads.answer import Answer, Derived
from fullon_cache_api.reads.pages import Stream
from fullon_cache_api.reads.read import Read
from fullon_cache_api.spec.members import field_members
from fullon_cache_api.spec.model import Endpoint, Spec

from .compression import Compression
from .contract import Contract
from .elements import KnownElements
from .forms import Form, Forms
from .kept import Finished, Kept, Key, size_of
from .parameters import Argument, compile_parameters
from .problems import NotCached
from .response import Response, unless_known
from .selection import Selection, compile_selector
from .shared import Obtain, Shared, SharedAnswers
from .streaming import ReportCut, Streaming, Turns

Respond: TypeAlias = Callable[[Scope], Awaitable[Response]]
"""Answers GET and HEAD of one path and query, as often as asked."""

Handler: TypeAlias = Callable[[Sequence[bytes], bytes], Respond]
"""Takes the segments of a path, still percent-encoded, and the query string; raises what is wrong in them."""

ReportSkipped: TypeAlias = Callable[[str, Sequence[CorruptValue]], None]
"""Is told the operationId and what was left out of its answer."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where handlers read from, how long a request may take (seconds), and what they have together.

    `kept` are finished answers, `shared` those that many requests get for a while, None where each is to have
    a read of its own, `known` are elements of large ones, whose making takes `turns`. `aside` is where large
    ones are compressed, one at a time.
    """

    client: ReadClient
    deadline: float
    kept: Kept
    shared: SharedAnswers | None
    aside: ThreadPoolExecutor
    compression: Compression
    known: KnownElements = field(default_factory=KnownElements)
    turns: Turns = field(default_factory=Turns)

    @classmethod
    def of(
        cls,
        client: ReadClient,
        deadline: float,
        shared: SharedAnswers | None = None,
        *,
        compresses: bool = True,
    ) -> "Source":
        """Return a source that nothing has been read from yet."""
        kept, aside = Kept(), ThreadPoolExecutor(1, "large answers")
        return cls(client, deadline, kept, shared, aside, Compression(kept, aside, on=compresses))


def make_handler(
    spec: Spec,
    endpoint: Endpoint,
    read: Read,
    source: Source,
    report_skipped: ReportSkipped,
    report_cut: ReportCut,
) -> Handler:
    """Return the handler of an endpoint: parameters, read, response check, selection, and what they come to.

    It raises BadParameters; what it returns raises NotCached, AmbiguousOrder and the errors of the cache.
    """
    parse = compile_parameters(endpoint, field_members(endpoint, spec.schemas))
    selector = compile_selector(endpoint)
    contract = Contract(endpoint, spec.schemas)
    forms = Forms(endpoint, contract, spec.schemas)
    are_several, json = forms.are_several, forms.json
    function = read.function
    skip = endpoint.path.count("/")
    fed = len(endpoint.read.arguments)
    empty_is_absent = endpoint.empty == 404
    compression, smallest = source.compression, source.compression.smallest

    def new_reader() -> Reader:
        return Reader(source.client, asyncio.get_running_loop().time() + source.deadline)

    streaming = Streaming(
        endpoint.operation_id,
        contract.check_element,
        new_reader,
        report_skipped,
        report_cut,
        empty_is_absent,
        source.known,
        source.turns,
    )

    def finish_once(derived: Derived, form: Form, selection: Selection | None, key: Key) -> Finished:
        finished = forms.finish(derived.answer(), form, selection)
        source.kept.add(form.kept, key, finished, size_of(key, finished))
        return finished

    async def gather(stream: Stream, form: Form, selection: Selection | None, deadline: float) -> Finished:
        # Other requests go on meanwhile.
        reader = Reader(source.client, deadline)
        try:
            async with asyncio.timeout_at(deadline):
                if contract.is_by_element:
                    return await forms.finish_part(stream, await stream.gather(reader), form, selection)
                return forms.finish(await stream.answer(reader), form, selection)
        except TimeoutError:
            raise CacheTimeout from None

    def checked(finished: Finished) -> Finished:
        if finished.skipped:
            report_skipped(endpoint.operation_id, finished.skipped)
        if finished.is_empty and empty_is_absent:
            raise NotCached
        return finished

    async def obtain(
        arguments: Sequence[Argument], selection: Selection | None, form: Form, deadline: float
    ) -> Finished | Stream:
        answer = await function(Reader(source.client, deadline), *arguments)
        if answer is None:
            raise NotCached
        if isinstance(answer, Derived):
            key = answer if selection is None else (answer, selection)
            finished = form.kept.get(key) or finish_once(answer, form, selection, key)
        elif isinstance(answer, Answer):
            finished = forms.finish(answer, form, selection)
        elif contract.is_by_element and selection is None:
            return answer
        else:
            finished = await gather(answer, form, selection, deadline)
        return checked(finished)

    async def deliver(scope: Scope, form: Form, made: Finished | Stream, deadline: float) -> Response:
        if isinstance(made, Stream) and form is not json and "app" in scope:
            # A host's middleware can end a body that was cut like a whole one, and only JSON shows that.
            made = checked(await gather(made, form, None, deadline))
        if isinstance(made, Stream):
            return compression.stream(scope, await streaming.respond(made, form, scope["method"]))
        return await compression.respond(scope, made.response, deadline)

    async def respond(obtain: Obtain, scope: Scope) -> Response:
        deadline = asyncio.get_running_loop().time() + source.deadline
        form = forms.wanted(scope) if are_several else json
        made = await obtain(form, deadline)
        if isinstance(made, Finished) and len(made.response.body) < smallest:
            return unless_known(scope, made.response)
        return await deliver(scope, form, made, deadline)

    def handle(segments: Sequence[bytes], query_string: bytes) -> Respond:
        arguments = parse(segments[-skip:], query_string)
        selection = None
        if selector is not None and (query_string or selector.by_default):
            selection = selector.selection(arguments[fed:], query_string)
        own = partial(obtain, arguments[:fed], selection)
        if source.shared is None or not endpoint.max_age or endpoint.coherent:
            return partial(respond, own)
        return Shared(own, deliver, smallest, forms, endpoint.max_age, source.deadline, source.shared)

    return handle
