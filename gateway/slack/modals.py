"""The dialogs, as Slack's views. Pure; within Slack's limits: title 24, label 75, section 3,000, metadata 3,000.

The customer's words appear only in ``plain_text``, where nothing mentions, links or formats.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from gateway.case_reads import Case
from gateway.case_requests import MAX_NOTE_CHARACTERS
from gateway.slack.payloads import DialogState
from schemas.card_actions import ACTION_PREFIX
from schemas.cases import ROOT_CAUSES, UserAction

View = dict[str, Any]
"""A view as it goes to ``views.open``: https://docs.slack.dev/reference/views/modal-views."""

SECTION_CHARACTERS = 2_900
CHANNELS: dict[str, str] = {
    "phone": "Phone",
    "email": "E-mail",
    "chat": "Chat",
    "in_person": "In person",
    "letter": "Letter",
}
"""How a customer can have been contacted: the code in data, the words for people."""

NOTE, ROOT_CAUSE, OWNER, UNTIL, CHANNEL = "note", "root_cause", "owner", "until", "channel"
"""The block_id and action_id of each input: the field of the action that it fills."""


def dialog(action: UserAction, case: Case, state: DialogState, now: datetime) -> View:
    """The dialog that asks for what an action needs."""
    metric = case.subject == "metric"
    dismissed = "False alarm" if metric else "Not a complaint"
    inputs: dict[UserAction, tuple[str, str, list[View]]] = {
        "contact": ("Contacted", "Save", [_channel(), _note("What was said")]),
        "resolve": ("Resolve", "Resolve", [_root_cause(), _note("What was done")]),
        "reassign": ("Reassign", "Reassign", [_owner(), _note("Why, for the new owner")]),
        "snooze": ("Snooze", "Snooze", [_until(now), _note("Why")]),
        "dismiss": (dismissed, "Dismiss", [_note(_why_dismissed(metric=metric), optional=False)]),
        "reopen": ("Reopen", "Reopen", [_note("Why")]),
    }
    title, submit, blocks = inputs[action]
    return {
        "type": "modal",
        "callback_id": ACTION_PREFIX + action,
        "private_metadata": msgspec.json.encode(state).decode(),
        "title": _text(title),
        "submit": _text(submit),
        "close": _text("Cancel"),
        "blocks": [_headline(case), *blocks],
    }


def _why_dismissed(*, metric: bool) -> str:
    return "Why is this a false alarm?" if metric else "Why is this not a complaint?"


def answer_view(case: Case) -> View:
    """The customer's answer in full, with the facts around it."""
    alert = case.latest_alert
    blocks = [_headline(case)]
    said = alert.comment or "The customer left no words."
    blocks += [_section(said[start : start + SECTION_CHARACTERS]) for start in range(0, len(said), SECTION_CHARACTERS)]
    facts = [
        f"{name}: {value}"
        for name, value in (
            ("Touchpoint", alert.touchpoint),
            ("Channel", alert.channel),
            ("Language", alert.language),
            ("Answered", _moment(alert.event_time)),
            *alert.attributes.items(),
        )
        if value is not None
    ]
    blocks.append(_section("\n".join(facts)))
    return _told("Full answer", blocks)


def why_view(case: Case) -> View:
    """Why this person was told: the rule, the receiver, and what is promised."""
    alert = case.latest_alert
    promised = [
        f"{name} by {_moment(moment)}"
        for name, moment in (
            ("Acknowledge", case.acknowledge_by),
            ("Contact", case.contact_by),
            ("Resolve", case.resolve_by),
        )
        if moment is not None
    ]
    lines = [
        f"Rule {alert.rule}: {alert.reason}",
        f"Routed to {case.receiver}, owner {case.owner_name or 'nobody yet'}, severity {case.severity}.",
        *promised,
    ]
    if case.recovered_at is not None:
        lines.append(f"Back to normal since {_moment(case.recovered_at)}.")
    if not case.page:
        lines.append("There is no hurry: nobody is reminded of it.")
    return _told("Why you", [_headline(case), _section("\n".join(lines))])


def notice_view(title: str, sentence: str) -> View:
    """What a dialog becomes when its action was not taken."""
    return _told(title, [_section(sentence)])


def _told(title: str, blocks: list[View]) -> View:
    return {"type": "modal", "title": _text(title), "close": _text("Close"), "blocks": blocks}


def _text(text: str) -> View:
    return {"type": "plain_text", "text": text}


def _section(text: str) -> View:
    shown = text.strip("\n")[:SECTION_CHARACTERS] or "–"
    return {"type": "section", "text": {"type": "plain_text", "text": shown, "emoji": False}}


def _headline(case: Case) -> View:
    alert = case.latest_alert
    customer = " ".join(case.customer_id.split())[:60]
    if case.subject == "metric":
        matter = "metric alarm" if case.recovered_at is None else "metric, back to normal"
    elif alert.score is None:
        matter = "silent after failures"
    else:
        matter = f"{(alert.metric or '').upper()[:20]} {alert.score} of {alert.scale_max}"
    return _section(f"C-{case.id} · {customer} · {matter} · {case.state}")


def _input(field: str, label: str, element: View, *, optional: bool = False) -> View:
    return {
        "type": "input",
        "block_id": field,
        "label": _text(label),
        "optional": optional,
        "element": {**element, "action_id": field},
    }


def _note(label: str, *, optional: bool = True) -> View:
    element = {"type": "plain_text_input", "multiline": True, "max_length": MAX_NOTE_CHARACTERS}
    return _input(NOTE, label, element, optional=optional)


def _options(words: dict[str, str]) -> list[View]:
    return [{"text": _text(label), "value": code} for code, label in words.items()]


def _root_cause() -> View:
    element = {"type": "static_select", "placeholder": _text("Choose one"), "options": _options(ROOT_CAUSES)}
    return _input(ROOT_CAUSE, "What went wrong?", element)


def _channel() -> View:
    return _input(CHANNEL, "How?", {"type": "radio_buttons", "options": _options(CHANNELS)})


def _owner() -> View:
    element = {"type": "users_select", "placeholder": _text("Choose a colleague")}
    return _input(OWNER, "Who takes it?", element)


def _until(now: datetime) -> View:
    element = {"type": "datetimepicker", "initial_date_time": int(now.timestamp()) // 3600 * 3600 + 2 * 3600}
    return _input(UNTIL, "Until when?", element)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
