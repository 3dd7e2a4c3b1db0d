"""The simulated shop is pure: the same seed tells the same story, and every event of it is one that we take."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeloop.demo.shop import CASES_TO_RECOVER, TROUBLE_STARTS, Shop
from closeloop.demo.world import DELIVERY_COMMENTS, REGIONS, SUPPORT_COMMENTS, TROUBLED
from closeloop_client import Event, Response, Touchpoint
from closeloop_client.events import encode
from schemas.cloudevents import EventReader
from schemas.config_base import seconds
from schemas.loop_yaml import load, metric_specs

START = datetime(2026, 11, 21, 10, tzinfo=UTC)
LOOP = load(Path(__file__).parents[2] / "loop.yaml")
READER = EventReader(metric_specs(LOOP))
SEEDS = st.integers(0, 2**31)
FEW = settings(max_examples=15, deadline=None)


def run(shop: Shop, first: float, last: float, step: float = 0.5) -> list[tuple[float, Event]]:
    """The events of a stretch of the run and the second at which each came."""
    events = []
    for number in range(round((last - first) / step)):
        second = first + number * step
        events += [(second, event) for event in shop.advance(second, START + timedelta(seconds=second))]
    return events


def deliveries(events: list[tuple[float, Event]], region: str | None = None) -> list[Touchpoint]:
    """The deliveries, to one region or to all others than the troubled one."""
    found = [event for _, event in events if isinstance(event, Touchpoint) and event.touchpoint == "order.delivered"]
    if region is None:
        return [event for event in found if event.attributes["region"] != TROUBLED]
    return [event for event in found if event.attributes["region"] == region]


def failed(events: list[Touchpoint]) -> float:
    """The share that went wrong."""
    return sum(event.outcome == "failed" for event in events) / len(events)


@FEW
@given(seed=SEEDS, customers=st.integers(10, 3000))
def test_every_event_can_be_read_and_has_an_id_of_its_own(seed: int, customers: int) -> None:
    shop = Shop(customers, seed)
    events = [*shop.history(START, 120), *(event for _, event in run(shop, 0, 60))]
    shop.case_resolved(1, "c0001", 60)
    events += [event for _, event in run(shop, 60, 66)]
    for event in events:
        read = READER.read(encode(event), max(event.time, START))
        assert (read.id, read.source, read.time) == (event.id, event.source, event.time)
        assert read.data.customer_id == event.customer_id
    assert len({(event.source, event.id) for event in events}) == len(events)
    known = {f"c{number:04d}" for number in range(1, customers + 1)}
    assert {event.customer_id for event in events} <= known


@FEW
@given(seed=SEEDS, answers=st.integers(1, 400))
def test_history_is_in_order_and_too_old_to_alert_anybody(seed: int, answers: int) -> None:
    past = list(Shop(300, seed).history(START, answers))
    times = [event.time for event in past]
    assert times == sorted(times)
    assert times[-1] <= START - timedelta(hours=73)
    assert times[0] >= START - timedelta(days=30)
    assert sum(isinstance(event, Response) for event in past) == answers
    assert timedelta(seconds=seconds(LOOP.alert_max_age)) <= START - times[-1]


def test_trouble_is_of_one_region_from_half_a_minute_on_until_three_of_its_cases_are_resolved() -> None:
    shop = Shop(2000, 7)
    before = run(shop, 0, TROUBLE_STARTS)
    during = run(shop, TROUBLE_STARTS, 600)
    assert failed(deliveries(before, TROUBLED)) < 0.2
    assert 0.6 < failed(deliveries(during, TROUBLED)) < 0.8
    assert failed(deliveries(during)) < 0.07

    unhappy = {event.customer_id for event in deliveries(during, TROUBLED) if event.outcome == "failed"}
    elsewhere = {event.customer_id for event in deliveries(during)}
    for number, customer in enumerate(sorted(elsewhere)[:5]):
        shop.case_resolved(1000 + number, customer, 600)
    for _ in range(5):
        shop.case_resolved(1, min(unhappy), 600)  # the same case again and again is one case
    shop.case_resolved(77, "nobody", 600)
    assert shop.troubled(600)
    assert not shop.recovered
    for number, customer in zip((2, 3), sorted(unhappy)[1:], strict=False):
        shop.case_resolved(number, customer, 600)
    assert shop.recovered
    assert not shop.troubled(600)
    after = run(shop, 600, 1200)
    assert failed(deliveries(after, TROUBLED)) < 0.07
    assert CASES_TO_RECOVER == 3


@pytest.mark.parametrize("moment", [0.0, 29.999])
def test_no_trouble_before_its_time(moment: float) -> None:
    assert not Shop(10, 1).troubled(moment)
    assert Shop(10, 1).troubled(30.0)


@pytest.mark.parametrize("region", [region.name for region in REGIONS])
def test_who_was_helped_answers_once_more_and_kinder(region: str) -> None:
    shop = Shop(200, 3)
    customer = next(e.customer_id for e in shop.history(START, 200) if e.attributes["region"] == region)
    run(shop, 0, 1)
    for _ in range(4):  # the list of resolved cases is looked at again and again
        shop.case_resolved(9, customer, 1.0)
    (answer,) = (event for _, event in run(shop, 1, 10) if ":r" in event.id)
    assert isinstance(answer, Response)
    assert (answer.customer_id, answer.metric) == (customer, "nps")
    assert answer.score >= 7


@FEW
@given(seed=SEEDS)
def test_the_same_seed_tells_the_same_story(seed: int) -> None:
    def story() -> list[bytes]:
        shop = Shop(200, seed)
        past = list(shop.history(START, 60))
        return [encode(event) for event in [*past, *(event for _, event in run(shop, 0, 40))]]

    assert story() == story()


def test_another_seed_tells_another() -> None:
    first, second = ({event.id for event in Shop(200, seed).history(START, 60)} for seed in (7, 8))
    assert not first & second


def test_customers_write_in_five_languages_and_scripts() -> None:
    shop = Shop(2000, 7)
    events = [*shop.history(START, 800), *(event for _, event in run(shop, 0, 120))]
    said: dict[str, str] = {}
    for event in events:
        if isinstance(event, Response) and event.comment:
            assert event.language is not None
            said[event.language] = said.get(event.language, "") + event.comment
            known = [*_comments(DELIVERY_COMMENTS, event.language), *_comments(SUPPORT_COMMENTS, event.language)]
            assert event.comment in known
    assert said.keys() == {"en", "pt", "uk", "zh", "ru"}
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said["zh"])
    assert set("іїє") & set(said["uk"])
    assert set("ыэъ") & set(said["ru"])
    assert set("ãçé") & set(said["pt"])
    assert said["en"].isascii()
    assert {event.metric for event in events if isinstance(event, Response)} == {"nps", "csat", "ces"}
    assert math.isclose(sum(region.share for region in REGIONS), 1.0)


def test_most_who_are_asked_answer_and_each_answer_names_its_survey() -> None:
    shop = Shop(2000, 7)
    events = [*shop.history(START, 800), *(event for _, event in run(shop, 0, TROUBLE_STARTS))]
    asked = {e.id: e for e in events if isinstance(e, Touchpoint) and e.touchpoint == "survey.sent"}
    named = [e.touchpoint_event_id for e in events if isinstance(e, Response)]
    assert set(named) <= asked.keys()
    assert len(set(named)) == len(named)
    assert 0.6 < len(named) / len(asked) < 0.95
    assert LOOP.invitations is not None
    assert LOOP.invitations.touchpoint == "survey.sent"


def test_some_whose_parcel_fails_three_times_say_nothing() -> None:
    events = [event for seed in (7, 8) for _, event in run(Shop(2000, seed), 0, 300)]
    answered = {_order(event) for event in events if isinstance(event, Response)}
    failures = Counter(_order(event) for event in events if isinstance(event, Touchpoint) and event.outcome == "failed")
    assert any(count == 3 and order not in answered for order, count in failures.items())
    assert max(failures.values()) == 3


def _order(event: Event) -> str:
    """The run and the order of an event, whichever attempt at its delivery it tells of."""
    run, order, _ = event.id.split(":", 2)
    return f"{run}:{order.partition('.')[0]}"


def _comments(of: dict[str, dict[str, tuple[str, ...]]], language: str) -> list[str]:
    return [text for texts in of[language].values() for text in texts]
