"""A headless Chromium that reaches loopback only."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

T = TypeVar("T")

SHOWN_WITHIN = 30.0
CSS = "css selector"

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@dataclass(frozen=True, slots=True)
class Browser:
    """A Chromium as the tests use it: what one visit shows, complains of and asks for."""

    driver: Chrome

    def visit(self, url: str) -> None:
        """Open the URL in an empty tab, and forget what earlier visits logged."""
        self.driver.get("about:blank")
        self._log("browser")
        self._log("performance")
        self.driver.get(url)

    def wait(self, condition: Callable[[], T], wanted: str) -> T:
        """The condition's first true answer; a failed test that says what was wanted when there is none."""
        from selenium.common.exceptions import TimeoutException, WebDriverException
        from selenium.webdriver.support.ui import WebDriverWait

        waiting = WebDriverWait(
            self.driver, SHOWN_WITHIN, poll_frequency=0.05, ignored_exceptions=[WebDriverException]
        )
        try:
            return waiting.until(lambda _: condition())
        except TimeoutException:
            pytest.fail(f"{self.driver.current_url} does not show {wanted} within {SHOWN_WITHIN:.0f} s")

    def see(self, selector: str, text: str = "") -> WebElement:
        """The first displayed element that matches the selector and holds the text."""

        def shown() -> WebElement | None:
            found = self.driver.find_elements(CSS, selector)
            matching = (element for element in found if element.is_displayed() and text in element.text)
            return next(matching, None)

        element = self.wait(shown, f"{text!r} in {selector}")
        assert element is not None
        return element

    def click(self, selector: str, text: str = "") -> None:
        """Click the first displayed element that matches, once it can be clicked."""

        def clicked() -> bool:
            self.see(selector, text).click()
            return True

        self.wait(clicked, f"a clickable {text!r} in {selector}")

    def errors(self) -> list[str]:
        """What the console complains of since the visit began."""
        return [entry["message"] for entry in self._log("browser") if entry["level"] == "SEVERE"]

    def hosts(self) -> set[str]:
        """The hosts that were asked for anything since the visit began."""
        events = (json.loads(entry["message"])["message"] for entry in self._log("performance"))
        urls = [
            urlsplit(event["params"]["request"]["url"])
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        return {url.hostname or "" for url in urls if url.scheme not in {"about", "blob", "data"}}

    def _log(self, kind: str) -> list[dict[str, str]]:
        entries: list[dict[str, str]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        pytest.fail("the browser tests need chromium and chromedriver (Debian: chromium, chromium-driver)")
    try:
        from selenium import webdriver
    except ImportError:
        pytest.fail('the browser tests need selenium (dependency group "browser")')

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(chromedriver))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
