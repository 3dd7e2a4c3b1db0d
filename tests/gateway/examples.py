"""Events, alerts and configuration that the gateway's tests share."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from msgspec import structs
from sqlalchemy.orm import Session, sessionmaker

from schemas.alerts import Alert, Severity
from schemas.case_ledger import Destination, Opening, open_case
from schemas.config import Loop, MetricConfig
from schemas.config_owners import Absence, Calendar, Person, Receiver, Route, Team

ANA, BOB = "U0ANA", "U0BOB"
EVA, IVO = "U0EVA", "U0IVO"
"""Not of the team that takes the cases: Eva reads Russian, Ivo is away and Eva stands in."""
STRANGER = "U0STRANGER"


def response(number: int = 1, **data: Any) -> dict[str, Any]:
    """A response event as an app writes it."""
    return {
        "specversion": "1.0",
        "id": f"r-{number}",
        "source": "/shop/surveys",
        "type": "closeloop.response.v1",
        "time": "2026-01-10T10:00:00Z",
        "data": {"customer_id": f"c{number}", "metric": "nps", "score": 3, **data},
    }


def touchpoint(number: int = 1, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"t-{number}",
        "source": "/shop/orders",
        "type": "closeloop.touchpoint.v1",
        "time": "2026-01-10T10:00:00+01:00",
        "data": {"customer_id": f"c{number}", "touchpoint": "order.delivered", **data},
    }


def encoded(event: Any) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


def configuration() -> Loop:
    return Loop(
        metrics={"effort": MetricConfig(kind="mean", scale=(1, 5), higher_is_better=False)},
        windows=["1h", "7d"],
        cuts={"all": [], "region": ["attributes.region"]},
        calendars={"porto": Calendar(zone="Europe/Lisbon", hours={"mon": [("09:00", "18:00")]})},
        people={
            "ana": Person(name="Ana Sá", email="ana@shop.example", slack=ANA, calendar="porto"),
            "bob": Person(name="Bob <& co>", email="bob@shop.example", slack=BOB),
            "eva": Person(name="Eva", email="eva@shop.example", slack=EVA, language="ru"),
            "ivo": Person(
                name="Ivo",
                email="ivo@shop.example",
                slack=IVO,
                absences=[Absence(from_=date(2020, 1, 1), until=date(2099, 12, 31), deputy="eva")],
            ),
        },
        teams={"care": Team(members=["ana", "bob"], lead="bob")},
        receivers={"desk": Receiver(team="care", channel="#cx")},
        route=Route(receiver="desk"),
    )


def alert(number: int = 1, *, comment: str | None = "atrasou <de> novo", severity: Severity = "normal") -> Alert:
    return Alert(
        id=f"alert-{number}",
        rule="detractor",
        reason="NPS 3 is at or below 6",
        severity=severity,
        programme="feedback",
        customer_id=f"c{number}",
        event_source="/shop/surveys",
        event_id=f"r-{number}",
        event_time=datetime(2026, 1, 10, 10, tzinfo=UTC),
        detected_at=datetime(2026, 1, 10, 10, 0, 1, tzinfo=UTC),
        metric="nps",
        score=3,
        scale_min=0,
        scale_max=10,
        higher_is_better=True,
        touchpoint="order.delivered",
        comment=comment,
        attributes={"region": "SP"},
    )


def metric_alert(number: int = 1, *, recovered: bool = False) -> Alert:
    """An alert about a metric, or that it is over."""
    at = datetime(2026, 1, 10, 10 + number, tzinfo=UTC)
    return Alert(
        id=f"metric-{number}",
        rule="nps_fall",
        reason="NPS is back." if recovered else "NPS fell by 31 points.",
        severity="high",
        programme="metrics",
        subject="metric",
        recovered=recovered,
        customer_id="nps 7d region=SP",
        event_source="closeloop/metrics",
        event_id=f"m-{number}",
        event_time=at,
        detected_at=at,
        metric="nps",
        attributes={"region": "SP"},
    )


def silent_alert() -> Alert:
    """An alert about touchpoints that pages nobody: there is no answer."""
    return structs.replace(
        alert(9, comment=None), id="silent", rule="silent", reason="3 touchpoints failed.", metric=None, score=None,
        scale_min=None, scale_max=None, page=False, programme="quiet",
    )  # fmt: skip


def opened(
    writers: sessionmaker[Session], number: int = 1, *, owner: str | None = "ana", of: Alert | None = None, **said: Any
) -> int:
    """Open a case as the desk does, of this alert or of one's own number; its id."""
    now = datetime(2026, 1, 10, 10, 0, 2, tzinfo=UTC)
    opening = Opening(
        receiver="desk",
        owner=owner,
        destinations=(Destination("channel", "#cx"),),
        acknowledge_by=now,
        contact_by=now,
        resolve_by=now,
    )
    with writers.begin() as session:
        return open_case(session, of or alert(number, **said), opening, now).id
