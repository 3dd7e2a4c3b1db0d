"""Silences over HTTP, on SQLite and PostgreSQL: what a new one has to say, what it holds, who did it, and its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from consumers.desk import take_in
from gateway.keys import create_key
from gateway.parts import Parts
from schemas.silences import Doer, add
from schemas.tables import CaseEventRow, SilenceRow
from tests.gateway.conftest import Served
from tests.gateway.examples import alert, metric_alert
from tests.gateway.serving import serving

REGION = {"attributes.region": "SP"}


def flagged(gateway: Served, *numbers: int, **said: Any) -> None:
    with gateway.parts.writers.begin() as session:
        take_in(session, gateway.parts.loop, [alert(number, **said) for number in numbers], datetime.now(UTC))


def silence(gateway: Served, **said: Any) -> Any:
    body = {"matchers": REGION, "for": "4h", "reason": " carrier strike ", "actor": "bob"} | said
    return gateway.client.post("/v1/silences", json={name: value for name, value in body.items() if value is not None})


def test_from_the_preview_to_the_end(on_both: Served) -> None:
    flagged(on_both, 1)
    preview = on_both.client.post("/v1/silences/preview", json={"matchers": {"score": {"at_most": 3}}})
    assert preview.status_code == 200, preview.text
    fits = {"open_cases": 1, "of_open_cases": 1, "alerts": 1, "of_alerts": 1, "days": 7, "complete": True}
    assert preview.json() == {"matchers": {"score": {"at_most": 3}}, "words": "score<=3", "fits": fits}
    assert on_both.client.get("/v1/silences").json() == {"silences": [], "next": None}

    made = silence(on_both)
    assert made.status_code == 201, made.text
    told = made.json()
    assert told["fits"] == fits
    assert (told["state"], told["matchers"], told["reason"], told["words"]) == (
        "holds",
        REGION,
        "carrier strike",
        "attributes.region=SP",
    )
    assert (told["created_by"], told["created_by_name"], told["created_via"]) == ("bob", "Bob <& co>", "api")
    length = datetime.fromisoformat(told["ends_at"]) - datetime.fromisoformat(told["starts_at"])
    assert length == timedelta(hours=4)

    flagged(on_both, 2)
    listed = on_both.client.get("/v1/silences").json()["silences"]
    assert [(one["id"], one["cases_held"]) for one in listed] == [(told["id"], 1)]
    cases = on_both.client.get("/v1/cases").json()["cases"]
    assert [(case["customer_id"], case["silence"]["id"], case["silence"]["holds"]) for case in cases] == [
        ("c2", told["id"], True),
        ("c1", told["id"], False),
    ]
    waiting = on_both.client.get("/v1/cases", params={"held": True}).json()["cases"]
    assert [case["customer_id"] for case in waiting] == ["c2"]
    one = on_both.client.get(f"/v1/cases/{cases[0]['id']}").json()
    assert (one["silence"]["reason"], one["silence"]["created_by_name"]) == ("carrier strike", "Bob <& co>")

    ended = on_both.client.post(f"/v1/silences/{told['id']}/end", json={"actor": "ana"})
    assert ended.status_code == 200, ended.text
    assert (ended.json()["cases_speaking"], ended.json()["state"], ended.json()["ended_by_name"]) == (
        1,
        "over",
        "Ana Sá",
    )
    assert on_both.client.get("/v1/cases").json()["cases"][0]["silence"] is None
    history = on_both.client.get(f"/v1/cases/{cases[0]['id']}").json()["events"]
    assert [(entry["action"], entry["actor"], entry["via"]) for entry in history][-1] == ("unsilenced", "ana", "api")
    again = on_both.client.post(f"/v1/silences/{told['id']}/end")
    assert (again.status_code, again.json()["error"]["reason"]) == (409, "over")
    assert again.json()["silence"]["ended_by"] == "ana"
    assert on_both.client.get("/v1/silences").json()["silences"] == []
    assert len(on_both.client.get("/v1/silences", params={"ended": "true"}).json()["silences"]) == 1


IN_AN_HOUR = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
WRONG: list[tuple[dict[str, Any], list[str], str]] = [
    ({"matchers": {}}, ["matchers"], "at least one field"),
    ({"matchers": {"regoin": "SP"}}, ["matchers.regoin"], "not known"),
    ({"matchers": {"severity": "hihg"}}, ["matchers.severity"], "did you mean high?"),
    ({"matchers": {"score": {"at_most": "three"}}}, ["matchers.score.at_most"], "a whole number"),
    ({"matchers": {"comment": {"matches": "("}}}, ["matchers.comment.matches"], "no regular expression"),
    ({"matchers": {"touchpoint": None}}, ["matchers.touchpoint"], "got nothing"),
    ({"for": None}, ["ends_at"], "a silence has an end"),
    ({"for": "soon"}, ["for"], "90m"),
    ({"for": "99999999999d"}, ["for"], "90m"),
    ({"for": "400d"}, ["for"], "longer than 366 days"),
    ({"ends_at": IN_AN_HOUR}, ["for"], "one end"),
    ({"for": None, "ends_at": "tomorrow"}, ["ends_at"], "with a zone"),
    ({"for": None, "ends_at": "2026-11-21T18:00:00"}, ["ends_at"], "with a zone"),
    ({"for": None, "ends_at": "2020-11-21T18:00:00Z"}, ["ends_at"], "ends before it starts"),
    ({"starts_at": "monday"}, ["starts_at"], "with a zone"),
    ({"reason": "  "}, ["reason"], "give one"),
    ({"actor": "carol"}, ["actor"], "GET /v1/config"),
    ({"matchers": {"pge": 1, "score": "3"}, "for": "4", "reason": "", "actor": "carol"},
     ["matchers.pge", "matchers.score", "for", "reason", "actor"], "did you mean page?"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "fields", "words"), WRONG)
def test_every_wrong_value_is_named(gateway: Served, said: dict[str, Any], fields: list[str], words: str) -> None:
    refused = silence(gateway, **said)
    assert refused.status_code == 422, refused.text
    named = [one["field"] for one in refused.json()["errors"]]
    assert named == fields
    assert words in refused.json()["errors"][0]["problem"]
    assert refused.json()["error"] == refused.json()["errors"][0]
    assert gateway.client.get("/v1/silences", params={"ended": True}).json()["silences"] == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"matchers":[]}', b'{"matcher":{}}', b'{"for":4}'])
def test_a_body_that_does_not_fit_is_refused(gateway: Served, body: bytes) -> None:
    for path in ("/v1/silences", "/v1/silences/preview"):
        refused = gateway.client.post(path, content=body, headers={"content-type": "application/json"})
        assert refused.status_code == 400, refused.text
        assert refused.json()["error"]["problem"]


@pytest.mark.parametrize("number", [7, 0, 2**63, 2**70])
def test_there_is_no_such_silence(gateway: Served, number: int) -> None:
    assert gateway.client.post(f"/v1/silences/{number}/end").status_code == 404


def test_pages_go_on_where_they_ended(on_both: Served) -> None:
    now = datetime.now(UTC)
    with on_both.parts.writers.begin() as session:
        for hours in (1, 2, 3, 4, 5):
            add(session, {"score": 3}, now, now + timedelta(hours=hours), "r", Doer("ana", "system"), now)
        session.get_one(SilenceRow, 3).ends_at = now
    seen: list[int] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = on_both.client.get("/v1/silences", params=query).json()
        seen += [one["id"] for one in page["silences"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [5, 4, 2, 1]
    refused = on_both.client.get("/v1/silences", params={"cursor": "x"})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "cursor")


def test_keys_and_roles_are_those_of_cases(serve: Callable[..., Served], sqlite_database: str) -> None:
    gateway = serve(sqlite_database)
    keys = {role: create_key(gateway.parts.writers, f"{role} key", role) for role in ("read", "act", "emit")}
    own = create_key(gateway.parts.writers, "ana", "act")

    def asked(key: str | None, path: str, body: Any) -> Any:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return gateway.client.post(path, json=body, headers=headers)

    new = {"matchers": REGION, "for": "1h", "reason": "strike"}
    assert asked(None, "/v1/silences", new).status_code == 401
    assert asked(keys["emit"], "/v1/silences/preview", {"matchers": REGION}).status_code == 403
    assert asked(keys["read"], "/v1/silences/preview", {"matchers": REGION}).status_code == 200
    assert asked(keys["read"], "/v1/silences", new).status_code == 403
    for_bob = asked(keys["act"], "/v1/silences", new | {"actor": "bob"}).json()
    assert (for_bob["created_by"], for_bob["created_key"]) == ("bob", "act key")
    by_ana = asked(own, "/v1/silences", new).json()
    assert (by_ana["created_by"], by_ana["created_key"]) == ("ana", None)
    assert asked(own, "/v1/silences", new | {"actor": "bob"}).json()["error"]["field"] == "actor"
    assert asked(keys["read"], f"/v1/silences/{by_ana['id']}/end", None).status_code == 403
    ended = asked(keys["act"], f"/v1/silences/{by_ana['id']}/end", {}).json()
    assert (ended["ended_by"], ended["ended_via"], ended["ended_key"]) == ("act key", "api", None)


def test_another_site_cannot_silence(gateway: Served) -> None:
    headers = {"origin": "http://evil.example"}
    body = {"matchers": REGION, "for": "1h", "reason": "r"}
    assert gateway.client.post("/v1/silences", json=body, headers=headers).status_code == 403
    own = {"origin": "http://127.0.0.1"}
    assert gateway.client.post("/v1/silences", json=body, headers=own).json()["created_via"] == "console"


def test_what_fits_no_silence_is_not_marked(gateway: Served) -> None:
    silence(gateway, matchers={"subject": "metric"})
    flagged(gateway, 1)
    with gateway.parts.writers.begin() as session:
        take_in(session, gateway.parts.loop, [metric_alert(1)], datetime.now(UTC))
    found = {case["subject"]: case["silence"] for case in gateway.client.get("/v1/cases").json()["cases"]}
    assert found["customer"] is None
    assert found["metric"]["holds"] is True
    with gateway.parts.readers() as session:
        details = session.scalars(select(CaseEventRow.detail).where(CaseEventRow.action == "opened")).all()
    assert sorted("silence" in detail for detail in details) == [False, True]


def test_they_are_told_live(make: Callable[..., Parts], sqlite_database: str) -> None:
    parts = make(sqlite_database)
    with serving(parts) as url, httpx.Client(base_url=url, trust_env=False, timeout=20) as client:

        def told(lines: Iterator[str]) -> list[tuple[int, int]]:
            for line in lines:
                if line == "event: silences":
                    found = json.loads(next(lines).removeprefix("data: "))
                    return [(one["id"], one["cases_held"]) for one in found]
            raise AssertionError("the stream has ended")

        with client.stream("GET", "/v1/stream") as stream:
            lines = stream.iter_lines()
            assert told(lines) == []
            body = {"matchers": REGION, "for": "1h", "reason": "strike"}
            number = client.post("/v1/silences", json=body).json()["id"]
            assert told(lines) == [(number, 0)]
            with parts.writers.begin() as session:
                take_in(session, parts.loop, [alert(1)], datetime.now(UTC))
            assert told(lines) == [(number, 1)]
            client.post(f"/v1/silences/{number}/end")
            assert told(lines) == []


def test_the_description_tells_of_them(gateway: Served) -> None:
    document = gateway.client.get("/schema/openapi.json").json()
    assert {path for path in document["paths"] if "silences" in path} == {
        "/v1/silences",
        "/v1/silences/preview",
        "/v1/silences/{silence_id}/end",
    }
    assert "for" in document["components"]["schemas"]["SilenceRequest"]["properties"]
