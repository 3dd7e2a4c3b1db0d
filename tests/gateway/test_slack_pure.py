"""Slack's dialogs, times and words without Slack: limits, zones, sentences, signatures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeloop.sandbox.rules import check_view
from gateway.case_shapes import AlertShown, Case, HistoryEntry
from gateway.slack.choices import read_click, snooze_until
from gateway.slack.modals import answer_view, dialog, notice_view, why_view
from gateway.slack.notices import Reader, refusal_notice
from gateway.slack.payloads import Action, BlockActions, DialogState, Option, User, read_interaction
from gateway.slack.signature import SignatureCheck
from schemas.card_actions import CardValue
from schemas.cases import UserAction
from schemas.config_owners import Language
from schemas.words.catalogue import LANGUAGES, words_in
from tests.gateway.examples import alert, metric_alert, silent_alert

NOW = datetime(2026, 3, 28, 20, 30, tzinfo=UTC)


def case(comment: str | None = "late again", customer: str = "c1", **said: Any) -> Case:
    shown = msgspec.convert(msgspec.to_builtins(alert(comment=comment)), AlertShown)
    made = Case(
        id=17,
        version=3,
        customer_id=customer,
        programme="feedback",
        state="acknowledged",
        severity="normal",
        receiver="desk",
        owner="bob",
        owner_name="Bob",
        opened_at=NOW,
        updated_at=NOW,
        acknowledged_at=NOW,
        contacted_at=None,
        closed_at=None,
        snoozed_until=None,
        lease_until=None,
        acknowledge_by=NOW,
        contact_by=NOW,
        resolve_by=None,
        root_cause=None,
        resolution_note=None,
        answer_count=1,
        latest_alert=shown,
        touchpoint=None,
        attributes={},
        actions=("contact",),
    )
    return msgspec.structs.replace(made, **said)


DIALOGS: list[UserAction] = ["acknowledge", "contact", "resolve", "reassign", "snooze", "dismiss", "reopen"]


EN = words_in("en")
ANA = Reader(words=EN, actor="ana", user="U0ANA")


@given(
    comment=st.none() | st.text(max_size=10_000),
    customer=st.text(min_size=1, max_size=256),
    language=st.sampled_from(LANGUAGES),
)
def test_every_view_keeps_within_slacks_limits_whatever_the_customer_wrote(
    comment: str | None, customer: str, language: Language
) -> None:
    shown, words = case(comment, customer), words_in(language)
    state = DialogState(17, 3, "C0123456789", "1700000000.000100")
    for action in DIALOGS:
        check_view(dialog(words, action, shown, state, NOW), "modal")
    check_view(answer_view(words, shown), "modal")
    check_view(why_view(words, shown), "modal")


def words_of(view: dict[str, Any]) -> str:
    return str(view)


def test_views_of_a_metric_speak_of_no_customer_and_no_score() -> None:
    shown = msgspec.convert(msgspec.to_builtins(metric_alert()), AlertShown)
    metric = case(
        customer="nps 7d region=SP", subject="metric", latest_alert=shown, contact_by=None, recovered_at=NOW, page=False
    )
    state = DialogState(17, 3, "C0123456789", "1700000000.000100")
    dismiss = words_of(dialog(EN, "dismiss", metric, state, NOW))
    assert "C-17 · NPS 7d region=SP · back to normal · being looked into" in dismiss
    assert "False alarm" in dismiss
    why = words_of(why_view(EN, metric))
    assert "|2026-03-28 20:30 UTC>" in why.partition("Back to normal since <!date^")[2]
    assert "nobody is reminded" in why
    for view in (dismiss, why, words_of(dialog(EN, "resolve", metric, state, NOW))):
        for word in ("None", "complaint", "ustomer"):
            assert word not in view, word
    silent = case(latest_alert=msgspec.convert(msgspec.to_builtins(silent_alert()), AlertShown))
    assert "C-17 · c1 · silent after failures · acknowledged" in words_of(why_view(EN, silent))
    for action in DIALOGS:
        check_view(dialog(EN, action, silent, state, NOW), "modal")
        check_view(dialog(EN, action, metric, state, NOW), "modal")


def test_a_notice_is_a_view_too() -> None:
    check_view(notice_view(EN, "x" * 5000), "modal")


@pytest.mark.parametrize(
    ("length", "zone", "expected"),
    [
        ("1h", "UTC", datetime(2026, 3, 28, 21, 30, tzinfo=UTC)),
        ("4h", "Asia/Tokyo", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        # The clocks go forward in Lisbon that night: 9:00 is 8:00 UTC.
        ("tomorrow", "Europe/Lisbon", datetime(2026, 3, 29, 8, 0, tzinfo=UTC)),
        # It is the 29th there already, so tomorrow is the 30th: 9:00 JST is 0:00 UTC.
        ("tomorrow", "Asia/Tokyo", datetime(2026, 3, 30, 0, 0, tzinfo=UTC)),
    ],
)
def test_snoozing_counts_in_the_owners_zone(length: Any, zone: str, expected: datetime) -> None:
    assert snooze_until(length, zone, NOW) == expected


def entry(actor: str, name: str, action: str = "acknowledge") -> HistoryEntry:
    return HistoryEntry(
        version=3,
        action=action,
        from_state="open",
        to_state="acknowledged",
        at=NOW - timedelta(minutes=2),
        actor=actor,
        actor_name=name,
        via="slack",
        detail={},
    )


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (entry("bob", "Bob"), "Bob took it 2 min ago"),
        (entry("ana", "Ana"), "you took it 2 min ago"),
        (entry("slack:U1", "slack:U1"), "a colleague took it 2 min ago"),
        (entry("bob", "<!here>"), "&lt;!here&gt; took it 2 min ago"),
        (entry("system", "system", "joined"), "the customer was flagged again 2 min ago"),
    ],
)
def test_a_refused_click_says_what_happened_instead(last: HistoryEntry, expected: str) -> None:
    shown = case(events=[last])
    assert expected in refusal_notice(ANA, "stale", shown, None, NOW)
    assert expected in refusal_notice(ANA, "not_allowed", shown, None, NOW)


def test_what_happened_to_a_metrics_case_in_its_words() -> None:
    def said(action: str, **detail: Any) -> str:
        last = msgspec.structs.replace(entry("bob", "Bob", action), detail=detail)
        return refusal_notice(ANA, "stale", case(subject="metric", events=[last]), None, NOW)

    assert "there was another alarm 2 min ago" in said("joined")
    assert "the metric went back to normal 2 min ago" in said("joined", recovered=True)
    assert "Bob marked it as a false alarm 2 min ago" in said("dismiss")


@pytest.mark.parametrize(
    ("action_id", "value", "wish", "at_once"),
    [
        ("case.acknowledge", CardValue(1, 2).encode(), "acknowledge", True),
        ("case.wake", CardValue(1, 2).encode(), "wake", True),
        ("case.resolve", CardValue(1, 2).encode(), "resolve", False),
        ("case.more", CardValue(1, 2, action="acknowledge").encode(), "acknowledge", False),  # takes it over
        ("case.snooze", CardValue(1, 2, snooze="1h").encode(), "snooze", True),
        ("case.snooze", CardValue(1, 2, snooze="pick").encode(), "snooze", False),
        ("case.more", CardValue(1, 2, action="dismiss").encode(), "dismiss", False),
        ("case.more", CardValue(1, 2, action="why").encode(), "why", False),
    ],
)
def test_a_click_is_read(action_id: str, value: str, wish: str, at_once: bool) -> None:
    for action in (Action(action_id, value=value), Action(action_id, selected_option=Option(value))):
        clicked = read_click(BlockActions(User("U1"), [action]))
        assert clicked is not None
        assert (clicked.wish, clicked.at_once, clicked.value.version) == (wish, at_once, 2)


@pytest.mark.parametrize(
    ("action_id", "value"),
    [
        ("other.app", CardValue(1, 2).encode()),
        ("case.explode", CardValue(1, 2).encode()),
        ("case.more", CardValue(1, 2).encode()),
        ("case.resolve", "17"),
        ("case.resolve", '{"case":"17"}'),
        ("case.resolve", None),
    ],
)
def test_a_click_that_is_not_ours_is_passed_over(action_id: str, value: str | None) -> None:
    assert read_click(BlockActions(User("U1"), [Action(action_id, value=value)])) is None


@given(st.binary(max_size=300))
def test_no_body_breaks_the_reading(raw: bytes) -> None:
    try:
        read_interaction(raw)
    except ValueError:
        return


@given(raw=st.binary(max_size=50), timestamp=st.text(max_size=20), signature=st.text(max_size=80))
def test_whatever_a_stranger_sends_is_forged_and_never_an_error(raw: bytes, timestamp: str, signature: str) -> None:
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}
    assert SignatureCheck("secret").judge(raw, headers) == "forged"


def test_without_a_secret_nothing_is_genuine() -> None:
    assert SignatureCheck(None).judge(b"", {}) == "no_secret"
    assert SignatureCheck(" ").judge(b"", {}) == "no_secret"
