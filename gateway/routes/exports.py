"""``/v1/cases/export`` and ``/v1/cases/audit``: every case, and everything that was done with them, as a file."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from gateway.access import needs
from gateway.case_export import (
    AuditFilter,
    as_json,
    audit_as_csv,
    audit_page,
    case_page,
    cases_as_csv,
    last_case,
    last_transition,
    pages,
)
from gateway.case_filter import (
    CustomerQuery,
    IncidentQuery,
    OverdueQuery,
    OwnerQuery,
    ReceiverQuery,
    SeverityQuery,
    StateQuery,
    SubjectQuery,
    TouchpointQuery,
    read_filter,
)
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.routes.answers import refusals

FormatQuery = Annotated[str, QueryParameter(name="format", description="csv or json")]
AfterQuery = Annotated[int, QueryParameter(ge=0, le=2**63 - 1, description="Only rows after this key")]
TimeQuery = Annotated[str | None, QueryParameter(description="RFC 3339 with a zone, e.g. 2026-11-21T00:00:00Z")]

_CSV = "text/csv; charset=utf-8; header=present"
_ABOUT = (
    "Streamed, in the order of `{key}`; with `after` it goes on after that key. Rows that were there when it began are "
    "in it exactly once. In CSV, text that a spreadsheet would take for a formula has an apostrophe before it; JSON is "
    "untouched."
)


@get(
    "/v1/cases/export",
    guards=[needs("read")],
    summary="All cases that fit, as a file",
    description=_ABOUT.format(key="id"),
    responses=refusals(400),
    tags=["cases"],
)
async def get_cases_export(
    parts: NamedDependency[Parts],
    form: FormatQuery = "csv",
    after: AfterQuery = 0,
    wanted_state: StateQuery = None,
    owner: OwnerQuery = None,
    customer: CustomerQuery = None,
    subject: SubjectQuery = None,
    severity: SeverityQuery = None,
    receiver: ReceiverQuery = None,
    touchpoint: TouchpointQuery = None,
    incident: IncidentQuery = None,
    overdue: OverdueQuery = False,
) -> Stream:
    """Stream the cases."""
    wanted = read_filter(
        state=wanted_state,
        owner=owner,
        customer=customer,
        subject=subject,
        severity=severity,
        receiver=receiver,
        touchpoint=touchpoint,
        incident=incident,
        overdue=overdue,
        now=now(),
    )
    found = pages(parts.readers, case_page(parts.words, wanted), last_case, after)
    return _file(cases_as_csv(found) if _is_csv(form) else as_json(found), "cases", form)


@get(
    "/v1/cases/audit",
    guards=[needs("read")],
    summary="What was done with cases, as a file",
    description=f"Every transition of every case: who, when, from where, and what was said. {_ABOUT.format(key='seq')}",
    responses=refusals(400),
    tags=["cases"],
)
async def get_audit(
    parts: NamedDependency[Parts],
    form: FormatQuery = "csv",
    after: AfterQuery = 0,
    case: Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1, description="The id of a case")] = None,
    customer: CustomerQuery = None,
    actor: Annotated[str | None, QueryParameter(description="Who acted: a person key, a key's name, system")] = None,
    action: Annotated[str | None, QueryParameter(description="E.g. resolve")] = None,
    via: Annotated[str | None, QueryParameter(description="slack, console, api or system")] = None,
    since: TimeQuery = None,
    until: TimeQuery = None,
) -> Stream:
    """Stream the transitions."""
    wanted = AuditFilter(
        case_id=case,
        customer=customer or None,
        actor=actor or None,
        action=action or None,
        via=via or None,
        since=_instant("since", since),
        until=_instant("until", until),
    )
    found = pages(parts.readers, audit_page(parts.words, wanted), last_transition, after)
    return _file(audit_as_csv(found) if _is_csv(form) else as_json(found), "audit", form)


def _is_csv(form: str) -> bool:
    if form not in ("csv", "json"):
        raise Refusal(400, "invalid", "format", "give csv or json")
    return form == "csv"


def _file(content: Iterator[bytes], name: str, form: str) -> Stream:
    return Stream(
        _in_threads(content),
        media_type=_CSV if form == "csv" else "application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"', "Cache-Control": "no-store"},
    )


async def _in_threads(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read in a thread, in pieces large enough to be worth the change of threads."""

    def some() -> bytes:
        pieces: list[bytes] = []
        size = 0
        for piece in content:
            pieces.append(piece)
            size += len(piece)
            if size >= 64 * 1024:
                break
        return b"".join(pieces)

    while piece := await asyncio.to_thread(some):
        yield piece


def _instant(field: str, text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refusal(400, "invalid", field, "not a time with a zone; write it as 2026-11-21T10:15:02Z")
    return moment


routes = [get_cases_export, get_audit]
