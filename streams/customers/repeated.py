"""The rule ``repeated``: a customer's n-th bad answer within a time. Pure.

Every alert tells of n answers that no alert of the rule has told of before. So the n-th bad answer makes an alert, the
next n - 1 make none, and the 2n-th makes the second: what is told twice is noise, and what is never told again is
forgotten. The answers are those within the time by their own clock. One that arrives late completes a streak if it is
the n-th to be known; the alert is then about it. An answer too old to alert (``alert_max_age``) completes nothing: it
is remembered, and the next one that is fresh does.
"""

from collections.abc import Iterator, Sequence

import msgspec

from schemas.config_base import seconds
from schemas.config_rules import RepeatedRule
from schemas.events import Event, Response
from schemas.scales import Scale
from schemas.signals import SignalEvent
from streams.counting.series import Dimensions
from streams.counting.windows import Horizon
from streams.customers.memory import CustomerMemory, Fact, customer_digest, event_digest
from streams.customers.observation import Observation
from streams.customers.streaks import completed, span, tally
from streams.flagging.detect import Flag, reaches
from streams.plan import Plan

_UNTOLD, _TOLD, _WITHDRAWN = 0, 1, 2


class BadAnswer(Fact, frozen=True, array_like=True, gc=False):
    """A bad answer: its metric, whether an alert has told of it, and the revision that stands for it now, if any."""

    metric: str
    state: int = _UNTOLD
    standing: bytes = b""

    def is_known_as(self, event: bytes) -> bool:
        """Whether the event with this digest is this answer, or the revision that stands for it."""
        return event in (self.id, self.standing)


class RepeatedAnswers:
    """One rule of the kind ``repeated``, on a partition of answers.

    Memory: the bad answers of ``within`` and ``alert_max_age`` together, 256 a customer at most. One older than
    both could be part of no streak that still alerts.
    """

    def __init__(self, rule: RepeatedRule, plan: Plan, horizon: Horizon, prefix: bytes) -> None:
        """``horizon`` knows the loop's now. ``prefix`` begins the keys of the rows."""
        self.prefix = prefix
        self._rule = rule
        self._within_s = seconds(rule.within)
        self._max_age_s = plan.alert_max_age_s
        self._keep_s = self._within_s + self._max_age_s
        self._metrics = plan.metrics
        self._horizon = horizon
        self._memory = CustomerMemory(prefix, BadAnswer, self._keep_s)

    def observe(self, event: Event, when: float, scale: Scale | None, dimensions: Dimensions) -> Observation | None:
        """Remember a bad answer, and flag the one that completes a streak."""
        del dimensions
        answer = event.data
        if scale is None or not isinstance(answer, Response):
            return None
        threshold = self._rule.at_or_below.get(answer.metric)
        bad = threshold is not None and reaches(answer.score, scale, threshold, self._metrics[answer.metric].scale)
        if not bad and answer.revises is None:
            return None
        now = when if self._horizon.now is None else self._horizon.now
        if when < now - self._keep_s:
            return None
        new = BadAnswer(when, event_digest(event.source, event.id), answer.metric, _UNTOLD if bad else _WITHDRAWN)
        customer = customer_digest(answer.customer_id)
        held = self._memory.of(customer, now - self._keep_s)
        if any(fact.is_known_as(new.id) for fact in held):
            return None  # it comes after its own revision
        if answer.revises is not None:
            new = _revised(held, event_digest(event.source, answer.revises), new)
        self._memory.put(customer, new)
        return self._flag(customer, new, now) if new.state == _UNTOLD and when >= now - self._max_age_s else None

    def signal(self, event: SignalEvent, when: float, dimensions: Dimensions) -> Observation | None:
        """Signals say nothing about answers."""
        del event, when, dimensions
        return None

    def rows(self, now: float) -> Iterator[tuple[bytes, bytes | None]]:
        """The rows since the last call."""
        return self._memory.rows(now)

    def restore(self, key: bytes, value: bytes) -> None:
        """Take back a row."""
        self._memory.restore(key, value)

    def _flag(self, customer: bytes, new: BadAnswer, now: float) -> Observation | None:
        rule = self._rule
        untold = [fact for fact in self._memory.of(customer, now - self._keep_s) if fact.state == _UNTOLD]
        streak = completed(untold, new, rule.count, self._within_s)
        if not streak:
            return None
        for fact in streak:
            self._memory.put(customer, msgspec.structs.replace(fact, state=_TOLD))
        what = tally(fact.metric for fact in streak)
        reason = f"{len(streak)} bad answers within {span(rule.within)}: {what}."
        return Observation(flags=[Flag(rule.name, rule.severity, rule.programme, reason)])


def _revised(held: Sequence[BadAnswer], revises: bytes, new: BadAnswer) -> BadAnswer:
    """What stands once a revision has come.

    A bad answer that is revised stays where it was in time, and what an alert has told stays told. An answer that was
    good, or is not known, is no part of any streak: a bad revision of it is a bad answer of its own time.
    """
    for fact in held:
        if fact.is_known_as(revises):
            state = _TOLD if fact.state == _TOLD else new.state
            return msgspec.structs.replace(fact, metric=new.metric, state=state, standing=new.id)
    return msgspec.structs.replace(new, id=revises, standing=new.id)
