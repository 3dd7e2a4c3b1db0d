"""Silences as the API shows them, read from SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from gateway.silence_shapes import CaseSilence, SilencePage, SilenceShown
from gateway.vocabulary import Vocabulary
from schemas import silences
from schemas.alerts import Alert
from schemas.cases import CLOSED_STATES
from schemas.config_owners import Match
from schemas.matching import in_words
from schemas.silences import Silence, silence_of
from schemas.tables import CaseRow, SilenceRow, SlackOutboxRow

MAX_LIVE = 200


def list_silences(
    session: Session, words: Vocabulary, now: datetime, *, ended: bool, before: int | None, limit: int
) -> SilencePage:
    """The newest silences with an id below ``before``, the cursor; ``ended``: those that are over, too."""
    query = select(SilenceRow).order_by(SilenceRow.id.desc()).limit(limit + 1)
    if not ended:
        query = query.where(SilenceRow.ends_at > now)
    if before is not None:
        query = query.where(SilenceRow.id < before)
    rows = session.scalars(query).all()
    shown = show_silences(session, words, [silence_of(row) for row in rows[:limit]], now)
    return SilencePage(silences=shown, next=str(shown[-1].id) if len(rows) > limit else None)


def silences_now(readers: sessionmaker[Session], words: Vocabulary, now: datetime) -> list[SilenceShown]:
    """The silences that hold or are to come, the newest of them, for those who follow them live."""
    with readers() as session:
        return list_silences(session, words, now, ended=False, before=None, limit=MAX_LIVE).silences


def find_silence(session: Session, words: Vocabulary, number: int, now: datetime) -> SilenceShown | None:
    """One silence; ``None`` if there is none of this number."""
    row = session.get(SilenceRow, number)
    return None if row is None else show_silences(session, words, [silence_of(row)], now)[0]


def show_silences(session: Session, words: Vocabulary, several: Sequence[Silence], now: datetime) -> list[SilenceShown]:
    """Silences with how many cases each holds: one query for all."""
    held: dict[int | None, int] = {}
    if several:
        counted = (
            select(SlackOutboxRow.silence_id, func.count(SlackOutboxRow.case_id.distinct()))
            .where(SlackOutboxRow.silence_id.in_([one.id for one in several]), SlackOutboxRow.state == "pending")
            .group_by(SlackOutboxRow.silence_id)
        )
        held = {row[0]: row[1] for row in session.execute(counted)}
    return [
        SilenceShown(
            id=one.id,
            state=one.phase(now),
            matchers=as_written(one.matchers),
            words=in_words(one.matchers),
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            reason=one.reason,
            cases_held=held.get(one.id, 0) if one.ends_at > now else 0,
            created_at=one.created_at,
            created_by=one.created.name,
            created_by_name=words.name_of(one.created.name) or one.created.name,
            created_via=one.created.via,
            created_key=one.created.key,
            ended_by=one.ended.name if one.ended else None,
            ended_by_name=words.name_of(one.ended.name) if one.ended else None,
            ended_via=one.ended.via if one.ended else None,
            ended_key=one.ended.key if one.ended else None,
        )
        for one in several
    ]


def as_written(match: Match) -> dict[str, Any]:
    """Matchers as somebody would write them: what a condition does not say is not there."""
    return {
        field: {name: value for name, value in said.items() if value is not None} if isinstance(said, dict) else said
        for field, said in msgspec.to_builtins(match).items()
    }


def silences_of_cases(
    session: Session, words: Vocabulary, cases: Collection[CaseRow], now: datetime
) -> dict[int, CaseSilence]:
    """By case id, the silence that an open case's alert fits now."""
    current = silences.current(session, now)
    if not current:
        return {}
    ids = [case.id for case in cases if case.state not in CLOSED_STATES]
    waiting = set(
        session.scalars(
            select(SlackOutboxRow.case_id).where(
                SlackOutboxRow.case_id.in_(ids),
                SlackOutboxRow.state == "pending",
                SlackOutboxRow.silence_id.in_([one.id for one in current]),
            )
        )
    )
    found: dict[int, CaseSilence] = {}
    for case in cases:
        if case.state in CLOSED_STATES:
            continue
        silence = silences.holding(current, msgspec.convert(case.latest_alert, Alert), now)
        if silence is not None:
            found[case.id] = CaseSilence(
                id=silence.id,
                ends_at=silence.ends_at,
                reason=silence.reason,
                created_by=silence.created.name,
                created_by_name=words.name_of(silence.created.name) or silence.created.name,
                holds=case.id in waiting,
            )
    return found
