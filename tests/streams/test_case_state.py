"""The loop's own times: whatever happens on the way, the metrics equal one batch over the cases, and the books balance.

The oracle is plain Python over the events that were written: no sketch, no panes, no totals, no offsets.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import Subject
from schemas.cases import CaseEvent
from schemas.deadletters import InvalidEvent
from schemas.metrics import Books, Clock, Metric
from schemas.signals import read_signal
from schemas.topics import CASES, RESPONSES
from streams.counting.case_state import CasePartition
from streams.counting.case_times import read_case
from streams.counting.merge import Merge
from streams.counting.source_state import SourcePartition
from streams.kafka.placement import partition_of
from streams.plan import Plan
from tests.streams.survey_events import Rec, plan, response

NOW = 1_795_000_000.0
DAY_S = 86_400
HISTORY_DAYS = 50
WINDOWS = {"1h": (3600, 60), "24h": (86_400, 900)}
"""Window to its length and that of its panes, in seconds."""

Row = tuple[bytes, bytes | None]
Key = tuple[str, str, str, tuple[tuple[str, str], ...], date | None]
"""Metric, window, cut, key, day."""

few = settings(deadline=None, max_examples=int(os.environ.get("CLOSELOOP_EXAMPLES", "40")))


def moment(when: float) -> datetime:
    return datetime.fromtimestamp(when, UTC)


def a_case(number: int, opened: float, version: int, action: str, state: str, at: float, **said: Any) -> CaseEvent:
    fields: dict[str, Any] = {
        "type": "case",
        "id": f"{number}-{version}-{opened}",
        "case_id": number,
        "version": version,
        "action": action,
        "from_state": "open",
        "to_state": state,
        "at": moment(at),
        "actor": "ana",
        "via": "slack",
        "customer_id": f"c{number}",
        "programme": "feedback",
        "severity": "normal",
        "owner": "ana",
        "opened_at": moment(opened),
    }
    return msgspec.convert({**fields, **said}, CaseEvent)


def history(number: int, rnd: random.Random, ends: float) -> Iterator[CaseEvent]:
    """The events of one case, by rules of its own: taken, its customer called, resolved and opened again."""
    opened = ends - rnd.choice([rnd.randint(1, 3500), rnd.randint(1, DAY_S), rnd.randint(1, 45 * DAY_S), 60 * DAY_S])
    attributes = {"region": "ABC"[number % 3]} if number % 4 else {}
    about: dict[str, Any] = {"attributes": attributes, "touchpoint": "order" if number % 2 else None}
    subject: Subject = "metric" if number % 7 == 6 else "customer"
    quiet = number % 5 == 4
    taken: dict[str, tuple[float, float, bool]] = {}
    at, since, state, anew = opened, opened, "open", number % 3 > 0

    def event(version: int, action: str) -> CaseEvent:
        said = dict(about)
        for step, (seconds, business, in_time) in taken.items():
            said |= {
                f"seconds_to_{step}": seconds,
                f"business_seconds_to_{step}": business,
                f"in_sla_{step}": None if quiet else in_time,
            }
        if since != opened:
            said["reopened_at"] = moment(since)
        return a_case(number, opened, version, action, state, at, subject=subject, page=not quiet, **said)

    yield event(1, "opened")
    for version in range(2, rnd.randint(2, 8)):
        at = min(at + rnd.choice([rnd.random() * 3, rnd.randint(0, 4000), rnd.randint(0, 2 * DAY_S)]), ends)
        now = (at - since, (at - since) * rnd.random(), rnd.random() < 0.6)
        action = rnd.choice(["acknowledge", "contact", "joined"] if state != "resolved" else ["reopen"])
        if state != "resolved" and rnd.random() < 0.4:
            action = "resolve"
        if action in ("acknowledge", "contact"):
            taken.setdefault("acknowledge", now)
        if action == "contact":
            taken.setdefault("contact", now)
        if action == "resolve":
            taken["resolve"] = now
        if action == "reopen" and anew:
            taken.clear()  # everything counts from now
            since = at
        elif action == "reopen":
            del taken["resolve"]  # as versions told it that began nothing anew
        after = {"acknowledge": "acknowledged", "contact": "contacted", "resolve": "resolved", "reopen": "open"}
        state = after.get(action, state)
        yield event(version, action)


@dataclass
class World:
    """The logs of cx.cases, the partitions that read them and crash when they like, and one merge of what they say."""

    plan: Plan
    rnd: random.Random
    partitions: int = 2
    now: float = NOW
    logs: list[list[Rec]] = field(default_factory=list)
    changelogs: list[list[Row]] = field(default_factory=list)
    states: list[CasePartition] = field(default_factory=list)
    cursors: list[int] = field(default_factory=list)
    books: dict[str, Books] = field(default_factory=dict)
    sent: dict[str, set[tuple[bytes, bytes]]] = field(default_factory=dict)
    letters: set[str] = field(default_factory=set)
    metrics: dict[bytes, Metric] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.merge = Merge(self.plan)
        for number in range(self.partitions):
            self.logs.append([])
            self.changelogs.append([])
            self.states.append(CasePartition(number, self.plan))
            self.cursors.append(0)

    def write(self, partition: int, value: bytes | None) -> None:
        log = self.logs[partition]
        log.append(Rec((log[-1].offset if log else -1) + self.rnd.choice([1, 1, 2]), -1, b"k", value))

    def apply(self, number: int, count: int) -> None:
        start = self.cursors[number]
        chunk = self.logs[number][start : start + count]
        self.cursors[number] += len(chunk)
        outcome = self.states[number].apply(chunk, self.now)
        assert outcome.alerts == []
        for forward in outcome.forwards:
            assert (forward.topic, forward.partition) == (RESPONSES, None)
            ((_, origin),) = forward.headers
            self.sent.setdefault(read_signal(forward.value).id, set()).add((origin, forward.value))
        self.letters |= {letter.id for letter in outcome.dead_letters}

    def flush(self, number: int) -> None:
        flush = self.states[number].dirty(self.now)
        if flush is None:
            return
        self.changelogs[number].extend(flush.state_rows)
        for row in flush.partial_rows:
            self.merge.apply(row.key, row.value)
        self.books[flush.books.source] = flush.books

    def crash(self, number: int) -> None:
        state = CasePartition(number, self.plan)
        rows = self.changelogs[number]
        if self.rnd.random() < 0.5:
            rows = list(dict(rows).items())
        state.restore(rows)
        self.states[number] = state
        behind = sum(record.offset <= state.position for record in self.logs[number])
        self.cursors[number] = self.rnd.randint(0, behind)

    def disturb(self) -> None:
        number = self.rnd.randrange(self.partitions)
        match self.rnd.randrange(7):
            case 0 | 1 | 2:
                self.apply(number, self.rnd.randint(1, 6))
            case 3 | 4:
                self.flush(number)
            case 5:
                self.crash(number)
            case _:
                self.emit()

    def emit(self) -> None:
        for metric in self.merge.emit(self.now):
            held = self.metrics.get(metric.record_key())
            if held is None or (metric.version, metric.as_of) >= (held.version, held.as_of):
                self.metrics[metric.record_key()] = metric

    def settle(self) -> None:
        for number in range(self.partitions):
            while self.cursors[number] < len(self.logs[number]):
                self.apply(number, 50)
            self.flush(number)
        self.emit()


def oracle(events: list[CaseEvent], plan: Plan, now: float) -> dict[Key, list[Any]]:
    """All durations (seconds) and verdicts of each row, from the newest event of each case."""
    newest: dict[tuple[int, datetime], CaseEvent] = {}
    oldest = (datetime.fromtimestamp(now, plan.zone) - timedelta(days=plan.history_days - 1)).date()
    for event in events:
        if event.at.astimezone(plan.zone).date() >= oldest:
            newest[event.case_id, event.opened_at] = event
    found: dict[Key, list[Any]] = {}
    for event in newest.values():
        if event.subject == "metric" or not event.page:
            continue
        dimensions = {"touchpoint": event.touchpoint, "attributes.region": event.attributes.get("region")}
        for step in ("acknowledge", "contact", "resolve"):
            took: float | None = getattr(event, f"seconds_to_{step}")
            if took is None:
                continue
            at = event.opened_at.timestamp() + took
            day = datetime.fromtimestamp(at, plan.zone).date()
            places: list[tuple[str, date | None]] = [
                (name, None) for name, (length, pane) in WINDOWS.items() if at >= now - now % pane - length + pane
            ]
            places += [("day", day)] if day >= oldest else []
            said = {
                f"time_to_{step}": took,
                f"time_to_{step}_business": getattr(event, f"business_seconds_to_{step}"),
                f"in_sla_{step}": getattr(event, f"in_sla_{step}"),
            }
            for cut, fields in plan.cuts.items():
                values = tuple((name, dimensions[name]) for name in fields)
                if any(value is None for _, value in values):
                    continue
                for window, on in places:
                    for metric, value in said.items():
                        if value is not None:
                            found.setdefault((metric, window, cut, values, on), []).append(value)  # type: ignore[arg-type]
    return found


def check_metrics(world: World, expected: dict[Key, list[Any]]) -> None:
    today = datetime.fromtimestamp(world.now, world.plan.zone).date()
    oldest = today - timedelta(days=world.plan.history_days - 1)
    found = {
        (m.metric, m.window, m.cut, tuple(m.key.items()), m.day): m
        for m in world.metrics.values()
        if m.n and (m.day is None or m.day >= oldest)
    }
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        metric = found[key]
        assert metric.n == len(values)
        if key[0].startswith("in_sla"):
            assert metric.value == pytest.approx(100 * sum(values) / len(values))
            continue
        whole = sorted(round(seconds) for seconds in values)
        assert metric.value == pytest.approx(sum(whole) / len(whole), abs=1e-9)
        for name, percent in (("p50", 50), ("p90", 90)):
            exact = whole[math.floor(percent * (len(whole) - 1) / 100 + 1e-9)]
            assert metric.quantiles[name] == pytest.approx(exact, rel=0.01 + 1e-9)


def check_books(world: World, events: list[CaseEvent], duplicates: int, bad: int) -> None:
    books = list(world.books.values())
    oldest = (datetime.fromtimestamp(NOW, world.plan.zone) - timedelta(days=HISTORY_DAYS - 1)).date()
    late = sum(event.at.astimezone(world.plan.zone).date() < oldest for event in events)
    assert sum(one.received for one in books) == len(events) + duplicates + bad
    assert sum(one.counted for one in books) == len(events) - late
    # What came too late is remembered by nobody, so it is late every time.
    assert sum(one.duplicates + one.late for one in books) == late + duplicates
    assert sum(one.dead_letters.get("case", 0) for one in books) == bad == len(world.letters)
    assert all(source.startswith(f"{CASES}/") for source in world.books)


def run(rnd: random.Random, cases: int) -> None:
    world = World(plan("wall", history_days=HISTORY_DAYS), rnd)
    waiting = [list(history(number, rnd, NOW)) for number in range(cases)]
    events: list[CaseEvent] = []
    duplicates = bad = 0
    while any(waiting):
        event = rnd.choice([one for one in waiting if one]).pop(0)
        events.append(event)
        partition = event.case_id % world.partitions
        world.write(partition, msgspec.json.encode(event))
        if rnd.random() < 0.2:  # the publisher sends again what it could not mark
            again = rnd.choice([one for one in events[-5:] if one.case_id % world.partitions == partition])
            world.write(partition, msgspec.json.encode(again))
            duplicates += 1
        if rnd.random() < 0.1:
            world.write(partition, rnd.choice([None, b"", b"{", b'{"type":"case"}', b"\xff"]))
            bad += 1
        for _ in range(rnd.choice([0, 1, 2])):
            world.disturb()
    world.settle()
    check_metrics(world, oracle(events, world.plan, world.now))
    check_books(world, events, duplicates, bad)
    check_signals(world, events)
    for step in (60, 1800, DAY_S, 20 * DAY_S, 60 * DAY_S):
        world.now += step
        if rnd.random() < 0.3:
            world.crash(rnd.randrange(world.partitions))
        world.settle()
        check_metrics(world, oracle(events, world.plan, world.now))
    assert world.merge.series == 0
    assert [(state.series, state.cases) for state in world.states] == [(0, 0)] * world.partitions
    assert all(set(dict(rows)) - {key for key, value in dict(rows).items() if value is None} == {b'["position"]'}
               for rows in world.changelogs if rows)  # fmt: skip


def check_signals(world: World, events: list[CaseEvent]) -> None:
    """One signal for each case of a customer that was resolved lately, the same however often it was sent."""
    oldest = (datetime.fromtimestamp(NOW, world.plan.zone) - timedelta(days=HISTORY_DAYS - 1)).date()
    resolved = {
        f"closed:{event.id}": event
        for event in events
        if event.action == "resolve" and event.subject == "customer"
        and event.at.astimezone(world.plan.zone).date() >= oldest
    }  # fmt: skip
    assert world.sent.keys() == resolved.keys()
    for told, ways in world.sent.items():
        ((_, value),) = ways  # a repeat bears the same origin: the receiver knows it again
        signal = read_signal(value)
        assert (signal.time, signal.data.kind) == (resolved[told].at, "closed")
        assert signal.data.customer_id == resolved[told].customer_id


@few
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_metrics_equal_a_batch_over_the_cases(seed: int, cases: int) -> None:
    run(random.Random(seed), cases)


def test_many_cases_of_one_world() -> None:
    run(random.Random(20261122), 250)


def single(clock: Clock = "wall", **changes: Any) -> tuple[CasePartition, Merge]:
    settings = plan(clock, **changes)
    return CasePartition(0, settings), Merge(settings)


def values(state: CasePartition, merge: Merge, now: float = NOW) -> dict[str, Metric]:
    """What is said of everything within the last day."""
    flush = state.dirty(now)
    assert flush is not None
    for row in flush.partial_rows:
        merge.apply(row.key, row.value)
    return {m.metric: m for m in merge.emit(now) if (m.window, m.cut) == ("24h", "all")}


def record(offset: int, event: CaseEvent) -> Rec:
    return Rec(offset, -1, b"1", msgspec.json.encode(event))


def test_a_reopened_case_takes_its_resolution_back() -> None:
    state, merge = single()
    opened = NOW - 7200
    resolved = a_case(
        1, opened, 2, "resolve", "resolved", opened + 3600,
        seconds_to_resolve=3600.0, business_seconds_to_resolve=1800.0, in_sla_resolve=True,
    )  # fmt: skip
    state.apply([record(0, a_case(1, opened, 1, "opened", "open", opened)), record(1, resolved)], NOW)
    first = values(state, merge)
    assert first["time_to_resolve"].value == 3600
    assert first["time_to_resolve_business"].quantiles["p90"] == pytest.approx(1800, rel=0.01)
    assert first["in_sla_resolve"].counts == {"in_sla": 1}
    state.apply([record(2, a_case(1, opened, 3, "reopen", "open", opened + 4000))], NOW)
    again = values(state, merge)
    assert {name: metric.n for name, metric in again.items()} == dict.fromkeys(first, 0)


def test_a_case_whose_customer_is_erased_counts_as_before() -> None:
    """What the consumers tell then: a further version under a word, with the attributes that a cut counts by."""
    state, merge = single(cuts={"all": (), "region": ("attributes.region",)})
    opened = NOW - 7200
    told: dict[str, Any] = {"seconds_to_resolve": 3600.0, "in_sla_resolve": True}
    resolved = a_case(
        1, opened, 2, "resolve", "resolved", opened + 3600, attributes={"region": "SP", "name": "Ana"}, **told
    )
    state.apply([record(0, resolved)], NOW)
    before = values(state, merge)
    assert before["time_to_resolve"].n == 1
    erased = a_case(
        1, opened, 3, "joined", "resolved", NOW - 5, customer_id="erased-1", attributes={"region": "SP"}, **told
    )
    state.apply([record(1, erased)], NOW)
    flush = state.dirty(NOW)
    assert flush is not None
    assert [row for row in flush.partial_rows if b"time_to_resolve" in row.key and row.value is None] == []
    for row in flush.partial_rows:
        merge.apply(row.key, row.value)
    moved = {m.metric: (m.n, m.value) for m in merge.emit(NOW) if (m.window, m.cut) == ("24h", "region")}
    assert all(counted == (1, before[name].value) for name, counted in moved.items()), moved


def test_an_event_of_an_older_version_tells_the_wall_clock_alone() -> None:
    state, merge = single()
    event = a_case(1, NOW - 600, 2, "contact", "contacted", NOW, seconds_to_contact=600.0, seconds_to_acknowledge=60.0)
    state.apply([record(0, event)], NOW)
    found = values(state, merge)
    assert {name: metric.value for name, metric in found.items()} == {"time_to_contact": 600, "time_to_acknowledge": 60}


def test_a_lost_event_leaves_nothing_wrong_behind() -> None:
    """The acknowledgement was unreadable; the next event tells of it."""
    state, merge = single()
    later = a_case(1, NOW - 900, 3, "joined", "acknowledged", NOW - 60, seconds_to_acknowledge=300.0)
    state.apply([Rec(0, -1, b"1", b"{"), record(1, later)], NOW)
    assert values(state, merge)["time_to_acknowledge"].value == 300


def test_a_new_database_gives_its_numbers_again() -> None:
    state, merge = single()
    first = a_case(1, NOW - 5000, 9, "contact", "contacted", NOW - 4000, seconds_to_contact=1000.0)
    second = a_case(1, NOW - 500, 2, "contact", "contacted", NOW - 400, seconds_to_contact=100.0)
    state.apply([record(0, first), record(1, second)], NOW)
    assert values(state, merge)["time_to_contact"].n == 2


def test_changed_cuts_keep_what_still_means_the_same() -> None:
    """Also what is taken back later leaves the pane that it was counted in."""
    before = plan("wall", cuts={"all": (), "region": ("attributes.region",), "channel": ("channel",)})
    after = plan("wall", cuts={"touchpoint": ("touchpoint",), "all": (), "channel": ("touchpoint", "channel")})
    about = {"touchpoint": "order", "channel": "email", "attributes": {"region": "SP"}}
    opened = NOW - 7200
    state = CasePartition(0, before)
    done = a_case(1, opened, 2, "resolve", "resolved", opened + 60, seconds_to_resolve=60.0, **about)
    state.apply([record(0, done)], NOW)
    flush = state.dirty(NOW)
    assert flush is not None
    changed = CasePartition(0, after)
    changed.restore(flush.state_rows)
    merge = Merge(after)
    for row in flush.partial_rows:
        merge.apply(row.key, row.value)
    changed.apply([record(1, a_case(1, opened, 3, "reopen", "open", opened + 90, **about))], NOW)
    found = changed.dirty(NOW)
    assert found is not None
    for row in found.partial_rows:
        merge.apply(row.key, row.value)
    assert [metric for metric in merge.emit(NOW) if metric.n] == []


def test_a_replay_is_not_moved_by_todays_cases() -> None:
    """Under the event clock answers of 2018 are counted while people act today."""
    settings = plan("event")
    then = NOW - 8 * 365 * DAY_S
    answers, state, merge = SourcePartition(RESPONSES, 0, 1, settings), CasePartition(0, settings), Merge(settings)
    answers.apply([Rec(0, int(NOW * 1000), b"c1", response("r1", then, "c1"))], NOW)
    resolved = a_case(1, NOW - 60, 2, "resolve", "resolved", NOW, seconds_to_resolve=60.0, seconds_to_acknowledge=30.0)
    assert state.apply([record(0, resolved)], NOW).forwards == []
    for source in (state, answers):
        flush = source.dirty(NOW)
        assert flush is not None
        for row in flush.partial_rows:
            merge.apply(row.key, row.value)
    found = {m.metric: m for m in merge.emit(NOW) if (m.window, m.cut) == ("1h", "all")}
    assert (found["csat"].n, found["csat"].as_of) == (1, moment(then))
    assert found["time_to_resolve"].value == 60


def test_a_closed_case_is_told_to_the_customers_partition_and_a_repeat_is_known() -> None:
    state, _ = single()
    event = a_case(1, NOW - 60, 2, "resolve", "resolved", NOW, seconds_to_resolve=60.0, touchpoint="order")
    (sent,) = state.apply([record(7, event)], NOW).forwards
    (repeated,) = CasePartition(0, plan("wall")).apply([record(7, event)], NOW).forwards
    assert sent == repeated
    assert sent.headers == [("closeloop-signal", b"cx.cases/0/7")]
    assert sent.key == b"c1"
    partition = partition_of(sent.key, 3)
    answers = SourcePartition(RESPONSES, partition, 3, plan("wall"))
    outcome = answers.apply([Rec(0, -1, sent.key, sent.value, tuple(sent.headers))], NOW)
    assert (outcome.dead_letters, answers.books().received) == ([], 0)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, ""),
        (b"", ""),
        (b"[]", ""),
        (b"\xff", ""),
        (b'{"type":"case","id":7}', "id"),
    ],
)
def test_what_is_no_event_of_a_case(value: bytes | None, field: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        read_case(value)
    assert (caught.value.reason, caught.value.field) == ("case", field)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("at", "2026-11-21T10:00:00"),
        ("opened_at", "1960-01-01T00:00:00Z"),
        ("seconds_to_resolve", -1.0),
        ("business_seconds_to_contact", 1e18),
    ],
)
def test_values_that_cannot_be(field: str, said: object) -> None:
    event = msgspec.to_builtins(a_case(1, NOW, 1, "opened", "open", NOW)) | {field: said}
    with pytest.raises(InvalidEvent) as caught:
        read_case(msgspec.json.encode(event))
    assert (caught.value.reason, caught.value.field) == ("case", field)


def test_state_of_another_partition_or_form_is_refused() -> None:
    state, _ = single()
    state.apply([record(0, a_case(1, NOW, 1, "opened", "open", NOW))], NOW)
    flush = state.dirty(NOW)
    assert flush is not None
    with pytest.raises(ValueError, match=r"not of cx\.cases/1"):
        CasePartition(1, plan("wall")).restore(flush.state_rows)
    with pytest.raises(ValueError, match="cannot be read"):
        CasePartition(0, plan("wall")).restore([*flush.state_rows, (b"strange", b"x")])
    with pytest.raises(ValueError, match="cannot be read"):
        CasePartition(0, plan("wall")).restore([*flush.state_rows, (b'["case",1,1]', b"x")])
