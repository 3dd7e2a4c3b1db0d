"""/v1/incidents and the cases of one, over HTTP and on the command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from gateway import incident_acts
from gateway.keys import create_key
from gateway.parts import Parts
from gateway.routes import incidents as incidents_route
from schemas.case_ledger import Change, act
from schemas.tables import CaseRow, IncidentRow
from tests.cli.asking import ask
from tests.gateway.conftest import Served
from tests.gateway.examples import opened
from tests.gateway.serving import serving


def burst(parts: Parts, *sizes: int) -> list[list[int]]:
    """As many incidents with as many cases each; the newest has just had a case, the others are long quiet."""
    now, numbers = datetime.now(UTC), iter(range(1, 100))
    made: list[list[int]] = []
    for place, size in enumerate(sizes):
        cases = [opened(parts.writers, next(numbers)) for _ in range(size)]
        at = now if place == len(sizes) - 1 else now - timedelta(hours=5)
        with parts.writers.begin() as session:
            shared = {"touchpoint": "order.delivered", "attributes.region": f"R{place}"}
            row = IncidentRow(shared=shared, opened_at=at, declared_at=at, last_case_at=at, running_key=f"key {place}")
            session.add(row)
            session.flush()
            for number in cases:
                session.get_one(CaseRow, number).incident_id = row.id
        made.append(cases)
    return made


def test_incidents_say_what_is_shared_and_how_their_cases_stand(on_both: Served) -> None:
    first, second = burst(on_both.parts, 2, 3)
    with on_both.parts.writers.begin() as session:
        for number in (*first, second[0]):
            now = datetime.now(UTC)
            act(session, number, "resolve", actor="ana", via="api", now=now, change=Change(root_cause="other"))
    answer = on_both.client.get("/v1/incidents").json()
    told = [(row["id"], row["running"], row["cases"], row["open"]) for row in answer["incidents"]]
    assert told == [(2, True, 3, 2), (1, False, 2, 0)]
    assert answer["incidents"][0]["shared"] == {"touchpoint": "order.delivered", "attributes.region": "R1"}
    assert answer["next"] is None
    unresolved = on_both.client.get("/v1/incidents", params={"open": "true"}).json()["incidents"]
    assert [row["id"] for row in unresolved] == [2]
    page = on_both.client.get("/v1/incidents", params={"limit": 1}).json()
    assert ([row["id"] for row in page["incidents"]], page["next"]) == ([2], "2")
    after = on_both.client.get("/v1/incidents", params={"limit": 1, "cursor": page["next"]}).json()
    assert ([row["id"] for row in after["incidents"]], after["next"]) == ([1], None)


def test_the_cases_of_an_incident_are_listed_and_exported(gateway: Served) -> None:
    _, second = burst(gateway.parts, 2, 3)
    opened(gateway.parts.writers, 50)
    answer = gateway.client.get("/v1/cases", params={"incident": 2}).json()
    assert sorted(case["id"] for case in answer["cases"]) == second
    assert {case["incident"] for case in answer["cases"]} == {2}
    lines = gateway.client.get("/v1/cases/export", params={"incident": 2}).text.splitlines()
    assert lines[0].endswith(",incident")
    assert [line.rpartition(",")[2] for line in lines[1:]] == ["2", "2", "2"]
    wrong = gateway.client.get("/v1/cases", params={"incident": 0})
    assert wrong.status_code == 400
    assert wrong.json()["error"]["field"] == "incident"
    assert gateway.client.get("/v1/incidents", params={"cursor": "x"}).status_code == 400


def test_all_open_cases_are_resolved_at_once_as_far_as_who_acts_may(
    on_both: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incident_acts, "AT_ONCE", 2)
    first, second = burst(on_both.parts, 2, 6)
    done, bobs, mine, snoozed = second[0], second[1], second[2], second[3]
    with on_both.parts.writers.begin() as session:
        now = datetime.now(UTC)
        act(session, done, "dismiss", actor="bob", via="api", now=now)
        act(session, bobs, "acknowledge", actor="bob", via="api", now=now, change=Change(owner="bob"))
        act(session, mine, "acknowledge", actor="ana", via="api", now=now, change=Change(owner="ana"))
        until = Change(until=now + timedelta(hours=4))
        act(session, snoozed, "snooze", actor="bob", via="api", now=now, change=until)

    def post(incident: int, **body: object) -> httpx.Response:
        return on_both.client.post(f"/v1/incidents/{incident}/resolve", json=body)

    stranger = {"root_cause": "other", "actor": "x"}
    for wrong, field in (({}, "root_cause"), ({"root_cause": "x"}, "root_cause"), (stranger, "actor")):
        answer = post(2, **wrong)
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    assert post(99, root_cause="other").status_code == 404
    assert post(2, root_cause="other", notes="x").status_code == 400

    answer = post(2, root_cause="late_delivery", note="a strike", actor="ana")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"resolved": [mine, snoozed, *second[4:]], "refused": [bobs], "left": 0}
    cases = {case["id"]: case for case in on_both.client.get("/v1/cases", params={"incident": 2}).json()["cases"]}
    assert {number: case["state"] for number, case in cases.items()} == {
        done: "dismissed", bobs: "acknowledged", mine: "resolved", snoozed: "resolved",
        **dict.fromkeys(second[4:], "resolved"),
    }  # fmt: skip
    assert (cases[mine]["root_cause"], cases[mine]["resolution_note"]) == ("late_delivery", "a strike")
    (entry,) = (one for one in on_both.client.get(f"/v1/cases/{mine}").json()["events"] if one["action"] == "resolve")
    assert (entry["actor"], entry["via"]) == ("ana", "api")
    # A program acts as it does on one case; what is left is told, and the next request goes on.
    monkeypatch.setattr(incidents_route, "MOST", 2)
    assert post(2, root_cause="other").json() == {"resolved": [bobs], "refused": [], "left": 0}
    assert post(2, root_cause="other").json() == {"resolved": [], "refused": [], "left": 0}
    assert post(1, root_cause="other", actor="bob").json()["resolved"] == first


def test_more_than_one_request_may_do_is_left_and_said(gateway: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incident_acts, "AT_ONCE", 2)
    monkeypatch.setattr(incidents_route, "MOST", 4)
    (cases,) = burst(gateway.parts, 7)
    told = [gateway.client.post("/v1/incidents/1/resolve", json={"root_cause": "other"}).json() for _ in range(2)]
    assert told == [
        {"resolved": cases[:4], "refused": [], "left": 3},
        {"resolved": cases[4:], "refused": [], "left": 0},
    ]


def test_a_key_that_only_reads_resolves_nothing_and_a_persons_key_acts_as_them(
    make: Callable[..., Parts], sqlite_database: str
) -> None:
    parts = make(sqlite_database)
    (cases,) = burst(parts, 2)
    with parts.writers.begin() as session:
        act(session, cases[0], "acknowledge", actor="bob", via="api", now=datetime.now(UTC), change=Change(owner="bob"))
    reading, anas = create_key(parts.writers, "report", "read"), create_key(parts.writers, "ana", "act")
    with serving(parts) as url:
        for key, status in ((reading, 403), (anas, 200)):
            answer = httpx.post(
                f"{url}/v1/incidents/1/resolve",
                json={"root_cause": "other"},
                headers={"Authorization": f"Bearer {key}"},
            )
            assert answer.status_code == status
        assert answer.json() == {"resolved": [cases[1]], "refused": [cases[0]], "left": 0}
        page = httpx.get(f"{url}/incidents/1", headers={"Authorization": f"Bearer {reading}"}).text
        assert "act-resolve" not in page


def test_incidents_on_the_command_line(make: Callable[..., Parts], sqlite_database: str) -> None:
    parts = make(sqlite_database)
    _, second = burst(parts, 2, 3)
    with serving(parts) as url:
        listed = ask("incidents", "list", "--url", url)
        assert listed.code == 0
        first = listed.out.splitlines()[0].split("\t")
        assert first[:3] == ["I-2", "order.delivered, R1", "3 cases, 3 open"]
        assert first[3].endswith(", running")
        cases = ask("cases", "list", "--incident", "I-2", "--format", "csv", "--url", url).out.splitlines()
        assert sorted(int(line.split(",")[0]) for line in cases[1:]) == second
        wrong = ask("cases", "list", "--incident", "two", "--url", url)
        assert (wrong.code, "not an incident" in wrong.err) == (2, True)
