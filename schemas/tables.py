"""Every SQL table. SQLite by default, PostgreSQL in production: only types and constraints that both keep.

Those of cases and of what is said about them stand here, the others in ``schemas/record_tables.py`` and
``schemas/access_tables.py``; all are known by this module's name.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.access_tables import ApiKeyRow, AuditRow, ConsoleSessionRow, SignInRow
from schemas.alerts import Severity, Subject
from schemas.cases import CaseState
from schemas.record_tables import (
    AnswerTermsRow,
    BooksRow,
    DeadLetterRow,
    ErasureRow,
    MetricDayRow,
    MetricRow,
    SurveyAnswerRow,
    TimelineRow,
)
from schemas.table_base import Base, UtcDateTime

__all__ = [
    "AlertRow",
    "AnswerTermsRow",
    "ApiKeyRow",
    "AuditRow",
    "Base",
    "BooksRow",
    "CaseEventRow",
    "CaseRow",
    "ConsoleSessionRow",
    "DeadLetterRow",
    "DeliveryHealthRow",
    "DeliveryStepRow",
    "ErasureRow",
    "IncidentRow",
    "MetricDayRow",
    "MetricRow",
    "RollUpRow",
    "SignInRow",
    "SilenceRow",
    "SlackHomeRow",
    "SlackInboxRow",
    "SlackOutboxRow",
    "SlackSurfaceRow",
    "SlackUserRow",
    "SurveyAnswerRow",
    "TeamTurnRow",
    "TimelineRow",
    "TimerRow",
    "UtcDateTime",
]

_LIVE = text("state NOT IN ('resolved', 'dismissed')")
_UNPUBLISHED = text("published_at IS NULL")
_UNFIRED = text("fired_at IS NULL")
_UNSHOWN = text("shown <> 'over'")


class CaseRow(Base):
    """One customer's complaint in one programme, or one metric's alarm, from opening to its end."""

    __tablename__ = "cases"
    __table_args__ = (
        # One open case a customer and programme: the database itself refuses a second.
        Index("one_open_case", "customer_id", "programme", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("cases_by_state", "state", "opened_at"),
        Index("cases_by_owner", "owner", "state"),
        Index("cases_by_contact", "contacted_at"),
        Index("cases_by_customer", "customer_id", "programme", "closed_at"),
        Index("cases_by_incident", "incident_id"),
        Index("cases_by_burst", "burst_key"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    version: Mapped[int]
    subject: Mapped[Subject] = mapped_column(String(16))
    """``customer`` or ``metric``; of a metric, ``customer_id`` names the series."""
    customer_id: Mapped[str]
    programme: Mapped[str]
    state: Mapped[CaseState] = mapped_column(String(16))
    severity: Mapped[Severity] = mapped_column(String(16))
    page: Mapped[bool]
    """Whether anybody may be disturbed by it: one of its alerts pages."""
    receiver: Mapped[str]
    owner: Mapped[str | None]
    opened_at: Mapped[datetime]
    reopened_at: Mapped[datetime | None]
    """When it was opened again, by the customer's next bad answer or a colleague: all is promised and measured anew."""
    updated_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    contacted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    recovered_at: Mapped[datetime | None]
    """Of a metric: since when it is back to normal. Of a customer: when they answered well after it was closed."""
    recovery_reason: Mapped[str | None] = mapped_column(Text)
    """What the rule said then; of a customer the answer: ``NPS 9 of 10``."""
    snoozed_until: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    acknowledge_by: Mapped[datetime | None]
    contact_by: Mapped[datetime | None]
    resolve_by: Mapped[datetime | None]
    business_seconds: Mapped[float]
    """Working time from the opening (or ``reopened_at``) to ``updated_at``, without the time on hold."""
    business_seconds_to_acknowledge: Mapped[float | None]
    business_seconds_to_contact: Mapped[float | None]
    seconds_on_hold: Mapped[float]
    """Wall-clock time for which it was snoozed, up to ``updated_at``."""
    entered: Mapped[dict[str, Any]]
    """State to when it was first and last entered, RFC 3339."""
    root_cause: Mapped[str | None]
    resolution_note: Mapped[str | None] = mapped_column(Text)
    answer_count: Mapped[int]
    """Distinct answers of the customer (alarms of the metric) in this case; one flagged by two rules is one."""
    latest_alert: Mapped[dict[str, Any]]
    """The :class:`schemas.alerts.Alert` that a card shows, as JSON: the newest with something to show."""
    touchpoint: Mapped[str | None]
    channel: Mapped[str | None]
    language: Mapped[str | None]
    attributes: Mapped[dict[str, Any]]
    undelivered_at: Mapped[datetime | None]
    """Since when nobody could be told of it: no channel, person, mailbox or webhook took a message."""
    burst_key: Mapped[str | None] = mapped_column(String(64))
    """What it shares with the others of a burst (:func:`schemas.incidents.burst_key`)."""
    incident_id: Mapped[int | None]
    """The incident that it is part of."""


class AlertRow(Base):
    """An alert that was taken into a case. The primary key makes a redelivered alert a known one."""

    __tablename__ = "alerts"
    __table_args__ = (Index("alerts_by_arrival", "received_at"), Index("alerts_by_event_time", "event_time"))

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    rule: Mapped[str] = mapped_column(index=True)
    severity: Mapped[str] = mapped_column(String(16))
    event_source: Mapped[str]
    event_id: Mapped[str]
    event_time: Mapped[datetime]
    detected_at: Mapped[datetime]
    received_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]]


class CaseEventRow(Base):
    """The append-only history of a case, and the outbox of ``cx.cases``: a row is published once it is acknowledged."""

    __tablename__ = "case_events"
    __table_args__ = (
        UniqueConstraint("case_id", "version"),
        Index("case_events_unpublished", "seq", sqlite_where=_UNPUBLISHED, postgresql_where=_UNPUBLISHED),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(36), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    version: Mapped[int | None]
    """None for a notice, which is no change of the case."""
    action: Mapped[str] = mapped_column(String(16))
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    actor: Mapped[str]
    via: Mapped[str] = mapped_column(String(16))
    detail: Mapped[dict[str, Any]]
    """What the action said: note, root cause, until, new owner, alert id; of a notice who was told, and of what."""
    payload: Mapped[dict[str, Any]]
    """The :class:`schemas.cases.CaseEvent` as it goes to ``cx.cases``; of a notice, which goes nowhere, its severity
    and owner."""
    published_at: Mapped[datetime | None]
    """Of a notice set from the beginning."""


class SlackSurfaceRow(Base):
    """One place where a case's card lives: ``channel`` or ``dm``. Re-rendered while rendered is behind wanted.

    A case can have several of a kind: a further receiver's channel, or a new owner's direct message.
    """

    __tablename__ = "slack_surfaces"
    __table_args__ = (
        UniqueConstraint("case_id", "surface", "destination"),
        Index("slack_surfaces_behind", "posted", "rendered_version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    surface: Mapped[str] = mapped_column(String(16))
    destination: Mapped[str]
    """What routing chose: ``#channel``, a channel id, or ``person:KEY`` for a direct message."""
    posted: Mapped[bool] = mapped_column(default=False)
    channel: Mapped[str | None]
    ts: Mapped[str | None]
    wanted_version: Mapped[int]
    rendered_version: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    """Whoever updates the card holds it until then, so that an older picture never lands last."""
    dead_reason: Mapped[str | None]


class SlackOutboxRow(Base):
    """One message to post, exactly once. ``pending`` -> ``sending`` -> ``sent``, or ``in_doubt`` until reconciled."""

    __tablename__ = "slack_outbox"
    __table_args__ = (
        Index("slack_outbox_due", "state", "not_before"),
        Index("slack_outbox_by_silence", "silence_id"),
        Index("slack_outbox_by_destination", "destination", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    surface: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    destination: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime]
    urgent: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Before all others: of a critical case, or the answer to a person's own action."""
    error_class: Mapped[str | None]
    last_error: Mapped[str | None]
    content: Mapped[list[Any] | None]
    """Of a digest: the cases it lists, each with what is new about it."""
    channel: Mapped[str | None]
    ts: Mapped[str | None]
    silence_id: Mapped[int | None]
    """The silence that holds the message back until ``not_before``."""
    roll_up_id: Mapped[int | None] = mapped_column(index=True)
    """Of a card in state ``rolled_up``: the roll-up that tells of it. Of a roll-up's own message: that roll-up."""
    traceparent: Mapped[str | None] = mapped_column(String(64))
    """The step that wanted the message, where its trace is sampled."""


class IncidentRow(Base):
    """Many cases that came at once and share what ``loop.grouping.incidents`` names: one story."""

    __tablename__ = "incidents"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    shared: Mapped[dict[str, Any]]
    """Field to value, in the order of loop.yaml."""
    opened_at: Mapped[datetime]
    """When the first of its cases was opened."""
    declared_at: Mapped[datetime]
    last_case_at: Mapped[datetime]
    running_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    """The burst key while further cases belong to it: there is one running incident of a key."""


class RollUpRow(Base):
    """One message at one destination in place of many cards: of an incident, or of whatever came too fast.

    Its message is a row of the outbox like any other. The versions of its cases add up to its own, so a change of any
    of them makes ``shown`` fall behind, and nobody has to write it.
    """

    __tablename__ = "roll_ups"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    destination: Mapped[str]
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id"))
    opened_at: Mapped[datetime]
    last_case_at: Mapped[datetime]
    current_key: Mapped[str | None] = mapped_column(unique=True)
    """Destination and incident, while further cards are folded into it."""
    channel: Mapped[str | None]
    ts: Mapped[str | None]
    shown: Mapped[int] = mapped_column(default=0)
    """The sum of the versions of the cases that the message shows."""
    redraw_at: Mapped[datetime]
    """Not drawn again before then, whoever draws it: also the lease of whoever does."""
    plain: Mapped[bool] = mapped_column(default=False)
    """Slack refused the drawing: text alone."""
    dead_reason: Mapped[str | None]
    settled: Mapped[bool] = mapped_column(default=False)
    """Every case is closed, and the message says so: nothing will change any more."""


class DeliveryStepRow(Base):
    """One destination that refused a message for good, or that took it in place of one that had."""

    __tablename__ = "delivery_steps"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    outbox_id: Mapped[str] = mapped_column(String(36), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    at: Mapped[datetime]
    destination: Mapped[str]
    """As in the outbox; also ``mail:KEY`` of a person, ``webhook:NAME`` and ``console``."""
    outcome: Mapped[str] = mapped_column(String(16))
    """``refused``, or ``sent``; of the console ``shown``."""
    error: Mapped[str | None]


class DeliveryHealthRow(Base):
    """A destination that has refused for good, or ``slack`` as a whole: left alone until it is tried again."""

    __tablename__ = "delivery_health"

    destination: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    """``broken``, or ``well`` again."""
    since: Mapped[datetime]
    error: Mapped[str]
    failures: Mapped[int]
    """How often in a row; each makes the wait for the next try longer."""
    probe_at: Mapped[datetime]


class TimerRow(Base):
    """Something that time does to a case, once: a reminder, or a step of an escalation; and the plan of them all.

    A timer belongs to one version of its case: it is void once the case has changed, until the plan is made anew.
    """

    __tablename__ = "timers"
    __table_args__ = (
        Index("timers_due", "kind", "due_at", sqlite_where=_UNFIRED, postgresql_where=_UNFIRED),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(unique=True)
    """What it is about: there is never a second of the same, so what has fired never fires again."""
    kind: Mapped[str] = mapped_column(String(16))
    """``plan``, ``remind`` or ``escalate``."""
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    case_version: Mapped[int]
    due_at: Mapped[datetime]
    fired_at: Mapped[datetime | None]
    detail: Mapped[dict[str, Any]]


class SilenceRow(Base):
    """Alerts that fit ``matchers`` disturb nobody from ``starts_at`` to ``ends_at``; their messages come then."""

    __tablename__ = "silences"
    __table_args__ = (
        Index("silences_by_end", "ends_at"),
        Index("silences_to_show", "shown", sqlite_where=_UNSHOWN, postgresql_where=_UNSHOWN),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    matchers: Mapped[dict[str, Any]]
    """A :data:`schemas.config_owners.Match` as JSON."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """Moved to the moment at which somebody ended it, if they did."""
    reason: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    created_via: Mapped[str] = mapped_column(String(16))
    created_key: Mapped[str | None]
    """The name of the API key through which they did it, where it is not their own."""
    ended_by: Mapped[str | None]
    ended_via: Mapped[str | None] = mapped_column(String(16))
    ended_key: Mapped[str | None]
    shown: Mapped[str] = mapped_column(String(16))
    """How far the cards of its cases show it: ``to_come``, ``holds`` or ``over``."""


class TeamTurnRow(Base):
    """Who had the last case of a team whose members take turns."""

    __tablename__ = "team_turns"

    team: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str]
    number: Mapped[int]
    """How many turns have been taken: who writes the next one compares it with what they read."""
    at: Mapped[datetime]


class SlackInboxRow(Base):
    """A click or a submission, kept before Slack is answered; the key makes a replayed one a known one."""

    __tablename__ = "slack_inbox"

    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    result: Mapped[str | None]


class SlackUserRow(Base):
    """A person of loop.yaml as Slack knows them."""

    __tablename__ = "slack_users"

    person: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str | None] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(String(16))
    checked_at: Mapped[datetime]


class SlackHomeRow(Base):
    """Somebody who has opened the App Home: it is kept current for them."""

    __tablename__ = "slack_homes"

    user_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    opened_at: Mapped[datetime]
    shown: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of what was published last; ``None`` asks for it anew."""
