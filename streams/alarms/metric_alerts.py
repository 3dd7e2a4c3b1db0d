"""Alerts about metrics: what a series is called, and a plain sentence about what happened to it. Pure.

No customer is meant and none is named: an alert has the cut's values, numbers and hours.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha1
from typing import NamedTuple

from schemas.alerts import Alert, alert_id
from schemas.config_rules import FallRule, StoppedRule
from schemas.metrics import OUTCOME, Series
from streams.metrics.readings import Reading

SOURCE = "/closeloop/metrics"
"""The ``event_source`` of alerts about metrics: no app's event stands behind them."""

MAX_LABEL = 200
"""Characters of a label. Of a longer one the end is a digest of the whole."""

COMING = "answers"
"""What is watched of a series that may stop coming: its answers, or its touchpoints."""

BEGAN = "began"
"""What an alert says first; everything else says that it is over."""

_ATTRIBUTE = "attributes."
_FIELDS = frozenset({"touchpoint", "channel", "language", "outcome"})
_PLAIN = re.compile(r"[^\s=\"\\]+")


class Subject(NamedTuple):
    """The series that an alert is about: its metric, its label, the values of its cut by field, which way is good."""

    metric: str
    label: str
    values: Mapping[str, str]
    higher_is_better: bool


def subject(series: Series, fields: tuple[str, ...], what: str, *, higher_is_better: bool) -> Subject:
    """The subject of a series of a cut with these fields. ``what`` is watched of it: a window, or :data:`COMING`.

    The label is the same in every process and for ever, and differs between series: ``nps 7d region=SP``,
    ``nps answers region=SP``, ``touchpoints region=SP``.
    """
    values = dict(zip(fields, series.values, strict=True))
    if what == COMING and series.metric == OUTCOME:
        parts = ["touchpoints"]
    else:
        parts = [f"{series.metric}({series.scale})" if series.scale else series.metric, what]
    parts.extend(f"{_name(field)}={_quoted(value)}" for field, value in values.items())
    label = " ".join(parts)
    if len(label) > MAX_LABEL:
        label = f"{label[: MAX_LABEL - 9]}~{sha1(label.encode(), usedforsecurity=False).hexdigest()[:8]}"
    return Subject(series.metric, label, values, higher_is_better)


def fallen(rule: FallRule, at: Subject, after: Reading, before: Reading, z: float) -> str:
    """The sentence about a fall."""
    moved = "fell" if at.higher_is_better else "rose"
    return (
        f"{_what(at, rule)} {moved} to {_spelt(after)} from {_spelt(before)} in the rest of the last {rule.baseline}: "
        f"{z:.1f} standard errors, more than chance explains."
    )


def recovered(rule: FallRule, at: Subject, after: Reading, before: float) -> str:
    """The sentence about a recovery."""
    return f"{_what(at, rule)} is back at {_spelt(after)}; it was {_number(before)} before."


def settled(rule: FallRule, at: Subject, after: Reading, before: float) -> str:
    """The sentence about a level that has become the usual one."""
    return (
        f"{_what(at, rule)} has stayed away from {_number(before)} for {rule.baseline} and is at {_spelt(after)}: "
        "this is taken as its level from now on."
    )


def silent(at: Subject, seen: int, expected: float, since_hour: int) -> str:
    """The sentence about a series that stopped. ``since_hour`` is in hours since the epoch."""
    return f"{seen} {_things(at)} came since {_hour(since_hour)}, where about {expected:.0f} are usual."


def returned(at: Subject, since_hour: int) -> str:
    """The sentence about a series that is back."""
    return f"{_things(at)} are coming again after a silence that began at {_hour(since_hour)}."


def given_up(at: Subject, since_hour: int, days: int) -> str:
    """The sentence about a series that has been silent for so long that it is not expected any more."""
    return f"Hardly any {_things(at)} came for {days} days, since {_hour(since_hour)}: they are not expected any more."


def metric_alert(
    rule: FallRule | StoppedRule,
    at: Subject,
    reason: str,
    what: str,
    since: int,
    event_time: float,
    detected_at: float,
) -> Alert:
    """The alert. Its id follows from the rule, the series, ``since`` (when it began, seconds UTC) and ``what`` is said.

    Whatever is said but :data:`BEGAN` tells that it is over.
    """
    event_id = f"{at.label}@{since}:{what}"
    return Alert(
        id=alert_id(SOURCE, event_id, rule.name),
        rule=rule.name,
        reason=reason,
        severity=rule.severity,
        programme=rule.programme,
        customer_id=at.label,
        event_source=SOURCE,
        event_id=event_id,
        event_time=datetime.fromtimestamp(event_time, UTC),
        detected_at=datetime.fromtimestamp(detected_at, UTC),
        subject="metric",
        recovered=what != BEGAN,
        metric=at.metric,
        higher_is_better=at.higher_is_better,
        touchpoint=at.values.get("touchpoint"),
        channel=at.values.get("channel"),
        language=at.values.get("language"),
        attributes={
            field.removeprefix(_ATTRIBUTE): value for field, value in at.values.items() if field.startswith(_ATTRIBUTE)
        },
    )


def _what(at: Subject, rule: FallRule) -> str:
    return f"{'The share of failed touchpoints' if at.metric == OUTCOME else at.metric} over {rule.window}"


def _things(at: Subject) -> str:
    return "touchpoints" if at.metric == OUTCOME else f"answers to {at.metric}"


def _spelt(summary: Reading) -> str:
    if summary.value is None or summary.low is None or summary.high is None:
        return "nothing (n = 0)"
    low, high = _number(summary.low), _number(summary.high)
    return f"{_number(summary.value)} (95 % interval {low} to {high}, n = {summary.n})"


def _number(value: float) -> str:
    return f"{value:.1f}"


def _hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _name(field: str) -> str:
    """The field as the label has it: an attribute without its prefix, unless it has the name of a field."""
    bare = field.removeprefix(_ATTRIBUTE)
    return field if bare in _FIELDS or not _PLAIN.fullmatch(bare) else bare


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
