"""The one factory that makes every endpoint's handler, at load, from the spec."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import msgspec
from starlette.types import Scope

from fullon_cache_api.cache.client import ReadClient
from fullon_cache_api.cache.errors import CacheTimeout, CorruptValue
from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.reads.answer import Answer, Derived
from fullon_cache_api.reads.read import Read
from fullon_cache_api.spec.model import Endpoint, Spec

from .contract import Contract
from .kept import Entries, Finished, Kept
from .parameters import Argument, compile_parameters
from .problems import NotCached
from .response import JSON_TYPE, NO_SNIFF, Response, cache_control, entity, unless_known

Respond: TypeAlias = Callable[[Scope], Awaitable[Response]]
"""Answers GET and HEAD of one path and query, as often as asked."""

Handler: TypeAlias = Callable[[Sequence[bytes], bytes], Respond]
"""Takes the segments of a path, still percent-encoded, and the query string; raises what is wrong in them."""

ReportSkipped: TypeAlias = Callable[[str, Sequence[CorruptValue]], None]
"""Is told the operationId and what was left out of its answer."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where handlers read from, how long a request may take (seconds), and what they have together.

    `kept` are finished answers; `aside` is where large ones are made, one at a time.
    """

    client: ReadClient
    deadline: float
    kept: Kept = field(default_factory=Kept)
    aside: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, 1, "large answers"))


def make_handler(
    spec: Spec, endpoint: Endpoint, read: Read, source: Source, report_skipped: ReportSkipped
) -> Handler:
    """Return the handler of an endpoint: parameters, read, response check, JSON.

    It raises BadParameters; what it returns raises NotCached, AmbiguousOrder and the errors of the cache.
    """
    parse = compile_parameters(endpoint)
    contract = Contract(endpoint, spec.schemas)
    function = read.function
    encode = msgspec.json.Encoder().encode
    headers = ((b"content-type", JSON_TYPE), cache_control(endpoint.max_age), NO_SNIFF)
    skip = endpoint.path.count("/")
    elements = endpoint.read.elements
    empty_is_absent = endpoint.empty == 404
    kept: Entries = {}

    def finish(answer: Answer) -> Finished:
        is_empty = elements is not None and not answer.body[elements]
        body = encode(contract.check(answer))
        return Finished(entity(body, headers), tuple(answer.skipped), is_empty and not answer.skipped)

    def finish_once(derived: Derived) -> Finished:
        finished = finish(derived.answer())
        source.kept.add(kept, derived, finished)
        return finished

    async def finish_aside(derived: Derived, deadline: float) -> Finished:
        # Other requests go on meanwhile. It is too large to be kept, and to be looked for.
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(deadline):
                return await loop.run_in_executor(source.aside, lambda: finish(derived.answer()))
        except TimeoutError:
            raise CacheTimeout from None

    async def respond(arguments: Sequence[Argument], scope: Scope) -> Response:
        deadline = asyncio.get_running_loop().time() + source.deadline
        answer = await function(Reader(source.client, deadline), *arguments)
        if answer is None:
            raise NotCached
        if isinstance(answer, Answer):
            finished = finish(answer)
        elif answer.is_large:
            finished = await finish_aside(answer, deadline)
        else:
            finished = kept.get(answer) or finish_once(answer)
        if finished.skipped:
            report_skipped(endpoint.operation_id, finished.skipped)
        if finished.is_empty and empty_is_absent:
            raise NotCached
        return unless_known(scope, finished.response)

    def handle(segments: Sequence[bytes], query_string: bytes) -> Respond:
        return partial(respond, parse(segments[-skip:], query_string))

    return handle
