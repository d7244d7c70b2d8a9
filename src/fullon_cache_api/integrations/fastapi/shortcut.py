"""The short way to a mounted gateway: past the host's routes, not past its middleware."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.http.path import own_path
from fullon_cache_api.http.response import send_response


def add_shortcut(app: FastAPI, path: str, gateway: GatewayApp) -> None:
    """Let requests for a gateway that is mounted below a path take the short way to it.

    It begins behind all middleware that the host has added. Where there is none it begins before FastAPI's
    own, which handles exceptions, which the gateway does not raise, and bodies, which it does not read.
    """
    added = Middleware(Shortcut, path=path, gateway=gateway)
    app.user_middleware.append(added)
    build = app.build_middleware_stack

    def build_middleware_stack() -> ASGIApp:
        stack = build()
        if all(map(_is_shortcut, app.user_middleware)):
            return Shortcut(stack, path, gateway)
        return stack

    app.build_middleware_stack = build_middleware_stack  # type: ignore[method-assign]


class Shortcut:
    """ASGI middleware that answers what a gateway has an endpoint for, and passes on all else.

    It saves the way through the host's exception handlers and routes, of which the gateway needs none; what
    it passes on reaches the gateway's mount in its turn.
    """

    def __init__(self, app: ASGIApp, path: str, gateway: GatewayApp) -> None:
        self._app = app
        self._path = path
        self._below = path + "/"
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        if scope["type"] == "http":
            root: str = scope.get("root_path", "")
            if self._gateway.is_plain and scope["path"].removeprefix(root).startswith(self._below):
                child = mounted(scope, self._path)
                response = await self._gateway.respond_if_found(child, own_path(child))
                if response is not None:
                    return await send_response(child, send, response)
        await self._app(scope, receive, send)


def _is_shortcut(middleware: Middleware) -> bool:
    made_by: object = middleware.cls
    return made_by is Shortcut


def mounted(scope: Scope, path: str) -> Scope:
    """Return the scope of an application that is mounted below a path, as Starlette's Mount makes it."""
    root = scope.get("root_path", "")
    child = dict(scope)
    child.setdefault("app_root_path", root)
    child["root_path"] = root + path
    return child
