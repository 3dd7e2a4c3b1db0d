"""The pages about cases in Chromium, over a gateway with a database: by mouse, by keyboard, and with others at work."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from msgspec import structs

from gateway.console import viewing
from gateway.console.pages.case import CasePage
from gateway.console.pages.cases import CasesPage
from gateway.console.pages.incidents import IncidentPage
from gateway.console.pages.silences import SilencesPage
from gateway.parts import Parts
from schemas.tables import CaseRow, IncidentRow, SilenceRow
from tests.gateway.conftest import make  # noqa: F401 - fixture
from tests.gateway.examples import alert, opened
from tests.gateway.serving import serving
from tests.gateway.test_timeline import keep, touchpoint

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>"\'&'


@dataclass
class Stage:
    """A browser's page, the gateway that serves it, and another way into that gateway."""

    page: Page
    url: str
    parts: Parts

    def case(self, number: int) -> CaseRow:
        with self.parts.readers() as session:
            row = session.get(CaseRow, number)
            assert row is not None
            return row

    def elsewhere(self, number: int, action: str, **body: object) -> None:
        """Somebody else acts, as Slack's buttons do: through the same ledger."""
        httpx.post(f"{self.url}/v1/cases/{number}/{action}", json=body).raise_for_status()


@pytest.fixture
def stage(
    browser: Browser,
    make: Callable[..., Parts],  # noqa: F811
    sqlite_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    """Pages are looked at more often than in real life, so that tests wait less. No script may complain."""
    monkeypatch.setattr(viewing, "SHORTEST_SECONDS", 0.1)
    monkeypatch.setattr(viewing, "SHARE", 1.0)
    for page_class in (CasePage, CasesPage, IncidentPage, SilencesPage):
        monkeypatch.setattr(page_class, "seconds", 0.2)
    complaints: list[str] = []
    parts = make(sqlite_database)
    with serving(parts) as url, browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _complains(said.type, said.text) else None)
        yield Stage(page, url, parts)
    assert complaints == []


def _complains(kind: str, text: str) -> bool:
    # Chromium itself notes every refused request; what the page makes of it is what the tests look at.
    return kind in ("error", "warning") and not text.startswith("Failed to load resource")


def choose_me(stage: Stage, person: str = "ana") -> None:
    stage.page.context.add_cookies([{"name": "closeloop_me", "value": person, "url": stage.url}])


def state(stage: Stage) -> Locator:
    return stage.page.locator("#case-head .state")


def test_every_action_is_there_for_the_mouse(stage: Stage) -> None:
    from playwright.sync_api import expect

    page = stage.page
    number = opened(stage.parts.writers, 1, owner=None)
    opened(stage.parts.writers, 2, severity="critical")
    page.goto(f"{stage.url}/cases")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Severity").select_option("normal")
    page.wait_for_url("**/cases?severity=normal")
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_role("link", name="C-1", exact=True).click()
    page.wait_for_url(f"**/cases/{number}")
    # Nobody was chosen: the page asks first, and goes on with what was meant.
    page.get_by_role("button", name="I'm on it").click()
    page.get_by_role("dialog", name="Who are you?").get_by_label("Acting as").select_option("bob")
    page.get_by_role("button", name="Go on").click()
    expect(state(stage)).to_have_text("acknowledged")
    assert stage.case(number).owner == "bob"

    def through(button: str, dialog: str, send: str, fill: Callable[[Locator], object], then: str) -> None:
        page.get_by_role("group", name="What can be done").get_by_role("button", name=button).click()
        shown = page.get_by_role("dialog", name=dialog)
        fill(shown)
        shown.get_by_role("button", name=send, exact=True).click()
        expect(shown).to_be_hidden()
        expect(state(stage)).to_have_text(then)

    note = "said sorry <b>twice</b>"
    through(
        "Contacted",
        "Contacted",
        "Save",
        lambda it: (it.get_by_label("E-mail").check(), it.get_by_label("What was said").fill(note)),
        "contacted",
    )
    expect(page.locator("#history li").first).to_contain_text(note)
    through("Snooze", "Snooze", "Snooze", lambda it: it.get_by_label("4 hours").check(), "snoozed")
    until = stage.case(number).snoozed_until
    assert until is not None
    assert abs(until - datetime.now(UTC) - timedelta(hours=4)) < timedelta(minutes=10)
    page.get_by_role("button", name="Wake").click()
    expect(state(stage)).to_have_text("open")
    through(
        "Reassign", "Reassign", "Reassign", lambda it: it.get_by_label("Who takes it?").select_option("eva"), "open"
    )
    expect(page.locator("#case-head")).to_contain_text("Eva")
    through(
        "Resolve",
        "Resolve",
        "Resolve",
        lambda it: it.get_by_label("What went wrong?").select_option("billing"),
        "resolved",
    )
    assert stage.case(number).root_cause == "billing"
    through("Reopen", "Reopen", "Reopen", lambda it: None, "open")
    page.get_by_role("button", name="Silence alike").click()
    silence = page.get_by_role("dialog", name="Silence alerts")
    expect(silence.get_by_text("Fits 2 of 2 open cases")).to_be_visible()
    silence.get_by_label("Why").fill("known trouble")
    silence.get_by_role("button", name="Silence", exact=True).click()
    expect(page.locator("#case-head .banner")).to_contain_text("known trouble")
    with stage.parts.readers() as session:
        kept = session.get(SilenceRow, 1)
        assert kept is not None
        assert kept.matchers == {"touchpoint": "order.delivered", "attributes.region": "SP"}
        assert kept.created_by == "bob"
    through("Not a complaint", "Not a complaint", "Dismiss", lambda it: None, "not a complaint")
    page.goto(f"{stage.url}/silences")
    page.get_by_role("button", name="End now S-1").click()
    expect(page.get_by_text("No silences")).to_be_visible()


def test_the_keyboard_alone_is_enough(stage: Stage) -> None:
    from playwright.sync_api import expect

    page, keys = stage.page, stage.page.keyboard
    choose_me(stage)
    first, second, third = (opened(stage.parts.writers, number, owner=None) for number in (1, 2, 3))
    page.goto(f"{stage.url}/cases")  # all are due at once: the newest comes first
    keys.press("j")
    expect(page.locator(f"#case-{third} .row-link")).to_be_focused()
    keys.press("j")
    keys.press("ArrowDown")
    keys.press("k")
    focused = page.locator(f"#case-{second} .row-link")
    expect(focused).to_be_focused()
    keys.press("a")
    expect(page.locator(f"#case-{second}")).to_contain_text("Ana Sá")
    expect(focused).to_be_focused()
    stage.elsewhere(first, "acknowledge", actor="bob")
    stage.elsewhere(third, "resolve", root_cause="other")
    expect(page.locator(".row")).to_have_count(2)
    expect(focused).to_be_focused()
    keys.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    keys.press("j")
    keys.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect(focused).to_be_focused()
    keys.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    keys.type("acrs?")
    keys.press("Escape")
    assert stage.case(second).state == "acknowledged"
    focused.focus()
    keys.press("Enter")
    page.wait_for_url(f"**/cases/{second}")
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    keys.press("r")
    dialog = page.get_by_role("dialog", name="Resolve")
    expect(dialog.get_by_label("What went wrong?")).to_be_focused()
    for _ in range(6):  # the focus stays within the dialog
        keys.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    keys.press("Escape")
    expect(dialog).to_be_hidden()
    keys.press("r")
    keys.type("Bill")
    keys.press("Tab")
    keys.type("credit for a, c, r and s")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    expect(state(stage)).to_have_text("resolved")
    assert (stage.case(second).root_cause, stage.case(second).resolution_note) == (
        "billing",
        "credit for a, c, r and s",
    )
    assert page.evaluate("document.activeElement !== document.body"), "the focus was lost"
    keys.press("u")
    page.wait_for_url("**/cases")

    # An incident's cases at once: those that are Ana's to resolve; Bob is on another.
    fourth = opened(stage.parts.writers, 4)
    with stage.parts.writers.begin() as session:
        at = datetime.now(UTC)
        session.add(IncidentRow(id=7, shared={}, opened_at=at, declared_at=at, last_case_at=at, running_key=None))
        for number in (first, second, fourth):
            session.get_one(CaseRow, number).incident_id = 7
    page.goto(f"{stage.url}/incidents/7")
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    keys.press("r")
    keys.type("Late")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    toasts = page.locator("#toasts")
    expect(toasts).to_contain_text("Resolved: 1.")
    expect(toasts).to_contain_text(f"Not resolved: 1. Somebody else is on them, or they have just changed: C-{first}")
    expect(page.locator(f"#case-{fourth}")).to_contain_text("resolved")
    assert (stage.case(fourth).root_cause, stage.case(first).state) == ("late_delivery", "acknowledged")
    stage.elsewhere(first, "resolve", root_cause="other")
    expect(page.get_by_role("button", name="Resolve all")).to_be_hidden()


def test_what_was_typed_outlives_a_colleague_and_a_stale_case_is_told_of(stage: Stage) -> None:
    from playwright.sync_api import expect

    page = stage.page
    choose_me(stage)
    number = opened(stage.parts.writers, 1, owner=None)
    page.goto(f"{stage.url}/cases/{number}")
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    page.get_by_role("button", name="Resolve").click()
    dialog = page.get_by_role("dialog", name="Resolve")
    dialog.get_by_label("What went wrong?").select_option("damaged")
    dialog.get_by_label("What was done").fill("sent a new one")
    stage.elsewhere(number, "acknowledge", actor="bob", note="I call <them>")
    expect(page.locator("#history li").first).to_contain_text("Bob <& co> acknowledged")
    expect(state(stage)).to_have_text("acknowledged")
    expect(dialog.get_by_label("What was done")).to_have_value("sent a new one")
    dialog.get_by_role("button", name="Resolve", exact=True).click()
    told = dialog.locator(".meanwhile")
    expect(told).to_contain_text("Bob <& co> acknowledged")
    expect(told).to_contain_text("I call <them>")
    assert stage.case(number).state == "acknowledged", "a stale form did something"
    expect(dialog.get_by_label("What was done")).to_have_value("sent a new one")
    dialog.get_by_role("button", name="Resolve", exact=True).click()
    expect(state(stage)).to_have_text("resolved")
    assert (stage.case(number).resolution_note, stage.case(number).root_cause) == ("sent a new one", "damaged")


def test_hostile_words_stay_words(stage: Stage) -> None:
    from playwright.sync_api import expect

    page = stage.page
    choose_me(stage)
    evil = structs.replace(
        alert(1, comment=HOSTILE), customer_id=HOSTILE, touchpoint=HOSTILE, rule=HOSTILE, attributes={HOSTILE: HOSTILE}
    )
    number = opened(stage.parts.writers, of=evil)
    stage.elsewhere(number, "acknowledge", actor="bob", note=HOSTILE)
    before = evil.event_time - timedelta(hours=1)
    keep(stage.parts, touchpoint("t1", before, HOSTILE, customer_id=HOSTILE, touchpoint=HOSTILE, channel=HOSTILE))
    for path in ("/cases", f"/cases/{number}", "/silences"):
        page.goto(stage.url + path)
        expect(page.locator("#link")).to_have_attribute("data-state", "live")
        if path != "/silences":
            expect(page.get_by_text(HOSTILE).first).to_be_visible()
        assert page.evaluate("window.hacked === undefined && !document.querySelector('img')"), path
    page.goto(f"{stage.url}/cases/{number}")
    page.get_by_role("button", name="Silence alike").click()
    expect(page.get_by_role("dialog").get_by_text("Fits 1 of 1")).to_be_visible()
    stage.elsewhere(number, "contact", actor="bob", channel="phone", note=HOSTILE + "2")
    expect(page.locator("#history li").first).to_contain_text(HOSTILE + "2")
    # What is written of the customer meanwhile is there without loading anew, and at a glance.
    expect(page.locator("#around li")).to_have_count(3)
    for name in ("t2", "t3"):
        keep(stage.parts, touchpoint(name, evil.event_time, "failed", customer_id=HOSTILE))
    expect(page.locator("#around li")).to_have_count(5)
    expect(page.locator(".way li").nth(1)).to_have_text("order.delivered ✕ failed ×2")
    assert page.evaluate("window.hacked === undefined && !document.querySelector('img')")


@pytest.mark.parametrize("width", [360, 2560])
def test_no_page_scrolls_sideways(stage: Stage, width: int) -> None:
    page = stage.page
    number = opened(stage.parts.writers, 1, comment="W" * 300, owner="bob")
    opened(
        stage.parts.writers,
        of=structs.replace(alert(2, severity="critical"), customer_id="c" * 120, contact_requested=True),
    )
    for name in ("t1", "t2"):
        wide: dict[str, Any] = {"touchpoint": "t" * 128, "channel": "c" * 128, "amount": "9" * 18, "currency": "EUR"}
        keep(stage.parts, touchpoint(name, alert(1).event_time, name * 60, **wide))
    page.set_viewport_size({"width": width, "height": 800})
    for language in ("en", "ru"):
        for path in ("/cases?owner=bob", f"/cases/{number}", "/incidents", "/silences"):
            page.goto(f"{stage.url}{path}{'&' if '?' in path else '?'}language={language}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, language)
            for opener in page.locator("[data-open]").all():
                opener.click()
                name = re.escape(opener.get_attribute("data-open") or "")
                page.wait_for_function(f"document.querySelector('#who[open], #{name}[open]')")
                assert page.evaluate("(d => d.scrollWidth <= d.clientWidth)(document.querySelector('dialog[open]'))")
                page.keyboard.press("Escape")


def test_a_refusal_is_told_in_the_reader_s_words(stage: Stage) -> None:
    from playwright.sync_api import expect

    page = stage.page
    choose_me(stage)
    number = opened(stage.parts.writers, 1, owner="ana")
    page.goto(f"{stage.url}/cases/{number}?language=ru")
    page.locator("#do-snooze").click()
    dialog = page.locator("#act-snooze")
    dialog.locator("[data-until]").fill("2020-01-01T10:00")
    dialog.locator("button.primary").click()
    expect(dialog.locator(".problem")).to_have_text("Укажите время в будущем, не дальше 30 дней.")
