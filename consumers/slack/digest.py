"""What time has to say to people: the morning's list, and a word before and after a promise breaks. Pure."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from consumers.slack import phrases
from consumers.slack.case_view import CaseView, Setting
from consumers.slack.render import Block, Card
from schemas.alerts import Severity
from schemas.words import dates, standing
from schemas.words.catalogue import Words

GATHERED = "gathered"
"""The outbox's kind of a list that is no morning's."""
MAX_LINES = 20
LINES_A_BLOCK = 8
"""So that a block stays below Slack's 3,000 characters."""

_URGENCY = {
    "contact_overdue": 0,
    "overdue": 0,
    "lease_expired": 0,
    "due_contact": 1,
    "due_acknowledge": 1,
    "card": 2,
    "reopen": 2,
    "wake": 3,
}
"""The order of the list: broken promises, those about to break, what is new, what is awake again."""
OCCASIONS = tuple(what for what in _URGENCY if what != "card")
"""The short messages that a list can tell of."""
_SEVERITIES: tuple[Severity, ...] = ("critical", "high", "normal")


class Entry(Struct, frozen=True):
    """One case in the list: what is new about it (``card``, or the occasion of a reminder), and to whom it was said."""

    case: int
    what: str
    of: str


def digest(entries: Sequence[Entry], views: Mapping[int, CaseView], setting: Setting, *, morning: bool = True) -> Card:
    """The list of what waited, each case once, the most urgent first, each with its number as a link.

    Somebody who gets the list of a colleague is told whose it is. It greets in the ``morning``; otherwise it stands for
    short messages that came too fast.
    """
    order = ranked(entries, views)
    lines = [_line(views[case], what, setting) for case, what in order[:MAX_LINES]]
    if len(order) > MAX_LINES:
        more = setting.words.say("home-more", n=len(order) - MAX_LINES)
        lines.append(f"… {more}: <{setting.public_url}/cases|{setting.words.say('home-all')}>")
    if morning:
        head = _head(len(order), {entry.of for entry in entries}, setting)
    else:
        head = setting.words.say("gathered-head", n=len(order))
    blocks: list[Block] = [_section("head", f"*{head}*")]
    for number, start in enumerate(range(0, len(lines), LINES_A_BLOCK)):
        blocks.append(_section(f"list{number}", "\n".join(lines[start : start + LINES_A_BLOCK])))
    return Card(head, tuple(blocks))


def ranked(entries: Sequence[Entry], views: Mapping[int, CaseView]) -> list[tuple[int, str]]:
    """Each case that there is a view of once, with the most urgent that is new about it; the most urgent first."""
    chosen: dict[int, str] = {}
    for entry in sorted(entries, key=lambda entry: _URGENCY.get(entry.what, 2)):
        if entry.case in views:
            chosen.setdefault(entry.case, entry.what)
    order = sorted(chosen, key=lambda case: _rank(views[case], chosen[case]))
    return [(case, chosen[case]) for case in order]


def said_of(what: str, words: Words) -> str:
    """What is new about a case, in a few words."""
    return words.say(f"digest-{what}") if what in _URGENCY else words.say("digest-card")


def nudge(view: CaseView, occasion: str, setting: Setting) -> Card | None:
    """A short message before a promise breaks, or that the customer was not contacted; ``None`` for other occasions."""
    words = setting.words
    told = {"case": phrases.link(view, setting), "matter": phrases.matter(view, words)}
    if occasion == "due_acknowledge" and view.acknowledge_by is not None:
        return Card(words.say("nudge-acknowledge", when=dates.instant(words, view.acknowledge_by), **told))
    if occasion == "due_contact" and view.contact_by is not None:
        return Card(words.say("nudge-contact", when=dates.instant(words, view.contact_by), **told))
    if occasion == "contact_overdue":
        return Card(words.say("nudge-contact-overdue", owner=phrases.name(view.owner, setting), **told))
    return None


def _rank(view: CaseView, what: str) -> tuple[int, int, float, int]:
    due = view.contact_by or view.acknowledge_by or view.opened_at
    return _URGENCY.get(what, 2), _SEVERITIES.index(view.severity), due.timestamp(), view.id


def _line(view: CaseView, what: str, setting: Setting) -> str:
    words = setting.words
    parts = [f"{standing.urgency_sign(view)} *{phrases.who(view.alert, words)}*", phrases.what(view, words)]
    if view.severity != "normal":
        parts.append(words.say(f"severity-{view.severity}"))
    parts.append(said_of(what, words))
    due = phrases.due(view, words)
    if due is not None:
        parts.append(due[0])
    return " · ".join([*parts, phrases.link(view, setting)])


def _head(count: int, people: set[str], setting: Setting) -> str:
    others = sorted(people - {setting.reader or ""})
    if not others:
        return setting.words.say("digest-mine", n=count)
    names = ", ".join(phrases.name(person, setting) for person in others)
    return setting.words.say("digest-others", n=count, people=names)


def _section(name: str, text: str) -> Block:
    return {"type": "section", "block_id": f"digest:{name}", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
