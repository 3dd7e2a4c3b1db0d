"""Who may do what: the table as the design writes it down, held against the code cell by cell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
import pytest

from schemas import card_buttons
from schemas.cases import CaseState, UserAction, after
from schemas.config import Loop
from schemas.permissions import MATRIX, Deed, Situation, circle, may, roles, situation, who_may
from schemas.words.catalogue import words_in

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LOOP = msgspec.convert(
    {
        "people": {
            name: {"name": name.title(), "email": f"{name}@shop.example"}
            for name in ("own", "mem", "led", "any", "per", "man")
        },
        "teams": {
            "care": {"members": ["own", "mem"], "lead": "led", "manager": "man"},
            "flat": {"members": ["own", "mem"]},
        },
        "receivers": {
            "desk": {"team": "care", "channel": "#cx"},
            "flat": {"team": "flat", "channel": "#cx"},
            "one": {"person": "per", "channel": "#cx"},
        },
        "route": {"receiver": "desk"},
    },
    Loop,
)
PEOPLE = {"owner": "own", "member": "mem", "lead": "led", "anybody": "any", "stranger": "slack:U1"}
ALL, TEAM, OWNER, OWNER_LEAD, LEAD, NOBODY = "omla", "oml", "o", "ol", "l", ""
"""Owner, (other) member, lead, anybody else of loop.yaml."""
DEEDS: tuple[Deed, ...] = (
    "acknowledge",
    "take_over",
    "contact",
    "resolve",
    "snooze",
    "wake",
    "reassign",
    "reopen",
    "dismiss",
    "silence",
)
TABLE: dict[Situation, tuple[str, ...]] = {
    "open": (TEAM, NOBODY, ALL, ALL, OWNER_LEAD, NOBODY, ALL, NOBODY, LEAD, LEAD),
    "overdue": (TEAM, NOBODY, ALL, ALL, LEAD, NOBODY, LEAD, NOBODY, LEAD, LEAD),
    "acknowledged": (NOBODY, TEAM, OWNER, OWNER_LEAD, OWNER, NOBODY, OWNER_LEAD, NOBODY, LEAD, LEAD),
    "contacted": (NOBODY, NOBODY, TEAM, OWNER_LEAD, OWNER, NOBODY, OWNER_LEAD, NOBODY, LEAD, LEAD),
    "snoozed": (TEAM, NOBODY, ALL, ALL, OWNER_LEAD, TEAM, ALL, NOBODY, LEAD, LEAD),
    "closed": (NOBODY, NOBODY, TEAM, NOBODY, NOBODY, NOBODY, NOBODY, ALL, NOBODY, NOBODY),
}


@pytest.mark.parametrize("where", get_args(Situation))
def test_every_cell_of_the_table(where: Situation) -> None:
    around = circle(LOOP, "desk", "own")
    for deed, wanted in zip(DEEDS, TABLE[where], strict=True):
        for letter, role in zip("omla", ("owner", "member", "lead", "anybody"), strict=True):
            assert may(deed, where, roles(around, PEOPLE[role])) == (letter in wanted), (deed, role)
        assert not may(deed, where, roles(around, PEOPLE["stranger"]))
        named = who_may(deed, where, around)
        letters = [letter for letter, person in zip("oml", ("own", "mem", "led"), strict=True) if person in named]
        assert "".join(letters) == ("" if wanted == ALL else wanted), deed


def test_where_a_lead_or_an_owner_is_missing_somebody_else_decides() -> None:
    assert "lead" in roles(circle(LOOP, "flat", "own"), "own")
    assert "lead" not in roles(circle(LOOP, "flat", "own"), "mem")
    assert roles(circle(LOOP, "desk", None), "mem") == {"anybody", "member", "owner"}
    assert roles(circle(LOOP, "one", None), "per") == {"anybody", "member", "owner", "lead"}
    assert roles(circle(LOOP, "gone", "any"), "any") == {"anybody", "member", "owner", "lead"}


@pytest.mark.parametrize("where", get_args(Situation))
def test_a_manager_silences_and_does_what_anybody_does(where: Situation) -> None:
    around = circle(LOOP, "desk", "own")
    assert roles(around, "man") == {"anybody", "manager"}
    able = {deed for deed in DEEDS if may(deed, where, roles(around, "man"))}
    anybody = {deed for deed in DEEDS if may(deed, where, roles(around, "any"))}
    assert able - anybody == ({"silence"} if where != "closed" else set())


@pytest.mark.parametrize("reader", [None, "own", "mem", "led", "man", "any"])
@pytest.mark.parametrize("state", get_args(CaseState))
def test_the_menu_offers_a_silence_to_who_leads(state: CaseState, reader: str | None) -> None:
    closed = state in ("resolved", "dismissed")
    case = card_buttons.Acted(
        id=1, version=1, state=state, subject="customer", recovered=False, acknowledge_by=None,
        closed_at=NOW if closed else None,
    )  # fmt: skip
    drawn = card_buttons.elements(words_in("en"), case, circle(LOOP, "desk", "own"), reader, NOW, ("answer", "why"))
    menu = [
        option["text"]["text"] for element in drawn if element["type"] == "overflow" for option in element["options"]
    ]
    assert ("Silence alike…" in menu) == (not closed and reader in (None, "led", "man"))


def test_an_open_case_is_overdue_from_the_moment_at_which_it_was_to_be_taken() -> None:
    assert situation("open", NOW, NOW - timedelta(seconds=1)) == "open"
    assert situation("open", NOW, NOW) == "overdue"
    assert situation("open", None, NOW) == "open"
    assert situation("acknowledged", NOW, NOW) == "acknowledged"
    assert situation("dismissed", NOW, NOW) == "closed"


@pytest.mark.parametrize("state", get_args(CaseState))
@pytest.mark.parametrize("reader", [None, *PEOPLE.values()])
@pytest.mark.parametrize("due", [NOW, NOW + timedelta(hours=1)])
def test_buttons_show_what_the_server_would_take_and_nothing_else(
    state: CaseState, reader: str | None, due: datetime
) -> None:
    case = card_buttons.Acted(
        id=1, version=1, state=state, subject="customer", recovered=False, acknowledge_by=due,
        closed_at=NOW if state in ("resolved", "dismissed") else None,
    )  # fmt: skip
    around = circle(LOOP, "desk", "own")
    where = situation(state, due, NOW)
    readers = [reader] if reader is not None else ["own", "mem", "led", "any"]
    held = [roles(around, one) for one in readers]
    expected: set[str] = {
        action
        for action in get_args(UserAction)
        if after(action, state) is not None and any(may(action, where, one) for one in held)
    }
    if state == "acknowledged" and any(may("take_over", where, one) for one in held) and reader != "own":
        expected.add("acknowledge")
    offered = card_buttons.wishes(case, around, reader, NOW)
    assert set(offered) == expected
    drawn = card_buttons.elements(words_in("en"), case, around, reader, NOW, ("answer", "why"))
    assert len(drawn) <= 5
    assert all(len(element.get("options", [])) <= 5 for element in drawn)


def test_a_case_that_was_closed_long_ago_is_not_reopened() -> None:
    case = card_buttons.Acted(
        id=1, version=1, state="resolved", subject="customer", recovered=False, acknowledge_by=None, closed_at=NOW,
    )  # fmt: skip
    around = circle(LOOP, "desk", "own")
    assert card_buttons.wishes(case, around, "any", NOW + timedelta(days=30)) == ("reopen",)
    assert card_buttons.wishes(case, around, "any", NOW + timedelta(days=30, seconds=1)) == ()


def test_the_table_names_actions_alone() -> None:
    known = {*get_args(UserAction), "take_over", "silence"}
    assert {deed for row in MATRIX.values() for deed in row} <= known
