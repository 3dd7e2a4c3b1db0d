"""Runs the rules of one loop.yaml over recorded events, through the core that production runs. Pure.

One source partition of each topic stands for all: who is flagged does not depend on their number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from closeloop.rules.recorded import Recorded
from schemas.alerts import Alert
from schemas.config import Loop
from schemas.config_rules import FallRule, StoppedRule
from schemas.signals import SIGNAL
from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.alarms.judge import LOOKS
from streams.alarms.stop_watch import GRACE_S
from streams.counting.merge import Merge
from streams.counting.outcome import Outcome
from streams.counting.source_state import SourcePartition
from streams.kafka.forwarding import origin_of
from streams.plan import Plan, compile_plan

_HOUR_S = 3600
_FOLD_EVERY = 50_000
"""Records after which what was counted is put away, where no rule over metrics asks for it every hour."""


class Counts(NamedTuple):
    """The books of a rehearsal: both topics together."""

    received: int
    counted: int
    duplicates: int
    late: int
    dead_letters: dict[str, int]
    silenced: int
    """Alerts not raised because their event was older than ``alert_max_age``."""


class _Record(NamedTuple):
    """A record as a source partition takes it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Rehearsal:
    """The state of one rehearsal, under ``--clock event``: windows and ages follow the latest event time.

    Memory: that of the source partitions, without panes unless a rule over metrics needs them.
    """

    def __init__(self, loop: Loop, now: float) -> None:
        """``now`` is the wall clock, seconds UTC: when records arrive whose arrival is not known."""
        plan, self.watches_metrics = _plan(loop)
        self._now = now
        self._sources = {topic: SourcePartition(topic, 0, 1, plan) for topic in (TOUCHPOINTS, RESPONSES)}
        self._next = dict.fromkeys(self._sources, 0)
        self._merge = Merge(plan) if self.watches_metrics else None
        self._hour: int | None = None
        self._unfolded = 0

    def take(self, records: Sequence[Recorded]) -> Iterator[Alert]:
        """Apply records of both topics, in their order; the alerts that follow.

        Touchpoints go first, together: what they tell the customers' answers is then put among these where it belongs.
        Answers tell touchpoints nothing.
        """
        if self._merge is not None:
            yield from self._turn_hours(records)
        places = [place for place, one in enumerate(records) if one.topic == TOUCHPOINTS]
        begin = self._next[TOUCHPOINTS]
        outcome = self._apply(TOUCHPOINTS, [records[place] for place in places])
        yield from outcome.alerts
        answers = [(place, one) for place, one in enumerate(records) if one.topic == RESPONSES]
        for told in outcome.forwards:
            origin = origin_of(told.headers, SIGNAL)
            assert origin is not None  # of one partition each, nothing else is sent on
            place = places[origin.offset - begin]
            signal = records[place]._replace(key=told.key, value=told.value, headers=tuple(told.headers))
            answers.append((place, signal))
        if outcome.forwards:
            answers.sort(key=lambda placed: placed[0])
        yield from self._apply(RESPONSES, [one for _, one in answers]).alerts
        self._unfolded += len(records)
        if self._merge is None and self._unfolded >= _FOLD_EVERY:
            self._fold()

    def end(self) -> Iterator[Alert]:
        """Judge the metrics a last time."""
        if self._merge is not None and self._hour is not None:
            yield from self._judge((self._hour + 1) * _HOUR_S + GRACE_S)

    def counts(self) -> Counts:
        """The books as they stand."""
        books = [source.books() for source in self._sources.values()]
        letters: dict[str, int] = {}
        for account in books:
            for reason, count in account.dead_letters.items():
                letters[reason] = letters.get(reason, 0) + count
        return Counts(
            received=sum(account.received for account in books),
            counted=sum(account.counted for account in books),
            duplicates=sum(account.duplicates for account in books),
            late=sum(account.late for account in books),
            dead_letters=letters,
            silenced=sum(source.silenced for source in self._sources.values()),
        )

    def _apply(self, topic: str, records: Sequence[Recorded]) -> Outcome:
        first = self._next[topic]
        self._next[topic] = first + len(records)
        numbered = [
            _Record(first + number, one.timestamp, one.key, one.value, one.headers)
            for number, one in enumerate(records)
        ]
        return self._sources[topic].apply(numbered, self._now)

    def _fold(self) -> None:
        self._unfolded = 0
        for source in self._sources.values():
            source.dirty(self._now)

    def _turn_hours(self, records: Sequence[Recorded]) -> Iterator[Alert]:
        """Judge before the first record of a new hour, ten minutes into it, as production does."""
        latest = max((one.event_time for one in records if one.event_time is not None), default=None)
        if latest is None:
            return
        hour = int(latest - GRACE_S) // _HOUR_S
        if self._hour is not None and hour > self._hour:
            yield from self._judge(latest)
        self._hour = hour if self._hour is None else max(hour, self._hour)

    def _judge(self, moment: float) -> Iterator[Alert]:
        assert self._merge is not None
        for source in self._sources.values():
            flush = source.dirty(self._now)
            for row in flush.partial_rows if flush is not None else ():
                self._merge.apply(row.key, row.value)
        self._merge.emit(moment)
        for _ in range(self._merge.series // LOOKS + 1):
            yield from self._merge.judge(moment).alerts


def _plan(loop: Loop) -> tuple[Plan, bool]:
    """What has to be counted for the rules alone, and whether a rule over metrics is among them."""
    plan = compile_plan(loop, "event")
    watching = [rule for rule in plan.rules if isinstance(rule, FallRule | StoppedRule)]
    if not watching:
        # One window is as good as four where nothing is counted for it; what is late depends on the days alone.
        few = replace(plan, cuts={}, windows=plan.windows[:1])
        return replace(few, csi=None, lifecycle=None, invitations=None, recovered=None), False
    cuts = {cut for rule in watching for cut in rule.cuts}
    return replace(plan, cuts={name: fields for name, fields in plan.cuts.items() if name in cuts}), True
