"""API keys over their life: made, used, rotated, expired; and who guesses them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from gateway import key_ring
from gateway.attempts import FAILURES, MOST_ADDRESSES, WINDOW_SECONDS, Attempts, network_of
from gateway.callers import ROLES, Caller, fewest, rights_of, roles_of
from gateway.key_ring import KeyRing
from gateway.keys import KeyRefused, create_key, list_keys, revoke_keys, rotate_key
from gateway.parts import Parts
from schemas.audit import Who
from schemas.tables import ApiKeyRow, AuditRow
from tests.gateway.conftest import Served
from tests.gateway.examples import response
from tests.gateway.serving import wait_until
from tests.gateway.test_access import bearer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TERMINAL = Who(name="eva", kind="command", via="command")


@pytest.fixture(autouse=True)
def _fresh_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "REFRESH_SECONDS", 0.0)


def status(served: Served, key: str) -> int:
    return served.client.get("/v1/totals", headers=bearer(key)).status_code


def test_a_key_says_its_id_and_keeps_its_secret(on_both: Served) -> None:
    key = create_key(on_both.parts.writers, "shop", "emit", NOW)
    clk, key_id, secret = key.split("_", 2)
    assert (clk, len(key_id), len(secret)) == ("clk", 12, 43)
    with on_both.parts.readers() as session:
        row = session.scalars(select(ApiKeyRow)).one()
        assert (row.key_id, row.hash) == (key_id, hashlib.sha256(key.encode()).hexdigest())
        assert secret not in str(vars(row))
    assert list_keys(on_both.parts.readers)[0].id == key_id


def test_keys_of_before_go_on_working(on_both: Served) -> None:
    """A row as version 0.1 wrote it, and a key as it made them."""
    old = "clk_" + "aB_9-" * 8 + "xyz"
    digest = hashlib.sha256(old.encode()).hexdigest()
    with on_both.parts.writers.begin() as session:
        session.add(ApiKeyRow(hash=digest, name="old", role="read", created_at=NOW))
    assert status(on_both, old) == 200
    assert status(on_both, old[:-1] + "w") == 401
    assert list_keys(on_both.parts.readers)[0].id == digest[:12]
    assert revoke_keys(on_both.parts.writers, digest[:12]) == 1
    assert status(on_both, old) == 401


def test_an_expired_key_is_refused_and_its_name_is_free_again(gateway: Served) -> None:
    at = datetime.now(UTC)
    key = create_key(gateway.parts.writers, "shop", "read", at, expires_at=at + timedelta(hours=1))
    assert status(gateway, key) == 200
    with gateway.parts.writers.begin() as session:
        session.scalars(select(ApiKeyRow)).one().expires_at = at - timedelta(seconds=1)
    assert status(gateway, key) == 401
    assert status(gateway, create_key(gateway.parts.writers, "shop", "read")) == 200
    with pytest.raises(KeyRefused, match="past"):
        create_key(gateway.parts.writers, "late", "read", at, expires_at=at)


def test_a_key_ends_at_its_time_though_it_was_read_before(gateway: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "REFRESH_SECONDS", 3600.0)
    at = datetime.now(UTC)
    key = create_key(gateway.parts.writers, "shop", "read", at, expires_at=at + timedelta(seconds=0.4))
    wait_until(lambda: status(gateway, key) == 401)


def test_rotation_overlaps(on_both: Served) -> None:
    writers, at = on_both.parts.writers, datetime.now(UTC)
    old = create_key(writers, "shop", "emit", at, expires_at=at + timedelta(days=90), sources=["/shop/"])
    new, ends = rotate_key(writers, "shop", timedelta(days=7), at + timedelta(days=80))
    assert ends == at + timedelta(days=87)
    for key in (old, new):
        assert on_both.client.post("/v1/events", json={}, headers=bearer(key)).status_code == 400, "let in, but empty"
    first, second = list_keys(on_both.parts.readers)
    assert (first.expires_at, second.expires_at) == (at + timedelta(days=87), at + timedelta(days=170))
    assert (second.name, second.roles, second.sources) == ("shop", ("emit",), ("/shop/",))
    assert not first.is_valid(at + timedelta(days=87))
    assert second.is_valid(at + timedelta(days=87))


def test_an_overlap_never_makes_a_key_live_longer(gateway: Served) -> None:
    writers, at = gateway.parts.writers, datetime.now(UTC)
    create_key(writers, "shop", "read", at, expires_at=at + timedelta(days=2))
    rotate_key(writers, "shop", timedelta(days=7), at)
    assert list_keys(gateway.parts.readers)[0].expires_at == at + timedelta(days=2)


def test_a_rotation_without_overlap_ends_the_old_key_at_once(gateway: Served) -> None:
    old = create_key(gateway.parts.writers, "shop", "read")
    new, _ = rotate_key(gateway.parts.writers, "shop", timedelta())
    assert (status(gateway, old), status(gateway, new)) == (401, 200)
    with pytest.raises(KeyRefused, match="no key in use"):
        rotate_key(gateway.parts.writers, "nobody", timedelta(days=7))


def test_several_roles_in_one_key(gateway: Served) -> None:
    key = create_key(gateway.parts.writers, "bridge", "emit,act,read")
    assert list_keys(gateway.parts.readers)[0].roles == ("emit", "act")
    assert status(gateway, key) == 200
    assert gateway.client.post("/v1/events", json={}, headers=bearer(key)).status_code == 400
    assert gateway.client.post("/v1/deadletters/x/replay", headers=bearer(key)).status_code == 403


@given(st.lists(st.sampled_from(ROLES), min_size=1))
def test_fewer_roles_give_the_same_rights_and_fit_the_column(named: list[str]) -> None:
    roles = roles_of(",".join(named))
    assert rights_of(fewest(roles)) == rights_of(roles)
    assert len(",".join(fewest(roles))) <= 16


def test_an_unknown_role_in_a_row_gives_nothing(gateway: Served) -> None:
    key = create_key(gateway.parts.writers, "shop", "read")
    with gateway.parts.writers.begin() as session:
        session.scalars(select(ApiKeyRow)).one().role = "read,root"
    assert status(gateway, key) == 401


@pytest.mark.parametrize(
    ("sources", "role"), [([""], "emit"), (["/a\n"], "emit"), (["/a"], "act"), (["/a"] * 21, "emit")]
)
def test_sources_that_cannot_be(gateway: Served, sources: list[str], role: str) -> None:
    with pytest.raises(KeyRefused, match="source"):
        create_key(gateway.parts.writers, "shop", role, sources=sources)


def test_a_key_may_be_bound_to_sources() -> None:
    bound = Caller(name="shop", rights=rights_of(("emit",)), sources=("/shop/", "urn:shop:"))
    assert [bound.may_emit(one) for one in ("/shop/a", "urn:shop:1", "/shop", "/other/shop/", "")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert Caller(name="any", rights=rights_of(("emit",))).may_emit("/whatever")


def test_the_last_use_is_written_once_a_minute(gateway: Served) -> None:
    key = create_key(gateway.parts.writers, "shop", "read")
    written: list[str] = []

    @event.listens_for(gateway.parts.writers.kw["bind"], "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("UPDATE api_keys"):
            written.append(statement)

    assert list_keys(gateway.parts.readers)[0].last_used_at is None
    began = datetime.now(UTC)
    for _ in range(5):
        assert status(gateway, key) == 200
    wait_until(lambda: list_keys(gateway.parts.readers)[0].last_used_at)
    last = list_keys(gateway.parts.readers)[0].last_used_at
    assert last is not None
    assert began <= last <= datetime.now(UTC)
    assert len(written) == 1
    assert status(gateway, key + "x") == 401
    assert len(written) == 1


def test_an_unknown_key_is_compared_like_a_wrong_one(
    make: Callable[..., Parts], sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same work and the same answer, whether the id of the key is known or not."""
    parts = make(sqlite_database)
    key = create_key(parts.writers, "shop", "read")
    wrong, unknown = key[:-3] + "AAA", "clk_" + "0" * 12 + key[16:]
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def watched(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    ring = KeyRing(parts.readers, parts.writers, loopback=True)

    async def ask() -> list[Caller | None]:
        return [await ring.identify(one) for one in (wrong, unknown, "\ud800", "")]

    assert asyncio.run(ask()) == [None, None, None, None]
    assert compared == [(64, 64)] * 4


def test_who_guesses_hears_to_wait_and_who_has_a_key_gets_through(gateway: Served) -> None:
    key = create_key(gateway.parts.writers, "shop", "read")
    wrong = [key[:-3] + "AAA", "clk_unknown", "x", ""]
    bodies = set()
    for number in range(FAILURES):
        answer = gateway.client.get("/v1/totals", headers=bearer(wrong[number % 3]))
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        bodies.add(answer.text)
    assert len(bodies) == 1, "what is wrong with a key is not told"
    for number in range(3):
        answer = gateway.client.get("/v1/totals", headers=bearer(wrong[number]))
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= WINDOW_SECONDS
        assert gateway.client.post("/console/session", json={"key": wrong[number]}).status_code == 429
    assert status(gateway, key) == 200
    assert gateway.client.get("/v1/totals").status_code == 401, "no key at all is no guess"
    with gateway.parts.readers() as session:
        (row,) = session.scalars(select(AuditRow).where(AuditRow.action == "keys_guessed"))
    assert (row.actor, row.kind, row.outcome, row.detail) == ("unknown", "nobody", "refused", {"failures": 11})
    told = gateway.parts.instruments.registry
    assert told.get_sample_value("closeloop_gateway_refused_keys_total", {"answer": "throttled"}) == 6


def test_failures_are_counted_by_window_and_address() -> None:
    attempts = Attempts()
    assert [attempts.failed("10.0.0.1", 0.0)[1] for _ in range(FAILURES + 2)] == [0] * FAILURES + [60, 60]
    assert attempts.failed("10.0.0.2", 1.0) == (1, 0)
    assert attempts.failed("10.0.0.1", 30.5) == (FAILURES + 3, 30)
    assert attempts.failed("10.0.0.1", WINDOW_SECONDS) == (1, 0)


def test_only_so_many_addresses_are_remembered() -> None:
    attempts = Attempts()
    for number in range(MOST_ADDRESSES + 50):
        attempts.failed(f"2001:db8:{number:x}::1", 0.0)
    assert len(attempts._failed) == MOST_ADDRESSES


@pytest.mark.parametrize(
    ("address", "counted"),
    [("10.1.2.3", "10.1.2.3"), ("::ffff:10.1.2.3", "10.1.2.3"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
     ("testclient", "testclient"), ("", "")],
)  # fmt: skip
def test_an_ipv6_network_counts_as_one(address: str, counted: str) -> None:
    assert network_of(address) == counted


def test_what_is_done_with_keys_is_in_the_trail_without_a_secret(on_both: Served) -> None:
    writers = on_both.parts.writers
    key = create_key(writers, "shop", "read", NOW, by=TERMINAL)
    new, _ = rotate_key(writers, "shop", timedelta(days=1), NOW, by=TERMINAL)
    revoke_keys(writers, "shop", NOW, by=TERMINAL)
    with on_both.parts.readers() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
    assert [row.action for row in rows] == ["key_created", "key_rotated", "key_revoked", "key_revoked"]
    assert {(row.actor, row.kind, row.via, row.subject, row.at) for row in rows} == {
        ("eva", "command", "command", "shop", NOW)
    }
    said = str([vars(row) for row in rows])
    for secret in (key, new):
        assert secret.split("_", 2)[2] not in said
        assert secret.split("_", 2)[1] in said


def test_a_key_that_is_bound_to_sources_sends_no_others(gateway: Served) -> None:
    head = bearer(create_key(gateway.parts.writers, "shop", "emit", sources=["/shop/surveys"]))
    good, bad = response(1), {**response(2), "source": "/other/surveys"}
    answer = gateway.client.post("/v1/events", json=[good, bad], headers=head)
    assert answer.status_code == 202
    assert [(one["id"], one["status"]) for one in answer.json()["results"]] == [
        ("r-1", "accepted"),
        ("r-2", "rejected"),
    ]
    assert answer.json()["results"][1]["field"] == "source"
    assert len(gateway.kafka.records) == 1
    assert gateway.client.post("/v1/events", json=bad, headers=head).status_code == 400
