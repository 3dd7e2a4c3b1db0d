"""Reasons in the reader's language: every sentence that the rules make is known, and nothing of it is lost."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from schemas.config_owners import Language
from schemas.config_rules import FallRule
from schemas.events import Response
from schemas.metrics import OUTCOME
from schemas.scales import Scale
from schemas.words.catalogue import LANGUAGES, words_in
from schemas.words.reasons import told
from streams.alarms import metric_alerts
from streams.alarms.metric_alerts import Subject
from streams.customers.streaks import span, tally
from streams.flagging import detect
from streams.metrics.readings import Reading

FALL = msgspec.convert(
    {"kind": "fall", "name": "fell", "metric": "nps", "cuts": ["all"], "window": "7d", "baseline": "30d"}, FallRule
)
NPS, FAILURES = Subject("nps", "nps 7d", {}, True), Subject(OUTCOME, "outcome 7d", {}, False)
AFTER = Reading(12.0, 4.1, 19.9, 212, False, {})
BEFORE = Reading(-43.0, -45.8, -40.2, 1830, False, {})
NOTHING = Reading(None, None, None, 0, True, {})
TEN, LOW = Scale(0, 10), Scale(1, 5, higher_is_better=False)
HOUR = 494_000


def an_answer(score: int, metric: str = "nps") -> Response:
    return msgspec.convert({"customer_id": "c1", "metric": metric, "score": score}, Response)


REASONS = [
    detect._reason(an_answer(3), TEN, 6, TEN),
    detect._reason(an_answer(3), Scale(0, 20), 6, TEN),
    detect._reason(an_answer(5, "effort"), LOW, 4, LOW),
    detect._reason(an_answer(7, "effort"), Scale(1, 7, higher_is_better=False), 4, LOW),
    detect._contradiction(an_answer(0), TEN, praise=True, anger=False),
    detect._contradiction(an_answer(10), TEN, praise=False, anger=True),
    "The customer asks to be contacted.",
    "The comment holds words that the rule legal threat looks for.",
    f"1 failed touchpoint within {span('72h')} and no answer: {tally(['order.delivered'])}.",
    f"3 failed touchpoints within {span('72h')} and no answer: {tally('aab')}.",
    f"9 bad answers within {span('30d')}: {tally('abcdefghi')}.",
    "The customer's next answer is no longer bad: nps 9 on 0..10.",
    "The customer's next answer is no longer bad.",
    metric_alerts.fallen(FALL, NPS, AFTER, BEFORE, 4.2),
    metric_alerts.fallen(FALL, FAILURES, AFTER, NOTHING, 4.2),
    metric_alerts.recovered(FALL, NPS, AFTER, -43.0),
    metric_alerts.settled(FALL, NPS, AFTER, 43.0),
    metric_alerts.silent(NPS, 3, 120.4, HOUR),
    metric_alerts.silent(FAILURES, 3, 120.4, HOUR),
    metric_alerts.returned(FAILURES, HOUR),
    metric_alerts.given_up(NPS, HOUR, 14),
    "NPS 9 of 10",
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_told_with_all_its_figures(reason: str, language: Language) -> None:
    said = told(words_in(language), reason)
    if language != "en":
        assert said != reason, "it is not known"
    figures = re.findall(r"\d+(?:\.\d+)?", re.sub(r" (\d+) times", r" ×\1", reason))
    assert sorted(re.findall(r"\d+(?:\.\d+)?", said.replace("95-", "95 ").replace("×2", "×"))) == sorted(
        figure for figure in figures
    )


@pytest.mark.parametrize("reason", REASONS)
def test_nothing_of_it_stays_english_for_a_russian(reason: str) -> None:
    said = told(words_in("ru"), reason)
    names = {"NPS", "nps", "effort", "legal", "threat", "order.delivered", "order", "delivered", "UTC"}
    assert set(re.findall("[A-Za-z]{2,}", said)) <= names


def test_some_as_they_are_read() -> None:
    ru, en, de = words_in("ru"), words_in("en"), words_in("de")
    assert told(ru, REASONS[0]) == "NPS 3 по шкале 0..10: не выше порога 6."
    assert told(en, REASONS[0]) == "NPS 3 on 0..10 is at or below 6."
    assert told(ru, REASONS[9]) == "3 неудачных касания за 72 ч, и ни одного ответа: a ×2, b."
    assert told(de, REASONS[-1]) == "NPS 9 von 10"
    assert told(en, REASONS[13]) == (
        "NPS over 7 d fell to 12.0 (95 % interval 4.1 to 19.9, n = 212) from -43.0 (95 % interval -45.8 to -40.2, "
        "n = 1830) in the rest of the last 30 d: 4.2 standard errors, more than chance explains."
    )


@pytest.mark.parametrize(
    "other", ["", "Somebody called.", "x is at or below y.", "nps 2 on 0..10 is at or below 6. <!here>"]
)
def test_what_is_none_of_ours_stays_as_it_is(other: str) -> None:
    assert told(words_in("ru"), other) == other


def test_a_long_one_takes_no_time() -> None:
    long = "1 failed touchpoint within 1 h and no answer: " + " over 7d fell to" * 10_000
    assert told(words_in("ru"), long) == long


@pytest.mark.parametrize("name", ["<!channel>", "*x*", "a, and others", "{ $n }"])
def test_names_are_passed_on_as_they_are(name: str) -> None:
    said: Any = told(words_in("ru"), f"The comment holds words that the rule {name} looks for.")
    assert name in said
