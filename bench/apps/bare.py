"""The yardstick: an ASGI application that does nothing but answer a constant body, as large as the gateway's.

BODIES names a JSON file: bodies by the path they are for, and under "" the one for all other paths.
"""

import json
import os
from pathlib import Path

from starlette.types import Receive, Scope, Send

_BODIES = {path: body.encode() for path, body in json.loads(Path(os.environ["BODIES"]).read_text()).items()}
_OTHER = _BODIES.pop("")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = _BODIES.get(scope["path"], _OTHER)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
