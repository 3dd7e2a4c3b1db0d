"""What time has to say to people: the morning's list, and a word before and after a promise breaks. Pure."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from consumers.slack import phrases
from consumers.slack.case_view import CaseView, Setting
from consumers.slack.render import Block, Card
from schemas.alerts import Severity
from schemas.words import safe_text as safe

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
_SEVERITIES: tuple[Severity, ...] = ("critical", "high", "normal")
_SAID = {
    "contact_overdue": "overdue: the customer has not been contacted",
    "overdue": "overdue: nobody has taken it",
    "lease_expired": "back in the queue: it was taken and then left",
    "due_contact": "contact the customer",
    "due_acknowledge": "waits for somebody to take it",
    "card": "new",
    "reopen": "open again: another bad answer",
    "wake": "awake again",
}


class Entry(Struct, frozen=True):
    """One case in the list: what is new about it (``card``, or the occasion of a reminder), and to whom it was said."""

    case: int
    what: str
    of: str


def digest(entries: Sequence[Entry], views: Mapping[int, CaseView], setting: Setting) -> Card:
    """The list of what waited, each case once, the most urgent first, each with its number as a link.

    Somebody who gets the list of a colleague is told whose it is.
    """
    chosen: dict[int, str] = {}
    for entry in sorted(entries, key=lambda entry: _URGENCY.get(entry.what, 2)):
        if entry.case in views:
            chosen.setdefault(entry.case, entry.what)
    order = sorted(chosen, key=lambda case: _rank(views[case], chosen[case]))
    lines = [_line(views[case], chosen[case], setting) for case in order[:MAX_LINES]]
    if len(order) > MAX_LINES:
        lines.append(f"… and {len(order) - MAX_LINES} more: <{setting.public_url}/#/cases|all cases>")
    head = _head(len(order), {entry.of for entry in entries}, setting)
    blocks: list[Block] = [_section("head", f"*{head}*")]
    for number, start in enumerate(range(0, len(lines), LINES_A_BLOCK)):
        blocks.append(_section(f"list{number}", "\n".join(lines[start : start + LINES_A_BLOCK])))
    return Card(head, tuple(blocks))


def nudge(view: CaseView, occasion: str, setting: Setting) -> Card | None:
    """A short message before a promise breaks, or that the customer was not contacted; ``None`` for other occasions."""
    link, matter = phrases.link(view, setting), phrases.matter(view, setting.words)
    if occasion == "due_acknowledge" and view.acknowledge_by is not None:
        return Card(f"{link} waits for you: please take it by {safe.instant(view.acknowledge_by)}. {matter}.")
    if occasion == "due_contact" and view.contact_by is not None:
        return Card(f"{link}: please contact the customer by {safe.instant(view.contact_by)}. {matter}.")
    if occasion == "contact_overdue":
        owner = phrases.name(view.owner, setting)
        return Card(f"{link} is overdue: the customer has not been contacted yet (owner: {owner}). {matter}.")
    return None


def _rank(view: CaseView, what: str) -> tuple[int, int, float, int]:
    due = view.contact_by or view.acknowledge_by or view.opened_at
    return _URGENCY.get(what, 2), _SEVERITIES.index(view.severity), due.timestamp(), view.id


def _line(view: CaseView, what: str, setting: Setting) -> str:
    loud = f" ({view.severity})" if view.severity != "normal" else ""
    due = phrases.due(view, setting.words)
    until = f" · {due[0]}" if due is not None else ""
    said = _SAID.get(what, _SAID["card"])
    return f"• {phrases.link(view, setting)} {said}{loud} – {phrases.matter(view, setting.words)}{until}"


def _head(count: int, people: set[str], setting: Setting) -> str:
    matters = "1 case is waiting" if count == 1 else f"{count} cases are waiting"
    others = sorted(people - {setting.reader or ""})
    if not others:
        return f"Good morning: {matters} for you."
    names = ", ".join(phrases.name(person, setting) for person in others)
    return f"Good morning: {matters} for {names}."


def _section(name: str, text: str) -> Block:
    return {"type": "section", "block_id": f"digest:{name}", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
