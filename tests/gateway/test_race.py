"""Fifty employees act on five hundred cases at once, two on the same card within ten milliseconds, over real HTTP.

Never two owners, never a lost note; whoever is too late is told by 409 how the case stands.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from gateway.parts import Parts
from gateway.process import make_parts
from schemas.case_ledger import Destination, Opening, open_case
from schemas.config import Loop
from schemas.config_owners import Person, Receiver, Route
from schemas.settings import Settings
from schemas.tables import CaseEventRow, CaseRow
from tests.gateway.examples import alert
from tests.gateway.serving import serving

EMPLOYEES = [f"e{number:02}" for number in range(50)]
LOOP = Loop(
    people={key: Person(name=f"Employee {key}", email=f"{key}@shop.example") for key in EMPLOYEES},
    receivers={"desk": Receiver(person=EMPLOYEES[0], channel="#cx")},
    route=Route(receiver="desk"),
)


class Tried(NamedTuple):
    """One employee's click, as they saw it: when it was sent and answered, and what the gateway said."""

    case: int
    person: str
    action: str
    note: str
    sent: float
    answered: float
    status: int
    body: dict[str, Any]


def prepare(writers: sessionmaker[Session], cases: int) -> list[int]:
    """Open so many cases."""
    now = datetime.now(UTC)
    opening = Opening(
        receiver="desk", owner=None, destinations=(Destination("channel", "#cx"),),
        acknowledge_by=now, contact_by=now, resolve_by=now,
    )  # fmt: skip
    with writers.begin() as session:
        return [open_case(session, alert(number), opening, now).id for number in range(1, cases + 1)]


class Line:
    """One employee's kept connection to the gateway. Requests are bytes made beforehand: the moment counts."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    @classmethod
    async def to(cls, url: str) -> Line:
        host = url.removeprefix("http://")
        name, _, port = host.partition(":")
        return cls(*await asyncio.open_connection(name, int(port)), host)

    async def click(self, case: int, person: str, action: str, start: float) -> Tried:
        """Act on the first picture of a case at the moment agreed on."""
        note = f"{person} {action} C-{case}"
        body = json.dumps({"version": 1, "actor": person, "note": note}).encode()
        head = (
            f"POST /v1/cases/{case}/{action} HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        request = head.encode() + body
        await asyncio.sleep(max(0.0, start - time.monotonic()))
        self._writer.write(request)
        sent = time.monotonic()
        told = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(told.partition("content-length:")[2].partition("\r\n")[0])
        answer = await self._reader.readexactly(length)
        return Tried(case, person, action, note, sent, time.monotonic(), int(told.split()[1]), json.loads(answer))

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def race(url: str, ids: list[int]) -> list[Tried]:
    """Every employee works through their share of the cases; each case is taken by two people at the same moment.

    The second of a pair acts up to 6 ms after the first; every fourth pair is one who takes and one who contacts.
    """
    lines = [await Line.to(url) for _ in EMPLOYEES]
    pairs = len(EMPLOYEES) // 2
    tried: list[Tried] = []
    try:
        for first in range(0, len(ids), pairs):
            start = time.monotonic() + 0.01
            clicks = []
            for number, case in enumerate(ids[first : first + pairs]):
                other = pairs + (number + first) % pairs
                later = "contact" if number % 4 == 3 else "acknowledge"
                clicks.append(lines[number].click(case, EMPLOYEES[number], "acknowledge", start))
                clicks.append(lines[other].click(case, EMPLOYEES[other], later, start + (number % 4) * 0.002))
            tried += await asyncio.wait_for(asyncio.gather(*clicks), 120)
    finally:
        for line in lines:
            await line.close()
    return tried


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def parts(request: pytest.FixtureRequest) -> Iterator[Parts]:
    url = str(request.getfixturevalue("sqlite_database" if request.param == "sqlite" else "postgres_tables"))

    def fail(why: str) -> None:
        raise AssertionError(why)

    made = make_parts(Settings(database=url, kafka="127.0.0.1:1"), LOOP, fail)
    yield made
    made.slack.close()
    made.writers.kw["bind"].dispose()


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.faults)])
def test_two_on_one_card_never_both_have_it(parts: Parts, count: int) -> None:
    ids = prepare(parts.writers, count)
    with serving(parts) as url:
        tried = asyncio.run(race(url, ids))
    assert len(tried) == 2 * count
    by_case: dict[int, list[Tried]] = {}
    for one in tried:
        by_case.setdefault(one.case, []).append(one)
    overlapping = sum(
        max(first.sent, second.sent) < min(first.answered, second.answered) for first, second in by_case.values()
    )
    assert overlapping, "no one of a pair acted while the other was not answered yet: that is no race"

    with parts.readers() as session:
        cases = {row.id: row for row in session.scalars(select(CaseRow))}
        history: dict[int, list[CaseEventRow]] = {}
        for row in session.scalars(select(CaseEventRow).order_by(CaseEventRow.seq)):
            history.setdefault(row.case_id, []).append(row)
    for case, pair in by_case.items():
        won = [one for one in pair if one.status == 200]
        lost = [one for one in pair if one.status == 409]
        # Both saw the same picture: one is done, the other is refused. Nothing else is said to anybody.
        assert (len(won), len(lost)) == (1, 1), [(one.status, one.body) for one in pair]
        (winner,), (loser,) = won, lost
        row = cases[case]
        assert row.version == 2
        assert row.owner == (winner.person if winner.action == "acknowledge" else None)
        assert row.state == {"acknowledge": "acknowledged", "contact": "contacted"}[winner.action]
        # Every note that was taken is in the history, and none that was refused.
        assert [(step.action, step.actor) for step in history[case]] == [
            ("opened", "system"), (winner.action, winner.person),
        ]  # fmt: skip
        assert history[case][1].detail["note"] == winner.note
        # The loser hears what happened: by whom, and how the case stands.
        assert loser.body["error"]["reason"] == "stale"
        assert loser.body["case"]["version"] == 2
        assert loser.body["case"]["state"] == row.state
        last = loser.body["case"]["events"][-1]
        assert (last["actor"], last["detail"]["note"]) == (winner.person, winner.note)
