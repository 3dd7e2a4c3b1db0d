"""From a delivery of Slack to the case's new state and Slack's answer, within its three seconds."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import structlog
from msgspec import Struct
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from gateway.case_acts import act_within
from gateway.case_reads import Case, read_case
from gateway.case_requests import ActionRequest, Unfit
from gateway.slack.calls import SlackCalls
from gateway.slack.choices import Clicked, Submitted, read_click, read_submission, snooze_until
from gateway.slack.inbox import Delivered, conclude, remember
from gateway.slack.modals import OWNER, answer_view, dialog, notice_view, why_view
from gateway.slack.notices import refusal_notice
from gateway.slack.payloads import BlockActions, DialogState, ViewSubmission
from gateway.slack.people import actor_of, person_of
from gateway.vocabulary import Vocabulary
from schemas.case_ledger import Refusal, Refused, user_action
from schemas.cases import UserAction
from schemas.config import Loop
from schemas.tables import SlackSurfaceRow

BUDGET_SECONDS = 2.2
"""For the database; with the call that opens a dialog it stays below Slack's three seconds."""
WORKERS = 4

_log = structlog.get_logger("gateway.slack")
Result = TypeVar("Result")


class Unavailable(Exception):  # noqa: N818 - an answer to Slack, which shows the person that the click did not work
    """The database did not answer in time: nothing is promised, and the person may click again."""


class Answer(Struct, frozen=True, kw_only=True):
    """What Slack gets back at once, and what a person is told afterwards."""

    body: dict[str, Any] | None = None
    notice: str | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of an action in the database."""

    case: Case | None
    actor: str
    refusal: Refusal | None = None
    said: str = ""
    repeated: bool = False


class SlackDesk:
    """Takes clicks and dialogs. Its database work has threads of its own: no long query delays a click."""

    def __init__(
        self,
        readers: sessionmaker[Session],
        writers: sessionmaker[Session],
        loop: Loop,
        words: Vocabulary,
        calls: SlackCalls,
    ) -> None:
        self._readers = readers
        self._writers = writers
        self._loop = loop
        self._words = words
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="slack")
        self.calls = calls

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def click(self, click: BlockActions, now: datetime) -> Answer:
        """A click on a card. Raises :class:`Unavailable`."""
        clicked = read_click(click)
        if clicked is None:
            return Answer()
        if clicked.at_once:
            outcome = await self._in_thread(lambda: self._act_on_click(click, clicked, now))
        else:
            outcome = await self._in_thread(lambda: self._look(click, clicked, now))
        if outcome.repeated:
            return Answer()
        if outcome.refusal is not None or outcome.case is None:
            refusal = outcome.refusal or "missing"
            return Answer(notice=refusal_notice(refusal, outcome.said, outcome.case, outcome.actor, now))
        if clicked.at_once:
            return Answer()
        view = self._view(clicked, outcome.case, click, now)
        if await self.calls.open_view(click.trigger_id, view):
            return Answer()
        return Answer(notice=f"The dialog for C-{outcome.case.id} could not be opened. Please click again.")

    async def submit(self, submission: ViewSubmission, now: datetime) -> Answer:
        """A submitted dialog. Raises :class:`Unavailable`."""
        try:
            submitted = read_submission(submission)
            if submitted is None:
                return Answer()
            outcome = await self._in_thread(lambda: self._act_on_dialog(submission, submitted, now))
        except Unfit as unfit:
            said = unfit.problem[:1].upper() + unfit.problem[1:]
            return Answer(body={"response_action": "errors", "errors": {unfit.field: said}})
        if outcome.refusal is not None or (outcome.case is None and not outcome.repeated):
            text = refusal_notice(outcome.refusal or "missing", outcome.said, outcome.case, outcome.actor, now)
            return Answer(body={"response_action": "update", "view": notice_view("Not done", text)})
        return Answer(body={"response_action": "clear"})

    async def event(self, event_id: str, kind: str, now: datetime) -> bool:
        """Remember a delivery of the Events API; False for a repeated one. Raises :class:`Unavailable`."""

        def write() -> bool:
            with self._writers.begin() as session:
                new = remember(session, f"event/{event_id}", "event", Delivered(action=kind[:64]), now)
                if new:
                    conclude(session, f"event/{event_id}", "acknowledged", now)
                return new

        return await self._in_thread(write)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        try:
            async with asyncio.timeout(BUDGET_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError:
            _log.warning("slack_answer_late", budget_seconds=BUDGET_SECONDS)
            raise Unavailable from None
        except SQLAlchemyError as error:
            _log.warning("slack_answer_failed", error=type(error).__name__)
            raise Unavailable from None

    def _view(self, clicked: Clicked, case: Case, click: BlockActions, now: datetime) -> dict[str, Any]:
        if clicked.wish == "answer":
            return answer_view(case)
        if clicked.wish == "why":
            return why_view(case)
        place = click.container
        state = DialogState(case.id, case.version, place.channel_id, place.message_ts)
        return dialog(clicked.wish, case, state, now)

    def _look(self, click: BlockActions, clicked: Clicked, now: datetime) -> Outcome:
        """Remember a click that only opens a dialog, and see whether the card it came from still holds."""
        value = clicked.value
        with self._writers.begin() as session:
            actor = actor_of(session, self._loop.people, click.user.id)
            key = click.inbox_key()
            new = remember(session, key, "block_actions", _delivered(click, clicked), now)
            case = read_case(session, self._words, value.case)
            if not new or case is None:
                return Outcome(case=case, actor=actor, repeated=not new)
            refusal: Refusal | None = None
            action = user_action(clicked.wish)
            if action is not None and case.version != value.version:
                refusal = "stale"
            elif action is not None and action not in case.actions:
                refusal = "not_allowed"
            conclude(session, key, refusal or "opened", now)
            if refusal is not None:
                _draw_again(session, value.case)
            return Outcome(case=case, actor=actor, refusal=refusal)

    def _act_on_click(self, click: BlockActions, clicked: Clicked, now: datetime) -> Outcome:
        action: UserAction = clicked.wish  # type: ignore[assignment] # looks are never taken at once
        value = clicked.value
        until = None

        with self._readers() as session:
            case = read_case(session, self._words, value.case)
        if value.snooze is not None and value.snooze != "pick":
            until = snooze_until(value.snooze, self._zone_of(case.owner if case else None), now)
        request = ActionRequest(version=value.version, until=until)
        key, delivered = click.inbox_key(), _delivered(click, clicked)
        return self._apply(key, "block_actions", delivered, value.case, action, request, click.user.id, now)

    def _act_on_dialog(self, submission: ViewSubmission, submitted: Submitted, now: datetime) -> Outcome:
        request, state = submitted.request, submitted.state
        if submitted.action == "reassign":
            request = self._with_owner(request, submitted)
        delivered = Delivered(
            user=submission.user.id,
            action=submitted.action,
            case=state.case,
            channel=state.channel[:64],
            ts=state.ts[:64],
        )
        key = submission.inbox_key()
        return self._apply(
            key, "view_submission", delivered, state.case, submitted.action, request, submission.user.id, now
        )

    def _with_owner(self, request: ActionRequest, submitted: Submitted) -> ActionRequest:
        """The chosen Slack user as a person. Raises :class:`Unfit`."""
        if submitted.chosen_user is None:
            raise Unfit(OWNER, "Choose who takes the case.")
        with self._readers() as session:
            owner = person_of(session, self._loop.people, submitted.chosen_user)
            case = read_case(session, self._words, submitted.state.case)
        if owner is None:
            raise Unfit(OWNER, "This colleague is not among the people of loop.yaml.")
        if case is not None and case.owner == owner:
            raise Unfit(OWNER, "They have this case already. Choose somebody else.")
        return ActionRequest(version=request.version, note=request.note, owner=owner)

    def _apply(
        self,
        key: str,
        kind: str,
        delivered: Delivered,
        case_id: int,
        action: UserAction,
        request: ActionRequest,
        user_id: str,
        now: datetime,
    ) -> Outcome:
        """The key, the action and its result in one transaction. Raises :class:`Unfit`, and then nothing is kept."""
        try:
            with self._writers.begin() as session:
                actor = actor_of(session, self._loop.people, user_id)
                if not remember(session, key, kind, delivered, now):
                    return Outcome(case=None, actor=actor, repeated=True)
                case = act_within(
                    session,
                    self._words,
                    self._loop,
                    case_id,
                    action,
                    request,
                    actor=actor,
                    takes_over=actor,
                    via="slack",
                    now=now,
                )
                conclude(session, key, "done", now)
                return Outcome(case=case, actor=actor)
        except Refused as refused:
            return self._refuse(key, kind, delivered, case_id, refused, user_id, now)

    def _refuse(
        self, key: str, kind: str, delivered: Delivered, case_id: int, refused: Refused, user_id: str, now: datetime
    ) -> Outcome:
        with self._writers.begin() as session:
            actor = actor_of(session, self._loop.people, user_id)
            remember(session, key, kind, delivered, now)
            conclude(session, key, refused.refusal, now)
            _draw_again(session, case_id)
            case = read_case(session, self._words, case_id)
        return Outcome(case=case, actor=actor, refusal=refused.refusal, said=str(refused))

    def _zone_of(self, owner: str | None) -> str:
        person = self._loop.people.get(owner or "")
        if person is None or person.calendar is None:
            return self._words.zone
        calendar = self._loop.calendars.get(person.calendar)
        return calendar.zone if calendar is not None else self._words.zone


def _delivered(click: BlockActions, clicked: Clicked) -> Delivered:
    place = click.container
    return Delivered(
        user=click.user.id,
        action=clicked.wish,
        case=clicked.value.case,
        channel=place.channel_id,
        ts=place.message_ts,
    )


def _draw_again(session: Session, case_id: int) -> None:
    """A person saw an old picture: have every card of the case rendered anew."""
    session.execute(
        update(SlackSurfaceRow)
        .where(SlackSurfaceRow.case_id == case_id, SlackSurfaceRow.rendered_version == SlackSurfaceRow.wanted_version)
        .values(rendered_version=SlackSurfaceRow.wanted_version - 1)
        .execution_options(synchronize_session=False)
    )
