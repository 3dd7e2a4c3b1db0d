"""What is promised next about a case, in words with its time. Pure."""

from datetime import datetime
from typing import Protocol

from schemas.alerts import Subject
from schemas.cases import CaseState
from schemas.words import safe_text as safe
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


def due(words: Words, case: Promised, subject: Subject) -> tuple[str, datetime] | None:
    """What is promised next, in words with its time, and the time; ``None`` where nothing is."""

    def until(message: str, moment: datetime) -> tuple[str, datetime]:
        return words.say(message, when=safe.instant(moment)), moment

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
