"""Take an action on a case through the ledger: one transaction, or a refusal and nothing changed."""

from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from gateway.case_reads import Case, read_case
from gateway.case_requests import ActionRequest, change_of
from gateway.vocabulary import Vocabulary
from schemas.case_ledger import Refused, act
from schemas.cases import UserAction, Via
from schemas.config import Loop, seconds


def take_action(
    writers: sessionmaker[Session],
    words: Vocabulary,
    loop: Loop,
    case_id: int,
    action: UserAction,
    request: ActionRequest,
    *,
    actor: str,
    via: Via,
    now: datetime,
) -> Case:
    """The case after the action. Raises :class:`schemas.case_ledger.Refused`, :class:`gateway.case_requests.Unfit`."""
    person = actor if actor in words.people else None
    lease = seconds(loop.sla.lease)
    change = change_of(action, request, actor_person=person, people=words.people, now=now, lease_seconds=lease)
    with writers.begin() as session:
        act(
            session,
            case_id,
            action,
            actor=actor,
            via=via,
            now=now,
            change=change,
            expected_version=request.version,
        )
        case = read_case(session, words, case_id)
        assert case is not None
    return case


def as_it_is(readers: sessionmaker[Session], words: Vocabulary, refused: Refused, case_id: int) -> Case | None:
    """The case as it stands after a refusal; ``None`` where there is none."""
    if refused.refusal == "missing":
        return None
    with readers() as session:
        return read_case(session, words, case_id)
