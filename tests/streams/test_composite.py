"""The composite index and the parts of a mean: by hand, against formulas written another way, and through a crash."""

import math
import os
import statistics as stdlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.config import Csi
from schemas.metrics import CSI, Metric
from schemas.scales import Scale
from schemas.statistics import Z95
from schemas.topics import RESPONSES
from streams.counting.merge import Merge
from streams.counting.panes import Group
from streams.counting.source_state import SourcePartition
from streams.metrics.composite import Composite, Weighted, with_composite
from streams.metrics.measures import Scored, meanings, measured
from streams.metrics.readings import Counted
from tests.streams.survey_events import Rec, plan, response

NOW = 1_795_000_000.0
calm = settings(deadline=None, max_examples=int(os.environ.get("COMPOSITE_EXAMPLES", "20")))
NPS, EFFORT = Scale(0, 10), Scale(1, 5, higher_is_better=False)
INDEX = Composite((Weighted("nps", 1, NPS), Weighted("effort", 3, EFFORT)))

answers = st.fixed_dictionaries(
    {"nps": st.lists(st.integers(0, 10), max_size=20), "effort": st.lists(st.integers(1, 5), max_size=20)}
)


def words(given_: dict[str, list[int]]) -> dict[str, int]:
    return {f"{name}:{score}": scores.count(score) for name, scores in given_.items() for score in set(scores)}


def test_by_hand() -> None:
    # NPS 10 and 5: 75 of 100. Effort 1 and 1 and 4, low is good: 100, 100, 25. A quarter and three quarters.
    reading = INDEX(Counted({"nps:10": 1, "nps:5": 1, "effort:1": 2, "effort:4": 1}, minimum_n=2))
    assert reading.value == pytest.approx(0.25 * 75 + 0.75 * 75)
    errors = (0.25 * stdlib.stdev([100, 50]) / math.sqrt(2), 0.75 * stdlib.stdev([100, 100, 25]) / math.sqrt(3))
    assert reading.low == pytest.approx(75 - Z95 * math.hypot(*errors))
    assert (reading.high, reading.n, reading.too_few) == (100, 5, False)
    assert INDEX(Counted({"nps:10": 50, "effort:1": 2}, minimum_n=3)).too_few


def test_a_metric_without_answers_has_no_say_and_that_is_said() -> None:
    reading = INDEX(Counted({"nps:10": 3, "nps:0": 1, "csat:1": 9}))
    assert reading.value == pytest.approx(75)
    assert (reading.n, reading.parts["effort"].n, reading.parts["effort"].value) == (4, 0, None)
    nothing = INDEX(Counted({}))
    assert nothing[:5] == (None, None, None, 0, True)
    assert {name: part.n for name, part in nothing.parts.items()} == {"nps": 0, "effort": 0}


def test_a_single_answer_may_be_anywhere_on_its_scale() -> None:
    assert INDEX(Counted({"nps:7": 1}))[:3] == (70, 0, 100)
    reading = INDEX(Counted({"nps:7": 1, "effort:2": 4}))
    assert reading[:3] == pytest.approx((0.25 * 70 + 0.75 * 75, 0.75 * 75, 25 + 0.75 * 75))


@calm
@given(answers)
def test_the_index_is_the_mean_of_points_by_weight_inside_its_interval(given_: dict[str, list[int]]) -> None:
    reading = INDEX(Counted(words(given_)))
    points = {"nps": [10.0 * s for s in given_["nps"]], "effort": [25.0 * (5 - s) for s in given_["effort"]]}
    weights = {"nps": 1, "effort": 3}
    asked = [name for name in points if points[name]]
    if not asked:
        assert reading.value is None
        return
    total = sum(weights[name] for name in asked)
    value = sum(weights[name] * stdlib.fmean(points[name]) for name in asked) / total
    assert reading.value == pytest.approx(value)
    assert reading.low is not None
    assert reading.high is not None
    assert reading.value is not None
    assert 0 <= reading.low <= reading.value <= reading.high <= 100
    if all(len(points[name]) > 1 for name in asked):
        error = math.hypot(*(weights[n] / total * stdlib.stdev(points[n]) / math.sqrt(len(points[n])) for n in asked))
        assert reading.high == pytest.approx(min(100, value + Z95 * error))
        assert reading.low == pytest.approx(max(0, value - Z95 * error))


@calm
@given(st.lists(st.tuples(st.sampled_from(["nps", "csat"]), st.sampled_from(["", "1..7"]), st.integers(-3, 9))))
def test_groups_of_the_index_add_up_like_those_of_their_metrics(seen: list[tuple[str, str, int]]) -> None:
    groups: dict[Group, int] = {}
    for metric, scale, count in seen:
        group = (metric, scale, (None,), 7, str(count))
        groups[group] = groups.get(group, 0) + count
    found = with_composite(groups, frozenset({"nps"}))
    added = {group: count for group, count in found.items() if group[0] == CSI}
    assert {group: count for group, count in found.items() if group not in added} == groups
    assert added == {
        (CSI, "", d, m, f"nps:{w}"): n for (metric, s, d, m, w), n in groups.items() if metric == "nps" and not s
    }
    assert with_composite(groups, frozenset()) is groups


def test_through_a_partition_a_revision_and_a_crash() -> None:
    asked = plan(csi=Csi(weights={"nps": 1, "csat": 1}), rules=())
    first = [
        response("a", NOW, metric="nps", score=10),
        response("b", NOW, metric="nps", score=0),
        response("c", NOW, metric="csat", score=3),
        response("d", NOW, metric="csat", score=5, scale_max=10),
        response("e", NOW, metric="ces", score=1),
    ]
    second = [response("f", NOW, metric="nps", score=8, revises="b")]
    log = [Rec(n, int(NOW * 1000), None, value) for n, value in enumerate([*first, *second])]
    source = SourcePartition(RESPONSES, 0, 1, asked)
    source.apply(log[:4], NOW)
    rows = source.dirty(NOW)
    assert rows is not None
    again = SourcePartition(RESPONSES, 0, 1, asked)
    again.restore(rows.state_rows)
    again.apply(log, NOW)
    after = again.dirty(NOW)
    assert after is not None
    merge = Merge(asked)
    for row in (*rows.partial_rows, *after.partial_rows):
        merge.apply(row.key, row.value)
    found = [m for m in merge.emit(NOW) if m.metric == CSI and m.window == "1h" and m.cut == "all"]
    assert len(found) == 1
    index: Metric = found[0]
    assert index.counts == {"nps:10": 1, "nps:8": 1, "csat:3": 1}
    assert index.value == pytest.approx((90 + 50) / 2)
    assert {name: part.n for name, part in index.parts.items()} == {"nps": 2, "csat": 1}


def test_nothing_is_counted_for_an_index_that_nobody_asked_for() -> None:
    source = SourcePartition(RESPONSES, 0, 1, plan(rules=()))
    source.apply([Rec(0, int(NOW * 1000), None, response("a", NOW, metric="nps", score=9))], NOW)
    rows = source.dirty(NOW)
    assert rows is not None
    assert not [key for key, _ in rows.state_rows if b"csi" in key]
    assert CSI not in measured(plan())


def test_other_weights_keep_what_was_counted_and_other_metrics_do_not() -> None:
    def meaning(**weights: float) -> str:
        return meanings(plan(csi=Csi(weights=weights)))[CSI]

    assert meaning(nps=1, csat=2) == meaning(csat=1, nps=5)
    assert meaning(nps=1) != meaning(nps=1, csat=1)


@calm
@given(st.lists(st.integers(1, 5), min_size=1, max_size=40), st.booleans())
def test_a_mean_has_its_top_box_as_a_part(scores: list[int], high_is_good: bool) -> None:
    scale = Scale(1, 5, higher_is_better=high_is_good)
    counts = {str(score): scores.count(score) for score in set(scores)}
    part = Scored("mean")(Counted(counts, scale)).parts["top_box"]
    best = [score for score in scores if (score >= 4 if high_is_good else score <= 2)]
    assert part.value == pytest.approx(100 * len(best) / len(scores))
    assert part.low is not None
    assert part.high is not None
    assert part.value is not None
    assert part.low <= part.value <= part.high
    assert Scored("top_box")(Counted(counts, scale)).parts == {}
    assert Scored("mean")(Counted({"1": 3}, Scale(0, 1))).parts == {}
