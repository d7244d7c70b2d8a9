"""The one factory that makes every endpoint's handler, at load, from the spec."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

from starlette.types import Scope

from fullon_cache_api.cache.copies import LIFETIME
from fullon_cache_api.reads.read import Read
from fullon_cache_api.spec.members import field_members
from fullon_cache_api.spec.model import Endpoint, Spec

from .answers import Answers, ReportSkipped, Source
from .kept import Finished
from .parameters import compile_parameters
from .response import Response, unless_known
from .selection import compile_selector
from .shared import Obtain, Shared, wanted_age
from .stale import StaleIfError
from .streaming import ReportCut
from .unchanged import Unchanged

REMEMBERED = 256
"""Bytes of a path and its query for which an answer may be looked for again: what a client sends is not to
decide how much memory is held."""

Respond: TypeAlias = Callable[[Scope], Awaitable[Response]]
"""Answers GET and HEAD of one path and query, as often as asked; raises at once or when awaited."""

Handler: TypeAlias = Callable[[Sequence[bytes], bytes], Respond]
"""Takes the segments of a path, still percent-encoded, and the query string; raises what is wrong in them."""


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
    answers = Answers(spec, endpoint, read, source, report_skipped, report_cut)
    forms, deliver = answers.forms, answers.deliver
    skip = endpoint.path.count("/")
    fed = len(endpoint.read.arguments)
    smallest = source.compression.smallest
    alone = _compile_respond(answers, source)
    is_shared = source.shared is not None and bool(endpoint.max_age) and not endpoint.coherent

    def share(obtain: Obtain) -> Respond:
        assert source.shared is not None and endpoint.max_age
        return Shared(obtain, deliver, smallest, forms, endpoint.max_age, source.deadline, source.shared)

    def handle(segments: Sequence[bytes], query_string: bytes) -> Respond:
        arguments = parse(segments[-skip:], query_string)
        selection = None
        if selector is not None and (query_string or selector.by_default):
            selection = selector.selection(arguments[fed:], query_string)
        is_short = sum(map(len, segments)) + len(segments) + len(query_string) <= REMEMBERED
        respond_by = share if is_shared and is_short else alone

        def answering(obtain: Obtain) -> Respond:
            if endpoint.stale_if_error is None:
                return respond_by(obtain)
            return StaleIfError(
                (endpoint.operation_id, tuple(arguments[:fed])),
                selection,
                respond_by,
                obtain,
                deliver,
                forms,
                endpoint.stale_if_error,
                source.deadline,
                source.last,
            )

        obtain = answers.to(arguments[:fed], selection)
        if isinstance(obtain, Unchanged):
            return _by_age(answering(obtain), answering(obtain.anew))
        return answering(obtain)

    return handle


def _compile_respond(answers: Answers, source: Source) -> Callable[[Obtain], Respond]:
    """Return what obtains an answer for each request by itself."""
    forms, deliver, smallest = answers.forms, answers.deliver, source.compression.smallest
    are_several, json = forms.are_several, forms.json

    async def respond(obtain: Obtain, scope: Scope) -> Response:
        deadline = asyncio.get_running_loop().time() + source.deadline
        form = forms.wanted(scope) if are_several else json
        made = await obtain(form, deadline)
        if isinstance(made, Finished) and len(made.response.body) < smallest:
            return unless_known(scope, made.response)
        return await deliver(scope, form, made, deadline)

    return partial(partial, respond)


def _by_age(copied: Respond, anew: Respond) -> Respond:
    """Return what answers from copies, unless a request takes none that is as old as one may be."""
    return lambda scope: (copied if wanted_age(scope) >= LIFETIME else anew)(scope)
