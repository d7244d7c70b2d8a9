"""The gateway's answer to a request that FastAPI has let through."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.http.response import Response as Answer
from fullon_cache_api.http.response import send_response

from .host import own_query


class GatewayResponse(Response):
    """An answer of the gateway as Starlette's kind of response: nothing is added to it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body, answer.status)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, then run what the host's dependencies have put off."""
        await send_response(scope, receive, send, self._answer)
        if self.background is not None:
            await self.background()


class HandedOver(Response):
    """What the gateway answers through the middleware and the routes that have been added to it."""

    def __init__(self, app: GatewayApp, scope: Scope) -> None:
        super().__init__()
        self._app = app
        self._scope = scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the gateway send its answer, then run what the host's dependencies have put off."""
        await self._app(self._scope, receive, send)
        if self.background is not None:
            await self.background()


async def respond(app: GatewayApp, request: Request, path: bytes, declared: frozenset[str]) -> Response:
    """Return the gateway's answer for a raw path; `declared` are the query parameters of its endpoint."""
    scope = {**request.scope, "query_string": own_query(request, declared)}
    if not app.is_plain:
        return HandedOver(app, scope)
    return GatewayResponse(await app.respond(scope, path))
