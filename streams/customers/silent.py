"""The rule ``silent``: a customer's n-th failed touchpoint within a time in which they have answered nothing. Pure.

The failures are told by signals, the answers are here. All is judged by the time of the events: the failures are those
within the time before the last of them, and no answer may lie in that time. An answer given later does not undo that
the customer was silent; one given in that time but arriving after the alert comes too late for it, and counts for the
next. As with ``repeated``, an alert tells of failures that no alert of the rule has told of before, and a failure too
old to alert completes nothing.
"""

from bisect import bisect_left
from collections.abc import Iterator

import msgspec

from schemas.config_base import seconds
from schemas.config_rules import SilentRule
from schemas.events import Event, Response
from schemas.scales import Scale
from schemas.signals import SignalEvent
from streams.counting.series import Dimensions
from streams.counting.windows import Horizon
from streams.customers.memory import CustomerMemory, Fact, customer_digest, event_digest
from streams.customers.observation import Observation
from streams.customers.streaks import completed, span, tally
from streams.flagging.detect import Flag
from streams.plan import Plan


class Failure(Fact, frozen=True, array_like=True, gc=False):
    """A failed touchpoint, and whether an alert has told of it."""

    touchpoint: str
    told: bool = False


class SilentCustomers:
    """One rule of the kind ``silent``, on a partition of answers.

    Memory: the failures of ``within`` and ``alert_max_age`` together, 256 a customer at most, and of each customer's
    answers of that time as many as say where the silences lie: about two for each ``within``.
    """

    def __init__(self, rule: SilentRule, plan: Plan, horizon: Horizon, prefix: bytes) -> None:
        """``horizon`` knows the loop's now. ``prefix`` begins the keys of the rows, ending in a comma."""
        self.prefix = prefix
        self._rule = rule
        self._within_s = seconds(rule.within)
        self._max_age_s = plan.alert_max_age_s
        self._keep_s = self._within_s + self._max_age_s
        self._horizon = horizon
        self._failures = CustomerMemory(prefix + b'"failures",', Failure, self._keep_s)
        self._answers = CustomerMemory(prefix + b'"answers",', Fact, self._keep_s, tidy=self._thin)

    def observe(self, event: Event, when: float, scale: Scale | None, dimensions: Dimensions) -> Observation | None:
        """Remember that a customer has answered."""
        del scale, dimensions
        answer = event.data
        if isinstance(answer, Response) and when >= self._now(when) - self._keep_s:
            self._answers.put(customer_digest(answer.customer_id), Fact(when, event_digest(event.source, event.id)))
        return None

    def signal(self, event: SignalEvent, when: float, dimensions: Dimensions) -> Observation | None:
        """Remember a failed touchpoint, and flag the one that completes a streak without an answer."""
        del dimensions
        rule, told, now = self._rule, event.data, self._now(when)
        if not names(rule, event) or when < now - self._keep_s:
            return None
        customer = customer_digest(told.customer_id)
        new = Failure(when, event_digest(event.source, event.id), told.touchpoint or "")
        held = self._failures.of(customer, now - self._keep_s)
        if any(new.id == fact.id for fact in held):
            return None  # told again, after its id was forgotten elsewhere
        self._failures.put(customer, new)
        if when < now - self._max_age_s:
            return None
        untold = [fact for fact in self._failures.of(customer, now - self._keep_s) if not fact.told]
        answered = [fact.when for fact in self._answers.of(customer, now - self._keep_s)]

        def silent_before(last: float) -> bool:
            place = bisect_left(answered, last - self._within_s)
            return place == len(answered) or answered[place] > last

        streak = completed(untold, new, rule.count, self._within_s, silent_before)
        if not streak:
            return None
        for fact in streak:
            self._failures.put(customer, msgspec.structs.replace(fact, told=True))
        what = tally(fact.touchpoint for fact in streak)
        some = "1 failed touchpoint" if len(streak) == 1 else f"{len(streak)} failed touchpoints"
        reason = f"{some} within {span(rule.within)} and no answer: {what}."
        return Observation(flags=[Flag(rule.name, rule.severity, rule.programme, reason)])

    def rows(self, now: float) -> Iterator[tuple[bytes, bytes | None]]:
        """The rows since the last call."""
        yield from self._failures.rows(now)
        yield from self._answers.rows(now)

    def restore(self, key: bytes, value: bytes) -> None:
        """Take back a row. Raises ValueError for a key of no known kind."""
        for memory in (self._failures, self._answers):
            if key.startswith(memory.prefix):
                memory.restore(key, value)
                return
        raise ValueError("a key of no known kind")

    def _now(self, when: float) -> float:
        return when if self._horizon.now is None else self._horizon.now

    def _thin(self, answers: list[Fact]) -> None:
        """Take out answers that no silence ends at: every span of ``within`` that holds one holds a neighbour too."""
        place = 1
        while place < len(answers) - 1:
            if answers[place + 1].when - answers[place - 1].when <= self._within_s:
                del answers[place]
            else:
                place += 1


def names(rule: SilentRule, event: SignalEvent) -> bool:
    """Whether a signal tells of a failure that the rule looks at."""
    told = event.data
    return told.kind == "failed" and (not rule.touchpoints or told.touchpoint in rule.touchpoints)
