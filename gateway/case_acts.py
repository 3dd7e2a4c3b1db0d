"""Take an action on a case through the ledger: one transaction, or a refusal and nothing changed."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from gateway.case_reads import Case, read_case
from gateway.case_requests import ActionRequest, change_of
from gateway.vocabulary import Vocabulary
from schemas.case_ledger import act
from schemas.cases import UserAction, Via
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.sla import promises
from schemas.working_time import calendars


def act_within(
    session: Session,
    words: Vocabulary,
    loop: Loop,
    case_id: int,
    action: UserAction,
    request: ActionRequest,
    *,
    actor: str,
    takes_over: str | None,
    key: str | None = None,
    via: Via,
    now: datetime,
) -> Case:
    """Act in the caller's transaction and give the case as it is then.

    ``takes_over`` is who becomes the owner by acknowledging; ``None`` for a program. ``key`` is the name of the API key
    through which the actor acts, where it is not their own: the history keeps both. Raises
    :class:`schemas.case_ledger.Refused` and :class:`gateway.case_requests.Unfit`: the caller rolls back.
    """
    lease = seconds(loop.sla.lease)
    change = change_of(action, request, actor_person=takes_over, people=words.people, now=now, lease_seconds=lease)
    change = msgspec.structs.replace(change, key=key)
    act(
        session,
        case_id,
        action,
        actor=actor,
        via=via,
        now=now,
        change=change,
        expected_version=request.version,
        calendar_of=calendars(loop),
        due_of=promises(loop),
    )
    case = read_case(session, words, case_id, now)
    assert case is not None
    return case
