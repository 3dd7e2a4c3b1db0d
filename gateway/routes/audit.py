"""``GET /v1/audit``: who did what of the acts that a company answers for."""

import asyncio
from typing import Annotated, TypeVar, get_args

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from gateway.access import needs
from gateway.audit_reads import AuditFilter, AuditPage, read_audit
from gateway.parts import Parts
from gateway.problems import Refusal
from gateway.routes.answers import refusals, takes
from gateway.routes.places import instant, number_cursor
from schemas.audit import ACTIONS, Outcome
from schemas.typed_walk import unknown_word

MAX_PAGE = 500
_Word = TypeVar("_Word", bound=str)

TimeQuery = Annotated[str | None, QueryParameter(description="RFC 3339 with a zone, e.g. 2026-11-21T00:00:00Z")]


@get(
    "/v1/audit",
    guards=[
        needs("admin"),
        takes("action", "actor", "customer", "outcome", "since", "until", "limit", "cursor"),
    ],
    summary="The audit trail, newest first",
    description=(
        "Keys made, rotated and revoked, sign-ins and refused ones, silences, dead letters read and sent again, "
        "exports, erasures: who, from which address, when, and what became of it. What happens to cases "
        "stands in their own history (`/v1/cases/audit`). Pages by cursor: give `next` of one answer as `cursor` "
        "of the next request."
    ),
    responses=refusals(400),
    tags=["operation"],
)
async def get_audit_trail(
    parts: NamedDependency[Parts],
    action: Annotated[str | None, QueryParameter(description="E.g. key_created")] = None,
    actor: Annotated[str | None, QueryParameter(description="A key's name, a person, a user of a machine")] = None,
    customer: Annotated[str | None, QueryParameter(description="The id of a customer whom it concerned")] = None,
    outcome: Annotated[str | None, QueryParameter(description="done, refused or failed")] = None,
    since: TimeQuery = None,
    until: TimeQuery = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Entries a page.")] = 100,
    cursor: Annotated[str | None, QueryParameter(description="`next` of the page before")] = None,
) -> AuditPage:
    """Read a page."""
    wanted = AuditFilter(
        action=_one_of("action", action, ACTIONS),
        actor=actor or None,
        customer=customer or None,
        outcome=_one_of("outcome", outcome, get_args(Outcome)),
        since=instant("since", since),
        until=instant("until", until),
        before_id=number_cursor(cursor),
    )

    def read() -> AuditPage:
        with parts.readers() as session:
            return read_audit(session, wanted, limit)

    return await asyncio.to_thread(read)


def _one_of(field: str, text: str | None, known: tuple[_Word, ...]) -> _Word | None:
    if not text:
        return None
    found = next((one for one in known if one == text), None)
    if found is None:
        raise Refusal(400, "invalid", field, unknown_word(text, known))
    return found


routes = [get_audit_trail]
