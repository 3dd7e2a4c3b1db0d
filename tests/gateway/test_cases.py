"""Cases over HTTP, on SQLite and PostgreSQL: lists, one case, and what people do with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from schemas.case_ledger import find_open_case, join_case
from schemas.tables import CaseEventRow, CaseRow, SlackSurfaceRow
from tests.gateway.conftest import Served
from tests.gateway.examples import metric_alert, opened, silent_alert


def act(gateway: Served, case: int, action: str, **body: object):  # type: ignore[no-untyped-def]
    return gateway.client.post(f"/v1/cases/{case}/{action}", json=body)


def history(gateway: Served, case: int) -> list[tuple[int, str, str, str]]:
    with gateway.parts.readers() as session:
        rows = session.scalars(select(CaseEventRow).where(CaseEventRow.case_id == case).order_by(CaseEventRow.seq))
        return [(row.version, row.action, row.actor, row.via) for row in rows]


def test_a_case_goes_from_open_to_resolved_with_every_step_written_down(on_both: Served) -> None:
    case = opened(on_both.parts.writers)
    first = act(on_both, case, "acknowledge", version=1, owner="bob")
    assert first.status_code == 200, first.text
    told = first.json()
    assert (told["state"], told["version"], told["owner"]) == ("acknowledged", 2, "bob")
    # loop.yaml's default lease is 24 hours of wall clock from now
    left = datetime.fromisoformat(told["lease_until"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=55) < left <= timedelta(hours=24)

    contacted = act(on_both, case, "contact", version=2, channel="phone", note=" said sorry ").json()
    assert (contacted["state"], contacted["lease_until"]) == ("contacted", None)
    assert contacted["events"][-1]["detail"] == {"channel": "phone", "note": "said sorry"}

    resolved = act(on_both, case, "resolve", version=3, root_cause="late_delivery", note="refunded").json()
    assert (resolved["state"], resolved["root_cause"], resolved["resolution_note"]) == (
        "resolved",
        "late_delivery",
        "refunded",
    )
    assert resolved["actions"] == ["contact", "reopen"]
    assert history(on_both, case) == [
        (1, "opened", "system", "system"),
        (2, "acknowledge", "api", "api"),
        (3, "contact", "api", "api"),
        (4, "resolve", "api", "api"),
    ]


def test_a_resolved_case_takes_a_further_contact_and_stays_resolved(on_both: Served) -> None:
    case = opened(on_both.parts.writers)
    resolved = act(on_both, case, "resolve", version=1, root_cause="billing").json()
    told = act(on_both, case, "contact", version=2, channel="email", note="told them").json()
    assert (told["state"], told["closed_at"], told["root_cause"]) == ("resolved", resolved["closed_at"], "billing")
    assert told["contacted_at"] is not None
    assert told["acknowledged_at"] is None
    assert told["events"][-1]["detail"] == {"channel": "email", "note": "told them"}
    with on_both.parts.readers() as session:
        ends = session.scalars(select(CaseEventRow.payload).where(CaseEventRow.case_id == case)).all()[1:]
    took = {end["seconds_to_resolve"] for end in ends}, {end["business_seconds_to_resolve"] for end in ends}
    assert [len(each) for each in took] == [1, 1]  # what was measured of its resolution stands
    dismissed = opened(on_both.parts.writers, 2)
    act(on_both, dismissed, "dismiss", version=1, note="a test")
    assert act(on_both, dismissed, "contact", version=2, channel="email").status_code == 409


def test_a_stale_version_is_refused_with_the_case_as_it_stands(on_both: Served) -> None:
    case = opened(on_both.parts.writers)
    assert act(on_both, case, "acknowledge", version=1).status_code == 200
    late = act(on_both, case, "contact", version=1)
    assert late.status_code == 409
    assert late.json()["error"]["reason"] == "stale"
    assert late.json()["error"]["field"] == "version"
    assert (late.json()["case"]["state"], late.json()["case"]["version"]) == ("acknowledged", 2)
    assert len(history(on_both, case)) == 2


def test_what_the_state_does_not_allow_is_refused(on_both: Served) -> None:
    case = opened(on_both.parts.writers)
    refused = act(on_both, case, "wake", version=1)
    assert (refused.status_code, refused.json()["error"]["reason"]) == (409, "not_allowed")
    assert act(on_both, 999, "acknowledge").status_code == 404
    assert act(on_both, case, "explode").status_code == 404


def test_a_second_open_case_of_the_customer_bars_reopening_the_first(on_both: Served) -> None:
    first = opened(on_both.parts.writers, 1)
    assert act(on_both, first, "dismiss", version=1, note="test").status_code == 200
    with on_both.parts.writers.begin() as session:
        # the same customer complains again: another alert id, another case
        case = session.get_one(CaseRow, first)
        customer = case.customer_id
    second = opened(on_both.parts.writers, 2)
    with on_both.parts.writers.begin() as session:
        session.get_one(CaseRow, second).customer_id = customer
    refused = act(on_both, first, "reopen", version=2)
    assert (refused.status_code, refused.json()["error"]["reason"]) == (409, "other_open_case")
    assert f"C-{second}" in refused.json()["error"]["problem"]


NOW = datetime.now(UTC)  # when the tests are collected, perhaps many minutes before one of them runs
LACKING: list[tuple[str, dict[str, object], str]] = [
    ("resolve", {}, "root_cause"),
    ("resolve", {"root_cause": "weather"}, "root_cause"),
    ("snooze", {}, "until"),
    ("snooze", {"until": (NOW - timedelta(minutes=1)).isoformat()}, "until"),
    ("snooze", {"until": (NOW + timedelta(days=31)).isoformat()}, "until"),
    ("snooze", {"until": (NOW + timedelta(days=1)).replace(tzinfo=None).isoformat()}, "until"),
    ("reassign", {}, "owner"),
    ("reassign", {"owner": "carol"}, "owner"),
    ("acknowledge", {"owner": "carol"}, "owner"),
    ("contact", {"actor": "carol"}, "actor"),
    ("contact", {"actor": ""}, "actor"),
    ("contact", {"note": "x" * 3001}, "note"),
    ("contact", {"note": "a\0b"}, "note"),
    ("contact", {"channel": "x" * 65}, "channel"),
]


@pytest.mark.parametrize(("action", "body", "field"), LACKING)
def test_what_an_action_lacks_is_named(gateway: Served, action: str, body: dict[str, object], field: str) -> None:
    case = opened(gateway.parts.writers)
    refused = act(gateway, case, action, **body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["error"]["field"] == field
    assert len(history(gateway, case)) == 1


@pytest.mark.parametrize("body", [b"{", b'{"version":"one"}', b'{"surprise":1}', b"[]", b'{"until":"soon"}'])
def test_a_body_that_does_not_fit_is_refused(gateway: Served, body: bytes) -> None:
    case = opened(gateway.parts.writers)
    headers = {"content-type": "application/json"}
    refused = gateway.client.post(f"/v1/cases/{case}/acknowledge", content=body, headers=headers)
    assert refused.status_code == 400
    assert set(refused.json()["error"]) == {"reason", "field", "problem"}


def test_snooze_wake_reassign_and_reopen(on_both: Served) -> None:
    case = opened(on_both.parts.writers)
    until = datetime.now(UTC) + timedelta(hours=3)
    asleep = act(on_both, case, "snooze", until=until.isoformat()).json()
    assert (asleep["state"], datetime.fromisoformat(asleep["snoozed_until"])) == ("snoozed", until)
    assert act(on_both, case, "wake").json()["snoozed_until"] is None
    handed = act(on_both, case, "reassign", owner="bob").json()
    assert (handed["owner"], handed["owner_name"]) == ("bob", "Bob <& co>")
    assert {card["destination"] for card in handed["slack"]} == {"#cx", "person:bob"}
    assert act(on_both, case, "dismiss", note="a joke").json()["state"] == "dismissed"
    before = datetime.now(UTC)
    again = act(on_both, case, "reopen").json()
    assert again["state"] == "open"
    # Bob has no calendar; a normal case is to be acknowledged within four hours, counted anew.
    begun = datetime.fromisoformat(again["reopened_at"])
    assert before <= begun <= datetime.now(UTC)
    assert datetime.fromisoformat(again["acknowledge_by"]) == begun + timedelta(hours=4)


def test_every_action_wants_the_cards_drawn_anew(on_both: Served) -> None:
    case = opened(on_both.parts.writers)
    act(on_both, case, "acknowledge")
    with on_both.parts.readers() as session:
        assert session.scalars(select(SlackSurfaceRow.wanted_version)).all() == [2]


def test_who_is_named_acts_and_takes_the_case_by_acknowledging(on_both: Served) -> None:
    case = opened(on_both.parts.writers, owner="ana")
    told = act(on_both, case, "acknowledge", actor="bob").json()
    assert (told["owner"], told["events"][-1]["actor_name"]) == ("bob", "Bob <& co>")
    act(on_both, case, "contact", actor="ana")
    other = opened(on_both.parts.writers, 2)
    assert act(on_both, other, "acknowledge", actor="bob", owner="ana").json()["owner"] == "ana"
    assert [row[1:] for row in history(on_both, case)[1:]] == [("acknowledge", "bob", "api"), ("contact", "ana", "api")]
    assert history(on_both, other)[-1][1:] == ("acknowledge", "bob", "api")


def test_the_list_is_newest_first_in_pages_and_filtered(on_both: Served) -> None:
    ids = [opened(on_both.parts.writers, number, owner="ana" if number % 2 else "bob") for number in range(1, 8)]
    act(on_both, ids[0], "acknowledge")
    seen: list[int] = []
    cursor = ""
    for _page in range(3):
        page = on_both.client.get("/v1/cases", params={"limit": 3, "cursor": cursor}).json()
        seen += [case["id"] for case in page["cases"]]
        cursor = page["next"]
    assert seen == ids[::-1]
    assert cursor is None

    def found(**params: str) -> list[int]:
        return [case["id"] for case in on_both.client.get("/v1/cases", params=params).json()["cases"]]

    assert found(state="acknowledged") == [ids[0]]
    assert found(state="open,acknowledged", owner="bob") == [ids[5], ids[3], ids[1]]
    assert found(customer="c3") == [ids[2]]
    assert found(state="resolved") == []
    for params in ({"state": "lost"}, {"cursor": "x"}, {"cursor": "9" * 30}, {"limit": "0"}, {"limit": "many"}):
        refused = on_both.client.get("/v1/cases", params=params)
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, next(iter(params)))


def test_a_list_shows_an_excerpt_and_one_case_all_of_it(on_both: Served) -> None:
    words = "não chegou " * 100
    case = opened(on_both.parts.writers, comment=words)
    (listed,) = on_both.client.get("/v1/cases").json()["cases"]
    assert len(listed["latest_alert"]["comment"]) <= 280
    assert listed["latest_alert"]["score"] == 3
    assert listed["owner_name"] == "Ana Sá"
    assert "events" not in listed
    whole = on_both.client.get(f"/v1/cases/{case}").json()
    assert whole["latest_alert"]["comment"] == words
    assert [entry["comment"] for entry in whole["alerts"]] == [words]
    assert [entry["action"] for entry in whole["events"]] == ["opened"]
    assert whole["slack"][0]["permalink"] is None
    assert on_both.client.get("/v1/cases/0").status_code == 404
    assert on_both.client.get(f"/v1/cases/{2**70}").status_code == 404


def test_the_console_is_told_apart_by_its_own_origin(gateway: Served) -> None:
    case = opened(gateway.parts.writers)
    own = {"origin": "http://127.0.0.1"}
    assert gateway.client.post(f"/v1/cases/{case}/acknowledge", json={}, headers=own).status_code == 200
    assert history(gateway, case)[-1] == (2, "acknowledge", "console", "console")


def test_a_case_about_a_metric_has_no_score_and_nobody_to_contact(on_both: Served) -> None:
    answer, case = opened(on_both.parts.writers), opened(on_both.parts.writers, of=metric_alert(1))
    silent = opened(on_both.parts.writers, of=silent_alert())
    told = on_both.client.get(f"/v1/cases/{case}").json()
    assert (told["subject"], told["customer_id"], told["answer_count"]) == ("metric", "nps 7d region=SP", 1)
    assert (told["latest_alert"]["score"], told["recovered_at"]) == (None, None)
    assert told["actions"] == ["acknowledge", "resolve", "snooze", "reassign", "dismiss"]
    refused = act(on_both, case, "contact", channel="phone")
    assert (refused.status_code, refused.json()["error"]["reason"]) == (409, "not_allowed")
    assert refused.json()["error"]["problem"] == f"C-{case} is about a metric: it cannot be marked as contacted"

    quiet = on_both.client.get(f"/v1/cases/{silent}").json()
    assert (quiet["page"], quiet["answer_count"], "contact" in quiet["actions"]) == (False, 0, True)

    with on_both.parts.writers.begin() as session:
        held = find_open_case(session, "nps 7d region=SP", "metrics")
        assert held is not None
        assert join_case(session, held, metric_alert(2, recovered=True), datetime(2026, 1, 10, 13, tzinfo=UTC))
    told = on_both.client.get(f"/v1/cases/{case}").json()
    assert datetime.fromisoformat(told["recovered_at"]) == datetime(2026, 1, 10, 12, tzinfo=UTC)
    assert [alert["recovered"] for alert in told["alerts"]] == [True, False]

    def listed(query: str) -> list[int]:
        return [row["id"] for row in on_both.client.get(f"/v1/cases?{query}").json()["cases"]]

    assert listed("subject=metric") == [case]
    assert listed("subject=customer") == [silent, answer]
    assert listed("subject=") == [silent, case, answer]
    wrong = on_both.client.get("/v1/cases?subject=weather")
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "subject")


def test_text_is_found_wherever_it_stands_and_counted(on_both: Served) -> None:
    words = {1: "The parcel is LATE", 2: "100 % broken_", 3: "nothing"}
    ids = {number: opened(on_both.parts.writers, number, comment=said) for number, said in words.items()}
    act(on_both, ids[3], "resolve", root_cause="other", note="sent a late parcel again")

    def found(**query: object) -> tuple[list[int], int | None]:
        page = on_both.client.get("/v1/cases", params=query).json()
        return sorted(case["id"] for case in page["cases"]), page["total"]

    assert found(text=" late ", count=True) == ([ids[1], ids[3]], 2)
    assert found(text="late", state="open", count=True) == ([ids[1]], 1)
    assert found(text="100 %") == ([ids[2]], None), "a sign of LIKE is a letter here"
    assert found(text="broken_") == ([ids[2]], None)
    assert found(text="b_oken") == ([], None)
    assert found(text="C2", count=True, limit=1) == ([ids[2]], 1)
    assert found(count=True, limit=1)[1] == 3


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("stat=open", "stat", "did you mean state?"),
        ("limit=0", "limit", "expected a whole number >= 1"),
        ("overdue=maybe", "overdue", "true or false"),
        (f"text={'x' * 201}", "text", "at most 200"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(gateway: Served, query: str, field: str, words: str) -> None:
    refused = gateway.client.get(f"/v1/cases?{query}")
    assert refused.status_code == 400, refused.text
    assert refused.json()["error"]["field"] == field
    assert words in refused.json()["error"]["problem"]
