"""What is shown of a case, and where: a picture of one version, and the place with its reader and language."""

from datetime import datetime

from msgspec import Struct

from schemas.alerts import Alert, Severity
from schemas.cases import CaseAction, CaseState
from schemas.config import Loop
from schemas.words.catalogue import Words
from schemas.words.readers import PERSON, words_at


class LastStep(Struct, frozen=True, kw_only=True):
    """A step of a case's history that a card speaks of: the newest, or how a closed case ended."""

    action: CaseAction
    actor: str
    at: datetime
    note: str | None = None
    channel: str | None = None
    customer_told: bool | None = None


class Silenced(Struct, frozen=True, kw_only=True):
    """Further alerts like the case's disturb nobody until then."""

    until: datetime
    reason: str


class CaseView(Struct, frozen=True, kw_only=True):
    """All that a card shows of a case: a picture of one version."""

    id: int
    version: int
    state: CaseState
    severity: Severity
    page: bool = True
    """Whether it may disturb anybody."""
    receiver: str
    owner: str | None
    opened_at: datetime
    acknowledged_at: datetime | None
    contacted_at: datetime | None
    closed_at: datetime | None
    recovered_at: datetime | None = None
    """Of a metric: since when it is back to normal."""
    recovery_reason: str | None = None
    """What the rule said then."""
    snoozed_until: datetime | None
    acknowledge_by: datetime | None
    contact_by: datetime | None
    resolve_by: datetime | None
    root_cause: str | None
    resolution_note: str | None
    answer_count: int
    incident: int | None = None
    """The number of the incident that it is part of."""
    alert: Alert
    last: LastStep | None = None
    contact: LastStep | None = None
    """The newest contact with the customer."""
    silence: Silenced | None = None
    """The silence that its alert fits now."""


class Setting(Struct, frozen=True, kw_only=True):
    """Where a card is shown. ``reader`` is the person of a direct message; ``mention`` the Slack id to ping, once."""

    loop: Loop
    public_url: str
    words: Words
    reader: str | None = None
    mention: str | None = None


def setting_at(loop: Loop, public_url: str, destination: str, mention: str | None = None) -> Setting:
    """The setting of a destination: ``person:KEY``, or a channel."""
    return Setting(
        loop=loop,
        public_url=public_url,
        words=words_at(loop, destination),
        reader=destination.removeprefix(PERSON) if destination.startswith(PERSON) else None,
        mention=mention,
    )
