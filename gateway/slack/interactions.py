"""From a delivery of Slack to the case's new state and Slack's answer, within its three seconds."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from gateway.case_reads import Case, read_case
from gateway.slack.acts import Wanted, check, take
from gateway.slack.calls import SlackCalls
from gateway.slack.choices import (
    Clicked,
    Misfilled,
    Submitted,
    read_click,
    read_submission,
    snooze_until,
    whose_dialog,
)
from gateway.slack.homes import want_home
from gateway.slack.inbox import Delivered, conclude, remember
from gateway.slack.modals import OWNER, answer_view, dialog, notice_view, why_view
from gateway.slack.notices import Denied, Reader, denial_notice, refusal_notice
from gateway.slack.payloads import BlockActions, DialogState, EventEnvelope, ViewSubmission
from gateway.slack.people import actor_of, person_of
from gateway.slack.silence_acts import asks_for_silence, end_silence, silence_to_end, take_silence
from gateway.slack.silence_views import SilenceState, silence_dialog, state_of
from gateway.vocabulary import Vocabulary
from schemas.case_ledger import Change, Refused, find_open_case
from schemas.cases import UserAction
from schemas.config import Loop
from schemas.duty import absence, stand_in, zone_of
from schemas.tables import CaseRow, SlackSurfaceRow
from schemas.words import about
from schemas.words import safe_text as safe
from schemas.words.readers import words_for

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
    """What became of an action in the database. ``notice``: why it was not taken, in the person's language."""

    case: Case | None
    reader: Reader
    notice: str | None = None
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
        self.loop = loop
        self._words = words
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="slack")
        self.calls = calls
        self.homes_moved = asyncio.Event()
        """Set when somebody's App Home has to be looked at."""

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def click(self, click: BlockActions, now: datetime) -> Answer:
        """A click on a card. Raises :class:`Unavailable`."""
        over, clicked = silence_to_end(click), read_click(click)
        if over is not None:
            await self._in_thread(lambda: end_silence(self._writers, self.loop, self._reader, click, over, now))
        if over is not None or clicked is None:
            return Answer()
        if clicked.at_once:
            outcome = await self._in_thread(lambda: self._act_on_click(click, clicked, now))
        else:
            outcome = await self._in_thread(lambda: self._look(click, clicked, now))
        if outcome.repeated or (outcome.notice is None and clicked.at_once):
            return Answer()
        words = outcome.reader.words
        if outcome.notice is not None or outcome.case is None:
            said = outcome.notice or words.say("gone")
            # In the App Home there is no conversation to say it in.
            if not click.container.channel_id and await self.calls.open_view(
                click.trigger_id, notice_view(words, said)
            ):
                return Answer()
            return Answer(notice=said)
        if await self.calls.open_view(click.trigger_id, self._view(clicked, outcome, click, now)):
            return Answer()
        return Answer(notice=words.say("dialog-not-opened", case=f"C-{outcome.case.id}"))

    async def write(self, user_id: str, work: Callable[[Session, Reader], Result]) -> Result:
        """Do ``work`` in a transaction, for the person of this Slack id. Raises :class:`Unavailable`."""

        def whole() -> Result:
            with self._writers.begin() as session:
                return work(session, self._reader(session, user_id))

        return await self._in_thread(whole)

    async def submit(self, submission: ViewSubmission, now: datetime) -> Answer:
        """A submitted dialog. Raises :class:`Unavailable`."""
        silence = asks_for_silence(submission)
        if silence is not None:
            return await self._keep_silence(submission, silence, now)
        asked = whose_dialog(submission)
        if asked is None:
            return Answer()
        action, state = asked
        try:
            outcome = await self._in_thread(lambda: self._act_on_dialog(submission, action, state, now))
        except Misfilled as misfilled:
            return Answer(body={"response_action": "errors", "errors": {misfilled.field: misfilled.said}})
        if outcome.notice is not None:
            view = notice_view(outcome.reader.words, outcome.notice)
            return Answer(body={"response_action": "update", "view": view})
        return Answer(body={"response_action": "clear"})

    async def _keep_silence(self, submission: ViewSubmission, state: SilenceState, now: datetime) -> Answer:
        keep = partial(take_silence, self._writers, self.loop, self._words, self._reader, submission, state, now)
        try:
            return Answer(body={"response_action": "update", "view": await self._in_thread(keep)})
        except Misfilled as misfilled:
            return Answer(body={"response_action": "errors", "errors": {misfilled.field: misfilled.said}})

    async def event(self, found: EventEnvelope, now: datetime) -> bool:
        """Remember a delivery of the Events API; False for a repeated one. Raises :class:`Unavailable`."""
        happening = found.event
        key, kind = f"event/{found.event_id}", (happening.type or found.type)[:64]

        def write() -> bool:
            with self._writers.begin() as session:
                new = remember(session, key, "event", Delivered(action=kind), now)
                if new:
                    conclude(session, key, "acknowledged", now)
                if (
                    new
                    and kind == "app_home_opened"
                    and isinstance(happening.user, str)
                    and happening.tab != "messages"
                ):
                    want_home(session, happening.user, now)
                return new

        return await self._in_thread(write)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        try:
            async with asyncio.timeout(BUDGET_SECONDS):
                done = await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError:
            _log.warning("slack_answer_late", budget_seconds=BUDGET_SECONDS)
            raise Unavailable from None
        except SQLAlchemyError as error:
            _log.warning("slack_answer_failed", error=type(error).__name__)
            raise Unavailable from None
        self.homes_moved.set()
        return done

    def _view(self, clicked: Clicked, outcome: Outcome, click: BlockActions, now: datetime) -> dict[str, Any]:
        case, words, wish = outcome.case, outcome.reader.words, clicked.wish
        assert case is not None
        if wish == "answer":
            return answer_view(words, case)
        if wish == "why":
            return why_view(words, case)
        if wish == "silence":
            return silence_dialog(words, state_of(case.id, case.latest_alert), now)
        place = click.container
        return dialog(words, wish, case, DialogState(case.id, case.version, place.channel_id, place.message_ts), now)

    def _reader(self, session: Session, user_id: str) -> Reader:
        actor = actor_of(session, self.loop.people, user_id)
        return Reader(words=words_for(self.loop, actor), actor=actor, user=user_id)

    def _look(self, click: BlockActions, clicked: Clicked, now: datetime) -> Outcome:
        """Remember a click that only opens a dialog, and see whether the card it came from still holds."""
        value, key, deed = clicked.value, click.inbox_key(), clicked.deed
        with self._writers.begin() as session:
            reader = self._reader(session, click.user.id)
            new = remember(session, key, "block_actions", _delivered(click, clicked), now)
            case = read_case(session, self._words, value.case, now)
            if not new or case is None:
                return Outcome(case=case, reader=reader, repeated=not new)
            notice, result = None, "opened"
            try:
                if deed is not None:
                    wanted = Wanted(case_id=value.case, version=value.version, deed=deed)
                    check(session, self.loop, session.get(CaseRow, value.case), wanted, reader.actor, now)
            except (Refused, Denied) as refused:
                notice, result = self._notice(session, reader, case, refused, now), _result(refused)
                _draw_again(session, value.case)
            conclude(session, key, result, now)
            return Outcome(case=case, reader=reader, notice=notice)

    def _act_on_click(self, click: BlockActions, clicked: Clicked, now: datetime) -> Outcome:
        value, deed = clicked.value, clicked.deed
        assert deed is not None, "looks are never taken at once"
        until = None
        if value.snooze is not None and value.snooze != "pick":
            with self._readers() as session:
                case = session.get(CaseRow, value.case)
            until = snooze_until(value.snooze, zone_of(self.loop, case.owner if case else None).key, now)
        wanted = Wanted(case_id=value.case, version=value.version, deed=deed, change=Change(until=until))
        return self._apply(click.inbox_key(), "block_actions", _delivered(click, clicked), wanted, click.user.id, now)

    def _act_on_dialog(
        self, submission: ViewSubmission, action: UserAction, state: DialogState, now: datetime
    ) -> Outcome:
        user = submission.user.id
        with self._readers() as session:
            reader = self._reader(session, user)
            submitted = read_submission(reader.words, action, state, submission, now)
            change = submitted.change
            if action == "reassign":
                change = msgspec.structs.replace(change, owner=self._new_owner(session, reader, submitted, now))
        delivered = Delivered(user=user, action=action, case=state.case, channel=state.channel[:64], ts=state.ts[:64])
        wanted = Wanted(
            case_id=state.case,
            version=state.version,
            deed=submitted.deed,
            change=change,
            follow_up=submitted.follow_up,
        )
        return self._apply(submission.inbox_key(), "view_submission", delivered, wanted, user, now)

    def _new_owner(self, session: Session, reader: Reader, submitted: Submitted, now: datetime) -> str:
        """The chosen Slack user as a person who is there to take the case. Raises :class:`Misfilled`."""
        words, people = reader.words, self.loop.people
        owner = person_of(session, people, submitted.chosen_user or "")
        case = session.get(CaseRow, submitted.state.case)
        if owner is None:
            raise Misfilled(OWNER, words.say("error-owner-unknown"))
        name = safe.plain(people[owner].name, 60)
        if case is not None and case.owner == owner:
            raise Misfilled(OWNER, words.say("error-owner-has-it", name=name))
        if owner == reader.actor:
            button = about.label(words, "acknowledge", case.subject if case is not None else "customer")
            raise Misfilled(OWNER, words.say("error-owner-self", button=button))
        if absence(self.loop, owner, now) is not None:
            deputy = stand_in(self.loop, owner, now)
            if deputy is None:
                raise Misfilled(OWNER, words.say("error-owner-away-alone", name=name))
            other = safe.plain(people[deputy].name, 60)
            raise Misfilled(OWNER, words.say("error-owner-away", name=name, deputy=other))
        return owner

    def _apply(self, key: str, kind: str, delivered: Delivered, wanted: Wanted, user_id: str, now: datetime) -> Outcome:
        """The key, the action and its result in one transaction."""
        try:
            with self._writers.begin() as session:
                reader = self._reader(session, user_id)
                if not remember(session, key, kind, delivered, now):
                    return Outcome(case=None, reader=reader, repeated=True)
                take(session, self.loop, wanted, reader.actor, now)
                conclude(session, key, "done", now)
            return Outcome(case=None, reader=reader)
        except (Refused, Denied) as refused:
            with self._writers.begin() as session:
                remember(session, key, kind, delivered, now)
                conclude(session, key, _result(refused), now)
                _draw_again(session, wanted.case_id)
                case = read_case(session, self._words, wanted.case_id, now)
                notice = self._notice(session, reader, case, refused, now)
            return Outcome(case=case, reader=reader, notice=notice)

    def _notice(
        self, session: Session, reader: Reader, case: Case | None, refused: Refused | Denied, now: datetime
    ) -> str:
        if isinstance(refused, Denied) and case is not None:
            return denial_notice(reader, self.loop, case, refused.deed, now)
        refusal = refused.refusal if isinstance(refused, Refused) else "missing"
        other = None
        if refusal == "other_open_case" and case is not None:
            other = find_open_case(session, case.customer_id, case.programme)
        return refusal_notice(reader, refusal, case, other.id if other is not None else None, now)


def _result(refused: Refused | Denied) -> str:
    return refused.refusal if isinstance(refused, Refused) else "denied"


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
