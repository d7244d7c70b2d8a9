"""The one factory that makes every endpoint's handler, at load, from the spec."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from starlette.types import Scope

from fullon_cache_api.cache.client import CacheClient
from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.reads.answer import Answer, Derived
from fullon_cache_api.reads.read import Read
from fullon_cache_api.spec.model import Endpoint, Spec

from .contract import Contract
from .elements import KnownElements
from .forms import Form, Forms
from .kept import Finished, Kept
from .parameters import Argument, compile_parameters
from .problems import NotCached
from .response import Response, unless_known
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

    `kept` are finished answers and `known` elements of large ones, whose making takes `turns`.
    """

    client: CacheClient
    deadline: float
    kept: Kept = field(default_factory=Kept)
    known: KnownElements = field(default_factory=KnownElements)
    turns: Turns = field(default_factory=Turns)


def make_handler(
    spec: Spec,
    endpoint: Endpoint,
    read: Read,
    source: Source,
    report_skipped: ReportSkipped,
    report_cut: ReportCut,
) -> Handler:
    """Return the handler of an endpoint: parameters, read, response check, JSON or what else is wanted.

    It raises BadParameters; what it returns raises NotCached, AmbiguousOrder and the errors of the cache.
    """
    parse = compile_parameters(endpoint)
    contract = Contract(endpoint, spec.schemas)
    forms = Forms(endpoint, contract, spec.schemas)
    are_several, json = forms.are_several, forms.json
    function = read.function
    skip = endpoint.path.count("/")
    empty_is_absent = endpoint.empty == 404

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

    def finish_once(derived: Derived, form: Form) -> Finished:
        finished = forms.finish(derived.answer(), form)
        source.kept.add(form.kept, derived, finished)
        return finished

    async def respond(arguments: Sequence[Argument], scope: Scope) -> Response:
        reader = Reader(source.client, asyncio.get_running_loop().time() + source.deadline)
        answer = await function(reader, *arguments)
        if answer is None:
            raise NotCached
        form = forms.wanted(scope) if are_several else json
        if isinstance(answer, Derived):
            finished = form.kept.get(answer) or finish_once(answer, form)
        elif isinstance(answer, Answer):
            finished = forms.finish(answer, form)
        elif contract.is_by_element:
            return await streaming.respond(answer, form, scope["method"])
        else:
            finished = forms.finish(await answer.answer(reader), form)
        if finished.skipped:
            report_skipped(endpoint.operation_id, finished.skipped)
        if finished.is_empty and empty_is_absent:
            raise NotCached
        return unless_known(scope, finished.response)

    def handle(segments: Sequence[bytes], query_string: bytes) -> Respond:
        return partial(respond, parse(segments[-skip:], query_string))

    return handle
