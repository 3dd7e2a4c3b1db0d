"""What a card says: one pure function from a case to Slack's text and blocks.

The top-level text is what push notifications and screen readers use, so it carries score, customer, owner and
deadline by itself. State is said in words, never by colour alone. Nobody is pinged by name except the owner, once,
in a new message, and not even the owner where the case is to disturb nobody.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

from consumers.slack import phrases
from consumers.slack.case_view import CaseView, Setting
from schemas import card_buttons, incidents
from schemas.alerts import Alert
from schemas.card_actions import Look
from schemas.cases import CLOSED_STATES, ROOT_CAUSES
from schemas.permissions import circle
from schemas.words import about, dates, promises, reasons, standing
from schemas.words import safe_text as safe
from schemas.words.catalogue import Words

Block = dict[str, Any]
"""One Block Kit block as JSON: https://docs.slack.dev/reference/block-kit/blocks."""

MAX_FIELDS = 6


class Card(Struct, frozen=True):
    """A message: top-level text, and blocks (none in the plain card)."""

    text: str
    blocks: tuple[Block, ...] = ()


def card(view: CaseView, now: datetime, setting: Setting) -> Card:
    """The card of a case in its present state, for its channel or for one person's direct messages."""
    if setting.reader is not None and view.owner is not None and setting.reader != view.owner:
        return _handed_over(view, setting)
    if view.state in CLOSED_STATES:
        return _closed(view, now, setting)
    blocks: list[Block] = [_header(view, now, setting.words)]
    body = _body(view, setting.words)
    if body:
        blocks.append(_section(view, "words", body))
    facts = _facts(view.alert, setting.words)
    if facts:
        blocks.append({"type": "section", "block_id": _block_id(view, "facts"), "fields": facts})
    blocks.append(_context(view, "who", _who_and_when(view, now, setting)))
    if view.silence is not None:
        blocks.append(_context(view, "silence", phrases.silenced(view.silence, setting.words)))
    blocks.append(_context(view, "why", _why(view, setting)))
    blocks += _actions(view, now, setting)
    return Card(summary(view, setting), tuple(blocks))


def plain_card(view: CaseView, setting: Setting) -> Card:
    """Text alone: sent where the full card was refused, because no unhappy customer may be lost to a drawing fault."""
    return Card(f"{summary(view, setting)} {phrases.link(view, setting)}")


def reminder(view: CaseView, occasion: str, setting: Setting) -> Card:
    """A short message on what happened to a case (``wake``, ``reopen``, ``taken_over``, ``lease_expired``,
    ``overdue``).

    It has none of the customer's words.
    """
    words = setting.words
    told = {"case": phrases.link(view, setting), "matter": phrases.matter(view, words)}
    owner = phrases.name(view.owner, setting)
    if occasion in ("wake", "reopen"):
        return Card(words.say(f"reminder-{occasion}", **told))
    if occasion == "taken_over":
        return Card(words.say("reminder-taken-over", owner=owner, **told))
    if occasion == "lease_expired" and view.alert.subject == "metric":
        return Card(words.say("reminder-metric-lease-expired", owner=owner, **told))
    if occasion == "lease_expired":
        return Card(words.say("reminder-lease-expired", owner=owner, **told))
    return Card(words.say("reminder-overdue", owner=owner, **told))


def summary(view: CaseView, setting: Setting) -> str:
    """The top-level text: who, how bad, the start of the words or the reason, the owner and the deadline."""
    alert, words = view.alert, setting.words
    state = about.state_name(words, view.state, alert.subject)
    if view.state in CLOSED_STATES:
        return words.say("summary-closed", case=f"C-{view.id}", state=state, matter=phrases.matter(view, words))
    if about.speaks_for_itself(alert):
        matter = phrases.matter(view, words)
        said = safe.escaped(alert.comment or "", 120, 240)
        if said:
            matter = words.say("matter-said", matter=matter, said=said)
    else:
        matter = (
            f"{phrases.who(alert, words)} – {safe.escaped(reasons.told(words, alert.reason), 200, 400).rstrip('.。')}"
        )
    back = view.recovered_at is not None
    lead = words.say("lead-recovered") if back else about.lead(words, alert, page=view.page)
    owner = phrases.name(view.owner, setting)
    if view.state == "open":
        told = words.say("summary", lead=lead, matter=matter, owner=owner)
    else:
        told = words.say("summary-state", lead=lead, state=state, matter=matter, owner=owner)
    due = phrases.due(view, words)
    return words.say("summary-due", summary=told, due=phrases.sentence(due[0])) if due else told


def _header(view: CaseView, now: datetime, words: Words) -> Block:
    alert = view.alert
    customer = safe.plain(about.who(words, alert.subject, alert.customer_id), phrases.room(alert))
    matter = safe.plain(standing.what(words, view, alert.subject, alert), 50)
    parts = [customer or words.say("customer-unnamed"), matter, *standing.states(words, view, alert.subject, now)]
    text = safe.cut(f"{standing.sign(view)} {' · '.join(parts)}", 150)
    return {
        "type": "header",
        "block_id": _block_id(view, "head"),
        "text": {"type": "plain_text", "text": text, "emoji": True},
    }


def _body(view: CaseView, words: Words) -> str:
    """The customer's words; where there is no answer, what the rule saw, and whether that is over."""
    alert = view.alert
    if about.speaks_for_itself(alert):
        language = dates.foreign_language(words, alert.language)
        return safe.quote(alert.comment, language, words.quotation_marks) if alert.comment else ""
    lines = [safe.escaped(reasons.told(words, alert.reason), 600, 1200)]
    if view.recovered_at is not None:
        when = dates.instant(words, view.recovered_at)
        said = safe.escaped(reasons.told(words, view.recovery_reason or ""), 400, 800)
        if said:
            lines.append(words.say("normal-since-said", when=when, said=said))
        else:
            lines.append(phrases.sentence(words.say("normal-since", when=when)) + ".")
    return "\n".join(line for line in lines if line)


def _facts(alert: Alert, words: Words) -> list[Block]:
    """The facts, one line each, so that several cards fit on a screen."""
    facts: list[tuple[str, str]] = []
    if alert.contact_requested:
        facts.append((words.say("fact-contact-requested"), words.say("yes")))
    if alert.touchpoint:
        facts.append((words.say("fact-touchpoint"), alert.touchpoint))
    if alert.channel:
        facts.append((words.say("fact-channel"), alert.channel))
    for name, value in alert.attributes.items():
        shown = (words.say("yes") if value else words.say("no")) if isinstance(value, bool) else str(value)
        facts.append((name.replace("_", " ").capitalize(), shown))
    found: list[Block] = []
    for label, value in facts:
        name, fact = safe.escaped(label, 40, 60), safe.escaped(value, 100, 200)
        if name and fact and len(found) < MAX_FIELDS:
            found.append(_said(f"*{name}:* {fact}"))
    return found


def _who_and_when(view: CaseView, now: datetime, setting: Setting) -> str:
    words = setting.words
    rings = view.page and view.recovered_at is None
    owner = f"<@{setting.mention}>" if setting.mention and rings else phrases.name(view.owner, setting)
    parts = [f"👤 {owner}"]
    if not view.page:
        parts.append(words.say("no-hurry"))
    promised = promises.in_words(words, view, view.alert.subject, now)
    if promised:
        parts.append(f"⏰ {promised}")
    if view.answer_count > 1:
        again = "alarms" if view.alert.subject == "metric" else "bad-answers"
        parts.append(words.say(again, n=view.answer_count))
    return " · ".join([*parts, *phrases.steps(view, setting)])


def _why(view: CaseView, setting: Setting) -> str:
    """Why the case is there: the reason, or the rule's name where the reason is the card's body."""
    alert = view.alert
    speaks = about.speaks_for_itself(alert)
    reason = safe.escaped(reasons.told(setting.words, alert.reason) if speaks else alert.rule, 200, 400).rstrip(".。")
    told = [reason if speaks else setting.words.say("rule", rule=reason)]
    if view.incident is not None:
        told.append(setting.words.say("case-incident", incident=incidents.label(view.incident)))
    return " · ".join([*told, phrases.link(view, setting)])


def _closed(view: CaseView, now: datetime, setting: Setting) -> Card:
    """Two lines: the customer's words are gone from the channel once the case is closed."""
    words = setting.words
    sign = "✅" if view.state == "resolved" else "⚪"
    outcome = phrases.outcome(view, setting)
    if view.closed_at is not None and view.state == "resolved":
        outcome += " " + words.say("closed-after", span=about.span(words, view.closed_at - view.opened_at))
    if view.root_cause in ROOT_CAUSES:
        outcome += " – " + words.say(f"cause-{view.root_cause}")
    lines = f"{sign} *{phrases.who(view.alert, words)}* · {phrases.what(view, words)} · {outcome}"
    told = view.last.customer_told if view.last is not None and view.alert.subject == "customer" else None
    since = view.contact is not None and view.closed_at is not None and view.contact.at > view.closed_at
    note = safe.escaped(view.resolution_note or "", 300, 600)
    details = [words.say("quoted", said=note) if note else ""]
    if view.contact is not None and since:
        details.append(phrases.contacted(view.contact, setting))
    elif told is not None:
        details.append(words.say("customer-told") if told else words.say("customer-not-told"))
    if view.recovered_at is not None and view.alert.subject == "customer":
        said = safe.escaped(reasons.told(words, view.recovery_reason or ""), 60, 120)
        details.append(words.say("customer-back", said=said, when=dates.instant(words, view.recovered_at)))
    elif view.recovered_at is not None:
        details.append(words.say("normal-since", when=dates.instant(words, view.recovered_at)))
    details.append(phrases.link(view, setting))
    below = _context(view, "note", " · ".join(part for part in details if part))
    return Card(summary(view, setting), (_section(view, "closed", lines), below, *_actions(view, now, setting)))


def _handed_over(view: CaseView, setting: Setting) -> Card:
    words, owner = setting.words, phrases.name(view.owner, setting)
    state = about.state_name(words, view.state, view.alert.subject)
    told = {"owner": owner, "state": state, "matter": phrases.matter(view, words)}
    text = words.say("handed-over", case=f"C-{view.id}", **told)
    linked = words.say("handed-over", case=phrases.link(view, setting), **told)
    return Card(text, (_section(view, "moved", linked),))


def _actions(view: CaseView, now: datetime, setting: Setting) -> list[Block]:
    """The buttons, or nothing where the reader can do nothing."""
    acted = card_buttons.Acted(
        id=view.id,
        version=view.version,
        state=view.state,
        subject=view.alert.subject,
        recovered=view.recovered_at is not None,
        acknowledge_by=view.acknowledge_by,
        closed_at=view.closed_at,
    )
    around = circle(setting.loop, view.receiver, view.owner)
    found = card_buttons.elements(setting.words, acted, around, setting.reader, now, _looks(view))
    return [{"type": "actions", "block_id": _block_id(view, "act"), "elements": found}] if found else []


def _looks(view: CaseView) -> tuple[Look, ...]:
    """What can be looked at besides: the whole answer where the card shows a part of it, and why it came here."""
    said = view.alert.comment if about.speaks_for_itself(view.alert) else None
    return ("answer", "why") if said is not None and not safe.is_whole(said) else ("why",)


def _section(view: CaseView, name: str, text: str) -> Block:
    return {"type": "section", "block_id": _block_id(view, name), "text": _said(text)}


def _context(view: CaseView, name: str, text: str) -> Block:
    return {"type": "context", "block_id": _block_id(view, name), "elements": [_said(text)]}


def _said(text: str) -> Block:
    """Verbatim: a bare address or ``@here`` in a customer's words would otherwise become a link or a mention."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _block_id(view: CaseView, name: str) -> str:
    """New for every version, as Slack asks for a message that is updated."""
    return f"{name}:{view.id}:{view.version}"
