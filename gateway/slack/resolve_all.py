"""An incident's button: its open cases are resolved with one cause and one note, each by the rules for one case.

Whoever presses it in a channel means all of them; in their own direct messages, those that are theirs.
"""

from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from gateway.slack.acts import Wanted, take
from gateway.slack.choices import read_submission
from gateway.slack.inbox import Delivered, conclude, remember
from gateway.slack.modals import View, notice_view, resolve_all_dialog, resolved_view
from gateway.slack.notices import Denied, Reader
from gateway.slack.payloads import BlockActions, DialogState, ViewSubmission
from schemas.card_actions import RESOLVE_ALL, ResolveAll, read_resolve_all
from schemas.case_ledger import Change, Refused
from schemas.cases import CLOSED_STATES
from schemas.config import Loop
from schemas.tables import CaseRow
from schemas.words import safe_text as safe

AT_ONCE = 60
"""Cases of one submission: Slack waits three seconds."""


class Done(Struct, frozen=True):
    """What became of the cases: how many were resolved, which were not (somebody else decides), how many are left."""

    resolved: int
    refused: tuple[int, ...]
    left: int


def read_click(click: BlockActions) -> ResolveAll | None:
    """The incident whose button was pressed; ``None`` where the click is on something else."""
    action = click.actions[0]
    if action.action_id != RESOLVE_ALL or action.value is None:
        return None
    try:
        return read_resolve_all(action.value)
    except msgspec.DecodeError:
        return None


def read_dialog(submission: ViewSubmission) -> ResolveAll | None:
    """The incident that a submitted dialog is about; ``None`` for another dialog."""
    if submission.view.callback_id != RESOLVE_ALL:
        return None
    try:
        return read_resolve_all(submission.view.private_metadata)
    except msgspec.DecodeError:
        return None


def open_dialog(
    session: Session, reader: Reader, click: BlockActions, wanted: ResolveAll, now: datetime
) -> View | None:
    """The dialog, or why there is none; ``None`` for a click delivered again."""
    place, key = click.container, click.inbox_key()
    delivered = Delivered(user=click.user.id, action="resolve_all", channel=place.channel_id, ts=place.message_ts)
    if not remember(session, key, "block_actions", delivered, now):
        return None
    conclude(session, key, "opened" if reader.known else "denied", now)
    if not reader.known:
        return notice_view(reader.words, reader.words.say("refused-stranger", user=safe.escape(reader.user)))
    open_cases = session.scalar(select(func.count()).select_from(CaseRow).where(*_which(wanted, reader))) or 0
    if not open_cases:
        return notice_view(reader.words, reader.words.say("resolve-all-none"))
    return resolve_all_dialog(reader.words, wanted, open_cases)


def submit(
    session: Session, loop: Loop, reader: Reader, submission: ViewSubmission, wanted: ResolveAll, now: datetime
) -> View | None:
    """Resolve them in the caller's transaction; what to show then, ``None`` for a dialog delivered again.

    Raises :class:`gateway.slack.choices.Misfilled`.
    """
    filled = read_submission(reader.words, "resolve", DialogState(0, 0), submission, now)
    delivered = Delivered(user=submission.user.id, action="resolve_all")
    if not remember(session, submission.inbox_key(), "view_submission", delivered, now):
        return None
    done = _resolve(session, loop, reader, wanted, filled.change, now)
    conclude(session, submission.inbox_key(), "done", now)
    return resolved_view(reader.words, done.resolved, done.refused, done.left)


def _resolve(session: Session, loop: Loop, reader: Reader, wanted: ResolveAll, change: Change, now: datetime) -> Done:
    """Each case by itself: one that refuses leaves the others as they are."""
    rows = session.execute(
        select(CaseRow.id, CaseRow.version).where(*_which(wanted, reader)).order_by(CaseRow.id)
    ).all()
    resolved, refused = 0, []
    for row in rows[:AT_ONCE]:
        try:
            with session.begin_nested():
                one = Wanted(case_id=row.id, version=row.version, deed="resolve", change=change)
                take(session, loop, one, reader.actor, now)
        except (Denied, Refused):
            refused.append(row.id)
        else:
            resolved += 1
    return Done(resolved, tuple(refused), len(rows[AT_ONCE:]))


def _which(wanted: ResolveAll, reader: Reader) -> list[ColumnElement[bool]]:
    """The open cases of the incident; of the person alone where they pressed the button in their own messages."""
    found: list[ColumnElement[bool]] = [
        CaseRow.incident_id == wanted.incident,
        CaseRow.state.not_in(CLOSED_STATES),
    ]
    return [*found, CaseRow.owner == reader.actor] if wanted.mine else found
