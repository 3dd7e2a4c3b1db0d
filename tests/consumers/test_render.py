"""Cards: what each state shows, and that no customer's words can break, ping or outgrow one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from closeloop.sandbox import rules
from consumers.slack.case_view import CaseView, LastStep, setting_at
from consumers.slack.message_rules import MAX_CARD, check_message
from consumers.slack.render import Card, card, plain_card, reminder
from schemas.card_actions import MORE, read_value
from schemas.cases import CaseState, allowed_actions
from schemas.config_owners import Language
from schemas.words.catalogue import LANGUAGES, words_in
from tests.consumers.alerts import LOOP, NOW, a_metric_alert, a_silent_alert, an_alert

URL = "https://loop.example"
SETTING = setting_at(LOOP, URL, "#cx")
RUSSIAN_ANA = structs.replace(LOOP.people["ana"], language="ru")
STATES: tuple[CaseState, ...] = ("open", "acknowledged", "contacted", "snoozed", "resolved", "dismissed")


def a_view(**changes: Any) -> CaseView:
    base = CaseView(
        id=17,
        version=3,
        state="open",
        severity="normal",
        receiver="default",
        owner="ana",
        opened_at=NOW,
        acknowledged_at=None,
        contacted_at=None,
        closed_at=None,
        snoozed_until=None,
        acknowledge_by=NOW + timedelta(hours=1),
        contact_by=NOW + timedelta(hours=4),
        resolve_by=NOW + timedelta(days=2),
        root_cause=None,
        resolution_note=None,
        answer_count=1,
        alert=an_alert(),
    )
    return structs.replace(base, **changes)


def texts(drawn: Card) -> str:
    return json.dumps(drawn.blocks, ensure_ascii=False)


def header(drawn: Card) -> str:
    return str(drawn.blocks[0]["text"]["text"])


def buttons(drawn: Card) -> list[str]:
    found = []
    for block in drawn.blocks:
        if block["type"] == "actions":
            for element in block["elements"]:
                found.append(element["action_id"])
                for option in element.get("options", []):
                    value = read_value(option["value"])
                    assert (value.case, value.version) == (17, 3)
                    if element["action_id"] == MORE:
                        found.append(f"more:{value.action}")
    return found


def test_an_open_case() -> None:
    drawn = card(a_view(), NOW, SETTING)
    due = int((NOW + timedelta(hours=4)).timestamp())
    assert drawn.text == (
        "Unhappy customer: c42 – CSAT 2 of 5 – “it came late again”. Owner: Ana Souza. "
        f"Reply by <!date^{due}^{{date_short_pretty}} {{time}}|2026-11-20 13:00 UTC>."
    )
    assert drawn.blocks[0]["text"] == {"type": "plain_text", "text": "🟡 c42 · CSAT 2 of 5 · open", "emoji": True}
    assert drawn.blocks[1]["text"]["text"] == ">“it came late again”"
    assert [field["text"] for field in drawn.blocks[2]["fields"]] == ["*Region:* SP", "*Order id:* 4711"]
    assert "CSAT 2 of 5 is at or below 2 · <https://loop.example/cases/17|C-17>" in texts(drawn)
    assert buttons(drawn) == [
        "case.acknowledge", "case.contact", "case.resolve", "case.snooze", "case.more", "more:reassign", "more:dismiss",
        "more:why", "more:silence",
    ]  # fmt: skip
    assert {block["block_id"] for block in drawn.blocks} == {
        "head:17:3", "words:17:3", "facts:17:3", "who:17:3", "why:17:3", "act:17:3",
    }  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_every_allowed_action_has_its_place_and_no_other(state: CaseState) -> None:
    shown = buttons(card(a_view(state=state), NOW, SETTING))
    visible = [name for name in shown if name.startswith("case.") and name != MORE]
    actions = {name.removeprefix("case.").removeprefix("more:") for name in shown if name != MORE}
    # A snoozed case is woken rather than snoozed again; one that somebody is on can be taken over.
    looks = set() if state in ("resolved", "dismissed") else {"why", "silence"}
    others = {"snoozed": {"snooze"}, "acknowledged": {"acknowledge"}}.get(state, set())
    assert actions == looks | set(allowed_actions(state)) ^ others
    assert len(visible) <= 4


@pytest.mark.parametrize("state", STATES)
def test_at_most_one_primary_button(state: CaseState) -> None:
    drawn = card(a_view(state=state), NOW, SETTING)
    styles = [element.get("style") for element in drawn.blocks[-1]["elements"]]
    assert styles.count("primary") == (0 if state in ("resolved", "dismissed") else 1)


def test_overdue_repeated_and_returned() -> None:
    returned = LastStep(action="lease_expired", actor="system", at=NOW)
    drawn = texts(card(a_view(answer_count=2, last=returned), NOW + timedelta(hours=6, minutes=5), SETTING))
    due = int((NOW + timedelta(hours=4)).timestamp())
    assert f"reply by <!date^{due}^{{date_short_pretty}} {{time}}|2026-11-20 13:00 UTC> – overdue ·" in drawn
    assert "2 bad answers" in drawn
    assert "back in the queue" in drawn


def test_the_header_says_overdue_and_the_line_says_which_promise_is_broken() -> None:
    in_time = card(a_view(), NOW + timedelta(minutes=59), SETTING)
    assert header(in_time) == "🟡 c42 · CSAT 2 of 5 · open"
    untaken = card(a_view(), NOW + timedelta(hours=1), SETTING)
    assert header(untaken) == "🟡 c42 · CSAT 2 of 5 · overdue"
    assert "⏰ nobody has taken it in time · reply by <!date^" in texts(untaken)
    late = card(a_view(state="acknowledged", severity="high"), NOW + timedelta(hours=5), SETTING)
    assert header(late) == "👤 c42 · CSAT 2 of 5 · acknowledged · overdue · high"
    assert "nobody has taken it" not in texts(late)
    asleep = a_view(state="snoozed", snoozed_until=NOW + timedelta(hours=1))
    assert header(card(asleep, NOW + timedelta(hours=2), SETTING)) == "💤 c42 · CSAT 2 of 5 · snoozed"


def test_the_owner_is_named_once() -> None:
    own = LastStep(action="acknowledge", actor="ana", at=NOW)
    drawn = texts(card(a_view(state="acknowledged", last=own), NOW, SETTING))
    assert drawn.count("Ana Souza") == 1
    assert " · on it since <!date^" in drawn
    other = texts(card(a_view(state="acknowledged", last=structs.replace(own, actor="bob")), NOW, SETTING))
    assert "Bob Meyer is on it since <!date^" in other


def test_words_in_another_language_are_named_by_it_and_quoted_as_the_reader_quotes() -> None:
    russian = setting_at(structs.replace(LOOP, people={**LOOP.people, "ana": RUSSIAN_ANA}), URL, "person:ana")
    chinese = a_view(alert=an_alert(comment="太差了", language="zh-Hans"))
    assert card(chinese, NOW, SETTING).blocks[1]["text"]["text"] == ">“太差了” _(Chinese)_"
    assert card(chinese, NOW, russian).blocks[1]["text"]["text"] == ">«太差了» _(китайский)_"
    unknown = a_view(alert=an_alert(comment="x", language="<!channel>"))
    assert card(unknown, NOW, SETTING).blocks[1]["text"]["text"] == ">“x” _(&lt;!channel&gt;)_"


def test_dates_are_figures_where_slack_does_not_speak_the_readers_language() -> None:
    russian = setting_at(structs.replace(LOOP, people={**LOOP.people, "ana": RUSSIAN_ANA}), URL, "person:ana")
    drawn = card(a_view(), NOW, russian)
    assert "^{date_num} {time}|" in drawn.text
    assert "pretty" not in drawn.text + texts(drawn)


@pytest.mark.parametrize(
    ("comment", "offered"),
    [("short", False), ("x" * 600, False), ("x" * 601, True), ("&" * 500, True), ("a\n" * 13, True)],
)
def test_the_full_answer_is_offered_where_the_card_shows_a_part(comment: str, offered: bool) -> None:
    drawn = card(a_view(alert=an_alert(comment=comment)), NOW, SETTING)
    assert ("more:answer" in buttons(drawn)) is offered
    assert ("…”" in texts(drawn)) is offered


def test_reminders_say_what_time_has_done_and_quote_nobody() -> None:
    for occasion in ("wake", "lease_expired", "overdue"):
        said = reminder(a_view(), occasion, SETTING)
        assert check_message(said) == []
        assert said.text.startswith("<https://loop.example/cases/17|C-17> is ")
        assert "came late" not in said.text


def test_a_contact_is_told() -> None:
    contact = LastStep(action="contact", actor="ana", at=NOW, note="will refund <b>", channel="phone")
    drawn = texts(card(a_view(state="contacted", last=contact, contact=contact), NOW, SETTING))
    assert "contacted by phone <!date^" in drawn
    assert "> – “will refund &lt;b&gt;”" in drawn
    by_api = structs.replace(contact, channel="pigeon *post*")
    drawn = texts(card(a_view(state="contacted", last=by_api, contact=by_api), NOW, SETTING))
    assert "contacted (pigeon ∗post∗) <!date^" in drawn


def test_a_resolved_case_is_short_and_keeps_no_words_of_the_customer() -> None:
    step = LastStep(action="resolve", actor="ana", at=NOW)
    drawn = card(
        a_view(
            state="resolved", closed_at=NOW + timedelta(hours=3, minutes=12), root_cause="late_delivery", last=step,
            resolution_note="sent again",
        ),
        NOW,
        SETTING,
    )  # fmt: skip
    assert drawn.blocks[0]["text"]["text"] == (
        "✅ *c42* · CSAT 2 of 5 · resolved by Ana Souza after 3 h 12 min – Late delivery"
    )
    assert "came late" not in drawn.text + texts(drawn)
    assert "“sent again”" in texts(drawn)


def test_who_was_told_after_the_end_is_said_instead_of_not_told() -> None:
    step = LastStep(action="resolve", actor="ana", at=NOW, customer_told=False)
    told = LastStep(action="contact", actor="bob", at=NOW + timedelta(hours=1), channel="email", note="done")
    earlier = structs.replace(told, at=NOW - timedelta(hours=1))
    closed = {"state": "resolved", "closed_at": NOW, "last": step}
    assert "the customer has not been told" in texts(card(a_view(**closed, contact=earlier), NOW, SETTING))
    after = texts(card(a_view(**closed, contact=told), NOW, SETTING))
    assert "contacted by e-mail <!date^" in after
    assert "not been told" not in after


def test_a_dismissed_case_says_who_marked_it() -> None:
    step = LastStep(action="dismiss", actor="eve", at=NOW)
    drawn = card(a_view(state="dismissed", closed_at=NOW + timedelta(hours=2), last=step), NOW, SETTING)
    assert drawn.blocks[0]["text"]["text"] == "⚪ *c42* · CSAT 2 of 5 · marked as not a complaint by Eve Lead"
    metric = card(a_metric_view(state="dismissed", closed_at=NOW, last=step), NOW, SETTING)
    assert "marked as a false alarm by Eve Lead" in texts(metric)


def test_the_old_owners_direct_message_collapses() -> None:
    drawn = card(a_view(owner="bob"), NOW, setting_at(LOOP, URL, "person:ana"))
    assert drawn.text == "C-17 is with Bob Meyer now (open): c42 – CSAT 2 of 5."
    assert buttons(drawn) == []


def test_only_a_new_message_mentions_and_only_the_owner() -> None:
    assert texts(card(a_view(), NOW, structs.replace(SETTING, mention="U0ANA"))).count("<@") == 1
    stranger = LastStep(action="acknowledge", actor="slack:U0XYZ", at=NOW)
    drawn = texts(card(a_view(state="acknowledged", last=stranger), NOW, SETTING))
    assert "<@" not in drawn
    assert "a colleague is on it" in drawn


def test_a_scale_where_low_is_good_says_so() -> None:
    effort = an_alert(metric="effort", score=5, higher_is_better=False)
    assert "effort 5 of 5 (low is good)" in card(a_view(alert=effort), NOW, SETTING).text


def a_metric_view(**changes: Any) -> CaseView:
    return a_view(**{"alert": a_metric_alert(), "severity": "high", "contact_by": None, **changes})


def test_a_metric_card_says_what_fell_and_offers_no_contact() -> None:
    drawn = card(a_metric_view(), NOW, SETTING)
    reason = "NPS fell by 31 points: 12 of the last 7 days against 43 before, 4.2 standard errors"
    assert drawn.text.startswith(f"Metric alarm: NPS 7d region=SP – {reason}. Owner: Ana Souza. Look into it by <!date")
    assert drawn.blocks[0]["text"]["text"] == "🟠 NPS 7d region=SP · metric alarm · open · high"
    assert drawn.blocks[1]["text"]["text"] == f"{reason}."
    assert [field["text"] for field in drawn.blocks[2]["fields"]] == ["*Region:* SP"]
    assert "Rule nps_fall · <https://loop.example/cases/17|C-17>" in texts(drawn)
    assert buttons(drawn) == [
        "case.acknowledge", "case.resolve", "case.snooze", "case.more", "more:reassign", "more:dismiss", "more:why",
        "more:silence",
    ]  # fmt: skip
    assert "I'll look into it" in texts(drawn)
    assert "False alarm…" in texts(drawn)
    looked = card(a_metric_view(state="acknowledged"), NOW, SETTING)
    assert "being looked into" in looked.text
    assert "resolve by" in texts(looked)
    for shown in (drawn, looked):
        for word in ("None", "ontact", "customer", "answer", "reply", "complaint"):
            assert word not in shown.text + texts(shown).replace("more:answer", ""), word
    closed = card(a_metric_view(state="dismissed", closed_at=NOW + timedelta(hours=1)), NOW, SETTING)
    assert closed.blocks[0]["text"]["text"] == "⚪ *NPS 7d region=SP* · metric alarm · false alarm"
    said = reminder(a_metric_view(), "lease_expired", SETTING)
    assert "Ana Souza took it, and it was not resolved in time. NPS 7d region=SP – metric alarm." in said.text


def test_a_metric_that_recovered_says_since_when_and_rings_no_bell() -> None:
    over = NOW + timedelta(hours=2)
    mentioning = structs.replace(SETTING, mention="U0ANA")
    back = {"recovered_at": over, "recovery_reason": "nps is back at 41.0 <3."}
    drawn = card(a_metric_view(**back, severity="critical", answer_count=2), over, mentioning)
    assert "UTC>: nps is back at 41.0 &lt;3." in drawn.blocks[1]["text"]["text"]
    assert "<@" not in texts(drawn)
    since = f"<!date^{int(over.timestamp())}^"
    assert drawn.text.startswith("Back to normal: NPS 7d region=SP")
    assert drawn.blocks[0]["text"]["text"] == "🟢 NPS 7d region=SP · back to normal · open"
    assert f"\nBack to normal since {since}" in drawn.blocks[1]["text"]["text"]
    assert buttons(drawn)[:3] == ["case.resolve", "case.acknowledge", "case.snooze"]
    assert "2 alarms" in texts(drawn)
    assert "look into it by" not in texts(drawn)
    closed = card(a_metric_view(state="resolved", closed_at=over, recovered_at=over), over, SETTING)
    assert f"back to normal since {since}" in texts(closed)


def test_a_series_of_two_values_is_named_whole_and_its_state_is_not_cut() -> None:
    series = "csat 30d touchpoint=order.delivered channel=email language=pt-BR segment=enterprise"
    alert = a_metric_alert(customer_id=series)
    title = card(a_metric_view(alert=alert, state="acknowledged", severity="critical"), NOW, SETTING).blocks[0]["text"]
    assert title["text"] == f"👤 CSAT{series[4:]} · metric alarm · being looked into · critical"


def test_a_silent_customers_card_says_what_failed() -> None:
    drawn = card(a_view(alert=a_silent_alert(), answer_count=0), NOW, SETTING)
    reason = "3 touchpoints failed within 72 hours, and the customer has said nothing"
    assert drawn.text.startswith(f"Silent customer: c42 – {reason}. Owner: Ana Souza. Reply by <!date")
    assert drawn.blocks[0]["text"]["text"] == "🟡 c42 · silent after failures · open"
    assert drawn.blocks[1]["text"]["text"] == f"{reason}."
    assert "*Touchpoint:* order.delivered" in [field["text"] for field in drawn.blocks[2]["fields"]]
    assert "case.contact" in buttons(drawn)
    assert "None" not in drawn.text + texts(drawn)


def test_a_quiet_card_pings_and_hurries_nobody() -> None:
    quiet = a_view(page=False, severity="critical", acknowledge_by=None, contact_by=None, resolve_by=None)
    drawn = card(quiet, NOW, structs.replace(SETTING, mention="U0ANA"))
    assert drawn.text == (
        "When there is time, please check: c42 – CSAT 2 of 5 – “it came late again”. Owner: Ana Souza."
    )
    assert drawn.blocks[0]["text"]["text"] == "🔎 c42 · CSAT 2 of 5 · to check"
    assert "<@" not in texts(drawn)
    assert "⏰" not in texts(drawn)


_text = st.text(st.characters(exclude_categories=[]), max_size=900)
_nasty = st.sampled_from(
    ["<!channel>", "<@U0ANA>", "<https://evil.example|Click>", "&amp;", "```", ">", "\u202e", "\x00", "😀" * 400]
)
_words = st.lists(st.one_of(_text, _nasty), max_size=8).map("".join)
_attributes = st.dictionaries(
    st.text(st.characters(exclude_categories=[]), min_size=1, max_size=64),
    st.one_of(_words, st.booleans(), st.integers(), st.floats(allow_nan=False)),
    max_size=32,
)


@settings(max_examples=150, deadline=None)
@example("&" * 700, {"&" * 64: "&" * 120}, "&" * 70, "open", "<!channel>", "ru")
@example("\n".join("<" * 20), {}, "\ud800", "open", "", "en")
@example("<!channel> <@U1> & > ``` *x*", {"tier": "<!here>"}, "<@U1>", "contacted", "``` *x* <!everyone>", "pt")
@example("\U0001f621" * 10_000, {}, "\U0001f621" * 200, "open", "\U0001f621" * 10_000, "zh")
@given(
    _words, _attributes, st.text(min_size=1, max_size=256), st.sampled_from(STATES), _words, st.sampled_from(LANGUAGES)
)
def test_any_words_make_a_valid_card(
    comment: str, attributes: dict[str, Any], customer: str, state: CaseState, note: str, language: Language
) -> None:
    step = LastStep(action="contact", actor=note or "x", at=NOW, note=note, channel=note)
    alert = an_alert(
        comment=comment, attributes=attributes, customer_id=customer, language=note, reason=note, touchpoint=note,
        channel=comment,
    )  # fmt: skip
    view = a_view(state=state, alert=alert, last=step, contact=step, resolution_note=note, closed_at=NOW)
    silent = structs.replace(alert, score=None, reason=comment, rule=note)
    others = (
        structs.replace(view, alert=silent, page=False),
        structs.replace(view, alert=structs.replace(silent, subject="metric"), recovered_at=NOW, recovery_reason=note),
    )
    place = structs.replace(SETTING, words=words_in(language))
    cards = (card(view, NOW, place), *(card(other, NOW, place) for other in others))
    reminders = (reminder(one, "overdue", place) for one in (view, *others))
    for drawn in (*cards, plain_card(view, place), *reminders):
        assert check_message(drawn) == []
        blocks = json.loads(json.dumps(drawn.blocks))
        rules.check_message(drawn.text, blocks)  # what the sandbox holds Slack's own limits to be
        assert rules.mentions(drawn.text, blocks) == []
        drawn.text.encode()
        texts(drawn).encode()
        shown = drawn.text + texts(drawn)
        assert "<https://evil" not in shown
        assert "\u202e" not in shown
        assert len(texts(drawn)) < 2 * MAX_CARD  # with all the JSON around the text


def test_check_message_finds_what_the_client_does_not() -> None:
    section = {"type": "section", "block_id": "a", "text": {"type": "mrkdwn", "text": "<!channel> hi"}}
    field = {"type": "section", "block_id": "a", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}
    twice = {
        "type": "actions",
        "block_id": "b",
        "elements": [{"type": "button", "action_id": "same"}, {"type": "button", "action_id": "same"}],
    }
    problems = check_message(Card("", (section, field, twice)))
    assert problems == [
        "text: empty text",
        "block_id a: used twice",
        "a: a broadcast that was not escaped",
        "a.fields: 2001 characters; at most 2000",
        "action_id same: used twice in b",
    ]
    assert check_message(Card("x", tuple({"type": "divider", "block_id": str(n)} for n in range(51)))) == [
        "blocks: 51; at most 50"
    ]
    assert "cut" in check_message(Card("a &am", ()))[0]


def test_dates_are_those_of_the_reader() -> None:
    drawn = card(a_view(state="snoozed", snoozed_until=datetime(2026, 11, 26, 9, tzinfo=UTC)), NOW, SETTING)
    assert "asleep until <!date^1795683600^" in texts(drawn)
