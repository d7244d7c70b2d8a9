"""The pages for browsers, as values: their bytes, their headers, their escaping."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fullon_cache_api.http.pages import (
    LandingEntry,
    Page,
    asset,
    landing_json,
    landing_page,
    redoc_page,
    swagger_page,
)

ENTRIES = (
    LandingEntry("Tickers", "/api/tickers", "Every ticker"),
    LandingEntry("Accounts", "/api/accounts", "Every account"),
    LandingEntry("Tickers", "/api/tickers/{exchange}", "Tickers of an exchange"),
)
ASSETS = {
    "docs.css": "text/css; charset=utf-8",
    "favicon.svg": "image/svg+xml",
    "landing.css": "text/css; charset=utf-8",
    "redoc-init.js": "text/javascript; charset=utf-8",
    "redoc.standalone.js": "text/javascript; charset=utf-8",
    "swagger-init.js": "text/javascript; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
VIEWER_ASSETS = {"redoc.standalone.js", "swagger-ui-bundle.js", "swagger-ui.css"}
HOSTILE = "</title><script>alert('1')</script>\" onload=\"x&amp;"


class Document(HTMLParser):
    """What a page links to, loads and runs."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(page.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "wbr":
            self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def urls(self) -> set[str]:
        return {value for name, value in self.attributes if name in {"href", "src", "data-spec-url"}}


def pages(title: str = "Fullon Cache API", root: str = "") -> tuple[Page, ...]:
    return (
        landing_page(title, "A line.", "1.0.0", ENTRIES, root=root),
        swagger_page(title, root=root),
        redoc_page(title, root=root),
    )


def header(page: Page, name: bytes) -> str:
    values = [value.decode() for key, value in page.headers if key == name]
    assert len(values) == 1
    return values[0]


@pytest.fixture
def without_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which the package of Swagger UI and ReDoc cannot be found."""
    monkeypatch.setitem(sys.modules, "fastapi_offline", None)


@pytest.mark.parametrize("root", ["", "/x", "/api/v1/cache"])
def test_every_url_of_a_page_is_below_the_root_and_on_this_host(root: str) -> None:
    for page in pages(root=root):
        urls = Document(page).urls()
        assert len(urls) > 3
        assert all(re.match(rf"{root}/(?!/)", url) for url in urls)


@pytest.mark.parametrize("root", ["", "/x"])
def test_every_asset_of_a_page_is_there_at_a_url_that_names_its_content(root: str) -> None:
    for page in pages(root=root):
        loaded = [url for url in Document(page).urls() if "/docs/assets/" in url]
        assert loaded
        for url in loaded:
            match = re.fullmatch(rf"{root}/docs/assets/([a-z.-]+)\?v=[0-9a-f]{{16}}", url)
            assert match is not None
            assert asset(match[1]) is not None


def test_swagger_ui_and_redoc_read_the_document_of_the_root() -> None:
    for page in (swagger_page("T", root="/x"), redoc_page("T", root="/x")):
        assert ("data-spec-url", "/x/openapi.json") in Document(page).attributes


def test_pages_hold_no_inline_script_and_no_inline_style() -> None:
    for page in pages():
        document = Document(page)
        assert not re.search(r"<script(?![^>]* src=)", page.body.decode())
        assert "style" not in document.tags
        assert not [name for name, _ in document.attributes if name == "style" or name.startswith("on")]


def test_the_policy_lets_in_nothing_from_another_host_and_no_inline_script() -> None:
    sealed = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    landing, swagger, redoc = (header(page, b"content-security-policy") for page in pages())

    assert landing == f"{sealed}; style-src 'self'; img-src 'self'"
    assert swagger == (
        f"{sealed}; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
    )
    assert redoc == (
        f"{sealed}; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; worker-src blob:"
    )


def test_pages_are_html_that_is_revalidated_never_sniffed_and_sends_no_referrer() -> None:
    for page in pages():
        assert page.content_type == "text/html; charset=utf-8"
        assert header(page, b"cache-control") == "no-cache"
        assert header(page, b"x-content-type-options") == "nosniff"
        assert header(page, b"referrer-policy") == "no-referrer"


def test_the_start_page_varies_with_what_the_client_accepts() -> None:
    assert header(landing_page("T", "D", "1", (), root=""), b"vary") == "Accept"


@pytest.mark.usefixtures("without_viewers")
def test_a_hostile_title_stays_text_without_the_viewers() -> None:
    for viewer in (swagger_page, redoc_page):
        assert Document(viewer(HOSTILE, root="")).tags == Document(viewer("T", root="")).tags


def test_hostile_texts_stay_texts() -> None:
    hostile = LandingEntry(HOSTILE, f"/api/{HOSTILE}", HOSTILE)
    start = landing_page(HOSTILE, HOSTILE, HOSTILE, (hostile,), root='/"x')
    plain = landing_page("T", "D", "1", (LandingEntry("G", "/api/a", "S"),), root="/x")

    assert Document(start).tags == Document(plain).tags
    assert Document(start).texts.count(HOSTILE) == 5
    for page in (swagger_page(HOSTILE, root='/"x'), redoc_page(HOSTILE, root='/"x')):
        assert "alert" not in "".join(value for _, value in Document(page).attributes)
        assert "<script>" not in page.body.decode()
        assert ("data-spec-url", '/"x/openapi.json') in Document(page).attributes


def test_the_start_page_groups_endpoints_by_tag_and_links_those_without_parameters() -> None:
    text = landing_page("T", "D", "1.0.0", ENTRIES, root="/x").body.decode()

    assert re.findall(r"<h2>(.*?)</h2>", text) == ["Tickers", "Accounts"]
    assert re.findall(r"<code>(.*?)</code>", text.replace("<wbr>", "")) == [
        "/x/api/tickers",
        "/x/api/tickers/{exchange}",
        "/x/api/accounts",
    ]
    assert '<a href="/x/api/tickers"><code>' in text
    assert text.count("<a href=") == 7


def test_programs_get_the_same_links_and_endpoints_as_json() -> None:
    assert landing_json("Fullon Cache API", "A line.", "1.0.0", ENTRIES[1:], root="/x") == {
        "name": "Fullon Cache API",
        "version": "1.0.0",
        "description": "A line.",
        "links": {
            "docs": "/x/docs",
            "redoc": "/x/redoc",
            "openapi": "/x/openapi.json",
            "openapi_yaml": "/x/openapi.yaml",
            "health": "/x/health",
        },
        "endpoints": [
            {"method": "GET", "path": "/x/api/accounts", "summary": "Every account", "tag": "Accounts"},
            {
                "method": "GET",
                "path": "/x/api/tickers/{exchange}",
                "summary": "Tickers of an exchange",
                "tag": "Tickers",
            },
        ],
    }


@pytest.mark.parametrize(("name", "content_type"), ASSETS.items())
def test_an_asset_is_kept_by_clients_for_a_year_and_runs_nothing_by_itself(
    name: str, content_type: str
) -> None:
    page = asset(name)

    assert page is not None
    assert page.body
    assert page.content_type == content_type
    assert header(page, b"cache-control") == "public, max-age=31536000, immutable"
    assert header(page, b"x-content-type-options") == "nosniff"
    assert header(page, b"content-security-policy").startswith("default-src 'none'; ")


def test_an_asset_is_read_once() -> None:
    first, second = asset("swagger-ui-bundle.js"), asset("swagger-ui-bundle.js")

    assert first is not None
    assert second is not None
    assert first.body is second.body


@pytest.mark.parametrize(
    "name",
    ["", "..", "landing.html", "../pages.py", "static/landing.css", "/etc/passwd", "favicon.png", "a\0b"],
)
def test_any_other_name_is_no_asset(name: str) -> None:
    assert asset(name) is None


def test_redoc_does_not_ask_for_its_logo() -> None:
    page = asset("redoc.standalone.js")

    assert page is not None
    assert b"cdn.redoc.ly" not in page.body


def test_finding_the_viewers_does_not_import_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "fastapi_offline", raising=False)

    swagger_page("T", root="")

    assert "fastapi_offline" not in sys.modules


@pytest.mark.usefixtures("without_viewers")
def test_without_the_viewers_the_page_says_how_to_install_them() -> None:
    for viewer, page in (
        ("Swagger UI", swagger_page("T", root="/x")),
        ("ReDoc", redoc_page("T", root="/x")),
    ):
        text = page.body.decode()
        assert f"<h1>{viewer} is not installed</h1>" in text
        assert 'pip install "fullon-cache-api[docs]"' in text
        assert '<a href="/x/openapi.json">' in text
        assert "script-src" not in header(page, b"content-security-policy")


@pytest.mark.usefixtures("without_viewers")
@pytest.mark.parametrize("name", ASSETS)
def test_without_the_viewers_only_their_own_assets_are_missing(name: str) -> None:
    assert (asset(name) is None) == (name in VIEWER_ASSETS)


def test_a_package_that_lacks_a_file_of_the_viewers_counts_as_not_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "fastapi_offline"
    (package / "static").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "static" / "swagger-ui.css").touch()
    monkeypatch.delitem(sys.modules, "fastapi_offline", raising=False)
    monkeypatch.syspath_prepend(tmp_path)

    assert asset("swagger-ui.css") is None
    assert b"ReDoc is not installed" in redoc_page("T", root="").body
