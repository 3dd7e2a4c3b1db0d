"""What a card says: one pure function from a case to Slack's text and blocks.

The top-level text is what push notifications and screen readers use, so it carries score, customer, owner and
deadline by itself. State is said in words, never by colour alone. Nobody is pinged by name except the owner, once,
in a new message.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from consumers.slack import text as words
from schemas.alerts import Alert, Severity
from schemas.card_actions import MORE, SNOOZE_LABELS, CardValue, Look, action_id
from schemas.cases import CLOSED_STATES, ROOT_CAUSES, CaseAction, CaseState, UserAction, allowed_actions
from schemas.config import Person

Block = dict[str, Any]
"""One Block Kit block as JSON: https://docs.slack.dev/reference/block-kit/blocks."""

VISIBLE_ACTIONS = 4
MAX_FIELDS = 6

_LABELS: dict[UserAction, str] = {
    "acknowledge": "I'm on it",
    "contact": "Contacted…",
    "resolve": "Resolve…",
    "snooze": "Snooze",
    "wake": "Wake",
    "reassign": "Reassign…",
    "reopen": "Reopen…",
    "dismiss": "Not a complaint…",
}
_LOOKS: dict[Look, str] = {"answer": "Show full answer", "why": "Why me?"}
_BUTTONS: dict[CaseState, tuple[UserAction, ...]] = {
    "open": ("acknowledge", "contact", "resolve", "snooze"),
    "acknowledged": ("contact", "resolve", "snooze"),
    "contacted": ("resolve", "contact", "snooze"),
    "snoozed": ("wake", "acknowledge", "resolve"),
    "resolved": ("reopen",),
    "dismissed": ("reopen",),
}
"""Visible buttons by state, the first one primary; what else is allowed goes into the overflow menu."""

_SIGNS: dict[Severity, str] = {"critical": "🔴", "high": "🟠", "normal": "🟡"}


class LastStep(Struct, frozen=True, kw_only=True):
    """The newest step of a case's history that a card speaks of."""

    action: CaseAction
    actor: str
    at: datetime
    note: str | None = None
    channel: str | None = None


class CaseView(Struct, frozen=True, kw_only=True):
    """All that a card shows of a case: a picture of one version."""

    id: int
    version: int
    state: CaseState
    severity: Severity
    owner: str | None
    opened_at: datetime
    acknowledged_at: datetime | None
    contacted_at: datetime | None
    closed_at: datetime | None
    snoozed_until: datetime | None
    acknowledge_by: datetime | None
    contact_by: datetime | None
    resolve_by: datetime | None
    root_cause: str | None
    resolution_note: str | None
    answer_count: int
    alert: Alert
    last: LastStep | None = None
    contact: LastStep | None = None
    """The newest contact with the customer."""


class Card(Struct, frozen=True):
    """A message: top-level text, and blocks (none in the plain card)."""

    text: str
    blocks: tuple[Block, ...] = ()


class Setting(Struct, frozen=True, kw_only=True):
    """Where a card is shown. ``reader`` is the person of a direct message; ``mention`` the Slack id to ping, once."""

    public_url: str
    people: Mapping[str, Person]
    reader: str | None = None
    mention: str | None = None


def card(view: CaseView, now: datetime, setting: Setting) -> Card:
    """The card of a case in its present state, for its channel or for one person's direct messages."""
    if setting.reader is not None and view.owner is not None and setting.reader != view.owner:
        return _handed_over(view, setting)
    if view.state in CLOSED_STATES:
        return _closed(view, setting)
    blocks: list[Block] = [_header(view)]
    if view.alert.comment:
        quoted = words.quote(view.alert.comment, view.alert.language)
        if quoted:
            blocks.append(_section(view, "words", quoted))
    facts = _facts(view.alert)
    if facts:
        blocks.append({"type": "section", "block_id": _block_id(view, "facts"), "fields": facts})
    blocks.append(_context(view, "who", _who_and_when(view, now, setting)))
    blocks.append(_context(view, "why", _why(view, setting)))
    blocks.append(_actions(view))
    return Card(summary(view, setting), tuple(blocks))


def plain_card(view: CaseView, setting: Setting) -> Card:
    """Text alone: sent where the full card was refused, because no unhappy customer may be lost to a drawing fault."""
    return Card(f"{summary(view, setting)} {_link(view, setting)}")


def reminder(view: CaseView, occasion: str, setting: Setting) -> Card:
    """A short message on what time did (``wake``, ``lease_expired``, ``overdue``), without the customer's words."""
    customer, score = words.escaped(view.alert.customer_id, 60, 120), words.escaped(score_words(view.alert), 60, 120)
    owner = _name(view.owner, setting)
    said = {
        "wake": "is awake again",
        "lease_expired": f"is back in the queue: {owner} took it, and the customer was not contacted in time",
        "overdue": f"is overdue: nobody has taken it yet (owner: {owner})",
    }
    return Card(f"{_link(view, setting)} {said.get(occasion, occasion)}. {customer} – {score}.")


def summary(view: CaseView, setting: Setting) -> str:
    """The top-level text: who, how bad, the start of the words, the owner and the deadline."""
    customer, score = words.escaped(view.alert.customer_id, 60, 120), words.escaped(score_words(view.alert), 60, 120)
    owner = _name(view.owner, setting)
    if view.state in CLOSED_STATES:
        return f"C-{view.id} {view.state}: {customer} – {score}."
    said = words.escaped(view.alert.comment or "", 120, 240)
    quoted = f" – “{said}”" if said else ""
    due = _due(view)
    deadline = f" {due[0].capitalize()} {words.instant(due[1])}." if due else ""
    state = "" if view.state == "open" else f" ({view.state})"
    return f"Unhappy customer{state}: {customer} – {score}{quoted}. Owner: {owner}.{deadline}"


def score_words(alert: Alert) -> str:
    """The score with its scale, e.g. ``CSAT 2 of 5``."""
    metric = alert.metric.upper() if alert.metric in ("nps", "csat", "ces") else alert.metric
    low = "" if alert.higher_is_better else " (low is good)"
    return f"{metric} {alert.score} of {alert.scale_max}{low}"


def _header(view: CaseView) -> Block:
    signs: dict[CaseState, str] = {"acknowledged": "👤", "contacted": "📞", "snoozed": "💤"}
    sign = signs.get(view.state, _SIGNS[view.severity])
    customer = words.plain(view.alert.customer_id, 60) or "customer"
    severity = "" if view.severity == "normal" else f" · {view.severity}"
    title = f"{sign} {customer} · {words.plain(score_words(view.alert), 50)} · {view.state}{severity}"
    return {
        "type": "header",
        "block_id": _block_id(view, "head"),
        "text": {"type": "plain_text", "text": words.cut(title, 150), "emoji": True},
    }


def _facts(alert: Alert) -> list[Block]:
    facts: list[tuple[str, str]] = []
    if alert.touchpoint:
        facts.append(("Touchpoint", alert.touchpoint))
    if alert.channel:
        facts.append(("Channel", alert.channel))
    if alert.contact_requested:
        facts.append(("Asks to be contacted", "yes"))
    for name, value in alert.attributes.items():
        shown = ("yes" if value else "no") if isinstance(value, bool) else str(value)
        facts.append((name.replace("_", " ").capitalize(), shown))
    found: list[Block] = []
    for label, value in facts:
        name, fact = words.escaped(label, 40, 60), words.escaped(value, 100, 200)
        if name and fact and len(found) < MAX_FIELDS:
            found.append({"type": "mrkdwn", "text": f"*{name}*\n{fact}"})
    return found


def _who_and_when(view: CaseView, now: datetime, setting: Setting) -> str:
    owner = f"<@{setting.mention}>" if setting.mention else _name(view.owner, setting)
    parts = [f"👤 {owner}"]
    due = _due(view)
    if due is not None:
        late = f" – overdue by {words.span(now - due[1])}" if now > due[1] else ""
        parts.append(f"⏰ {due[0]} {words.instant(due[1])}{late}")
    if view.answer_count > 1:
        parts.append(f"{words.ordinal(view.answer_count)} bad answer")
    step = _step(view, setting)
    if step:
        parts.append(step)
    return " · ".join(parts)


def _why(view: CaseView, setting: Setting) -> str:
    return f"{words.escaped(view.alert.reason, 200, 400)} · {_link(view, setting)}"


def _due(view: CaseView) -> tuple[str, datetime] | None:
    """What is promised next, and until when."""
    if view.state == "snoozed" and view.snoozed_until is not None:
        return "asleep until", view.snoozed_until
    if view.state in ("open", "acknowledged") and view.contact_by is not None:
        return "reply by", view.contact_by
    if view.state == "contacted" and view.resolve_by is not None:
        return "resolve by", view.resolve_by
    return None


def _step(view: CaseView, setting: Setting) -> str:
    """What happened last, with the newest contact where there was one."""
    parts: list[str] = []
    if view.contact is not None:
        how = f" by {words.escaped(view.contact.channel, 30, 60)}" if view.contact.channel else ""
        note = f": {words.escaped(view.contact.note, 160, 320)}" if view.contact.note else ""
        parts.append(f"contacted{how} {words.instant(view.contact.at)}{note}")
    last = view.last
    if last is not None:
        actor = _name(last.actor, setting)
        said: dict[CaseAction, str] = {
            "acknowledge": f"{actor} is on it since {words.instant(last.at)}",
            "lease_expired": "back in the queue: nobody contacted the customer in time",
            "wake": f"awake since {words.instant(last.at)}",
            "reopen": f"reopened by {actor}",
            "reassign": f"handed over by {actor}",
            "snooze": f"snoozed by {actor}",
        }
        if last.action in said:
            parts.append(said[last.action])
    return " · ".join(parts)


def _closed(view: CaseView, setting: Setting) -> Card:
    """Two lines: the customer's words are gone from the channel once the case is closed."""
    sign = "✅" if view.state == "resolved" else "⚪"
    outcome = "resolved" if view.state == "resolved" else "not a complaint"
    customer, score = words.escaped(view.alert.customer_id, 60, 120), words.escaped(score_words(view.alert), 60, 120)
    actor = f" by {_name(view.last.actor, setting)}" if view.last is not None else ""
    after = f" after {words.span(view.closed_at - view.opened_at)}" if view.closed_at is not None else ""
    cause = ROOT_CAUSES.get(view.root_cause or "")
    lines = f"{sign} *{customer}* · {score} · {outcome}{actor}{after}{f' – {cause}' if cause else ''}"
    note = words.escaped(view.resolution_note or "", 300, 600)
    details = f"{note} · {_link(view, setting)}" if note else _link(view, setting)
    blocks = [_section(view, "closed", lines), _context(view, "note", details), _actions(view)]
    return Card(summary(view, setting), tuple(blocks))


def _handed_over(view: CaseView, setting: Setting) -> Card:
    line = f"C-{view.id} is with {_name(view.owner, setting)} now ({view.state})."
    return Card(line, (_section(view, "moved", f"{line} {_link(view, setting)}"),))


def _actions(view: CaseView) -> Block:
    allowed = allowed_actions(view.state)
    visible = [action for action in _BUTTONS[view.state] if action in allowed][:VISIBLE_ACTIONS]
    hidden = [action for action in allowed if action not in visible and action != "snooze"]
    elements: list[Block] = []
    for number, action in enumerate(visible):
        element = _snooze_menu(view) if action == "snooze" else _button(view, action)
        if number == 0 and view.state not in CLOSED_STATES:
            element["style"] = "primary"
        elements.append(element)
    options = [_option(_LABELS[action], CardValue(view.id, view.version, action=action)) for action in hidden]
    options += [_option(_LOOKS[look], CardValue(view.id, view.version, action=look)) for look in _looks(view)]
    if options:
        elements.append({"type": "overflow", "action_id": MORE, "options": options})
    return {"type": "actions", "block_id": _block_id(view, "act"), "elements": elements}


def _looks(view: CaseView) -> tuple[Look, ...]:
    """What can be looked at besides: the whole answer where the card shows a part of it, and why it came here."""
    if view.state in CLOSED_STATES:
        return ()
    cut = view.alert.comment is not None and not words.is_whole(view.alert.comment)
    return ("answer", "why") if cut else ("why",)


def _button(view: CaseView, action: UserAction) -> Block:
    return {
        "type": "button",
        "action_id": action_id(action),
        "text": {"type": "plain_text", "text": _LABELS[action], "emoji": True},
        "value": CardValue(view.id, view.version).encode(),
    }


def _snooze_menu(view: CaseView) -> Block:
    return {
        "type": "static_select",
        "action_id": action_id("snooze"),
        "placeholder": {"type": "plain_text", "text": _LABELS["snooze"]},
        "options": [
            _option(label, CardValue(view.id, view.version, snooze=length)) for length, label in SNOOZE_LABELS.items()
        ],
    }


def _option(label: str, value: CardValue) -> Block:
    return {"text": {"type": "plain_text", "text": label}, "value": value.encode()}


def _section(view: CaseView, name: str, text: str) -> Block:
    return {"type": "section", "block_id": _block_id(view, name), "text": {"type": "mrkdwn", "text": text}}


def _context(view: CaseView, name: str, text: str) -> Block:
    return {"type": "context", "block_id": _block_id(view, name), "elements": [{"type": "mrkdwn", "text": text}]}


def _block_id(view: CaseView, name: str) -> str:
    """New for every version, as Slack asks for a message that is updated."""
    return f"{name}:{view.id}:{view.version}"


def _link(view: CaseView, setting: Setting) -> str:
    return f"<{setting.public_url}/#/cases/{view.id}|C-{view.id}>"


def _name(person: str | None, setting: Setting) -> str:
    """A name without a ping. A Slack user whom loop.yaml does not know is a colleague, not an id."""
    if person is None:
        return "nobody yet"
    known = setting.people.get(person)
    if known is not None:
        return words.escaped(known.name, 60, 120)
    return "a colleague" if person.startswith("slack:") else words.escaped(person, 60, 120)
