"""GET /batch: several endpoints of the spec asked in one request, each with an answer of its own."""

import asyncio
import math
import re
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias
from urllib.parse import unquote

import msgspec
from starlette.types import Scope

from fullon_cache_api.auth.principal import AuthenticationUnavailable, Forbidden, Unauthenticated
from fullon_cache_api.cache.errors import CacheTimeout, CacheUnavailable
from fullon_cache_api.spec.batch import MAX_GETS
from fullon_cache_api.spec.model import Endpoint
from fullon_cache_api.spec.suggest import did_you_mean

from .answers import Source
from .handler import Handler, Respond
from .parameters import BadParameters, ParameterMistake
from .path import raw_path, segments_of
from .problems import BatchTooLarge, NoSuchEndpoint
from .request_id import request_id
from .response import JSON_TYPE, NO_SNIFF, NO_STORE, REQUEST_ID, Header, Response, cache_control, entity
from .stale import WARNING, is_stale
from .streaming import AnswerCut
from .text import BadText, decode_query

MAX_BYTES = 4_000_000
"""Bytes of all answers of a batch together; those that go beyond are asked for by themselves."""

LISTS_AT_ONCE = 10
"""Reads of lists that one batch has under way: what they give is made without a break."""

_SMALL = frozenset({"GET", "HGET", "HMGET", "HLEN", "LLEN"})
_BOUNDED = _SMALL | {"LRANGE"}
"""Commands whose replies are not as long as whatever the cache holds."""

_REFUSED = (AuthenticationUnavailable, BadParameters, Forbidden, Unauthenticated)
"""What an endpoint raises that has not asked Redis."""

_NAME = "get"
_LONGEST_NAME = 64
_TARGET = re.compile(r"/(?!/)[!-~]*")
_NOT_A_TARGET = (
    "names what is no path below the prefix: it begins with one slash, has no fragment, and all but visible "
    "ASCII in it is percent-encoded"
)

Find: TypeAlias = Callable[[Sequence[bytes]], Handler | None]
"""Finds what answers the segments of a path."""

Explain: TypeAlias = Callable[[Scope, Exception], Response]
"""Makes an error the problem that a request is answered with, and reports it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One endpoint that a batch asks, and what answers it."""

    endpoint: Endpoint
    respond: Respond

    @property
    def is_small(self) -> bool:
        """Whether the read takes little, however much the cache holds."""
        return bool(self.endpoint.read.commands) and _SMALL.issuperset(self.endpoint.read.commands)

    @property
    def is_wide(self) -> bool:
        """Whether the read takes as much as the cache holds."""
        return not _BOUNDED.issuperset(self.endpoint.read.commands or ("",))


Found: TypeAlias = Mapping[str, "Asked | Exception"]
"""By the text of each `get`, whom it asks, or why it can be answered by nobody."""


class _Gates:
    """Lets few of a batch's larger reads be under way at a time: each takes memory, and its making time."""

    def __init__(self) -> None:
        self._wide = asyncio.Semaphore(1)
        self._lists = asyncio.Semaphore(LISTS_AT_ONCE)

    def of(self, asked: Asked) -> asyncio.Semaphore:
        """Return what a read has to pass."""
        return self._wide if asked.is_wide else self._lists


@dataclass(slots=True)
class _Room:
    """What is left of the bytes that a batch may answer with."""

    left: int = MAX_BYTES

    async def take(self, response: Response, times: int) -> Response:
        """Return a response that is whole; raises BatchTooLarge where there is no room for it."""
        parts = [response.body]
        self._take(len(response.body) * times)
        if response.more is not None:
            async with aclosing(response.more) as more:
                async for part in more:
                    self._take(len(part) * times)
                    parts.append(part)
        return response._replace(body=b"".join(parts), more=None)

    def _take(self, size: int) -> None:
        if size > self.left:
            raise BatchTooLarge(MAX_BYTES)
        self.left -= size


def make_batch(
    find: Find,
    prefix: str,
    endpoints: Sequence[Endpoint],
    source: Source,
    explain: Explain,
    credentials: Collection[bytes] = (),
) -> Handler:
    """Return the handler of the batch endpoint; it raises BadParameters.

    What a `get` leads to is what a request of its own would lead to, if that is one of `endpoints`; nothing
    else can be reached. Each gets the headers of `credentials` that the batch came with. Equal ones are read
    once, and all together, by one deadline. What the handler returns raises CacheUnavailable or CacheTimeout
    where all who asked Redis failed by it.
    """
    above = segments_of(prefix.encode())
    passed_on = frozenset({b"cache-control", *credentials})
    own = {find(segments_of((prefix + endpoint.path).encode())): endpoint for endpoint in endpoints}

    def asked_or_error(text: str) -> Asked | Exception:
        try:
            return _ask(text, find, above, own)
        except Exception as error:
            return error

    async def respond(gets: Sequence[str], found: Found, scope: Scope) -> Response:
        began = asyncio.get_running_loop().time()
        deadline = began + source.deadline
        children = _children(scope, found, passed_on)
        room, gates = _Room(), _Gates()
        outcomes = await asyncio.gather(
            *(
                _outcome(asked, children[text], room, gets.count(text), gates, deadline)
                for text, asked in found.items()
            )
        )
        _raise_outage(found, outcomes)
        answers = {
            text: explain(children[text], outcome) if isinstance(outcome, Exception) else outcome
            for text, outcome in zip(found, outcomes, strict=True)
        }
        kept = _lifetime(found, outcomes, credentials)
        headers: tuple[Header, ...] = ((b"content-type", JSON_TYPE), *kept, NO_SNIFF)
        took = asyncio.get_running_loop().time() - began
        headers += _age(outcomes, took)
        whole = entity(_body(gets, answers, took), headers)
        return await source.compression.respond(scope, whole, deadline)

    def handle(segments: Sequence[bytes], query_string: bytes) -> Respond:
        gets = _parse(query_string)
        return partial(respond, gets, {text: asked_or_error(text) for text in gets})

    return handle


def _ask(text: str, find: Find, above: Sequence[bytes], own: Mapping[Handler | None, Endpoint]) -> Asked:
    """Return whom a `get` asks; raises BadParameters and NoSuchEndpoint."""
    if not _TARGET.fullmatch(text) or "#" in text:
        raise BadParameters([ParameterMistake("query", _NAME, _NOT_A_TARGET)])
    path, _, query = text.encode().partition(b"?")
    segments = segments_of(path)
    handler = find([*above, *segments])
    # RFC 3986, section 5.2.4: bare dot segments are taken out of a path before it is sent.
    if handler is None or handler not in own or not {b".", b".."}.isdisjoint(segments):
        raise NoSuchEndpoint
    return Asked(own[handler], handler(segments, query))


def _parse(query_string: bytes) -> tuple[str, ...]:
    """Return the value of each `get`, in order; raises BadParameters."""
    gets: list[str] = []
    pairs = list(filter(None, query_string.split(b"&")))
    if len(pairs) > MAX_GETS:
        raise BadParameters([ParameterMistake("query", _NAME, f"is given more than {MAX_GETS} times")])
    mistakes: list[ParameterMistake] = []
    for pair in pairs:
        raw_name, _, raw_value = pair.partition(b"=")
        try:
            name = decode_query(raw_name)
            if name == _NAME:
                gets.append(decode_query(raw_value))
                continue
            shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
            message = f"is not a parameter of this endpoint{did_you_mean(shown, [_NAME])}"
            mistakes.append(ParameterMistake("query", shown, message))
        except BadText as error:
            mistakes.append(ParameterMistake("query", _NAME, f"has a name or a value that {error}"))
    if not gets and not mistakes:
        mistakes.append(ParameterMistake("query", _NAME, "is missing"))
    if mistakes:
        raise BadParameters(mistakes)
    return tuple(gets)


def _children(scope: Scope, found: Iterable[str], passed_on: Container[bytes]) -> Mapping[str, Scope]:
    """Return the scope that each endpoint would have as a request of its own.

    Of the headers it has the request's id, who asks, and how old an answer may be: whether a body is known,
    or may be other than JSON, is asked about the whole.
    """
    wanted = [one for one in scope["headers"] if one[0] in passed_on]
    headers = [(REQUEST_ID, request_id(scope).encode()), *wanted]
    whole = raw_path(scope)
    above = whole.rpartition(b"/")[0]
    children: dict[str, Scope] = {}
    for text in found:
        path, _, query = text.encode().partition(b"?")
        raw = above + path if path.startswith(b"/") else whole
        children[text] = {
            **scope,
            "method": "GET",
            "path": unquote(raw.decode("latin-1")),
            "raw_path": raw,
            "query_string": query,
            "headers": headers,
        }
    return children


async def _outcome(
    asked: Asked | Exception,
    scope: Scope,
    room: _Room,
    times: int,
    gates: _Gates,
    deadline: float,
) -> Response | Exception:
    if isinstance(asked, Exception):
        return asked
    try:
        if asked.is_small:
            return await room.take(await asked.respond(scope), times)
        async with asyncio.timeout_at(deadline), gates.of(asked):
            return await room.take(await asked.respond(scope), times)
    except AnswerCut as cut:
        return cut.__cause__ if isinstance(cut.__cause__, Exception) else cut
    except TimeoutError:
        return CacheTimeout()
    except Exception as error:
        return error


def _raise_outage(found: Found, outcomes: Sequence[Response | Exception]) -> None:
    """Raise what all failed by who asked Redis: an outage must not look like a 200 to who watches those."""
    asked = [
        outcome
        for one, outcome in zip(found.values(), outcomes, strict=True)
        if not isinstance(one, Exception) and not isinstance(outcome, _REFUSED)
    ]
    outages = [one for one in asked if isinstance(one, (CacheUnavailable, CacheTimeout))]
    if outages and len(outages) == len(asked):
        raise next((one for one in outages if isinstance(one, CacheUnavailable)), outages[0])


def _lifetime(
    found: Found, outcomes: Sequence[Response | Exception], credentials: Collection[bytes]
) -> tuple[Header, ...]:
    """Return the Cache-Control that suits all: the shortest; problems must not be stored.

    What is kept for who asked is for nobody else, which Vary says.
    """
    shortest, private = math.inf, False
    if any(map(_is_stale, outcomes)):
        return (NO_STORE,)
    for asked, outcome in zip(found.values(), outcomes, strict=True):
        if isinstance(asked, Exception) or isinstance(outcome, Exception) or asked.endpoint.max_age is None:
            return (NO_STORE,)
        shortest = min(shortest, asked.endpoint.max_age)
        private = private or bool(asked.endpoint.security)
    varying = ((b"vary", b", ".join(sorted(credentials))),) if private and shortest >= 1 else ()
    return (cache_control(shortest, private=private), *varying)


def _age(outcomes: Sequence[Response | Exception], took: float) -> tuple[Header, ...]:
    """Return the Age of the oldest answer, where one was read for somebody else, and has waited since.

    With it goes the Warning of an answer that is given because Redis cannot be read.
    """
    answers = [outcome for outcome in outcomes if isinstance(outcome, Response)]
    ages = [int(value) for answer in answers for name, value in answer.headers if name == b"age"]
    warning = ((b"warning", WARNING),) if any(map(_is_stale, answers)) else ()
    return ((b"age", b"%d" % math.ceil(max(ages) + took)), *warning) if ages else ()


def _is_stale(outcome: Response | Exception) -> bool:
    return isinstance(outcome, Response) and is_stale(outcome)


def _body(gets: Sequence[str], answers: Mapping[str, Response], took: float) -> bytes:
    entries: list[dict[str, object]] = []
    for text in gets:
        answer = answers[text]
        entry = {"get": text, "status": answer.status, "body": msgspec.Raw(answer.body)}
        if is_stale(answer):
            entry["stale_age"] = math.ceil(int(dict(answer.headers)[b"age"]) + took)
        entries.append(entry)
    return msgspec.json.encode({"count": len(entries), "answers": entries})
