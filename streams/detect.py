"""Which answers call for somebody: the rules of loop.yaml over one response. Pure: now is an argument."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from schemas.alerts import SEVERITIES, Alert, Severity, alert_id
from schemas.config import ContactRule, Rule, ThresholdRule
from schemas.events import Response, ResponseEvent
from schemas.scales import MetricSpec, Scale
from schemas.signals import SignalEvent


class Flag(NamedTuple):
    """What a rule says about an answer; the reason holds none of the customer's words."""

    rule: str
    severity: Severity
    programme: str
    reason: str


class Detector:
    """The rules, with their verdicts remembered: they depend on metric, scale, score and the wish for contact alone."""

    def __init__(self, rules: Sequence[Rule], metrics: Mapping[str, MetricSpec]) -> None:
        self._rules = tuple(rules)
        self._metrics = metrics
        self._verdicts: dict[tuple[str, int, bool], tuple[Flag, ...]] = {}

    def flags(self, response: Response, scale: Scale) -> tuple[Flag, ...]:
        """What the rules say about a response given on ``scale``, in the order of loop.yaml."""
        spec = self._metrics[response.metric]
        if scale is not spec.scale and scale != spec.scale:
            return self._judge(response, scale)
        case = (response.metric, response.score, response.contact_requested)
        known = self._verdicts.get(case)
        if known is None:
            known = self._verdicts[case] = self._judge(response, scale)
        return known

    def _judge(self, response: Response, scale: Scale) -> tuple[Flag, ...]:
        flags = (self._apply(rule, response, scale) for rule in self._rules)
        return tuple(flag for flag in flags if flag is not None)

    def _apply(self, rule: Rule, response: Response, scale: Scale) -> Flag | None:
        if isinstance(rule, ContactRule):
            if not response.contact_requested:
                return None
            return Flag(rule.name, rule.severity, rule.programme, "The customer asks to be contacted.")
        return self._threshold(rule, response, scale) if isinstance(rule, ThresholdRule) else None

    def _threshold(self, rule: ThresholdRule, response: Response, scale: Scale) -> Flag | None:
        declared = self._metrics[response.metric].scale
        threshold = rule.at_or_below.get(response.metric)
        if threshold is None or not reaches(response.score, scale, threshold, declared):
            return None
        critical = rule.critical_at_or_below.get(response.metric)
        grave = critical is not None and reaches(response.score, scale, critical, declared)
        severity: Severity = SEVERITIES[-1] if grave else rule.severity
        limit = critical if grave and critical is not None else threshold
        return Flag(rule.name, severity, rule.programme, _reason(response, scale, limit, declared))


def reaches(score: int, scale: Scale, threshold: int, declared: Scale) -> bool:
    """Whether a score is as bad as a threshold of the metric's declared scale, or worse.

    On the declared scale: at or below the threshold, or at or above it where low is good. An answer given on another
    scale is compared by its distance from the bad end as a share of the scale's length: 2 on 1..5 is a quarter of the
    way from the bad end, and so flags 1 to 3 on 1..10, and 4 and 5 on 1..5 where low is good.
    """
    return _from_bad_end(score, scale) * _length(declared) <= _from_bad_end(threshold, declared) * _length(scale)


def alerts(event: ResponseEvent, flags: Sequence[Flag], scale: Scale, detected_at: datetime) -> list[Alert]:
    """One alert a flag, under an id that follows from the event and the rule."""
    answer = event.data
    return [
        Alert(
            id=alert_id(event.source, event.id, flag.rule),
            rule=flag.rule,
            reason=flag.reason,
            severity=flag.severity,
            programme=flag.programme,
            customer_id=answer.customer_id,
            event_source=event.source,
            event_id=event.id,
            event_time=event.time,
            detected_at=detected_at,
            metric=answer.metric,
            score=answer.score,
            scale_min=scale.minimum,
            scale_max=scale.maximum,
            higher_is_better=scale.higher_is_better,
            touchpoint=answer.touchpoint,
            touchpoint_event_id=answer.touchpoint_event_id,
            channel=answer.channel,
            language=answer.language,
            comment=answer.comment,
            contact_requested=answer.contact_requested,
            attributes=answer.attributes,
        )
        for flag in flags
    ]


def signal_alerts(event: SignalEvent, flags: Sequence[Flag], detected_at: datetime) -> list[Alert]:
    """One alert a flag, about what a signal told: there is no answer and so no score."""
    told = event.data
    return [
        Alert(
            id=alert_id(event.source, event.id, flag.rule),
            rule=flag.rule,
            reason=flag.reason,
            severity=flag.severity,
            programme=flag.programme,
            customer_id=told.customer_id,
            event_source=event.source,
            event_id=event.id,
            event_time=event.time,
            detected_at=detected_at,
            touchpoint=told.touchpoint,
            channel=told.channel,
            language=told.language,
            attributes=told.attributes,
        )
        for flag in flags
    ]


def _from_bad_end(score: int, scale: Scale) -> int:
    return score - scale.minimum if scale.higher_is_better else scale.maximum - score


def _length(scale: Scale) -> int:
    return scale.maximum - scale.minimum


def _reason(response: Response, scale: Scale, limit: int, declared: Scale) -> str:
    given = f"{response.metric} {response.score} on {scale.minimum}..{scale.maximum}"
    if not scale.higher_is_better:
        given += " (low is good)"
    side = "at or below" if declared.higher_is_better else "at or above"
    if scale == declared:
        return f"{given} is {side} {limit}."
    return f"{given} is as bad as {side} {limit} on {declared.minimum}..{declared.maximum}."
