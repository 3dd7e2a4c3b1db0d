"""How the loop does, by receiver: who waits, who is late, and how long it took until customers were contacted."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import get_args

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.case_filter import CaseFilter
from schemas.cases import CLOSED_STATES, CaseState
from schemas.tables import CaseRow

LOOK_BACK = timedelta(days=7)
"""Cases that were contacted in this time say how long it takes."""
_LIVE = tuple(state for state in get_args(CaseState) if state not in CLOSED_STATES)
MOST_CONTACTS = 2000
"""Read at most, the newest: enough for a median to within a few percent."""


class Health(Struct, frozen=True, kw_only=True):
    """One receiver's cases. Times are seconds of the wall clock from opening to contact; None without a contact."""

    receiver: str
    waiting: int
    """Open, and taken by nobody."""
    in_work: int
    overdue: int
    contacts: int
    median_to_contact: float | None
    slowest_tenth: float | None
    """Nine of ten were contacted sooner."""


def loop_health(session: Session, receivers: Iterable[str], at: datetime) -> list[Health]:
    """A line for each receiver that has cases, those of loop.yaml first in their order."""
    states = session.execute(
        select(CaseRow.receiver, CaseRow.state, func.count().label("number"))
        .where(CaseRow.state.in_(_LIVE))
        .group_by(CaseRow.receiver, CaseRow.state)
    ).all()
    overdue = session.execute(
        select(CaseRow.receiver, func.count().label("number"))
        .where(*CaseFilter(overdue_at=at).conditions())
        .group_by(CaseRow.receiver)
    ).all()
    contacts = session.execute(
        select(CaseRow.receiver, CaseRow.reopened_at, CaseRow.opened_at, CaseRow.contacted_at)
        .where(CaseRow.contacted_at >= at - LOOK_BACK, CaseRow.subject == "customer")
        .order_by(CaseRow.contacted_at.desc())
        .limit(MOST_CONTACTS)
    ).all()
    waiting: dict[str, int] = defaultdict(int)
    in_work: dict[str, int] = defaultdict(int)
    for row in states:
        (waiting if row.state == "open" else in_work)[row.receiver] += row.number
    late = {row.receiver: row.number for row in overdue}
    took: dict[str, list[float]] = defaultdict(list)
    for receiver, reopened, opened, contacted in contacts:
        if contacted is not None:  # the query asks for nothing else
            took[receiver].append((contacted - (reopened or opened)).total_seconds())
    found = {*waiting, *in_work, *late, *took}
    names = [name for name in receivers if name in found]
    return [
        Health(
            receiver=name,
            waiting=waiting[name],
            in_work=in_work[name],
            overdue=late.get(name, 0),
            contacts=len(took[name]),
            median_to_contact=quantile(took[name], 0.5),
            slowest_tenth=quantile(took[name], 0.9),
        )
        for name in [*names, *sorted(found.difference(names))]
    ]


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which this share of the values lies, interpolated: type 7 of Hyndman and Fan (1996)."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
