"""The one factory that makes every endpoint's handler, at load, from the spec."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import msgspec
from starlette.types import Scope

from fullon_cache_api.cache.client import ReadClient
from fullon_cache_api.cache.errors import CacheTimeout, CorruptValue
from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.reads.answer import Answer, Derived
from fullon_cache_api.reads.read import Read
from fullon_cache_api.spec.members import field_members
from fullon_cache_api.spec.model import Endpoint, Spec

from .compression import Compression
from .contract import Contract
from .kept import Entries, Finished, Kept, Key, size_of
from .parameters import Argument, compile_parameters
from .problems import NotCached
from .response import JSON_TYPE, NO_SNIFF, Response, cache_control, entity, unless_known
from .selection import Selection, compile_selector
from .shared import Obtain, Shared, SharedAnswers

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
    a read of its own; `aside` is where large ones are made and compressed, one at a time.
    """

    client: ReadClient
    deadline: float
    kept: Kept
    shared: SharedAnswers | None
    aside: ThreadPoolExecutor
    compression: Compression

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
    spec: Spec, endpoint: Endpoint, read: Read, source: Source, report_skipped: ReportSkipped
) -> Handler:
    """Return the handler of an endpoint: parameters, read, response check, selection, JSON.

    It raises BadParameters; what it returns raises NotCached, AmbiguousOrder and the errors of the cache.
    """
    parse = compile_parameters(endpoint, field_members(endpoint, spec.schemas))
    selector = compile_selector(endpoint)
    contract = Contract(endpoint, spec.schemas)
    function = read.function
    encode = msgspec.json.Encoder().encode
    headers = ((b"content-type", JSON_TYPE), cache_control(endpoint.max_age), NO_SNIFF)
    skip = endpoint.path.count("/")
    elements = endpoint.read.elements
    fed = len(endpoint.read.arguments)
    empty_is_absent = endpoint.empty == 404
    kept: Entries = {}
    compression, smallest = source.compression, source.compression.smallest

    def finish(answer: Answer, selection: Selection | None) -> Finished:
        is_empty = elements is not None and not answer.body[elements]
        body = contract.check(answer)
        if selector is None or selection is None:
            response = entity(encode(body), headers)
        else:
            body, links = selector.select(body, selection)
            response = entity(encode(body), (*headers, *links))
        return Finished(response, tuple(answer.skipped), is_empty and not answer.skipped)

    def finish_once(derived: Derived, selection: Selection | None, key: Key) -> Finished:
        finished = finish(derived.answer(), selection)
        source.kept.add(kept, key, finished, size_of(key, finished))
        return finished

    async def finish_aside(derived: Derived, selection: Selection | None, deadline: float) -> Finished:
        # Other requests go on meanwhile. It is too large to be kept, and to be looked for.
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(deadline):
                return await loop.run_in_executor(source.aside, lambda: finish(derived.answer(), selection))
        except TimeoutError:
            raise CacheTimeout from None

    async def obtain(arguments: Sequence[Argument], selection: Selection | None, deadline: float) -> Finished:
        answer = await function(Reader(source.client, deadline), *arguments)
        if answer is None:
            raise NotCached
        if isinstance(answer, Answer):
            finished = finish(answer, selection)
        elif answer.is_large:
            finished = await finish_aside(answer, selection, deadline)
        else:
            key = answer if selection is None else (answer, selection)
            finished = kept.get(key) or finish_once(answer, selection, key)
        if finished.skipped:
            report_skipped(endpoint.operation_id, finished.skipped)
        if finished.is_empty and empty_is_absent:
            raise NotCached
        return finished

    async def respond(obtain: Obtain, scope: Scope) -> Response:
        deadline = asyncio.get_running_loop().time() + source.deadline
        response = (await obtain(deadline)).response
        if len(response.body) >= smallest:
            return await compression.respond(scope, response, deadline)
        return unless_known(scope, response)

    def handle(segments: Sequence[bytes], query_string: bytes) -> Respond:
        arguments = parse(segments[-skip:], query_string)
        selection = None
        if selector is not None and (query_string or selector.by_default):
            selection = selector.selection(arguments[fed:], query_string)
        own = partial(obtain, arguments[:fed], selection)
        if source.shared is None or not endpoint.max_age or endpoint.coherent:
            return partial(respond, own)
        return Shared(own, endpoint.max_age, source.deadline, source.shared, compression)

    return handle
