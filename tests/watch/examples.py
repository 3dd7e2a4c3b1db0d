"""A loop as a watch knows it: metrics good, bad and too few, cases of every kind, books that balance or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from closeloop.watch.known import Configuration, Known, Link, MetricShown, Numbers, Week, key_of, with_cases
from gateway.book_trend import Rates
from gateway.books import Account, Totals
from gateway.case_shapes import AlertShown, Case
from gateway.cluster.looks import BrokerSeen, DiskSeen
from gateway.cluster.report import GroupReport, Lag, MemberReport, PartitionReport, TopicReport
from gateway.pipeline import Equation, Outbox, Pipeline
from schemas.metric_catalogue import CatalogueEntry
from schemas.metrics import Metric, Series
from schemas.statistics import summarise
from schemas.topics import DESK_GROUP, RESPONSES, STREAMS_GROUP

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RATES = Rates(seconds=300, received_per_second=1.0, duplicate_rate=0.0, late_rate=0.0, dead_letter_rate=0.0)

CONFIGURATION = Configuration(
    clock="wall",
    zone="UTC",
    minimum_n=10,
    windows=["1h", "24h"],
    cuts={"all": [], "touchpoint": ["touchpoint"]},
    metrics={
        "nps": MetricShown(kind="nps", minimum=0, maximum=10, higher_is_better=True),
        "csat": MetricShown(kind="top_box", minimum=1, maximum=5, higher_is_better=True),
    },
    catalogue={
        "nps": CatalogueEntry(unit="points", higher_is_better=True, topic="scores", title=""),
        "csat": CatalogueEntry(unit="percent", higher_is_better=True, topic="scores", title=""),
        "outcome": CatalogueEntry(unit="percent", higher_is_better=False, topic="touchpoints", title="Failed"),
    },
)


def value(metric: str, counts: dict[str, int], touchpoint: str | None = None, window: str = "24h") -> Metric:
    spec = CONFIGURATION.spec(metric)
    assert spec is not None
    made = summarise(spec.kind, spec.scale, counts, CONFIGURATION.minimum_n)
    return Metric(
        metric=metric,
        window=window,
        cut="all" if touchpoint is None else "touchpoint",
        key={} if touchpoint is None else {"touchpoint": touchpoint},
        value=made.value,
        low=made.low,
        high=made.high,
        n=made.n,
        counts=counts,
        too_few=made.too_few,
        as_of=NOW,
        version=1,
    )


def case(number: int, **changed: object) -> Case:
    alert = AlertShown(
        id="a", rule="detractor", reason="r", severity="high", event_source="/s", event_id="e", event_time=NOW,
        detected_at=NOW, metric="nps", score=3, scale_min=0, scale_max=10, comment="geheim",
    )  # fmt: skip
    fields: dict[str, object] = {
        "id": number, "version": 1, "customer_id": f"c{number}", "programme": "p", "state": "open", "severity": "high",
        "receiver": "desk", "owner": "ana", "owner_name": "Ana Sá", "opened_at": NOW - timedelta(hours=number),
        "updated_at": NOW - timedelta(minutes=number), "acknowledged_at": None, "contacted_at": None,
        "closed_at": None, "snoozed_until": None, "lease_until": None,
        "acknowledge_by": NOW + timedelta(hours=10 - number), "contact_by": NOW + timedelta(days=1),
        "resolve_by": NOW + timedelta(days=3), "root_cause": None, "resolution_note": None, "answer_count": 1,
        "latest_alert": alert, "touchpoint": "order.delivered", "attributes": {}, "actions": [],
    }  # fmt: skip
    wanted = fields | changed
    return Case(**{name: wanted[name] for name in Case.__struct_fields__ if name in wanted})


def equation(received: int, counted: int, dead: dict[str, int], unread: int | None = 0) -> Equation:
    difference = received - counted - sum(dead.values())
    return Equation(
        received=received, counted=counted, duplicates=0, late=0, dead_letters=sum(dead.values()),
        dead_letters_by_reason=dead, difference=difference, holds=difference == 0, unread=unread, rates=RATES,
    )  # fmt: skip


def pipeline(*, balanced: bool = True, members: int = 1) -> Pipeline:
    who = [MemberReport(member=f"m{n}", client="c", host="h", partitions=[]) for n in range(members)]
    lag = Lag(0, 0.0) if members else Lag(1200, 300.0)
    partition = PartitionReport(
        partition=0, begin=0, end=9, rate_per_second=1.5, leader=1, replicas=1, in_sync=1, lag={STREAMS_GROUP: lag}
    )
    return Pipeline(
        as_of=NOW,
        unknown={"disks": "not known: too old a Kafka"},
        brokers=[BrokerSeen(1, "k", 9092)],
        under_replicated_partitions=0,
        offline_partitions=0,
        topics=[TopicReport(topic=RESPONSES, rate_per_second=1.5, partitions=[partition])],
        groups=[
            GroupReport(group=STREAMS_GROUP, state="stable" if members else "empty", members=who, lag=lag),
            GroupReport(group=DESK_GROUP, state="stable", members=who or None, lag=Lag(None, None)),
        ],
        disks=[DiskSeen(broker=1, log_dir="/l", size_bytes=100 << 30, free_bytes=5 << 30, loop_bytes=1)],
        outbox=Outbox(waiting=3, in_doubt=1, undeliverable=0, oldest_seconds=125.0),
        books={
            "touchpoints": equation(100, 100, {}),
            "responses": equation(1204, 1200 if balanced else 1190, {"scale": 4}, unread=7),
        },
    )


def known(**changed: object) -> Known:
    rows = [
        value("nps", {"9": 60, "3": 40}),
        value("csat", {"5": 3, "1": 2}),
        value("nps", {"3": 40, "9": 5}, "order.delivered"),
        value("nps", {"9": 55, "8": 5}, "support.closed"),
        value("csat", {"5": 3}, "rare.step"),
    ]
    account = Account(received=0, counted=0, duplicates=0, late=0, dead_letters={})
    fields: dict[str, object] = {
        "link": Link(state="live", since=NOW - timedelta(minutes=5)),
        "configuration": CONFIGURATION,
        "values": {key_of(row): row for row in rows},
        "week": Week("24h", {Series("nps", "all", ()): {"9": 900, "3": 100}}),
        "totals": Totals(touchpoints=account, responses=account, alerts={}, cases={"open": 2, "resolved": 5}),
        "numbers": Numbers(waiting=2, overdue=1),
        "pipeline": pipeline(),
    }
    return with_cases(
        Known(**(fields | changed)),  # type: ignore[arg-type] # the fields of Known by name
        [case(1), case(12), case(3, state="resolved", closed_at=NOW, severity="critical")],
    )
