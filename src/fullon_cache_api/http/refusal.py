"""Applications that refuse, in place of the gateway's: for servers that find a request to be too much."""

from starlette.types import ASGIApp, Receive, Scope, Send

from .admission import HEALTH
from .path import own_path
from .problems import Overloaded, explain, problem_response
from .request_id import request_id
from .response import Header, send_response

CLOSE: Header = (b"connection", b"close")


def refusing(error: Exception) -> ASGIApp:
    """Return an application that answers every request with a problem, and ends the connection."""
    text = explain(error)

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        response = problem_response(text, "/", request_id(scope), (CLOSE,))
        await send_response(scope, receive, send, response)

    return refuse


def crowded(app: ASGIApp) -> ASGIApp:
    """Return an application that answers health checks, refuses all else, and ends the connection."""
    refuse = refusing(Overloaded("connections"))

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await (app if own_path(scope) in HEALTH else refuse)(scope, receive, send)

    return answer
