"""The pages Explore and Themes: what they say, where they lead, and that a keyboard is enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import select, update

from gateway.parts import Parts
from schemas.tables import MetricDayRow
from tests.gateway.conftest import Served, gateway, make, serve  # noqa: F401 - fixtures
from tests.gateway.examples import alert, opened
from tests.gateway.serving import serving
from tests.pages.feedback import LAST, metric, set_scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SP = "metric=nps&cut=region&key=attributes.region:SP"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def shop(make: Callable[..., Parts], sqlite_database: str) -> Iterator[tuple[str, Parts]]:  # noqa: F811
    parts = make(sqlite_database)
    set_scene(parts)
    with serving(parts) as url:
        yield url, parts


@pytest.fixture
def tab(browser: Browser, shop: tuple[str, Parts]) -> Iterator[Page]:  # shop: it outlives the tab
    """A browser's tab in which no script may fail and nothing be asked of elsewhere."""
    complaints: list[str] = []
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.on("console", lambda heard: complaints.append(heard.text) if heard.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
    assert complaints == []


def asked(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


@pytest.mark.browser
def test_explore_compares_drills_down_and_keeps_all_in_its_address(tab: Page, shop: tuple[str, Parts]) -> None:
    from playwright.sync_api import expect

    url, parts = shop
    tab.goto(f"{url}/explore?{SP}")
    expect(tab.locator("#link")).to_have_text("Live")
    expect(tab.locator("#chart canvas")).to_have_count(1)
    tab.get_by_label("Compare with").first.select_option("segment")
    tab.wait_for_url(re.compile("against=segment"))
    expect(tab.locator(".told")).to_contain_text(
        re.compile(r"SP is \d+\.\d points below RJ; chance alone would do that")
    )
    tab.get_by_label("Compare with").first.select_option("before")
    tab.wait_for_url(re.compile("against=before"))
    expect(tab.locator(".told")).to_contain_text("does worse")
    tab.get_by_label("Window").select_option("7d")
    tab.wait_for_url(re.compile("window=7d"))
    expect(tab.locator("#days tr")).to_have_count(30)
    assert {**asked(tab), "from": "", "to": ""} == {
        "metric": "nps", "cut": "region", "key": "attributes.region:SP", "window": "7d", "against": "before",
        "from": "", "to": "",
    }  # fmt: skip

    # With the keyboard alone: to the last day, three back, and to what was said then.
    tab.locator("#chart").focus()
    tab.keyboard.press("End")
    for _ in range(3):
        tab.keyboard.press("ArrowLeft")
    chosen = LAST - timedelta(days=3)
    expect(tab.locator("#chart-said")).to_contain_text(chosen.strftime("%-d Nov"))
    tab.keyboard.press("Enter")
    tab.wait_for_url(re.compile("day="))
    seven, before = chosen - timedelta(days=6), chosen - timedelta(days=7)
    week = f"{seven.strftime('%-d Nov')} – {chosen.strftime('%-d Nov')}"
    expect(tab.locator("#said-title")).to_have_text(f"What was said, {week}")
    # What is compared now are the seven days of the point and the seven before.
    expect(tab.locator(".side h3")).to_have_text(
        [week, f"{(before - timedelta(days=6)).strftime('%-d Nov')} – {before.strftime('%-d Nov')}"]
    )
    assert asked(tab)["day"] == chosen.isoformat()
    case = tab.locator("#answers a").first
    expect(case).to_have_attribute("href", re.compile(r"^/cases/\d+$"))

    # A day that is counted again shows without a reload.
    row = metric("SP", {"10": 1, "3": 9999}, "day", LAST)
    with parts.writers.begin() as session:
        statement = update(MetricDayRow).where(MetricDayRow.id == row.record_key().decode())
        session.execute(statement.values(payload=msgspec.to_builtins(row)))
    expect(tab.locator(f"#day-{LAST}")).to_have_attribute("data-n", re.compile(r"^1\d{4}$"))


@pytest.mark.browser
def test_themes_lead_to_their_answers(tab: Page, shop: tuple[str, Parts]) -> None:
    from playwright.sync_api import expect

    url, _ = shop
    tab.goto(f"{url}/themes")
    tab.get_by_role("link", name=re.compile("order.delivered")).click()
    expect(tab.locator("#themes-title")).to_have_text("order.delivered")
    line = tab.locator("#themes tr").filter(has=tab.get_by_role("link", name="broken box", exact=True))
    expect(line).to_contain_text("not once before")
    tab.get_by_role("link", name="broken box", exact=True).focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#said-title")).to_have_text("“broken box”")
    expect(tab.locator("#answers blockquote").first).to_contain_text("broken box")
    quotes = tab.locator("#answers blockquote").all_inner_texts()
    assert len(quotes) >= 5
    assert all("broken box" in quote for quote in quotes)
    tab.get_by_role("link", name="rising most").click()
    tab.wait_for_url(re.compile("sort=before"))
    assert (asked(tab)["sort"], asked(tab)["theme"]) == ("before", "broken box")


@pytest.mark.browser
@pytest.mark.parametrize(
    "path", ["/explore?" + SP + "&against=rest", "/themes?touchpoint=order.delivered&theme=broken+box&speaks=en"]
)
def test_on_a_phone_in_russian_nothing_is_cut_off_and_nobody_kept_out(
    tab: Page, shop: tuple[str, Parts], path: str
) -> None:
    url, _ = shop
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.emulate_media(color_scheme="dark")
    tab.goto(f"{url}{path}&language=ru")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.locator("html").get_attribute("lang") == "ru"
    # Without preload: it would ask for every style sheet once more, by a way that the policy of the pages forbids.
    found = Axe().run(tab, options={"preload": False}).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_what_is_told_is_told_in_both_languages(gateway: Served) -> None:  # noqa: F811
    set_scene(gateway.parts)
    days = "from=2026-09-20&to=2026-10-19"
    for query, english, russian in (
        (f"{SP}&against=rest", "SP is", "SP: ниже на"),
        (f"{SP}&against=period&with_from=2026-09-20&with_to=2026-09-20&from=2026-09-21&to=2026-09-21", "No difference",
         "Разницы между"),
        (f"{SP}&against=period&with_from=2020-01-01&with_to=2020-01-02&{days}", "Nothing to compare",
         "Сравнивать нечего"),
        (f"metric=csi&{days}", "400", "400"),
    ):  # fmt: skip
        for language, words in (("en", english), ("ru", russian)):
            page = gateway.client.get(f"/explore?{query}&language={language}")
            assert words in page.text, (query, language)


def test_what_does_not_fit_is_a_page_that_says_so(gateway: Served) -> None:  # noqa: F811
    for path in (
        "/explore?metric=joy",
        "/explore?from=2026-02-01&to=2026-01-01",
        "/explore?cut=region&key=nothing",
        "/explore?day=x",
        "/explore?window=0d",
        "/explore?window=1h",
        "/themes?sort=best",
        "/themes?metric=outcome",
        "/themes?touchpoint=a%00b",
    ):
        answer = gateway.client.get(path)
        assert answer.status_code == 400, path
        assert answer.headers["content-type"].startswith("text/html")


def test_without_data_both_pages_say_so(gateway: Served) -> None:  # noqa: F811
    assert "No flagged answers here." in gateway.client.get("/explore").text
    assert "No flagged answers here." in gateway.client.get("/explore?cut=region").text
    assert "No theme yet" in gateway.client.get("/themes").text


def test_what_customers_write_is_never_markup(gateway: Served) -> None:  # noqa: F811
    for number in range(1, 5):
        made = msgspec.structs.replace(
            alert(number, comment=f"{HOSTILE} broken"),
            touchpoint=HOSTILE,
            customer_id=HOSTILE + str(number),
            language="en",
        )
        opened(gateway.parts.writers, of=made)
    for path in ("/themes", "/themes?theme=broken&speaks=en", f"/themes?touchpoint={HOSTILE}&theme={HOSTILE}"):
        page = gateway.client.get(path)
        assert page.status_code == 200
        assert "<img" not in page.text
        assert "&lt;img" in page.text
    day = "from=2026-01-10&to=2026-01-10"
    assert "<img" not in gateway.client.get(f"/explore?cut=region&key=attributes.region:{HOSTILE}&{day}").text


def test_a_key_with_commas_is_one_value(gateway: Served) -> None:  # noqa: F811
    with gateway.parts.writers.begin() as session:
        row = metric("São Paulo, SP", {"10": 30}, "day", LAST)
        session.add(
            MetricDayRow(
                id=row.record_key().decode(), metric="nps", cut="region", day=LAST, payload=msgspec.to_builtins(row),
                version=1, as_of=row.as_of,
            )
        )  # fmt: skip
    page = gateway.client.get("/explore", params={"cut": "region", "key": "attributes.region:São Paulo, SP"})
    assert 'data-n="30"' in page.text
    # Nothing rolls: the segments to choose from are those of the newest recorded day.
    assert 'data-n="30"' in gateway.client.get("/explore?cut=region").text
    with gateway.parts.readers() as session:
        assert len(session.scalars(select(MetricDayRow.id)).all()) == 1


def test_a_point_of_a_window_leads_to_all_that_its_window_holds(gateway: Served) -> None:  # noqa: F811
    set_scene(gateway.parts)
    for window in (1, 3, 7):
        first = LAST - timedelta(days=window - 1)
        days = {"from": first.isoformat(), "to": LAST.isoformat()}
        query = {"metric": "nps", "key": "attributes.region:SP", "limit": 30, **days}
        said = gateway.client.get("/v1/answers", params=query).json()["answers"]
        page = gateway.client.get(f"/explore?{SP}&window={window}d&day={LAST}").text
        assert re.findall(r'id="answer-([^"]+)"', page) == [one["alert"]["id"] for one in said]
        assert said
    share = f"{SP}&from={LAST - timedelta(days=1)}&to={LAST}&against=period&day={LAST}"
    other = f"with_from={LAST - timedelta(days=9)}&with_to={LAST - timedelta(days=8)}"
    assert "days in common" in gateway.client.get(f"/explore?{share}&{other}&window=14d").text
    assert "days in common" not in gateway.client.get(f"/explore?{share}&{other}&window=7d").text
