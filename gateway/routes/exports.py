"""``/v1/cases/export`` and ``/v1/cases/audit``: every case, and everything that was done with them, as a file."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from enum import StrEnum
from itertools import chain
from typing import Annotated, Any, TypeVar

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from gateway.access import needs, who_asks
from gateway.audit_notes import note
from gateway.case_export import (
    AuditFilter,
    as_json,
    as_json_lines,
    audit_as_csv,
    audit_page,
    case_page,
    cases_as_csv,
    last_case,
    last_transition,
    pages,
)
from gateway.case_filter import (
    FILTERS,
    CustomerQuery,
    HeldQuery,
    IncidentQuery,
    OverdueQuery,
    OwnerQuery,
    ReceiverQuery,
    SeverityQuery,
    StateQuery,
    SubjectQuery,
    TextQuery,
    TouchpointQuery,
    read_filter,
)
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.routes.answers import AS_FILE, refusals, takes
from gateway.routes.places import instant
from schemas.audit import Act

FormatQuery = Annotated[
    str, QueryParameter(name="format", description="csv, excel (csv that Excel reads as UTF-8), json or jsonl")
]
AfterQuery = Annotated[int, QueryParameter(ge=0, le=2**63 - 1, description="Only rows after this key")]
TimeQuery = Annotated[str | None, QueryParameter(description="RFC 3339 with a zone, e.g. 2026-11-21T00:00:00Z")]

BOM = "\ufeff".encode()
"""By it Excel knows that a file is UTF-8."""

T = TypeVar("T")


class Form(StrEnum):
    """What rows are written as."""

    csv = "csv"
    excel = "excel"
    json = "json"
    jsonl = "jsonl"


_CSV = "text/csv; header=present"  # Litestar adds the charset
_TYPES = {Form.csv: _CSV, Form.excel: _CSV, Form.json: "application/json", Form.jsonl: "application/jsonl"}
_ABOUT = (
    "Streamed, in the order of `{key}`; with `after` it goes on after that key. Rows that were there when it began are "
    "in it exactly once. In CSV, text that a spreadsheet would take for a formula has an apostrophe before it; JSON is "
    "untouched, `jsonl` an object a line."
)


@get(
    "/v1/cases/export",
    guards=[needs("read"), takes(*FILTERS, "format", "after")],
    summary="All cases that fit, as a file",
    description=_ABOUT.format(key="id"),
    operation_class=AS_FILE,
    responses=refusals(400),
    tags=["cases"],
)
async def get_cases_export(
    request: Request[Any, Any, Any],
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
    text: TextQuery = None,
    held: HeldQuery = False,
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
        text=text,
        held=held,
        now=now(),
    )
    kind = as_form(form)
    act = Act(action="cases_exported", customer=customer or None, detail={"format": kind.value, "after": after})
    await note(parts.writers, who_asks(request), act)
    found = pages(parts.readers, case_page(parts.words, wanted), last_case, after)
    return as_file(_rows(kind, found, cases_as_csv), "cases", kind)


@get(
    "/v1/cases/audit",
    guards=[
        needs("read"),
        takes("format", "after", "case", "customer", "actor", "action", "via", "since", "until"),
    ],
    summary="What was done with cases, as a file",
    description=f"Every transition of every case: who, when, from where, and what was said. {_ABOUT.format(key='seq')}",
    operation_class=AS_FILE,
    responses=refusals(400),
    tags=["cases"],
)
async def get_audit(
    request: Request[Any, Any, Any],
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
        since=instant("since", since),
        until=instant("until", until),
    )
    kind = as_form(form)
    act = Act(action="history_exported", customer=customer or None, detail={"format": kind.value, "after": after})
    await note(parts.writers, who_asks(request), act)
    found = pages(parts.readers, audit_page(parts.words, wanted), last_transition, after)
    return as_file(_rows(kind, found, audit_as_csv), "audit", kind)


def as_form(text: str) -> Form:
    """The form of a query. Raises :class:`Refusal` (400)."""
    try:
        return Form(text)
    except ValueError:
        raise Refusal(400, "invalid", "format", "give csv, excel, json or jsonl") from None


def _rows(
    form: Form, found: Iterator[list[T]], as_csv: Callable[[Iterator[list[T]]], Iterator[bytes]]
) -> Iterator[bytes]:
    if form is Form.json:
        return as_json(found)
    if form is Form.jsonl:
        return as_json_lines(found)
    return chain([BOM], as_csv(found)) if form is Form.excel else as_csv(found)


def as_file(content: Iterator[bytes], name: str, form: Form) -> Stream:
    """An answer that streams the content as a file of this name and form."""
    ending = "csv" if form is Form.excel else form.value
    return Stream(
        _in_threads(content),
        media_type=_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}.{ending}"', "Cache-Control": "no-store"},
    )


async def _in_threads(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read in a thread, in pieces large enough to be worth the change of threads.

    An empty piece is where nothing fitted: the thread comes back there, so that it ends when whoever asked has gone.
    """

    def some() -> tuple[bytes, bool]:
        pieces: list[bytes] = []
        size = 0
        for piece in content:
            pieces.append(piece)
            size += len(piece)
            if size >= 64 * 1024 or not piece:
                return b"".join(pieces), True
        return b"".join(pieces), False

    more = True
    while more:
        piece, more = await asyncio.to_thread(some)
        if piece:
            yield piece


routes = [get_cases_export, get_audit]
