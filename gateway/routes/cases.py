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
from gateway.case_reads import CardPlace, Case, CaseFilter, CasePage, list_cases, read_case
from gateway.case_requests import ActionRequest, Unfit, who_acts
from gateway.parts import Parts, now
from gateway.problems import Problem, Refusal
from gateway.routes.answers import refusals
from schemas.alerts import Subject
from schemas.case_ledger import Refused, user_action
from schemas.cases import CaseState, UserAction, Via

_STATES: tuple[CaseState, ...] = get_args(CaseState)
_SUBJECTS: tuple[Subject, ...] = get_args(Subject)
MAX_PAGE = 200
_MAX_ID = 2**63 - 1


class RefusedAction(Struct, frozen=True, kw_only=True):
    """An action that the case does not allow, or not any more: why, and the case as it stands."""

    error: Problem
    case: Case | None


@get(
    "/v1/cases",
    guards=[needs("read")],
    summary="Cases, newest first",
    description="Pages by cursor: give `next` of one answer as `cursor` of the next request. Comments are excerpts.",
    responses=refusals(400),
    tags=["cases"],
)
async def get_cases(
    parts: NamedDependency[Parts],
    wanted_state: Annotated[
        str | None, QueryParameter(name="state", description="One state, or several with commas: open,acknowledged")
    ] = None,
    owner: Annotated[str | None, QueryParameter(description="A person key of loop.yaml")] = None,
    customer: Annotated[
        str | None, QueryParameter(description="A customer_id, or the series of a metric's case")
    ] = None,
    subject: Annotated[str | None, QueryParameter(description="customer or metric")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Cases a page.")] = 50,
    cursor: Annotated[str | None, QueryParameter(description="`next` of the page before")] = None,
) -> CasePage:
    """Read a page."""
    if cursor and not (cursor.isascii() and cursor.isdigit() and int(cursor) <= _MAX_ID):
        raise Refusal(400, "invalid", "cursor", "not a cursor of this list; give `next` of the page before")
    wanted = CaseFilter(
        states=_states(wanted_state),
        owner=owner or None,
        customer=customer or None,
        subject=_subject(subject),
        before=int(cursor) if cursor else None,
        limit=limit,
    )

    def read() -> CasePage:
        with parts.readers() as session:
            return list_cases(session, parts.words, wanted)

    return await asyncio.to_thread(read)


@get(
    "/v1/cases/{case_id:int}",
    guards=[needs("read")],
    summary="One case",
    description="With its history (`events`), the answers that were flagged (`alerts`) and its Slack cards (`slack`).",
    responses=refusals(404),
    tags=["cases"],
)
async def get_case(parts: NamedDependency[Parts], case_id: FromPath[int]) -> Case:
    """Read one case."""
    case = await asyncio.to_thread(_read, parts, case_id) if 0 < case_id <= _MAX_ID else None
    if case is None:
        raise Refusal(404, "missing", "id", f"there is no case C-{case_id}")
    return await _with_links(parts, case)


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
    if not 0 < case_id <= _MAX_ID:
        raise Refusal(404, "missing", "id", f"there is no case C-{case_id}")
    via: Via = "console" if "origin" in request.headers else "api"
    key_name = caller_of(request).name
    counted = parts.instruments.case_actions

    def take() -> Case:
        wanted, people = data or ActionRequest(), parts.words.people
        actor, key = who_acts(wanted.actor, key=key_name, via=via, people=people)
        with parts.writers.begin() as session:
            return act_within(
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

    try:
        case = await asyncio.to_thread(take)
    except Unfit as unfit:
        counted.labels(via, known, "unfit").inc()
        raise Refusal(422, "invalid", unfit.field, unfit.problem) from None
    except Refused as refused:
        counted.labels(via, known, refused.refusal).inc()
        if refused.refusal == "missing":
            raise Refusal(404, "missing", "id", str(refused)) from None
        current = await asyncio.to_thread(_read, parts, case_id)
        field = "version" if refused.refusal == "stale" else "action"
        body = RefusedAction(error=Problem(refused.refusal, field, str(refused)), case=current)
        raise Refusal(409, refused.refusal, field, str(refused), body=body) from None
    counted.labels(via, known, "done").inc()
    return case


def _read(parts: Parts, case_id: int) -> Case | None:
    with parts.readers() as session:
        return read_case(session, parts.words, case_id)


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


def _subject(text: str | None) -> Subject | None:
    for known in _SUBJECTS:
        if text == known:
            return known
    if text:
        raise Refusal(400, "invalid", "subject", f"not a subject of a case; there are {', '.join(_SUBJECTS)}")
    return None


def _states(text: str | None) -> tuple[CaseState, ...]:
    wanted = [part.strip() for part in (text or "").split(",") if part.strip()]
    for part in wanted:
        if part not in _STATES:
            raise Refusal(400, "invalid", "state", f"not a state of a case; there are {', '.join(_STATES)}")
    return tuple(known for known in _STATES if known in wanted)


routes = [get_cases, get_case, post_action]
