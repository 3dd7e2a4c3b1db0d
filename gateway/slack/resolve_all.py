"""An incident's button: its open cases are resolved with one cause and one note, each by the rules for one case.

Whoever presses it in a channel means all of them; in their own direct messages, those that are theirs.
"""

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from gateway.incident_acts import ResolvedAll, each_by_itself, open_cases_of
from gateway.slack.acts import Wanted, take
from gateway.slack.choices import read_submission
from gateway.slack.inbox import Delivered, conclude, remember
from gateway.slack.modals import View, notice_view, resolve_all_dialog, resolved_view
from gateway.slack.notices import Reader
from gateway.slack.payloads import BlockActions, DialogState, ViewSubmission
from schemas.card_actions import RESOLVE_ALL, ResolveAll, read_resolve_all
from schemas.case_ledger import Change
from schemas.config import Loop
from schemas.tables import CaseRow
from schemas.words import safe_text as safe


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
    return resolved_view(reader.words, len(done.resolved), done.refused, done.left)


def _resolve(
    session: Session, loop: Loop, reader: Reader, wanted: ResolveAll, change: Change, now: datetime
) -> ResolvedAll:
    def resolve(case: int, version: int) -> None:
        take(session, loop, Wanted(case_id=case, version=version, deed="resolve", change=change), reader.actor, now)

    return each_by_itself(session, _which(wanted, reader), resolve)


def _which(wanted: ResolveAll, reader: Reader) -> list[ColumnElement[bool]]:
    """The open cases of the incident; of the person alone where they pressed the button in their own messages."""
    found = open_cases_of(wanted.incident)
    return [*found, CaseRow.owner == reader.actor] if wanted.mine else found
