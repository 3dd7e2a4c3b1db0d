"""The phrases of a card: who and what, what is promised, what happened last. Pure; escaped for Slack's mrkdwn."""

from datetime import datetime

from consumers.slack.case_view import CaseView, LastStep, Setting, Silenced
from schemas.alerts import Alert
from schemas.cases import CONTACT_CHANNELS
from schemas.words import about, dates, promises
from schemas.words import safe_text as safe
from schemas.words.catalogue import Words


def sentence(text: str) -> str:
    """With a capital letter in front."""
    return text[:1].upper() + text[1:]


def who(alert: Alert, words: Words) -> str:
    """The customer, or the series."""
    return safe.escaped(about.who(words, alert.subject, alert.customer_id), room(alert), 2 * room(alert))


def room(alert: Alert) -> int:
    """How many characters a name may have: that of a series tells several values, and its matter is short."""
    return 90 if alert.subject == "metric" else 60


def matter(view: CaseView, words: Words) -> str:
    """Who and what in one phrase."""
    return f"{who(view.alert, words)} – {what(view, words)}"


def what(view: CaseView, words: Words) -> str:
    """What happened to them."""
    return safe.escaped(about.what(words, view.alert.subject, view.alert), 60, 120)


def due(view: CaseView, words: Words) -> tuple[str, datetime] | None:
    """What is promised next, in words with its time, and the time."""
    return promises.due(words, view, view.alert.subject)


def steps(view: CaseView, setting: Setting) -> list[str]:
    """The newest contact where there was one, and what happened last."""
    parts = [contacted(view.contact, setting)] if view.contact is not None else []
    if view.last is not None:
        told = _step(view.last, view.owner, setting, metric=view.alert.subject == "metric")
        parts += [told] if told else []
    return parts


def contacted(contact: LastStep, setting: Setting) -> str:
    """How and when the customer was contacted, and what was said."""
    words, how = setting.words, contact.channel
    when = dates.instant(words, contact.at)
    said = words.say("step-contact", when=when)
    if how:
        # A way that the dialog asks for is known to the catalogue by its code; others come through the API.
        named = how if how in CONTACT_CHANNELS else safe.escaped(how, 30, 60)
        said = words.say("step-contact-how", how=named, when=when)
    note = safe.escaped(contact.note or "", 160, 320)
    return words.say("matter-said", matter=said, said=note) if note else said


def outcome(view: CaseView, setting: Setting) -> str:
    """How the case ended, and who ended it."""
    words, metric = setting.words, view.alert.subject == "metric"
    state = about.state_name(words, view.state, view.alert.subject)
    if view.last is None:
        return state
    actor = name(view.last.actor, setting)
    if view.state == "dismissed":
        return words.say("closed-metric-dismissed-by" if metric else "closed-dismissed-by", actor=actor)
    return words.say("closed-by", state=state, actor=actor)


def _step(last: LastStep, owner: str | None, setting: Setting, *, metric: bool) -> str:
    """The step; the owner, who stands at the head of the line, is not named again."""
    words, own = setting.words, last.actor == owner
    actor, when = name(last.actor, setting), dates.instant(words, last.at)
    steps = {
        "acknowledge": words.say("step-acknowledge-owner", when=when)
        if own
        else words.say("step-acknowledge", actor=actor, when=when),
        "lease_expired": words.say("step-metric-lease-expired") if metric else words.say("step-lease-expired"),
        "wake": words.say("step-wake", when=when),
        "reopen": words.say("step-reopen-answered")
        if last.actor == "system"
        else words.say("step-reopen", actor=actor),
        "reassign": words.say("step-reassign", actor=actor),
        "snooze": "" if own else words.say("step-snooze", actor=actor),
    }
    return steps.get(last.action, "")


def silenced(silence: Silenced, words: Words) -> str:
    """That further alerts like this one disturb nobody, until when and why."""
    reason = safe.escaped(silence.reason, 200, 400)
    return f"🔕 {words.say('silenced-until', when=dates.instant(words, silence.until), reason=reason)}"


def link(view: CaseView, setting: Setting) -> str:
    """The case's number, which leads to it in the console."""
    return f"<{setting.public_url}/cases/{view.id}|C-{view.id}>"


def name(person: str | None, setting: Setting) -> str:
    """A name without a ping. A Slack user whom loop.yaml does not know is a colleague, not an id."""
    if person is None:
        return setting.words.say("nobody-yet")
    known = setting.loop.people.get(person)
    if known is not None:
        return safe.escaped(known.name, 60, 120)
    return setting.words.say("colleague") if person.startswith("slack:") else safe.escaped(person, 60, 120)
