"""What a person asked of dead letters. Pure: the time is given. Raises UserError for what cannot be."""

from datetime import datetime, timedelta
from typing import get_args

import msgspec

from closeloop.errors import UserError
from gateway.dead_letters import LetterFilter
from schemas.config_base import Duration, seconds
from schemas.deadletters import DeadLetterReason


def wanted(reason: str, topic: str, since: str, until: str, now: datetime, *, waiting: bool = False) -> LetterFilter:
    """The filter of these words; an empty one asks for nothing."""
    known = get_args(DeadLetterReason)
    if reason and reason not in known:
        raise UserError(f"--reason: not a reason; there are {', '.join(known)}")
    return LetterFilter(
        reason=reason or None,
        topic=topic or None,
        since=moment_of("--since", since, now),
        until=moment_of("--until", until, now),
        waiting=waiting,
    )


def moment_of(option: str, text: str, now: datetime) -> datetime | None:
    """``2h`` before ``now``, or a time with its zone; ``None`` where nothing is given."""
    if not text:
        return None
    try:
        return now - timedelta(seconds=seconds(msgspec.convert(text, Duration)))
    except (msgspec.ValidationError, OverflowError):
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise UserError(f"{option}: give a time with its zone, 2026-11-21T10:15:02Z, or how long ago: 4h, 2d")
    return found
