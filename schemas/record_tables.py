"""The tables of what is recorded: metrics, books, dead letters, terms of comments, timelines, erasures."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.table_base import Base


class MetricRow(Base):
    """The current value of one series and rolling window."""

    __tablename__ = "metrics"
    __table_args__ = (Index("metrics_by_metric", "metric", "window", "cut"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    """The record key of :class:`schemas.metrics.Metric`."""
    metric: Mapped[str]
    window: Mapped[str] = mapped_column(String(16))
    cut: Mapped[str]
    payload: Mapped[dict[str, Any]]
    version: Mapped[int]
    as_of: Mapped[datetime]


class MetricDayRow(Base):
    """The value of one series on one calendar day: the history."""

    __tablename__ = "metric_days"
    __table_args__ = (Index("metric_days_by_day", "metric", "cut", "day"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    metric: Mapped[str]
    cut: Mapped[str]
    day: Mapped[date]
    payload: Mapped[dict[str, Any]]
    version: Mapped[int]
    as_of: Mapped[datetime]


class BooksRow(Base):
    """The accounts of one source partition."""

    __tablename__ = "books"

    source: Mapped[str] = mapped_column(primary_key=True)
    payload: Mapped[dict[str, Any]]
    version: Mapped[int]


class DeadLetterRow(Base):
    """A record that could not be read, with its untouched bytes."""

    __tablename__ = "dead_letters"
    __table_args__ = (
        Index("dead_letters_by_time", "at"),
        Index("dead_letters_by_reason", "reason", "at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    topic: Mapped[str]
    partition: Mapped[int]
    offset: Mapped[int]
    reason: Mapped[str] = mapped_column(String(32))
    field: Mapped[str]
    problem: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[list[Any]]
    """Name and value of each, in order; a value is base64, because it is bytes."""
    replayed_at: Mapped[datetime | None]


class AnswerTermsRow(Base):
    """What the comment of one flagged answer is about, one row an answer, however many rules flagged it.

    Not for showing as it is: a term is shown once several customers have used it. It goes with its alert.
    """

    __tablename__ = "answer_terms"
    __table_args__ = (Index("answer_terms_by_time", "at"),)

    event_source: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    alert_id: Mapped[str] = mapped_column(String(36), ForeignKey("alerts.id", ondelete="CASCADE"), index=True)
    """The first alert about the answer: its payload has the comment."""
    case_id: Mapped[int]
    at: Mapped[datetime]
    """When the customer answered."""
    metric: Mapped[str | None]
    touchpoint: Mapped[str | None]
    language: Mapped[str] = mapped_column(String(8))
    """The language that the comment was read in; empty where it is not known, and nothing was read."""
    terms: Mapped[str] = mapped_column(Text)
    """Those of :func:`schemas.comment_terms.terms_of`, each between line breaks."""


class TimelineRow(Base):
    """One touchpoint or answer on a customer's timeline: what came to the topics, kept for ``timeline.keep``.

    Without the customer's words: the comment of a flagged answer stands in its alert, all others stay on the topic.
    """

    __tablename__ = "timeline"
    __table_args__ = (
        Index("timeline_by_customer", "customer_id", "at"),
        Index("timeline_by_time", "at"),
    )

    event_source: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    """``touchpoint`` or ``answer``."""
    customer_id: Mapped[str]
    at: Mapped[datetime]
    """When it happened."""
    touchpoint: Mapped[str | None]
    channel: Mapped[str | None]
    outcome: Mapped[str | None]
    duration_ms: Mapped[int | None]
    amount: Mapped[str | None] = mapped_column(String(32))
    """Of money, as a decimal number in ``currency`` (ISO 4217)."""
    currency: Mapped[str | None] = mapped_column(String(3))
    metric: Mapped[str | None]
    """Of an answer, as are the fields below."""
    score: Mapped[int | None]
    scale_min: Mapped[int | None]
    scale_max: Mapped[int | None]
    higher_is_better: Mapped[bool | None]


class SurveyAnswerRow(Base):
    """What was answered to one invitation on a survey page: how often, not by whom, and no words.

    It is what makes a second submit of the same form the same event, for as long as the link is good.
    """

    __tablename__ = "survey_answers"
    __table_args__ = (Index("survey_answers_by_end", "expires_at"),)

    invitation: Mapped[str] = mapped_column(String(36), primary_key=True)
    survey: Mapped[str] = mapped_column(String(32))
    number: Mapped[int]
    """How many different answers there were; each revises the one before."""
    score: Mapped[int]
    """Of the newest."""
    commented: Mapped[bool]
    digest: Mapped[str] = mapped_column(String(64))
    """Of the newest answer, under the key of the links: it tells a repeated form from a changed one."""
    sent: Mapped[bool]
    """Whether the newest answer is known to have been taken."""
    answered_at: Mapped[datetime]
    """The first."""
    expires_at: Mapped[datetime]
    """When the link's time is over; the row may go then."""


class ErasureRow(Base):
    """A name of a person who was erased: its salted hash, and the word that stands in its place; never the name.

    It tells whoever reads the topics what is left of them there. It may go once no topic has anything of them.
    """

    __tablename__ = "erasures"
    __table_args__ = (Index("erasures_by_digest", "digest"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    digest: Mapped[str] = mapped_column(String(64))
    """Of the name, under ``salt``: see :mod:`schemas.erasures`."""
    salt: Mapped[str] = mapped_column(String(32))
    word: Mapped[str] = mapped_column(String(32))
    """One word an erasure, for all names of the person."""
    erased_at: Mapped[datetime]
    """What happened until then is theirs; what happens later is a new customer's."""
    finished_at: Mapped[datetime | None]
    """When all of it was done; ``None`` while it is under way, or was broken off."""
