"""Survey pages (``/s/..``), the links to them, and the client's scripts (``/client/..``). A GET records nothing."""

import asyncio
import traceback
from datetime import timedelta
from importlib.resources import files
from typing import Any

import msgspec
import structlog
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from sqlalchemy.exc import SQLAlchemyError

from gateway.access import needs, same_origin
from gateway.bodies import read_body
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.routes.answers import refusals
from gateway.surveys import answering, keeping
from gateway.surveys.desk import LinkMade, LinkRequest, invited_event
from gateway.surveys.links import Invitation, LinkRefused, LinkUnfit
from gateway.surveys.page import Shown, draw_look, draw_page, headers_of
from gateway.surveys.words import words_for
from schemas.config_base import seconds
from schemas.config_surveys import Survey

PAGE = "/s/{token:str}"
_MAX_LANGUAGE = 35
_BUNDLE_SECONDS = 3600
_log = structlog.get_logger("gateway.surveys")


def _html(text: str, survey: Survey | None, status: int = 200, more: dict[str, str] | None = None) -> Response[str]:
    headers = {**headers_of(survey), **(more or {})}
    return Response(text, status_code=status, media_type="text/html", headers=headers)


def _refuse_link(request: Request[Any, Any, Any], refused: LinkRefused) -> Response[str]:
    """A link that leads nowhere: 410 after its time, 404 if it is none of ours."""
    words = words_for(
        None,
        refused.invitation.language if refused.invitation else None,
        request.headers.get("accept-language", ""),
    )
    said, status = (words.labels.expired, 410) if refused.invitation else (words.labels.unknown, 404)
    return _html(draw_page(Shown(state="message", message=said), words, None, None, None), None, status)


def _refuse(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    """Any other refusal or fault: a page that asks to try again."""
    status, more = _failed(error)
    words = words_for(None, None, request.headers.get("accept-language", ""))
    page = draw_page(Shown(state="message", message=words.labels.later), words, None, None, None)
    return _html(page, None, status, more)


def _failed(error: Exception) -> tuple[int, dict[str, str]]:
    """The status and the headers for a refusal or a fault. The log gets no path: a link is a secret."""
    if isinstance(error, Refusal | HTTPException):
        status = error.status if isinstance(error, Refusal) else error.status_code
        return status, {name: value for name, value in (error.headers or {}).items() if name.lower() == "retry-after"}
    if isinstance(error, SQLAlchemyError):
        _log.warning("survey_page_without_database", kind=type(error).__name__)
        return 503, {"Retry-After": "5"}
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("survey_page_failed", kind=type(error).__name__, place=f"{place.filename}:{place.lineno}")
    return 500, {}


_REFUSALS: Any = {LinkRefused: _refuse_link, Refusal: _refuse, HTTPException: _refuse, Exception: _refuse}


@post(
    "/v1/surveys/links",
    status_code=201,
    guards=[needs("emit"), same_origin],
    summary="Make a survey link",
    description=(
        "A page with one question of loop.yaml for one customer, until the link expires. Links to one survey about the "
        "same thing (`about`, else `touchpoint_event_id`) count one answer together. The link tells nobody but the "
        "gateway whom it asks. Nothing is sent: that is yours to do."
    ),
    responses=refusals(400, 404, 415, 422, 429, 503),
    tags=["surveys"],
)
async def post_link(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], data: JSONBody[LinkRequest]
) -> LinkMade:
    """Seal it, and count the invitation if that is wished."""
    counted = parts.loop.invitations
    if data.invited and counted is None:
        raise Refusal(422, "invalid", "invited", "loop.yaml has no section `invitations`; leave it out")
    at = now()
    try:
        made, invitation = parts.surveys.make(data, parts.loop, at)
    except LinkUnfit as unfit:
        raise Refusal(422, "invalid", unfit.field, unfit.problem) from None
    except LookupError:
        text = "this gateway makes no survey links: CLOSELOOP_SURVEY_KEY is not set"
        raise Refusal(404, "missing", "", text) from None
    if data.invited and counted is not None:
        event = msgspec.json.encode(invited_event(invitation, counted.touchpoint, at))
        taken = await parts.admission.admit([event], at, route="/v1/surveys/links", headers=_headers(request))
        if taken.rejected:
            raise Refusal(422, "invalid", str(taken.results[0].field), str(taken.results[0].problem))
    return made


@get(PAGE, include_in_schema=False, name="survey", exception_handlers=_REFUSALS)
async def get_page(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], token: FromPath[str]
) -> Response[str]:
    """Show the question. ``?score=9`` marks a score, for links of a mail that has one for each; it records nothing."""
    invitation, survey = _opened(request, parts, token)
    given = await asyncio.to_thread(keeping.find, parts.readers, invitation)
    scale = parts.words.metrics[survey.metric].scale
    words = words_for(survey, invitation.language, request.headers.get("accept-language", ""))
    if given is None or not given.sent:
        chosen = answering.read_score(request.query_params.get("score"), scale)
        shown = Shown(state="ask", draft=answering.Draft(score=chosen))
    elif now() - given.answered_at > _change_within(survey):
        shown = Shown(state="message", message=words.labels.settled)
    else:
        marked = answering.Draft(score=given.score)
        shown = Shown(state="answered", message=words.labels.thanks, draft=marked, commented=given.commented)
    return _html(draw_page(shown, words, invitation.survey, survey, scale), survey)


@post(
    PAGE,
    include_in_schema=False,
    request_max_body_size=None,
    name="survey-answer",
    exception_handlers=_REFUSALS,
)
async def post_answer(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], token: FromPath[str]
) -> Response[Any]:
    """Record the answer, once; then show the page again, so that a reload sends nothing.

    What cannot be taken now stands in the form of the page that says so: nobody writes it twice.
    The link itself says that its holder may answer: no cookie is used, so another site gains nothing by sending it.
    """
    invitation, survey = _opened(request, parts, token)
    scale = parts.words.metrics[survey.metric].scale
    words = words_for(survey, invitation.language, request.headers.get("accept-language", ""))
    draft = answering.read_form(await read_body(request, answering.MAX_FORM_BYTES), scale)
    answer = draft.answer
    if answer is None:
        shown = Shown(state="ask", message=words.labels.choose, draft=draft)
        return _html(draw_page(shown, words, invitation.survey, survey, scale), survey, 422)
    try:
        await _record(request, parts, invitation, survey, answer, invitation.language or words.asked_in)
    except (Refusal, SQLAlchemyError) as error:
        shown = Shown(state="ask", message=words.labels.later, draft=draft)
        return _html(draw_page(shown, words, invitation.survey, survey, scale), survey, *_failed(error))
    return Redirect(f"/s/{token}", status_code=303, headers=headers_of(survey))


@get("/s/look/{name:str}", include_in_schema=False, sync_to_thread=False)
def get_look(parts: NamedDependency[Parts], name: FromPath[str]) -> Response[str]:
    """The style sheet of a survey's page."""
    headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
    return Response(draw_look(parts.loop.surveys.get(name)), media_type="text/css", headers=headers)


@get("/client/{path:path}", include_in_schema=False, sync_to_thread=True)
def get_client(path: FromPath[str]) -> Response[bytes]:
    """A script of the JavaScript client, for pages of any site."""
    parts = [part for part in str(path).split("/") if part]
    folder = files("gateway") / "surveys" / "client"
    safe = parts and all(part.replace("-", "").replace(".", "").isalnum() and part[0] != "." for part in parts)
    file = folder.joinpath(*parts) if safe else None
    if file is None or not parts[-1].endswith(".js") or not file.is_file():
        raise Refusal(404, "missing", "path", "there is no such script; /client/closeloop.min.js is the client")
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": f"public, max-age={_BUNDLE_SECONDS}",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(file.read_bytes(), media_type="text/javascript", headers=headers)


async def _record(
    request: Request[Any, Any, Any],
    parts: Parts,
    invitation: Invitation,
    survey: Survey,
    answer: answering.Answer,
    language: str,
) -> None:
    """Take the answer down, hand it on, and note that it was taken; a step that fails is made up by a second submit."""
    assert parts.surveys.seals is not None
    at = now()
    said = (invitation.id, str(answer.score), answer.comment, str(answer.contact_requested))
    digest = parts.surveys.seals.mark(*said)
    todo = await asyncio.to_thread(
        keeping.take_down, parts.writers, invitation, answer, digest, at, _change_within(survey)
    )
    parts.instruments.survey_answers.labels(invitation.survey, _called(todo)).inc()
    if todo.what != "send":
        return
    event = answering.event_of(
        invitation, answer, todo.number, metric=survey.metric, language=language[:_MAX_LANGUAGE], now=at
    )
    taken = await parts.admission.admit([event], at, route=PAGE, headers=_headers(request))
    if taken.rejected:
        _log.error("survey_answer_rejected", survey=invitation.survey, reason=taken.results[0].reason)
        raise Refusal(500, "internal", "", "the answer could not be made an event")
    await asyncio.to_thread(keeping.mark_sent, parts.writers, invitation, todo.number)


def _called(todo: answering.Step) -> str:
    if todo.what != "send":
        return todo.what
    return "first" if todo.number == 1 else "revised"


def _opened(request: Request[Any, Any, Any], parts: Parts, token: str) -> tuple[Invitation, Survey]:
    """Who is asked what. Raises :class:`LinkRefused`, and :class:`Refusal` (429) for too many requests."""
    address = request.client.host if request.client else ""
    if not parts.surveys.allows(address):
        raise Refusal(429, "busy", "", "too many requests", {"Retry-After": "10"})
    if parts.surveys.seals is None:
        raise LinkRefused
    invitation = parts.surveys.seals.open(token, now())
    survey = parts.loop.surveys.get(invitation.survey)
    if survey is None:
        raise LinkRefused
    if not parts.surveys.allows(address, invitation.id):
        raise Refusal(429, "busy", "", "too many requests for this link", {"Retry-After": "10"})
    return invitation, survey


def _change_within(survey: Survey) -> timedelta:
    return timedelta(seconds=seconds(survey.change_within))


def _headers(request: Request[Any, Any, Any]) -> dict[str, str]:
    return dict(request.headers.items())


routes = [post_link, get_page, post_answer, get_look, get_client]
