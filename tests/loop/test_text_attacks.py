"""What strangers write reaches every surface of Slack and pings nobody, leads nowhere, breaks no block and no log line.

The judge is the sandbox's own rules, not the loop's: `closeloop.sandbox.rules` knows nothing of cards.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec import structs

from closeloop.sandbox import rules
from consumers.slack.case_view import CaseView, LastStep, setting_at
from consumers.slack.digest import Entry, digest, nudge
from consumers.slack.message_rules import check_message
from consumers.slack.render import Card, card, plain_card, reminder
from consumers.slack.roll_up_card import roll_up_card
from consumers.slack.roll_ups import RollUpView
from gateway.case_shapes import AlertShown, Case, HistoryEntry
from gateway.slack.home import Place, home_view
from gateway.slack.modals import answer_view, dialog, notice_view, why_view
from gateway.slack.notices import Reader, denial_notice, refusal_notice
from gateway.slack.payloads import DialogState
from schemas.cases import CaseState, UserAction
from schemas.config import Loop
from schemas.tables import CaseRow
from schemas.words.catalogue import words_in
from tests.consumers.alerts import LOOP, NOW, an_alert
from tests.loop.text_attacks import ATTACKS

CONSOLE = "https://loop.example"
STATES: tuple[CaseState, ...] = ("open", "acknowledged", "contacted", "snoozed", "resolved", "dismissed")
DIALOGS: tuple[UserAction, ...] = ("acknowledge", "contact", "resolve", "reassign", "snooze", "dismiss", "reopen")
OCCASIONS = ("wake", "reopen", "lease_expired", "overdue")
NUDGES = ("due_contact", "due_acknowledge", "contact_overdue")
_DIRECTION = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def a_loop(name: str) -> Loop:
    """The tests' loop.yaml with a person of that name: names come from people too."""
    people = {key: structs.replace(person, name=name[:256]) for key, person in LOOP.people.items()}
    return structs.replace(LOOP, people=people)


def a_view(said: str, state: CaseState) -> CaseView:
    """A case that says `said` wherever somebody's words can stand, as long as the wire lets them be there."""
    short = said[:256] or "x"
    alert = an_alert(
        comment=said,
        customer_id=short,
        touchpoint=short,
        channel=short,
        language=short,
        reason=said[:1000],
        rule=short.encode(errors="replace").decode(),
        attributes={said[:64]: said[:1024], "region": said[:1024], "points": 10**60},
    )
    step = LastStep(action="contact", actor=short, at=NOW, note=said[:3000], channel=short)
    return CaseView(
        id=17,
        version=3,
        state=state,
        severity="normal",
        receiver="default",
        owner="ana",
        opened_at=NOW,
        acknowledged_at=None,
        contacted_at=None,
        closed_at=NOW,
        snoozed_until=NOW + timedelta(hours=1),
        acknowledge_by=NOW + timedelta(hours=1),
        contact_by=NOW + timedelta(hours=4),
        resolve_by=NOW + timedelta(days=2),
        root_cause=None,
        resolution_note=said[:3000],
        answer_count=2,
        alert=alert,
        last=step,
        contact=step,
    )


def a_roll_up(said: str, states: tuple[CaseState, ...], incident: int | None) -> RollUpView:
    """A full roll-up of such cases: of an incident, what they share says it too."""
    views = [structs.replace(a_view(said, states[number % len(states)]), id=number) for number in range(1, 41)]
    return RollUpView(
        id=1, version=3, destination="#cx", incident=incident, since=NOW, states={"open": 90, "resolved": 10},
        shared={"touchpoint": said[:256], "attributes.region": said[:1024]}, cases=tuple(views),
    )  # fmt: skip


def a_case(said: str) -> Case:
    """The same as the API has it."""
    short = said[:256]
    alert = msgspec.to_builtins(a_view(said, "open").alert)
    entry = HistoryEntry(
        version=3, action="contact", from_state="open", to_state="contacted", at=NOW, actor="bob", actor_name=short,
        via="slack", detail={"note": said[:3000], "channel": short},
    )  # fmt: skip
    return Case(
        id=17, version=3, customer_id=short, programme="feedback", state="contacted", severity="normal", receiver=short,
        owner=short, owner_name=short, opened_at=NOW, updated_at=NOW, acknowledged_at=NOW, contacted_at=NOW,
        closed_at=None, snoozed_until=None, lease_until=None, acknowledge_by=NOW, contact_by=NOW, resolve_by=None,
        root_cause=None, resolution_note=said[:3000], answer_count=1, latest_alert=msgspec.convert(alert, AlertShown),
        touchpoint=short, attributes={}, actions=("contact",), events=[entry],
    )  # fmt: skip


def a_row(said: str) -> CaseRow:
    """The same as the table has it."""
    alert = msgspec.to_builtins(a_view(said, "open").alert)
    return CaseRow(
        id=17, version=3, subject="customer", customer_id=said[:256], programme="feedback", state="open", page=True,
        severity="normal", receiver="default", owner="ana", opened_at=NOW, updated_at=NOW, acknowledge_by=NOW,
        contact_by=NOW, resolve_by=NOW, snoozed_until=None, answer_count=1, latest_alert=alert,
    )  # fmt: skip


def cards(said: str, states: tuple[CaseState, ...]) -> Iterator[tuple[str, Card]]:
    """Every message that the sender posts of these words."""
    setting = setting_at(a_loop(said), CONSOLE, "#cx")
    for state in states:
        view = a_view(said, state)
        silent = structs.replace(view, alert=structs.replace(view.alert, score=None))
        metric = structs.replace(silent, alert=structs.replace(silent.alert, subject="metric"), recovery_reason=said)
        back = structs.replace(metric, recovered_at=NOW)
        for name, one in (("answer", view), ("silence", silent), ("metric", metric), ("metric, back", back)):
            yield f"card of an {name}, {state}", card(one, NOW, setting)
        yield f"plain card, {state}", plain_card(view, setting)
    view = a_view(said, states[0])
    for occasion in OCCASIONS:
        yield f"reminder, {occasion}", reminder(view, occasion, setting)
    for occasion in NUDGES:
        told = nudge(view, occasion, setting)
        if told is not None:
            yield f"nudge, {occasion}", told
    yield "handed over", card(view, NOW, structs.replace(setting, reader="bob"))
    for incident in (None, 3):
        yield f"roll-up of {incident}", roll_up_card(a_roll_up(said, states, incident), setting)
    yield "digest", digest([Entry(17, "overdue", said)], {17: view}, setting)


def notices(said: str) -> Iterator[tuple[str, str]]:
    """What one person is told, with names of colleagues that say this."""
    stranger = Reader(words=words_in("en"), actor="slack:U0X", user="U0X")
    known = structs.replace(stranger, actor="bob")
    case = a_case(said)
    yield "refusal", refusal_notice(stranger, "not_allowed", case, None, NOW)
    yield "stale", refusal_notice(known, "stale", case, None, NOW)
    yield "denial", denial_notice(known, a_loop(said), structs.replace(case, receiver="default"), "dismiss", NOW)


def views(said: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every dialog that is made of these words."""
    case, words, state = a_case(said), words_in("en"), DialogState(17, 3, "C0123456789", "1700000000.000100")
    for action in DIALOGS:
        yield action, dialog(words, action, case, state, NOW)
    yield "answer", answer_view(words, case)
    yield "why", why_view(words, case)
    place = Place(public_url=CONSOLE, environment=said[:60], version="0.1.0")
    yield "home", home_view(words, a_loop(said), "ana", [a_row(said)], False, NOW, place)
    reader = Reader(words=words, actor="bob", user="U0BOB")
    yield "notice", notice_view(words, refusal_notice(reader, "stale", case, None, NOW))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)


def unfit(value: Any) -> list[str]:
    """Characters that no surface may carry: controls, halves of surrogates, direction overrides."""
    found = {
        character
        for part in strings(value)
        for character in part
        if (unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t") or character in _DIRECTION
    }
    return [f"U+{ord(character):04X}" for character in sorted(found)]


def elsewhere(text: str, blocks: list[dict[str, Any]]) -> list[str]:
    """Where a message leads other than to the console; it is sent with `parse` "none"."""
    return [address for address in rules.links(text, blocks, "none") if not address.startswith(f"{CONSOLE}/")]


@pytest.mark.parametrize("kind", ATTACKS)
def test_no_message_pings_links_or_breaks(kind: str) -> None:
    for number, said in enumerate(ATTACKS[kind]):
        shown = (STATES[number % len(STATES)],) if kind == "floods" else (STATES[number % 3], STATES[3 + number % 3])
        for name, drawn in cards(said, shown):
            where = f"{name}: {said[:60]!r}"
            blocks = json.loads(json.dumps(drawn.blocks))
            rules.check_message(drawn.text, blocks)
            assert check_message(drawn) == [], f"the sender would send text alone, {where}"
            assert len(drawn.text) <= 4000, where
            assert rules.mentions(drawn.text, blocks) == [], where
            assert rules.mentions(drawn.text, []) == [], f"as a notification, {where}"
            assert elsewhere(drawn.text, blocks) == [], where
            assert elsewhere(drawn.text, []) == [], f"as a notification, {where}"
            assert unfit([drawn.text, blocks]) == [], where


@pytest.mark.parametrize("kind", ATTACKS)
def test_no_dialog_or_notice_pings_links_or_breaks(kind: str) -> None:
    for said in ATTACKS[kind]:
        for name, view in views(said):
            where = f"{name}: {said[:60]!r}"
            rules.check_view(json.loads(json.dumps(view)), view["type"])
            assert rules.mentions("", view["blocks"]) == [], where
            # verbatim or plain throughout: a view has no `parse` to fall back on
            found = [address for address in rules.links("", view["blocks"]) if not address.startswith(f"{CONSOLE}/")]
            assert found == [], where
            assert unfit(view) == [], where
        for name, text in notices(said):
            where = f"{name}: {said[:60]!r}"
            rules.check_message(text, None)
            assert rules.mentions(text, []) == [], where
            assert elsewhere(text, []) == [], where
            assert unfit(text) == [], where


def test_the_owner_alone_is_pinged_whatever_was_said() -> None:
    for said in itertools.chain(ATTACKS["mentions"], ATTACKS["broadcasts"]):
        drawn = card(a_view(said, "open"), NOW, setting_at(LOOP, CONSOLE, "#cx", mention="U0ANA"))
        assert rules.mentions(drawn.text, list(drawn.blocks)) == ["U0ANA"], said


def test_there_are_enough_attacks_and_the_judge_would_see_them() -> None:
    every = [said for of_kind in ATTACKS.values() for said in of_kind]
    assert len(set(every)) >= 200
    raw = {said for said in every if rules.mentions(said, []) or rules.links(said, []) or unfit(said)}
    assert len(raw) > 80, "sent as they are these would ping, lead somewhere or carry what no surface may"
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "<!channel> https://evil.example"}}
    assert rules.mentions("", [section]) == ["!channel"]
    assert elsewhere("", [section]) == ["https://evil.example"]


_LOGGING = """
import json, logging, sys
import structlog
from closeloop.logs import configure_logs
configure_logs("info")
for said in json.load(sys.stdin):
    structlog.get_logger("consumers").warning("card_refused", detail=said)
    logging.getLogger("kafka").warning("topic %s", said)
    try:
        raise ValueError(said)
    except ValueError:
        structlog.get_logger("gateway").exception("failed")
"""


def test_no_log_line_is_broken_in_two() -> None:
    every = [said for of_kind in ATTACKS.values() for said in of_kind]
    done = subprocess.run(
        [sys.executable, "-c", _LOGGING], input=json.dumps(every).encode(), capture_output=True, check=True
    )
    assert done.stdout == b""
    lines = done.stderr.decode().split("\n")[:-1]
    assert len(lines) == 3 * len(every)
    for said, line in zip(every, lines[::3], strict=True):
        told = json.loads(line)
        assert (told["event"], told["level"], told["detail"]) == ("card_refused", "warning", said)
    assert all(json.loads(line)["level"] in ("warning", "error") for line in lines)
    assert not any(separator in done.stderr for separator in (b"\r", b"\x1b", b"\x85", b"\xe2\x80\xa8", b"\x00"))
