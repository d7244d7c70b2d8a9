"""What stands before a gateway's application where its settings or its spec ask for it; else nothing does."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fullon_cache_api.limits import Limits, RateLimit
from fullon_cache_api.spec.model import Cors

from .app import GatewayApp, Report
from .client_identity import NameOf, identity
from .cors import CorsControl
from .handler import Handler
from .path import own_path
from .problems import AnswerTooLarge, Overloaded, RateLimited
from .rate import Buckets, Taken, taken
from .response import Header, Response, send_response
from .route import RouteTree

HEALTH = frozenset({b"/health", b"/health/live", b"/health/ready"})
"""Paths that are always answered: who watches a gateway must learn how it is, also when it is busy."""

Problem: TypeAlias = Callable[[Scope, Exception], Response]
"""Makes an error the problem that a request is answered with, and reports it."""

Admission: TypeAlias = Callable[[ASGIApp, Problem], ASGIApp]
"""Puts before an application what admits requests to it, or refuses them."""

Share: TypeAlias = Callable[[str], Awaitable[tuple[float, float] | None]]
"""Takes a token from a bucket that processes share: seconds until there is one, and until all are there."""


class Counter(Protocol):
    """What counts for several processes."""

    async def take(self, name: str) -> tuple[float, float] | None:
        """Take a token, as `Share` says; None where it cannot count now."""


class AdmittingApp(GatewayApp):
    """A GatewayApp with admissions before it, the first of them outermost."""

    def __init__(
        self,
        admissions: Sequence[Admission],
        tree: RouteTree[Handler],
        names: Mapping[str, str],
        report: Report,
        closed: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(tree, names, report, closed)
        self._outermost: ASGIApp = super().__call__
        for admission in reversed(admissions):
            self._outermost = admission(self._outermost, self.problem)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        await self._outermost(scope, receive, send)


def admitting(
    admissions: Sequence[Admission],
    tree: RouteTree[Handler],
    names: Mapping[str, str],
    report: Report,
    closed: Callable[[], Awaitable[None]],
) -> GatewayApp:
    """Return an application behind admissions; without any it is a GatewayApp, and no request pays."""
    if not admissions:
        return GatewayApp(tree, names, report, closed)
    return AdmittingApp(admissions, tree, names, report, closed)


def make_admissions(
    cors: Cors | None, limits: Limits, counter: Counter | None, name_of: NameOf
) -> Sequence[Admission]:
    """Return those that are asked for: what a page of another origin may read, it may of refusals too."""
    admissions: list[Admission] = []
    if cors is not None:
        admissions.append(lambda app, problem: CorsControl(app, cors))
    if (most := limits.requests) is not None:
        admissions.append(lambda app, problem: RequestLimit(app, problem, most))
    if (rate := limits.rate) is not None:
        share = None if counter is None else counter.take
        admissions.append(lambda app, problem: RateControl(app, problem, rate, share, name_of))
    if (largest := limits.answer) is not None:
        admissions.append(lambda app, problem: AnswerLimit(app, problem, largest))
    return admissions


class RequestLimit:
    """Answers so many requests at a time, and those beyond with 503 (Envoy: shedding)."""

    def __init__(self, app: ASGIApp, problem: Problem, most: int) -> None:
        self._app = app
        self._problem = problem
        self._most = most
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        if scope["type"] != "http" or own_path(scope) in HEALTH:
            return await self._app(scope, receive, send)
        if self._running >= self._most:
            return await send_response(scope, receive, send, self._problem(scope, Overloaded("requests")))
        self._running += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running -= 1


class AnswerLimit:
    """Sends no answer of more than so many bytes: 413 in its place, and one that has begun is cut.

    Health checks are answered whatever the limit is.
    """

    def __init__(self, app: ASGIApp, problem: Problem, most: int) -> None:
        self._app = app
        self._problem = problem
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        if scope["type"] != "http" or own_path(scope) in HEALTH:
            return await self._app(scope, receive, send)
        left, replaced = self._most, False
        start: Message | None = None

        async def send_within(message: Message) -> None:
            nonlocal left, replaced, start
            if replaced:
                return
            if message["type"] == "http.response.start":
                # Until its body begins, another answer can take its place.
                start = message
                if _length(message) <= self._most:
                    return
            left -= len(message.get("body", b""))
            if start is message or left < 0:
                error = AnswerTooLarge(self._most)
                if start is not None:
                    replaced = True
                    await send_response(scope, receive, send, self._problem(scope, error))
                raise error
            if start is not None:
                begun, start = start, None
                await send(begun)
            await send(message)

        try:
            await self._app(scope, receive, send_within)
        except AnswerTooLarge:
            if not replaced:
                raise


class RateControl:
    """Lets each client make as many requests as it may, and answers those beyond with 429.

    `share` counts for several processes; where it cannot, each counts for itself. The fields RateLimit and
    RateLimit-Policy are those of draft-ietf-httpapi-ratelimit-headers-11.
    """

    def __init__(
        self, app: ASGIApp, problem: Problem, limit: RateLimit, share: Share | None, name_of: NameOf
    ) -> None:
        self._app = app
        self._problem = problem
        self._limit = limit
        self._share = share
        self._name_of = name_of
        self._buckets = Buckets(limit)
        policy = f'"client";q={limit.burst};w={math.ceil(limit.window)}'
        self._policy: Header = (b"ratelimit-policy", policy.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        if scope["type"] != "http" or own_path(scope) in HEALTH:
            return await self._app(scope, receive, send)
        result = await self._take(scope)
        fields = (self._policy, (b"ratelimit", _service_limit(result)))
        if not result.allowed:
            response = self._problem(scope, RateLimited(max(1, math.ceil(result.wait))))
            headers = (*response.headers, *fields)
            return await send_response(scope, receive, send, response._replace(headers=headers))

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].extend(fields)
            await send(message)

        await self._app(scope, receive, send_with_fields)

    async def _take(self, scope: Scope) -> Taken:
        now = asyncio.get_running_loop().time()
        name = self._buckets.name(identity(scope, self._name_of), now)
        own = self._buckets.take(name, now)
        # What this process alone has counted is never more than what all have.
        if not own.allowed or self._share is None:
            return own
        together = await self._share(name)
        return own if together is None else taken(self._limit, *together)


def _length(start: Message) -> int:
    return next((int(value) for name, value in start["headers"] if name == b"content-length"), 0)


def _service_limit(result: Taken) -> bytes:
    return b'"client";r=%d;t=%d' % (result.left, math.ceil(result.full_in))
