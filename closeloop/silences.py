"""``closeloop silences``: keep, show and end silences, from the command's words to the database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy.orm import Session, sessionmaker

from closeloop.errors import UserError
from schemas import silences, silencing
from schemas.case_ledger import Refused
from schemas.config import Loop
from schemas.config_base import Duration, seconds
from schemas.config_owners import Match
from schemas.loop_routing_checks import check_match
from schemas.matching import in_words
from schemas.silences import Silence
from schemas.typed_walk import misfits
from schemas.yaml_source import SourceError, read_yaml, show_path

RACES = 20
"""How often the end of a silence may lose against another writer of a case before that is taken for a fault."""


def read_matchers(loop: Loop, written: Sequence[str]) -> Match:
    """Matchers as ``FIELD=VALUE``, the value as in loop.yaml. Raises :class:`UserError`."""
    data: dict[str, object] = {}
    for text in written:
        field, sign, value = text.partition("=")
        if not sign or not field.strip():
            raise UserError(f"--match {text}: give FIELD=VALUE, such as touchpoint=order.delivered")
        try:
            data[field.strip()] = read_yaml(value).data
        except SourceError as error:
            raise UserError(f"--match {text}: {error}") from None
    wrong = list(misfits(data, Match, ("match",)))
    if not wrong:
        match = msgspec.convert(data, Match)
        wrong = list(check_match(loop, match, ("match",)))
        if not wrong:
            return match
    raise UserError("\n".join(f"{show_path(path)}: {said}" for path, said in wrong))


def read_end(starts_at: datetime, lasts: str | None, until: datetime | None) -> datetime:
    """The end by a duration from the start, or by a moment (UTC). Raises :class:`UserError`."""
    if (lasts is None) == (until is None):
        raise UserError("a silence has an end: give --for (90m, 4h, 2d) or --until")
    if until is not None:
        return _utc(until)
    try:
        return starts_at + timedelta(seconds=seconds(msgspec.convert(lasts, Duration)))
    except (msgspec.ValidationError, OverflowError):
        raise UserError(f"--for {lasts}: give a whole number and a unit: 90m, 4h, 2d") from None


def add(
    database: sessionmaker[Session],
    loop: Loop,
    written: Sequence[str],
    starts: datetime | None,
    lasts: str | None,
    until: datetime | None,
    reason: str,
    who: str,
    now: datetime,
) -> str:
    """Keep a silence and say so. Raises :class:`UserError` for one that cannot be."""
    matchers = read_matchers(loop, written)
    starts_at = now if starts is None else _utc(starts)
    ends_at = read_end(starts_at, lasts, until)
    refused = silences.refusal(matchers, starts_at, ends_at, reason, now)
    if refused is not None:
        raise UserError(refused)
    if who not in loop.people:
        raise UserError(f"--by {who}: nobody of that key in people; who asks for the silence?")
    with database.begin() as session:
        return in_line(silences.add(session, matchers, starts_at, ends_at, reason, who, now), now)


def listed(database: sessionmaker[Session], now: datetime, *, over: bool) -> list[str]:
    """A line for each silence."""
    with database() as session:
        return [in_line(one, now) for one in silences.listed(session, now, over=over)]


def end(database: sessionmaker[Session], loop: Loop, number: int, who: str, now: datetime) -> str:
    """End a silence now, and say what that let go. Raises :class:`UserError` if there is none to end."""
    if who not in loop.people:
        raise UserError(f"--by {who}: nobody of that key in people; who ends the silence?")
    for attempt in range(RACES):
        try:
            with database.begin() as session:
                ended = silencing.end(session, loop, number, who, now)
        except Refused:
            if attempt == RACES - 1:
                raise
            continue
        if ended is None:
            raise UserError(f"there is no silence {number} to end; closeloop silences list shows those that hold")
        return f"{in_line(ended[0], now)}\n{ended[1]} cases speak now"
    raise AssertionError("unreachable")


def in_line(silence: Silence, now: datetime) -> str:
    """A silence on one line, times in UTC."""
    state = "over" if silence.ends_at <= now else "holds" if silence.starts_at <= now else "to come"
    by = silence.created_by if silence.ended_by is None else f"{silence.created_by}, ended by {silence.ended_by}"
    return (
        f"{silence.id}  {state}  {silence.starts_at:%Y-%m-%d %H:%M} to {silence.ends_at:%Y-%m-%d %H:%M} UTC  "
        f"{in_words(silence.matchers)}  ({silence.reason}; {by})"
    )


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
