"""The one shape of all errors (RFC 9457), and the one place that asserts it."""

import re
from typing import Any

import httpx

TITLES = {
    "not-cached": (404, "Not cached"),
    "no-such-endpoint": (404, "No such endpoint"),
    "method-not-allowed": (405, "Method not allowed"),
    "bad-parameters": (400, "Bad parameters"),
    "ambiguous-order": (409, "Ambiguous order"),
    "corrupt-cache": (502, "Corrupt cache"),
    "cache-unavailable": (503, "Cache unavailable"),
    "cache-timeout": (504, "Cache timeout"),
}
BASE = {"type", "title", "status", "detail", "instance", "request_id"}


def problem(response: httpx.Response, kind: str) -> dict[str, Any]:
    """Assert that an answer is this kind of problem in every respect; return what it says beyond that."""
    status, title = TITLES[kind]
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers
    body: dict[str, Any] = response.json()
    assert {name: body[name] for name in ("type", "title", "status")} == {
        "type": f"/problems/{kind}",
        "title": title,
        "status": status,
    }
    assert body["instance"] == response.request.url.raw_path.decode().partition("?")[0]
    assert body["request_id"] == response.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", body["request_id"])
    return {name: member for name, member in body.items() if name not in BASE or name == "detail"}


NOT_CACHED = {"detail": "The cache does not hold what the path names."}
