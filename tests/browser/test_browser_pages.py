"""The three pages for people, as a browser without a network shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from guarded import write_guarded
from readme_code import with_added_endpoint
from support import serving, settings_for

from fullon_cache_api.demo import EmbeddedServer
from fullon_cache_api.gateway import FullonCacheGateway

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Browser

pytestmark = pytest.mark.browser

TICKER_PATH = "/tickers/{exchange}/{symbol}"
OPEN_OPERATION = ".opblock.is-open"


def assert_quiet(browser: Browser) -> None:
    """The console holds no error, and nothing was asked of any host but this one."""
    assert browser.errors() == []
    assert browser.hosts() == {"127.0.0.1"}


def test_the_start_page_lists_the_endpoints_and_leads_to_the_documentation(
    browser: Browser, gateway_url: str
) -> None:
    browser.visit(f"{gateway_url}/")

    browser.see("h1", "Fullon")
    browser.see("h2", "Tickers")
    browser.see(".endpoints li", f"/api{TICKER_PATH}")
    browser.click("nav a", "Swagger UI")
    browser.see(f".opblock-summary-path[data-path$='{TICKER_PATH}']")
    assert_quiet(browser)


def test_swagger_ui_shows_the_parameters_and_the_response_schema_of_an_operation(
    browser: Browser, gateway_url: str
) -> None:
    browser.visit(f"{gateway_url}/docs")

    browser.click(f".opblock-summary-path[data-path$='{TICKER_PATH}']")
    for parameter in ("exchange", "symbol"):
        browser.see(f"{OPEN_OPERATION} tr[data-param-name={parameter}]", parameter)
    browser.click(f"{OPEN_OPERATION} tr[data-code='200'] .tablinks", "Schema")
    # The whole answer, or what `fields` selects of it.
    whole_or_part = "tr[data-code='200'] .json-schema-2020-12-keyword--anyOf"
    browser.click(f"{OPEN_OPERATION} {whole_or_part} > .json-schema-2020-12-expand-deep-button")
    for field in ("exchange", "symbol", "ticker", "cached_at", "cache_hit"):
        browser.see(f"{OPEN_OPERATION} tr[data-code='200'] .json-schema-2020-12-property", field)
    assert_quiet(browser)


def test_swagger_ui_sends_a_request_to_the_gateway_and_shows_its_answer(
    browser: Browser, gateway_url: str
) -> None:
    browser.visit(f"{gateway_url}/docs")

    browser.click(f".opblock-summary-path[data-path$='{TICKER_PATH}']")
    browser.click(f"{OPEN_OPERATION} .execute")
    browser.see(f"{OPEN_OPERATION} .live-responses-table .response-col_status", "200")
    browser.see(f"{OPEN_OPERATION} .live-responses-table .microlight", '"symbol": "BTC-USDT"')
    assert_quiet(browser)


def test_swagger_ui_shows_and_tries_an_endpoint_that_was_added_as_readme_says(
    browser: Browser, tmp_path: Path
) -> None:
    with EmbeddedServer() as server:
        gateway = FullonCacheGateway(spec=with_added_endpoint(tmp_path), settings=settings_for(server.url))
        with serving(gateway) as client:
            browser.visit(str(client.base_url.join("/docs")))

            browser.click(".opblock-summary-path[data-path$='/spot/{exchange}/{symbol}']")
            browser.click(f"{OPEN_OPERATION} tr[data-code='200'] .tablinks", "Schema")
            for field in ("symbol", "ticker"):
                browser.see(f"{OPEN_OPERATION} tr[data-code='200'] .json-schema-2020-12-property", field)
            browser.click(f"{OPEN_OPERATION} .execute")
            browser.see(f"{OPEN_OPERATION} .live-responses-table .response-col_status", "404")
            assert [message for message in browser.errors() if "404" not in message] == []
            assert browser.hosts() == {"127.0.0.1"}


def test_redoc_shows_an_operation_and_finds_it_by_search(browser: Browser, gateway_url: str) -> None:
    browser.visit(f"{gateway_url}/redoc")

    browser.see("[data-section-id$='/getTicker'] h2")
    browser.see("[role=search] input").send_keys("ticker")
    browser.see("[data-role='search:results'] [data-item-id$='/getTicker']")
    assert_quiet(browser)


def test_swagger_ui_sends_the_key_that_it_is_given(browser: Browser, tmp_path: Path) -> None:
    desk = write_guarded(tmp_path)
    with (
        EmbeddedServer() as server,
        serving(FullonCacheGateway(settings=desk.settings(server.url))) as client,
    ):
        browser.visit(str(client.base_url.join("/docs")))

        browser.click(".btn.authorize")
        browser.see(".auth-container input").send_keys(desk.keys["all"]["X-API-Key"])
        browser.click(".auth-container .btn.authorize")
        browser.click(".btn-done")
        browser.click(f".opblock-summary-path[data-path$='{TICKER_PATH}']")
        browser.click(f"{OPEN_OPERATION} .execute")
        browser.see(f"{OPEN_OPERATION} .live-responses-table .response-col_status", "404")
        assert browser.hosts() == {"127.0.0.1"}
