"""``closeloop silences``: keep, show and end silences, from the command's words to the database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy.orm import Session, sessionmaker

from closeloop.errors import UserError
from schemas import silences, silencing
from schemas.config import Loop
from schemas.config_base import Duration, seconds
from schemas.config_owners import Match
from schemas.loop_routing_checks import check_match
from schemas.matching import in_words
from schemas.reach import Reach
from schemas.silence_reach import reach
from schemas.silences import Doer, Silence
from schemas.typed_walk import misfits
from schemas.yaml_source import SourceError, read_yaml, show_path

_OPTIONS = {"matchers": "--match", "starts_at": "--starts", "ends_at": "--for or --until", "reason": "--reason"}


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
    wrong = silences.faults(matchers, starts_at, ends_at, reason, now)
    if wrong:
        raise UserError("\n".join(f"{_OPTIONS[one.field]}: {one.problem}" for one in wrong))
    if who not in loop.people:
        raise UserError(f"--by {who}: nobody of that key in people; who asks for the silence?")
    with database.begin() as session:
        added = silences.add(session, matchers, starts_at, ends_at, reason, Doer(who, "system"), now)
    with database() as session:
        return f"{in_line(added, now)}\n{reach_in_words(reach(session, matchers, now))}"


def listed(database: sessionmaker[Session], now: datetime, *, over: bool) -> list[str]:
    """A line for each silence."""
    with database() as session:
        return [in_line(one, now) for one in silences.listed(session, now, over=over)]


def end(database: sessionmaker[Session], loop: Loop, number: int, who: str, now: datetime) -> str:
    """End a silence now, and say what that let go. Raises :class:`UserError` if there is none to end."""
    if who not in loop.people:
        raise UserError(f"--by {who}: nobody of that key in people; who ends the silence?")
    ended = silencing.end_in(database, loop, number, Doer(who, "system"), now)
    if ended is None:
        raise UserError(f"there is no silence {number} to end; closeloop silences list shows those that hold")
    return f"{in_line(ended[0], now)}\n{ended[1]} cases speak now"


def in_line(silence: Silence, now: datetime) -> str:
    """A silence on one line, times in UTC."""
    state = silence.phase(now).replace("_", " ")
    by = silence.created.name
    if silence.ended is not None:
        by += f", ended by {silence.ended.name}"
    return (
        f"{silence.id}  {state}  {silence.starts_at:%Y-%m-%d %H:%M} to {silence.ends_at:%Y-%m-%d %H:%M} UTC  "
        f"{in_words(silence.matchers)}  ({silence.reason}; {by})"
    )


def reach_in_words(found: Reach) -> str:
    """How much it holds, so that nobody silences everything by mistake."""
    said = (
        f"fits {found.open_cases} of {found.of_open_cases} open cases and {found.alerts} of {found.of_alerts} alerts "
        f"of the last {found.days} days"
    )
    return f"{said}: all that there were" if found.everything else said


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
