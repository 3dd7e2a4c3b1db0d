"""Which answers are flagged, how gravely, and that a reason never repeats the customer."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import alert_id
from schemas.cloudevents import EventReader
from schemas.config import ContactRule, ThresholdRule
from schemas.events import Response, ResponseEvent
from schemas.scales import DEFAULT_METRICS, MetricSpec, Scale
from streams.detect import Detector, alerts, reaches
from tests.streams.survey_events import response

calm = settings(deadline=None, max_examples=60)  # a loaded machine is no failure

METRICS = {**DEFAULT_METRICS, "effort": MetricSpec("mean", Scale(1, 5, higher_is_better=False))}
RULES = (
    ThresholdRule(
        name="detractor",
        at_or_below={"nps": 6, "csat": 2, "ces": 3, "effort": 4},
        critical_at_or_below={"nps": 2, "effort": 5},
        severity="normal",
    ),
    ContactRule(name="contact_me", severity="high", programme="callback"),
)


def flagged(metric: str, scale: Scale | None = None) -> list[int]:
    scale = scale or METRICS[metric].scale
    detector = Detector(RULES, METRICS)
    scores = range(scale.minimum, scale.maximum + 1)
    return [score for score in scores if detector.flags(Response("c", metric, score), scale)]


def test_on_the_declared_scale_the_threshold_is_a_score() -> None:
    assert flagged("nps") == [0, 1, 2, 3, 4, 5, 6]
    assert flagged("csat") == [1, 2]
    assert flagged("ces") == [1, 2, 3]
    assert flagged("effort") == [4, 5]  # low is good: at or above


@pytest.mark.parametrize(
    ("scale", "bad"),
    [
        (Scale(1, 5, higher_is_better=False), [4, 5]),
        (Scale(0, 4), [0, 1]),
        (Scale(1, 10), [1, 2, 3]),
        (Scale(1, 7), [1, 2]),
        (Scale(1, 3), [1]),
        (Scale(1, 9, higher_is_better=False), [7, 8, 9]),
    ],
)
def test_on_another_scale_the_share_of_the_way_from_the_bad_end_decides(scale: Scale, bad: list[int]) -> None:
    assert flagged("csat", scale) == bad


@calm
@given(st.integers(-5, 5), st.integers(2, 20), st.data())
def test_turning_a_scale_round_changes_nothing(minimum: int, length: int, data: st.DataObject) -> None:
    up, down = Scale(minimum, minimum + length), Scale(minimum, minimum + length, higher_is_better=False)
    score = data.draw(st.integers(minimum, minimum + length))
    threshold = data.draw(st.integers(1, 4))
    mirrored = up.minimum + up.maximum - score
    assert reaches(score, up, threshold, Scale(1, 5)) == reaches(mirrored, down, threshold, Scale(1, 5))


def test_severity_is_raised_at_the_critical_score() -> None:
    detector = Detector(RULES, METRICS)
    severities = [detector.flags(Response("c", "nps", score), METRICS["nps"].scale)[0].severity for score in range(7)]
    assert severities == ["critical"] * 3 + ["normal"] * 4
    assert detector.flags(Response("c", "effort", 5), METRICS["effort"].scale)[0].severity == "critical"
    assert detector.flags(Response("c", "csat", 1), METRICS["csat"].scale)[0].severity == "normal"


def test_both_rules_speak_and_the_verdict_is_not_mixed_up() -> None:
    detector = Detector(RULES, METRICS)
    scale = METRICS["csat"].scale
    for _ in range(2):  # the second time from memory
        assert [f.rule for f in detector.flags(Response("c", "csat", 1, contact_requested=True), scale)] == [
            "detractor",
            "contact_me",
        ]
        assert [f.rule for f in detector.flags(Response("c", "csat", 1), scale)] == ["detractor"]
        assert [f.rule for f in detector.flags(Response("c", "csat", 5, contact_requested=True), scale)] == [
            "contact_me"
        ]
        assert not detector.flags(Response("c", "csat", 5), scale)


def test_reasons_say_the_score_and_the_limit_that_was_met() -> None:
    detector = Detector(RULES, METRICS)
    said = [
        detector.flags(Response("c", metric, score), scale)[0].reason
        for metric, score, scale in (
            ("csat", 2, METRICS["csat"].scale),
            ("nps", 1, METRICS["nps"].scale),
            ("effort", 4, METRICS["effort"].scale),
            ("csat", 3, Scale(1, 10)),
        )
    ]
    assert said == [
        "csat 2 on 1..5 is at or below 2.",
        "nps 1 on 0..10 is at or below 2.",
        "effort 4 on 1..5 (low is good) is at or above 4.",
        "csat 3 on 1..10 is as bad as at or below 2 on 1..5.",
    ]


def test_an_alert_carries_the_answer_under_an_id_that_follows_from_it() -> None:
    when = 1_795_000_000.0
    now = datetime.fromtimestamp(when + 9, UTC)
    raw = response(
        "r1",
        when,
        "c7",
        score=1,
        comment="never again",
        contact_requested=True,
        attributes={"region": "SP", "vip": True},
    )
    event = EventReader(METRICS).read(raw, now)
    assert isinstance(event, ResponseEvent)
    scale = METRICS["csat"].scale
    first, second = alerts(event, Detector(RULES, METRICS).flags(event.data, scale), scale, now)
    assert (first.rule, second.rule) == ("detractor", "contact_me")
    assert (first.programme, second.programme) == ("feedback", "callback")
    assert first.id == alert_id("/shop/surveys", "r1", "detractor") != second.id
    assert (first.customer_id, first.score, first.scale_max, first.comment) == ("c7", 1, 5, "never again")
    assert first.attributes == {"region": "SP", "vip": True}
    assert first.detected_at == now
    assert "never" not in first.reason + second.reason
    assert "c7" not in first.reason + second.reason


@calm
@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=40))
def test_an_alerts_id_is_the_uuid5_of_its_cause(source: str, number: str, rule: str) -> None:
    namespace = UUID("f1a1d7b2-1f0c-5f55-8a6a-6e2b7d5f4c11")
    assert alert_id(source, number, rule) == str(uuid5(namespace, f"{source}\n{number}\n{rule}"))
