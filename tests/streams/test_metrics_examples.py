"""The worked examples of docs/metrics.md: what the page shows is what the code computes, and plain arithmetic too."""

import re
from collections.abc import Callable, Mapping
from math import sqrt
from pathlib import Path
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple

import pytest

from schemas.config import Csi, Invitations, Lifecycle
from schemas.durations import RELATIVE_ERROR, words_of
from schemas.metrics import LIFECYCLE, LIFECYCLE_METRICS, Part
from schemas.scales import DEFAULT_METRICS, MetricSpec, Scale
from streams.metrics.measures import measured
from streams.metrics.readings import Counted, Reading
from streams.plan import Plan
from tests.streams.survey_events import plan

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
Z = NormalDist().inv_cdf(0.975)
MONTH_S = 30 * 86_400
Shown = dict[str, float]


class Example(NamedTuple):
    """A section of the page: its metric, the table of what was counted, and that of what is shown."""

    metric: str
    counted: dict[str, int]
    shown: Shown
    digits: dict[str, int]
    """How many decimals the page gives."""


def _plan() -> Plan:
    return plan(
        metrics={**DEFAULT_METRICS, "effort": MetricSpec("mean", Scale(1, 5, higher_is_better=False))},
        minimum_n=10,
        csi=Csi(weights={"nps": 1, "csat": 2, "ces": 1}),
        lifecycle=Lifecycle(currency="EUR", gross_margin=0.6),
        invitations=Invitations(),
    )


def _examples() -> dict[str, Example]:
    found = {}
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        names = re.findall(r"`(\w+)`", section.splitlines()[0])
        tables = re.findall(r"(?:^\|.*\n)+", section.partition("### Example")[2], re.MULTILINE)
        if not tables:
            continue
        assert len(tables) == 2, f"{names}: an example is a table of what was counted, and one of what is shown"
        counted, shown = (
            [[cell.strip() for cell in row.strip("|\n").split("|")] for row in t.splitlines()[2:]] for t in tables
        )
        numbers = {row[0].strip("`"): row[1].replace(",", "") for row in shown}
        found[names[0]] = Example(
            names[0],
            {row[0].strip("`"): int(row[1].replace(",", "")) for row in counted},
            {name: float(text) for name, text in numbers.items()},
            {name: len(text.partition(".")[2]) for name, text in numbers.items()},
        )
    return found


EXAMPLES = _examples()


def _computed(example: Example) -> Shown:
    """What the code says, under the names that the page uses."""
    counts: dict[str, int] = {}
    ever: dict[str, int] = {}
    for word, count in example.counted.items():
        if example.metric.startswith("time_to_"):
            for part, times in words_of(float(word)):
                counts[part] = counts.get(part, 0) + times * count
        elif word == "customers":
            ever[word] = count
        else:
            counts[word] = count
    asked = measured(_plan())
    series = LIFECYCLE if example.metric in LIFECYCLE_METRICS else example.metric
    measure = dict(asked[series].metrics)[example.metric]
    reading = measure(Counted(counts, asked[series].scale, 10, MONTH_S, ever))
    assert isinstance(reading, Reading)
    assert not reading.too_few
    shown = {**_numbers("", Part(reading.value, reading.low, reading.high, reading.n)), **reading.quantiles}
    for name, part in reading.parts.items():
        shown |= _numbers(f"{name} ", part)
    if series == LIFECYCLE:
        shown |= {name: float(reading.counts[name]) for name in ("start", "end", "won", "lost")}
    return shown


def _numbers(lead: str, part: Part) -> Shown:
    numbers = {"value": part.value, "low": part.low, "high": part.high, "n": part.n}
    return {lead + name: float(number) for name, number in numbers.items() if number is not None}


def _share(hits: int, n: int, lead: str = "") -> Shown:
    """Wilson: the shares that a score test at 5 % does not reject, as the roots of its quadratic."""
    a, b, c = n + Z * Z, -(2 * hits + Z * Z), hits * hits / n
    root = sqrt(b * b - 4 * a * c)
    low, high = (-b - root) / (2 * a), (-b + root) / (2 * a)
    return {f"{lead}value": 100 * hits / n, f"{lead}low": 100 * low, f"{lead}high": 100 * high, f"{lead}n": n}


def _each(counts: Mapping[str, int]) -> list[int]:
    """The scores one by one."""
    return [int(score) for score, count in counts.items() for _ in range(count)]


def _mean(scores: list[int], low: float, high: float) -> Shown:
    mean, reach = fmean(scores), Z * stdev(scores) / sqrt(len(scores))
    return {"value": mean, "low": max(low, mean - reach), "high": min(high, mean + reach), "n": len(scores)}


def _nps(counts: Mapping[str, int]) -> Shown:
    scores = _each(counts)
    n = len(scores)
    promoters, detractors = len([s for s in scores if s >= 9]), len([s for s in scores if s <= 6])
    p, d = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    reach = Z * sqrt((p + d - (p - d) ** 2) / (n + 3))
    return {
        "value": 100 * (promoters - detractors) / n, "n": n,
        "low": 100 * (p - d - reach), "high": 100 * (p - d + reach),
    }  # fmt: skip


def _ces(counts: Mapping[str, int]) -> Shown:
    scores = _each(counts)
    return {**_mean(scores, 1, 7), **_share(len([s for s in scores if s >= 6]), len(scores), "top_box ")}


def _effort(counts: Mapping[str, int]) -> Shown:
    scores = _each(counts)
    return {**_mean(scores, 1, 5), **_share(len([s for s in scores if s <= 2]), len(scores), "top_box ")}


def _times(counts: Mapping[str, int]) -> Shown:
    times = sorted(_each(counts))
    return {
        **_mean(times, 0, 1e9),
        "p50": times[50 * (len(times) - 1) // 100],
        "p90": times[90 * (len(times) - 1) // 100],
    }


def _csi(counts: Mapping[str, int]) -> Shown:
    shown: Shown = {"ces n": 0}
    index = variance = 0.0
    for metric, weight, lowest, length in (("nps", 1, 0, 10), ("csat", 2, 1, 4)):
        own = {word.split(":")[1]: count for word, count in counts.items() if word.startswith(f"{metric}:")}
        points = [100 * (score - lowest) / length for score in _each(own)]
        error = stdev(points) / sqrt(len(points))
        share = weight / 3
        index, variance = index + share * fmean(points), variance + (share * error) ** 2
        shown |= {
            f"{metric} value": fmean(points), f"{metric} low": fmean(points) - Z * error,
            f"{metric} high": fmean(points) + Z * error, f"{metric} n": len(points),
        }  # fmt: skip
    reach = Z * sqrt(variance)
    return {**shown, "value": index, "low": index - reach, "high": index + reach, "n": sum(counts.values())}


def _customers(counts: Mapping[str, int]) -> dict[str, int]:
    end = counts["customers"]
    won, lost = counts["joined"] - counts["gone"], counts["left"] - counts["gone"]
    return {"start": end - won + lost, "end": end, "won": won, "lost": lost}


def _retention(counts: Mapping[str, int]) -> Shown:
    c = _customers(counts)
    return {**_share(c["end"] - c["won"], c["start"]), **c}


def _churn(counts: Mapping[str, int]) -> Shown:
    c = _customers(counts)
    return {**_share(c["lost"], c["start"]), **c}


def _clv(counts: Mapping[str, int]) -> Shown:
    c = _customers(counts)
    churn = _share(c["lost"], c["start"])
    each = (counts["revenue"] - counts["refunded"]) / 100 / ((c["start"] + c["end"]) / 2)
    shown: Shown = {
        **c,
        "n": c["start"],
        "revenue_per_customer value": each,
        "revenue_per_customer n": counts["purchases"],
    }
    shown["lifetime_days n"] = c["start"]
    for name, of in (("value", "value"), ("low", "high"), ("high", "low")):
        shown[f"lifetime_days {name}"] = 30 / (churn[of] / 100)
        shown[name] = each * 0.6 / (churn[of] / 100)
    return shown


PLAIN: dict[str, Callable[[Mapping[str, int]], Shown]] = {
    "nps": _nps,
    "csat": lambda counts: _share(counts["4"] + counts["5"], sum(counts.values())),
    "ces": _ces,
    "effort": _effort,
    "outcome": lambda counts: _share(counts["failed"], sum(counts.values())),
    "response_rate": lambda counts: _share(counts["answered"], counts["invited"]),
    "recovered": lambda counts: _share(counts["recovered"], sum(counts.values())),
    "time_to_contact": _times,
    "in_sla_contact": lambda counts: _share(counts["in_sla"], sum(counts.values())),
    "csi": _csi,
    "retention": _retention,
    "churn": _churn,
    "clv": _clv,
}


@pytest.mark.parametrize("metric", PLAIN)
def test_the_page_the_code_and_plain_arithmetic_agree(metric: str) -> None:
    example = EXAMPLES[metric]
    plain, computed = PLAIN[metric](example.counted), _computed(example)
    assert example.shown.keys() == plain.keys() == computed.keys()
    for name, exact in plain.items():
        assert example.shown[name] == round(exact, example.digits[name]), name
        close = pytest.approx(exact, rel=1e-9, abs=1e-9)
        if metric.startswith("time_to_") and name in {"p50", "p90"}:
            close = pytest.approx(exact, rel=RELATIVE_ERROR)
        elif metric.startswith("time_to_") and name in {"low", "high"}:
            close = pytest.approx(exact, abs=_spread_error(example.counted))
        assert computed[name] == close, name


def _spread_error(counts: Mapping[str, int]) -> float:
    """How far the ends of the interval may be: the sketch moves the standard error by 1 % of the root mean square."""
    times = _each(counts)
    return Z * RELATIVE_ERROR * sqrt(fmean(time * time for time in times) / len(times))


def test_every_metric_of_the_product_is_on_the_page() -> None:
    assert EXAMPLES.keys() == PLAIN.keys()
    said = {name for series in measured(_plan()).values() for name, _ in series.metrics}
    assert {name for name in said if f"`{name}`" not in PAGE} == set()


def test_every_section_says_what_a_reader_needs() -> None:
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        if "### Example" in section:
            for word in ("Formula", "Unit", "Interval", "Source", "Good for", "Limits"):
                assert f"**{word}**" in section, (section.splitlines()[0], word)
