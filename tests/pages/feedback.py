"""A shop in autumn for Explore and Themes: two months of answers by region, and what unhappy customers wrote."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import msgspec
from sqlalchemy.orm import Session, sessionmaker

from gateway.parts import Parts
from schemas.case_ledger import Opening, open_case
from schemas.metrics import Metric
from schemas.scales import Scale
from schemas.statistics import summarise
from schemas.tables import MetricDayRow
from tests.gateway.examples import alert

FIRST, DAYS = date(2026, 9, 20), 60
LAST = FIRST + timedelta(days=DAYS - 1)
REGIONS = {"SP": (30, 8, 12), "RJ": (50, 10, 6), "MG": (20, 6, 4)}
"""Region to its answers of 10, 8 and 3 on a day."""
SAID = {
    "order.delivered": ["the box was broken", "broken box again", "courier never called", "late delivery, broken box"],
    "support.closed": ["nobody answered", "I waited an hour and nobody answered", "the courier never called"],
}
_NOW = datetime.combine(LAST, time(18), UTC)


def metric(region: str | None, counts: dict[str, int], window: str, day: date | None) -> Metric:
    value, low, high, n, too_few = summarise("nps", Scale(0, 10), counts, 10)
    return Metric(
        metric="nps",
        window=window,
        cut="region" if region else "all",
        key={"attributes.region": region} if region else {},
        value=value,
        low=low,
        high=high,
        n=n,
        counts=counts,
        too_few=too_few,
        as_of=_NOW,
        version=1,
        day=day,
    )


def put(parts: Parts, record: Metric) -> None:
    parts.live.rows.take(record.record_key(), msgspec.json.encode(record))


def set_scene(parts: Parts) -> None:
    """Write the days, the windows, and the answers."""
    chance = random.Random(20261119)
    with parts.writers.begin() as session:
        everybody: dict[date, Counter[str]] = {}
        for region, usual in REGIONS.items():
            total: Counter[str] = Counter()
            for number in range(DAYS):
                day = FIRST + timedelta(days=number)
                worse = region == "SP" and number >= 40
                counts = Counter(
                    {
                        score: max(
                            0, round(n * (1 + chance.uniform(-0.4, 0.4)) * (1.9 if worse and score == "3" else 1))
                        )
                        for score, n in zip(("10", "8", "3"), usual, strict=True)
                    }
                )
                everybody.setdefault(day, Counter()).update(counts)
                if number >= DAYS - 7:
                    total.update(counts)
                _keep(session, metric(region, dict(counts), "day", day))
            put(parts, metric(region, dict(total), "7d", None))
        for day, counts in everybody.items():
            _keep(session, metric(None, dict(counts), "day", day))
    _answers(parts.writers, chance)


def _keep(session: Session, row: Metric) -> None:
    session.add(
        MetricDayRow(
            id=row.record_key().decode(),
            metric=row.metric,
            cut=row.cut,
            day=row.day,
            payload=msgspec.to_builtins(row),
            version=row.version,
            as_of=row.as_of,
        )
    )


def _answers(writers: sessionmaker[Session], chance: random.Random) -> None:
    opening = Opening(
        receiver="desk", owner="ana", destinations=(), acknowledge_by=None, contact_by=None, resolve_by=None
    )
    number = 0
    with writers.begin() as session:
        for touchpoint, comments in SAID.items():
            for before in range(0, 56, 2):
                number += 1
                early = before >= 28 and touchpoint == "order.delivered"
                made = msgspec.structs.replace(
                    alert(number, comment="courier never called" if early else comments[number % len(comments)]),
                    touchpoint=touchpoint,
                    language="en",
                    event_time=_NOW - timedelta(days=before, minutes=number),
                    attributes={"region": chance.choice(list(REGIONS))},
                )
                open_case(session, made, opening, _NOW)
