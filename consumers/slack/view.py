"""Pictures of cases for the renderer, read from the database."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from consumers.slack.case_view import CaseView, LastStep, Silenced
from schemas import silences
from schemas.alerts import Alert
from schemas.cases import CLOSED_STATES, UNASKED, HistoryAction
from schemas.silences import Silence
from schemas.tables import CaseEventRow, CaseRow, SlackSurfaceRow

_NO_STEPS: frozenset[HistoryAction] = UNASKED | {"opened", "recovered"}
"""What a card says by how the case looks then, and not as the last step."""


def load(session: Session, case_ids: Collection[int], now: datetime | None = None) -> dict[int, CaseView]:
    """One consistent picture of each case, by its id. Given ``now``, it tells of the silence that holds then."""
    if not case_ids:
        return {}
    wanted = sorted(set(case_ids))
    steps: dict[int, list[LastStep]] = {}
    history = session.scalars(
        select(CaseEventRow)
        .where(CaseEventRow.case_id.in_(wanted), CaseEventRow.action.not_in(_NO_STEPS))
        .order_by(CaseEventRow.case_id, CaseEventRow.version)
    )
    for row in history:
        steps.setdefault(row.case_id, []).append(_step(row))
    cases = session.scalars(select(CaseRow).where(CaseRow.id.in_(wanted)))
    current = [] if now is None else silences.current(session, now)
    return {case.id: _view(case, steps.get(case.id, []), _silenced(case, current, now)) for case in cases}


def told_directly(session: Session, case_ids: Collection[int]) -> set[int]:
    """The cases among these that have a card in direct messages: their channel card pings nobody."""
    return set(
        session.scalars(
            select(SlackSurfaceRow.case_id).where(
                SlackSurfaceRow.case_id.in_(sorted(set(case_ids))), SlackSurfaceRow.surface == "dm"
            )
        )
    )


def _step(row: CaseEventRow) -> LastStep:
    return msgspec.convert(
        {
            "action": row.action,
            "actor": row.actor,
            "at": row.at,
            "note": row.detail.get("note"),
            "channel": row.detail.get("channel"),
            "customer_told": row.detail.get("customer_told"),
        },
        LastStep,
    )


def _silenced(case: CaseRow, current: Sequence[Silence], now: datetime | None) -> Silenced | None:
    if now is None or not current or case.state in CLOSED_STATES:
        return None
    found = silences.holding(current, msgspec.convert(case.latest_alert, Alert), now)
    return None if found is None else Silenced(until=found.ends_at, reason=found.reason)


def _view(case: CaseRow, steps: list[LastStep], silenced: Silenced | None) -> CaseView:
    contacts = [step for step in steps if step.action == "contact"]
    ends = [step for step in steps if step.action in ("resolve", "dismiss")]
    spoken = ends if case.state in CLOSED_STATES else steps
    return msgspec.convert(
        {
            "id": case.id,
            "version": case.version,
            "state": case.state,
            "severity": case.severity,
            "page": case.page,
            "receiver": case.receiver,
            "owner": case.owner,
            "opened_at": case.opened_at,
            "acknowledged_at": case.acknowledged_at,
            "contacted_at": case.contacted_at,
            "closed_at": case.closed_at,
            "recovered_at": case.recovered_at,
            "recovery_reason": case.recovery_reason,
            "snoozed_until": case.snoozed_until,
            "acknowledge_by": case.acknowledge_by,
            "contact_by": case.contact_by,
            "resolve_by": case.resolve_by,
            "root_cause": case.root_cause,
            "resolution_note": case.resolution_note,
            "answer_count": case.answer_count,
            "incident": case.incident_id,
            "alert": msgspec.convert(case.latest_alert, Alert),
            "last": spoken[-1] if spoken else None,
            "contact": contacts[-1] if contacts else None,
            "silence": silenced,
        },
        CaseView,
    )
