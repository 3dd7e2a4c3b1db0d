"""What a card says: one pure function from a case to Slack's text and blocks.

The top-level text is what push notifications and screen readers use, so it carries score, customer, owner and
deadline by itself. State is said in words, never by colour alone. Nobody is pinged by name except the owner, once,
in a new message, and not even the owner where the case is to disturb nobody.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from consumers.slack import about
from consumers.slack import text as words
from schemas.alerts import Alert, Severity
from schemas.card_actions import MORE, SNOOZE_LABELS, CardValue, Look, action_id
from schemas.cases import CLOSED_STATES, ROOT_CAUSES, CaseAction, CaseState, UserAction, allowed_actions
from schemas.config_owners import Person

Block = dict[str, Any]
"""One Block Kit block as JSON: https://docs.slack.dev/reference/block-kit/blocks."""

VISIBLE_ACTIONS = 4
MAX_FIELDS = 6

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
_BUTTONS_RECOVERED: tuple[UserAction, ...] = ("resolve", "acknowledge", "wake", "snooze")
"""The same for a metric that is back to normal, in every open state."""

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
    page: bool = True
    """Whether it may disturb anybody."""
    owner: str | None
    opened_at: datetime
    acknowledged_at: datetime | None
    contacted_at: datetime | None
    closed_at: datetime | None
    recovered_at: datetime | None = None
    """Of a metric: since when it is back to normal."""
    recovery_reason: str | None = None
    """What the rule said then."""
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
    body = _body(view)
    if body:
        blocks.append(_section(view, "words", body))
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
    owner = _name(view.owner, setting)
    said = {
        "wake": "is awake again",
        "lease_expired": f"is back in the queue: {owner} took it, and {about.words_for(view.alert).lease_expired}",
        "overdue": f"is overdue: nobody has taken it yet (owner: {owner})",
    }
    return Card(f"{_link(view, setting)} {said.get(occasion, occasion)}. {_matter(view)}.")


def summary(view: CaseView, setting: Setting) -> str:
    """The top-level text: who, how bad, the start of the words or the reason, the owner and the deadline."""
    alert = view.alert
    state = about.words_for(alert).states[view.state]
    if view.state in CLOSED_STATES:
        return f"C-{view.id} {state}: {_matter(view)}."
    if about.speaks_for_itself(alert):
        said = words.escaped(alert.comment or "", 120, 240)
        matter = _matter(view) + (f" – “{said}”" if said else "")
    else:
        matter = f"{_who(alert)} – {words.escaped(alert.reason, 200, 400).rstrip('.')}"
    due = _due(view)
    deadline = f" {due[0].capitalize()} {words.instant(due[1])}." if due else ""
    shown = "" if view.state == "open" else f" ({state})"
    lead = "Back to normal" if view.recovered_at is not None else about.lead(alert, page=view.page)
    return f"{lead}{shown}: {matter}. Owner: {_name(view.owner, setting)}.{deadline}"


def _who(alert: Alert) -> str:
    return words.escaped(about.who(alert), _room(alert), 2 * _room(alert))


def _room(alert: Alert) -> int:
    """How many characters a name may have: that of a series tells several values, and its matter is short."""
    return 90 if alert.subject == "metric" else 60


def _matter(view: CaseView) -> str:
    """Who and what in one phrase."""
    return f"{_who(view.alert)} – {words.escaped(about.what(view.alert), 60, 120)}"


def _header(view: CaseView) -> Block:
    signs: dict[CaseState, str] = {"acknowledged": "👤", "contacted": "📞", "snoozed": "💤"}
    calm = "🟢" if view.recovered_at is not None else _SIGNS[view.severity] if view.page else "🔎"
    sign = signs.get(view.state, calm)
    customer = words.plain(about.who(view.alert), _room(view.alert)) or "customer"
    matter = "back to normal" if view.recovered_at is not None else words.plain(about.what(view.alert), 50)
    loud = view.page and view.severity != "normal" and view.recovered_at is None
    state = about.words_for(view.alert).states[view.state]
    if view.state == "open" and not view.page:
        state = "to check"
    title = f"{sign} {customer} · {matter} · {state}{f' · {view.severity}' if loud else ''}"
    return {
        "type": "header",
        "block_id": _block_id(view, "head"),
        "text": {"type": "plain_text", "text": words.cut(title, 150), "emoji": True},
    }


def _body(view: CaseView) -> str:
    """The customer's words; where there is no answer, what the rule saw, and whether that is over."""
    alert = view.alert
    if about.speaks_for_itself(alert):
        return words.quote(alert.comment, alert.language) if alert.comment else ""
    lines = [words.escaped(alert.reason, 600, 1200)]
    if view.recovered_at is not None:
        said = words.escaped(view.recovery_reason or "", 400, 800)
        lines.append(f"Back to normal since {words.instant(view.recovered_at)}{f': {said}' if said else '.'}")
    return "\n".join(line for line in lines if line)


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
    rings = view.page and view.recovered_at is None
    owner = f"<@{setting.mention}>" if setting.mention and rings else _name(view.owner, setting)
    parts = [f"👤 {owner}"]
    if not view.page:
        parts.append("no hurry")
    due = _due(view)
    if due is not None:
        late = f" – overdue by {words.span(now - due[1])}" if now > due[1] else ""
        parts.append(f"⏰ {due[0]} {words.instant(due[1])}{late}")
    if view.answer_count > 1:
        parts.append(f"{words.ordinal(view.answer_count)} {about.words_for(view.alert).again}")
    step = _step(view, setting)
    if step:
        parts.append(step)
    return " · ".join(parts)


def _why(view: CaseView, setting: Setting) -> str:
    """Why the case is there: the reason, or the rule's name where the reason is the card's body."""
    alert = view.alert
    reason = alert.reason if about.speaks_for_itself(alert) else f"Rule {alert.rule}"
    return f"{words.escaped(reason, 200, 400)} · {_link(view, setting)}"


def _due(view: CaseView) -> tuple[str, datetime] | None:
    """What is promised next, and until when."""
    if view.state == "snoozed" and view.snoozed_until is not None:
        return "asleep until", view.snoozed_until
    if view.recovered_at is not None:
        return None
    first = view.contact_by
    if view.alert.subject == "metric":
        first = view.acknowledge_by if view.state == "open" else None
    if view.state in ("open", "acknowledged") and first is not None:
        return about.words_for(view.alert).reply, first
    if view.state in ("acknowledged", "contacted") and view.resolve_by is not None:
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
            "lease_expired": f"back in the queue: {about.words_for(view.alert).lease_expired}",
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
    outcome = about.words_for(view.alert).states[view.state]
    matter = words.escaped(about.what(view.alert), 60, 120)
    actor = f" by {_name(view.last.actor, setting)}" if view.last is not None else ""
    after = f" after {words.span(view.closed_at - view.opened_at)}" if view.closed_at is not None else ""
    cause = ROOT_CAUSES.get(view.root_cause or "")
    lines = f"{sign} *{_who(view.alert)}* · {matter} · {outcome}{actor}{after}{f' – {cause}' if cause else ''}"
    note = words.escaped(view.resolution_note or "", 300, 600)
    normal = f"back to normal since {words.instant(view.recovered_at)}" if view.recovered_at is not None else ""
    details = " · ".join(part for part in (note, normal, _link(view, setting)) if part)
    blocks = [_section(view, "closed", lines), _context(view, "note", details), _actions(view)]
    return Card(summary(view, setting), tuple(blocks))


def _handed_over(view: CaseView, setting: Setting) -> Card:
    state = about.words_for(view.alert).states[view.state]
    line = f"C-{view.id} is with {_name(view.owner, setting)} now ({state})."
    return Card(line, (_section(view, "moved", f"{line} {_link(view, setting)}"),))


def _actions(view: CaseView) -> Block:
    labels = about.words_for(view.alert).labels
    allowed = allowed_actions(view.state, view.alert.subject)
    wanted = _BUTTONS_RECOVERED if view.recovered_at is not None and view.state not in CLOSED_STATES else None
    visible = [action for action in wanted or _BUTTONS[view.state] if action in allowed][:VISIBLE_ACTIONS]
    hidden = [action for action in allowed if action not in visible and action != "snooze"]
    elements: list[Block] = []
    for number, action in enumerate(visible):
        element = _snooze_menu(view, labels) if action == "snooze" else _button(view, action, labels)
        if number == 0 and view.state not in CLOSED_STATES:
            element["style"] = "primary"
        elements.append(element)
    options = [_option(labels[action], CardValue(view.id, view.version, action=action)) for action in hidden]
    options += [_option(_LOOKS[look], CardValue(view.id, view.version, action=look)) for look in _looks(view)]
    if options:
        elements.append({"type": "overflow", "action_id": MORE, "options": options})
    return {"type": "actions", "block_id": _block_id(view, "act"), "elements": elements}


def _looks(view: CaseView) -> tuple[Look, ...]:
    """What can be looked at besides: the whole answer where the card shows a part of it, and why it came here."""
    if view.state in CLOSED_STATES:
        return ()
    said = view.alert.comment if about.speaks_for_itself(view.alert) else None
    cut = said is not None and not words.is_whole(said)
    return ("answer", "why") if cut else ("why",)


def _button(view: CaseView, action: UserAction, labels: Mapping[UserAction, str]) -> Block:
    return {
        "type": "button",
        "action_id": action_id(action),
        "text": {"type": "plain_text", "text": labels[action], "emoji": True},
        "value": CardValue(view.id, view.version).encode(),
    }


def _snooze_menu(view: CaseView, labels: Mapping[UserAction, str]) -> Block:
    return {
        "type": "static_select",
        "action_id": action_id("snooze"),
        "placeholder": {"type": "plain_text", "text": labels["snooze"]},
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
