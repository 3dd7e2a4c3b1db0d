"""What loop.yaml asks of the streams, compiled once at the start."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from schemas.config import Csi, Invitations, Lifecycle, Loop, Recovered
from schemas.config_base import seconds
from schemas.config_rules import Rule
from schemas.loop_yaml import metric_specs
from schemas.metrics import Clock
from schemas.scales import MetricSpec
from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.counting.windows import WindowSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The part of loop.yaml that counting, flagging and merging need. Times in seconds."""

    metrics: Mapping[str, MetricSpec]
    cuts: Mapping[str, tuple[str, ...]]
    """Cut name to the fields of its dimensions, in order."""
    windows: tuple[WindowSpec, ...]
    zone: ZoneInfo
    """Where the calendar days of the history begin."""
    history_days: int
    max_keys_per_cut: int
    minimum_n: int
    remember_s: Mapping[str, int]
    """Source topic to how long, by arrival, an event's id is remembered."""
    rules: tuple[Rule, ...]
    alert_max_age_s: int
    clock: Clock
    csi: Csi | None = None
    lifecycle: Lifecycle | None = None
    invitations: Invitations | None = None
    recovered: Recovered | None = None


def compile_plan(loop: Loop, clock: Clock) -> Plan:
    """The plan of a checked loop.yaml. Raises ValueError for a window length that has no panes."""
    return Plan(
        metrics=metric_specs(loop),
        cuts={name: tuple(fields) for name, fields in loop.cuts.items()},
        windows=tuple(WindowSpec.of(name) for name in loop.windows),
        zone=ZoneInfo(loop.history.zone),
        history_days=loop.history.days,
        max_keys_per_cut=loop.max_keys_per_cut,
        minimum_n=loop.minimum_n,
        remember_s={
            RESPONSES: seconds(loop.deduplication.responses),
            TOUCHPOINTS: seconds(loop.deduplication.touchpoints),
        },
        rules=tuple(loop.rules),
        alert_max_age_s=seconds(loop.alert_max_age),
        clock=clock,
        csi=loop.csi,
        lifecycle=loop.lifecycle,
        invitations=loop.invitations,
        recovered=loop.recovered,
    )
