"""``GET /v1/health`` and ``/v1/cases/{id}/deliveries``: whether people can be told, and how a case's messages went."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import Parameter
from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.access import needs
from gateway.parts import Parts
from gateway.routes.answers import refusals
from schemas.cases import CLOSED_STATES
from schemas.tables import CaseRow, DeliveryHealthRow, DeliveryStepRow, SlackOutboxRow

_WORKSPACE = "slack"
"""The row that stands for Slack as a whole, and for no destination in it."""


class DestinationHealth(Struct, frozen=True, kw_only=True):
    """A channel (``#name``), ``person:KEY``, ``mail:KEY`` or ``webhook:NAME`` that refuses, or that did."""

    destination: str
    status: str
    since: datetime
    error: str
    probe_at: datetime | None
    """When a message may try it again; ``null`` where it is well."""


class DeliveryHealth(Struct, frozen=True, kw_only=True):
    """Whether messages reach people. ``ok`` is false while Slack refuses the app or an open case reached nobody."""

    ok: bool
    slack: Literal["well", "refused"]
    slack_error: str | None
    """The code by which Slack refuses the app: nothing is sent, and nothing is lost, until that is put right."""
    socket_mode: bool | None
    """Whether clicks can come in over Socket Mode; ``null`` where they come over HTTP."""
    broken: list[DestinationHealth]
    undelivered_cases: int
    """Open cases of which nobody could be told."""
    messages: dict[str, int]
    """How many are pending, sending, in_doubt, sent, cancelled, dead."""


class DeliveryStep(Struct, frozen=True, kw_only=True):
    """A destination that refused a message of the case, or took it in place of one that did."""

    at: datetime
    destination: str
    outcome: str
    error: str | None


@get(
    "/v1/health",
    guards=[needs("read")],
    summary="Whether people can be told",
    description="Slack as a whole, every destination that refuses messages, and cases of which nobody could be told.",
    responses=refusals(),
    tags=["operation"],
)
async def get_delivery_health(parts: NamedDependency[Parts]) -> DeliveryHealth:
    """Read what the consumers have noted."""
    socket = None
    if parts.settings.slack_app_token is not None:
        socket = parts.instruments.slack_is_up()

    def look() -> DeliveryHealth:
        with parts.readers() as session:
            return delivery_health(session, socket)

    return await asyncio.to_thread(look)


@get(
    "/v1/cases/{case_id:int}/deliveries",
    guards=[needs("read")],
    summary="The way of a case's messages",
    description="Empty where each went where routing sent it.",
    responses=refusals(400, 404),
    tags=["cases"],
)
async def get_deliveries(case_id: Annotated[int, Parameter(ge=1)], parts: NamedDependency[Parts]) -> list[DeliveryStep]:
    """Every step, oldest first."""

    def look() -> list[DeliveryStep]:
        with parts.readers() as session:
            rows = session.scalars(
                select(DeliveryStepRow).where(DeliveryStepRow.case_id == case_id).order_by(DeliveryStepRow.id)
            )
            return [
                DeliveryStep(at=row.at, destination=row.destination, outcome=row.outcome, error=row.error)
                for row in rows
            ]

    return await asyncio.to_thread(look)


def delivery_health(session: Session, socket_mode: bool | None) -> DeliveryHealth:
    """What the tables say of delivery."""
    rows = session.scalars(select(DeliveryHealthRow).where(DeliveryHealthRow.status == "broken"))
    broken = {row.destination: row for row in rows}
    workspace = broken.pop(_WORKSPACE, None)
    undelivered = session.scalar(
        select(func.count())
        .select_from(CaseRow)
        .where(CaseRow.undelivered_at.is_not(None), CaseRow.state.not_in(CLOSED_STATES))
    )
    states = session.execute(select(SlackOutboxRow.state, func.count()).group_by(SlackOutboxRow.state))
    return DeliveryHealth(
        ok=workspace is None and not undelivered and socket_mode is not False,
        slack="well" if workspace is None else "refused",
        slack_error=None if workspace is None else workspace.error,
        socket_mode=socket_mode,
        broken=[
            DestinationHealth(
                destination=row.destination,
                status=row.status,
                since=row.since,
                error=row.error,
                probe_at=row.probe_at,
            )
            for row in broken.values()
        ],
        undelivered_cases=undelivered or 0,
        messages={str(state): int(count) for state, count in states},
    )


routes = [get_delivery_health, get_deliveries]
