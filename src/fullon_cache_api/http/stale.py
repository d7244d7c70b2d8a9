"""The last good answers of endpoints with `stale_if_error`, given while Redis cannot be read, and marked."""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.types import Scope

from fullon_cache_api.cache.copies import LIFETIME
from fullon_cache_api.cache.errors import CacheTimeout, CacheUnavailable
from fullon_cache_api.reads.pages import Stream
from fullon_cache_api.spec.problems import CACHE_TIMEOUT, CACHE_UNAVAILABLE

from .forms import Form, Forms
from .kept import Finished, bytes_of
from .parameters import Argument
from .response import NO_STORE, Response, header
from .selection import Selection
from .shared import Deliver, Obtain, wanted_age

BUDGET = 4_000_000
"""Bytes of last answers: for all endpoints of a gateway together."""

_SHARE = 8
"""No answer takes more than this part of the budget."""

_OVERHEAD = 1_000
"""About the bytes that Python needs for an entry beside its body."""

WARNING = b'111 - "Revalidation Failed"'
"""RFC 7234, section 5.5.3: stale, for no newer answer could be had."""

_WANTED = re.compile(rb'stale-if-error="?([0-9]{1,10})', re.IGNORECASE)

Group: TypeAlias = tuple[str, tuple[Argument, ...]]
"""What is read: an operationId, and the arguments of its read."""

Key: TypeAlias = tuple[Group, Selection | None, Form]
"""What an answer is: what is read, what is selected of it, and the form."""


@dataclass(frozen=True, slots=True, eq=False)
class Last:
    """The last good answer; `began` is when it was asked for, so it is no older than that."""

    began: float
    finished: Finished
    size: int
    """About how many bytes it takes, with what it is found by."""


@dataclass(slots=True, eq=False)
class _Reads:
    """How many reads of one group are under way, and when something else than an answer came of one."""

    count: int = 0
    denied: float = -math.inf


@dataclass(slots=True)
class LastAnswers:
    """The last answers of a gateway, within one budget of bytes: those that are oldest go first."""

    budget: int = BUDGET
    size: int = 0
    held: dict[Key, Last] = field(default_factory=dict)
    keys: dict[Group, set[Key]] = field(default_factory=dict)
    reads: dict[Group, _Reads] = field(default_factory=dict)

    def keep(self, key: Key, last: Last) -> None:
        """Keep an answer in place of an older one, unless it is too large."""
        self._drop(key)
        if last.size > self.budget // _SHARE:
            return
        self.held[key] = last
        self.keys.setdefault(key[0], set()).add(key)
        self.size += last.size
        while self.size > self.budget:
            self._drop(next(iter(self.held)))

    def forget(self, group: Group) -> None:
        """Drop all answers to what is read, in whatever form."""
        for key in tuple(self.keys.get(group, ())):
            self._drop(key)

    def _drop(self, key: Key) -> None:
        last = self.held.pop(key, None)
        if last is not None:
            self.size -= last.size
            keys = self.keys[key[0]]
            keys.discard(key)
            if not keys:
                del self.keys[key[0]]


class StaleIfError:
    """Answers of one path and query: by `respond`, or while Redis cannot be read by the last good one.

    Whatever else comes of a read (404, 409, 502), in any form and selection, ends its last answers; so does
    one that is sent while it is read.
    """

    __slots__ = (
        "_answers",
        "_deadline",
        "_deliver",
        "_forms",
        "_group",
        "_respond",
        "_seconds",
        "_selection",
    )

    def __init__(
        self,
        group: Group,
        selection: Selection | None,
        respond: Callable[[Obtain], Callable[[Scope], Awaitable[Response]]],
        obtain: Obtain,
        deliver: Deliver,
        forms: Forms,
        seconds: float,
        deadline: float,
        answers: LastAnswers,
    ) -> None:
        self._group = group
        self._selection = selection
        self._deliver = deliver
        self._forms = forms
        self._seconds = seconds
        self._deadline = deadline
        self._answers = answers
        self._respond = respond(lambda form, deadline: self._obtain(obtain, form, deadline))

    async def __call__(self, scope: Scope) -> Response:
        """Return the answer; raises what went wrong where there is none, old ones included."""
        try:
            return await self._respond(scope)
        except (CacheUnavailable, CacheTimeout) as outage:
            form = self._forms.wanted(scope)
            last = self._answers.held.get((self._group, self._selection, form))
            if last is None:
                raise
            now = asyncio.get_running_loop().time()
            age = now - last.began
            if age > min(self._seconds, _allowed(scope)):
                raise
            response = _marked(last.finished.response, age, outage)
            stale = last.finished._replace(response=response)
            return await self._deliver(scope, form, stale, now + self._deadline)

    async def _obtain(self, obtain: Obtain, form: Form, deadline: float) -> Finished | Stream:
        answers, group = self._answers, self._group
        began = asyncio.get_running_loop().time()
        reads = answers.reads.setdefault(group, _Reads())
        reads.count += 1
        try:
            made = await obtain(form, deadline)
            if isinstance(made, Stream):
                answers.forget(group)
                return made
            if made.is_copy:
                # What it was made of was read before.
                began -= LIFETIME
            # Another read may have found nothing while this one was on its way.
            if began > reads.denied:
                size = _OVERHEAD + made.response.size + bytes_of((group, self._selection))
                answers.keep((group, self._selection, form), Last(began, made, size))
            return made
        except (CacheUnavailable, CacheTimeout):
            raise
        except Exception:
            reads.denied = asyncio.get_running_loop().time()
            answers.forget(group)
            raise
        finally:
            reads.count -= 1
            if not reads.count:
                del answers.reads[group]


def is_stale(response: Response) -> bool:
    """Whether an answer is a last good one, given while Redis could not be read."""
    return (b"warning", WARNING) in response.headers


def _allowed(scope: Scope) -> float:
    """Return how old a last answer may be for a request, which may want none (RFC 5861, section 4)."""
    wanted = wanted_age(scope)
    if wanted <= 0:
        return -1
    value = header(scope, b"cache-control") or b""
    return min([wanted, *(float(seconds) for seconds in _WANTED.findall(value))])


def _marked(response: Response, age: float, outage: CacheUnavailable | CacheTimeout) -> Response:
    """Return an answer that says how old it is and why; nobody else may store it.

    `Cache-Status` is that of RFC 9211: what was stored was stale, and this is what came of asking.
    """
    kind = CACHE_TIMEOUT if isinstance(outage, CacheTimeout) else CACHE_UNAVAILABLE
    status = f"fullon-cache-api; fwd=stale; fwd-status={kind.status}; detail={kind.name}"
    others = [one for one in response.headers if one[0] not in (b"cache-control", b"age")]
    mark = [
        NO_STORE,
        (b"age", b"%d" % math.ceil(age)),
        (b"warning", WARNING),
        (b"cache-status", status.encode()),
    ]
    return response._replace(headers=[*others, *mark])
