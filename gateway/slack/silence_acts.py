"""Silences made and ended in Slack, by whoever leads: the delivery, the silence and the result in one transaction."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from gateway.case_reads import read_case
from gateway.slack.acts import Wanted, check
from gateway.slack.choices import Misfilled
from gateway.slack.inbox import Delivered, conclude, remember
from gateway.slack.modals import NOTE, UNTIL, View, notice_view
from gateway.slack.notices import Denied, Reader, denial_notice
from gateway.slack.payloads import BlockActions, StateValue, ViewSubmission
from gateway.slack.silence_views import SILENCE_DIALOG, WHICH, HeldHere, SilenceState, silenced_view
from gateway.vocabulary import Vocabulary
from schemas import silences, silencing
from schemas.card_actions import END_SILENCE
from schemas.case_writes import Refused
from schemas.config import Loop
from schemas.config_owners import Match
from schemas.silence_reach import reach
from schemas.silences import MAX_LENGTH, MAX_REASON, Doer
from schemas.tables import CaseRow, SilenceRow, SlackHomeRow, SlackOutboxRow

MOST_ALERTS = 5_000
"""Looked at for the answer, which has to come within Slack's three seconds."""

ReaderOf = Callable[[Session, str], Reader]
"""Who a Slack user is, by their id."""


def asks_for_silence(submission: ViewSubmission) -> SilenceState | None:
    """What a dialog of a new silence remembers; ``None`` for another dialog."""
    if submission.view.callback_id != SILENCE_DIALOG:
        return None
    try:
        return msgspec.json.decode(submission.view.private_metadata, type=SilenceState)
    except msgspec.DecodeError:
        return None


def silence_to_end(click: BlockActions) -> int | None:
    """The silence whose button was clicked; ``None`` for another button."""
    action = click.actions[0]
    value = action.value or ""
    return int(value) if action.action_id == END_SILENCE and value.isascii() and value.isdigit() else None


def take_silence(
    writers: sessionmaker[Session],
    loop: Loop,
    words: Vocabulary,
    reader_of: ReaderOf,
    submission: ViewSubmission,
    state: SilenceState,
    now: datetime,
) -> View:
    """Keep the silence that the dialog asks for, and give what the dialog becomes. Raises :class:`Misfilled`."""
    with writers() as session:
        reader = reader_of(session, submission.user.id)
    matchers, ends_at, reason = _read(reader, submission, state, now)
    delivered = Delivered(user=reader.user, action="silence", case=state.case)
    try:
        with writers.begin() as session:
            if not remember(session, submission.inbox_key(), "view_submission", delivered, now):
                return notice_view(reader.words, reader.words.say("silence-known"))
            case = session.get(CaseRow, state.case)
            version = case.version if case is not None else 0
            check(session, loop, case, Wanted(case_id=state.case, version=version, deed="silence"), reader.actor, now)
            added = silences.add(session, matchers, now, ends_at, reason, Doer(reader.actor, "slack"), now)
            _redraw_home(session, reader.user)
            conclude(session, submission.inbox_key(), "done", now)
    except (Denied, Refused):
        with writers() as session:
            shown = read_case(session, words, state.case, now)
        return notice_view(
            reader.words,
            reader.words.say("gone") if shown is None else denial_notice(reader, loop, shown, "silence", now),
        )
    with writers() as session:
        return silenced_view(reader.words, added, reach(session, matchers, now, MOST_ALERTS))


def end_silence(
    writers: sessionmaker[Session], loop: Loop, reader_of: ReaderOf, click: BlockActions, number: int, now: datetime
) -> None:
    """End a silence of one's own. What is not there, over, or somebody else's is left: the App Home is drawn anew."""
    key = click.inbox_key()
    for attempt in range(silencing.RACES):
        try:
            with writers.begin() as session:
                reader = reader_of(session, click.user.id)
                delivered = Delivered(user=reader.user, action=END_SILENCE)
                if not remember(session, key, "block_actions", delivered, now):
                    return
                row = session.get(SilenceRow, number) if number < 2**63 else None
                own = row is not None and row.created_by == reader.actor
                ended = silencing.end(session, loop, number, Doer(reader.actor, "slack"), now) if own else None
                _redraw_home(session, reader.user)
                conclude(session, key, "done" if ended else "missing", now)
                return
        except Refused as race:
            if race.refusal != "stale" or attempt == silencing.RACES - 1:
                raise


def silences_of(session: Session, loop: Loop, people: Collection[str], now: datetime) -> dict[str, list[HeldHere]]:
    """By person, the silences of their own, and those that hold cases of the teams that they lead."""
    current = silences.current(session, now)
    if not current:
        return {}
    counted = (
        select(SlackOutboxRow.silence_id, CaseRow.receiver, func.count(CaseRow.id.distinct()))
        .join(CaseRow, CaseRow.id == SlackOutboxRow.case_id)
        .where(SlackOutboxRow.silence_id.in_([one.id for one in current]), SlackOutboxRow.state == "pending")
        .group_by(SlackOutboxRow.silence_id, CaseRow.receiver)
    )
    held = [(number, receiver, count) for number, receiver, count in session.execute(counted)]
    found: dict[str, list[HeldHere]] = {}
    for person in people:
        led = _led(loop, person)
        for one in current:
            cases = sum(count for number, receiver, count in held if number == one.id and receiver in led)
            if cases or one.created.name == person:
                own = one.created.name == person
                found.setdefault(person, []).append(HeldHere(silence=one, held=cases, own=own))
    return found


def _led(loop: Loop, person: str) -> set[str]:
    """The receivers whose team this person leads or manages, and those that are this person's alone."""
    teams = {name for name, team in loop.teams.items() if person in (team.lead, team.manager)}
    return {
        name
        for name, receiver in loop.receivers.items()
        if receiver.team in teams or (receiver.team is None and receiver.person == person)
    }


def _read(
    reader: Reader, submission: ViewSubmission, state: SilenceState, now: datetime
) -> tuple[Match, datetime, str]:
    words = reader.words
    given: Mapping[str, StateValue] = {
        block: value for block, inputs in submission.view.state.values.items() for value in inputs.values()
    }
    chosen = {option.value for option in given[WHICH].selected_options} if WHICH in given else set()
    matchers: Match = {name: value for name, value in state.fields.items() if name in chosen}
    if not matchers:
        raise Misfilled(WHICH, words.say("error-which"))
    moment = given[UNTIL].selected_date_time if UNTIL in given else None
    if moment is None:
        raise Misfilled(UNTIL, words.say("error-date"))
    try:
        ends_at = datetime.fromtimestamp(moment, UTC)
        far = ends_at - now > MAX_LENGTH
    except (OverflowError, ValueError, OSError):
        far = True
    if far:
        raise Misfilled(UNTIL, words.say("error-date-far", n=MAX_LENGTH.days))
    if ends_at <= now:
        raise Misfilled(UNTIL, words.say("error-date-past"))
    reason = (given[NOTE].value or "").replace("\0", "").strip() if NOTE in given else ""
    if not reason:
        raise Misfilled(NOTE, words.say("error-why"))
    if len(reason) > MAX_REASON:
        raise Misfilled(NOTE, words.say("error-long", n=MAX_REASON))
    return matchers, ends_at, reason


def _redraw_home(session: Session, user: str) -> None:
    """The person's App Home shows the change at once, if they have ever opened it."""
    session.execute(
        update(SlackHomeRow)
        .where(SlackHomeRow.user_id == user[:64])
        .values(shown=None)
        .execution_options(synchronize_session=False)
    )
