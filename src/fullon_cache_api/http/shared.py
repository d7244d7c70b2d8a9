"""Answers that one read gives to all who ask within the `max_age` of an endpoint."""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.types import Scope

from fullon_cache_api.reads.pages import Stream

from .forms import Form, Forms
from .kept import Finished, Kept
from .response import Response, header, unless_known

BUDGET = 2_000_000
"""Bytes of shared answers: for all endpoints of a gateway together."""

Obtain: TypeAlias = Callable[[Form, float], Awaitable[Finished | Stream]]
"""Reads an answer and makes it in a form, before a deadline; raises where there is none."""

Deliver: TypeAlias = Callable[[Scope, Form, Finished | Stream, float], Awaitable[Response]]
"""Makes what was obtained the answer to a request, where that takes more than a look at If-None-Match."""

_DIRECTIVE = re.compile(rb'no-cache|max-age="?([0-9]{1,10})', re.IGNORECASE)


@dataclass(slots=True, eq=False)
class Copy:
    """An answer, or the wait for it; `began` is when it was asked for, so it is no older than that.

    `made` gives None where no answer came of it: an error is never shared.
    """

    began: float
    made: "asyncio.Future[Finished | None]"

    def is_usable(self, now: float, max_age: float) -> bool:
        """Whether it may be given now; it belongs to the event loop that made it."""
        return now - self.began <= max_age and self.made.get_loop() is asyncio.get_running_loop()


class Shared:
    """Answers one path and query: by a read of its own, or by the last one's while that is young enough.

    Who asks while the read is under way waits for it. A request that will not have a stored answer
    (Cache-Control, RFC 9111, section 5.2.1) gets a read of its own. What is sent while it is read is not
    shared. An answer of less than `smallest` bytes needs nobody to deliver it.
    """

    __slots__ = ("_answers", "_deadline", "_deliver", "_forms", "_max_age", "_obtain", "_smallest")

    def __init__(
        self,
        obtain: Obtain,
        deliver: Deliver,
        smallest: float,
        forms: Forms,
        max_age: float,
        deadline: float,
        answers: "SharedAnswers",
    ) -> None:
        self._obtain = obtain
        self._deliver = deliver
        self._smallest = smallest
        self._forms = forms
        self._max_age = max_age
        self._deadline = deadline
        self._answers = answers

    async def __call__(self, scope: Scope) -> Response:
        """Return the answer, with `Age` where it was read for somebody else."""
        now = asyncio.get_running_loop().time()
        deadline = now + self._deadline
        form = self._forms.wanted(scope) if self._forms.are_several else self._forms.json
        copy = self._answers.held.get((self, form))
        if copy is None or not copy.is_usable(now, self._max_age):
            made = await self._read(form, now, deadline)
        else:
            made = await self._copied(copy, scope) or await self._obtain(form, deadline)
        if isinstance(made, Finished) and len(made.response.body) < self._smallest:
            return unless_known(scope, made.response)
        return await self._deliver(scope, form, made, deadline)

    async def _copied(self, copy: Copy, scope: Scope) -> Finished | None:
        """Return a copy's answer with its age, None where none came of it, or too old a one."""
        wanted = wanted_age(scope)
        if wanted <= 0:
            return None
        finished = await asyncio.shield(copy.made)
        age = asyncio.get_running_loop().time() - copy.began
        if finished is None or age > min(wanted, self._max_age):
            return None
        return finished._replace(response=aged(finished.response, age))

    async def _read(self, form: Form, now: float, deadline: float) -> Finished | Stream:
        copy = Copy(now, asyncio.get_running_loop().create_future())
        self._answers.held[self, form] = copy
        finished: Finished | None = None
        try:
            made = await self._obtain(form, deadline)
            finished = made if isinstance(made, Finished) else None
            return made
        finally:
            copy.made.set_result(finished)
            self._answers.settle((self, form), copy, finished)


@dataclass(slots=True)
class SharedAnswers:
    """The answers that a gateway shares, and the waits for them."""

    held: dict[tuple[Shared, Form], Copy] = field(default_factory=dict)
    kept: Kept = field(default_factory=lambda: Kept(BUDGET))

    def settle(self, key: tuple[Shared, Form], copy: Copy, finished: Finished | None) -> None:
        """Keep a copy whose wait has ended, if an answer came of it that is not too large."""
        if self.held.get(key) is copy:
            del self.held[key]
            if finished is not None:
                self.kept.add(self.held, key, copy, finished.response.size)


def wanted_age(scope: Scope) -> float:
    """Return how old an answer may be for a request, in seconds: its Cache-Control may say so."""
    value = header(scope, b"cache-control")
    if value is None:
        return math.inf
    return min((float(age or 0) for age in _DIRECTIVE.findall(value)), default=math.inf)


def aged(response: Response, age: float) -> Response:
    """Return an answer that says its age, rounded up: none is older than it says."""
    return response._replace(headers=(*response.headers, (b"age", b"%d" % math.ceil(age))))
