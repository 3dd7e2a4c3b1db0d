"""The history of a case: a row for each change, which is also the event for ``cx.cases``."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec
from sqlalchemy.orm import Session

from schemas.case_clock import in_time
from schemas.case_plan import ask_for_plan
from schemas.cases import ASIDES, CaseEvent, HistoryAction, Notice, Via
from schemas.tables import CaseEventRow, CaseRow

NAMESPACE = UUID("0b7a4c44-5a54-5f5e-8a5e-3f0a1f6d2e21")
"""Of the ids that follow from a case."""


def record(
    session: Session,
    case: CaseRow,
    action: HistoryAction,
    before: str | None,
    actor: str,
    via: Via,
    now: datetime,
    detail: dict[str, Any],
) -> None:
    """Write down the change that has just been made to the case, in the caller's transaction. Its timers follow it."""
    event = event_of(case, action, before, actor, via, now)
    session.add(
        CaseEventRow(
            id=event.id,
            case_id=case.id,
            version=case.version,
            action=action,
            from_state=before,
            to_state=case.state,
            at=now,
            actor=actor,
            via=via,
            detail=detail,
            payload=msgspec.to_builtins(event),
        )
    )
    ask_for_plan(session, case, now)


def note(session: Session, case: CaseRow, action: Notice, key: str, now: datetime, detail: dict[str, Any]) -> None:
    """Write down that somebody was told of the case, in the caller's transaction, which holds the case.

    It is no change: the case keeps its version, its cards stay as they are, ``cx.cases`` hears nothing. ``key`` names
    what it follows from, so that there is never a second of the same.
    """
    session.add(
        CaseEventRow(
            id=str(uuid5(NAMESPACE, f"notice/{key}/{case.opened_at.isoformat()}")),
            case_id=case.id,
            version=None,
            action=action,
            from_state=case.state,
            to_state=case.state,
            at=now,
            actor="system",
            via="system",
            detail=detail,
            payload={"severity": case.severity, "owner": case.owner},
            published_at=now,
        )
    )


def event_of(
    case: CaseRow, action: HistoryAction, before: str | None, actor: str, via: Via, now: datetime
) -> CaseEvent:
    """The event of the change that led to the case as it is."""

    def elapsed(moment: datetime | None) -> float | None:
        began = case.reopened_at or case.opened_at
        return None if moment is None else (moment - began) / timedelta(seconds=1)

    resolved_at = case.closed_at if case.state == "resolved" else None
    return msgspec.convert(
        {
            "type": "case",
            "id": str(uuid5(NAMESPACE, f"event/{case.id}/{case.version}/{case.opened_at.isoformat()}")),
            "case_id": case.id,
            "version": case.version,
            "action": "joined" if action in ASIDES else action,
            "from_state": before,
            "to_state": case.state,
            "at": now,
            "actor": actor,
            "via": via,
            "customer_id": case.customer_id,
            "programme": case.programme,
            "severity": case.severity,
            "owner": case.owner,
            "opened_at": case.opened_at,
            "reopened_at": case.reopened_at,
            "subject": case.subject,
            "page": case.page,
            "root_cause": case.root_cause,
            "seconds_to_acknowledge": elapsed(case.acknowledged_at),
            "seconds_to_contact": elapsed(case.contacted_at),
            "seconds_to_resolve": elapsed(resolved_at),
            "business_seconds_to_acknowledge": case.business_seconds_to_acknowledge,
            "business_seconds_to_contact": case.business_seconds_to_contact,
            # Nothing moves a case's clock while it is resolved, so it stands at the resolution.
            "business_seconds_to_resolve": case.business_seconds if resolved_at is not None else None,
            "seconds_on_hold": case.seconds_on_hold,
            "in_sla_acknowledge": in_time(case.acknowledged_at, case.acknowledge_by),
            "in_sla_contact": in_time(case.contacted_at, case.contact_by),
            "in_sla_resolve": in_time(resolved_at, case.resolve_by),
            "entered": {state: {"first": first, "last": last} for state, (first, last) in case.entered.items()},
            "touchpoint": case.touchpoint,
            "channel": case.channel,
            "language": case.language,
            "attributes": case.attributes,
        },
        CaseEvent,
    )
