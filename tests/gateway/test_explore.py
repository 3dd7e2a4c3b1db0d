"""Explore over HTTP: a metric over time, and two of its values against each other; on SQLite and PostgreSQL."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.durations import words_of
from schemas.metrics import Metric
from schemas.scales import Scale
from schemas.statistics import summarise
from schemas.tables import MetricDayRow
from tests.gateway.conftest import Served
from tests.gateway.test_live_rows import put

FIRST = date(2026, 1, 1)
_NUMBERS = itertools.count()


def row(counts: dict[str, int], *, metric: str, region: str | None, window: str, day: date | None) -> Metric:
    return Metric(
        metric=metric,
        window=window,
        cut="all" if region is None else "region",
        key={} if region is None else {"attributes.region": region},
        value=1.0,
        low=0.0,
        high=2.0,
        n=sum(counts.values()),
        counts=counts,
        too_few=False,
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
        version=1,
        day=day,
    )


def recorded(gateway: Served, region: str | None, *days: dict[str, int], metric: str = "nps") -> None:
    """Days from the first of January on, one after the other."""
    with gateway.parts.writers.begin() as session:
        for number, counts in enumerate(days):
            made = row(counts, metric=metric, region=region, window="day", day=FIRST + timedelta(days=number))
            session.add(
                MetricDayRow(
                    id=made.record_key().decode(),
                    metric=made.metric,
                    cut=made.cut,
                    day=made.day,
                    payload=msgspec.to_builtins(made),
                    version=1,
                    as_of=made.as_of,
                )
            )


def asked(gateway: Served, path: str, **query: Any) -> dict[str, Any]:
    query = {name.replace("first", "from"): value for name, value in query.items()}
    answer = gateway.client.get(f"/v1/metrics/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


DAYS = "from=2026-01-03&to=2026-01-03"
GOOD, BAD = {"10": 60, "8": 20, "3": 20}, {"10": 30, "8": 20, "3": 50}


def test_a_point_a_day_and_a_point_of_several_days(on_both: Served) -> None:
    days = [{"10": 12}, {"3": 12}, {}, {"8": 3, "10": 1}]
    recorded(on_both, "SP", *days)
    recorded(on_both, "RJ", {"0": 99})
    query = {"metric": "nps", "cut": "region", "key": "attributes.region:SP"}
    single = asked(on_both, "trend", first="2025-12-31", to="2026-01-05", **query)
    assert [point["n"] for point in single["points"]] == [0, 12, 12, 0, 4, 0]
    assert single["points"][0]["value"] is None
    assert (single["unit"], single["window"], single["key"]) == ("points", "1d", {"attributes.region": "SP"})
    rolled = asked(on_both, "trend", first="2026-01-02", to="2026-01-04", window="3d", **query)
    for number, point in enumerate(rolled["points"], start=2):
        total: Counter[str] = Counter()
        for counts in days[max(0, number - 3) : number]:
            total.update(counts)
        expected = summarise("nps", Scale(0, 10), total, 10)
        assert [point[field] for field in ("value", "low", "high", "n", "too_few")] == pytest.approx(list(expected))
    assert asked(on_both, "trend", metric="nps")["last"] == datetime.now(UTC).date().isoformat()
    assert asked(on_both, "trend", **query)["last"] == "2026-01-04"


def test_two_segments(on_both: Served) -> None:
    recorded(on_both, "SP", BAD, BAD)
    recorded(on_both, "RJ", GOOD, GOOD)
    query = {"metric": "nps", "cut": "region", "key": "attributes.region:SP", "first": "2026-01-01", "to": "2026-01-02"}
    found = asked(on_both, "comparison", with_key="attributes.region:RJ", **query)
    assert (found["one"]["value"], found["other"]["value"]) == (-20, 40)
    assert (found["one"]["n"], found["other"]["n"]) == (200, 200)
    told = found["difference"]
    assert (told["value"], told["verdict"], told["better"], told["pairs"]) == (-60, "below", False, 1)
    assert told["low"] < -60 < told["high"] < 0
    assert told["once_in"] == 1_000_000


def test_of_many_segments_to_choose_from_the_pair_is_told_with_its_odds(on_both: Served) -> None:
    recorded(on_both, "SP", {"10": 50, "3": 50})
    recorded(on_both, "RJ", {"10": 65, "3": 35})
    query = {"metric": "nps", "cut": "region", "key": "attributes.region:SP", "first": "2026-01-01", "to": "2026-01-01"}
    alone = asked(on_both, "comparison", with_key="attributes.region:RJ", **query)["difference"]
    assert (alone["verdict"], alone["pairs"]) == ("below", 1)
    for number in range(27):
        made = row({"10": 20}, metric="nps", region=f"R{number}", window="7d", day=None)
        put(on_both.parts.live.rows, made)
    among = asked(on_both, "comparison", with_key="attributes.region:RJ", **query)["difference"]
    assert (among["verdict"], among["pairs"], among["better"]) == ("picked", 27 * 26 // 2, None)
    assert among["p"] == alone["p"]
    assert among["p_any"] == pytest.approx(1 - (1 - alone["p"]) ** 351)


def test_two_periods_and_everybody_else(on_both: Served) -> None:
    recorded(on_both, "SP", GOOD, GOOD, BAD, BAD)
    recorded(on_both, None, *({"10": 160, "8": 40, "3": 40 + 10 * n} for n in range(4)))
    query = {"metric": "nps", "cut": "region", "key": "attributes.region:SP", "first": "2026-01-03", "to": "2026-01-04"}
    before = asked(on_both, "comparison", **query)
    assert (before["other"]["first"], before["other"]["last"]) == ("2026-01-01", "2026-01-02")
    assert (before["difference"]["value"], before["difference"]["pairs"]) == (-60, 1)
    chosen = asked(on_both, "comparison", with_from="2026-01-01", with_to="2026-01-01", **query)
    assert chosen["other"]["n"] == 100
    rest = asked(on_both, "comparison", rest=True, **query)
    # everybody on the 3rd and 4th: 320 of 10, 80 of 8, 130 of 3, less SP's 60, 40 and 100
    assert (rest["other"]["n"], rest["other"]["value"]) == (330, pytest.approx(100 * (260 - 30) / 330))
    assert rest["other"]["rest"] is True
    page = on_both.client.get(f"/explore?metric=nps&cut=region&key=attributes.region:SP&against=rest&{DAYS}").text
    # everybody but SP on the 3rd alone: 130 of 10, 20 of 8, 10 of 3
    assert f'data-other="{100 * (130 - 10) / 160}"' in page


def test_a_rolling_window_is_that_of_the_live_view(on_both: Served) -> None:
    for region, counts in (("SP", BAD), ("RJ", GOOD)):
        put(on_both.parts.live.rows, row(counts, metric="nps", region=region, window="7d", day=None))
    query = {"metric": "nps", "cut": "region", "key": "attributes.region:SP", "window": "7d"}
    found = asked(on_both, "comparison", with_key="attributes.region:RJ", **query)
    assert (found["one"]["window"], found["one"]["first"], found["difference"]["value"]) == ("7d", None, -60)


def test_a_window_ends_with_the_day_that_is_given(on_both: Served) -> None:
    recorded(on_both, "SP", GOOD, GOOD, BAD, {"10": 3}, BAD)
    query = {"metric": "nps", "cut": "region", "key": "attributes.region:SP", "window": "2d"}
    before = asked(on_both, "comparison", to="2026-01-04", **query)
    sides = [before[side] for side in ("one", "other")]
    assert [(side["window"], side["first"], side["last"], side["n"]) for side in sides] == [
        (None, "2026-01-03", "2026-01-04", 103), (None, "2026-01-01", "2026-01-02", 200),
    ]  # fmt: skip
    assert sides[0]["value"] == pytest.approx(100 * (33 - 50) / 103)
    chosen = asked(on_both, "comparison", to="2026-01-05", with_to="2026-01-03", **query)
    assert (chosen["one"]["n"], chosen["other"]["n"], chosen["other"]["first"]) == (103, 200, "2026-01-02")


MIDNIGHT = datetime(2026, 1, 1, 3, tzinfo=UTC)
"""The first of January in São Paulo, three hours behind UTC."""


@given(
    answers=st.lists(st.tuples(st.integers(0, 12 * 24 - 1), st.integers(0, 10)), max_size=60),
    window=st.integers(2, 14),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_rolling_window_is_that_of_its_answers_counted_anew(
    gateway: Served, answers: list[tuple[int, int]], window: int
) -> None:
    """Against the answers themselves: those whose local time lies in the window."""
    region = f"R{next(_NUMBERS)}"
    said = [(MIDNIGHT + timedelta(hours=hours), score) for hours, score in answers]
    days = [Counter[str]() for _ in range(12)]
    for at, score in said:
        days[(at - timedelta(hours=3)).date().toordinal() - FIRST.toordinal()][str(score)] += 1
    recorded(gateway, region, *(dict(day) for day in days))
    found = asked(
        gateway, "trend", metric="nps", cut="region", key=f"attributes.region:{region}", window=f"{window}d",
        first="2026-01-01", to="2026-01-14",
    )["points"]  # fmt: skip
    assert [point["day"] for point in found] == [(FIRST + timedelta(days=n)).isoformat() for n in range(14)]
    for number, point in enumerate(found):
        end = MIDNIGHT + timedelta(days=number + 1)
        scores = [score for at, score in said if end - timedelta(days=window) <= at < end]
        assert (point["n"], point["too_few"]) == (len(scores), len(scores) < 10)
        if not scores:
            assert (point["value"], point["low"], point["high"]) == (None, None, None)
            continue
        signs = [(score >= 9) - (score <= 6) for score in scores]
        assert point["value"] == pytest.approx(100 * sum(signs) / len(signs), abs=1e-9)
        # Adjusted Wald: three more answers, 3/4 of them at either end; the value itself is always inside.
        weighted = [*((sign, 1.0) for sign in signs), (1, 0.75), (-1, 0.75), (0, 1.5)]
        many = sum(weight for _, weight in weighted)
        mean = sum(sign * weight for sign, weight in weighted) / many
        spread = sum(weight * (sign - mean) ** 2 for sign, weight in weighted) / many
        reach = 1.959964 * math.sqrt(spread / many)
        low, high = max(-100, 100 * (mean - reach)), min(100, 100 * (mean + reach))
        assert point["low"] == pytest.approx(min(low, point["value"]), abs=1e-3)
        assert point["high"] == pytest.approx(max(high, point["value"]), abs=1e-3)


def test_shares_durations_and_too_few(on_both: Served) -> None:
    recorded(on_both, "SP", {"failed": 30, "ok": 70}, metric="outcome")
    recorded(on_both, "RJ", {"failed": 10, "ok": 90}, metric="outcome")
    query = {"cut": "region", "key": "attributes.region:SP", "first": "2026-01-01", "to": "2026-01-01"}
    other = {"with_key": "attributes.region:RJ"}
    failed = asked(on_both, "comparison", metric="outcome", **query, **other)
    assert (failed["unit"], failed["difference"]["value"], failed["difference"]["better"]) == ("percent", 20, False)
    for region, durations in (("SP", range(100, 200, 5)), ("RJ", range(1000, 2000, 50))):
        counts: Counter[str] = Counter()
        for duration in durations:
            counts.update(dict(words_of(duration)))
        recorded(on_both, region, counts, metric="time_to_contact")
    slow = asked(on_both, "comparison", metric="time_to_contact", **query, **other)
    assert (slow["unit"], slow["difference"]["verdict"], slow["difference"]["better"]) == ("seconds", "below", True)
    assert slow["difference"]["value"] == pytest.approx(147.5 - 1475)
    recorded(on_both, "SP", {"10": 3})
    recorded(on_both, "RJ", {"0": 300})
    few = asked(on_both, "comparison", metric="nps", **query, **other)
    assert (few["difference"]["verdict"], few["one"]["too_few"], few["other"]["too_few"]) == ("too_few", True, False)
    nothing = asked(on_both, "comparison", metric="csat", **query, **other)
    assert (nothing["difference"], nothing["one"]["n"], nothing["one"]["value"]) == (None, 0, None)


UNFIT = (
    ("trend", "", "metric"),
    ("trend", "metric=joy", "metric"),
    ("trend", "metric=nps&cut=nowhere", "cut"),
    ("trend", "metric=nps&cut=region", "key"),
    ("trend", "metric=nps&cut=region&key=attributes.region:a%00b", "key"),
    ("trend", "metric=nps&over=7", "over"),
    ("trend", "metric=nps&window=0d", "window"),
    ("trend", "metric=nps&window=1h", "window"),
    ("trend", "metric=nps&window=91d", "window"),
    ("trend", "metric=nps&from=2026-02-01&to=2026-01-01", "from"),
    ("comparison", "metric=nps&window=day", "window"),
    ("comparison", "metric=nps&window=7d&with_from=2026-01-01", "with_from"),
    ("comparison", "metric=nps&window=7d&from=2026-01-01", "from"),
    ("comparison", "metric=nps&window=1h&to=2026-01-09", "window"),
    ("comparison", "metric=nps&window=7d&to=2026-01-09&with_to=2026-01-03", "with_key"),
    ("comparison", "metric=nps&window=7d", "with_key"),
    ("comparison", "metric=nps&rest=true", "rest"),
    ("comparison", "metric=nps&with_cut=region&with_key=attributes.region:SP", "with_key"),
    ("comparison", "metric=nps&with_cut=region", "with_key"),
    ("comparison", "metric=nps&with_cut=nowhere", "with_cut"),
    ("comparison", "metric=nps&from=2026-01-01&to=2026-01-09&with_from=2026-01-09&with_to=2026-01-10", "with_key"),
)


def test_what_does_not_fit_is_named(gateway: Served) -> None:
    for path, query, field in UNFIT:
        answer = gateway.client.get(f"/v1/metrics/{path}?{query}")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field), query
