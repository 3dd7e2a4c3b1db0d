"""The audit trail: every act that is answered for leaves one entry, and nobody is named in it."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway import key_ring
from gateway.keys import create_key
from schemas import audit
from schemas.audit import Act, Who, forget, random_word, record
from schemas.tables import AuditRow
from tests.gateway.conftest import Served
from tests.gateway.examples import opened
from tests.gateway.test_access import bearer
from tests.gateway.test_dead_letters import good
from tests.gateway.test_metrics import letter

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVA = Who(name="eva", kind="person", via="console", address="10.0.0.7")


@pytest.fixture(autouse=True)
def _fresh_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "REFRESH_SECONDS", 0.0)


@pytest.fixture
def admin(on_both: Served) -> dict[str, str]:
    return bearer(create_key(on_both.parts.writers, "ops", "admin"))


def rows(served: Served) -> list[AuditRow]:
    with served.parts.readers() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.action != "key_created").order_by(AuditRow.id)))


def test_acts_over_http_are_written_down_with_who_and_from_where(on_both: Served, admin: dict[str, str]) -> None:
    opened(on_both.parts.writers)
    one, other = letter(on_both, 1, value=good(1), headers=[]), letter(on_both, 2, value=good(2), headers=[])

    def ask(method: str, path: str, **body: object) -> None:
        answer = on_both.client.request(method, path, headers=admin, json=body or None)
        assert answer.status_code in (200, 201), answer.text

    ask("GET", f"/v1/deadletters/{one}")
    ask("POST", f"/v1/deadletters/{one}/replay")
    ask("POST", "/v1/deadletters/replay", reason="metric")
    ask("GET", "/v1/cases/export?customer=c1&format=json")
    ask("GET", "/v1/cases/audit?format=jsonl")
    ask(
        "POST", "/v1/silences", matchers={"touchpoint": "order.delivered"}, reason="strike of carriers", **{"for": "1h"}
    )
    ask("POST", "/v1/silences/1/end", actor="bob")
    ask("GET", f"/pipeline?letter={other}")
    found = rows(on_both)
    assert [(row.action, row.subject, row.customer, row.detail) for row in found] == [
        ("letter_read", one, None, {}),
        ("letter_replayed", one, None, {}),
        ("letters_replayed", "metric", None, {"letters": 1}),
        ("cases_exported", None, "c1", {"format": "json", "after": 0}),
        ("history_exported", None, None, {"format": "jsonl", "after": 0}),
        ("silence_added", "S-1", None, {}),
        ("silence_ended", "S-1", None, {"for": "bob"}),
        ("letter_read", other, None, {}),
    ]
    key_id = admin["authorization"].split("_")[1]
    assert {(row.actor, row.kind, row.key_id, row.via, row.address, row.outcome) for row in found} == {
        ("ops", "key", key_id, "api", "testclient", "done")
    }
    said = str([vars(row) for row in found])
    for personal in ("atrasou", "Ana", "strike of carriers", admin["authorization"].split("_")[2]):
        assert personal not in said


def test_what_is_refused_leaves_nothing(on_both: Served, admin: dict[str, str]) -> None:
    reader = bearer(create_key(on_both.parts.writers, "reports", "read"))
    known = letter(on_both, 1)
    assert on_both.client.get(f"/v1/deadletters/{known}", headers=reader).status_code == 403
    assert on_both.client.get(f"/pipeline?letter={known}", headers=reader).status_code == 200, "without the bytes"
    assert on_both.client.get("/v1/deadletters/none", headers=admin).status_code == 404
    assert on_both.client.get("/v1/cases/export?format=pdf", headers=admin).status_code == 400
    assert rows(on_both) == []


def test_nothing_is_read_that_cannot_be_written_down(on_both: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    known = letter(on_both, 1)

    def broken(*_given: object) -> None:
        raise RuntimeError("no trail")

    monkeypatch.setattr("gateway.audit_notes.record", broken)
    on_both.client.raise_server_exceptions = False  # type: ignore[attr-defined]
    answer = on_both.client.get(f"/v1/deadletters/{known}")
    assert answer.status_code == 500
    assert "nps" not in answer.text


def test_the_trail_is_for_admins_and_can_be_searched(on_both: Served, admin: dict[str, str]) -> None:
    with on_both.parts.writers.begin() as session:
        for number in range(5):
            record(session, EVA, Act(action="cases_exported", customer=f"c{number % 2}"), NOW + timedelta(hours=number))
        record(session, EVA, Act(action="signed_in", outcome="refused", detail={"why": "nonce"}), NOW)

    def ask(query: str) -> dict[str, object]:
        answer = on_both.client.get(f"/v1/audit?{query}", headers=admin)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def ids(query: str) -> list[int]:
        return [entry["id"] for entry in ask(query)["entries"]]  # type: ignore[attr-defined]

    assert ids("") == [7, 6, 5, 4, 3, 2, 1]
    assert ids("customer=c1") == [5, 3]
    assert ids("action=signed_in&outcome=refused&actor=eva") == [7]
    assert ids("since=2026-11-22T13:00:00Z&until=2026-11-22T15:00:00Z") == [4, 3]
    first = ask("limit=3&actor=eva")
    assert ids(f"limit=3&actor=eva&cursor={first['next']}") == [4, 3, 2]
    assert ask("actor=nobody") == {"entries": [], "next": None}
    for role, status in (("read", 403), ("act", 403), ("emit", 403)):
        head = bearer(create_key(on_both.parts.writers, role, role))
        assert on_both.client.get("/v1/audit", headers=head).status_code == status
    for wrong in (
        "action=x",
        "outcome=x",
        "since=yesterday",
        "since=2026-01-01T00:00:00",
        "cursor=x",
        "cursor=-1",
        "who=x",
    ):
        assert on_both.client.get(f"/v1/audit?{wrong}", headers=admin).status_code == 400, wrong


def test_an_erased_customer_cannot_be_found_in_the_trail(on_both: Served) -> None:
    with on_both.parts.writers.begin() as session:
        for customer in ("ms jones", "c2", "ms jones"):
            record(session, EVA, Act(action="cases_exported", customer=customer), NOW)
        word = random_word()
        assert forget(session, "ms jones", word) == 2
        record(session, EVA, Act(action="customer_erased", customer=word), NOW)
    assert [row.customer for row in rows(on_both)] == [word, "c2", word, word]
    assert random_word() != word, "by chance, so that nobody can reckon it back"


def test_names_cannot_break_the_trail(on_both: Served) -> None:
    with on_both.parts.writers.begin() as session:
        record(session, Who(name="a\x1b[2J\n" + "b" * 500, kind="command", via="command"), Act(action="signed_in"), NOW)
    (row,) = rows(on_both)
    assert row.actor.isprintable()
    assert len(row.actor) == 200


def test_only_the_trails_own_module_and_pruning_write_there() -> None:
    root = Path(audit.__file__).parents[1]
    found = [
        path.relative_to(root).as_posix()
        for room in ("schemas", "consumers", "gateway", "closeloop", "streams")
        for path in sorted((root / room).rglob("*.py"))
        if "AuditRow" in path.read_text(encoding="utf-8") and _writes(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert sorted(found) == ["closeloop/database/pruning.py", "schemas/audit.py"]


def _writes(tree: ast.Module) -> bool:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [(ast.unparse(call.func), [ast.unparse(one) for one in call.args]) for call in calls]
    return any(
        name == "AuditRow" or (name in ("update", "delete", "insert") and "AuditRow" in arguments)
        for name, arguments in names
    )


def test_the_live_part_of_a_page_with_bytes_is_a_look_too(on_both: Served, admin: dict[str, str]) -> None:
    known = letter(on_both, 1)
    on_both.parts.hub.close()  # so that the stream ends at once
    assert on_both.client.get(f"/console/live/pipeline?letter={known}", headers=admin).status_code == 200
    assert [(row.action, row.subject) for row in rows(on_both)] == [("letter_read", known)]
