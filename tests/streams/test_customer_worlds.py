"""Whatever comes in whatever order, again, late, and over crashes: what is said of customers equals the batch."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.config import Invitations, Recovered
from schemas.config_rules import RepeatedRule, SilentRule, ThresholdRule
from schemas.metrics import RECOVERED, RESPONSE_RATE, Clock, Partial
from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.counting.source_state import SourcePartition
from tests.streams import customer_oracle as oracle
from tests.streams.survey_events import SOURCE, Rec, plan, response, rfc3339, touchpoint

NOW = 1_795_000_000.0
HOUR = 3600
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
Sent = tuple[str, int, int, int, int]
"""Kind, number (its id), customer, age in seconds, variant."""

RULES = (
    ThresholdRule(name="detractor", at_or_below={"nps": 6, "csat": 2}),
    RepeatedRule(name="repeated", at_or_below={"nps": 6, "csat": 2}, count=3, within="36h"),
    SilentRule(name="silent", touchpoints=["order", "parcel"], count=2, within="24h"),
)


class World:
    """One partition of touchpoints, one of answers, and everything between them."""

    def __init__(self, clock: Clock, rnd: random.Random) -> None:
        self.rnd = rnd
        self.plan = plan(
            clock,
            cuts={"all": (), "region": ("attributes.region",)},
            zone=ZoneInfo("UTC"),
            rules=RULES,
            invitations=Invitations(touchpoint="asked", answer_within="3d"),
            recovered=Recovered(answer_within="5d"),
            history_days=400,
            remember_s={RESPONSES: 400 * DAY, TOUCHPOINTS: 400 * DAY},
        )
        self.logs: dict[str, list[Rec]] = {RESPONSES: [], TOUCHPOINTS: []}
        self.states = {topic: SourcePartition(topic, 0, 1, self.plan) for topic in self.logs}
        self.rows: dict[str, dict[bytes, bytes]] = {topic: {} for topic in self.logs}
        self.cursors = dict.fromkeys(self.logs, 0)
        self.flagged: dict[str, set[str]] = {rule.name: set() for rule in RULES}
        self.panes: dict[bytes, Partial] = {}

    def send(self, topic: str, value: bytes, *headers: tuple[str, bytes]) -> None:
        log = self.logs[topic]
        log.append(Rec(len(log), int(NOW * 1000) - 5, None, value, headers))

    def apply(self, topic: str, count: int) -> None:
        start = self.cursors[topic]
        chunk = self.logs[topic][start : start + count]
        self.cursors[topic] += len(chunk)
        outcome = self.states[topic].apply(chunk, NOW)
        assert outcome.dead_letters == []
        for forward in outcome.forwards:
            self.send(forward.topic, forward.value, *forward.headers)
        for alert in outcome.alerts:
            self.flagged[alert.rule].add(alert.event_id)

    def flush(self, topic: str) -> None:
        flush = self.states[topic].dirty(NOW)
        for key, value in flush.state_rows if flush is not None else ():
            if value is None:
                self.rows[topic].pop(key)
            else:
                self.rows[topic][key] = value

    def crash(self, topic: str) -> None:
        state = SourcePartition(topic, 0, 1, self.plan)
        rows = list(self.rows[topic].items())
        self.rnd.shuffle(rows)
        state.restore(rows)
        self.states[topic] = state
        self.cursors[topic] = self.rnd.randint(0, state.position + 1)

    def disturb(self) -> None:
        topic = self.rnd.choice(list(self.logs))
        match self.rnd.randrange(6):
            case 0 | 1 | 2:
                self.apply(topic, self.rnd.randint(1, 6))
            case 3 | 4:
                self.flush(topic)
            case _:
                self.crash(topic)

    def drain(self) -> None:
        for topic in (TOUCHPOINTS, RESPONSES):
            self.apply(topic, 100_000)

    def counts(self) -> Counter[tuple[str, str, str, int]]:
        found: Counter[tuple[str, str, str, int]] = Counter()
        for topic in self.logs:
            self.flush(topic)
        for key, value in self.rows[RESPONSES].items():
            if key.startswith(b"[["):
                partial = msgspec.json.decode(value, type=Partial)
                if partial.window == "day" and partial.series.metric in (RESPONSE_RATE, RECOVERED):
                    region = partial.series.values[0] if partial.series.values else "(all)"
                    for word, count in partial.counts.items():
                        found[partial.series.metric, region, word, partial.pane - EPOCH] = count
        return +found


def encode(world: World, sent: Sent, asked: int | None = None) -> None:
    """Send an event. Everything but its arrival follows from its kind and number, and the invitation it names."""
    kind, number, customer, age, variant = sent
    # No two events of a kind at one instant: which of them is first would be arbitrary.
    when = NOW - age - number * 0.01 - len(kind) * 0.001
    who = f"c{customer}"
    common: dict[str, Any] = {"attributes": {"region": "AB"[variant % 2]}} if variant % 5 else {}
    if kind == "answer":
        names = f"asked{asked}" if asked is not None else "unknown" if variant % 4 == 2 else None
        more = {**common, **({"touchpoint_event_id": names} if names else {})}
        if variant % 3 == 2:
            more |= {"scale_max": 10}
        metric = ("csat", "csat", "csat", "ces")[variant % 4]
        score = (1, 2, 3, 5, 2, 4)[variant % 6]
        world.send(RESPONSES, response(f"r{number}", when, who, metric=metric, score=score, **more))
    elif kind == "closed":
        told = {
            "specversion": "1.0", "id": f"closed:{number}", "source": SOURCE, "type": "closeloop.signal.v1",
            "time": rfc3339(when), "data": {"kind": "closed", "customer_id": who},
        }  # fmt: skip
        origin = f"cx.cases/0/{len(world.logs[RESPONSES])}".encode()
        world.send(RESPONSES, json.dumps(told).encode(), ("closeloop-signal", origin))
    elif kind == "asked":
        outcome = {"outcome": "failed"} if variant == 7 else {}
        world.send(TOUCHPOINTS, touchpoint(f"asked{number}", when, who, touchpoint="asked", **outcome, **common))
    else:
        name = ("order", "order", "parcel", "visit")[variant % 4]
        outcome = {"outcome": "ok" if variant == 5 else "failed"}
        world.send(TOUCHPOINTS, touchpoint(f"t{number}", when, who, touchpoint=name, **outcome, **common))


def check_told(world: World) -> list[oracle.Told]:
    """What the touchpoints had to tell has come over, and nothing else. Returns the log of answers."""
    log = oracle.read(world.logs[RESPONSES])
    expected = set()
    for record in world.logs[TOUCHPOINTS]:
        event = json.loads(record.value or b"")
        data = event["data"]
        if data.get("outcome") == "failed" and data["touchpoint"] in ("order", "parcel"):
            expected.add(f"failed:{event['id']}")
        if data.get("outcome") != "failed" and data["touchpoint"] == "asked":
            expected.add(f"invited:{event['id']}")
    assert {told.id for told in log if told.kind in ("failed", "invited")} <= expected
    return log


few = settings(deadline=None, max_examples=int(os.environ.get("CUSTOMER_EXAMPLES", "25")))
KINDS = ["answer", "answer", "answer", "failed", "failed", "asked", "closed"]
kinds = st.sampled_from(KINDS)
ages = st.one_of(
    st.integers(0, 6).map(lambda n: n * 6 * HOUR),
    st.integers(0, 2 * DAY),
    st.integers(0, 8 * DAY),
)


def now_stands_still(sent: list[Sent], rnd: random.Random) -> World:
    """Everything comes as late as it likes; what comes too late for its other half is said, and not counted."""
    world = World("wall", rnd)
    first: dict[tuple[str, int], Sent] = {}
    for event in sent:
        kind, number, *_, variant = event
        asked = {0: variant, 1: number}.get(variant % 4)
        encode(world, first.setdefault((kind, number), event), asked)
        for _ in range(rnd.choice([0, 1, 2])):
            world.disturb()
    world.drain()
    log = check_told(world)
    fresh = NOW - world.plan.alert_max_age_s
    assert world.flagged["repeated"] == oracle.repeated(log, 3, 36 * HOUR, fresh)
    assert world.flagged["silent"] == oracle.silent(log, ("order", "parcel"), 2, 24 * HOUR, fresh)
    expected = summed(RESPONSE_RATE, oracle.response_rate(log, 3 * DAY, NOW - 4 * DAY))
    expected.update(summed(RECOVERED, oracle.recovered(log, 5 * DAY, NOW - DAY)))
    assert world.counts() == expected
    return world


def time_goes_on(drawn: list[tuple[str, int, int, int]], rnd: random.Random) -> World:
    """A month of events, each up to half a day late: memories come and go, and nothing that is counted shows it."""
    world = World("event", rnd)
    # An answer first: signals alone do not move the event clock.
    drawn = [("answer", 9, 60 * DAY, 3), *drawn]
    sent = [(kind, number, customer, age, variant) for number, (kind, customer, age, variant) in enumerate(drawn)]
    for event in sorted(sent, key=lambda event: -event[3] + rnd.random() * DAY / 2):
        # One that is named has not been forgotten; who answers later than that answers what nobody knows of.
        ages = range(event[3] - 2 * HOUR, event[3] + 81 * HOUR)
        near = [number for kind, number, _, age, _ in sent if kind == "asked" and age in ages]
        asked = rnd.choice(near) if near and event[4] % 3 else None
        for _ in range(rnd.choice([1, 1, 2])):
            encode(world, event, asked)
        topic = rnd.choice([RESPONSES, TOUCHPOINTS])
        if rnd.random() < 0.5:
            world.flush(topic)
        if rnd.random() < 0.2:
            world.crash(topic)
        for each in (TOUCHPOINTS, RESPONSES):
            while world.cursors[each] < len(world.logs[each]):
                world.apply(each, 1)
    log = check_told(world)
    assert world.flagged["repeated"] == oracle.repeated(log, 3, 36 * HOUR, 0)
    assert world.flagged["silent"] == oracle.silent(log, ("order", "parcel"), 2, 24 * HOUR, 0)
    expected = summed(RESPONSE_RATE, oracle.response_rate(log, 3 * DAY))
    expected.update(summed(RECOVERED, oracle.recovered(log, 5 * DAY)))
    assert world.counts() == expected
    return world


def summed(metric: str, counts: Counter[tuple[str, oracle.Told]]) -> Counter[tuple[str, str, str, int]]:
    found: Counter[tuple[str, str, str, int]] = Counter()
    for key, count in oracle.by_day(metric, counts):
        found[key] += count
    return found


@few
@given(
    st.lists(st.tuples(kinds, st.integers(0, 14), st.integers(0, 1), ages, st.integers(0, 7)), max_size=50),
    st.randoms(use_true_random=False),
)
def test_now_stands_still(sent: list[Sent], rnd: random.Random) -> None:
    now_stands_still(sent, rnd)


@few
@given(
    st.lists(st.tuples(kinds, st.integers(0, 1), st.integers(0, 30 * DAY), st.integers(0, 6)), max_size=60),
    st.randoms(use_true_random=False),
)
def test_time_goes_on(drawn: list[tuple[str, int, int, int]], rnd: random.Random) -> None:
    time_goes_on(drawn, rnd)


def test_dense_worlds() -> None:
    """Many events of few customers, so that every kind of thing happens to them often."""
    seen: Counter[str] = Counter()
    for seed in range(int(os.environ.get("CUSTOMER_WORLDS", "4"))):
        rnd = random.Random(seed)
        sent = [
            (rnd.choice(KINDS), rnd.randrange(150), rnd.randrange(3), rnd.randrange(6 * DAY), rnd.randrange(8))
            for _ in range(150)
        ]
        drawn = [(rnd.choice(KINDS), rnd.randrange(3), rnd.randrange(30 * DAY), rnd.randrange(7)) for _ in range(200)]
        for world in (now_stands_still(sent, rnd), time_goes_on(drawn, rnd)):
            seen.update({rule: len(events) for rule, events in world.flagged.items()})
            for (_, region, word, _), count in world.counts().items():
                seen[word] += count if region == "(all)" else 0
    rare = {kind: count for kind, count in seen.items() if count < 8}
    assert not rare, "the worlds are too thin to say anything"
    assert seen.keys() >= {"repeated", "silent", "invited", "answered", "recovered", "not_recovered"}
