"""Which cases are asked for: read from a query's words, told to SQL. The same for lists and exports."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, TypeVar, get_args

from litestar.params import QueryParameter
from msgspec import Struct
from sqlalchemy import ColumnElement, and_, or_, select

from gateway.problems import Refusal
from schemas.alerts import SEVERITIES, Severity, Subject
from schemas.cases import CLOSED_STATES, CaseState
from schemas.tables import CaseRow, SlackOutboxRow

_STATES: tuple[CaseState, ...] = get_args(CaseState)
_SUBJECTS: tuple[Subject, ...] = get_args(Subject)

StateQuery = Annotated[
    str | None, QueryParameter(name="state", description="One state, or several with commas: open,acknowledged")
]
OwnerQuery = Annotated[str | None, QueryParameter(description="A person key of loop.yaml")]
CustomerQuery = Annotated[str | None, QueryParameter(description="A customer_id, or the series of a metric's case")]
SubjectQuery = Annotated[str | None, QueryParameter(description="customer or metric")]
SeverityQuery = Annotated[str | None, QueryParameter(description="critical, high or normal; several with commas")]
ReceiverQuery = Annotated[str | None, QueryParameter(description="A receiver of loop.yaml")]
TouchpointQuery = Annotated[str | None, QueryParameter(description="The touchpoint of the alert that opened it")]
IncidentQuery = Annotated[int | None, QueryParameter(description="The number of an incident")]
OverdueQuery = Annotated[
    bool, QueryParameter(description="Only open cases that were not acknowledged, contacted or resolved in time")
]
TextQuery = Annotated[
    str | None,
    QueryParameter(description="Part of the customer_id, the answer shown, its reason or the resolution's note"),
]
HeldQuery = Annotated[bool, QueryParameter(description="Only cases with messages that wait for the end of a silence")]
FILTERS = (
    "state",
    "owner",
    "customer",
    "subject",
    "severity",
    "receiver",
    "touchpoint",
    "incident",
    "overdue",
    "text",
    "held",
)
"""The names of the parameters above, as a query has them."""

_PRESSING = tuple(state for state in _STATES if state not in {*CLOSED_STATES, "snoozed"})
"""Named one by one, so that an index finds these few among all that are closed."""
MAX_TEXT = 200
_MAX_ID = 2**63 - 1
T = TypeVar("T", bound=str)


class CaseFilter(Struct, frozen=True, kw_only=True):
    """Which cases are asked for; everything given must hold."""

    states: tuple[CaseState, ...] = ()
    owner: str | None = None
    customer: str | None = None
    subject: Subject | None = None
    severities: tuple[Severity, ...] = ()
    receiver: str | None = None
    touchpoint: str | None = None
    incident: int | None = None
    overdue_at: datetime | None = None
    """Only open cases of which a promise was broken by then."""
    text: str | None = None
    held: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """What must hold of a row of ``cases``."""
        found: list[ColumnElement[bool]] = []
        if self.states:
            found.append(CaseRow.state.in_(self.states))
        if self.severities:
            found.append(CaseRow.severity.in_(self.severities))
        for column, value in (
            (CaseRow.owner, self.owner),
            (CaseRow.customer_id, self.customer),
            (CaseRow.subject, self.subject),
            (CaseRow.receiver, self.receiver),
            (CaseRow.touchpoint, self.touchpoint),
            (CaseRow.incident_id, self.incident),
        ):
            if value is not None:
                found.append(column == value)
        if self.overdue_at is not None:
            found.append(or_(*broken_promises(self.overdue_at).values()))
        if self.text is not None:
            found.append(_says(self.text))
        if self.held:
            found.append(
                CaseRow.id.in_(
                    select(SlackOutboxRow.case_id).where(
                        SlackOutboxRow.silence_id.is_not(None), SlackOutboxRow.state == "pending"
                    )
                )
            )
        return found


def read_filter(
    *,
    state: str | None,
    owner: str | None,
    customer: str | None,
    subject: str | None,
    severity: str | None,
    receiver: str | None,
    touchpoint: str | None,
    incident: int | None,
    overdue: bool,
    text: str | None,
    held: bool,
    now: datetime,
) -> CaseFilter:
    """The filter that a query's words mean; an empty word means none. Raises :class:`Refusal` (400)."""
    subjects = _words("subject", subject, _SUBJECTS)
    if incident is not None and not 0 < incident <= _MAX_ID:
        raise Refusal(400, "invalid", "incident", "not the number of an incident; give one such as 7")
    said = (text or "").strip()
    if len(said) > MAX_TEXT or "\0" in said:
        raise Refusal(400, "invalid", "text", f"give at most {MAX_TEXT} characters, and no U+0000")
    return CaseFilter(
        states=_words("state", state, _STATES),
        owner=owner or None,
        customer=customer or None,
        subject=subjects[0] if len(subjects) == 1 else None,
        severities=_words("severity", severity, SEVERITIES),
        receiver=receiver or None,
        touchpoint=touchpoint or None,
        incident=incident,
        overdue_at=now if overdue else None,
        text=said or None,
        held=held,
    )


def _says(text: str) -> ColumnElement[bool]:
    """Upper and lower case are one; on SQLite only of Latin letters without accents."""
    alert = CaseRow.latest_alert
    places = (
        CaseRow.customer_id,
        alert["comment"].as_string(),
        alert["reason"].as_string(),
        CaseRow.resolution_note,
    )
    return or_(*(place.icontains(text, autoescape=True) for place in places))


def broken_promises(now: datetime) -> dict[str, ColumnElement[bool]]:
    """What must hold of a row of ``cases`` whose promise of this name is broken at ``now``.

    A snoozed case is not overdue: its due times move on. Nor is a metric that is back to normal.
    """
    counts = and_(CaseRow.state.in_(_PRESSING), CaseRow.recovered_at.is_(None))
    return {
        "acknowledge": and_(counts, CaseRow.acknowledge_by <= now, CaseRow.acknowledged_at.is_(None)),
        "contact": and_(counts, CaseRow.contact_by <= now, CaseRow.contacted_at.is_(None)),
        "resolve": and_(counts, CaseRow.resolve_by <= now),
    }


def _words(field: str, text: str | None, known: Collection[T]) -> tuple[T, ...]:
    wanted = [part.strip() for part in (text or "").split(",") if part.strip()]
    for part in wanted:
        if part not in known:
            raise Refusal(400, "invalid", field, f"not a {field} of a case; there are {', '.join(known)}")
    return tuple(word for word in known if word in wanted)
