"""The pages for browsers: start page, Swagger UI, ReDoc, and the assets that they load."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypedDict
from urllib.parse import quote

from fullon_cache_api.http.assets import asset_names, find_asset, template, viewers_installed

_HTML = "text/html; charset=utf-8"

# What each page needs to render in Chromium without an error in its console, and no more.
_SEALED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PLAIN_POLICY = f"{_SEALED}; style-src 'self'; img-src 'self'"
# Swagger UI's style sheet holds its icons as data: URLs.
_SWAGGER_POLICY = f"{_SEALED}; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
# ReDoc renders into <style> elements, and searches in a worker that it starts from a blob: URL.
_REDOC_POLICY = (
    f"{_SEALED}; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; worker-src blob:"
)

_PAGE_LIFETIME = "no-cache"
# The pages ask for assets with the digest of their content, so a URL never changes what it means.
_ASSET_LIFETIME = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Page:
    """A body ready to be sent with status 200; `headers` are all but Content-Type and Content-Length."""

    body: bytes
    content_type: str
    headers: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class LandingEntry:
    """One endpoint as the start page lists it; `path` is an OpenAPI path below the root, prefix included."""

    tag: str
    path: str
    summary: str


class LandingLinks(TypedDict):
    """Paths of the system endpoints, root included."""

    docs: str
    redoc: str
    openapi: str
    openapi_yaml: str
    health: str


class LandingEndpoint(TypedDict):
    """One endpoint as the start page names it to programs; `path` has the root in it."""

    method: str
    path: str
    summary: str
    tag: str


class LandingDocument(TypedDict):
    """The start page for programs."""

    name: str
    version: str
    description: str
    links: LandingLinks
    endpoints: list[LandingEndpoint]


def swagger_page(title: str, *, root: str) -> Page:
    """Swagger UI over `{root}/openapi.json`, or how to install it; root is "" or the path of the mount."""
    return _viewer_page("swagger", "Swagger UI", _SWAGGER_POLICY, title, root)


def redoc_page(title: str, *, root: str) -> Page:
    """ReDoc over `{root}/openapi.json`, or how to install it; root is "" or the path of the mount."""
    return _viewer_page("redoc", "ReDoc", _REDOC_POLICY, title, root)


def landing_page(
    title: str, description: str, version: str, entries: Sequence[LandingEntry], *, root: str
) -> Page:
    """The start page for browsers: what this is, the links, and every endpoint grouped by tag.

    Tags stand in the order in which the entries first name them.
    """
    return _html_page(
        template("landing").format(
            title=escape(title),
            description=escape(description),
            version=escape(version),
            root=escape(root),
            asset=_asset_urls(root),
            groups="\n".join(_groups(entries, root)),
        ),
        _PLAIN_POLICY,
        # The same path answers programs with JSON.
        ((b"vary", b"Accept"),),
    )


def landing_json(
    title: str, description: str, version: str, entries: Sequence[LandingEntry], *, root: str
) -> LandingDocument:
    """The start page for programs: the same links and endpoints, in the order of the entries."""
    return {
        "name": title,
        "version": version,
        "description": description,
        "links": {
            "docs": f"{root}/docs",
            "redoc": f"{root}/redoc",
            "openapi": f"{root}/openapi.json",
            "openapi_yaml": f"{root}/openapi.yaml",
            "health": f"{root}/health",
        },
        "endpoints": [
            {"method": "GET", "path": root + entry.path, "summary": entry.summary, "tag": entry.tag}
            for entry in entries
        ],
    }


def asset(name: str) -> Page | None:
    """One of the files that the pages load from `{root}/docs/assets/`, or None for any other name."""
    found = find_asset(name)
    if found is None:
        return None
    return Page(found.body, found.content_type, _headers(_SEALED, _ASSET_LIFETIME))


def _viewer_page(name: str, viewer: str, policy: str, title: str, root: str) -> Page:
    installed = viewers_installed()
    text = template(name if installed else "not-installed").format(
        title=escape(title), viewer=viewer, root=escape(root), asset=_asset_urls(root)
    )
    return _html_page(text, policy if installed else _PLAIN_POLICY)


def _asset_urls(root: str) -> dict[str, str]:
    return {
        name: escape(f"{root}/docs/assets/{name}?v={found.digest}")
        for name in asset_names()
        if (found := find_asset(name))
    }


def _groups(entries: Sequence[LandingEntry], root: str) -> Iterator[str]:
    tags: dict[str, list[LandingEntry]] = {}
    for entry in entries:
        tags.setdefault(entry.tag, []).append(entry)
    for tag, tagged in tags.items():
        items = "\n".join(_item(entry, root) for entry in tagged)
        yield f'<section>\n<h2>{escape(tag)}</h2>\n<ul class="endpoints">\n{items}\n</ul>\n</section>'


def _item(entry: LandingEntry, root: str) -> str:
    # On a narrow screen a path wraps between its segments.
    path = f"<code>{escape(root + entry.path).replace('/', '<wbr>/')}</code>"
    if "{" not in entry.path:
        path = f'<a href="{escape(root + quote(entry.path, safe="/:@"))}">{path}</a>'
    summary = escape(entry.summary)
    return f'<li><span class="method">GET</span> {path} <span class="summary">{summary}</span></li>'


def _html_page(text: str, policy: str, more: tuple[tuple[bytes, bytes], ...] = ()) -> Page:
    return Page(text.encode(), _HTML, _headers(policy, _PAGE_LIFETIME) + more)


def _headers(policy: str, lifetime: str) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"content-security-policy", policy.encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", lifetime.encode("ascii")),
    )
