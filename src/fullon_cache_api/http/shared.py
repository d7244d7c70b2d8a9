"""Answers that one read gives to all who ask within the `max_age` of an endpoint."""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.types import Scope

from .compression import Compression
from .kept import Finished, Kept
from .response import Response, header, unless_known

BUDGET = 2_000_000
"""Bytes of shared answers: for all endpoints of a gateway together."""

Obtain: TypeAlias = Callable[[float], Awaitable[Finished]]
"""Reads and makes an answer, before a deadline; raises where there is none."""

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
    (Cache-Control, RFC 9111, section 5.2.1) gets a read of its own.
    """

    __slots__ = ("_answers", "_deadline", "_deliver", "_max_age", "_obtain", "_smallest")

    def __init__(
        self,
        obtain: Obtain,
        max_age: float,
        deadline: float,
        shared: "SharedAnswers",
        compression: Compression,
    ) -> None:
        self._obtain = obtain
        self._max_age = max_age
        self._deadline = deadline
        self._answers = shared
        self._deliver, self._smallest = compression.respond, compression.smallest

    async def __call__(self, scope: Scope) -> Response:
        """Return the answer, with `Age` where it was read for somebody else."""
        now = asyncio.get_running_loop().time()
        deadline = now + self._deadline
        copy = self._answers.held.get(self)
        if copy is None or not copy.is_usable(now, self._max_age):
            response = (await self._read(now, deadline)).response
        else:
            response = await self._copied(copy, scope) or (await self._obtain(deadline)).response
        if len(response.body) >= self._smallest:
            return await self._deliver(scope, response, deadline)
        return unless_known(scope, response)

    async def _copied(self, copy: Copy, scope: Scope) -> Response | None:
        """Return a copy's answer with its age, None where none came of it, or too old a one."""
        wanted = wanted_age(scope)
        if wanted <= 0:
            return None
        finished = await asyncio.shield(copy.made)
        age = asyncio.get_running_loop().time() - copy.began
        if finished is None or age > min(wanted, self._max_age):
            return None
        return _aged(finished.response, age)

    async def _read(self, now: float, deadline: float) -> Finished:
        copy = Copy(now, asyncio.get_running_loop().create_future())
        self._answers.held[self] = copy
        finished: Finished | None = None
        try:
            finished = await self._obtain(deadline)
            return finished
        finally:
            copy.made.set_result(finished)
            self._answers.settle(self, copy, finished)


@dataclass(slots=True)
class SharedAnswers:
    """The answers that a gateway shares, and the waits for them."""

    held: dict[Shared, Copy] = field(default_factory=dict)
    kept: Kept = field(default_factory=lambda: Kept(BUDGET))

    def settle(self, shared: Shared, copy: Copy, finished: Finished | None) -> None:
        """Keep a copy whose wait has ended, if an answer came of it that is not too large."""
        if self.held.get(shared) is copy:
            del self.held[shared]
            if finished is not None:
                self.kept.add(self.held, shared, copy, len(finished.response.body))


def wanted_age(scope: Scope) -> float:
    """Return how old an answer may be for a request, in seconds: its Cache-Control may say so."""
    value = header(scope, b"cache-control")
    if value is None:
        return math.inf
    return min((float(age or 0) for age in _DIRECTIVE.findall(value)), default=math.inf)


def _aged(response: Response, age: float) -> Response:
    # Rounded up: no answer is older than it says.
    return response._replace(headers=(*response.headers, (b"age", b"%d" % math.ceil(age))))
