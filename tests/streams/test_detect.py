"""Which answers are flagged, how gravely, and that a reason never repeats the customer."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import alert_id
from schemas.cloudevents import EventReader
from schemas.config_rules import ContactRule, ContradictionRule, ThresholdRule, WordsRule
from schemas.events import Response, ResponseEvent
from schemas.scales import DEFAULT_METRICS, MetricSpec, Scale
from streams.flagging.detect import Detector, alerts, at_best_end, at_worst_end, reaches
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


THREAT = WordsRule(name="threat", words={"en": ["lawyer"], "pt": ["advogado"]}, severity="critical")
MISREAD = ContradictionRule(
    name="misread", praise={"en": ["wonderful"], "pt": ["excelente"]}, anger={"en": ["awful"], "pt": ["péssimo"]}
)
WORDY = (*RULES, THREAT, MISREAD)


def said(metric: str, score: int, comment: str | None, language: str | None = "en", scale: Scale | None = None) -> str:
    answer = Response("c", metric, score, comment=comment, language=language)
    return " ".join(flag.rule for flag in Detector(WORDY, METRICS).flags(answer, scale or METRICS[metric].scale))


def test_words_flag_whatever_the_score() -> None:
    assert said("csat", 5, "I have told my lawyer.") == "threat"
    assert said("csat", 1, "I have told my lawyer.") == "detractor threat"
    assert said("csat", 5, "Falei com o advogado", "pt-BR") == "threat"
    assert said("csat", 5, "Falei com o advogado", "en") == ""
    assert said("csat", 5, "Falei com o advogado", None) == "threat"
    assert said("csat", 5, None) == said("csat", 5, "") == ""


def test_a_verdict_from_memory_is_not_mixed_up_with_words() -> None:
    """Answers that differ in their comment alone, in every order: each is judged by its own."""
    detector, scale = Detector(WORDY, METRICS), METRICS["csat"].scale
    expected = {
        None: ["detractor"],
        "late": ["detractor"],
        "my lawyer knows": ["detractor", "threat"],
        "wonderful": ["detractor", "misread"],
    }
    for comment in (None, "my lawyer knows", None, "late", "wonderful", "my lawyer knows", "late", None):
        flags = detector.flags(Response("c", "csat", 1, comment=comment, language="en"), scale)
        assert [flag.rule for flag in flags] == expected[comment]


def test_words_of_praise_with_the_worst_score_are_to_be_verified_and_page_nobody() -> None:
    answer = Response("c", "csat", 1, comment="Wonderful service!", language="en")
    detractor, misread = Detector(WORDY, METRICS).flags(answer, METRICS["csat"].scale)
    assert (detractor.page, misread.page) == (True, False)
    assert (misread.rule, misread.programme) == ("misread", "verify")
    assert misread.reason == "Words of praise, but csat 1 on 1..5: to be verified."
    angry = Response("c", "effort", 1, comment="awful", language="en")
    (flag,) = Detector(WORDY, METRICS).flags(angry, METRICS["effort"].scale)
    assert flag.reason == "Words of anger, but effort 1 on 1..5 (low is good): to be verified."
    event = ResponseEvent(specversion="1.0", id="r", source="/s", time=datetime.now(UTC), data=answer)
    raised = alerts(event, (detractor, misread), METRICS["csat"].scale, datetime.now(UTC))
    assert [alert.page for alert in raised] == [True, False]


@pytest.mark.parametrize(
    ("metric", "score", "comment", "rules"),
    [
        ("nps", 0, "wonderful", "detractor misread"),
        ("nps", 1, "wonderful", "detractor misread"),
        ("nps", 2, "wonderful", "detractor"),
        ("nps", 10, "wonderful", ""),
        ("nps", 10, "awful", "misread"),
        ("nps", 9, "awful", "misread"),
        ("nps", 8, "awful", ""),
        ("nps", 0, "awful", "detractor"),
        ("csat", 2, "wonderful", "detractor"),
        ("csat", 4, "awful", ""),
        ("csat", 1, "wonderful colours, awful fabric", "detractor"),  # two things, each with its own words
        ("csat", 5, "wonderful colours, awful fabric", ""),
        ("effort", 5, "wonderful", "detractor misread"),  # low is good: 5 is the worst
        ("effort", 1, "wonderful", ""),
    ],
)
def test_the_ends_of_the_scale_contradict(metric: str, score: int, comment: str, rules: str) -> None:
    assert said(metric, score, comment) == rules


@pytest.mark.parametrize(
    ("scale", "worst", "best"),
    [
        (Scale(0, 10), {0, 1}, {9, 10}),
        (Scale(1, 5), {1}, {5}),
        (Scale(1, 5, higher_is_better=False), {5}, {1}),
        (Scale(1, 7), {1}, {7}),
        (Scale(1, 10), {1}, {10}),
        (Scale(-2, 2), {-2}, {2}),
        (Scale(0, 1), {0}, {1}),
        (Scale(0, 20), {0, 1, 2}, {18, 19, 20}),
        (Scale(1, 10, higher_is_better=False), {10}, {1}),
    ],
)
def test_the_ends_are_a_tenth_of_the_scale(scale: Scale, worst: set[int], best: set[int]) -> None:
    scores = range(scale.minimum, scale.maximum + 1)
    assert {score for score in scores if at_worst_end(score, scale)} == worst
    assert {score for score in scores if at_best_end(score, scale)} == best


def test_an_answers_own_scale_says_where_its_ends_are() -> None:
    assert said("csat", 5, "wonderful", scale=Scale(1, 5, higher_is_better=False)) == "detractor misread"
    assert said("csat", 5, "awful", scale=Scale(1, 10)) == ""
    assert said("csat", 10, "awful", scale=Scale(1, 10)) == "misread"


def test_a_reason_names_the_rule_and_not_the_word() -> None:
    answer = Response("c", "csat", 5, comment="My LAWYER, Ms Stone, will call", language="en")
    (flag,) = Detector(WORDY, METRICS).flags(answer, METRICS["csat"].scale)
    assert flag.reason == "The comment holds words that the rule threat looks for."
    assert flag.page
    assert flag.severity == "critical"


def test_comments_are_not_read_where_no_rule_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.flagging.words.fold", lambda text: pytest.fail("a comment was looked at"))
    for rules, comment in ((RULES, "my lawyer"), (WORDY, None), (WORDY, "")):
        Detector(rules, METRICS).flags(Response("c", "csat", 1, comment=comment), METRICS["csat"].scale)
