"""What Explore is asked: a metric of a segment over days, alone or against another. Read from a query's words. Pure."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from gateway.periods import Period, period
from gateway.problems import Refusal
from gateway.vocabulary import Vocabulary, parse_day

USUAL_DAYS = 30
MOST_OVER = 90
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
    (``with_from`` and ``with_to``), the period of the same length before.
    """
    live = words.check_window(window)
    if live == "day":
        raise Refusal(400, "invalid", "window", "give a rolling window such as 7d, or days with `from` and `to`")
    days = None if live else period(parse_day("from", first), parse_day("to", last), today, USUAL_DAYS)
    one = SideAsked(segment=mine, period=days, window=live)
    if live and (with_first or with_last):
        raise Refusal(400, "invalid", "with_from", "a rolling window is now: compare days with days")
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
    if _share_answers(one, other):
        raise Refusal(
            400,
            "invalid",
            "with_key",
            "the two have answers in common: give another value of the same dimension, days that do not overlap, or "
            "rest=true for everybody else",
        )
    return ComparisonAsked(metric=metric, one=one, other=other)


def _share_answers(one: SideAsked, other: SideAsked) -> bool:
    if other.rest or not one.segment.shares_with(other.segment):
        return False
    if one.period is None or other.period is None:
        return True
    return one.period.first <= other.period.last and other.period.first <= one.period.last
