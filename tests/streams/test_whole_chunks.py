"""Taken column by column or one by one, a chunk comes to the same: a header that nobody reads makes the difference."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.metrics import Clock
from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.counting import usual_cases
from streams.counting.outcome import Outcome
from streams.counting.source_state import SourcePartition
from streams.kafka.placement import partition_of
from tests.streams.survey_events import Rec, plan, response, touchpoint

NOW = 1_795_000_000.0
ONE_BY_ONE = (("trace", b"1"),)

fields = {"metric": st.sampled_from(["csat", "nps", "effort"]), "score": st.integers(1, 5)}
usual = st.fixed_dictionaries(
    fields,
    optional={
        "contact_requested": st.booleans(),
        "comment": st.sampled_from(["ok", "atrasou de novo, não volto"]),
        "touchpoint": st.sampled_from(["order", "support"]),
        "channel": st.just("mail"),
        "attributes": st.fixed_dictionaries({"region": st.sampled_from(["SP", "RJ", True, 1, 1.0, "1", "true"])}),
    },
)
odd = st.fixed_dictionaries(fields | {"revises": st.integers(0, 40).map(lambda n: f"r{n}")})


@st.composite
def answers(draw: st.DrawFn) -> list[tuple[str, float, str, dict[str, Any]]]:
    """Mostly runs without anything odd, or no chunk would be taken whole."""
    span = draw(st.sampled_from([3000, 3000, 3000, 40 * 86_400, 80 * 86_400]))
    early = draw(st.sampled_from([0, 0, 0, 310]))
    strange = draw(st.sampled_from([False, False, False, False, True]))
    numbers = draw(st.lists(st.integers(0, 40), max_size=20, unique=not strange))
    return [
        (
            f"r{number}",
            NOW - draw(st.integers(-early, span)),
            draw(st.sampled_from(["c1", "c2"])) if strange else "c1",
            draw(st.one_of(usual, odd)) if strange else draw(usual),
        )
        for number in numbers
    ]


def apply_all(
    topic: str,
    values: list[bytes],
    cuts: list[int],
    clock: Clock,
    headers: tuple[tuple[str, bytes], ...],
    arrivals: list[float],
) -> tuple[SourcePartition, list[Outcome]]:
    home = partition_of(b"c1", 7)
    state = SourcePartition(topic, home, 7, plan(clock))
    stamps = [int(arrival * 1000) for arrival in arrivals]
    records = [Rec(n, stamps[n], None, value, headers) for n, value in enumerate(values)]
    outcomes = []
    start = 0
    for cut in [*sorted(cuts), len(records)]:
        outcomes.append(state.apply(records[start:cut], NOW))
        start = max(start, cut)
    return state, outcomes


def same(
    topic: str, values: list[bytes], cuts: list[int], clock: Clock, arrivals: list[float] | None = None
) -> SourcePartition:
    stamps = arrivals or [NOW - 200 + 9 * number for number in range(len(values))]
    whole, quick = apply_all(topic, values, cuts, clock, (), stamps)
    single, slow = apply_all(topic, values, cuts, clock, ONE_BY_ONE, stamps)
    assert whole.books() == single.books()
    assert [[alert.id for alert in out.alerts] for out in quick] == [[alert.id for alert in out.alerts] for out in slow]
    assert [len(out.dead_letters) for out in quick] == [len(out.dead_letters) for out in slow]
    assert [[f.value for f in out.forwards] for out in quick] == [[f.value for f in out.forwards] for out in slow]
    rows, others = whole.dirty(NOW), single.dirty(NOW)
    assert (rows is None) == (others is None)
    if rows is not None and others is not None:
        assert {row.key: row.value for row in rows.partial_rows} == {row.key: row.value for row in others.partial_rows}
    assert whole.remembered_ids == single.remembered_ids
    return whole


@pytest.mark.parametrize("clock", ["wall", "event"])
@settings(deadline=None, max_examples=80)
@given(answers(), st.lists(st.integers(0, 20), max_size=3))
def test_answers(clock: Clock, sent: list[tuple[str, float, str, dict[str, Any]]], cuts: list[int]) -> None:
    same(RESPONSES, [response(number, when, customer, **data) for number, when, customer, data in sent], cuts, clock)


@pytest.mark.parametrize("clock", ["wall", "event"])
@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 30), st.integers(0, 4000), st.sampled_from([{}, {"outcome": "failed"}, {"outcome": "slow"}])
        ),
        max_size=25,
    ),
    st.lists(st.integers(0, 25), max_size=3),
)
def test_touchpoints(clock: Clock, sent: list[tuple[int, int, dict[str, str]]], cuts: list[int]) -> None:
    same(TOUCHPOINTS, [touchpoint(f"t{n}", NOW - ago, "c1", **data) for n, ago, data in sent], cuts, clock)


DAY_S = 86_400


@pytest.mark.parametrize("clock", ["wall", "event"])
@pytest.mark.parametrize(
    "sent",
    [
        # True, 1 and 1.0 are equal in Python, and three regions here.
        [("a", 0, "c1", {"attributes": {"region": region}}) for region in (True, 1, 1.0, "1", "true")],
        # Under the event clock the first is news when it comes, and under the wall clock it is history.
        [("a", 5 * DAY_S, "c1", {"score": 1}), ("b", 0, "c1", {})],
        [("a", 0, "c1", {}), ("b", 5 * DAY_S, "c1", {"score": 1})],
        [("a", 60 * DAY_S, "c1", {}), ("b", 0, "c1", {})],
        [("a", 0, "c1", {}), ("b", 60 * DAY_S, "c1", {})],
        [("a", 49 * DAY_S, "c1", {}), ("b", 0, "c1", {}), ("c", 51 * DAY_S, "c1", {})],
        [("a", 0, "c1", {}), ("b", 0, "c2", {}), ("c", 0, "c1", {})],
        [("a", 0, "c1", {"score": 1}), ("b", 0, "c1", {"score": 9}), ("c", 0, "c1", {"metric": "joy"})],
        [("a", 0, "c1", {}), ("b", -400, "c1", {})],
        [("a", 0, "c1", {}), ("a", 10, "c1", {"score": 1})],
    ],
)
def test_what_needs_a_look_of_its_own_gets_it(clock: Clock, sent: list[tuple[str, int, str, dict[str, Any]]]) -> None:
    values = [
        response(f"{number}{place if number == 'a' and 'attributes' in data else ''}", NOW - ago, customer, **data)
        for place, (number, ago, customer, data) in enumerate(sent)
    ]
    same(RESPONSES, values, [], clock)
    same(RESPONSES, values, [1], clock)


@pytest.mark.parametrize(
    ("arrivals", "counted"),
    [
        # Ids are forgotten an hour at a time, once more than 24 whole hours lie between. The second answer comes while
        # the first is remembered, and the last of the same chunk when it is not.
        ([(0, "a"), (24, "b"), (24.9, "a"), (25, "c")], 3),
        ([(0, "a"), (24, "b"), (25, "a")], 3),
        # One chunk over two of these hours: the first of it is forgotten an hour before the second.
        ([(24, "a"), (25, "b"), (49, "a"), (49, "b")], 3),
    ],
)
def test_ids_are_forgotten_amid_a_chunk_as_they_would_be_between(
    arrivals: list[tuple[float, str]], counted: int
) -> None:
    start = (NOW // 3600 - 49) * 3600 + 1
    values = [response(number, start - 60, "c1") for _, number in arrivals]
    stamps = [start + hours * 3600 for hours, _ in arrivals]
    for cuts in ([], [1], [2], [1, 2]):
        assert same(RESPONSES, values, cuts, "wall", stamps).books().counted == counted


def test_a_chunk_without_anything_odd_is_taken_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("taken one by one")

    monkeypatch.setattr(SourcePartition, "_enter", refuse)
    state = SourcePartition(RESPONSES, 0, 1, plan())
    values = [response(f"r{n}", NOW - n, score=n % 5 + 1, comment="não") for n in range(20)]
    outcome = state.apply([Rec(n, int(NOW * 1000), None, value) for n, value in enumerate(values)], NOW)
    assert (state.books().counted, len(outcome.alerts)) == (20, 8)


def test_more_cases_than_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usual_cases, "CACHE_LIMIT", 3)
    values = [response(f"r{n}", NOW - n, attributes={"region": f"r{n % 11}"}) for n in range(40)]
    same(RESPONSES, values, [5, 9, 30], "wall")
