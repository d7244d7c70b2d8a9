"""The short way to a mounted gateway: past the host's routes, not past its middleware."""

from starlette.types import ASGIApp, Receive, Scope, Send

from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.http.path import path_segments


class Shortcut:
    """ASGI middleware that answers what a gateway has an endpoint for, and passes on all else.

    As the host's innermost middleware it saves the way through the host's exception handlers and routes, of
    which the gateway needs none; what it passes on reaches the gateway's mount in its turn.
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
            if scope["path"].removeprefix(root).startswith(self._below):
                child = mounted(scope, self._path)
                if self._gateway.find(path_segments(child)) is not None:
                    return await self._gateway(child, receive, send)
        await self._app(scope, receive, send)


def mounted(scope: Scope, path: str) -> Scope:
    """Return the scope of an application that is mounted below a path, as Starlette's Mount makes it."""
    root = scope.get("root_path", "")
    return {"app_root_path": root, **scope, "root_path": root + path}
