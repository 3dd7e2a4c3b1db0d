"""A window against the week before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.trends import series_of, trend, week_before
from gateway.console.weeks import Weeks
from gateway.parts import Parts
from gateway.periods import Period
from gateway.vocabulary import vocabulary
from schemas.metrics import DAY, Metric, Series
from schemas.settings import Settings
from schemas.tables import MetricDayRow
from tests.gateway.conftest import make  # noqa: F401 - a fixture
from tests.gateway.examples import configuration

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "zone", "first", "last"),
    [
        ("1h", "UTC", date(2026, 11, 13), date(2026, 11, 19)),
        ("24h", "UTC", date(2026, 11, 12), date(2026, 11, 18)),
        ("7d", "UTC", date(2026, 11, 6), date(2026, 11, 12)),
        ("30d", "UTC", date(2026, 10, 14), date(2026, 10, 20)),
        ("1h", "Pacific/Auckland", date(2026, 11, 14), date(2026, 11, 20)),
    ],
)
def test_the_week_before_ends_before_the_day_in_which_the_window_begins(
    window: str, zone: str, first: date, last: date
) -> None:
    assert week_before(window, NOON, zone) == Period(first, last)


def day_row(series: Series, day: date, counts: dict[str, int]) -> MetricDayRow:
    record = msgspec.json.encode([series, DAY, day]).decode()
    payload = {
        "metric": series.metric, "window": DAY, "cut": series.cut, "key": {}, "value": 0.0, "low": 0.0, "high": 0.0,
        "n": sum(counts.values()), "counts": counts, "as_of": NOON.isoformat(), "day": day.isoformat(),
    }  # fmt: skip
    return MetricDayRow(
        id=record, metric=series.metric, cut=series.cut, day=day, payload=payload, version=1, as_of=NOON
    )


def test_the_days_of_the_week_are_added_and_no_other(make: Callable[..., Parts], sqlite_database: str) -> None:  # noqa: F811
    parts = make(sqlite_database)
    one, other = Series("nps", "all", ()), Series("nps", "region", ("SP",))
    week = Period(date(2026, 11, 6), date(2026, 11, 12))
    days = [week.first + timedelta(days=number) for number in range(-1, 8)]
    with parts.writers.begin() as session:
        session.add_all(day_row(one, day, {"9": 10, "3": place}) for place, day in enumerate(days))
        session.add(day_row(other, week.last, {"0": 4}))
    expected = Counter[str]()
    for place in range(1, 8):
        expected.update({"9": 10, "3": place})
    weeks = Weeks()
    with parts.readers() as session:
        found = weeks.read(session, [one, other, Series("nps", "region", ("RJ",))], week)
    assert found[one] == expected
    assert found[other] == {"0": 4}
    assert found[Series("nps", "region", ("RJ",))] == {}
    with parts.writers.begin() as session:
        session.add(day_row(Series("nps", "region", ("RJ",)), week.last, {"5": 1}))
    with parts.readers() as session:
        assert weeks.read(session, [one], week) == {one: expected}, "a week that is over is remembered for a minute"


scores = st.dictionaries(st.sampled_from([str(score) for score in range(11)]), st.integers(1, 500), max_size=11)


@given(scores, scores)
def test_a_trend_is_the_difference_of_both_values_and_is_told_only_beyond_chance(
    current: dict[str, int], before: dict[str, int]
) -> None:
    words = vocabulary(configuration(), Settings())
    row = Metric(
        metric="nps", window="7d", cut="all", key={}, value=None, low=None, high=None, n=sum(current.values()),
        counts=current, too_few=False, as_of=NOON, version=1,
    )  # fmt: skip
    assert series_of(row) == Series("nps", "all", ())
    found = trend(row, before, words, 10, 1)
    if not current or not before:
        assert found is None
        return
    assert found is not None

    def nps(counts: dict[str, int]) -> float:
        answers = [int(score) for score, count in counts.items() for _ in range(count)]
        return 100 * sum((score >= 9) - (score <= 6) for score in answers) / len(answers)

    assert found.value == pytest.approx(nps(current) - nps(before))
    if sum(current.values()) < 10 or sum(before.values()) < 10:
        assert found.verdict == "too_few"
    if current == before:
        assert found.verdict in ("not_told", "too_few")
    if found.verdict in ("above", "below"):
        assert not found.low <= 0 <= found.high
