"""Whatever happens on the way, the metrics equal one batch over the distinct events, and the books balance.

A small world: logs of two topics, source partitions that flush and crash when they like, merges that read as far as
they like and crash. At the end everything is drained, and time moves on.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.metrics import Books, Clock, Metric
from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.counting.merge import Merge
from streams.counting.source_state import SourcePartition
from streams.kafka.placement import partition_of
from streams.plan import Plan
from tests.streams.batch import MetricKey, batch
from tests.streams.survey_events import Rec, plan, response, touchpoint

NOW = 1_795_000_000.0
DAY_S = 86_400
Row = tuple[bytes, bytes | None]


@dataclass
class Merger:
    """A merge partition: its log, how far the merge has read, and how far its metrics were acknowledged."""

    merge: Merge
    log: list[Row] = field(default_factory=list)
    read: int = 0
    committed: int = 0


class World:
    """Sources, merges and the topics between them."""

    def __init__(self, plan: Plan, partitions: int, mergers: int, rnd: random.Random) -> None:
        self.plan = plan
        self.partitions = partitions
        self.rnd = rnd
        self.now = NOW
        self.logs: dict[tuple[str, int], list[Rec]] = {
            (topic, number): [] for topic in (RESPONSES, TOUCHPOINTS) for number in range(partitions)
        }
        self.changelogs: dict[tuple[str, int], list[Row]] = {place: [] for place in self.logs}
        self.sources = {place: SourcePartition(*place, partitions, plan) for place in self.logs}
        self.cursors = dict.fromkeys(self.logs, 0)
        self.mergers = [Merger(Merge(plan)) for _ in range(mergers)]
        self.metrics: dict[bytes, Metric] = {}
        self.books: dict[str, Books] = {}
        self.alerts: set[str] = set()
        self.dead_letters: set[str] = set()

    def send(
        self, topic: str, partition: int, value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> None:
        log = self.logs[topic, partition]
        holes = self.rnd.choice([1, 1, 1, 2])  # compaction and markers leave holes
        offset = (log[-1].offset if log else -1) + holes
        log.append(Rec(offset, int((self.now - 1) * 1000), None, value, headers))

    def apply(self, place: tuple[str, int], count: int) -> None:
        start = self.cursors[place]
        chunk = self.logs[place][start : start + count]
        self.cursors[place] += len(chunk)
        outcome = self.sources[place].apply(chunk, self.now)
        for forward in outcome.forwards:
            self.send(forward.topic, forward.partition or 0, forward.value, tuple(forward.headers))
        self.alerts |= {alert.id for alert in outcome.alerts}
        self.dead_letters |= {letter.id for letter in outcome.dead_letters}

    def flush(self, place: tuple[str, int]) -> None:
        flush = self.sources[place].dirty(self.now)
        if flush is None:
            return
        self.changelogs[place].extend(flush.state_rows)
        for row in flush.partial_rows:
            for number, merger in enumerate(self.mergers):
                if row.place is None or partition_of(row.place, len(self.mergers)) == number:
                    merger.log.append((row.key, row.value))
        self.books[flush.books.source] = flush.books

    def crash(self, place: tuple[str, int]) -> None:
        if self.rnd.random() < 0.5:
            self.changelogs[place] = compact(self.changelogs[place], self.rnd)
        source = SourcePartition(*place, self.partitions, self.plan)
        source.restore(self.changelogs[place])
        self.sources[place] = source
        behind = sum(record.offset <= source.position for record in self.logs[place])
        self.cursors[place] = self.rnd.randint(0, behind)  # what was committed is never ahead of the state

    def read(self, merger: Merger, count: int) -> None:
        for number in range(merger.read, min(merger.read + count, len(merger.log))):
            merger.merge.apply(*merger.log[number])
            merger.read = number + 1

    def emit(self, merger: Merger, patience: float = 0.9) -> None:
        said = merger.merge.emit(self.now, 20)
        while merger.merge.unsaid and self.rnd.random() < patience:  # else it crashes amid a flush, or is very slow
            said += merger.merge.emit(self.now, 20)
        for metric in said:
            key = metric.record_key()
            held = self.metrics.get(key)
            if held is None or (metric.version, metric.as_of) > (held.version, held.as_of):
                self.metrics[key] = metric
            elif (metric.version, metric.as_of) == (held.version, held.as_of):
                assert metric.counts == held.counts, "one version, two contents"
        if not merger.merge.unsaid and self.rnd.random() < 0.7:
            merger.committed = merger.read

    def restart(self, merger: Merger) -> None:
        merger.merge = Merge(self.plan)
        compacted = self.rnd.random() < 0.5
        if compacted:
            # The topic keeps tombstones for a day (delete.retention.ms): no merge is away for longer.
            kept = compact(list(enumerate_rows(merger.log)), self.rnd, forget_below=merger.committed)
            merger.committed = sum(int(number) < merger.committed for (_, number), _ in kept)
            merger.log = [(key, value) for (key, _), value in kept]
        for number, (key, value) in enumerate(merger.log):
            merger.merge.apply(key, value, sent=number < merger.committed)
        merger.read = len(merger.log)

    def disturb(self) -> None:
        place = self.rnd.choice(list(self.logs))
        merger = self.rnd.choice(self.mergers)
        match self.rnd.randrange(10):
            case 0 | 1 | 2 | 3:
                self.apply(place, self.rnd.randint(1, 8))
            case 4 | 5:
                self.flush(place)
            case 6:
                self.crash(place)
            case 7:
                self.read(merger, self.rnd.randint(1, 40))
            case 8:
                self.emit(merger)
            case _:
                self.restart(merger)

    def drain(self) -> None:
        while any(self.cursors[place] < len(self.logs[place]) for place in self.logs):
            for place in self.logs:
                self.apply(place, 1000)
        self.settle()

    def settle(self) -> None:
        for place in self.logs:
            self.flush(place)
        for merger in self.mergers:
            self.read(merger, len(merger.log))
            self.emit(merger, patience=1.0)


def enumerate_rows(rows: list[Row]):  # type: ignore[no-untyped-def] # keys with their offsets, for one use
    return (((key, number), value) for number, (key, value) in enumerate(rows))


def compact(rows: list, rnd: random.Random, forget_below: int | None = None) -> list:  # type: ignore[type-arg] # keys plain or with their offsets
    """The last row of each key, in the order of the log; tombstones (of offsets below a limit) may be gone already."""
    last = {}
    for number, (key, _) in enumerate(rows):
        last[key[0] if isinstance(key, tuple) else key] = number
    forgetful = rnd.random() < 0.5
    limit = len(rows) if forget_below is None else forget_below
    return [rows[n] for n in sorted(last.values()) if not (forgetful and n < limit and rows[n][1] is None)]


def latest(world: World) -> dict[MetricKey, dict[str, int]]:
    return {
        (m.metric, m.window, m.cut, tuple(m.key.items()), m.scale, m.day): m.counts
        for m in world.metrics.values()
        if m.n
    }


events = st.tuples(
    st.sampled_from([RESPONSES, TOUCHPOINTS]),
    st.integers(0, 25),  # the id: few of them, so that some come again
    st.integers(0, 4),  # the customer
    st.one_of(  # how long ago, seconds
        st.integers(-200, 4000), st.integers(0, 2 * DAY_S), st.integers(0, 45 * DAY_S), st.just(90 * DAY_S)
    ),
    st.integers(0, 6),
    st.sampled_from(["good", "good", "good", "good", "revises", "revises", "tombstone", "text", "type", "scale"]),
)


def encode(topic: str, number: int, customer: int, ago: int, variant: int, kind: str) -> bytes | None:
    if kind == "tombstone":
        return None
    if kind == "text":
        return b"late again"
    is_response = (topic == RESPONSES) != (kind == "type")
    # Everything but its arrival follows from the id, as with an event that is sent again.
    when = NOW - ago
    common: dict[str, Any] = {"attributes": {"region": "ABC"[variant % 3]}} if variant < 5 else {}
    if is_response:
        score = 11 if kind == "scale" else (1, 2, 3, 4, 5, 5, 4)[variant]
        metric = "nps" if variant % 2 else "csat"
        if kind == "revises":
            common["revises"] = f"r{(number * 7 + variant) % 26}"
            if common["revises"] == f"r{number}":
                return b"itself"
        return response(f"r{number}", when, f"c{customer}", metric=metric, score=score, **common)
    outcome = {"outcome": ("ok", "failed", "slow")[variant % 3]} if variant < 6 else {}
    return touchpoint(f"t{number}", when, f"c{customer}", **outcome, **common)


def run(clock: Clock, sent: list[tuple[str, int, int, int, int, str]], rnd: random.Random) -> None:
    settings = plan(clock)
    world = World(settings, rnd.randint(1, 3), rnd.randint(1, 3), rnd)
    first: dict[tuple[str, int], bytes | None] = {}
    for event in sent:
        value = encode(*event)
        topic, number, customer, *_, kind = event
        if kind in ("good", "revises"):
            value = first.setdefault((topic, number), value)
        home = partition_of(f"c{customer}".encode(), world.partitions)
        world.send(topic, home if rnd.random() < 0.6 else rnd.randrange(world.partitions), value)
        for _ in range(rnd.choice([0, 1, 2, 3])):
            world.disturb()
    world.drain()
    check(world)
    if clock == "wall":
        pass_time(world)


def pass_time(world: World) -> None:
    """Windows move on while no event comes, until nothing is left of anything."""
    counted = batch(world.logs, world.partitions, world.plan, NOW)
    for step in (60, 1800, 3600, DAY_S, 60 * DAY_S):
        world.now += step
        if world.rnd.random() < 0.3:
            for merger in world.mergers:
                world.restart(merger)
        world.settle()
        check_metrics(world, counted.metrics(world.plan, world.now))
    assert all(merger.merge.series == 0 for merger in world.mergers)
    assert all(source.series == 0 for source in world.sources.values())


def check(world: World) -> None:
    expected = batch(world.logs, world.partitions, world.plan, world.now)
    now = world.now if world.plan.clock == "wall" else expected.latest
    if now is not None:
        check_metrics(world, expected.metrics(world.plan, now))
    for (topic, partition), account in expected.accounts.items():
        books = world.books.get(f"{topic}/{partition}")
        if books is None:
            assert not world.logs[topic, partition]
            continue
        assert (books.counted, books.duplicates, books.late) == (account.counted, account.duplicates, account.late)
        assert books.forwarded == account.forwarded
        assert books.dead_letters == dict(account.dead)
        assert books.received == books.counted + books.duplicates + books.late + sum(account.dead.values())
        assert sum(books.alerts.values()) == len(account.alerts)
        assert books.version == world.logs[topic, partition][-1].offset
    accounts = expected.accounts.values()
    assert len(world.dead_letters) == sum(sum(account.dead.values()) for account in accounts)
    assert len(world.alerts) == sum(len(account.alerts) for account in accounts)


def check_metrics(world: World, expected: dict[MetricKey, dict[str, int]]) -> None:
    now = world.now if world.plan.clock == "wall" else max(s.watermark or 0 for s in world.sources.values())
    today = datetime.fromtimestamp(now, world.plan.zone).date()
    oldest = date.fromordinal(today.toordinal() - world.plan.history_days + 1)
    found = {key: counts for key, counts in latest(world).items() if key[5] is None or key[5] >= oldest}
    assert found == expected


few = settings(deadline=None, max_examples=70)


@few
@given(st.lists(events, max_size=40), st.randoms(use_true_random=False))
def test_under_the_wall_clock(sent: list[tuple[str, int, int, int, int, str]], rnd: random.Random) -> None:
    run("wall", sent, rnd)


@few
@given(st.lists(events, max_size=40), st.randoms(use_true_random=False))
def test_under_the_event_clock(sent: list[tuple[str, int, int, int, int, str]], rnd: random.Random) -> None:
    run("event", sent, rnd)


def test_thousands_of_steps_of_one_world() -> None:
    rnd = random.Random(20261121)
    kinds = ["good"] * 15 + ["revises"] * 4 + ["text"]
    sent = [
        (
            rnd.choice([RESPONSES, TOUCHPOINTS]),
            rnd.randrange(1200),
            rnd.randrange(40),
            rnd.choice([rnd.randrange(3000), rnd.randrange(DAY_S), rnd.randrange(40 * DAY_S)]),
            rnd.randrange(7),
            rnd.choice(kinds),
        )
        for _ in range(2000)
    ]
    run("wall", sent, rnd)
    run("event", sent, rnd)


def test_the_world_itself_counts_what_it_should() -> None:
    """The oracle against a case counted by hand."""
    settings = plan("wall")
    world = World(settings, 1, 1, random.Random(1))
    for number, score in enumerate((1, 5, 5)):
        world.send(RESPONSES, 0, response(f"r{number}", NOW - 60 * number, score=score))
    world.send(RESPONSES, 0, response("r0", NOW, score=1))
    world.drain()
    all_hour = ("csat", "1h", "all", (), "", None)
    assert batch(world.logs, 1, settings, NOW).metrics(settings, NOW)[all_hour] == {"1": 1, "5": 2}
    assert latest(world)[all_hour] == {"1": 1, "5": 2}
    assert len(world.alerts) == 1
    today = datetime.fromtimestamp(NOW, UTC).astimezone(settings.zone).date()
    assert latest(world)["csat", "day", "all", (), "", today] == {"1": 1, "5": 2}
