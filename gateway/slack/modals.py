"""The dialogs, as Slack's views. Pure; within Slack's limits: title 24, label 75, section 3,000, metadata 3,000.

The customer's words appear only in ``plain_text``, where nothing mentions, links or formats. What we say ourselves is
mrkdwn where it holds a date, because only there each reader sees it in their own zone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from gateway.case_shapes import Case
from gateway.slack.payloads import DialogState
from schemas.card_actions import ACTION_PREFIX, RESOLVE_ALL, ResolveAll
from schemas.cases import CLOSED_STATES, CONTACT_CHANNELS, ROOT_CAUSES, UserAction
from schemas.incidents import label
from schemas.words import about, dates, reasons, standing
from schemas.words import safe_text as safe
from schemas.words.catalogue import Words

View = dict[str, Any]
"""A view as it goes to ``views.open``: https://docs.slack.dev/reference/views/modal-views."""

MAX_NOTE_CHARACTERS = 3_000
SECTION_CHARACTERS = 2_900
MAX_REFUSED_NAMED = 20

NOTE, ROOT_CAUSE, OWNER, UNTIL, CHANNEL = "note", "root_cause", "owner", "until", "channel"
FOLLOW_UP, TOLD = "follow_up", "customer_told"
"""The block_id and action_id of each input: the field of the action that it fills."""


def dialog(words: Words, action: UserAction, case: Case, state: DialogState, now: datetime) -> View:
    """The dialog that asks for what an action needs; ``acknowledge`` asks whether to take the case over."""
    metric = case.subject == "metric"
    kind = "take-over" if action == "acknowledge" else action
    title = words.say("title-metric-dismiss") if metric and action == "dismiss" else words.say(f"title-{kind}")
    return {
        "type": "modal",
        "callback_id": ACTION_PREFIX + action,
        "private_metadata": msgspec.json.encode(state).decode(),
        "title": _text(title),
        "submit": _text(words.say(f"submit-{kind}")),
        "close": _text(words.say("title-cancel")),
        "blocks": [_headline(words, case), *_inputs(words, action, case, now)],
    }


def _inputs(words: Words, action: UserAction, case: Case, now: datetime) -> list[View]:
    metric, closed = case.subject == "metric", case.state in CLOSED_STATES
    dismissed = words.say("label-why-false-alarm") if metric else words.say("label-why-dismissed")
    inputs: dict[UserAction, list[View]] = {
        "acknowledge": [_section(words.say("take-over-question", owner=owner_name(words, case)))],
        "contact": [_channel(words), _note(words.say("label-said")), *([] if closed else [_follow_up(words)])],
        "resolve": [_root_cause(words), _note(words.say("label-done")), *([] if metric else [_told(words)])],
        "reassign": [_owner(words), _note(words.say("label-for-owner"))],
        "snooze": [_until(words, now), _note(words.say("label-why"))],
        "dismiss": [_note(dismissed, optional=False)],
        "reopen": [_note(words.say("label-why"), optional=False)],
    }
    return inputs[action]


def resolve_all_dialog(words: Words, wanted: ResolveAll, open_cases: int) -> View:
    """The dialog that asks for the cause of an incident, for all its open cases at once."""
    question = "resolve-mine-question" if wanted.mine else "resolve-all-question"
    return {
        "type": "modal",
        "callback_id": RESOLVE_ALL,
        "private_metadata": wanted.encode(),
        "title": _text(words.say("title-resolve-all")),
        "submit": _text(words.say("submit-resolve")),
        "close": _text(words.say("title-cancel")),
        "blocks": [
            _section(words.say(question, n=open_cases, incident=label(wanted.incident))),
            _root_cause(words),
            _note(words.say("label-done")),
            _told(words),
        ],
    }


def resolved_view(words: Words, resolved: int, refused: Sequence[int], left: int) -> View:
    """What became of an incident's cases."""
    lines = [words.say("resolve-all-done", n=resolved)]
    if refused:
        cases = ", ".join(f"C-{number}" for number in refused[:MAX_REFUSED_NAMED])
        lines.append(words.say("resolve-all-refused", n=len(refused), cases=cases))
    if left:
        lines.append(words.say("resolve-all-left", n=left))
    return _closing(words, words.say("title-resolve-all"), [_section("\n".join(lines))])


def answer_view(words: Words, case: Case) -> View:
    """The customer's answer in full, with the facts around it."""
    alert = case.latest_alert
    blocks = [_headline(words, case)]
    said = alert.comment or words.say("no-words")
    blocks += [_section(said[start : start + SECTION_CHARACTERS]) for start in range(0, len(said), SECTION_CHARACTERS)]
    named = (
        (words.say("fact-touchpoint"), alert.touchpoint),
        (words.say("fact-channel"), alert.channel),
        (words.say("fact-language"), dates.language_name(words, alert.language)),
        *alert.attributes.items(),
    )
    facts = [f"{safe.one_line(name)}: {safe.one_line(str(value))}" for name, value in named if value is not None]
    if facts:
        blocks.append(_section("\n".join(facts)))
    blocks.append(_said(words.say("answered", when=dates.instant(words, alert.event_time))))
    return _closing(words, words.say("title-answer"), blocks)


def why_view(words: Words, case: Case) -> View:
    """Why this person was told: the rule, the receiver, and what is promised."""
    alert = case.latest_alert
    reason = safe.escaped(reasons.told(words, alert.reason), 600, 1200)
    lines = [
        words.say(
            "why-rule",
            rule=safe.escaped(alert.rule, 80, 160),
            reason=reason,
        ),
        words.say(
            "why-routed",
            receiver=safe.escaped(case.receiver, 80, 160),
            owner=safe.escape(owner_name(words, case)),
            severity=words.say(f"severity-{case.severity}"),
        ),
    ]
    lines += [
        words.say(message, when=dates.instant(words, moment))
        for message, moment in (
            ("why-acknowledge-by", case.acknowledge_by),
            ("why-contact-by", case.contact_by),
            ("why-resolve-by", case.resolve_by),
        )
        if moment is not None
    ]
    if case.recovered_at is not None:
        back = words.say("normal-since", when=dates.instant(words, case.recovered_at))
        lines.append(back[:1].upper() + back[1:])
    if not case.page:
        lines.append(words.say("why-no-hurry"))
    return _closing(words, words.say("title-why"), [_headline(words, case), _said("\n".join(lines))])


def notice_view(words: Words, sentence: str) -> View:
    """What a dialog becomes when its action was not taken. ``sentence`` is mrkdwn."""
    return _closing(words, words.say("title-not-done"), [_said(sentence[:SECTION_CHARACTERS])])


def owner_name(words: Words, case: Case) -> str:
    """The owner as colleagues know them; raw."""
    if case.owner is None:
        return words.say("nobody-yet")
    if case.owner.startswith("slack:"):
        return words.say("colleague")
    return safe.plain(case.owner_name or case.owner, 60)


def _closing(words: Words, title: str, blocks: list[View]) -> View:
    return {"type": "modal", "title": _text(title), "close": _text(words.say("title-close")), "blocks": blocks}


def _text(text: str) -> View:
    return {"type": "plain_text", "text": text}


def _section(text: str) -> View:
    shown = safe.tidy(text)[:SECTION_CHARACTERS] or "–"
    return {"type": "section", "text": {"type": "plain_text", "text": shown, "emoji": False}}


def _said(text: str) -> View:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _headline(words: Words, case: Case) -> View:
    alert = case.latest_alert
    customer = safe.plain(about.who(words, case.subject, case.customer_id), 60)
    matter = standing.what(words, case, case.subject, alert)
    state = about.state_name(words, case.state, case.subject)
    return _section(f"C-{case.id} · {customer} · {safe.plain(matter, 60)} · {state}")


def _input(field: str, label: str, element: View, *, optional: bool = False, hint: str | None = None) -> View:
    block = {
        "type": "input",
        "block_id": field,
        "label": _text(label),
        "optional": optional,
        "element": {**element, "action_id": field},
    }
    return block if hint is None else {**block, "hint": _text(hint)}


def _note(label: str, *, optional: bool = True) -> View:
    element = {"type": "plain_text_input", "multiline": True, "max_length": MAX_NOTE_CHARACTERS}
    return _input(NOTE, label, element, optional=optional)


def _root_cause(words: Words) -> View:
    options = [{"text": _text(words.say(f"cause-{code}")), "value": code} for code in ROOT_CAUSES]
    element = {"type": "static_select", "placeholder": _text(words.say("choose-one")), "options": options}
    return _input(ROOT_CAUSE, words.say("label-cause"), element)


def _channel(words: Words) -> View:
    options = [{"text": _text(words.say(f"how-{code}")), "value": code} for code in CONTACT_CHANNELS]
    return _input(CHANNEL, words.say("label-how"), {"type": "radio_buttons", "options": options})


def _told(words: Words) -> View:
    options = [{"text": _text(words.say("option-told")), "value": "yes"}]
    return _input(TOLD, words.say("label-told"), {"type": "checkboxes", "options": options}, optional=True)


def _owner(words: Words) -> View:
    element = {"type": "users_select", "placeholder": _text(words.say("choose-colleague"))}
    return _input(OWNER, words.say("label-owner"), element)


def _until(words: Words, now: datetime) -> View:
    element = {"type": "datetimepicker", "initial_date_time": int(now.timestamp()) // 3600 * 3600 + 2 * 3600}
    return _input(UNTIL, words.say("label-until"), element)


def _follow_up(words: Words) -> View:
    hint = words.say("hint-follow-up")
    return _input(FOLLOW_UP, words.say("label-follow-up"), {"type": "datetimepicker"}, optional=True, hint=hint)
