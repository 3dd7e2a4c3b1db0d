"""Pacing, permissions that run out, and the plan of faults: pure, with the time as an argument."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closeloop.sandbox.faults import Fault, FaultKind, FaultPlan
from closeloop.sandbox.grants import Grants
from closeloop.sandbox.model import SlackError
from closeloop.sandbox.pace import Pace


def test_a_burst_passes_then_one_a_second() -> None:
    pace = Pace(1.0, 3)
    assert [pace.take("C1", 100.0) for _ in range(4)] == [0, 0, 0, 1]
    assert pace.take("C2", 100.0) == 0, "another channel has its own bucket"
    assert pace.take("C1", 100.9) == 1
    assert pace.take("C1", 101.0) == 0


def test_a_slow_pace_says_how_long_to_wait() -> None:
    pace = Pace(0.1, 1)
    assert pace.take("C1", 0.0) == 0
    assert pace.take("C1", 1.0) == 9


def test_pace_zero_lets_everything_pass() -> None:
    pace = Pace(0, 1)
    assert {pace.take("C1", 0.0) for _ in range(1000)} == {0}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # shared machines stall
@given(
    gaps=st.lists(st.floats(0, 3), min_size=1, max_size=60),
    rate=st.floats(0.2, 20),
    burst=st.integers(1, 10),
)
def test_never_more_than_burst_and_rate_allow(gaps: list[float], rate: float, burst: int) -> None:
    pace, now, passed = Pace(rate, burst), 0.0, 0
    for gap in gaps:
        now += gap
        passed += pace.take("C1", now) == 0
    assert passed <= burst + rate * now + 1e-6


def test_a_trigger_serves_once_within_three_seconds() -> None:
    grants = Grants()
    trigger = grants.trigger("U1", 100.0, 3.0)
    assert grants.use("trigger", trigger, 103.0).user == "U1"
    with pytest.raises(SlackError, match="exchanged_trigger_id"):
        grants.use("trigger", trigger, 103.0)
    with pytest.raises(SlackError, match="expired_trigger_id"):
        grants.use("trigger", grants.trigger("U1", 100.0, 3.0), 103.1)
    with pytest.raises(SlackError, match="invalid_trigger_id"):
        grants.use("trigger", "made-up", 100.0)


def test_a_response_url_serves_five_times_within_half_an_hour() -> None:
    grants = Grants()
    url = grants.response_url("U1", "C1", "1.0", 0.0)
    for _ in range(5):
        assert grants.use("response", url, 1800.0).channel == "C1"
    with pytest.raises(SlackError, match="used_url"):
        grants.use("response", url, 1800.0)
    with pytest.raises(SlackError, match="expired_url"):
        grants.use("response", grants.response_url("U1", "C1", "1.0", 0.0), 1800.1)
    with pytest.raises(SlackError, match="invalid_url"):
        grants.use("response", grants.trigger("U1", 0.0, 3.0), 0.0)


def test_faults_end_by_count_by_time_or_by_order() -> None:
    plan = FaultPlan()
    plan.add(Fault(kind=FaultKind.ERROR, method="chat.update", times=2), 0.0)
    plan.add(Fault(kind=FaultKind.HANG, method="auth.test", seconds=30), 0.0)
    assert [bool(plan.decide("chat.update", 1.0)) for _ in range(3)] == [True, True, False]
    assert plan.decide("auth.test", 29.9) is not None
    assert plan.decide("auth.test", 30.0) is None
    plan.add(Fault(kind=FaultKind.ERROR), 40.0)
    assert plan.decide("anything", 1e9) is not None
    plan.clear()
    assert plan.decide("anything", 1e9) is None


def test_faults_for_everything_leave_what_is_not_the_web_api_alone() -> None:
    plan = FaultPlan()
    plan.add(Fault(kind=FaultKind.ERROR), 0.0)
    assert plan.decide("interaction", 0.0) is None
    plan.add(Fault(kind=FaultKind.ERROR, method="interaction"), 0.0)
    assert plan.decide("interaction", 0.0) is not None


def test_chances_are_repeatable_and_about_as_likely_as_ordered() -> None:
    def run(seed: int) -> list[bool]:
        plan = FaultPlan(seed)
        plan.add(Fault(kind=FaultKind.ERROR, probability=0.25), 0.0)
        return [plan.decide("x", 0.0) is not None for _ in range(4000)]

    assert run(7) == run(7)
    assert run(7) != run(8)
    assert 800 < Counter(run(7))[True] < 1200
