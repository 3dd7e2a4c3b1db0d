"""What an e-mail says about a case, or about each case of a morning's list, in its reader's language. Pure.

It is plain text: nothing that a customer wrote can format, link or disguise anything in it, and none of it stands in
the subject.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from msgspec import Struct

from consumers.slack.case_view import CaseView, Setting
from consumers.slack.digest import GATHERED, Entry, ranked, said_of
from schemas.roll_ups import ROLL_UP
from schemas.words import about, promises
from schemas.words import safe_text as safe
from schemas.words.catalogue import Words
from schemas.working_time import calendar_of

COMMENT_CHARACTERS = 1_000
NAME_CHARACTERS = 90


class Envelope(Struct, frozen=True):
    """From whom an e-mail comes, who gets it, and what its subject begins with."""

    sender: str
    recipient: str
    prefix: str


def letter(
    outbox_id: str, view: CaseView, occasion: str, setting: Setting, envelope: Envelope, now: datetime
) -> EmailMessage:
    """About one case: a card, or the occasion of a reminder."""
    words, alert = setting.words, view.alert
    severity = words.say(f"severity-{view.severity}")
    lead = about.lead(words, alert, page=view.page)
    news = lead if occasion == "card" else said_of(occasion, words)
    facts = [severity, about.state_name(words, view.state, alert.subject)]
    comment = safe.tidy(alert.comment or "")[:COMMENT_CHARACTERS]
    lines = [
        _told(view, occasion, lead, setting),
        "",
        " · ".join([*facts, *_due(view, setting)]),
        words.say("rule", rule=alert.rule),
        _url(view, setting),
        "",
        *([*(f"> {line}" for line in comment.splitlines()), ""] if comment else []),
    ]
    return _message(outbox_id, f"C-{view.id} ({severity}): {news}", lines, setting, envelope, now)


def list_letter(
    outbox_id: str,
    kind: str,
    entries: Sequence[Entry],
    views: Mapping[int, CaseView],
    setting: Setting,
    envelope: Envelope,
    now: datetime,
) -> EmailMessage:
    """About every case of a list (``kind``: a morning's, another one, a roll-up), in the order of Slack's."""
    words, order = setting.words, ranked(entries, views)
    others = sorted({entry.of for entry in entries} - {setting.reader or ""})
    head = words.say("digest-mine", n=len(order))
    if others:
        people = ", ".join(_name(person, setting) for person in others)
        head = words.say("digest-others", n=len(order), people=people)
    if kind == ROLL_UP:
        head = words.say("roll-up-head", n=len(order))
    elif kind == GATHERED:
        head = words.say("gathered-head", n=len(order))
    lines = [head, ""]
    for case, what in order:
        view = views[case]
        loud = f" ({words.say(f'severity-{view.severity}')})" if view.severity != "normal" else ""
        news = " · ".join([f"{said_of(what, words)}{loud} – {_matter(view, words)}", *_due(view, setting)])
        lines += [f"- C-{case} {news}", f"  {_url(view, setting)}"]
    return _message(outbox_id, head, [*lines, ""], setting, envelope, now)


def _message(
    outbox_id: str, subject: str, lines: Sequence[str], setting: Setting, envelope: Envelope, now: datetime
) -> EmailMessage:
    """The Message-ID is the message's own: a repeat is the same message."""
    message = EmailMessage()
    message["From"] = envelope.sender
    message["To"] = envelope.recipient
    message["Subject"] = f"{envelope.prefix} {subject}".strip()
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{outbox_id}@{envelope.sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join([*lines, setting.words.say("mail-why")]))
    message["Content-Language"] = setting.words.language
    return message


def _told(view: CaseView, occasion: str, lead: str, setting: Setting) -> str:
    """The first sentence: what happened to the case, as Slack would have said it."""
    words, told = setting.words, {"case": f"C-{view.id}", "matter": _matter(view, setting.words)}
    owner = _name(view.owner, setting)
    if occasion == "card":
        return words.say("summary", lead=lead, matter=told["matter"], owner=owner)
    if occasion == "due_acknowledge" and view.acknowledge_by is not None:
        return words.say("nudge-acknowledge", when=_instant(view.acknowledge_by, setting), **told)
    if occasion == "due_contact" and view.contact_by is not None:
        return words.say("nudge-contact", when=_instant(view.contact_by, setting), **told)
    metric = view.alert.subject == "metric"
    message = {
        "contact_overdue": "nudge-contact-overdue",
        "wake": "reminder-wake",
        "reopen": "reminder-reopen",
        "taken_over": "reminder-taken-over",
        "lease_expired": "reminder-metric-lease-expired" if metric else "reminder-lease-expired",
    }
    return words.say(message.get(occasion, "reminder-overdue"), owner=owner, **told)


def _matter(view: CaseView, words: Words) -> str:
    who = about.who(words, view.alert.subject, view.alert.customer_id)
    what = about.what(words, view.alert.subject, view.alert)
    return f"{_short(who)} – {_short(what)}"


def _due(view: CaseView, setting: Setting) -> list[str]:
    found = promises.due(setting.words, view, view.alert.subject, lambda _words, moment: _instant(moment, setting))
    return [] if found is None else [found[0]]


def _instant(moment: datetime, setting: Setting) -> str:
    """A date and time in the reader's own zone and language, with the zone, as no program sets it right for them."""
    calendar = calendar_of(setting.loop, setting.reader) if setting.reader is not None else None
    zone = calendar.zone if calendar is not None else "UTC"
    local, locale = moment.astimezone(UTC if calendar is None else ZoneInfo(zone)), setting.words.language
    text = f"{format_date(local, 'medium', locale)}, {format_time(local.timetz(), 'short', locale=locale)}"
    return f"{safe.one_line(text)} ({zone})"


def _name(person: str | None, setting: Setting) -> str:
    if person is None:
        return setting.words.say("nobody-yet")
    known = setting.loop.people.get(person)
    if known is not None:
        return _short(known.name)
    return setting.words.say("colleague") if person.startswith("slack:") else _short(person)


def _short(text: str) -> str:
    return safe.cut(safe.one_line(text), NAME_CHARACTERS)


def _url(view: CaseView, setting: Setting) -> str:
    return f"{setting.public_url}/cases/{view.id}"
