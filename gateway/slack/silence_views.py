"""What Slack shows of silences: the dialog of a new one, what came of it, and their part of the App Home. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.case_shapes import AlertShown
from gateway.slack.modals import NOTE, UNTIL, View
from schemas.card_actions import ACTION_PREFIX, END_SILENCE
from schemas.config_base import Scalar
from schemas.matching import ATTRIBUTE, in_words
from schemas.reach import Reach
from schemas.silences import MAX_REASON, Silence
from schemas.words import dates
from schemas.words import safe_text as safe
from schemas.words.catalogue import Words

SILENCE_DIALOG = f"{ACTION_PREFIX}silence"
"""The callback_id of the dialog."""
WHICH = "which"
"""The block_id and action_id of the choice of fields."""
MAX_FIELDS = 10
"""Checkboxes of one input, by Slack's rule."""
MAX_VALUE = 120
"""Characters of a value that can be chosen: all of them have to fit into the dialog's metadata."""
HOURS = 4
"""How far away the end is that the dialog proposes."""
MAX_SHOWN = 5


class SilenceState(Struct, frozen=True, kw_only=True):
    """What the dialog remembers: its case, and what the fields of the case's alert were when it was opened."""

    case: int
    fields: dict[str, Scalar]


class HeldHere(Struct, frozen=True, kw_only=True):
    """A silence as one person sees it: how many cases of their teams wait for it, and whether it is their own."""

    silence: Silence
    held: int
    own: bool


def state_of(case: int, alert: AlertShown) -> SilenceState:
    """What can be chosen of this alert, the likeliest first."""
    named: dict[str, Scalar | None] = {"touchpoint": alert.touchpoint, "rule": alert.rule, "channel": alert.channel}
    named |= {ATTRIBUTE + name: value for name, value in alert.attributes.items()}
    fits = {name: value for name, value in named.items() if value is not None and len(str(value)) <= MAX_VALUE}
    return SilenceState(case=case, fields=dict(list(fits.items())[:MAX_FIELDS]))


def silence_dialog(words: Words, state: SilenceState, now: datetime) -> View:
    """The dialog: which alerts, until when, why."""
    options = [_option(words, name, value) for name, value in state.fields.items()]
    likely = [option for option in options if option["value"] in ("touchpoint", "rule", f"{ATTRIBUTE}region")]
    proposed = int(now.timestamp()) // 3600 * 3600 + HOURS * 3600
    reason = {"type": "plain_text_input", "multiline": True, "max_length": MAX_REASON}
    which = {"type": "checkboxes", "options": options, "initial_options": likely}
    until = {"type": "datetimepicker", "initial_date_time": proposed}
    return {
        "type": "modal",
        "callback_id": SILENCE_DIALOG,
        "private_metadata": msgspec.json.encode(state).decode(),
        "title": _text(words.say("title-silence")),
        "submit": _text(words.say("submit-silence")),
        "close": _text(words.say("title-cancel")),
        "blocks": [
            _input(WHICH, words.say("label-which"), which),
            _input(UNTIL, words.say("label-until"), until) | {"hint": _text(words.say("hint-silence"))},
            _input(NOTE, words.say("label-reason"), reason),
        ],
    }


def silenced_view(words: Words, silence: Silence, fits: Reach) -> View:
    """What the dialog becomes: how much the new silence holds."""
    done = words.say(
        "silence-done",
        name=_name(silence),
        when=dates.instant(words, silence.ends_at),
        cases=fits.open_cases,
        all=fits.of_open_cases,
        alerts=fits.alerts,
        of=fits.of_alerts,
    )
    said = f"{done}\n{words.say('silence-everything')}" if fits.everything else done
    return {
        "type": "modal",
        "title": _text(words.say("title-silenced")),
        "close": _text(words.say("title-close")),
        "blocks": [_section(said)],
    }


def home_blocks(words: Words, names: Mapping[str, str], silences: Sequence[HeldHere]) -> list[View]:
    """The silences that concern somebody, the first to end first; nothing where there are none.

    ``names``: person key to name.
    """
    if not silences:
        return []
    title = {"type": "header", "text": {**_text(words.say("home-silences", n=len(silences))), "emoji": False}}
    blocks: list[View] = [{"type": "divider"}, title]
    for one in sorted(silences, key=lambda one: (one.silence.ends_at, one.silence.id))[:MAX_SHOWN]:
        author = one.silence.created.name
        block = _section(
            words.say(
                "home-silence",
                name=_name(one.silence),
                when=dates.instant(words, one.silence.ends_at),
                who=safe.escaped(names.get(author, author), 60, 120),
                reason=safe.escaped(one.silence.reason, 200, 400),
                n=one.held,
            )
        )
        if one.own:
            block["accessory"] = {
                "type": "button",
                "action_id": END_SILENCE,
                "text": _text(words.say("home-silence-end")),
                "value": str(one.silence.id),
            }
        blocks.append(block)
    return blocks


def _name(silence: Silence) -> str:
    return f"*S-{silence.id}* ({safe.escaped(in_words(silence.matchers), 200, 400)})"


def _option(words: Words, name: str, value: Scalar) -> View:
    if name == "rule":
        label = words.say("rule", rule=safe.plain(str(value), 60))
    else:
        shown = {"touchpoint": words.say("fact-touchpoint"), "channel": words.say("fact-channel")}.get(name)
        of = shown or safe.plain(name.removeprefix(ATTRIBUTE).replace("_", " ").capitalize(), 30)
        label = f"{of}: {safe.plain(_shown(value), 40)}"
    return {"text": _text(safe.cut(label, 75)), "value": safe.cut(name, 150)}


def _shown(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _input(field: str, label: str, element: View) -> View:
    return {"type": "input", "block_id": field, "label": _text(label), "element": {**element, "action_id": field}}


def _text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _section(text: str) -> View:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
