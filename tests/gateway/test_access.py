"""Who is let in: keys and their roles, loopback without keys, other web sites."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gateway import callers, key_ring
from gateway.addresses import is_loopback
from gateway.keys import KeyRefused, any_key, create_key, list_keys, revoke_keys
from schemas.tables import ApiKeyRow
from tests.gateway.conftest import Served
from tests.gateway.examples import opened, response

OWN = "http://127.0.0.1"


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.fixture(autouse=True)
def _fresh_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "REFRESH_SECONDS", 0.0)  # what is made or revoked holds at once


def test_each_role_may_do_what_it_is_for_and_nothing_else(on_both: Served) -> None:
    case = opened(on_both.parts.writers)
    made = {role: create_key(on_both.parts.writers, f"key of {role}", role) for role in callers.ROLES}
    requests: dict[str, Callable[[dict[str, str]], int]] = {
        "emit": lambda head: on_both.client.post("/v1/events", json=response(), headers=head).status_code,
        "read": lambda head: on_both.client.get("/v1/totals", headers=head).status_code,
        "act": lambda head: on_both.client.post(f"/v1/cases/{case}/contact", json={}, headers=head).status_code,
        "admin": lambda head: on_both.client.post("/v1/deadletters/x/replay", headers=head).status_code,
    }
    passed = {
        role: {name for name, ask in requests.items() if ask(bearer(key)) in (200, 202, 404)}
        for role, key in made.items()
    }
    assert passed == {
        "emit": {"emit"},
        "read": {"read"},
        "act": {"read", "act"},
        "admin": {"emit", "read", "act", "admin"},
    }
    for ask in requests.values():
        assert ask({}) == 401
        assert ask(bearer("clk_wrong")) == 401
        assert ask({"authorization": "Basic eDp5"}) == 401


def test_the_key_of_a_person_acts_in_their_name_and_takes_the_case(gateway: Served) -> None:
    case = opened(gateway.parts.writers)
    head = bearer(create_key(gateway.parts.writers, "bob", "act"))
    told = gateway.client.post(f"/v1/cases/{case}/acknowledge", json={}, headers=head).json()
    assert (told["owner"], told["events"][-1]["actor"]) == ("bob", "bob")
    assert gateway.client.get("/v1/config", headers=head).json()["open"] is False
    assert gateway.client.get("/v1/config", headers=head).json()["acting_as"] == "bob"


def test_a_persons_key_acts_as_nobody_else(gateway: Served) -> None:
    case = opened(gateway.parts.writers)
    head = bearer(create_key(gateway.parts.writers, "bob", "act"))
    refused = gateway.client.post(f"/v1/cases/{case}/contact", json={"actor": "ana"}, headers=head)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "actor")
    told = gateway.client.post(f"/v1/cases/{case}/contact", json={"actor": "bob"}, headers=head).json()
    assert (told["events"][-1]["actor"], told["events"][-1]["detail"]) == ("bob", {})


def test_the_history_keeps_who_acted_and_through_which_key(on_both: Served) -> None:
    case = opened(on_both.parts.writers)
    head = bearer(create_key(on_both.parts.writers, "helpdesk bridge", "act"))
    assert on_both.client.get("/v1/config", headers=head).json()["acting_as"] is None
    plain = on_both.client.post(f"/v1/cases/{case}/contact", json={}, headers=head).json()["events"][-1]
    assert (plain["actor"], plain["detail"]) == ("helpdesk bridge", {})
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    named = on_both.client.post(f"/v1/cases/{case}/snooze", json={"until": later, "actor": "bob"}, headers=head)
    entry = named.json()["events"][-1]
    assert (entry["actor"], entry["actor_name"], entry["via"]) == ("bob", "Bob <& co>", "api")
    assert entry["detail"]["key"] == "helpdesk bridge"
    taken = on_both.client.post(f"/v1/cases/{case}/acknowledge", json={"actor": "bob"}, headers=head).json()
    assert taken["owner"] == "bob"


def test_a_revoked_key_is_refused_and_the_door_stays_shut(on_both: Served) -> None:
    writers = on_both.parts.writers
    key = create_key(writers, "shop", "read", datetime(2026, 1, 1, tzinfo=UTC))
    assert on_both.client.get("/v1/totals", headers=bearer(key)).status_code == 200
    assert revoke_keys(writers, "shop") == 1
    assert revoke_keys(writers, "shop") == 0
    assert on_both.client.get("/v1/totals", headers=bearer(key)).status_code == 401
    assert on_both.client.get("/v1/totals").status_code == 401
    (listed,) = list_keys(on_both.parts.readers)
    assert (listed.name, listed.roles, listed.created_at) == ("shop", ("read",), datetime(2026, 1, 1, tzinfo=UTC))
    assert listed.revoked_at is not None


def test_only_the_hash_of_a_key_is_kept(gateway: Served) -> None:
    key = create_key(gateway.parts.writers, "shop", "emit")
    with gateway.parts.readers() as session:
        row = session.scalars(select(ApiKeyRow)).one()
        assert any_key(session)
        assert key not in str(vars(row))
        assert len(row.hash) == 64


@pytest.mark.parametrize(("name", "role"), [("", "read"), ("x" * 65, "read"), ("a\nb", "read"), ("shop", "root")])
def test_a_key_that_cannot_be_is_refused(gateway: Served, name: str, role: str) -> None:
    with pytest.raises(KeyRefused):
        create_key(gateway.parts.writers, name, role)


def test_a_name_has_one_valid_key(gateway: Served) -> None:
    create_key(gateway.parts.writers, "shop", "read")
    with pytest.raises(KeyRefused):
        create_key(gateway.parts.writers, "shop", "emit")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_web_site_cannot_make_a_browser_act(gateway: Served, headers: dict[str, str]) -> None:
    case = opened(gateway.parts.writers)
    for path in ("/v1/events", f"/v1/cases/{case}/acknowledge", "/v1/deadletters/x/replay"):
        assert gateway.client.post(path, json=response(), headers=headers).status_code == 403
    assert gateway.client.get(f"/v1/cases/{case}").json()["version"] == 1
    assert gateway.kafka.records == []


def test_a_form_cannot_act(gateway: Served) -> None:
    case = opened(gateway.parts.writers)
    answer = gateway.client.post(f"/v1/cases/{case}/acknowledge", data={"version": "1"})
    assert answer.status_code == 415


def test_without_keys_a_foreign_name_for_this_machine_is_refused(gateway: Served) -> None:
    assert gateway.client.get("/v1/cases", headers={"host": "rebound.example"}).status_code == 403
    assert gateway.client.get("/v1/cases", headers={"host": "localhost:8080"}).status_code == 200
    head = bearer(create_key(gateway.parts.writers, "shop", "read"))
    assert gateway.client.get("/v1/cases", headers={"host": "cx.shop.example", **head}).status_code == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("10.0.0.1", False), ("localhost.evil.example", False), ("", False)],
)  # fmt: skip
def test_what_loopback_is(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
