"""The App Home: what is urgent first, nothing left out unsaid, published when it is opened and when it changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from closeloop.sandbox.rules import check_view, mentions
from gateway.parts import Parts
from gateway.slack.home import Place, home_view, stranger_view, working_hours
from gateway.slack.homes import Homes, want_home
from schemas.case_ledger import Change, act
from schemas.cases import CaseState, UserAction
from schemas.config_owners import Calendar, Language
from schemas.tables import CaseEventRow, CaseRow, SlackUserRow
from schemas.words.catalogue import LANGUAGES, words_in
from tests.gateway.examples import ANA, EVA, STRANGER, alert, configuration, opened

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
PLACE = Place(public_url="https://loop.example", environment="staging <!here>", version="0.1.0")
EN = words_in("en")


def a_case(number: int, state: CaseState = "open", due_in: float = 4, severity: str = "normal", **said: Any) -> CaseRow:
    return CaseRow(
        id=number, version=3, subject="customer", customer_id=said.pop("customer", f"c{number}"), programme="feedback",
        state=state, severity=severity, page=True, receiver="desk", owner="ana", opened_at=NOW, updated_at=NOW,
        acknowledge_by=NOW + timedelta(hours=due_in), contact_by=NOW + timedelta(hours=due_in),
        resolve_by=NOW + timedelta(hours=due_in), snoozed_until=NOW + timedelta(days=1) if state == "snoozed" else None,
        latest_alert=msgspec.to_builtins(alert(number, **said)), answer_count=1,
    )  # fmt: skip


def home(cases: list[CaseRow], language: Language = "en", *, away: bool = False) -> dict[str, Any]:
    return home_view(words_in(language), configuration(), "ana", cases, away, NOW, PLACE)


def lines(view: dict[str, Any]) -> list[str]:
    """The headers and the first line of each case, from top to bottom."""
    return [block["text"]["text"].split("\n")[0] for block in view["blocks"] if block["type"] in ("header", "section")]


def test_cases_stand_in_their_sections_the_most_urgent_first() -> None:
    view = home(
        [
            a_case(1), a_case(2, severity="critical"), a_case(3, due_in=2), a_case(4, due_in=-1), a_case(5, "snoozed"),
            a_case(6, "contacted", due_in=-2, severity="high"),
        ]
    )  # fmt: skip
    check_view(view, "home")
    assert [line.split(" · ")[0] for line in lines(view)] == [
        "Your cases", "Overdue (2)", "🟠 *c6*", "🟡 *c4*", "Open (3)", "🔴 *c2*", "🟡 *c3*", "🟡 *c1*", "Snoozed (1)",
        "🟡 *c5*",
    ]  # fmt: skip
    assert "<https://loop.example/cases/4|C-4>" in lines(view)[3]
    first = next(block for block in view["blocks"] if block["type"] == "actions")
    assert [element["action_id"] for element in first["elements"]] == [
        "case.resolve", "case.contact", "case.snooze", "case.more"
    ]  # fmt: skip
    assert view["blocks"][1]["elements"][0]["text"] == "Your working hours: Mon 09:00–18:00 (Europe/Lisbon)"
    assert view["blocks"][-1]["elements"][0]["text"] == "staging &lt;!here&gt; · closeloop 0.1.0"


@pytest.mark.parametrize("language", LANGUAGES)
def test_more_than_fit_are_counted_and_slack_takes_the_view(language: Language) -> None:
    cases = [a_case(n, "snoozed" if n % 3 == 2 else "open", -4 if n % 3 == 1 else 4) for n in range(66)]
    view = home(cases, language)
    check_view(view, "home")
    told = [block["elements"][0]["text"] for block in view["blocks"] if block["type"] == "context"][1:-1]
    assert len(told) == 3
    assert all(" 12 " in f"{line} " and "https://loop.example/cases|" in line for line in told)


def test_nobody_waits_and_who_is_away_is_told() -> None:
    view = home([], away=True)
    check_view(view, "home")
    assert "Nothing waits" in lines(view)[1]
    assert "away" in view["blocks"][1]["elements"][0]["text"]


def test_what_customers_write_neither_pings_nor_links_nor_formats() -> None:
    nasty = "<!channel> <@U0ANA> <https://evil.example|Click> ``` & \u202e\n> x"
    view = home([a_case(1, comment=nasty, customer=nasty)])
    check_view(view, "home")
    assert mentions("", view["blocks"]) == []
    shown = json.dumps(view, ensure_ascii=False)
    assert "<https://evil" not in shown
    assert "\u202e" not in shown
    assert "`" not in shown


def test_a_week_in_a_line() -> None:
    week = Calendar(
        zone="UTC",
        hours={
            "mon": [("09:00", "18:00")],
            "tue": [("09:00", "18:00")],
            "thu": [("09:00", "12:00"), ("13:00", "15:00")],
        },
    )
    assert working_hours(EN, week) == "Mon – Tue 09:00–18:00; Thu 09:00–12:00, 13:00–15:00"
    assert working_hours(words_in("ru"), week).startswith("пн – вт 09:00–18:00; чт")


def test_a_stranger_learns_how_to_become_known() -> None:
    view = stranger_view(EN, STRANGER, PLACE)
    check_view(view, "home")
    assert STRANGER in lines(view)[0]


class Shown:
    """Takes what is published."""

    def __init__(self) -> None:
        self.views: list[tuple[str, dict[str, Any]]] = []
        self.works = True
        self.homes_moved = asyncio.Event()

    @property
    def calls(self) -> Shown:
        return self

    async def publish_home(self, user: str, view: dict[str, Any]) -> bool:
        self.views.append((user, view))
        return self.works


def test_a_home_is_published_when_opened_and_again_only_when_it_changed(
    make: Callable[..., Parts], database: str
) -> None:
    parts = make(database)
    homes = [Homes(Shown(), parts.readers, parts.writers, parts.loop, parts.settings) for _ in range(2)]
    case = opened(parts.writers)
    assert homes[0].claim(NOW) == []  # nobody has opened theirs
    with parts.writers.begin() as session:
        want_home(session, ANA, NOW)
        want_home(session, STRANGER, NOW)
    first = homes[0].claim(NOW)
    assert {due.user for due in first} == {ANA, STRANGER}
    assert "*c1*" in str(next(due.view for due in first if due.user == ANA))
    assert homes[0].claim(NOW) == []
    assert homes[1].claim(NOW) == []  # another gateway sees that it is published
    with parts.writers.begin() as session:
        act(session, case, "acknowledge", actor="ana", via="api", now=NOW)
    again = homes[0].claim(NOW)
    assert [due.user for due in again] == [ANA]
    assert "acknowledged" in str(again[0].view)
    homes[0]._give_back(again[0])  # Slack did not take it
    assert [due.user for due in homes[1].claim(NOW)] == [ANA]
    with parts.writers.begin() as session:  # opened anew: shown anew, changed or not
        want_home(session, ANA, NOW)
    assert [due.user for due in homes[0].claim(NOW)] == [ANA]
    assert homes[0].claim(NOW + timedelta(days=15)) == []  # nobody has looked for a fortnight


def test_only_those_are_drawn_again_whose_cases_changed(
    make: Callable[..., Parts], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = make(database)
    homes = Homes(Shown(), parts.readers, parts.writers, parts.loop, parts.settings)
    drawn: list[str] = []
    monkeypatch.setattr("gateway.slack.homes.OVERLAP", 0)
    monkeypatch.setattr(
        "gateway.slack.homes.home_view",
        lambda words, loop, person, *rest: drawn.append(person) or home_view(words, loop, person, *rest),
    )
    case, other = opened(parts.writers, owner="ana"), opened(parts.writers, 2, owner="eva")
    with parts.writers.begin() as session:
        session.add(SlackUserRow(person="bob", user_id="U0BOB2", status="ok", checked_at=NOW))  # known by mail
        for user in (ANA, "U0BOB2", EVA):
            want_home(session, user, NOW)
    assert {due.user for due in homes.claim(NOW)} == {ANA, "U0BOB2", EVA}

    def change(case_id: int, action: UserAction, **said: Any) -> list[str]:
        """Who is published anew after the action; who was drawn is in ``drawn``."""
        drawn.clear()
        with parts.writers.begin() as session:
            act(session, case_id, action, actor="eva", via="api", now=NOW, change=Change(**said))
        return sorted(due.user for due in homes.claim(NOW))

    assert change(case, "contact", channel="phone") == [ANA]
    assert drawn == ["ana"]
    assert change(case, "reassign", owner="bob") == [ANA, "U0BOB2"]  # whoever loses a case, and whoever gets it
    assert change(case, "resolve", root_cause="billing") == ["U0BOB2"]
    assert sorted(drawn) == ["ana", "bob"]
    drawn.clear()
    assert homes.claim(NOW) == []
    assert drawn == []  # nothing changed: nobody is drawn
    assert change(other, "contact", channel="phone") == [EVA]
    drawn.clear()
    assert homes.claim(NOW + timedelta(seconds=60)) == []
    assert sorted(drawn) == ["ana", "bob", "eva"]  # time passes: all of them, and nothing looks otherwise


def test_a_change_that_is_committed_after_a_later_one_is_not_missed(make: Callable[..., Parts], database: str) -> None:
    parts = make(database)
    homes = Homes(Shown(), parts.readers, parts.writers, parts.loop, parts.settings)
    first, second = opened(parts.writers, owner="ana"), opened(parts.writers, 2, owner="eva")
    with parts.writers.begin() as session:
        want_home(session, ANA, NOW)
        act(session, first, "contact", actor="ana", via="api", now=NOW)
        act(session, second, "contact", actor="eva", via="api", now=NOW)
        # what another connection has not committed yet is not there
        late = session.scalars(
            select(CaseEventRow).where(CaseEventRow.case_id == first, CaseEventRow.version == 2)
        ).one()
        kept = {column.name: getattr(late, column.name) for column in CaseEventRow.__table__.columns}
        session.delete(late)
        session.get_one(CaseRow, first).state = "open"
    assert [due.user for due in homes.claim(NOW)] == [ANA]
    with parts.writers.begin() as session:
        session.add(CaseEventRow(**kept))
        session.get_one(CaseRow, first).state = "contacted"
    assert [due.user for due in homes.claim(NOW)] == [ANA]
