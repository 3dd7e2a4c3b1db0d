"""What may go from the database: what its own declared retention is over for.

Dead letters are kept as long as their topic keeps them, days of the history as long as ``history.days`` says, the audit
trail as long as ``audit.keep`` says, customers' timelines as long as ``timeline.keep`` says (the timers remove them as
well, at most an hour later), what makes a survey's answer count once as long as its link is good, and who was erased as
long as a topic may bring them back. Nothing else is ever deleted: cases and their history are what people are asked
about later.
"""

from datetime import date, datetime, timedelta

from msgspec import Struct
from sqlalchemy import Delete, Select, delete, func, select

from schemas.config import Loop
from schemas.config_base import seconds
from schemas.database import open_database, sessions
from schemas.erasures import kept_for
from schemas.tables import AuditRow, DeadLetterRow, ErasureRow, MetricDayRow, SurveyAnswerRow, TimelineRow
from schemas.timeline_retention import EVERYTHING, kept_since, newest_kept
from schemas.topics import DEADLETTERS, catalogue

_DAY_MS = 24 * 60 * 60 * 1000


class Limits(Struct, frozen=True, kw_only=True):
    """What is older than these may go."""

    letters_before: datetime
    days_before: date
    links_before: datetime
    """Links that ended before."""


class Pruned(Struct, frozen=True, kw_only=True):
    """Rows of one table that may go, or went."""

    table: str
    rows: int
    before: str
    """Those older than this day or moment; empty where all of them go."""
    why: str


def limits(now: datetime, newest_day: date | None, history_days: int, *, by_events: bool) -> Limits:
    """The limits at ``now``. Pure.

    ``by_events``: under ``--clock event`` the history ends with the newest day that was recorded, not with today.
    """
    today = newest_day if by_events and newest_day is not None else now.date()
    return Limits(
        letters_before=now - timedelta(milliseconds=letters_kept_ms()),
        # A day of room: the calendar of history.zone may be behind or ahead of UTC's.
        days_before=today - timedelta(days=history_days + 1),
        links_before=now - timedelta(days=1),
    )


def letters_kept_ms() -> int:
    """How long the topic of dead letters keeps them."""
    (spec,) = (spec for spec in catalogue() if spec.name == DEADLETTERS)
    return int(spec.config["retention.ms"])


def prune(url: str, now: datetime, loop: Loop, *, by_events: bool, really: bool) -> list[Pruned]:
    """Count what may go, and delete it if ``really``. Raises SQLAlchemy's errors."""
    engine = open_database(url)
    try:
        with sessions(engine).begin() as session:
            newest = session.scalar(select(func.max(MetricDayRow.day)))
            limit = limits(now, newest, loop.history.days, by_events=by_events)
            audit_before = now - timedelta(seconds=seconds(loop.audit.keep))
            since = kept_since(loop.timeline, now, newest_kept(session), by_events=by_events)
            old_links = SurveyAnswerRow.expires_at < limit.links_before
            old_letters, old_days = DeadLetterRow.at < limit.letters_before, MetricDayRow.day < limit.days_before
            erased_before = now - kept_for()
            old_erasures = ErasureRow.erased_at < erased_before
            kept = f"{letters_kept_ms() // _DAY_MS} days of topic {DEADLETTERS}"
            plan: list[tuple[str, str, str, Select[int], Delete]] = [
                (
                    "dead_letters",
                    f"{limit.letters_before:%Y-%m-%d %H:%M} UTC",
                    kept,
                    select(func.count()).select_from(DeadLetterRow).where(old_letters),
                    delete(DeadLetterRow).where(old_letters),
                ),
                (
                    "metric_days",
                    limit.days_before.isoformat(),
                    f"history.days: {loop.history.days}",
                    select(func.count()).select_from(MetricDayRow).where(old_days),
                    delete(MetricDayRow).where(old_days),
                ),
                (
                    "timeline",
                    "" if since == EVERYTHING else f"{since:%Y-%m-%d %H:%M} UTC",
                    f"timeline.keep: {loop.timeline.keep}" if loop.timeline is not None else "timeline: null",
                    select(func.count()).select_from(TimelineRow).where(TimelineRow.at < since),
                    delete(TimelineRow).where(TimelineRow.at < since),
                ),
                (
                    "audit",
                    f"{audit_before:%Y-%m-%d %H:%M} UTC",
                    f"audit.keep: {loop.audit.keep}",
                    select(func.count()).select_from(AuditRow).where(AuditRow.at < audit_before),
                    delete(AuditRow).where(AuditRow.at < audit_before),
                ),
                (
                    "erasures",
                    f"{erased_before:%Y-%m-%d %H:%M} UTC",
                    f"no topic has anything of them: {kept_for().days} days",
                    select(func.count()).select_from(ErasureRow).where(old_erasures),
                    delete(ErasureRow).where(old_erasures),
                ),
                (
                    "survey_answers",
                    f"{limit.links_before:%Y-%m-%d %H:%M} UTC",
                    "links that have expired",
                    select(func.count()).select_from(SurveyAnswerRow).where(old_links),
                    delete(SurveyAnswerRow).where(old_links),
                ),
            ]
            found = []
            for name, before, why, counting, deleting in plan:
                rows = session.scalar(counting) or 0
                if really and rows:
                    session.execute(deleting)
                found.append(Pruned(table=name, rows=rows, before=before, why=why))
            return found
    finally:
        engine.dispose()
