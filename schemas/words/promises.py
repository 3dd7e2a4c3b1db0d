"""What is promised next about a case, in words with its time. Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from schemas.alerts import Subject
from schemas.cases import CLOSED_STATES, CaseState
from schemas.words import dates
from schemas.words.catalogue import Words


class Promised(Protocol):
    """The times of a case."""

    @property
    def state(self) -> CaseState: ...  # noqa: D102 - as in the table of cases
    @property
    def snoozed_until(self) -> datetime | None: ...  # noqa: D102
    @property
    def recovered_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def acknowledge_by(self) -> datetime | None: ...  # noqa: D102
    @property
    def contact_by(self) -> datetime | None: ...  # noqa: D102
    @property
    def resolve_by(self) -> datetime | None: ...  # noqa: D102


def due(
    words: Words, case: Promised, subject: Subject, instant: Callable[[Words, datetime], str] = dates.instant
) -> tuple[str, datetime] | None:
    """What is promised next, in words with its time, and the time; ``None`` where nothing is.

    ``instant`` writes the time: as Slack's mrkdwn does, if not otherwise.
    """

    def until(message: str, moment: datetime) -> tuple[str, datetime]:
        return words.say(message, when=instant(words, moment)), moment

    if case.state == "snoozed" and case.snoozed_until is not None:
        return until("due-asleep", case.snoozed_until)
    if case.recovered_at is not None:
        return None
    metric = subject == "metric"
    first = case.contact_by
    if metric:
        first = case.acknowledge_by if case.state == "open" else None
    if case.state in ("open", "acknowledged") and first is not None:
        return until("due-look" if metric else "due-reply", first)
    if case.state in ("acknowledged", "contacted") and case.resolve_by is not None:
        return until("due-resolve", case.resolve_by)
    return None


def is_overdue(words: Words, case: Promised, subject: Subject, now: datetime) -> bool:
    """Whether a promise about it is broken: nobody took it in time, or what is due next was due before now."""
    if case.recovered_at is not None or case.state == "snoozed" or case.state in CLOSED_STATES:
        return False
    promised = due(words, case, subject)
    return is_untaken(case, now) or (promised is not None and promised[1] <= now)


def is_untaken(case: Promised, now: datetime) -> bool:
    """Whether nobody has taken it in time."""
    return case.state == "open" and case.acknowledge_by is not None and case.acknowledge_by <= now


def in_words(words: Words, case: Promised, subject: Subject, now: datetime) -> str:
    """All that is promised and broken, in a line; empty where nothing is. It stays true as time goes by."""
    parts: list[str] = []
    promised, late = due(words, case, subject), False
    if promised is not None:
        told, moment = promised
        late = moment <= now and case.state != "snoozed"
        parts.append(f"{told} – {words.say('state-overdue')}" if late else told)
    if case.recovered_at is None and is_untaken(case, now) and not late:
        parts.insert(0, words.say("not-taken"))
    return " · ".join(parts)
