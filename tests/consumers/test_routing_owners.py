"""Who of a team gets a case: worked examples, and what holds for every team, absence, load, language and hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.routing import Choice, Standing, assign, choose_owner, explain
from consumers.routing.owners import speaks
from schemas.config import Loop
from schemas.duty import present
from tests.consumers.alerts import an_alert

OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
TUESDAY = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
"""10:00 in London, 11:00 in Berlin, 07:00 in Sao Paulo."""


def a_loop(team: dict[str, Any] | None = None, receiver: dict[str, Any] | None = None, **people: Any) -> Loop:
    known = people or {"ana": {}, "bob": {}, "eve": {}}
    return msgspec.convert(
        {
            "calendars": {
                "sao_paulo": {"zone": "America/Sao_Paulo", "hours": OFFICE},
                "london": {"zone": "Europe/London", "hours": OFFICE},
                "berlin": {"zone": "Europe/Berlin", "hours": OFFICE},
            },
            "people": {
                name: {"name": name.title(), "email": f"{name}@example.com"} | said for name, said in known.items()
            },
            "rotations": {
                "night": {
                    "zone": "UTC",
                    "start": "2026-11-30",
                    "hand_over": "00:00",
                    "every": "day",
                    "people": list(known),
                }
            },
            "teams": {"care": {"members": list(known)} | (team or {})},
            "receivers": {"care": {"team": "care", "channel": "#care"} | (receiver or {})},
            "route": {"receiver": "care"},
        },
        Loop,
    )


def chosen(loop: Loop, standing: Standing | None = None, now: datetime = TUESDAY, **alert: Any) -> Choice:
    return choose_owner(loop, loop.receivers["care"], an_alert(**alert), standing or Standing(), now)


def why(choice: Choice) -> dict[str, str]:
    return {one.person: one.why for one in choice.passed}


def leave(first: int, last: int, **more: str) -> dict[str, Any]:
    return {"absences": [{"from": f"2026-12-{first:02}", "until": f"2026-12-{last:02}"} | more]}


def test_members_take_turns() -> None:
    loop = a_loop({"choose": "round_robin"})
    owners = [chosen(loop, Standing({"ana": 9}, turns)).owner for turns in ({}, {"care": "ana"}, {"care": "eve"})]
    assert owners == ["ana", "bob", "ana"]
    assert chosen(loop, Standing({}, {"care": "stranger"})).owner == "ana"
    assert chosen(loop).turn_of == "care"


def test_who_is_absent_misses_a_turn_and_nobody_elses() -> None:
    loop = a_loop({"choose": "round_robin"}, ana={}, bob=leave(1, 3), eve={})
    found = chosen(loop, Standing({}, {"care": "ana"}))
    assert (found.owner, why(found)) == ("eve", {"bob": "absent until 2026-12-03"})


def test_the_shift_goes_round_the_world() -> None:
    loop = a_loop({"choose": "on_shift"}, ana={"calendar": "sao_paulo"}, bob={"calendar": "berlin"})
    hours = {hour: chosen(loop, now=TUESDAY.replace(hour=hour)).owner for hour in (7, 8, 11, 12, 15, 16, 19, 20, 23)}
    # Berlin is at work from 8 to 16 UTC, Sao Paulo from 12 to 20; ana is first where both are.
    assert hours == {7: "bob", 8: "bob", 11: "bob", 12: "ana", 15: "ana", 16: "ana", 19: "ana", 20: "bob", 23: "bob"}
    morning = chosen(loop)
    assert why(morning) == {"ana": "off shift until Tue 01 Dec 09:00"}
    assert morning.reason == "on shift, fewest open cases of team care (0)"
    assert chosen(loop, now=TUESDAY.replace(hour=23)).reason.startswith("next on shift (Wed 02 Dec 09:00), ")


def test_whoever_is_on_duty_by_the_rotation_or_their_deputy_or_else_the_team() -> None:
    on_duty = {"choose": "on_shift", "rotation": "night"}
    assert chosen(a_loop(on_duty)).owner == "bob"  # the second day
    deputy = chosen(a_loop(on_duty, ana={}, bob=leave(1, 1, deputy="eve"), eve={}))
    assert (deputy.owner, deputy.reason) == ("eve", "deputy of bob, who is absent until 2026-12-01")
    assert chosen(a_loop(on_duty, ana={}, bob=leave(1, 1), eve={})).owner == "ana"


def test_capacity_prefers_others_and_never_nobody() -> None:
    loop = a_loop(None, None, ana={"capacity": 2}, bob={"capacity": 9})
    found = chosen(loop, Standing({"ana": 2, "bob": 8}))
    assert (found.owner, why(found)) == ("bob", {"ana": "over capacity (2 open, at most 2)"})
    assert chosen(loop, Standing({"ana": 1, "bob": 8})).owner == "ana"
    full = chosen(loop, Standing({"ana": 2, "bob": 9}))
    assert (full.owner, full.passed) == ("ana", ())


def test_a_customer_is_answered_in_their_language_where_somebody_speaks_it() -> None:
    loop = a_loop(None, None, ana={}, bob={"languages": ["en", "pt"]}, eve={"languages": ["zh-Hans"]})
    found = chosen(loop, language="pt-BR")
    assert (found.owner, why(found)) == ("bob", {"ana": "does not speak pt-BR", "eve": "does not speak pt-BR"})
    assert chosen(loop, language="fi").owner == "ana"
    assert chosen(loop, language=None).owner == "ana"
    assert chosen(loop, language="zh").owner == "eve"


def test_languages_are_compared_by_their_parts() -> None:
    assert speaks(["pt"], "pt-BR")
    assert speaks(["pt-BR"], "PT")
    assert not speaks(["pt-BR"], "pt-PT")
    assert not speaks(["en"], "enm")
    assert not speaks([], "en")


def test_the_accounts_owner_then_their_deputy_then_the_team() -> None:
    vip = {"owner_attribute": "account_owner"}
    attributes = {"account_owner": "ana"}
    assert chosen(a_loop(None, vip), attributes=attributes).owner == "ana"
    stands_in = chosen(a_loop(None, vip, ana=leave(1, 1, deputy="eve"), bob={}, eve={}), attributes=attributes)
    assert (stands_in.owner, why(stands_in)) == ("eve", {"ana": "absent until 2026-12-01"})
    assert chosen(a_loop(None, vip, ana=leave(1, 1), bob={}, eve={}), attributes=attributes).owner == "bob"


def test_a_whole_team_on_leave_has_deputies_and_then_its_lead() -> None:
    people = {"ana": leave(1, 9), "bob": leave(1, 9, deputy="zoe"), "eve": {}, "zoe": {}}
    assert chosen(a_loop({"members": ["ana", "bob"], "lead": "eve"}, None, **people)).owner == "zoe"
    people["zoe"] = leave(1, 9)
    assert chosen(a_loop({"members": ["ana", "bob"], "lead": "eve"}, None, **people)).owner == "eve"
    people["eve"] = leave(1, 9)
    assert "although away" in chosen(a_loop({"members": ["ana", "bob"], "lead": "eve"}, None, **people)).reason


def test_explain_says_who_was_passed_over_and_why() -> None:
    loop = a_loop(
        {"choose": "on_shift"},
        None,
        ana=leave(1, 4) | {"calendar": "london"},
        bob={"calendar": "sao_paulo"},
        eve={"calendar": "london"},
        zoe={"calendar": "london", "languages": ["pt"]},
        tim={"calendar": "london", "languages": ["pt"], "capacity": 1},
    )
    lines = explain(loop, an_alert(language="pt"), Standing({"tim": 3}), TUESDAY)
    assert lines[1:] == [
        "owner: zoe (on shift, fewest open cases of team care (0))",
        "passed over: ana (absent until 2026-12-04)",
        "passed over: bob (off shift until Tue 01 Dec 09:00)",
        "passed over: tim (over capacity (3 open, at most 1))",
        "passed over: eve (does not speak pt)",
        "card: channel #care",
    ]


_people = st.fixed_dictionaries(
    {},
    optional={
        "calendar": st.sampled_from(["sao_paulo", "london", "berlin"]),
        "away": st.booleans(),
        "languages": st.lists(st.sampled_from(["pt", "en"]), max_size=2),
        "capacity": st.integers(1, 3),
        "absences": st.lists(
            st.builds(
                lambda first, days, deputy: {
                    "from": str(date(2026, 12, first)),
                    "until": str(date(2026, 12, first) + timedelta(days=days)),
                    "deputy": deputy,
                },
                st.integers(1, 7),
                st.integers(0, 4),
                st.sampled_from([None, "ana", "bob", "eve", "zoe"]),
            ),
            max_size=2,
        ),
    },
)
_names = ["ana", "bob", "eve", "zoe"]


@settings(deadline=None)
@given(
    people=st.fixed_dictionaries(dict.fromkeys(_names, _people)),
    members=st.lists(st.sampled_from(_names), min_size=1, max_size=4, unique=True),
    choose=st.sampled_from(["least_loaded", "round_robin", "on_shift"]),
    rotation=st.booleans(),
    loads=st.dictionaries(st.sampled_from(_names), st.integers(0, 4)),
    last=st.sampled_from([None, *_names]),
    language=st.sampled_from([None, "pt", "fi"]),
    hour=st.integers(0, 24 * 8),
)
def test_nobody_absent_while_somebody_is_there(
    people: Any, members: list[str], choose: str, rotation: bool, loads: Any, last: Any, language: Any, hour: int
) -> None:
    team = {"members": members, "lead": "zoe", "choose": choose}
    loop = a_loop(team | ({"rotation": "night"} if rotation and choose == "on_shift" else {}), None, **people)
    now = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(hours=hour)
    standing = Standing(loads, {} if last is None else {"care": last})
    found = chosen(loop, standing, now, language=language)
    assert found.owner in _names  # never nobody
    there = [member for member in members if present(loop, member, now)]
    if there or present(loop, "zoe", now):
        assert present(loop, found.owner, now)
    assert found.owner not in {one.person for one in found.passed}
    if there and not rotation:
        assert found.owner in there
        free = [member for member in there if loads.get(member, 0) < (loop.people[member].capacity or 99)]
        if choose != "on_shift" and free:
            assert found.owner in free
            speakers = [member for member in free if language in loop.people[member].languages]
            if speakers:
                assert found.owner in speakers
            if choose == "least_loaded":
                pool = speakers or free
                assert loads.get(found.owner, 0) == min(loads.get(member, 0) for member in pool)
    assert assign(loop, an_alert(language=language), standing, now).owner == found.owner


@given(st.integers(2, 5), st.integers(1, 23))
def test_in_turn_means_as_many_cases_for_each(members: int, cases: int) -> None:
    names = [f"p{number}" for number in range(members)]
    loop = a_loop({"choose": "round_robin"}, None, **{name: {} for name in names})
    had = dict.fromkeys(names, 0)
    standing = Standing()
    for _ in range(cases):
        owner = chosen(loop, standing).owner
        assert owner is not None
        had[owner] += 1
        standing = Standing({}, {"care": owner})
    assert max(had.values()) - min(had.values()) <= 1
    assert sum(had.values()) == cases
