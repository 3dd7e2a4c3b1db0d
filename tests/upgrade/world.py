"""A small loop without Kafka: source partitions, the merge and the desk, over logs that are given. No randomness.

It runs in the version before as well (:mod:`tests.upgrade.record`), so it uses only what both have.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from consumers import desk
from schemas import case_ledger
from schemas.alerts import Alert
from schemas.case_changes import Change
from schemas.config import Loop
from schemas.loop_yaml import load
from schemas.metrics import Books, Metric
from schemas.tables import CaseEventRow, CaseRow
from schemas.topics import CASES, RESPONSES, TOUCHPOINTS
from streams.counting.case_state import CasePartition
from streams.counting.merge import Merge
from streams.counting.source_state import SourcePartition
from streams.kafka.placement import partition_of
from streams.plan import compile_plan

FOLDER = Path(__file__).parent / "last"
PARTITIONS = 2
FIRST, SECOND = 1_795_000_000.0, 1_795_001_800.0
"""When the version before stopped and when today's goes on, seconds UTC: half an hour between."""
Row = tuple[bytes, bytes | None]
Place = tuple[str, int]
PLACES: tuple[Place, ...] = (
    *((topic, number) for topic in (TOUCHPOINTS, RESPONSES) for number in range(PARTITIONS)),
    (CASES, 0),
)


def loop() -> Loop:
    """The configuration of the version before."""
    return load(FOLDER / "loop.yaml", None)


@dataclass(frozen=True)
class Rec:
    """A Kafka record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class World:
    """Every partition of a loop, and what its topics hold."""

    logs: dict[Place, list[Rec]] = field(default_factory=lambda: {place: [] for place in PLACES})
    state: dict[Place, dict[bytes, bytes | None]] = field(default_factory=lambda: {place: {} for place in PLACES})
    partials: dict[bytes, bytes | None] = field(default_factory=dict)
    metrics: dict[bytes, Metric] = field(default_factory=dict)
    books: dict[str, Books] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    begin: dict[Place, int] = field(default_factory=dict)
    """The first offset of a log whose earlier records are not at hand."""

    def __post_init__(self) -> None:
        plan = compile_plan(loop(), "wall")
        self.sources: dict[Place, Any] = {
            place: CasePartition(0, plan) if place[0] == CASES else SourcePartition(*place, PARTITIONS, plan)
            for place in PLACES
        }
        self.merge = Merge(plan)

    def restore(self) -> None:
        """Take up what the topics hold."""
        for place, source in self.sources.items():
            source.restore(self.state[place].items())
        for key, value in self.partials.items():
            self.merge.apply(key, value, sent=True)

    def send(
        self, place: Place, key: bytes, value: bytes, now: float, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> None:
        """Put a record on a source topic."""
        log = self.logs[place]
        offset = log[-1].offset + 1 if log else self.begin.get(place, 0)
        log.append(Rec(offset, int(now * 1000) - 1000, key, value, headers))

    def run(self, now: float) -> list[Alert]:
        """Apply all that is on the topics, flush, merge; the new alerts."""
        found: list[Alert] = []
        busy = True
        while busy:  # signals make further records
            busy = False
            for place, source in self.sources.items():
                records = [record for record in self.logs[place] if record.offset > source.position]
                if not records:
                    continue
                busy = True
                outcome = source.apply(records, now)
                assert not outcome.dead_letters
                found += outcome.alerts
                for forward in outcome.forwards:
                    number = forward.partition
                    home = partition_of(forward.key, PARTITIONS) if number is None else number
                    self.send((forward.topic, home), forward.key, forward.value, now, tuple(forward.headers))
        for place, source in self.sources.items():
            flush = source.dirty(now)
            if flush is None:
                continue
            self.state[place].update(flush.state_rows)
            self.books[flush.books.source] = flush.books
            for row in flush.partial_rows:
                self.partials[row.key] = row.value
                self.merge.apply(row.key, row.value)
        for metric in self.merge.emit(now):
            self.metrics[metric.record_key()] = metric
        self.alerts += found
        return found


def events(half: int) -> Iterable[tuple[str, bytes, bytes]]:
    """The events of the first or second half as (topic, key, value). The second repeats a tenth of the first."""
    made = list(_events())
    middle = len(made) // 2
    yield from made[:middle] if half == 1 else [*made[middle:], *made[:middle:10]]


def _events() -> Iterable[tuple[str, bytes, bytes]]:
    rnd = random.Random(8)
    for number in range(300):
        when = FIRST - 4 * 86_400 + rnd.random() * 4 * 86_400
        customer = f"c{rnd.randrange(60)}"
        data: dict[str, Any] = {
            "customer_id": customer,
            "touchpoint": rnd.choice(["order.delivered", "checkout.completed", "support.closed"]),
            "channel": rnd.choice(["web", "parcel"]),
            "attributes": {"region": rnd.choice(["SP", "RJ", "Kyiv"]), "segment": rnd.choice(["smb", "consumer"])},
        }
        if number % 3 == 0:
            topic, kind = TOUCHPOINTS, "closeloop.touchpoint.v1"
            data["outcome"] = rnd.choice(["ok", "ok", "failed"])
        else:
            topic, kind = RESPONSES, "closeloop.response.v1"
            metric, top = rnd.choice([("nps", 10), ("csat", 5), ("ces", 7)])
            data |= {"metric": metric, "score": rnd.randint(0 if metric == "nps" else 1, top), "language": "pt"}
            if number % 7 == 0:
                data["comment"] = "demorou demais"
        envelope = {"specversion": "1.0", "id": f"e{number}", "source": "/shop", "type": kind}
        time = datetime.fromtimestamp(when, UTC).isoformat()
        yield topic, customer.encode(), json.dumps({**envelope, "time": time, "data": data}).encode()


def act(session: Session, half: int, now: datetime) -> None:
    """What people did: in the first half every third case was taken, in the second those are resolved."""
    action: Any = "acknowledge" if half == 1 else "resolve"
    said = Change() if half == 1 else Change(root_cause="delivery", note="sent again", customer_told=True)
    cases = session.scalars(select(CaseRow.id).where(CaseRow.id % 3 == 0, CaseRow.id <= 60).order_by(CaseRow.id)).all()
    for case in cases:
        case_ledger.act(session, case, action, actor="grace", via="console", now=now, change=said)


def take_in(session: Session, alerts: Iterable[Alert], now: datetime) -> dict[str, int]:
    """The desk's work on a batch of alerts."""
    return dict(desk.take_in(session, loop(), list(alerts), now))


def publish(session: Session, world: World, now: float) -> None:
    """The transitions that were not published yet, onto ``cx.cases``."""
    for row in case_ledger.unpublished(session, 100_000):
        world.send((CASES, 0), str(row.case_id).encode(), msgspec.json.encode(row.payload), now)
        row.published_at = datetime.fromtimestamp(now, UTC)
    session.flush()
    assert session.scalar(select(CaseEventRow.seq).where(CaseEventRow.published_at.is_(None))) is None
