"""How the loop stands, as metrics: from the tables on both servers, and from the books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import update

from gateway import standing
from gateway.books_metrics import BooksMetrics
from gateway.keys import create_key, revoke_keys, rotate_key
from gateway.parts import Parts
from gateway.standing import StandingMetrics
from schemas.metrics import Books
from schemas.tables import CaseEventRow, CaseRow, SlackOutboxRow, TimerRow
from schemas.topics import RESPONSES, TOUCHPOINTS
from tests.gateway.conftest import Served
from tests.gateway.examples import opened


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def test_it_tells_when_the_last_key_of_a_name_ends(make: Callable[..., Parts], sqlite_database: str) -> None:
    parts, at = make(sqlite_database), datetime.now(UTC).replace(microsecond=0)
    registry, name = parts.instruments.registry, "closeloop_gateway_key_expires_timestamp_seconds"
    create_key(parts.writers, "shop", "emit", at, expires_at=at + timedelta(days=3))
    create_key(parts.writers, "for ever", "read", at)
    parts.standing.look()
    assert value(registry, name, key="shop") == (at + timedelta(days=3)).timestamp()
    assert value(registry, name, key="for ever") is None
    rotate_key(parts.writers, "shop", timedelta(days=1), at, expires_at=at + timedelta(days=90))
    parts.standing.look()
    assert value(registry, name, key="shop") == (at + timedelta(days=90)).timestamp()
    revoke_keys(parts.writers, "shop")
    parts.standing.look()
    assert value(registry, name, key="shop") is None


def test_it_tells_of_cases_promises_and_what_waits(make: Callable[..., Parts], database: str) -> None:
    parts = make(database)
    registry, now = parts.instruments.registry, datetime.now(UTC)
    parts.standing.look()
    assert value(registry, "closeloop_cases", state="open") == 0
    assert value(registry, "closeloop_waiting_slack_message_seconds") == 0
    assert value(registry, "closeloop_waiting_timer_seconds") == 0

    first, second = opened(parts.writers, 1), opened(parts.writers, 2)
    with parts.writers.begin() as session:
        session.execute(update(SlackOutboxRow).values(state="sent"))
        session.execute(update(CaseEventRow).values(published_at=now))
        session.execute(update(CaseRow).where(CaseRow.id == first).values(undelivered_at=now))
        session.execute(
            update(CaseRow)
            .where(CaseRow.id == second)
            .values(acknowledged_at=now, contact_by=now + timedelta(hours=1), state="acknowledged")
        )
    parts.standing.look()
    assert value(registry, "closeloop_cases", state="open") == 1
    assert value(registry, "closeloop_cases", state="acknowledged") == 1
    assert value(registry, "closeloop_cases_overdue", promise="acknowledge") == 1
    assert value(registry, "closeloop_cases_overdue", promise="contact") == 1
    assert value(registry, "closeloop_cases_overdue", promise="resolve") == 2
    assert value(registry, "closeloop_cases_undelivered") == 1
    assert value(registry, "closeloop_waiting_slack_message_seconds") == 0
    assert value(registry, "closeloop_waiting_case_event_seconds") == 0

    with parts.writers.begin() as session:
        session.execute(
            update(SlackOutboxRow)
            .where(SlackOutboxRow.case_id == second)
            .values(state="sending", lease_until=now - timedelta(seconds=1), created_at=now - timedelta(minutes=2))
        )
        session.execute(
            update(CaseEventRow)
            .where(CaseEventRow.case_id == first)
            .values(published_at=None, at=now - timedelta(minutes=3))
        )
        for key, version, due in (("void", 7, 50), ("late", 1, 4), ("early", 1, -4)):
            session.add(
                TimerRow(
                    key=key,
                    kind="escalate",
                    case_id=first,
                    case_version=version,
                    due_at=now - timedelta(minutes=due),
                    fired_at=None,
                    detail={},
                )
            )
    parts.standing.look()
    assert value(registry, "closeloop_waiting_slack_message_seconds") == pytest.approx(120, abs=30)
    assert value(registry, "closeloop_waiting_case_event_seconds") == pytest.approx(180, abs=30)
    assert value(registry, "closeloop_waiting_timer_seconds") == pytest.approx(240, abs=30)


def test_a_silent_database_leaves_no_old_numbers(
    make: Callable[..., Parts], sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = make(sqlite_database)
    parts.standing.look()
    monkeypatch.setattr(standing, "HOLDS_S", -1.0)
    assert value(parts.instruments.registry, "closeloop_cases", state="open") is None


def test_two_collectors_of_one_registry_are_refused(make: Callable[..., Parts], sqlite_database: str) -> None:
    parts = make(sqlite_database)
    with pytest.raises(ValueError, match="Duplicated"):
        StandingMetrics(parts.readers, parts.instruments.registry)


def account(source: str, received: int, counted: int, **letters: int) -> Books:
    return Books(
        source=source,
        version=received,
        watermark=None,
        received=received,
        counted=counted,
        duplicates=2,
        late=1,
        forwarded=5,
        dead_letters=letters,
        alerts={},
    )


def test_the_books_are_summed_over_partitions_and_balance() -> None:
    known: list[Books] | None = None
    registry = CollectorRegistry()
    BooksMetrics(lambda: known, registry)
    assert value(registry, "closeloop_books_received_events_total", topic=RESPONSES) is None  # not read yet

    known = [
        account(f"{RESPONSES}/0", 20, 13, scale=3, not_json=1),
        account(f"{RESPONSES}/1", 10, 5, scale=2),
        account(f"{TOUCHPOINTS}/0", 9, 4),
        account("cx.cases/0", 7, 4),
    ]
    events = "closeloop_books_events_total"
    assert value(registry, "closeloop_books_received_events_total", topic=RESPONSES) == 30
    assert value(registry, events, topic=RESPONSES, outcome="counted") == 18
    assert value(registry, events, topic=RESPONSES, outcome="duplicate") == 4
    assert value(registry, events, topic=RESPONSES, outcome="late") == 2
    assert value(registry, events, topic=RESPONSES, outcome="dead_letter") == 6
    assert value(registry, "closeloop_books_dead_letters_total", topic=RESPONSES, reason="scale") == 5
    assert value(registry, "closeloop_books_unaccounted_events", topic=RESPONSES) == 0
    assert value(registry, "closeloop_books_unaccounted_events", topic=TOUCHPOINTS) == 2
    assert value(registry, "closeloop_books_received_events_total", topic="cx.cases") is None


def test_metrics_of_the_process_are_served(gateway: Served) -> None:
    text = gateway.client.get("/metrics").text
    assert 'closeloop_build_info{python="' in text
    assert "process_cpu_seconds_total" in text
    assert "closeloop_ready 0.0" in text  # there is no Kafka here
