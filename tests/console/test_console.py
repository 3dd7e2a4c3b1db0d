"""What people see and do in the console."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.console.gateway_double import GatewayDouble
from tests.console.shop import case_of, metric_case, metric_row, silent_case

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

OPEN_CASE = 26  # open, a CES of 2, by tests/console/shop.py


def _row(double: GatewayDouble, metric: str, window: str = "24h", **key: str) -> dict[str, Any]:
    wanted = {("attributes.region" if name == "region" else name): value for name, value in key.items()}
    found: list[dict[str, Any]] = [
        row
        for row in double.data["metrics"]
        if row["metric"] == metric and row["window"] == window and row["key"] == wanted
    ]
    assert len(found) == 1
    return found[0]


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _open(page: Page, double: GatewayDouble, path: str = "/", me: str = "ana") -> None:
    if me:
        page.add_init_script(f"localStorage.setItem('closeloop.me', '{me}')")
    page.goto(double.url + path)
    expect(page.locator("#link")).to_have_text("Live")


def test_a_tile_shows_value_interval_and_n_of_the_chosen_window(console: Page, double: GatewayDouble) -> None:
    double.data["metrics"] = [
        metric_row("nps", "24h", "all", {}, {"10": 60, "8": 20, "0": 20}, datetime.now(UTC)),
        metric_row("nps", "7d", "all", {}, {"10": 500, "0": 500}, datetime.now(UTC)),
    ]
    _open(console, double)
    tile = console.locator('[data-metric="nps"].tile')
    # 100 (60 - 20) / 100; half width 196 sqrt((0.8 - 0.16) / 100) = 15.68
    expect(tile.locator(".tile-number")).to_have_text("+40.0")
    expect(tile.locator(".tile-facts")).to_contain_text("+24.3 to +55.7")
    expect(tile.locator(".tile-facts")).to_contain_text("100 answers")
    expect(tile.locator(".delta")).to_have_text("+40.0 vs 7d")
    console.get_by_role("radio", name="7d").check()
    expect(tile.locator(".tile-number")).to_have_text("0.0")
    expect(tile.locator(".tile-facts")).to_contain_text("1,000 answers")


def test_too_few_answers_are_said_to_be_too_few(console: Page, double: GatewayDouble) -> None:
    double.data["metrics"] = [metric_row("nps", "24h", "all", {}, {"10": 3}, datetime.now(UTC))]
    _open(console, double)
    tile = console.locator('[data-metric="nps"].tile')
    expect(tile).to_have_attribute("data-few", "")
    expect(tile).to_contain_text("too few to say (under 10)")


def test_a_streamed_metric_changes_tile_and_row_and_an_older_one_does_not(console: Page, double: GatewayDouble) -> None:
    _open(console, double)
    everything, place = _row(double, "nps"), _row(double, "nps", touchpoint="checkout.paid")
    number = console.locator('[data-metric="nps"] .tile-number')
    expect(number).to_have_text(_signed(everything["value"]))
    double.send("metric", everything | {"value": -12.5, "n": 901, "version": everything["version"] + 1})
    double.send("metric", place | {"value": 77.7, "low": 70.0, "high": 80.0, "version": place["version"] + 1})
    expect(number).to_have_text("−12.5")
    row = console.get_by_role("row", name="checkout.paid")
    expect(row.locator('td[data-metric="nps"]')).to_contain_text("+77.7")
    double.send("metric", everything | {"value": 99.0})
    double.send("metric", place | {"value": 78.8, "low": 70.0, "high": 80.0, "version": place["version"] + 2})
    expect(row.locator('td[data-metric="nps"]')).to_contain_text("+78.8")
    expect(number).to_have_text("−12.5")


def test_the_table_has_the_worst_first_and_says_so_without_colour(console: Page, double: GatewayDouble) -> None:
    now = datetime.now(UTC)
    places = {"good": {"10": 90, "0": 10}, "bad": {"10": 20, "0": 80}, "middling": {"10": 55, "0": 45}, "few": {"0": 3}}
    double.data["metrics"] = [
        metric_row("nps", "24h", "all", {}, {"10": 165, "0": 138}, now),
        *(metric_row("nps", "24h", "touchpoint", {"touchpoint": name}, counts, now) for name, counts in places.items()),
    ]
    _open(console, double)
    names = console.locator("#breakdown tbody th")
    expect(names).to_have_text(["bad", "middling", "good", "few"])
    worst = console.get_by_role("row", name="bad")
    expect(worst).to_contain_text("clearly worse than the whole")
    expect(worst.locator("td svg.icon")).to_have_count(1)
    expect(console.get_by_role("row", name="few")).to_contain_text("too few to say")
    expect(console.get_by_role("row", name="good").locator("td svg.icon")).to_have_count(0)


def test_another_cut_is_fetched_and_shown(console: Page, double: GatewayDouble) -> None:
    _open(console, double)
    console.get_by_label("Cut of the table").select_option("region")
    expect(console.locator("#breakdown tbody tr")).to_have_count(5)
    region = _row(double, "csat", region="MG")
    row = console.get_by_role("row", name="MG")
    expect(row.locator('td[data-metric="csat"]')).to_contain_text(f"{region['value']:.1f} %")


def test_a_click_on_a_row_shows_its_days(console: Page, double: GatewayDouble) -> None:
    _open(console, double)
    console.get_by_label("Cut of the table").select_option("region")
    console.get_by_role("button", name="RJ").click()
    expect(console.get_by_label("Key")).to_have_value("RJ")
    expect(console.locator("#history canvas")).to_be_visible()
    assert any("/v1/metrics/history?metric=nps&cut=region&from=" in path for path in double.requested)


def test_a_key_of_the_chart_asks_for_its_days_alone(console: Page, double: GatewayDouble) -> None:
    _open(console, double)
    console.locator("#history-controls").get_by_label("Cut").select_option("region")
    with console.expect_request(lambda request: "/history?" in request.url and "RS" in request.url) as asked:
        console.locator("#history-controls").get_by_label("Key").select_option("RS")
    assert parse_qs(urlsplit(asked.value.url).query)["key"] == ["attributes.region:RS"]
    expect(console.locator("#history canvas")).to_be_visible()
    # a cut without current values: imported years, whose keys only the days know
    double.data["metrics"] = [row for row in double.data["metrics"] if row["cut"] != "region"]
    console.reload()
    console.locator("#history-controls").get_by_label("Cut").select_option("region")
    expect(console.locator("#history-controls").get_by_label("Key").locator("option")).to_have_count(5)


def test_one_day_of_history_is_said_instead_of_drawn(console: Page, double: GatewayDouble) -> None:
    today = datetime.now(UTC)
    row = metric_row("nps", "day", "all", {}, {"10": 70, "0": 30}, today) | {"day": today.date().isoformat()}
    double.data["history"] = [row]
    _open(console, double)
    history = console.locator("#history")
    expect(history).to_contain_text("so far")
    expect(history).to_contain_text("NPS +40.0 from 100")
    expect(history.locator("canvas")).to_have_count(0)


def test_the_books_balance_or_say_by_how_much_they_do_not(console: Page, double: GatewayDouble) -> None:
    totals = copy.deepcopy(double.data["totals"])
    _open(console, double)
    expect(console.locator("#books-verdict")).to_have_text("balanced")
    line = console.locator(".equation tbody tr").nth(1)
    expect(line).to_contain_text("19,403")
    expect(line).to_contain_text("balances")
    totals["responses"]["received"] += 17
    double.send("totals", totals)
    expect(console.locator("#books-verdict")).to_have_text("17 not yet settled")
    expect(line.locator(".off")).to_have_text("17")


def test_the_feed_shows_a_case_that_comes_over_the_stream(console: Page, double: GatewayDouble) -> None:
    _open(console, double)
    expect(console.locator("#feed a").first).to_contain_text("C-30")
    due = datetime.now(UTC) - timedelta(hours=3, minutes=5)
    case = case_of(31, datetime.now(UTC), severity="critical", acknowledge_by=due.isoformat())
    double.data["cases"].append(case)
    double.send("case", {name: value for name, value in case.items() if name not in ("events", "alerts")})
    first = console.locator("#feed a").first
    expect(first).to_contain_text("C-31")
    expect(first).to_contain_text("Critical")
    expect(first).to_contain_text("Acknowledge overdue by 3 h")
    expect(first.locator(".case-words")).to_have_attribute("lang", case["latest_alert"]["language"])


def test_mine_are_the_open_cases_of_who_is_looking(console: Page, double: GatewayDouble) -> None:
    _open(console, double, me="")
    console.get_by_role("radio", name="Mine").check(force=True)
    expect(console.locator("#feed")).to_contain_text("Who are you?")
    console.get_by_label("Working as").select_option("olena")
    mine = [c for c in double.data["cases"] if c["owner"] == "olena" and c["state"] not in ("resolved", "dismissed")]
    expect(console.locator("#feed a")).to_have_count(len(mine))


def test_resolving_posts_the_seen_version_and_shows_the_outcome(console: Page, double: GatewayDouble) -> None:
    _open(console, double, f"/#/cases/{OPEN_CASE}")
    drawer = console.locator("#drawer")
    drawer.get_by_role("button", name="Resolve…").click()
    ask = console.get_by_role("dialog", name="What went wrong?")
    ask.get_by_label("Root cause").select_option("late_delivery")
    ask.get_by_label("What was done").fill("  Sent a new parcel <today>. ")
    ask.get_by_role("button", name="Resolve").click()
    expect(drawer.locator(".state")).to_have_text("Resolved")
    expect(drawer.locator(".story")).to_contain_text("Sent a new parcel <today>.")
    body = {"version": 1, "actor": "ana", "root_cause": "late_delivery", "note": "Sent a new parcel <today>."}
    assert double.posted == [(f"/v1/cases/{OPEN_CASE}/resolve", body)]
    expect(drawer.get_by_role("button", name="Reopen…")).to_be_visible()


def test_acknowledging_takes_the_case_for_who_is_looking(console: Page, double: GatewayDouble) -> None:
    _open(console, double, me="")
    console.get_by_label("Working as").select_option("li")
    console.locator(f'#feed a[href="#/cases/{OPEN_CASE}"]').click()
    console.locator("#drawer").get_by_role("button", name="Acknowledge").click()
    expect(console.locator("#drawer .state")).to_have_text("Acknowledged")
    assert double.posted == [(f"/v1/cases/{OPEN_CASE}/acknowledge", {"version": 1, "actor": "li"})]


def test_who_acts_is_asked_once_and_then_kept(console: Page, double: GatewayDouble) -> None:
    console.goto(f"{double.url}/#/cases/{OPEN_CASE}")
    drawer = console.locator("#drawer")
    drawer.get_by_role("button", name="Acknowledge").click()
    who = console.get_by_role("dialog", name="Who are you?")
    who.get_by_role("button", name="Cancel").click()
    expect(who).to_be_hidden()
    assert double.posted == []
    drawer.get_by_role("button", name="Acknowledge").click()
    who.get_by_label("Name").select_option("olena")
    who.get_by_role("button", name="Go on").click()
    expect(drawer.locator(".story li").first).to_contain_text("Olena Bondar acknowledged")
    expect(console.locator("#me")).to_have_value("olena")
    console.reload()
    drawer.get_by_role("button", name="Contacted…").click()
    console.get_by_role("dialog", name="How was the customer reached?").get_by_role("button", name="Contacted").click()
    expect(drawer.locator(".state").first).to_have_text("Contacted")
    assert [body["actor"] for _, body in double.posted] == ["olena", "olena"]


def test_a_persons_own_key_says_who_acts(console: Page, double: GatewayDouble) -> None:
    double.data["config"]["acting_as"] = "li"
    _open(console, double, f"/#/cases/{OPEN_CASE}", me="ana")
    expect(console.locator("#me")).to_have_value("li")
    expect(console.locator("#me")).to_be_disabled()
    console.locator("#drawer").get_by_role("button", name="Acknowledge").click()
    expect(console.locator("#drawer .story li").first).to_contain_text("Li Wei acknowledged")
    assert double.posted[0][1] == {"version": 1, "actor": "li"}


def test_the_history_says_through_which_key_somebody_acted(console: Page, double: GatewayDouble) -> None:
    events = double.case(OPEN_CASE)["events"]
    acted = {"action": "contact", "actor": "ana", "actor_name": "Ana Ribeiro", "via": "api"}
    events.append(events[0] | acted | {"version": 2, "detail": {"key": "helpdesk bridge"}})
    _open(console, double, f"/#/cases/{OPEN_CASE}")
    entry = console.locator("#drawer .story li").first
    expect(entry).to_contain_text("Ana Ribeiro contacted the customer")
    expect(entry).to_contain_text("from the API with the key “helpdesk bridge”")


def test_the_history_says_who_was_told_of_a_broken_promise(console: Page, double: GatewayDouble) -> None:
    events = double.case(OPEN_CASE)["events"]
    system = events[0] | {"version": None, "actor": "system", "actor_name": "system", "via": "system"}
    told = [
        ("reminded", {"of": "contact", "told": "person:ana"}),
        ("escalated", {"of": "acknowledge", "told": "#board", "step": 1}),
    ]
    events += [system | {"action": action, "detail": detail} for action, detail in told]
    _open(console, double, f"/#/cases/{OPEN_CASE}")
    story = console.locator("#drawer .story li")
    expect(story.nth(0)).to_contain_text("Told #board: nobody took the case in time")
    expect(story.nth(1)).to_contain_text("Reminded Ana Ribeiro: the customer is to be contacted soon")


def test_the_history_says_that_a_case_became_part_of_an_incident(console: Page, double: GatewayDouble) -> None:
    events = double.case(OPEN_CASE)["events"]
    linked = events[0] | {"version": 2, "action": "linked", "detail": {"incident": 3}}
    events[0] = events[0] | {"detail": events[0]["detail"] | {"incident": 3}}
    events.append(linked)
    _open(console, double, f"/#/cases/{OPEN_CASE}")
    story = console.locator("#drawer .story li")
    expect(story.nth(0)).to_contain_text("Became part of incident I-3")
    expect(story.nth(1)).to_contain_text("; part of incident I-3")


def test_a_closed_case_shows_that_the_customer_complained_again(console: Page, double: GatewayDouble) -> None:
    closed = double.case(OPEN_CASE)
    later = case_of(40, datetime.now(UTC), customer_id=closed["customer_id"])
    double.data["cases"].append(later)
    closed["state"] = "resolved"
    _open(console, double, f"/#/cases/{OPEN_CASE}")
    drawer = console.locator("#drawer")
    expect(drawer.get_by_role("heading", name="Complained again")).to_be_visible()
    expect(drawer.locator("ul.story .score")).to_contain_text(str(later["latest_alert"]["score"]))
    drawer.get_by_role("link", name="C-40").click()
    expect(drawer.locator("#drawer-title")).to_contain_text("C-40")
    expect(drawer.get_by_role("heading", name="Complained again")).to_have_count(0)


def test_each_list_of_cases_pages_by_its_own_filter(console: Page, double: GatewayDouble) -> None:
    now = datetime.now(UTC)
    # 2 of 3 are Olena's and open; the newest 150 of all are closed
    double.data["cases"] = [
        case_of(n, now, owner="olena" if n % 3 else "li", state="resolved" if n > 250 else "open")
        for n in range(1, 401)
    ]
    hers = [n for n in range(1, 251) if n % 3][::-1]
    _open(console, double, me="olena")
    listed = console.locator("#feed a.case")
    expect(listed.first).to_contain_text("C-250")
    console.get_by_role("radio", name="Mine").check(force=True)
    expect(listed.last).to_contain_text(f"C-{hers[59]}")
    for number, expected in ((120, hers[119]), (167, hers[-1])):
        console.get_by_role("button", name="Show older cases").click()
        expect(listed).to_have_count(number)
        expect(listed.last).to_contain_text(f"C-{expected}")
    expect(console.get_by_role("button", name="Show older cases")).to_have_count(0)
    console.get_by_role("radio", name="All").check(force=True)
    expect(listed.first).to_contain_text("C-400")
    expect(listed).to_have_count(60)


def test_snoozing_sends_the_chosen_time(console: Page, double: GatewayDouble) -> None:
    _open(console, double, f"/#/cases/{OPEN_CASE}")
    console.get_by_role("button", name="Snooze…").click()
    ask = console.get_by_role("dialog", name="Let it rest until")
    ask.get_by_role("radio", name="4 hours").check(force=True)
    before = datetime.now(UTC)
    ask.get_by_role("button", name="Snooze").click()
    expect(ask).to_be_hidden()
    path, body = double.posted[0]
    assert path.endswith("/snooze")
    away = datetime.fromisoformat(body["until"]) - before
    assert timedelta(hours=3, minutes=58) < away < timedelta(hours=4, minutes=1)


def test_a_refusal_stands_at_the_field_that_it_names(console: Page, double: GatewayDouble) -> None:
    error = {"reason": "invalid", "field": "root_cause", "problem": "say what went wrong: one of late_delivery"}
    double.refusals[f"/v1/cases/{OPEN_CASE}/resolve"] = (422, {"error": error})
    _open(console, double, f"/#/cases/{OPEN_CASE}")
    console.get_by_role("button", name="Resolve…").click()
    ask = console.get_by_role("dialog", name="What went wrong?")
    ask.get_by_role("button", name="Resolve").click()
    expect(ask.locator('[data-field="root_cause"] .wrong')).to_have_text(error["problem"])
    expect(ask.get_by_label("Root cause")).to_have_attribute("aria-invalid", "true")


def test_a_stale_version_is_told_and_the_case_shown_as_it_is(console: Page, double: GatewayDouble) -> None:
    error = {"reason": "stale", "field": "version", "problem": f"C-{OPEN_CASE} has changed since: it is contacted now"}
    double.refusals[f"/v1/cases/{OPEN_CASE}/acknowledge"] = (409, {"error": error, "case": None})
    _open(console, double, f"/#/cases/{OPEN_CASE}")
    drawer = console.locator("#drawer")
    expect(drawer.get_by_role("button", name="Acknowledge")).to_be_visible()
    double.case(OPEN_CASE).update(state="contacted", version=4)
    drawer.get_by_role("button", name="Acknowledge").click()
    expect(drawer.locator(".banner")).to_contain_text("Changed meanwhile")
    expect(drawer.locator(".state")).to_have_text("Contacted")
    expect(drawer.get_by_role("button", name="Acknowledge")).to_have_count(0)


def test_markup_in_what_customers_write_stays_text(console: Page, double: GatewayDouble) -> None:
    payload = '<img src="/x" onerror="window.pwned=1"><script>window.pwned=1</script>'
    case = double.case(OPEN_CASE)
    case["latest_alert"]["comment"] = payload
    case["customer_id"] = case["touchpoint"] = payload
    case["attributes"]["<b>name</b>"] = payload
    hostile = _row(double, "nps", touchpoint="checkout.paid")
    double.data["metrics"].append(hostile | {"key": {"touchpoint": payload}})
    _open(console, double, f"/#/cases/{OPEN_CASE}")
    expect(console.locator("#drawer .answer q")).to_have_text(payload)
    expect(console.locator(f'#feed a[href="#/cases/{OPEN_CASE}"] .case-words')).to_have_text(payload)
    expect(console.locator("#breakdown tbody th", has_text="onerror")).to_have_text(payload)
    assert console.evaluate("window.pwned") is None
    assert console.locator("main img, dialog img, main script, dialog script").count() == 0


def test_dead_letters_show_position_and_can_be_replayed(console: Page, double: GatewayDouble) -> None:
    _open(console, double)
    console.get_by_role("link", name="Read and replay").click()
    first = console.locator(".letters tbody tr").first
    expect(first).to_contain_text("data.score")
    expect(first).to_contain_text("cx.touchpoints/0 @ 4211")
    first.get_by_role("button", name="Replay").click()
    expect(first).to_contain_text("replayed")
    assert double.posted == [("/v1/deadletters/d0/replay", {})]


def test_the_keyboard_opens_a_case_and_escape_closes_it(console: Page, double: GatewayDouble) -> None:
    _open(console, double)
    console.locator("#feed a").first.focus()
    console.keyboard.press("Enter")
    expect(console.get_by_role("dialog", name="C-30")).to_be_visible()
    console.keyboard.press("Escape")
    expect(console.locator("#drawer")).to_be_hidden()
    assert console.evaluate("location.hash") == ""


def test_nothing_yet_teaches_how_to_send_an_event(console: Page, double: GatewayDouble) -> None:
    double.data.update(metrics=[], history=[], cases=[], deadletters=[])
    nothing = {"received": 0, "counted": 0, "duplicates": 0, "late": 0, "dead_letters": {}}
    double.data["totals"] = {"touchpoints": nothing, "responses": nothing, "alerts": {}, "cases": {}}
    _open(console, double)
    expect(console.locator("#breakdown pre")).to_contain_text(f"curl {double.url}/v1/events")
    expect(console.locator("#feed")).to_contain_text("No cases yet")
    expect(console.locator("#history")).to_contain_text("No history yet")


def test_a_lost_stream_is_told_and_found_again(console: Page, double: GatewayDouble) -> None:
    _open(console, double)
    console.evaluate(
        """() => { window.states = []; new MutationObserver(() => window.states.push(
             document.getElementById('link').dataset.state)).observe(document.getElementById('link'),
             {attributes: true, childList: true}); }"""
    )
    asked = double.requested.count("/v1/stream")
    double.drop_streams()
    console.wait_for_function("() => window.states.includes('reconnecting') && window.states.at(-1) === 'live'")
    assert double.requested.count("/v1/stream") == asked + 1


@pytest.mark.faults
def test_a_gateway_that_stays_away_is_told_in_full(console: Page, double: GatewayDouble) -> None:
    _open(console, double)
    double.stop()
    expect(console.locator("#link")).to_contain_text("Reconnecting · last heard")
    expect(console.locator("#notice")).to_contain_text("The gateway does not answer.", timeout=30_000)
    expect(console.locator("#notice")).to_contain_text("may be out of date")


def test_a_missing_key_is_asked_for_and_then_sent(console: Page, double: GatewayDouble) -> None:
    double.key = "let-me-in"
    console.goto(double.url)
    console.get_by_label("API key").fill("let-me-in")
    console.get_by_role("button", name="Use this key").click()
    expect(console.locator("#link")).to_have_text("Live")
    expect(console.locator("#feed a").first).to_contain_text("C-30")


@pytest.mark.parametrize("width", [360, 390, 820, 1024, 1280, 1360, 1920])
def test_nothing_hangs_over_the_edge(console: Page, double: GatewayDouble, width: int) -> None:
    console.set_viewport_size({"width": width, "height": 800})
    double.data["totals"]["touchpoints"] |= {"received": 8_214_555, "counted": 8_214_511}
    _open(console, double)
    expect(console.locator("#breakdown tbody tr")).to_have_count(5)
    expect(console.locator("#history canvas")).to_have_count(1)
    wide = """() => [document.documentElement, ...document.querySelectorAll('.card, .scroll, #books')]
              .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.id || e.className || e.tagName)"""
    tabs = ("Metrics", "Cases", "Books") if width < 820 else ("",)
    for tab in tabs:
        if tab:
            console.get_by_role("navigation").get_by_role("button", name=tab).click()
            for shown, part in (("Metrics", "#tiles"), ("Cases", "#feed"), ("Books", "#books")):
                expect(console.locator(part)).to_be_visible(visible=shown == tab)
        assert console.evaluate(wide) == [], tab


def test_cases_without_a_score_read_well_and_the_loop_tells_of_itself(console: Page, double: GatewayDouble) -> None:
    now = datetime.now(UTC)
    back = (now - timedelta(hours=2)).isoformat()
    double.data["cases"] += [silent_case(41, now), metric_case(42, now), metric_case(43, now, recovered_at=back)]
    _open(console, double, "/#/cases/43")
    drawer = console.locator("#drawer")
    expect(drawer.locator("h2")).to_have_text("C-43 · NPS 7d region=SP")
    expect(drawer).to_contain_text("The alarm")
    expect(drawer).to_contain_text("back to normal since")
    assert drawer.locator(".drawer-actions button").all_inner_texts() == [
        "Resolve…", "Look into it", "Snooze…", "Reassign…", "Dismiss…", "Silence alike…",
    ]  # fmt: skip
    drawer.get_by_role("button", name="Close").click()
    feed = console.locator("#feed li")
    expect(feed.nth(0)).to_contain_text("back to normal since")
    expect(feed.nth(1)).to_contain_text("NPS fell by 31 points")
    expect(feed.nth(1)).to_contain_text("Look into it by")
    expect(feed.nth(2)).to_contain_text("Silent")
    expect(feed.nth(2)).to_contain_text("3 touchpoints failed within 72 hours")
    contact = console.locator('.times [data-step="contact"]')
    # Half of the 7,800 s that tests/console/shop.py gives as the mean: 0.7 of it; nine of ten: 2.4 of it.
    expect(contact).to_contain_text("1 h 31 min")
    expect(contact).to_contain_text("5 h 12 min")
    expect(contact).to_contain_text("88.5 %")
    expect(console.locator('.figure[data-metric="clv"]')).to_contain_text("€412.37")
    expect(console.locator('.figure[data-metric="recovered"]')).to_contain_text("15 closed cases")
    shown = console.locator("body").inner_text()
    assert [word for word in ("undefined", "null", "NaN", "None") if word in shown] == []
