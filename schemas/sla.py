"""Due times: what loop.yaml promises for a severity, in the owner's working time. Pure."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from msgspec import Struct

from schemas.alerts import Severity, Subject
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.working_time import add_working_time, calendar_of


class DueTimes(Struct, frozen=True):
    """When a case has to be acknowledged, its customer contacted (a metric has none), and the case resolved (UTC)."""

    acknowledge_by: datetime
    contact_by: datetime | None
    resolve_by: datetime


DueOf = Callable[[Severity, str | None, datetime, Subject], DueTimes]
"""What is promised of a case of this severity, in its owner's hours, from this time on; a subject has its own."""


def promises(loop: Loop) -> DueOf:
    """The promises of loop.yaml, for those who know no loop.yaml."""
    return partial(due_times, loop)


def due_times(
    loop: Loop, severity: Severity, owner: str | None, now: datetime, subject: Subject = "customer"
) -> DueTimes:
    """The promises of this severity, counted from ``now`` in the owner's calendar; without one, around the clock."""
    target = {"critical": loop.sla.critical, "high": loop.sla.high, "normal": loop.sla.normal}[severity]
    calendar = calendar_of(loop, owner)
    return DueTimes(
        acknowledge_by=add_working_time(now, seconds(target.acknowledge), calendar),
        contact_by=None if subject == "metric" else add_working_time(now, seconds(target.contact), calendar),
        resolve_by=add_working_time(now, seconds(target.resolve), calendar),
    )
