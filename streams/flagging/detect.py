"""Which answers call for somebody: the rules of loop.yaml over one response. Pure: now is an argument."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from schemas.alerts import SEVERITIES, Alert, Severity, alert_id
from schemas.config_rules import ContactRule, ContradictionRule, Rule, ThresholdRule, WordsRule
from schemas.events import Response, ResponseEvent
from schemas.scales import MetricSpec, Scale
from schemas.signals import SignalEvent
from streams.flagging.words import WordList, WordSearch


class Flag(NamedTuple):
    """What a rule says about an answer; the reason holds none of the customer's words.

    ``page`` is False where nobody is to be disturbed.
    """

    rule: str
    severity: Severity
    programme: str
    reason: str
    page: bool = True


class Detector:
    """The rules that one answer meets by itself.

    Verdicts of threshold and contact rules are remembered: they depend on metric, scale, score and the wish for
    contact alone. Comments are looked at only where a rule asks for their words; what they met is not remembered.
    """

    def __init__(self, rules: Sequence[Rule], metrics: Mapping[str, MetricSpec]) -> None:
        self._rules = tuple(rules)
        self._metrics = metrics
        self._verdicts: dict[tuple[str, int, bool], tuple[Flag, ...]] = {}
        lists: list[WordList] = []
        for rule in self._rules:
            lists.extend(_word_lists(rule))
        self._search = WordSearch(lists) if lists else None

    @property
    def reads_comments(self) -> bool:
        """Whether what is said of an answer can follow from its words."""
        return self._search is not None

    def flags(self, response: Response, scale: Scale) -> tuple[Flag, ...]:
        """What the rules say about a response given on ``scale``, in the order of loop.yaml."""
        if self._search is not None and response.comment:
            met = self._search.find(response.comment, response.language)
            if met:
                return self._judge(response, scale, met)
        spec = self._metrics[response.metric]
        if scale is not spec.scale and scale != spec.scale:
            return self._judge(response, scale)
        case = (response.metric, response.score, response.contact_requested)
        known = self._verdicts.get(case)
        if known is None:
            known = self._verdicts[case] = self._judge(response, scale)
        return known

    def _judge(self, response: Response, scale: Scale, met: frozenset[int] = frozenset()) -> tuple[Flag, ...]:
        """``met`` are the numbers of the word lists that the comment holds a word of."""
        flags: list[Flag] = []
        first = 0
        for rule in self._rules:
            lists = len(_word_lists(rule))
            flag = self._apply(rule, response, scale, [first + number in met for number in range(lists)])
            first += lists
            if flag is not None:
                flags.append(flag)
        return tuple(flags)

    def _apply(self, rule: Rule, response: Response, scale: Scale, met: Sequence[bool]) -> Flag | None:
        """``met`` says for each of the rule's word lists whether the comment holds a word of it."""
        if isinstance(rule, ThresholdRule):
            return self._threshold(rule, response, scale)
        reason: str | None = None
        if isinstance(rule, ContactRule) and response.contact_requested:
            reason = "The customer asks to be contacted."
        elif isinstance(rule, WordsRule) and met[0]:
            # Not even which word it was: beside a customer's name that would be a piece of the comment.
            reason = f"The comment holds words that the rule {rule.name} looks for."
        elif isinstance(rule, ContradictionRule):
            reason = _contradiction(response, scale, praise=met[0], anger=met[1])
        if reason is None:
            return None
        return Flag(rule.name, rule.severity, rule.programme, reason, page=not isinstance(rule, ContradictionRule))

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


def at_worst_end(score: int, scale: Scale) -> bool:
    """Whether a score lies within a tenth of the scale's length of its bad end: 0 and 1 on 0..10, 1 on 1..5 and 1..7.

    On 0..10 the second score belongs to the end, because 1 is the best mark to whoever takes the scale for a ranking.
    """
    return _from_bad_end(score, scale) * 10 <= _length(scale)


def at_best_end(score: int, scale: Scale) -> bool:
    """Whether a score lies within a tenth of the scale's length of its good end: 9 and 10 on 0..10, 5 on 1..5."""
    return (_length(scale) - _from_bad_end(score, scale)) * 10 <= _length(scale)


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
            page=flag.page,
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
            page=flag.page,
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


def _word_lists(rule: Rule) -> Sequence[WordList]:
    if isinstance(rule, WordsRule):
        return (rule.words,)
    return (rule.praise, rule.anger) if isinstance(rule, ContradictionRule) else ()


def _contradiction(response: Response, scale: Scale, *, praise: bool, anger: bool) -> str | None:
    """Why the words contradict the score. Praise and anger in one comment do not: it speaks of more than one thing."""
    if praise and not anger and at_worst_end(response.score, scale):
        return f"Words of praise, but {_given(response, scale)}: to be verified."
    if anger and not praise and at_best_end(response.score, scale):
        return f"Words of anger, but {_given(response, scale)}: to be verified."
    return None


def _given(response: Response, scale: Scale) -> str:
    given = f"{response.metric} {response.score} on {scale.minimum}..{scale.maximum}"
    return given if scale.higher_is_better else f"{given} (low is good)"


def _reason(response: Response, scale: Scale, limit: int, declared: Scale) -> str:
    given = _given(response, scale)
    side = "at or below" if declared.higher_is_better else "at or above"
    if scale == declared:
        return f"{given} is {side} {limit}."
    return f"{given} is as bad as {side} {limit} on {declared.minimum}..{declared.maximum}."
