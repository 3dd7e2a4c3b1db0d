"""The console in a browser, against a stand-in for the gateway that tells of a shop's day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.console.gateway_double import GatewayDouble
from tests.console.shop import shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page


@pytest.fixture
def double() -> Iterator[GatewayDouble]:
    """A running stand-in; a test may change ``double.data`` before it opens the page."""
    running = GatewayDouble(shop())
    running.start()
    yield running
    running.stop()


@pytest.fixture
def console(browser: Browser, double: GatewayDouble) -> Iterator[Page]:
    """A page to open the console in. After the test: no script error, and no request to anywhere else."""
    complaints: list[str] = []
    strangers: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # Chromium itself notes every refused request; what the page makes of it is what the tests look at.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    def asked(url: str) -> None:
        if f"http://{urlsplit(url).netloc}" != double.url:
            strangers.append(url)

    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked(request.url))
        page.set_default_timeout(60_000)
        yield page
    assert complaints == []
    assert strangers == []
