"""``/v1/cases``: the list, one case, and what people do with it."""

import asyncio
from typing import Annotated, Any, get_args

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Struct

from gateway.access import caller_of, needs, same_origin
from gateway.case_acts import act_within
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
from gateway.case_permissions import NotAllowed, denial
from gateway.case_reads import count_cases, list_cases, read_case, show_case
from gateway.case_requests import ActionRequest, Unfit, who_acts
from gateway.case_shapes import CardPlace, Case, CasePage
from gateway.parts import Parts, now
from gateway.problems import Problem, Refusal
from gateway.routes.answers import refusals, takes
from gateway.routes.places import MAX_ID, number_cursor
from gateway.timeline_reads import read_timeline
from gateway.timeline_shapes import CaseTimeline
from schemas.case_ledger import Refused, user_action
from schemas.cases import UserAction, Via
from schemas.tables import CaseRow

MAX_PAGE = 200


class RefusedAction(Struct, frozen=True, kw_only=True):
    """An action that the case does not allow, or not any more: why, and the case as it stands."""

    error: Problem
    case: Case | None


@get(
    "/v1/cases",
    guards=[needs("read"), takes(*FILTERS, "limit", "cursor", "count")],
    summary="Cases, newest first",
    description=(
        "Everything asked for must hold. Pages by cursor: give `next` of one answer as `cursor` of the next request. "
        "With `count=true`, `total` is how many cases fit on all pages. Comments are excerpts."
    ),
    responses=refusals(400),
    tags=["cases"],
)
async def get_cases(
    parts: NamedDependency[Parts],
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
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Cases a page.")] = 50,
    cursor: Annotated[str | None, QueryParameter(description="`next` of the page before")] = None,
    count: Annotated[bool, QueryParameter(description="Say how many fit")] = False,
) -> CasePage:
    """Read a page."""
    after = number_cursor(cursor)
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

    def read() -> CasePage:
        with parts.readers() as session:
            page = list_cases(session, parts.words, wanted, now(), after, limit)
            return msgspec.structs.replace(page, total=count_cases(session, wanted)) if count else page

    return await asyncio.to_thread(read)


@get(
    "/v1/cases/{case_id:int}",
    guards=[needs("read")],
    summary="One case",
    description=(
        "With its history (`events`), the answers that were flagged (`alerts`), its Slack cards (`slack`) and the "
        "messages about it (`messages`)."
    ),
    responses=refusals(404),
    tags=["cases"],
)
async def get_case(parts: NamedDependency[Parts], case_id: FromPath[int]) -> Case:
    """Read one case."""
    case = await asyncio.to_thread(_read, parts, case_id) if 0 < case_id <= MAX_ID else None
    if case is None:
        raise Refusal(404, "missing", "id", f"there is no case C-{case_id}")
    return await _with_links(parts, case)


@get(
    "/v1/cases/{case_id:int}/timeline",
    guards=[needs("read")],
    summary="The way of a case's customer",
    description=(
        "What the customer met with and said around the case, and what was done about it, newest first: touchpoints "
        "and answers from 14 days before its first alert on, the flagged answers and the actions of all their cases. "
        "Up to 60 touchpoints and answers until its last alert and 40 after it; `left_out` counts those that are not "
        "there. They are kept for `timeline.keep` of loop.yaml."
    ),
    responses=refusals(404),
    tags=["cases"],
)
async def get_case_timeline(parts: NamedDependency[Parts], case_id: FromPath[int]) -> CaseTimeline:
    """Read the timeline around one case."""

    def read() -> CaseTimeline | None:
        with parts.readers() as session:
            row = session.get(CaseRow, case_id) if 0 < case_id <= MAX_ID else None
            if row is None:
                return None
            case = show_case(row, parts.words)
            return read_timeline(session, parts.words, case, kept=parts.loop.timeline is not None)

    found = await asyncio.to_thread(read)
    if found is None:
        raise Refusal(404, "missing", "id", f"there is no case C-{case_id}")
    return found


@post(
    "/v1/cases/{case_id:int}/{action:str}",
    status_code=200,
    guards=[needs("act"), same_origin],
    summary="Act on a case",
    description=(
        "acknowledge, contact, resolve (`root_cause`), reassign (`owner`), snooze (`until`), wake, reopen or dismiss. "
        "Give the `version` you saw: 409 when the case has changed since, with the case as it stands. The history "
        "says who acted: the person whose key it is; else `actor`, a person of loop.yaml, and through which key; else "
        "the key's name. Who acknowledges becomes the owner, unless `owner` names another."
    ),
    responses=refusals(400, 404, 409, 415, 422),
    tags=["cases"],
)
async def post_action(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    case_id: FromPath[int],
    action: FromPath[str],
    data: JSONBody[ActionRequest | None] = None,
) -> Case:
    """Take the action through the ledger."""
    known = user_action(action)
    if known is None:
        raise Refusal(404, "missing", "action", f"no such action; there are {', '.join(get_args(UserAction))}")
    if not 0 < case_id <= MAX_ID:
        raise Refusal(404, "missing", "id", f"there is no case C-{case_id}")
    via: Via = "console" if "origin" in request.headers else "api"
    caller = caller_of(request)
    counted = parts.instruments.case_actions

    def take() -> Case:
        wanted, people = data or ActionRequest(), parts.words.people
        actor, key = who_acts(wanted.actor, caller=caller, via=via, people=people)
        denied: NotAllowed | None = None
        with parts.writers.begin() as session:
            if caller.kind == "person" and "admin" not in caller.rights:
                denied = denial(session, parts.loop, case_id, known, wanted, actor, now())
            case = act_within(
                session,
                parts.words,
                parts.loop,
                case_id,
                known,
                wanted,
                actor=actor,
                takes_over=actor if actor in people else None,
                key=key,
                via=via,
                now=now(),
            )
            # What cannot be done at all is said first; nothing of it stays.
            if denied is not None:
                raise denied
            return case

    try:
        case = await asyncio.to_thread(take)
    except Unfit as unfit:
        counted.labels(via, known, "unfit").inc()
        raise Refusal(422, "invalid", unfit.field, unfit.problem) from None
    except NotAllowed as denied:
        counted.labels(via, known, "not_allowed").inc()
        named = ", ".join(parts.words.people.get(one, one) for one in denied.who)
        who = f"; these may: {named}" if named else ""
        raise Refusal(403, "not_yours", "action", f"around this case you may not {known}{who}") from None
    except Refused as refused:
        counted.labels(via, known, refused.refusal).inc()
        if refused.refusal == "missing":
            raise Refusal(404, "missing", "id", str(refused)) from None
        current = await asyncio.to_thread(_read, parts, case_id)
        field = "version" if refused.refusal == "stale" else "action"
        body = RefusedAction(error=Problem(refused.refusal, field, str(refused)), case=current)
        raise Refusal(409, refused.refusal, field, str(refused), body=body) from None
    counted.labels(via, known, "done").inc()
    parts.live.rows.heard()
    return case


def _read(parts: Parts, case_id: int) -> Case | None:
    with parts.readers() as session:
        return read_case(session, parts.words, case_id, now())


async def _with_links(parts: Parts, case: Case) -> Case:
    """The case with the links to its cards, as far as Slack tells them."""
    if case.slack is UNSET or not case.slack:
        return case
    calls = parts.slack.calls

    async def linked(card: CardPlace) -> CardPlace:
        if not card.posted or card.channel is None or card.ts is None:
            return card
        return msgspec.structs.replace(card, permalink=await calls.permalink(card.channel, card.ts))

    return msgspec.structs.replace(case, slack=list(await asyncio.gather(*map(linked, case.slack))))


routes = [get_cases, get_case, get_case_timeline, post_action]
