"""The combined documentation of a FastAPI host, as a browser without a network shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi_offline import FastAPIOffline
from hosts import get_ohlcv_routers, get_orm_routers
from support import serving_app, settings_for

from fullon_cache_api import get_all_routers

if TYPE_CHECKING:
    from conftest import Browser

pytestmark = pytest.mark.browser


def test_swagger_ui_of_the_host_shows_all_three_modules_and_the_caches_schemas(browser: Browser) -> None:
    app = FastAPIOffline(title="Fullon Master API", version="1.0.0")
    for router in get_orm_routers():
        app.include_router(router, prefix="/api/v1/db", tags=["Database"])
    for router in get_all_routers(settings=settings_for("redis://127.0.0.1:1/0")):
        app.include_router(router, prefix="/api/v1/cache", tags=["Cache"])
    for router in get_ohlcv_routers():
        app.include_router(router, prefix="/api/v1/market", tags=["Market Data"])
    with serving_app(app) as client:
        browser.visit(f"{client.base_url}/docs".replace("//docs", "/docs"))

        browser.see(".info .title", "Fullon Master API")
        for tag in ("Database", "Cache", "Market Data"):
            browser.see(".opblock-tag", tag)
        browser.click(".opblock-summary-path[data-path$='/api/v1/cache/tickers/{exchange}/{symbol}']")
        for parameter in ("exchange", "symbol"):
            browser.see(f".opblock.is-open tr[data-param-name={parameter}]", parameter)
        browser.click(".opblock.is-open tr[data-code='200'] .tablinks", "Schema")
        # The whole answer, or what `fields` selects of it.
        whole_or_part = "tr[data-code='200'] .json-schema-2020-12-keyword--anyOf"
        browser.click(f".opblock.is-open {whole_or_part} > .json-schema-2020-12-expand-deep-button")
        browser.see(".opblock.is-open tr[data-code='200'] .json-schema-2020-12-property", "cache_hit")
        assert browser.errors() == []
        assert browser.hosts() == {"127.0.0.1"}
