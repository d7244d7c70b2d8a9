"""Web pages of other origins: which of them may read the answers."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from fullon_cache_api.spec.model import Cors

METHODS = ("GET", "HEAD", "OPTIONS")

HEADERS = ("Authorization", "Cache-Control", "If-None-Match", "traceparent", "X-API-Key", "X-Request-ID")
"""Request headers that every page may send that may ask at all."""

EXPOSED = (
    "Age",
    "ETag",
    "Link",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Warning",
    "WWW-Authenticate",
    "X-Request-ID",
    "X-Skipped",
)
"""Response headers that a page may read, beside those that every page may."""


class CorsControl(CORSMiddleware):
    """Answers preflight requests, and tells browsers who may read an answer."""

    def __init__(self, app: ASGIApp, cors: Cors) -> None:
        super().__init__(
            app,
            allow_origins=cors.origins,
            allow_methods=METHODS,
            allow_headers=(*HEADERS, *cors.headers),
            allow_credentials=cors.credentials,
            expose_headers=EXPOSED,
            max_age=cors.max_age,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the answer to a preflight request (Fetch standard, section 3.3.2)."""
        response = super().preflight_response(request_headers)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
