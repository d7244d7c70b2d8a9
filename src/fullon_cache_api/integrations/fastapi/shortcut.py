"""The short way to a mounted gateway: past the host's routes, not past its middleware."""

from collections.abc import Callable, Sequence
from itertools import takewhile

from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.routing import BaseRoute, Match, Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from fullon_cache_api.http.admission import AdmittingApp
from fullon_cache_api.http.app import GatewayApp
from fullon_cache_api.http.path import own_path
from fullon_cache_api.http.response import send_response


def mount_with_shortcut(app: FastAPI, path: str, gateway: GatewayApp) -> None:
    """Mount a gateway below a path, and let requests for its endpoints take the short way to it.

    It begins behind all middleware that the host has added, however it did. Where there is none it begins
    before FastAPI's own, which handles exceptions, which the gateway does not raise, and bodies, which it
    does not read.
    """
    app.mount(path, gateway)
    if isinstance(gateway, AdmittingApp):
        # What stands before it must not be passed by.
        return
    before = Before(app, app.router.routes[-1], gateway, path)
    app.user_middleware.append(Middleware(Shortcut, path=path, gateway=gateway, before=before))
    made_before: Callable[[], ASGIApp] | None = vars(app).get("build_middleware_stack")

    def build_middleware_stack() -> ASGIApp:
        # What was added to the list since has to be passed before the shortcut.
        app.user_middleware.sort(key=_is_shortcut)
        stack = type(app).build_middleware_stack(app) if made_before is None else made_before()
        if all(map(_is_shortcut, app.user_middleware)) and _is_fastapis_own(stack):
            return Shortcut(stack, path, gateway, before)
        return stack

    app.build_middleware_stack = build_middleware_stack  # type: ignore[method-assign]


class Shortcut:
    """ASGI middleware that answers what a gateway has an endpoint for, and passes on all else.

    It saves the way through the host's exception handlers and routes, of which the gateway needs none; what
    it passes on reaches the gateway's mount in its turn. `before` knows what of the host's comes first there.
    """

    def __init__(self, app: ASGIApp, path: str, gateway: GatewayApp, before: "Before") -> None:
        self.app = app
        self._path = path
        self._below = path + "/"
        self._below_raw = self._below.encode()
        self._gateway = gateway
        self._before = before

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        if scope["type"] == "http" and self._gateway.is_plain:
            root: str = scope.get("root_path", "")
            if scope["path"].removeprefix(root).startswith(self._below) and self._before.is_nothing(scope):
                child = mounted(scope, self._path)
                response = await self._gateway.respond_if_found(child, self._own_path(child, root))
                if response is not None:
                    return await send_response(scope, receive, send, response)
        await self.app(scope, receive, send)

    def _own_path(self, child: Scope, root: str) -> bytes:
        # What `own_path` comes to for nearly every request.
        raw: bytes = child.get("raw_path") or b""
        return raw[len(self._path) :] if not root and raw.startswith(self._below_raw) else own_path(child)


class Before:
    """What comes before a mount in its host: routes that may be meant, and what was put around it."""

    def __init__(self, app: FastAPI, mount: BaseRoute, gateway: GatewayApp, path: str) -> None:
        self._app = app
        self._mount = mount
        self._gateway = gateway
        self._path = path
        self._routes: Sequence[BaseRoute] = ()
        self._rivals: Sequence[BaseRoute] = ()

    def is_nothing(self, scope: Scope) -> bool:
        """Whether a request below the mount is for the mount, and reaches it past nothing of the host's."""
        router = self._app.router
        if not _is_as_made(router) or getattr(self._mount, "app", None) is not self._gateway:
            return False
        # Hosts can change their routes for as long as they run: when they start, too.
        if self._routes != router.routes:
            self._routes = list(router.routes)
            self._rivals = rivals(router.routes, self._mount, self._path)
        return not any(route.matches(scope)[0] is not Match.NONE for route in self._rivals)


def _is_as_made(router: object) -> bool:
    """Whether a router is FastAPI's own, and nobody has put anything around or into it."""
    if not isinstance(router, APIRouter):
        return False
    kind, stack = type(router), router.middleware_stack
    return (
        kind.__call__ is Router.__call__
        and kind.app is APIRouter.app
        and getattr(stack, "__func__", None) is APIRouter.app
        and getattr(stack, "__self__", None) is router
    )


def rivals(routes: Sequence[BaseRoute], mount: BaseRoute, path: str) -> Sequence[BaseRoute]:
    """Return the routes before a mount that may have a path below it: the first that matches is meant.

    Where the mount is not there any more, that is whichever there is.
    """
    if mount not in routes:
        return [_Anything()]
    earlier = takewhile(lambda route: route is not mount, routes)
    return [route for route in earlier if _may_match_below(route, path + "/")]


class _Anything(BaseRoute):
    """Stands for routes that are meant, whatever they are."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match."""
        return Match.FULL, {}


def _may_match_below(route: BaseRoute, below: str) -> bool:
    if type(route).matches.__module__.partition(".")[0] not in ("starlette", "fastapi", "fullon_cache_api"):
        # What somebody's own route matches, its path does not say.
        return True
    for context in iter_route_contexts([route]):
        path = context.path
        if path is None:
            return True
        literal, has_parameter, _ = path.partition("{")
        is_open = has_parameter or isinstance(context.original_route, Mount)
        if literal.startswith(below) or (is_open and below.startswith(literal)):
            return True
    return False


def _is_shortcut(middleware: Middleware) -> bool:
    made_by: object = middleware.cls
    return made_by is Shortcut


def _is_fastapis_own(stack: ASGIApp) -> bool:
    """Whether nobody has put anything around or into what FastAPI has before the first shortcut."""
    while not isinstance(stack, Shortcut):
        kind = type(stack)
        if kind is not ServerErrorMiddleware and kind.__module__.partition(".")[0] != "fastapi":
            return False
        stack = getattr(stack, "app", None)  # type: ignore[assignment]
    return True


def mounted(scope: Scope, path: str) -> Scope:
    """Return the scope of an application that is mounted below a path, as Starlette's Mount makes it."""
    root = scope.get("root_path", "")
    child = dict(scope)
    child.setdefault("app_root_path", root)
    child["root_path"] = root + path
    return child
