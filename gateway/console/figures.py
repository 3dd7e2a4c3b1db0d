"""A metric's value as people read it, with its honesty: interval, n, "too few", and how it stands to the whole."""

from collections.abc import Iterable, Mapping
from typing import Literal

from babel.numbers import format_currency
from msgspec import Struct

from gateway.console.catalogue import console_words, number, span
from gateway.console.reader import ConsoleLanguage
from gateway.explore.differences import Difference
from schemas.metric_catalogue import CatalogueEntry
from schemas.metrics import Metric
from schemas.scales import MetricSpec

Tone = Literal["good", "bad", "middle", "even"]

Z95 = 1.959963984540054
"""The 0.975 quantile of the normal distribution: half the width of a 95 % interval in standard errors."""

_STEPS = {"points": 20.0, "percent": 5.0, "scale": 0.5, "seconds": 3600.0, "money": 10.0}
_TITLED = ("nps", "csat", "ces")


class Change(Struct, frozen=True, kw_only=True):
    """A value against the week before. ``tone`` is ``even`` where chance alone would do it."""

    text: str
    """The signed difference."""
    sign: str
    tone: Tone
    told: str
    """The difference in words, with what chance would do."""


class Figure(Struct, frozen=True, kw_only=True):
    """One value. ``text`` has no unit where ``unit`` stands beside it; ``interval`` is empty where there is none."""

    metric: str
    n: int
    text: str
    unit: str
    interval: str
    too_few: bool
    value: float | None
    low: float | None
    high: float | None
    worse: bool = False
    """The whole interval lies on the worse side of the whole's value: more than chance."""
    bars: tuple[tuple[str, int, Tone], ...] = ()
    """Of scores: score, count and tone, from worst to best."""
    change: Change | None = None


def short_name(name: str, language: ConsoleLanguage) -> str:
    """How a metric is called in a column: NPS, Failed, Support quality."""
    words = console_words(language)
    if words.has(f"metric-{name}"):
        return words.say(f"metric-{name}")
    return name.upper() if len(name) <= 4 else sentence(name)


def title(name: str, entry: CatalogueEntry | None, language: ConsoleLanguage) -> str:
    """How a metric is called in full."""
    words = console_words(language)
    if words.has(f"metric-{name}-title"):
        return words.say(f"metric-{name}-title")
    return (entry.title if entry is not None else "") or short_name(name, language)


def sentence(code: str) -> str:
    """``late_delivery`` as ``Late delivery``."""
    words = code.replace("_", " ")
    return words[:1].upper() + words[1:]


def value_text(value: float, entry: CatalogueEntry, language: ConsoleLanguage) -> str:
    """A value without the unit that stands beside it: NPS in signed points, lengths of time and money with theirs."""
    if entry.unit == "seconds":
        return span(value, language)
    if entry.unit == "money":
        return str(format_currency(value, entry.currency or "EUR", locale=language))
    signed = entry.unit == "points" and not entry.title
    return number(value, language, 2 if entry.unit == "scale" else 1, signed=signed)


def unit_of(entry: CatalogueEntry, spec: MetricSpec | None, language: ConsoleLanguage) -> str:
    """What stands beside a value."""
    if entry.unit == "percent":
        return "%"
    if entry.unit == "scale" and spec is not None:
        return console_words(language).say("of-scale", maximum=spec.scale.maximum)
    return ""


def figure(
    row: Metric | None,
    entry: CatalogueEntry,
    spec: MetricSpec | None,
    language: ConsoleLanguage,
    whole: Metric | None = None,
    name: str = "",
    against: Difference | None = None,
) -> Figure:
    """What to show of a row; of no row that there is nothing."""
    if row is None or row.value is None:
        return Figure(
            metric=row.metric if row is not None else name,
            n=row.n if row is not None else 0,
            text="\N{EN DASH}",
            unit="",
            interval="",
            too_few=True,
            value=None,
            low=None,
            high=None,
        )
    interval = ""
    if row.low is not None and row.high is not None:
        low, high = value_text(row.low, entry, language), value_text(row.high, entry, language)
        interval = console_words(language).say("interval", low=low, high=high)
    return Figure(
        metric=row.metric,
        n=row.n,
        text=value_text(row.value, entry, language),
        unit=unit_of(entry, spec, language),
        interval=interval,
        too_few=row.too_few,
        value=row.value,
        low=row.low,
        high=row.high,
        worse=clearly_worse(row, whole, rises=entry.higher_is_better),
        bars=histogram(row.counts, spec) if spec is not None and not row.scale else (),
        change=change(against, entry, language) if against is not None else None,
    )


def change(found: Difference, entry: CatalogueEntry, language: ConsoleLanguage) -> Change:
    """A difference to the week before, in words."""
    words = console_words(language)
    if entry.unit == "seconds":
        sign = "\N{MINUS SIGN}" if found.value < 0 else "+"
        text = sign + span(abs(found.value), language)
    else:
        text = number(found.value, language, 2 if entry.unit == "scale" else 1, signed=True)
    told = found.verdict in ("above", "below")
    up, down = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
    return Change(
        text=text,
        sign="" if not told else up if found.value > 0 else down,
        tone="even" if not told else "good" if found.better else "bad",
        told=words.say(
            f"change-{found.verdict}", difference=text, once=number(found.once_in, language), pairs=found.pairs
        ),
    )


def clearly_worse(row: Metric, whole: Metric | None, *, rises: bool) -> bool:
    """Whether the 95 % interval of a row lies on the worse side of the whole's value."""
    if whole is None or whole.value is None or row.too_few or row.low is None or row.high is None:
        return False
    return row.high < whole.value if rises else row.low > whole.value


def standing(row: Metric, whole: Metric | None, *, rises: bool) -> float | None:
    """How far a row stands from the whole, in standard errors of the row; negative is worse. None: cannot be said."""
    if whole is None or whole.value is None or row.value is None or row.too_few:
        return None
    if row.low is None or row.high is None or row.high <= row.low:
        return None
    away = (row.value - whole.value) / ((row.high - row.low) / (2 * Z95))
    return away if rises else -away


def limits(entry: CatalogueEntry, spec: MetricSpec | None) -> tuple[float, float]:
    """The values that a metric can have."""
    if entry.unit == "points":
        return (0.0, 100.0) if entry.title else (-100.0, 100.0)
    if entry.unit == "scale" and spec is not None:
        return float(spec.scale.minimum), float(spec.scale.maximum)
    return 0.0, 100.0 if entry.unit == "percent" else float("inf")


def axis(rows: Iterable[Metric | None], entry: CatalogueEntry, spec: MetricSpec | None) -> tuple[float, float]:
    """The part of a metric's range that these rows need, on round numbers, so that it stays while values move."""
    least, most = limits(entry, spec)
    ends = [
        end
        for row in rows
        if row is not None and not row.too_few and row.low is not None and row.high is not None
        for end in (row.low, row.high)
    ]
    step = _STEPS[entry.unit]
    if not ends:
        return least, most if most != float("inf") else step
    low = max(least, min(ends) // step * step)
    high = min(most, -(-max(ends) // step) * step)
    return (low, high) if high > low else (least, low + step)


def histogram(counts: Mapping[str, int], spec: MetricSpec) -> tuple[tuple[str, int, Tone], ...]:
    """The scores of a metric from worst to best, with their counts and whether they are good."""
    scale = spec.scale
    bars: list[tuple[str, int, Tone]] = []
    for score in range(scale.minimum, scale.maximum + 1):
        away = scale.maximum - score if scale.higher_is_better else score - scale.minimum
        passive = 3 if spec.kind == "nps" else (scale.maximum - scale.minimum) / 2
        tone: Tone = "good" if away <= 1 else "middle" if away <= passive else "bad"
        bars.append((str(score), counts.get(str(score), 0), tone))
    return tuple(bars if scale.higher_is_better else reversed(bars))
