"""The yardstick: an ASGI application that does nothing but answer a constant ticker."""

from starlette.types import Receive, Scope, Send

BODY = (
    b'{"exchange":"binance","symbol":"SYM000-USDT","ticker":{"bid":45000.5,"ask":45050.25,"last":45025.125,'
    b'"volume":1234.5,"price":45025.125,"change":12.5,"percentage":0.28},'
    b'"cached_at":"2026-01-01T12:00:00.250000Z","cache_hit":true}'
)
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request with the same body."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": BODY})
