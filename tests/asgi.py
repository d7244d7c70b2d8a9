"""An ASGI server in a function: one request, as uvicorn hands it over, and its whole answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from support import CHECKOUT


@dataclass(frozen=True)
class Answered:
    """An answer; header names are lower-case, as ASGI wants them."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The one value of a header, None where there is none."""
        values = [value for key, value in self.headers if key == name.encode()]
        assert len(values) < 2
        return values[0].decode() if values else None

    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


def http_scope(
    target: str | bytes = "/", method: str = "GET", headers: Iterable[tuple[str, str]] = (), **members: Any
) -> Scope:
    """The scope of a request for a target as it stands in the request line."""
    raw = target.encode() if isinstance(target, str) else target
    raw_path, _, query_string = raw.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path.decode("latin-1")),
        "raw_path": raw_path,
        "query_string": query_string,
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        **members,
    }


async def serve(app: ASGIApp, scope: Scope, incoming: Iterable[Message] = ()) -> list[Message]:
    """Serve one connection, and return what the application sent."""
    messages = iter(incoming)
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    to_receive: Receive = receive
    to_send: Send = send
    await app(scope, to_receive, to_send)
    return sent


async def answer(app: ASGIApp, scope: Scope) -> Answered:
    """Serve one request, and return its answer."""
    start, *bodies = await serve(app, scope)
    assert start["type"] == "http.response.start"
    assert [message["type"] for message in bodies] == ["http.response.body"]
    return Answered(start["status"], tuple(start["headers"]), bodies[0]["body"])


@cache
def shipped_schema(name: str) -> jsonschema_rs.Validator:
    """The validator of a schema file that stands alone."""
    schema = msgspec.json.decode((CHECKOUT / "schemas" / name).read_bytes())
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
