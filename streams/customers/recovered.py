"""The metric ``recovered``: of the answers that follow a closed case, the share that is no longer bad. Pure.

An answer follows a closed case if it is the customer's first after the case was resolved, within the time that a case
waits for it. It counts once, at its own time and with its own dimensions, however many cases it follows. Bad is what a
threshold rule of loop.yaml flags; an answer to a metric that none of them names says nothing of recovery, and is passed
over. Whoever keeps the case is told when the answer that follows it turns out to be no longer bad. All this is a
function of the closed cases and answers that are known, and not of their order of arrival: where a late one changes it,
the counts are amended.
"""

from collections.abc import Iterator, Sequence

import msgspec

from schemas.config import Recovered
from schemas.config_base import seconds
from schemas.config_rules import ThresholdRule
from schemas.events import Event, Response
from schemas.metrics import RECOVERED
from schemas.scales import Scale
from schemas.signals import SignalEvent
from streams.counting.panes import Group
from streams.counting.series import Dimensions
from streams.counting.windows import Horizon
from streams.customers.memory import CustomerMemory, Fact, customer_digest, event_digest
from streams.customers.observation import Observation, Recovery
from streams.flagging.detect import reaches
from streams.plan import Plan

LATE_S = 86_400
"""Seconds that a closed case may be told of after its time and still find the answer that followed it."""

GOOD, BAD = "recovered", "not_recovered"


class Verdict(Fact, frozen=True, array_like=True, gc=False):
    """An answer that says whether its customer has recovered, and the revision that stands for it now, if any."""

    word: str
    dimensions: Dimensions
    standing: bytes = b""

    def is_known_as(self, event: bytes) -> bool:
        """Whether the event with this digest is this answer, or the revision that stands for it."""
        return event in (self.id, self.standing)

    def group(self) -> Group:
        """What it is counted as, if it follows a closed case."""
        return (RECOVERED, "", self.dimensions, int(self.when) // 60, self.word)


class ClosedCase(Fact, frozen=True, array_like=True, gc=False):
    """A case that was resolved, the answer that followed it, if any, and its programme, where that was told."""

    answer: Verdict | None = None
    programme: str = ""


class RecoveredCustomers:
    """Counts the answers that follow closed cases, on a partition of answers.

    Memory: every customer's answers of a day, and the closed cases of ``answer_within`` and a day, each with its
    answer; 256 of either a customer at most. A case told of later than a day after it was closed is not looked at:
    the answer that followed it may have been forgotten already.
    """

    def __init__(self, recovered: Recovered, plan: Plan, horizon: Horizon, prefix: bytes, layout: bytes) -> None:
        """``horizon`` knows the loop's now. ``prefix`` begins the keys of the rows, ending in a comma.

        ``layout`` says what dimensions and panes mean: when it changes with loop.yaml, closed cases are forgotten,
        because the panes that they are counted in no longer are what they were.
        """
        self.prefix = prefix
        self._within_s = seconds(recovered.answer_within)
        self._keep_s = self._within_s + LATE_S
        self._rules = [rule for rule in plan.rules if isinstance(rule, ThresholdRule)]
        self._judged = {metric for rule in self._rules for metric in rule.at_or_below}
        self._metrics = plan.metrics
        self._horizon = horizon
        self._answers = CustomerMemory(prefix + b'"answers",', Verdict, LATE_S, layout)
        self._closed = CustomerMemory(prefix + b'"closed",', ClosedCase, self._keep_s, layout)

    def observe(self, event: Event, when: float, scale: Scale | None, dimensions: Dimensions) -> Observation | None:
        """Let an answer find the closed cases that it follows."""
        answer = event.data
        if scale is None or not isinstance(answer, Response) or answer.metric not in self._judged:
            return None
        customer, now = customer_digest(answer.customer_id), self._now(when)
        closed = self._closed.of(customer, now - self._keep_s)
        recent = self._answers.of(customer, now - LATE_S)
        said = Verdict(when, event_digest(event.source, event.id), self._word(answer, scale), dimensions)
        known = [*recent, *(case.answer for case in closed if case.answer is not None)]
        if any(verdict.is_known_as(said.id) for verdict in known):
            return None  # it comes after its own revision
        if answer.revises is not None:
            said = _revised(known, event_digest(event.source, answer.revises), said)
        if said.when >= now - LATE_S:
            self._answers.put(customer, said)
        return self._amend(customer, closed, [said])

    def signal(self, event: SignalEvent, when: float, dimensions: Dimensions) -> Observation | None:
        """Remember a closed case, and let it find the answer that followed it."""
        del dimensions
        now = self._now(when)
        if event.data.kind != "closed" or when < now - LATE_S:
            return None
        customer = customer_digest(event.data.customer_id)
        closed = self._closed.of(customer, now - self._keep_s)
        case = ClosedCase(when, event_digest(event.source, event.id), programme=event.data.programme or "")
        if any(case.id == held.id for held in closed):
            return None  # told again, after its id was forgotten elsewhere
        self._closed.put(customer, case)
        return self._amend(customer, [*closed, case], self._answers.of(customer, now - LATE_S))

    def rows(self, now: float) -> Iterator[tuple[bytes, bytes | None]]:
        """The rows since the last call."""
        yield from self._answers.rows(now)
        yield from self._closed.rows(now)

    def restore(self, key: bytes, value: bytes) -> None:
        """Take back a row. Raises ValueError for a key of no known kind."""
        if key.startswith(self._answers.prefix):
            self._answers.restore(key, value)
        elif key.startswith(self._closed.prefix):
            self._closed.restore(key, value)
        else:
            raise ValueError("a key of no known kind")

    def _amend(self, customer: bytes, closed: Sequence[ClosedCase], said: Sequence[Verdict]) -> Observation | None:
        """Let each closed case have the first answer that follows it, and count what that changes."""
        before = {case.answer.id: case.answer for case in closed if case.answer is not None}
        after: dict[bytes, Verdict] = {}
        back: dict[str, float] = {}
        for case in closed:
            # The newly said come first: a revision takes the place of what it revises.
            first = self._first(case, [*said, *([] if case.answer is None else [case.answer])])
            if first is not None:
                after[first.id] = first
                if first.word == GOOD and (case.answer is None or case.answer.word != GOOD):
                    back[case.programme] = first.when
            if first != case.answer:
                self._closed.put(customer, msgspec.structs.replace(case, answer=first))
        counts: dict[Group, int] = {}
        for verdicts, change in ((before, -1), (after, 1)):
            for verdict in verdicts.values():
                group = verdict.group()
                counts[group] = counts.get(group, 0) + change
        changes = [(group, change) for group, change in counts.items() if change]
        recoveries = [Recovery(programme, when) for programme, when in back.items() if programme]
        return Observation(changes, recoveries=recoveries) if changes or recoveries else None

    def _first(self, case: ClosedCase, verdicts: Sequence[Verdict]) -> Verdict | None:
        follow = [verdict for verdict in verdicts if case.when < verdict.when <= case.when + self._within_s]
        return min(follow, key=Fact.order, default=None)

    def _word(self, answer: Response, scale: Scale) -> str:
        declared = self._metrics[answer.metric].scale
        limits = (rule.at_or_below.get(answer.metric) for rule in self._rules)
        bad = any(limit is not None and reaches(answer.score, scale, limit, declared) for limit in limits)
        return BAD if bad else GOOD

    def _now(self, when: float) -> float:
        return when if self._horizon.now is None else self._horizon.now


def _revised(known: Sequence[Verdict], revises: bytes, said: Verdict) -> Verdict:
    """A revision keeps its answer's place in time; where that is not known it stands at its own time."""
    for verdict in known:
        if verdict.is_known_as(revises):
            return msgspec.structs.replace(said, when=verdict.when, id=verdict.id, standing=said.id)
    return msgspec.structs.replace(said, id=revises, standing=said.id)
