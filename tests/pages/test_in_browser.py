"""The pages in Chromium: what changes comes by itself, and everybody can use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import update

from gateway.console.pages import PAGES
from gateway.parts import Parts
from schemas.metrics import OUTCOME
from schemas.tables import CaseRow, IncidentRow
from tests.gateway.conftest import make  # noqa: F401 - a fixture
from tests.gateway.examples import metric_alert, opened, silent_alert
from tests.gateway.serving import serving
from tests.pages.test_served import put, row

pytestmark = pytest.mark.browser
PATHS = sorted({page.path.replace("{number:int}", "1") for page in PAGES})


@pytest.fixture
def parts(make: Callable[..., Parts], sqlite_database: str) -> Parts:  # noqa: F811
    """A gateway with metrics, cases of all kinds, and a customer who writes markup."""
    made = make(sqlite_database)
    for window in ("1h", "7d"):
        for key, score, n in (("", 9, 400), ("SP", 3, 60), ("RJ", 9, 300), ("<b>MG", 10, 4)):
            put(made, row(key, score=score, n=n, window=window))
            failed = msgspec.structs.replace(row(key, n=n, window=window), metric=OUTCOME, value=2.5, low=1.0, high=4.0)
            put(made, msgspec.structs.replace(failed, counts={"ok": n, "failed": 1}))
    first = opened(made.writers, 1, severity="critical")
    opened(made.writers, 2, comment=None)
    opened(made.writers, of=metric_alert())
    opened(made.writers, of=silent_alert())
    at = datetime.now(UTC)
    with made.writers.begin() as session:
        session.add(
            IncidentRow(id=1, shared={"touchpoint": "order.delivered"}, opened_at=at, declared_at=at, last_case_at=at)
        )
        session.execute(update(CaseRow).where(CaseRow.id == first).values(incident_id=1))
    return made


@pytest.fixture
def url(parts: Parts) -> Iterator[str]:
    with serving(parts) as base:
        yield base


@pytest.fixture
def watched(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`watched(**options)`: a page in a profile of its own. After the test: none of them told of an error."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def open_one(**options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: None if "127.0.0.1" in request.url else said.append(request.url))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert said == [], said


def _is_live(page: Page) -> None:
    expect(page.locator("#link")).to_have_attribute("data-state", "live")


@pytest.mark.faults
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_keeps_anybody_out(url: str, watched: Callable[..., Page], scheme: str) -> None:
    page = watched(color_scheme=scheme)
    for path in PATHS:
        page.goto(url + path)
        _is_live(page)
        page.wait_for_timeout(1800)  # a colour that fades away is none to judge
        # Without preload: it would ask for every style sheet once more, by a way that the policy of the pages forbids.
        found = Axe().run(page, options={"preload": False}).response["violations"]
        grave = [
            (one["id"], [node["html"][:120] for node in one["nodes"]][:3])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert grave == [], path


@pytest.mark.parametrize(
    "width", [360, pytest.param(768, marks=pytest.mark.faults), pytest.param(2560, marks=pytest.mark.faults)]
)
def test_no_page_scrolls_sideways(url: str, watched: Callable[..., Page], width: int) -> None:
    page = watched(viewport={"width": width, "height": 800}, locale="ru")
    for path in PATHS:
        page.goto(url + path)
        _is_live(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_new_value_and_a_new_case_come_without_a_reload(url: str, watched: Callable[..., Page], parts: Parts) -> None:
    page = watched()
    page.goto(f"{url}/now?window=1h&cut=region")
    page.evaluate("window.kept = true")
    tile = page.locator("#tile-nps .tile-number")
    expect(tile).to_have_text("+100.0")
    page.get_by_role("searchbox").fill("sp")
    put(parts, row("", score=3, n=401, version=2))
    expect(tile).to_have_text("−100.0")
    opened(parts.writers, 77)
    put(parts, row("", score=3, n=402, version=3))
    expect(page.locator(".feed-items")).to_contain_text("c77")
    expect(page.locator(".feed-items li").first).to_contain_text("c77")
    expect(page.get_by_role("searchbox")).to_have_value("sp")
    assert page.evaluate("window.kept") is True


def test_a_page_that_was_cut_off_says_so_and_catches_up(url: str, browser: Browser, parts: Parts) -> None:
    context = browser.new_context()
    page = context.new_page()
    # The way to the gateway is cut by the browser: what was open ends, and nothing new is let through.
    page.goto(f"{url}/now?window=1h&cut=region")
    _is_live(page)
    context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('pagehide')); window.dispatchEvent(new Event('pageshow'))")
    expect(page.locator("#link")).to_have_attribute("data-state", "lost")
    put(parts, row("", score=3, n=401, version=2))
    expect(page.locator("#notice")).to_contain_text("The gateway does not answer")
    expect(page.locator("#tile-nps .tile-number")).to_have_text("+100.0")
    context.set_offline(False)
    _is_live(page)
    expect(page.locator("#tile-nps .tile-number")).to_have_text("−100.0")
    expect(page.locator("#notice")).to_be_hidden()
    context.close()


def test_the_choice_of_language_colours_and_person_is_kept(url: str, watched: Callable[..., Page]) -> None:
    page = watched()
    page.goto(f"{url}/now?window=1h")
    page.locator(".menu summary").click()
    page.get_by_label("Acting as").select_option("ana")
    expect(page.locator(".menu-name")).to_have_text("Ana Sá")
    page.locator(".menu summary").click()
    page.get_by_label("Language").select_option("ru")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(page).to_have_title("Сейчас · closeloop")
    page.locator(".menu summary").click()
    page.get_by_label("Цвета").select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(15, 20, 22)")
    page.goto(f"{url}/now")
    expect(page.locator(".menu-name")).to_have_text("Ana Sá")


def test_a_form_that_is_sent_before_the_scripts_are_there_waits_for_them(
    url: str, watched: Callable[..., Page]
) -> None:
    page = watched()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/script/main.js", hold)
    page.goto(f"{url}/now?window=1h", wait_until="commit")
    page.get_by_role("searchbox").fill("sp")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("searchbox")).to_have_value("sp")
    assert "find" not in page.url
    held[0].continue_()
    page.wait_for_url("**/now?*find=sp*", wait_until="commit")
    assert "window=1h" in page.url


def test_a_setting_that_is_chosen_before_the_scripts_are_there_is_kept(url: str, watched: Callable[..., Page]) -> None:
    page = watched()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/script/main.js", hold)
    page.goto(f"{url}/now?window=1h", wait_until="commit")
    page.locator(".menu summary").click()
    page.get_by_label("Colours").select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "auto")
    held[0].continue_()
    page.unroute("**/script/main.js")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
