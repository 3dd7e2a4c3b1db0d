"""Periods of whole calendar days in the zone of loop.yaml, and the period of the same length before. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.problems import Refusal
from gateway.vocabulary import parse_day

MOST_DAYS = 3_660
USUAL_DAYS = 30


class Period(Struct, frozen=True):
    """Calendar days, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def before(self) -> "Period":
        """The period of the same length that ends where this one begins."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def start(self, zone: str) -> datetime:
        """The instant at which it begins in a zone, UTC."""
        return _midnight(self.first, zone)

    def end(self, zone: str) -> datetime:
        """The first instant after it in a zone, UTC."""
        return _midnight(self.last + timedelta(days=1), zone)


def period(first: date | None, last: date | None, today: date, usual_days: int) -> Period:
    """The days asked for: up to ``today`` and ``usual_days`` of them where nothing else is said.

    Raises :class:`Refusal` (400) for a period that ends before it begins, or is longer than ten years.
    """
    end = last or (today if first is None or first <= today else first)
    start = first or end - timedelta(days=min(usual_days, end.toordinal()) - 1)
    if start > end:
        raise Refusal(400, "invalid", "from", "lies after `to`")
    if (end - start).days >= MOST_DAYS:
        raise Refusal(400, "invalid", "from", f"give at most {MOST_DAYS} days")
    if start.toordinal() <= MOST_DAYS or end.year > 9000:
        raise Refusal(400, "invalid", "from", "give a year between 12 and 9000")
    return Period(start, end)


def read_period(first: str | None, last: str | None, newest: date, usual_days: int = USUAL_DAYS) -> Period:
    """The days that a query names, as :func:`period` completes them: up to ``newest`` where it says nothing else.

    Raises :class:`Refusal` (400).
    """
    return period(parse_day("from", first), parse_day("to", last), newest, usual_days)


def day_of(at: datetime, zone: str) -> date:
    """The calendar day of an instant in a zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
