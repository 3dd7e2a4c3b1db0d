"""Who runs closeloop sees who is signed in, and signs somebody out."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from gateway.keys import create_key, hash_of
from gateway.parts import Parts
from gateway.sign_in.sessions import COOKIE
from gateway.sign_in.signed_in import end_sessions, list_sessions
from schemas.audit import Who
from schemas.tables import AuditRow
from tests.cli.asking import ask, refused
from tests.gateway.conftest import Served

EVA = Who(name="eva", kind="person", via="console")


def begin(parts: Parts, name: str, **session: str) -> str:
    return asyncio.run(parts.sessions.start(EVA, name=name, **session))


def test_somebody_is_signed_out_of_every_browser_and_the_trail_says_by_whom(on_both: Served) -> None:
    parts, at = on_both.parts, datetime.now(UTC)
    browser = begin(parts, "reports", key_hash=hash_of(create_key(parts.writers, "reports", "read")))
    for _ in range(2):
        begin(parts, "Ana@shop.example", role="act")
    listed = [(one.name, one.by_key, one.roles) for one in list_sessions(parts.readers, at)]
    assert sorted(listed) == [
        ("Ana@shop.example", False, ("act",)), ("Ana@shop.example", False, ("act",)), ("reports", True, ()),
    ]  # fmt: skip
    assert list_sessions(parts.readers, at + timedelta(days=365)) == []

    on_both.client.cookies[COOKIE] = browser
    assert on_both.client.get("/v1/totals").status_code == 200
    assert end_sessions(parts.writers, "ANA@shop.example", EVA, at) == 2
    assert end_sessions(parts.writers, "ANA@shop.example", EVA, at) == 0
    parts.sessions._held.clear()  # as five seconds later
    assert on_both.client.get("/v1/totals").status_code == 200, "another's session stays"
    assert end_sessions(parts.writers, "reports", EVA, at) == 1
    parts.sessions._held.clear()
    assert on_both.client.get("/v1/totals").status_code == 401
    with parts.readers() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "signed_out").order_by(AuditRow.id)).all()
    assert [(row.actor, row.subject, row.detail) for row in rows] == [
        ("eva", "Ana@shop.example", {"sessions": 2}),
        ("eva", "reports", {"sessions": 1}),
    ]


def test_the_commands(make: Callable[..., Parts], sqlite_database: str) -> None:
    url, parts = sqlite_database, make(sqlite_database)
    assert "nobody is signed in" in ask("sessions", "list", DATABASE_URL=url).err
    cookie = begin(parts, "ana@shop.example", role="act")
    (one,) = json.loads(ask("sessions", "list", "--json", DATABASE_URL=url).out)
    assert (one["name"], one["roles"], one["by_key"]) == ("ana@shop.example", ["act"], False)
    (line,) = ask("sessions", "list", DATABASE_URL=url).out.splitlines()
    assert line.split("\t")[:2] == ["ana@shop.example", "act"]
    assert cookie not in str(one) + line
    ended = ask("sessions", "end", "ana@shop.example", DATABASE_URL=url)
    assert (ended.code, "ended 1" in ended.err) == (0, True)
    refused(ask("sessions", "end", "ana@shop.example", DATABASE_URL=url), "sessions list")
    with parts.readers() as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "signed_out")).one()
    assert (row.actor, row.kind) == (getpass.getuser(), "command")
