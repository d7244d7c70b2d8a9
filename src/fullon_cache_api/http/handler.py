"""The one factory that makes every endpoint's handler, at load, from the spec."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TypeAlias

import msgspec
from starlette.types import Scope

from fullon_cache_api.cache.client import CacheClient
from fullon_cache_api.cache.errors import CorruptValue
from fullon_cache_api.cache.reader import Reader
from fullon_cache_api.reads.answer import Derived
from fullon_cache_api.reads.read import Read
from fullon_cache_api.spec.model import Endpoint, Spec

from .contract import Contract
from .parameters import Argument, compile_parameters
from .problems import NotCached
from .response import JSON_TYPE, NO_SNIFF, Response, cache_control, entity, unless_known

Respond: TypeAlias = Callable[[Scope], Awaitable[Response]]
"""Answers GET and HEAD of one path and query, as often as asked."""

Handler: TypeAlias = Callable[[Sequence[bytes], bytes], Respond]
"""Takes the segments of a path, still percent-encoded, and the query string; raises what is wrong in them."""

_REMEMBERED = 1_024
"""Finished answers that an endpoint keeps, by all that they depend on: never an older one than was read."""

_REMEMBERED_BYTES = 768
"""Cached values above this size are not kept: what Redis holds must not decide how much memory is."""

ReportSkipped: TypeAlias = Callable[[str, Sequence[CorruptValue]], None]
"""Is told the operationId and what was left out of its answer."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where handlers read from, and how long a request may take (seconds)."""

    client: CacheClient
    deadline: float


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
    empty_is_absent = elements is not None and endpoint.empty == 404

    def finish(derived: Derived) -> Response:
        return entity(encode(contract.check(derived.answer())), headers)

    finish_once = lru_cache(_REMEMBERED)(finish)

    async def respond(arguments: Sequence[Argument], scope: Scope) -> Response:
        deadline = asyncio.get_running_loop().time() + source.deadline
        answer = await function(Reader(source.client, deadline), *arguments)
        if answer is None:
            raise NotCached
        if isinstance(answer, Derived):
            small = len(answer.arguments[-1]) <= _REMEMBERED_BYTES
            return unless_known(scope, finish_once(answer) if small else finish(answer))
        checked = contract.check(answer)
        if answer.skipped:
            report_skipped(endpoint.operation_id, answer.skipped)
        if empty_is_absent and not answer.body[str(elements)] and not answer.skipped:
            raise NotCached
        return unless_known(scope, entity(encode(checked), headers))

    def handle(segments: Sequence[bytes], query_string: bytes) -> Respond:
        return partial(respond, parse(segments[-skip:], query_string))

    return handle
