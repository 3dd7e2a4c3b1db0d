"""What Explore is asked: a metric of a segment over days, alone or against another. Read from a query's words. Pure."""

import re
from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from gateway.periods import USUAL_DAYS, Period, period, read_period
from gateway.problems import Refusal
from gateway.vocabulary import Vocabulary, parse_day
from schemas.config_base import seconds
from schemas.metrics import DAY

MOST_WINDOW_DAYS = 90
_WINDOW = re.compile(r"[1-9][0-9]{0,6}[smhd]")
_DAY_SECONDS = 86_400
_LONGEST_VALUE = 1024


class Segment(Struct, frozen=True):
    """The series of a cut: a value for each of its dimensions, in their order."""

    cut: str
    key: dict[str, str]

    def shares_with(self, other: "Segment") -> bool:
        """Whether an answer can be in both: nothing tells them apart."""
        return all(other.key.get(dimension, value) == value for dimension, value in self.key.items())


class SideAsked(Struct, frozen=True, kw_only=True):
    """Whom and when: days, or a rolling window of the live view."""

    segment: Segment
    period: Period | None = None
    window: str | None = None
    rest: bool = False
    """Everybody but them."""


class ComparisonAsked(Struct, frozen=True, kw_only=True):
    """Two sides of one metric that have no answer in common."""

    metric: str
    one: SideAsked
    other: SideAsked


def read_metric(words: Vocabulary, metric: str | None) -> str:
    """The metric. Raises :class:`Refusal` (400) where there is none."""
    name = words.check_metric(metric)
    if name is None:
        raise Refusal(400, "missing", "metric", "say which metric, e.g. metric=nps")
    return name


def read_segment(words: Vocabulary, cut: str | None, key: Sequence[str], prefix: str = "") -> Segment:
    """The segment that a query names: without a cut everybody. Raises :class:`Refusal` (400).

    ``prefix`` stands before the names of the parameters, for the refusal.
    """
    try:
        name = words.check_cut(cut) or everybody(words) or next(iter(words.cuts))
        values = words.check_key([one for one in key if one], name)
    except Refusal as refusal:
        raise Refusal(400, "invalid", prefix + refusal.problem.field, refusal.problem.problem) from None
    missing = [dimension for dimension in words.cuts[name] if dimension not in values]
    if missing:
        raise Refusal(400, "missing", f"{prefix}key", f"say which {missing[0]}, e.g. key={missing[0]}:VALUE")
    if any(len(value) > _LONGEST_VALUE or "\0" in value for value in values.values()):
        raise Refusal(400, "invalid", f"{prefix}key", f"give at most {_LONGEST_VALUE} characters, and no U+0000")
    return Segment(name, {dimension: values[dimension] for dimension in words.cuts[name]})


def window_days(window: str | None) -> int:
    """How many calendar days a point is of: the window ends with the point's day. Without a window one.

    Days are what is kept of the past; how a window of hours stood at some hour is not. Raises :class:`Refusal` (400).
    """
    if not window or window == DAY:
        return 1
    length = seconds(window) if _WINDOW.fullmatch(window) else 0
    days, rest = divmod(length, _DAY_SECONDS)
    if rest or not 1 <= days <= MOST_WINDOW_DAYS:
        raise Refusal(
            400,
            "invalid",
            "window",
            f"give whole days, 1d to {MOST_WINDOW_DAYS}d: of the past days are kept; shorter windows are known only as "
            "they are now, GET /v1/metrics",
        )
    return days


def everybody(words: Vocabulary) -> str | None:
    """The cut without dimensions, in which everything is counted; None where loop.yaml has none."""
    return next((name for name, dimensions in words.cuts.items() if not dimensions), None)


def read_comparison(
    words: Vocabulary,
    *,
    metric: str,
    mine: Segment,
    first: str | None,
    last: str | None,
    window: str | None,
    with_cut: str | None,
    with_key: Sequence[str],
    with_first: str | None,
    with_last: str | None,
    rest: bool,
    today: date,
) -> ComparisonAsked:
    """The comparison that a query means. Raises :class:`Refusal` (400).

    Against what, in this order: everybody else (``rest``), another segment (``with_key``), another period
    (``with_from`` and ``with_to``), the period of the same length before. A ``window`` is as it is now, or with ``to``
    and ``with_to`` as it was at the end of those days.
    """
    for field, given in (("from", first), ("with_from", with_first)):
        if window and given:
            raise Refusal(400, "invalid", field, "a window ends with a day: give `to` or `with_to` alone")
    many = window_days(window) if window and (last or with_last) else None
    live = words.check_window(window) if many is None else None
    if live == DAY:
        raise Refusal(400, "invalid", "window", "give a rolling window such as 7d, or days with `from` and `to`")
    days = None if live else read_period(first, last, today, many or USUAL_DAYS)
    one = SideAsked(segment=mine, period=days, window=live)
    theirs = read_segment(words, with_cut or mine.cut, with_key, "with_") if with_cut or any(with_key) else mine
    if rest:
        if not mine.key or everybody(words) is None:
            raise Refusal(400, "invalid", "rest", "give a segment of a cut; loop.yaml needs a cut without dimensions")
        theirs = mine
    if with_first or with_last:
        other_days: Period | None = period(
            parse_day("with_from", with_first), parse_day("with_to", with_last), today, days.days if days else 1
        )
    else:
        other_days = days.before() if days is not None and theirs == mine and not rest else days
    other = SideAsked(segment=theirs, period=other_days, window=live, rest=rest)
    if share_answers(one, other):
        raise Refusal(
            400,
            "invalid",
            "with_key",
            "the two have answers in common: give another value of the same dimension, days that do not overlap, or "
            "rest=true for everybody else",
        )
    return ComparisonAsked(metric=metric, one=one, other=other)


def share_answers(one: SideAsked, other: SideAsked) -> bool:
    """Whether an answer can be on both sides."""
    if other.rest or not one.segment.shares_with(other.segment):
        return False
    if one.period is None or other.period is None:
        return True
    return one.period.first <= other.period.last and other.period.first <= one.period.last
