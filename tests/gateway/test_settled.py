"""An export that goes on after the last key of the one before misses nothing, whatever order transactions end in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from gateway import settled
from gateway.case_export import AuditFilter, audit_page, last_transition, pages
from schemas.case_history import note
from schemas.tables import CaseRow
from tests.gateway.conftest import Served
from tests.gateway.examples import opened

AT = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.fixture
def on_postgres(serve: Callable[..., Served], postgres_tables: str) -> Served:
    return serve(postgres_tables)


def exported(gateway: Served, after: int) -> list[tuple[int, str]]:
    """The trail after this key: numbers, and what was noted."""
    read = audit_page(gateway.parts.words, AuditFilter())
    found = [entry for page in pages(gateway.parts.readers, read, last_transition, after) for entry in page]
    return [(entry.seq, entry.detail.get("told", entry.action)) for entry in found]


def writes(session: Session, case: int, told: str) -> None:
    note(session, session.get_one(CaseRow, case), "reminded", told, AT, {"told": told})
    session.flush()


@pytest.mark.postgres
def test_an_export_waits_for_who_drew_a_lower_key_and_for_nobody_else(
    on_postgres: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    writers, looked, real = on_postgres.parts.writers, threading.Event(), settled._writers
    case, other, third = (opened(writers, number) for number in (1, 2, 3))
    first = exported(on_postgres, 0)

    def look(session: Session, table: str) -> set[str]:
        found = real(session, table)
        looked.set()
        return found

    monkeypatch.setattr(settled, "_writers", look)
    with writers() as slow, writers() as late, ThreadPoolExecutor(1) as pool:
        writes(slow, case, "slow")  # has its number, and goes on
        with writers.begin() as quick:
            writes(quick, other, "quick")
        export = pool.submit(exported, on_postgres, first[-1][0])
        assert looked.wait(20)
        writes(late, third, "late")  # begins after the export: no concern of it
        wait([export], timeout=0.2)
        assert not export.done(), "what is committed already has a higher number than what is not"
        slow.commit()
        piece = export.result(20)
        assert [told for _, told in piece] == ["slow", "quick"]
        late.commit()
    assert [told for _, told in exported(on_postgres, piece[-1][0])] == ["late"]


@pytest.mark.postgres
def test_an_export_gives_up_on_a_transaction_that_never_ends(on_postgres: Served) -> None:
    writers = on_postgres.parts.writers
    case = opened(writers, 1)
    with writers() as hanging:
        writes(hanging, case, "hanging")
        with on_postgres.parts.readers() as session, pytest.raises(TimeoutError, match="writing to case_events"):
            settled.wait_for_writers(session, "case_events", patience_s=0.1)
        with on_postgres.parts.readers() as session:
            settled.wait_for_writers(session, "cases", patience_s=5)
        hanging.rollback()


def test_pieces_of_the_trail_are_the_trail(on_both: Served) -> None:
    """Four writers, and somebody who fetches what is new again and again: nothing is missed, nothing comes twice."""
    writers, cases = on_both.parts.writers, [opened(on_both.parts.writers, number) for number in range(4)]
    start = threading.Barrier(5)
    fetched: list[tuple[int, str]] = []

    def write(case: int) -> None:
        start.wait()
        for number in range(15):
            with writers.begin() as session:
                writes(session, case, f"{case}-{number}")

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(write, case) for case in cases]
        start.wait()
        while not all(one.done() for one in running):
            fetched += exported(on_both, fetched[-1][0] if fetched else 0)
        for one in running:
            one.result()
    fetched += exported(on_both, fetched[-1][0] if fetched else 0)
    assert fetched == exported(on_both, 0)
    assert len(fetched) == 4 + 4 * 15
