"""How a case stands, in a sign and in words: one answer for its cards, its dialogs and the App Home. Pure.

The sign never stands alone: what it says is said in words beside it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from schemas.alerts import Severity, Subject
from schemas.cases import CLOSED_STATES, CaseState
from schemas.words import about, promises
from schemas.words.catalogue import Words

_SEVERITIES: Mapping[Severity, str] = {"critical": "🔴", "high": "🟠", "normal": "🟡"}
_STATES: Mapping[CaseState, str] = {"acknowledged": "👤", "contacted": "📞", "snoozed": "💤"}


class Standing(promises.Promised, Protocol):
    """What of a case says how it stands."""

    @property
    def severity(self) -> Severity: ...  # noqa: D102 - as in the table of cases
    @property
    def page(self) -> bool: ...  # noqa: D102


def urgency_sign(case: Standing) -> str:
    """How much it presses, whatever has been done about it."""
    if case.recovered_at is not None:
        return "🟢"
    return _SEVERITIES[case.severity] if case.page else "🔎"


def sign(case: Standing) -> str:
    """What was done about it; of a case that nobody has taken yet how much it presses."""
    return _STATES.get(case.state, urgency_sign(case))


def what(words: Words, case: Standing, subject: Subject, answer: about.Answer) -> str:
    """What happened, in a few words; raw."""
    if subject == "metric" and case.recovered_at is not None:
        return words.say("what-recovered")
    return about.what(words, subject, answer)


def states(words: Words, case: Standing, subject: Subject, now: datetime) -> list[str]:
    """The state, whether a promise is broken, and the severity where it is worth a word."""
    state = about.state_name(words, case.state, subject)
    if case.state in CLOSED_STATES:
        return [state]
    if case.state == "open" and not case.page:
        state = words.say("state-to-check")
    said = [state]
    if promises.is_overdue(words, case, subject, now):
        late = words.say("state-overdue")
        said = [late] if case.state == "open" else [state, late]
    if case.page and case.severity != "normal" and case.recovered_at is None:
        said.append(words.say(f"severity-{case.severity}"))
    return said
