"""Who is a customer: in whatever order joinings and leavings come, and wherever it crashes, the windows are exact.

The oracle looks at each customer's life as a whole: no panes, no counts that are amended, no differences.
"""

import os
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.config import Lifecycle
from schemas.metrics import EVER, LIFECYCLE_METRICS, Metric
from schemas.topics import TOUCHPOINTS
from streams.counting.merge import Merge
from streams.counting.source_state import SourcePartition
from streams.counting.windows import WindowSpec
from streams.customers.tenure import MOST_MOMENTS, Moment, Stay, Tenure, stays, tidied
from streams.plan import Plan
from tests.streams.survey_events import Rec, plan, touchpoint

NOW = 1_795_000_000.0
HOUR = 3600.0
EXAMPLES = int(os.environ.get("LIFECYCLE_EXAMPLES", "40"))
CUTS = {"all": (), "touchpoint": ("touchpoint",), "region": ("attributes.region",)}
Row = tuple[bytes, bytes | None]


@dataclass(frozen=True)
class Told:
    """A lifecycle touchpoint."""

    customer: int
    kind: str
    at: float
    region: str | None = None
    amount: str | None = None
    currency: str = "EUR"

    def value(self, number: int) -> bytes:
        more: dict[str, object] = {} if self.region is None else {"attributes": {"region": self.region}}
        if self.amount is not None:
            more["value"] = {"amount": self.amount, "currency": self.currency}
        return touchpoint(f"t{number}", self.at, f"c{self.customer}", touchpoint=self.kind, **more)


@dataclass
class Life:
    """Of one customer: from when to when, where, as a list of stays in order."""

    stays: list[list[float | str | None]] = field(default_factory=list)

    @classmethod
    def of(cls, told: Iterable[Told]) -> "Life":
        """Joinings before leavings at one instant, and the smaller region first."""
        life = cls()
        for one in sorted(told, key=lambda t: (t.at, t.kind == "customer.left", t.region is not None, t.region or "")):
            inside = bool(life.stays) and life.stays[-1][1] is None
            if one.kind == "customer.joined" and not inside:
                life.stays.append([one.at, None, one.region])
            elif one.kind == "customer.left" and inside:
                life.stays[-1][1] = one.at
        return life

    def stay_at(self, when: float) -> list[float | str | None] | None:
        for stay in self.stays:
            began, ended, _ = stay
            assert isinstance(began, float)
            if began <= when and (ended is None or when <= float(ended)):
                return stay
        return None


def expected(log: list[Told], window: WindowSpec, now: float, region: str | None) -> Counter[str]:
    """What retention, churn and CLV of a window are made of; ``region`` None stands for the cut of all."""
    begins = window.oldest(now) * window.pane_s
    found: Counter[str] = Counter()
    people = {one.customer for one in log}
    for person in people:
        life = Life.of(one for one in log if one.customer == person and one.kind != "purchase")
        here = [stay for stay in life.stays if region is None or stay[2] == region]
        at_start = [s for s in here if float(s[0] or 0) < begins and (s[1] is None or float(s[1]) >= begins)]
        at_end = [s for s in here if s[1] is None]
        found["start"] += len(at_start)
        found["end"] += len(at_end)
        found["won"] += len([s for s in at_end if s not in at_start])
        found["lost"] += len([s for s in at_start if s not in at_end])
    for place, one in enumerate(log):
        if one.kind != "purchase" or one.at < begins:
            continue
        before = [old for old in log[:place] if old.customer == one.customer and old.kind != "purchase"]
        stay = Life.of(before).stay_at(one.at)
        where = one.region if stay is None else stay[2]
        if region is not None and where != region:
            continue
        if stay is None or one.amount is None:
            found["left_out"] += 1
        elif one.currency != "EUR":
            found["other_currency"] += 1
        elif one.amount.startswith("-"):
            found["refunded"] += round(-100 * float(one.amount))
        else:
            found["purchases"] += 1
            found["revenue"] += round(100 * float(one.amount))
    return found


class World:
    """One source partition and one merge, which crash when they like."""

    def __init__(self, settings: Plan, rnd: random.Random) -> None:
        self.settings, self.rnd = settings, rnd
        self.log: list[Rec] = []
        self.cursor = 0
        self.changelog: list[Row] = []
        self.partials: list[Row] = []
        self.source = SourcePartition(TOUCHPOINTS, 0, 1, settings)
        self.merge = Merge(settings)
        self.read = 0
        self.metrics: dict[bytes, Metric] = {}

    def send(self, told: Told) -> None:
        self.log.append(Rec(len(self.log), int(NOW * 1000), None, told.value(len(self.log))))

    def disturb(self) -> None:
        match self.rnd.randrange(6):
            case 0 | 1:
                self.apply(self.rnd.randint(1, 4))
            case 2:
                self.flush()
            case 3:
                self.crash()
            case 4:
                self.take(NOW)
            case _:
                self.restart(NOW)

    def apply(self, count: int) -> None:
        chunk = self.log[self.cursor : self.cursor + count]
        self.source.apply(chunk, NOW)
        self.cursor += len(chunk)

    def flush(self, now: float = NOW) -> None:
        flush = self.source.dirty(now)
        if flush is not None:
            self.changelog.extend(flush.state_rows)
            self.partials.extend((row.key, row.value) for row in flush.partial_rows)

    def crash(self, settings: Plan | None = None) -> None:
        self.settings = settings or self.settings
        self.changelog = last_of_each(self.changelog, self.rnd)
        self.source = SourcePartition(TOUCHPOINTS, 0, 1, self.settings)
        self.source.restore(self.changelog)
        self.cursor = self.rnd.randint(0, self.source.position + 1)

    def take(self, now: float) -> None:
        for key, value in self.partials[self.read :]:
            self.merge.apply(key, value)
        self.read = len(self.partials)
        for metric in self.merge.emit(now):
            self.metrics[metric.record_key()] = metric

    def restart(self, now: float) -> None:
        self.partials = last_of_each(self.partials, self.rnd)
        self.merge, self.read = Merge(self.settings), 0
        self.take(now)

    def settle(self, now: float = NOW) -> None:
        self.apply(len(self.log))
        self.flush(now)
        self.take(now)

    def said(self, metric: str, window: str, region: str | None) -> Metric | None:
        for found in self.metrics.values():
            cut = ("all", {}) if region is None else ("region", {"attributes.region": region})
            if (found.metric, found.window, found.cut, found.key) == (metric, window, *cut):
                return found
        return None


def last_of_each(rows: list[Row], rnd: random.Random) -> list[Row]:
    if rnd.random() < 0.5:
        return rows
    last = {key: number for number, (key, _) in enumerate(rows)}
    return [rows[number] for number in sorted(last.values())]


def check(world: World, log: list[Told], now: float) -> None:
    assert {m.window for m in world.metrics.values() if m.metric in LIFECYCLE_METRICS} <= {"1h", "24h"}
    for window in world.settings.windows:
        for region in (None, "A", "B"):
            due = expected(log, window, now, region)
            retention, churn, clv = (world.said(name, window.name, region) for name in LIFECYCLE_METRICS)
            if retention is None or churn is None or clv is None:
                assert not any(due.values()), (window.name, region, due)
                continue
            moved = {name: due[name] for name in ("start", "end", "won", "lost")}
            assert retention.counts == churn.counts == moved, (window.name, region)
            assert {**clv.counts, **moved} == clv.counts
            assert {**dict.fromkeys(moved, 0), **clv.counts} == {
                word: n for word, n in due.items() if n or word in moved
            }
            assert retention.n == churn.n == clv.n == due["start"]
            if not due["start"]:
                assert retention.value is churn.value is clv.value is None
                continue
            assert retention.value == pytest.approx(100 * (due["end"] - due["won"]) / due["start"])
            assert churn.value == pytest.approx(100 * due["lost"] / due["start"])
            assert retention.value + churn.value == pytest.approx(100)
            for one in (retention, churn, *([clv] if clv.value is not None else [])):
                assert one.low is not None
                assert one.high is not None
                assert one.value is not None
                assert one.low <= one.value <= one.high


def settings_of(**changes: object) -> Plan:
    return plan(lifecycle=Lifecycle(currency="EUR", gross_margin=0.6), rules=(), minimum_n=1, cuts=CUTS, **changes)


agos = st.one_of(st.integers(-200, 4000), st.integers(0, 30).map(lambda n: n * 3600), st.integers(0, 40 * 86_400))
told_events = st.builds(
    lambda customer, kind, ago, region, amount, currency: Told(
        customer,
        kind,
        NOW - ago,
        region,
        amount if kind == "purchase" else None,
        currency,
    ),
    st.integers(0, 3),
    st.sampled_from(["customer.joined", "customer.joined", "customer.left", "purchase"]),
    agos,
    st.sampled_from([None, "A", "B"]),
    st.sampled_from([None, "12.50", "0.01", "900", "-3.10"]),
    st.sampled_from(["EUR", "EUR", "EUR", "USD"]),
)


@settings(deadline=None, max_examples=EXAMPLES)
@given(st.lists(told_events, max_size=30), st.randoms(use_true_random=False))
def test_windows_are_exact_in_any_order_through_crashes_and_as_they_move(log: list[Told], rnd: random.Random) -> None:
    moments = Counter(one.customer for one in log)
    if any(count > MOST_MOMENTS for count in moments.values()):
        return
    world = World(settings_of(), rnd)
    for one in log:
        world.send(one)
        for _ in range(rnd.choice([0, 1, 2])):
            world.disturb()
    world.settle()
    check(world, log, NOW)
    for later in (600.0, HOUR, 3 * HOUR, 26 * HOUR):
        if rnd.random() < 0.4:
            world.restart(NOW + later)
        world.settle(NOW + later)
        check(world, log, NOW + later)


def test_hundreds_of_steps_of_one_world() -> None:
    rnd = random.Random(20261122)
    log = [
        Told(
            rnd.randrange(40),
            rnd.choice(["customer.joined", "customer.joined", "customer.left", "purchase"]),
            NOW - rnd.choice([rnd.randrange(4000), rnd.randrange(90_000), rnd.randrange(40 * 86_400)]),
            rnd.choice([None, "A", "B"]),
            rnd.choice([None, "12.50", "-3.10"]),
        )
        for _ in range(300)
    ]
    world = World(settings_of(), rnd)
    for one in log:
        world.send(one)
        world.disturb()
    world.settle()
    check(world, log, NOW)


def test_a_case_counted_by_hand() -> None:
    """Ten customers a day ago; one of them left and came back in the hour, one left; one was won; one came and went."""
    log = [Told(n, "customer.joined", NOW - 86_000, "A") for n in range(10)]
    log += [Told(0, "customer.left", NOW - 600, "B"), Told(0, "customer.joined", NOW - 300, "A")]
    log += [Told(1, "customer.left", NOW - 500), Told(10, "customer.joined", NOW - 400, "A")]
    log += [Told(11, "customer.joined", NOW - 400, "A"), Told(11, "customer.left", NOW - 100)]
    log += [Told(2, "purchase", NOW - 60, "A", "100.00"), Told(3, "purchase", NOW - 60, None, "20.00")]
    log += [Told(2, "purchase", NOW - 30, "A", "-19.00"), Told(99, "purchase", NOW - 60, "A", "7.00")]
    log += [Told(2, "purchase", NOW - 30, "A", "5.00", "USD")]
    world = World(settings_of(), random.Random(1))
    for one in log:
        world.send(one)
    world.settle()
    retention, churn, clv = (world.said(name, "1h", "A") for name in LIFECYCLE_METRICS)
    assert retention is not None
    assert churn is not None
    assert clv is not None
    assert retention.counts == {"start": 10, "end": 10, "won": 2, "lost": 2}
    assert (retention.value, churn.value) == (80, 20)
    # (100 + 20 - 19) / 10 customers, 60 % of it, for 1 / 0.2 hours.
    assert clv.value == pytest.approx(101 / 10 * 0.6 / 0.2)
    bought = {"purchases": 2, "revenue": 12_000, "refunded": 1_900, "other_currency": 1, "left_out": 1}
    assert clv.counts == {**retention.counts, **bought}


def test_what_failed_has_not_happened() -> None:
    world = World(settings_of(), random.Random(1))
    sent = [
        touchpoint("a", NOW - 9, touchpoint="customer.joined"),
        touchpoint("b", NOW - 8, touchpoint="customer.left", outcome="failed"),
        touchpoint("c", NOW - 7, touchpoint="purchase", outcome="failed", value={"amount": "9", "currency": "EUR"}),
    ]
    world.log = [Rec(n, int(NOW * 1000), None, value) for n, value in enumerate(sent)]
    world.settle()
    clv = world.said("clv", "1h", None)
    assert clv is not None
    assert clv.counts == {"start": 0, "end": 1, "won": 1, "lost": 0}


def test_a_new_cut_counts_the_customers_from_before() -> None:
    """What is known of them is counted anew; a cut by something that was not known begins with those who join."""
    world = World(settings_of(), random.Random(3))
    log = [Told(n, "customer.joined", NOW - 7200, "AB"[n % 2]) for n in range(4)]
    for one in log:
        world.send(one)
    world.settle()
    changed = settings_of()
    cuts = {**CUTS, "where": ("attributes.region", "channel")}
    changed = plan(lifecycle=changed.lifecycle, rules=(), minimum_n=1, cuts=cuts)
    world.crash(changed)
    world.settle()
    world.restart(NOW)
    left = [Told(0, "customer.left", NOW - 60), Told(1, "customer.left", NOW - 60)]
    for one in left:
        world.send(one)
    world.settle()
    check(world, log + left, NOW)
    world.crash(settings_of())
    world.settle()
    world.restart(NOW)
    check(world, log + left, NOW)


def test_without_a_lifecycle_nothing_is_kept() -> None:
    world = World(plan(rules=()), random.Random(1))
    world.send(Told(0, "customer.joined", NOW - 60))
    world.settle()
    assert not [m for m in world.metrics.values() if m.metric in LIFECYCLE_METRICS]
    assert not [key for key, _ in world.changelog if b"lifecycle" in key or EVER.encode() in key]


def test_rows_go_when_loop_yaml_no_longer_asks_for_them() -> None:
    world = World(settings_of(), random.Random(1))
    world.send(Told(0, "customer.joined", NOW - 60))
    world.settle()
    world.crash(plan(rules=()))
    world.flush()
    living: dict[bytes, bytes | None] = {}
    living.update(world.changelog)
    assert not [key for key, value in living.items() if value is not None and b"lifecycle" in key]


def test_who_left_is_forgotten_after_the_history_and_who_is_here_never() -> None:
    tenure = Tenure(Lifecycle(currency="EUR"), CUTS, 50)
    world = World(settings_of(), random.Random(1))
    for one in (Told(0, "customer.joined", NOW - 7200), Told(1, "customer.joined", NOW), Told(0, "customer.left", NOW)):
        world.send(one)
    world.settle()
    rows = [(key, value) for key, value in world.changelog if key.startswith(Tenure.prefix) and value is not None]
    for key, value in dict(rows).items():
        tenure.restore(key, value)
    assert len(tenure) == 2
    assert list(tenure.rows(NOW + 52 * 86_400)) == []
    gone = list(tenure.rows(NOW + 52 * 86_400 + 1))
    assert [value for _, value in gone] == [None]
    assert len(tenure) == 1


moments = st.lists(
    st.builds(Moment, st.integers(0, 60).map(float), st.sampled_from([None, {}, {"attributes.region": "A"}])),
    max_size=40,
)


@settings(deadline=None, max_examples=EXAMPLES)
@given(moments)
def test_few_moments_are_kept_and_they_say_the_same_of_the_latest_stays(given_: list[Moment]) -> None:
    whole = sorted(given_, key=Moment.order)
    kept = tidied(whole)
    assert len(kept) <= MOST_MOMENTS
    assert kept == sorted(kept, key=Moment.order)
    before, after = stays(whole), stays(kept)
    assert after == before[len(before) - len(after) :]
    assert len(after) >= min(len(before), MOST_MOMENTS // 2)


def test_a_stay_is_from_the_first_joining_to_the_first_leaving() -> None:
    joined, again = Moment(1.0, {}), Moment(2.0, {})
    assert stays([Moment(0.0), joined, again, Moment(3.0), Moment(4.0)]) == [Stay(joined, 3.0)]


def test_bytes_a_customer() -> None:
    """The size that the documentation states for the state topic."""
    world = World(settings_of(), random.Random(1))
    for customer in range(50):
        world.send(Told(customer, "customer.joined", NOW - customer - 0.25, "Sao Paulo"))
    world.settle()
    rows = {key: value for key, value in world.changelog if key.startswith(Tenure.prefix) and value is not None}
    assert len(rows) == 50
    assert max(len(key) + len(value) for key, value in rows.items()) <= 100
