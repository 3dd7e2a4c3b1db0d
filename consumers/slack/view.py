"""Pictures of cases for the renderer, read from the database."""

from collections.abc import Collection

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from consumers.slack.case_view import CaseView, LastStep
from schemas.alerts import Alert
from schemas.cases import UNASKED, HistoryAction
from schemas.tables import CaseEventRow, CaseRow, SlackSurfaceRow

_NO_STEPS: frozenset[HistoryAction] = UNASKED | {"opened", "recovered"}
"""What a card says by how the case looks then, and not as the last step."""


def load(session: Session, case_ids: Collection[int]) -> dict[int, CaseView]:
    """One consistent picture of each case, by its id."""
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
    return {case.id: _view(case, steps.get(case.id, [])) for case in cases}


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


def _view(case: CaseRow, steps: list[LastStep]) -> CaseView:
    contacts = [step for step in steps if step.action == "contact"]
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
            "alert": msgspec.convert(case.latest_alert, Alert),
            "last": steps[-1] if steps else None,
            "contact": contacts[-1] if contacts else None,
        },
        CaseView,
    )
