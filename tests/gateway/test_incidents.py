"""/v1/incidents and the cases of one, over HTTP and on the command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gateway.parts import Parts
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
