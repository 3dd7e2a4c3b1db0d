"""Silences in the console: what holds, why, for how long; a new one with what it would hold; and its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.console.gateway_double import GatewayDouble
from tests.console.shop import case_of, held_by, metric_case, silence

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
LINE = "#silence-line"


def _open(page: Page, double: GatewayDouble, path: str = "/") -> None:
    page.add_init_script("localStorage.setItem('closeloop.me', 'ana')")
    page.goto(double.url + path)
    expect(page.locator("#link")).to_have_text("Live")


def test_the_line_leads_to_the_list_and_an_end_is_seen_at_once(console: Page, double: GatewayDouble) -> None:
    now = datetime.now(UTC)
    held = silence(3, now, cases_held=2)
    to_come = silence(4, now, state="to_come", starts_at=(now + timedelta(hours=2)).isoformat(), reason="<b>later</b>")
    double.data["silences"] = [to_come, held]
    double.data["cases"] += [
        case_of(41, now, silence=held_by(held)),
        case_of(42, now, silence=held_by(held, holds=False)),
    ]
    _open(console, double)
    expect(console.locator(LINE)).to_contain_text("1 silence: 2 cases held, until")
    expect(console.locator("#feed li").nth(1)).to_contain_text("held until")
    expect(console.locator("#feed li").nth(0)).to_contain_text("silenced until")
    console.locator(LINE).click()
    rows = console.locator(".silence")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("touchpoint is order.delivered")
    expect(rows.nth(1)).to_contain_text("region is SP or RJ")
    expect(rows.nth(1)).to_contain_text("score at most 3")
    expect(rows.nth(1)).to_contain_text("Carrier strike: nobody can deliver there today.")
    expect(rows.nth(1)).to_contain_text("4 h left · 2 cases held · by Olena Bondar in Slack")
    expect(rows.nth(0)).to_contain_text("<b>later</b>")
    expect(rows.nth(0)).to_contain_text("from ")
    for case in double.data["cases"]:
        case["silence"] = None
    console.get_by_role("button", name="End S-3 now").click()
    expect(console.locator(".toast")).to_have_text("S-3 is over: 2 cases speak now")
    expect(rows).to_have_count(1)
    assert double.posted == [("/v1/silences/3/end", {"actor": "ana"})]
    console.get_by_role("button", name="Close").click()
    expect(console.locator("#feed li").nth(1)).not_to_contain_text("held until")
    expect(console.locator(LINE)).to_have_text("No silences")


def test_a_new_one_from_a_case_says_beforehand_what_it_would_hold(console: Page, double: GatewayDouble) -> None:
    case = case_of(41, datetime.now(UTC))
    double.data["cases"].append(case)
    _open(console, double, "/#/cases/41")
    console.get_by_role("button", name="Silence alike…").click()
    form = console.locator("#ask form")
    fits = form.locator(".reach")
    expect(fits).to_have_text("Fits 3 of 21 open cases and 40 of 200 alerts of the last 7 days.")
    expected = {
        "touchpoint": case["touchpoint"],
        "attributes.region": case["attributes"]["region"],
        "rule": case["latest_alert"]["rule"],
    }
    assert double.posted[-1] == ("/v1/silences/preview", {"matchers": expected})
    form.get_by_role("button", name="Take this condition away").nth(2).click()
    del expected["rule"]
    double.data["fits"] |= {"alerts": 200}
    form.get_by_role("button", name="Another condition").click()
    console.keyboard.type("score")
    console.keyboard.press("Tab")
    console.keyboard.press("ArrowDown")
    console.keyboard.press("ArrowDown")
    console.keyboard.press("ArrowDown")
    console.keyboard.press("Tab")
    console.keyboard.type("3")
    expected["score"] = {"at_most": 3}
    expect(fits).to_contain_text("200 of 200 alerts of the last 7 days: all that there were.")
    expect(fits).to_have_attribute("data-everything", "true")
    form.get_by_role("radio", name="4 hours").check()
    form.get_by_label("Why").fill("carrier strike")
    form.get_by_role("button", name="Silence", exact=True).click()
    expect(console.locator(".toast")).to_contain_text("S-11 holds from now on: 3 of 21 open cases")
    path, body = double.posted[-1]
    left = datetime.fromisoformat(body.pop("ends_at")) - datetime.now(UTC)
    assert timedelta(hours=3, minutes=58) < left <= timedelta(hours=4)
    assert (path, body) == ("/v1/silences", {"matchers": expected, "reason": "carrier strike", "actor": "ana"})
    console.locator("#drawer").get_by_role("button", name="Close").click()
    expect(console.locator(LINE)).to_contain_text("1 silence: no cases held")


def test_what_is_wrong_is_said_at_its_field(console: Page, double: GatewayDouble) -> None:
    _open(console, double, "/#/silences")
    console.get_by_role("button", name="Silence alerts…").click()
    form = console.locator("#ask form")
    expect(form.locator(".reach")).to_contain_text("a silence of everything is not taken")
    errors = [
        {"reason": "invalid", "field": "matchers.toucpoint", "problem": "did you mean touchpoint?"},
        {"reason": "invalid", "field": "reason", "problem": "give one"},
        {"reason": "invalid", "field": "ends_at", "problem": "it ends before it starts"},
    ]
    double.refusals["/v1/silences"] = 422, {"error": errors[0], "errors": errors}
    double.refusals["/v1/silences/preview"] = 422, {"error": errors[0], "errors": errors[:1]}
    form.get_by_label("Field of the alert").fill("toucpoint")
    form.get_by_label("Value").fill("order")
    row = form.locator(".condition")
    expect(row.locator(".wrong")).to_have_text("did you mean touchpoint?")
    expect(form.get_by_label("Value")).to_be_focused()
    form.get_by_role("button", name="Silence", exact=True).click()
    expect(form.locator('[data-field="reason"] .wrong')).to_have_text("give one")
    expect(form.locator('[data-field="ends_at"] > .wrong')).to_have_text("it ends before it starts")
    expect(row.locator(".wrong")).to_have_text("did you mean touchpoint?")
    expect(form.get_by_label("Field of the alert")).to_be_focused()
    console.keyboard.press("Escape")
    expect(form).not_to_be_visible()


def test_past_ones_are_shown_when_asked_for(console: Page, double: GatewayDouble) -> None:
    ended = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    double.data["past_silences"] = [
        silence(2, datetime.now(UTC), state="over", ends_at=ended, ended_by="li", ended_by_name="Li Wei"),
        silence(1, datetime.now(UTC), state="over", ends_at=ended, created_via="system"),
    ]
    _open(console, double, "/#/silences")
    expect(console.locator("#drawer")).to_contain_text("Everything that a rule flags is told.")
    console.get_by_role("button", name="Show past ones").click()
    rows = console.locator(".silence")
    expect(rows.nth(0)).to_contain_text("by Li Wei · by Olena Bondar in Slack")
    expect(rows.nth(1)).to_contain_text("by Olena Bondar at a terminal")
    expect(console.get_by_role("button", name="End")).to_have_count(0)


def _event(action: str, version: int, **more: Any) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    return {"version": version, "action": action, "from_state": "open", "to_state": "open", "at": at,
            "actor": "system", "actor_name": "system", "via": "system", "detail": {}} | more  # fmt: skip


def test_a_case_says_that_it_is_held_and_its_history_says_why(console: Page, double: GatewayDouble) -> None:
    now = datetime.now(UTC)
    held = silence(3, now)
    until = held["ends_at"]
    case = case_of(41, now, silence=held_by(held))
    case["events"][0]["detail"] |= {"silence": 3, "silenced_until": until}
    by_li = {"actor": "li", "actor_name": "Li Wei", "via": "console"}
    case["events"] += [
        _event("joined", 2, detail={"rule": "detractor", "silence": None}),
        _event("unsilenced", 3, **by_li, detail={"silence": 3}),
        _event(
            "unsilenced",
            4,
            **by_li | {"via": "system"},
            detail={"silence": 3, "silenced_by": 4, "silenced_until": until},
        ),
        _event("recovered", 5, detail={"rule": "recovered", "recovered": True}),
    ]
    won_back = case_of(42, now, state="resolved", closed_at=now.isoformat(), recovered_at=now.isoformat())
    double.data["cases"] += [case, won_back, metric_case(43, now, recovered_at=now.isoformat())]
    _open(console, double, "/#/cases/41")
    drawer = console.locator("#drawer")
    expect(drawer.locator(".banner")).to_contain_text(
        "by Olena Bondar: “Carrier strike: nobody can deliver there today.”"
    )
    expect(drawer.locator(".banner")).to_contain_text("Messages about this case wait until then")
    story = drawer.locator(".story li")
    expect(story.nth(0)).to_contain_text("The customer came back and answered well")
    expect(story.nth(1)).to_contain_text("Li Wei ended the silence S-3; S-4 holds its messages until")
    expect(story.nth(1)).to_contain_text("from a terminal")
    expect(story.nth(2)).to_contain_text("Li Wei ended the silence S-3: its messages go out")
    expect(story.nth(3)).to_contain_text("Flagged again: detractor; it is no longer silenced")
    expect(story.nth(4)).to_contain_text("; silence S-3 holds its messages until")
    drawer.get_by_role("link", name="S-3").click()
    expect(drawer.locator("h2")).to_have_text("Silences")
    drawer.get_by_role("button", name="Close").click()
    console.get_by_role("radio", name="All").check()
    expect(console.locator("#feed li").nth(1)).to_contain_text("won back,")
    expect(console.locator("#feed li").nth(0)).to_contain_text("back to normal since")


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_hangs_over_the_edge(console: Page, double: GatewayDouble, width: int) -> None:
    console.set_viewport_size({"width": width, "height": 780})
    double.data["silences"] = [silence(3, datetime.now(UTC), reason="x" * 120, matchers={"customer_id": "c" * 120})]
    _open(console, double, "/#/silences")
    expect(console.locator(".silence")).to_have_count(1)
    console.get_by_role("button", name="Silence alerts…").click()
    expect(console.locator("#ask form")).to_be_visible()
    wide = """() => [...document.querySelectorAll('#drawer, #drawer .drawer-body, #ask, #ask form, .silence')]
              .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.id || e.className)"""
    assert console.evaluate(wide) == []
