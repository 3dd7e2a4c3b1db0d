"""What every process says of itself: its clock against another one, a database that hangs, no created series."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from schemas import database_pulse, process_metrics
from schemas.database import open_database
from schemas.database_pulse import DatabasePulse
from schemas.process_metrics import ProcessMetrics, clock_offset

SKEW = "closeloop_clock_skew_seconds"


@given(
    ahead=st.integers(-100_000, 100_000),
    there=st.integers(0, 10_000),
    back=st.integers(0, 10_000),
    sent=st.integers(0, 10**9),
)
def test_a_clock_is_never_said_to_be_further_off_than_it_is(ahead: int, there: int, back: int, sent: int) -> None:
    # In whole units, so that nothing is rounded: our clock is `ahead` of theirs, the question took `there`.
    offset = clock_offset(sent + ahead, sent + ahead + there + back, sent + there)
    assert abs(offset) <= abs(ahead)
    assert offset * ahead >= 0
    assert abs(ahead - offset) <= max(there, back)


def test_clocks_that_agree_differ_by_nothing_however_long_the_answer_takes() -> None:
    assert clock_offset(100.0, 109.0, 104.0) == 0.0


def test_an_old_comparison_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = CollectorRegistry()
    metrics = ProcessMetrics(registry, "streams")
    assert registry.get_sample_value(SKEW, {"against": "kafka"}) is None
    metrics.compared("kafka", -3.5)
    assert registry.get_sample_value(SKEW, {"against": "kafka"}) == -3.5
    later = time.monotonic() + process_metrics.SKEW_HOLDS_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert math.isnan(registry.get_sample_value(SKEW, {"against": "kafka"}) or 0.0)


def test_the_database_answers_until_it_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = CollectorRegistry()
    engine = open_database(f"sqlite:///{tmp_path}/db.sqlite3")
    pulse = DatabasePulse(engine, ProcessMetrics(registry, "consumers", database=True))
    assert registry.get_sample_value("closeloop_database_up") == 0
    pulse.ask()
    assert registry.get_sample_value("closeloop_database_up") == 1
    assert registry.get_sample_value(SKEW, {"against": "database"}) is None  # SQLite has no clock of its own
    later = time.monotonic() + database_pulse.SILENT_AFTER_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert registry.get_sample_value("closeloop_database_up") == 0
    engine.dispose()


def test_postgresql_is_asked_for_its_time(postgres_url: str) -> None:
    registry = CollectorRegistry()
    engine = open_database(postgres_url)
    pulse = DatabasePulse(engine, ProcessMetrics(registry, "consumers", database=True))
    pulse.ask()
    offset = registry.get_sample_value(SKEW, {"against": "database"})
    assert offset is not None
    assert abs(offset) < 0.5  # it runs on this machine
    engine.dispose()


def test_a_database_that_refuses_is_down(free_port: int) -> None:
    registry = CollectorRegistry()
    engine = open_database(f"postgresql://nobody@127.0.0.1:{free_port}/none")
    pulse = DatabasePulse(engine, ProcessMetrics(registry, "consumers", database=True))
    pulse.ask()
    assert registry.get_sample_value("closeloop_database_up") == 0
    engine.dispose()


def test_a_step_that_somebody_else_takes_is_not_told_as_old() -> None:
    registry = CollectorRegistry()
    metrics = ProcessMetrics(registry, "streams")
    metrics.succeeded("cx.responses")
    text = generate_latest(registry).decode()
    assert 'closeloop_last_success_timestamp_seconds{step="cx.responses"}' in text
    assert "_created" not in text
    metrics.forget_step("cx.responses")
    assert 'step="cx.responses"' not in generate_latest(registry).decode()
