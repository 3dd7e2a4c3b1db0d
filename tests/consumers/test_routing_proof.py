"""``closeloop routes prove``: the example has no hole, planted ones are found, segments are what a tree tells apart."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from closeloop.cli import app
from consumers.routing import receivers
from consumers.routing.proof import hours, prove
from consumers.routing.segments import Fitting, Segment, in_words, segments, values
from schemas.config import Loop
from schemas.config_owners import Route
from schemas.loop_yaml import load
from schemas.matching import facts_of, matches
from tests.consumers.alerts import LOOP, an_alert

EXAMPLE = Path(__file__).parents[2] / "loop.yaml"
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
"""A Tuesday."""
WEEK = timedelta(days=7)


def the_example(**changes: Any) -> Loop:
    """The example without public holidays, so that there are fewer hours to look at."""
    data = msgspec.to_builtins(load(EXAMPLE))
    for calendar in data["calendars"].values():
        calendar["holidays_of"] = None
    for section, entries in changes.items():
        for key, said in entries.items():
            data[section][key] = data[section].get(key, {}) | said
    return msgspec.convert(data, Loop)


def test_the_example_reaches_somebody_at_every_hour_and_holiday() -> None:
    proof = prove(load(EXAMPLE), NOW, WEEK)
    assert proof.holes == ()
    assert proof.segments > 40
    assert proof.hours > 1_000


def test_a_planted_absence_is_found() -> None:
    leave = {"absences": [{"from": "2026-12-07", "until": "2026-12-11"}]}
    found = prove(the_example(people={"oksana": leave}), NOW, WEEK).holes
    assert [(hole.receiver, hole.why) for hole in found] == [("support_ukrainian", "oksana is absent until 2026-12-11")]
    # Kyiv is two hours ahead. The days of the absence are looked at and the one before, a Sunday: her week is over.
    assert found[0].first == datetime(2026, 12, 5, 22, tzinfo=UTC)
    assert found[0].hours == 6 * 24
    assert found[0].segment == "attributes.segment something else, touchpoint support.closed, language uk"
    deputy = {"absences": [leave["absences"][0] | {"deputy": "timur"}]}
    assert prove(the_example(people={"oksana": deputy}), NOW, WEEK).holes == ()


def test_a_team_without_anybody_is_found_where_only_its_segment_goes() -> None:
    away = {"away": True}
    found = prove(the_example(people={"priya": away, "samuel": away}), NOW, WEEK).holes
    assert {hole.receiver for hole in found} == {"billing"}
    assert {hole.why for hole in found} == {"priya is away"}  # the lead has it, although away
    assert found[0].more == 3 * 3 - 1  # three touchpoints, in English, Spanish (the team's) and anything else
    assert found[0].hours == prove(the_example(), NOW, WEEK).hours


def test_whoever_works_too_seldom_is_found() -> None:
    sundays = {"zone": "Europe/London", "hours": {"sun": [["10:00", "12:00"]]}}
    loop = the_example(calendars={"sundays": sundays}, people={"timur": {"calendar": "sundays"}})
    found = [hole for hole in prove(loop, NOW, timedelta(days=3)).holes if hole.receiver == "support_russian"]
    assert found
    assert all(hole.why.startswith("timur is not at work before 2026-11-29 10:00") for hole in found[:1])


@pytest.mark.parametrize(("leave", "code"), [("", 0), (", absences: [{from: 2026-12-01, until: 2026-12-02}]", 1)])
def test_the_command_says_holes_and_fails(tmp_path: Path, leave: str, code: int) -> None:
    text = """
people:
  ana: {name: Ana, email: ana@example.com%s}
receivers:
  care: {person: ana, channel: "#care"}
route:
  receiver: care
  routes: [{match: {score: {at_most: 2}}}]
"""
    path = tmp_path / "loop.yaml"
    path.write_text(text % leave)
    result = CliRunner().invoke(app, ["routes", "prove", "--config", str(path), "--at", "2026-11-24T09:00:00"])
    assert result.exit_code == code
    if code:
        assert result.stdout == (
            "care: score 2 (and 2 more): ana is absent until 2026-12-02; 48 hours, the first Tue 2026-12-01 00:00 UTC\n"
            "3 segments at 207 hours: 1 ways to reach nobody\n"
        )
    else:
        assert result.stdout == "3 segments at 168 hours: each reaches somebody who is at work within 7d\n"


def test_the_hours_are_a_week_and_the_special_days() -> None:
    looked = hours(LOOP, NOW)
    assert looked[0] == NOW.replace(minute=0)
    assert len(looked) == 168


def a_tree(routes: list[Any], **more: Any) -> Loop:
    return msgspec.convert(
        msgspec.to_builtins(LOOP) | {"route": {"receiver": "default", "routes": routes}} | more, Loop
    )


def test_values_are_those_that_the_tree_names_beside_its_ranges_and_something_else() -> None:
    loop = a_tree([
        {"match": {"score": {"at_least": 7, "at_most": 9}}, "receiver": "vip"},
        {"match": {"touchpoint": {"matches": "order.*"}, "page": True}, "receiver": "vip"},
        {"match": {"touchpoint": {"not": ["a", "b"]}}, "receiver": "vip"},
    ])  # fmt: skip
    assert values(loop) == {
        "score": [6, 7, 9, 10, None],
        "touchpoint": [Fitting("order.*"), "a", "b", None],
        "page": [True, False],
    }
    words = [in_words(segment) for segment, _ in segments(loop)]
    assert "score 6, touchpoint like /order.*/, page false" in words
    assert len(words) == 2 + 3 * (2 + 3)  # scores 7 and 9 go first; of the others a fitting touchpoint asks for page


_conditions = st.one_of(
    st.sampled_from(["a", "b", ["a", "b"]]),
    st.builds(lambda value: {"not": value}, st.sampled_from(["a", "b", ["a", "c"]])),
)
_scores = st.one_of(
    st.integers(0, 3),
    st.builds(lambda low, more: {"at_least": low, "at_most": low + more}, st.integers(0, 3), st.integers(0, 2)),
    st.builds(lambda high: {"at_most": high}, st.integers(0, 3)),
)
_matches = st.fixed_dictionaries(
    {}, optional={"touchpoint": _conditions, "channel": _conditions, "score": _scores, "page": st.booleans()}
)
_leaves = st.fixed_dictionaries(
    {"match": _matches},
    optional={"receiver": st.sampled_from(["logistics", "vip", "old", "both"]), "continue": st.booleans()},
)
_trees = st.lists(
    st.recursive(
        _leaves,
        lambda children: st.fixed_dictionaries(
            {"match": _matches, "routes": st.lists(children, max_size=3)},
            optional={"receiver": st.sampled_from(["logistics", "vip"]), "continue": st.booleans()},
        ),
        max_leaves=6,
    ),
    max_size=4,
)


def _holds(segment: Segment, alert: Any) -> bool:
    """Whether the alert is in the segment, where its values are all among those that the tree names."""
    return all(getattr(alert, field) == value for field, value in segment.items())


@settings(deadline=None, max_examples=15)
@given(_trees)
def test_every_alert_is_in_one_segment_and_goes_where_the_segment_says(routes: list[Any]) -> None:
    loop = a_tree(routes)
    told = [(segment, [one.receiver for one in reached]) for segment, reached in segments(loop)]
    domain: dict[str, list[Any]] = {"touchpoint": [None], "channel": [None], "score": [None], "page": [True, False]}
    domain |= values(loop)  # type: ignore[arg-type] # no patterns here
    for combination in itertools.islice(itertools.product(*domain.values()), 0, 300, 7):
        alert = an_alert(**dict(zip(domain, combination, strict=True)))
        homes = [reached for segment, reached in told if _holds(segment, alert)]
        assert len(homes) == 1
        assert homes[0] == [one.receiver for one in receivers(loop.route, alert)]


def _oracle(route: Route, alert: Any, inherited: str) -> list[str] | None:
    """The rule in other words: ``None`` where the route does not match, else the receivers in order."""
    if not matches(route.match, facts_of(alert)):
        return None
    mine = route.receiver or inherited
    found: list[str] = []
    for child in route.routes:
        below = _oracle(child, alert, mine)
        if below is not None:
            found.extend(below)
            if not child.continue_:
                return found
    return found or [mine]


@settings(deadline=None)
@given(_trees, st.sampled_from(["a", "b", "c", None]), st.sampled_from(["a", "c"]), st.integers(0, 5), st.booleans())
def test_the_first_match_wins_and_the_default_is_always_there(
    routes: list[Any], touchpoint: str | None, channel: str, score: int, page: bool
) -> None:
    loop = a_tree(routes)
    alert = an_alert(touchpoint=touchpoint, channel=channel, score=score, page=page)
    expected = _oracle(loop.route, alert, "default")
    found = [one.receiver for one in receivers(loop.route, alert)]
    assert found == list(dict.fromkeys(expected or []))
    assert found  # never nowhere
    first = next((child for child in loop.route.routes if matches(child.match, facts_of(alert))), None)
    if first is None:
        assert found == ["default"]
    elif not first.continue_:
        alone = msgspec.structs.replace(loop.route, routes=[first])
        assert found == [one.receiver for one in receivers(alone, alert)]
