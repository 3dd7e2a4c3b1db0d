"""Whatever happens to a case, its history alone tells how it stands; and nothing else changes a case."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from schemas import case_ledger, joining
from schemas.alerts import Alert
from schemas.case_ledger import Change, Opening, Refused
from schemas.case_returns import find_closed_case, recover_case, reopen_case
from schemas.database import open_database, sessions
from schemas.tables import Base, CaseEventRow, CaseRow
from tests.gateway.examples import alert

BEGIN = datetime(2026, 1, 10, 9, tzinfo=UTC)
VIAS = ("slack", "console", "api")
PEOPLE = ("ana", "bob", "night-bot")


@pytest.fixture(scope="module")
def database() -> Iterator[sessionmaker[Session]]:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/audit.db")
        Base.metadata.create_all(engine)
        yield sessions(engine)
        engine.dispose()


def opening(now: datetime) -> Opening:
    return Opening(
        receiver="desk", owner="ana", destinations=(), acknowledge_by=now + timedelta(hours=1),
        contact_by=now + timedelta(hours=4), resolve_by=now + timedelta(days=2),
    )  # fmt: skip


def heard(number: int, at: datetime, **changes: Any) -> Alert:
    told = {**{field: getattr(alert(1), field) for field in Alert.__struct_fields__}, "id": f"a-{number}"}
    return Alert(**{**told, "event_id": f"r-{number}", "event_time": at, "detected_at": at, **changes})


PERSON_STEPS = st.tuples(
    st.sampled_from(["acknowledge", "contact", "resolve", "reassign", "snooze", "wake", "reopen", "dismiss"]),
    st.sampled_from(PEOPLE),
    st.sampled_from(VIAS),
    st.one_of(st.none(), st.text("ab=<", min_size=1, max_size=5)),
    st.sampled_from([-1, 0, 0, 0, 0]),
)
SYSTEM_STEPS = st.sampled_from([("bad",), ("graver",), ("good",), ("lease_expired",), ("wake",)])
STEPS = st.lists(st.tuples(st.one_of(PERSON_STEPS, SYSTEM_STEPS), st.integers(0, 3 * 86_400)), max_size=14)


def take(session: Session, step: tuple[Any, ...], number: int, now: datetime) -> None:
    """Do what a person, the desk or a timer would do now; raises Refused."""
    case = session.scalars(select(CaseRow)).one()
    if step[0] in ("bad", "graver"):
        further = heard(number, now, severity="critical" if step[0] == "graver" else "normal")
        if case.state not in ("resolved", "dismissed"):
            case_ledger.join_case(session, case, further, now)
        elif joining.reopens(further, case.state, case.closed_at, paged=case.page):
            closed = find_closed_case(session, case.customer_id, case.programme)
            assert closed is not None
            reopen_case(session, closed, further, opening(now), now)
    elif step[0] == "good":
        if case.state in ("resolved", "dismissed"):
            recover_case(session, heard(number, now, score=9, page=False, recovered=True), now)
    elif len(step) == 1:
        case_ledger.act(session, case.id, step[0], actor="system", via="system", now=now)
    else:
        action, actor, via, note, behind = step
        said = Change(
            note=note,
            root_cause="billing" if action == "resolve" else None,
            until=now + timedelta(hours=5) if action == "snooze" else None,
            owner=actor if action in ("acknowledge", "reassign") else None,
            lease_until=now + timedelta(hours=2) if action == "acknowledge" else None,
            key="night-bot" if via == "api" and actor != "night-bot" else None,
        )
        expected = case.version + behind
        case_ledger.act(session, case.id, action, actor=actor, via=via, now=now, change=said, expected_version=expected)


def replayed(history: list[CaseEventRow]) -> dict[str, Any]:
    """How a case stands by what its history says, and by nothing else."""
    case: dict[str, Any] = {}
    for step in history:
        told = step.detail
        if step.action == "opened":
            case = {"opened_at": step.at, "owner": step.payload["owner"], "answers": 0, "severity": "normal"}
        assert case.get("state") == step.from_state, "no step is missing between two rows"
        case["state"] = step.to_state
        case["version"] = step.version
        if step.action in ("acknowledge", "reassign", "reopen") and told.get("owner"):
            case["owner"] = told["owner"]
        if step.action == "reopen":
            case |= {"acknowledged_at": None, "contacted_at": None, "reopened_at": step.at}
        if step.action in ("acknowledge", "contact") and step.from_state != "resolved":
            case["acknowledged_at"] = case.get("acknowledged_at") or step.at
        if step.action == "contact":
            case["contacted_at"] = case.get("contacted_at") or step.at
        if step.action in ("resolve", "dismiss"):
            case |= {"closed_at": step.at, "root_cause": told.get("root_cause"), "note": told.get("note")}
        if step.action == "reopen":
            case |= {"closed_at": None, "root_cause": None, "note": None, "recovered": False}
        if step.action == "recovered":
            case["recovered"] = True
        lease = told.get("lease_until")
        if step.action == "acknowledge":
            case["lease_until"] = None if lease is None else datetime.fromisoformat(lease)
        elif step.action in ("contact", "resolve", "dismiss", "reassign", "lease_expired", "snooze", "reopen"):
            case["lease_until"] = None
        case["snoozed_until"] = (
            datetime.fromisoformat(told["until"])
            if step.action == "snooze"
            else None
            if step.to_state != "snoozed"
            else case.get("snoozed_until")
        )
        case["severity"] = step.payload["severity"]
        case["answers"] += step.action in ("opened", "joined") or (step.action == "reopen" and step.actor == "system")
    return case


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
@example([(("resolve", "ana", "slack", None, 0), 60), (("contact", "bob", "slack", "told them", 0), 60)])
@example(
    [
        (("acknowledge", "ana", "slack", None, 0), 60),
        (("contact", "ana", "slack", "rang", 0), 60),
        (("resolve", "bob", "api", "refunded", 0), 60),
        (("good",), 3600),
        (("graver",), 3600),
        (("reassign", "bob", "console", None, 0), 60),
        (("snooze", "bob", "console", None, 0), 60),
        (("wake",), 3600),
        (("dismiss", "ana", "slack", "a joke", 0), 60),
        (("bad",), 60),
        (("acknowledge", "ana", "slack", None, 0), 60),
        (("lease_expired",), 86_400),
        (("resolve", "night-bot", "api", None, 0), 60),
        (("reopen", "ana", "slack", "no", 0), 60),
    ]
)
def test_replaying_the_history_gives_the_row(database: sessionmaker[Session], steps: list[Any]) -> None:
    with database.begin() as session:
        _clear(session)
    now = BEGIN
    with database.begin() as session:
        case_ledger.open_case(session, heard(0, now), opening(now), now)
    refused = 0
    for number, (step, wait) in enumerate(steps, start=1):
        now += timedelta(seconds=wait)
        try:
            with database.begin() as session:
                take(session, step, number, now)
        except Refused:
            refused += 1
    with database() as session:
        case = session.scalars(select(CaseRow)).one()
        history = list(session.scalars(select(CaseEventRow).order_by(CaseEventRow.version)))
    # Every version has its row: who, when and from where.
    assert [step.version for step in history] == list(range(1, case.version + 1))
    assert all(step.actor and step.via in (*VIAS, "system") for step in history)
    assert all((step.via == "system") == (step.actor == "system") for step in history)
    assert [step.at for step in history] == sorted(step.at for step in history)
    told = replayed(history)
    assert {
        "opened_at": case.opened_at, "owner": case.owner, "answers": case.answer_count, "severity": case.severity,
        "state": case.state, "version": case.version, "acknowledged_at": case.acknowledged_at,
        "contacted_at": case.contacted_at, "closed_at": case.closed_at, "root_cause": case.root_cause,
        "note": case.resolution_note, "lease_until": case.lease_until, "snoozed_until": case.snoozed_until,
        "reopened_at": case.reopened_at, "recovered": case.recovered_at is not None,
    } == {
        "acknowledged_at": None, "contacted_at": None, "closed_at": None, "root_cause": None, "note": None,
        "lease_until": None, "reopened_at": None, "recovered": False, **told,
    }  # fmt: skip
    assert case.updated_at == history[-1].at
    # Only somebody else's key needs naming: a note, a person, and the key they came through are all there.
    assert all("key" not in step.detail for step in history if step.via != "api")


def _clear(session: Session) -> None:
    """Every table that hangs on cases, in the order of their keys."""
    for table in reversed(Base.metadata.sorted_tables):
        if table.name == "cases" or any(key.column.table.name == "cases" for key in table.foreign_keys):
            session.execute(delete(table))


COLUMNS = {column.key for column in CaseRow.__table__.columns}
WRITERS = {"schemas/case_writes.py", "schemas/case_ledger.py"}
"""The one compare-and-set, and the opening of a case."""
UNAUDITED = {"undelivered_at", "burst_key", "incident_id"}
"""What is no state of a case: whether its card could be delivered, by what bursts are found, and the incident that it
is opened into, which stands in the detail of its opening step."""


def test_no_module_changes_a_case_beside_the_ledger() -> None:
    """Who makes, updates or assigns to rows of cases: the ledger's modules alone, so no path skips the history."""
    root = Path(case_ledger.__file__).parents[1]
    found: list[str] = []
    for room in ("schemas", "consumers", "gateway", "closeloop"):
        for path in sorted((root / room).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            text = path.read_text(encoding="utf-8")
            if name not in WRITERS and ("CaseRow" in text or "case_ledger" in text):
                found += [f"{name}:{line}" for line in _writes(ast.parse(text))]
    assert found == []


def _writes(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            chained = isinstance(node.func, ast.Attribute) and "update(CaseRow)" in ast.unparse(node.func.value)
            made = called == "CaseRow" or (called == "insert" and "CaseRow" in map(ast.unparse, node.args))
            if made or (called == "values" and chained and {word.arg for word in node.keywords} - UNAUDITED):
                yield node.lineno
        for target in node.targets if isinstance(node, ast.Assign) else []:
            of_case = isinstance(target, ast.Attribute) and ast.unparse(target.value) in ("case", "closed")
            if of_case and isinstance(target, ast.Attribute) and target.attr in COLUMNS - UNAUDITED:
                yield node.lineno
