"""What a roll-up says: one message in place of many cards. Pure, like the card itself."""

from typing import Any

from consumers.slack import phrases
from consumers.slack.case_view import CaseView, Setting
from consumers.slack.render import Block, Card
from consumers.slack.roll_ups import RollUpView
from schemas.card_actions import RESOLVE_ALL, SHOW_CARD, ResolveAll, ShowCard
from schemas.cases import CLOSED_STATES, CaseState
from schemas.incidents import label
from schemas.words import about, dates
from schemas.words import safe_text as safe

MAX_LINES = 8
LINES_A_BLOCK = 4
"""So that a block stays below Slack's 3,000 characters."""
MAX_CHOICES = 40
MAX_SAID = 60
"""Characters of what a customer said."""

_ORDER: tuple[CaseState, ...] = ("open", "acknowledged", "contacted", "snoozed", "resolved", "dismissed")


def roll_up_card(view: RollUpView, setting: Setting) -> Card:
    """The message: how many and of what, how they stand, the most urgent of them, and a menu for the card of each."""
    words = setting.words
    sign = "✅" if not view.live else "📚" if view.incident is None else "🔥"
    head = safe.cut(f"{sign} {_head(view, setting, plain=True)}", 150)
    blocks: list[Block] = [
        {
            "type": "header",
            "block_id": _block_id(view, "head"),
            "text": {"type": "plain_text", "text": head, "emoji": True},
        },
        _context(view, "states", f"{_states(view, setting)} · {_since(view, setting)}"),
    ]
    lines = [_line(each, setting) for each in view.cases[:MAX_LINES]]
    if view.total > len(lines):
        more = words.say("home-more", n=view.total - len(lines))
        page = "cases" if view.incident is None else f"incidents/{view.incident}"
        lines.append(f"… {more}: <{setting.public_url}/{page}|{words.say('home-all')}>")
    for number, start in enumerate(range(0, len(lines), LINES_A_BLOCK)):
        text = "\n".join(lines[start : start + LINES_A_BLOCK])
        blocks.append({"type": "section", "block_id": _block_id(view, f"list{number}"), "text": _said(text)})
    if view.live:
        why = "roll-up-why" if view.incident is None else "roll-up-why-incident"
        told = [words.say(why)] if setting.reader is None else []
        blocks.append(_context(view, "why", " ".join([*told, words.say("roll-up-stays")])))
        choices = [_choice(view, each, setting) for each in view.cases if each.state not in CLOSED_STATES]
        blocks += _menu(view, choices[:MAX_CHOICES], setting)
    return Card(roll_up_summary(view, setting), tuple(blocks))


def roll_up_summary(view: RollUpView, setting: Setting) -> str:
    """The top-level text, which push notifications show: how many, of what, and how they stand."""
    return f"{_head(view, setting, plain=False)}. {phrases.sentence(_states(view, setting))}."


def _head(view: RollUpView, setting: Setting, *, plain: bool) -> str:
    words = setting.words
    if view.incident is None:
        return words.say("roll-up-head", n=view.total)
    values = ", ".join(str(value) for value in view.shared.values())
    what = safe.plain(values, 80) if plain else safe.escaped(values, 80, 160)
    return words.say("roll-up-incident", incident=label(view.incident), n=view.total, what=what)


def _states(view: RollUpView, setting: Setting) -> str:
    """How many are in which state: ``open: 9 · resolved: 3``."""
    words = setting.words
    counted = [(state, view.states[state]) for state in _ORDER if view.states.get(state)]
    return " · ".join(f"{about.state_name(words, state, 'customer')}: {count}" for state, count in counted)


def _since(view: RollUpView, setting: Setting) -> str:
    return setting.words.say("roll-up-since", when=dates.instant(setting.words, view.since))


def _line(view: CaseView, setting: Setting) -> str:
    """One case: how bad, who, how they put it, whose, and what is promised next, or how it stands."""
    words = setting.words
    loud = f" ({words.say(f'severity-{view.severity}')})" if view.severity != "normal" else ""
    parts = [phrases.matter(view, words)]
    due = phrases.due(view, words) if view.state == "open" else None
    if view.state in CLOSED_STATES:
        parts = [f"~{parts[0]}~"]
    elif view.alert.comment and about.speaks_for_itself(view.alert):
        said = safe.escaped(view.alert.comment, MAX_SAID, 2 * MAX_SAID)
        parts = [words.say("matter-said", matter=parts[0], said=said)]
    if setting.reader is None or setting.reader != view.owner:
        parts.append(phrases.name(view.owner, setting))
    parts.append(due[0] if due is not None else about.state_name(words, view.state, view.alert.subject))
    return f"• {phrases.link(view, setting)}{loud} {' · '.join(parts)}"


def _choice(view: RollUpView, case: CaseView, setting: Setting) -> dict[str, Any]:
    who = safe.plain(about.who(setting.words, case.alert.subject, case.alert.customer_id), 30)
    text = safe.cut(f"C-{case.id} · {who}", 75)
    value = ShowCard(case=case.id, roll_up=view.id).encode()
    return {"text": {"type": "plain_text", "text": text, "emoji": False}, "value": value}


def _menu(view: RollUpView, options: list[dict[str, Any]], setting: Setting) -> list[Block]:
    if not options:
        return []
    placeholder = {"type": "plain_text", "text": setting.words.say("roll-up-show")}
    menu = {"type": "static_select", "action_id": SHOW_CARD, "placeholder": placeholder, "options": options}
    elements: list[dict[str, Any]] = [menu]
    if view.incident is not None:
        text = {"type": "plain_text", "text": setting.words.say("roll-up-resolve-all"), "emoji": True}
        value = ResolveAll(incident=view.incident, mine=setting.reader is not None).encode()
        elements.append({"type": "button", "action_id": RESOLVE_ALL, "text": text, "value": value})
    return [{"type": "actions", "block_id": _block_id(view, "show"), "elements": elements}]


def _context(view: RollUpView, name: str, text: str) -> Block:
    return {"type": "context", "block_id": _block_id(view, name), "elements": [_said(text)]}


def _said(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _block_id(view: RollUpView, name: str) -> str:
    """New for every version, as Slack asks for a message that is updated."""
    return f"{name}:roll_up:{view.id}:{view.version}"
