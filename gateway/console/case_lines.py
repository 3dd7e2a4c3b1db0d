"""A case as one line of a page: what happened, who has it, what is due. Pure, and in the reader's language."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from gateway.case_shapes import AlertShown, Case
from gateway.console.catalogue import moment
from gateway.console.feed import excerpt
from gateway.console.reader import ConsoleLanguage
from gateway.silence_shapes import CaseSilence
from schemas.alerts import Severity, Subject
from schemas.cases import CLOSED_STATES, CaseState, UserAction
from schemas.words import about, promises, reasons
from schemas.words.catalogue import Words, words_in

EXCERPT_CHARACTERS = 160


class Due(Struct, frozen=True, kw_only=True):
    """What is promised next: in words with its time, and the time, by which the browser tells how near it is."""

    words: str
    at: datetime | None
    late: bool
    asleep: bool


class Said(Struct, frozen=True, kw_only=True):
    """One answer (or failure, or alarm) that was flagged."""

    id: str
    what: str
    """The score with its scale: ``NPS 2 of 10``."""
    why: str
    rule: str
    comment: str
    place: tuple[str, ...]
    """Touchpoint, channel and language, as far as there are any."""
    at: datetime
    asks: bool
    """Whether the customer asks to be contacted."""
    severity: Severity


class CaseLine(Struct, frozen=True, kw_only=True):
    """One case in a list."""

    id: int
    version: int
    subject: Subject
    who: str
    severity: Severity
    state: CaseState
    state_words: str
    said: Said
    answers: int
    touchpoint: str
    owner: str
    """The owner's name, empty where nobody has it."""
    receiver: str
    due: Due | None
    back: str
    """Since when a metric is back to normal or a customer content again; empty where it is not so."""
    silence: CaseSilence | None
    opened_at: datetime
    undelivered: bool
    incident: int | None
    actions: tuple[UserAction, ...]

    @property
    def is_over(self) -> bool:
        """Whether the case is closed."""
        return self.state in CLOSED_STATES


class Reading(Struct, frozen=True, kw_only=True):
    """How lines are read: the language, the zone of the times, and the reader's now."""

    language: ConsoleLanguage
    zone: str
    now: datetime

    @property
    def words(self) -> Words:
        """The messages about cases."""
        return words_in(self.language)

    def instant(self, value: datetime) -> str:
        """A time as this reader reads it."""
        return moment(value, self.zone, self.now, self.language)


def line_of(case: Case, reading: Reading) -> CaseLine:
    """A case, as the API shows it, as a line."""
    words = reading.words
    return CaseLine(
        id=case.id,
        version=case.version,
        subject=case.subject,
        who=about.who(words, case.subject, case.customer_id),
        severity=case.severity,
        state=case.state,
        state_words=about.state_name(words, case.state, case.subject),
        said=said_of(case.latest_alert, case.severity, reading, EXCERPT_CHARACTERS),
        answers=case.answer_count,
        touchpoint=case.touchpoint or "",
        owner=case.owner_name or "",
        receiver=case.receiver,
        due=due_of(case, reading),
        back=_back(case, reading),
        silence=case.silence or None,
        opened_at=case.reopened_at or case.opened_at,
        undelivered=case.undelivered_at is not None and case.state not in CLOSED_STATES,
        incident=case.incident,
        actions=case.actions,
    )


def said_of(alert: AlertShown, severity: Severity, reading: Reading, characters: int | None = None) -> Said:
    """A flagged answer; the comment is cut to ``characters``."""
    words = reading.words
    back = alert.recovered and alert.subject == "metric"
    return Said(
        id=alert.id,
        what=words.say("what-recovered") if back else about.what(words, alert.subject, alert),
        why=reasons.told(words, alert.reason),
        rule=alert.rule,
        comment=excerpt(alert.comment, characters) if characters else alert.comment or "",
        place=tuple(part for part in (alert.touchpoint, alert.channel, alert.language) if part),
        at=alert.event_time,
        asks=alert.contact_requested,
        severity=severity,
    )


class Flagged(Struct, frozen=True, kw_only=True):
    """One answer (or failure, or alarm), with every rule that flagged it."""

    said: Said
    rules: tuple[tuple[str, str], ...]
    """Each rule's name, and why it flagged."""


def flagged_by(alerts: Sequence[AlertShown], reading: Reading) -> list[Flagged]:
    """What was flagged, each once in the order of its first alert: several rules may flag one answer."""
    found: dict[tuple[str, str, bool], list[AlertShown]] = {}
    for alert in alerts:
        found.setdefault((alert.event_source, alert.event_id, alert.recovered), []).append(alert)
    return [
        Flagged(
            said=said_of(of_one[0], of_one[0].severity, reading),
            rules=tuple((alert.rule, reasons.told(reading.words, alert.reason)) for alert in of_one),
        )
        for of_one in found.values()
    ]


def due_of(case: Case, reading: Reading) -> Due | None:
    """What is promised next about a case; ``None`` where nothing is."""
    words = reading.words
    promised = promises.due(words, case, case.subject, lambda _words, at: reading.instant(at))
    untaken = case.recovered_at is None and promises.is_untaken(case, reading.now)
    late = promises.is_overdue(words, case, case.subject, reading.now)
    if promised is None:
        return Due(words=words.say("not-taken"), at=None, late=True, asleep=False) if untaken else None
    told, at = promised
    if untaken and at > reading.now:
        told = f"{words.say('not-taken')} · {told}"
    return Due(words=told, at=at, late=late, asleep=case.state == "snoozed")


def _back(case: Case, reading: Reading) -> str:
    if case.recovered_at is None:
        return ""
    when = reading.instant(case.recovered_at)
    if case.subject == "metric":
        return reading.words.say("normal-since", when=when)
    said = reasons.told(reading.words, case.recovery_reason or "")
    return reading.words.say("customer-back", said=said, when=when)
