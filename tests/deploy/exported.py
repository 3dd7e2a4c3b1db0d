"""What each kind of process exports, asked of its own registry: `python -m tests.deploy.exported` rewrites the page."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from consumers.measures import Measures
from gateway.process import make_parts
from schemas.process_metrics import ProcessMetrics
from schemas.settings import Settings
from streams.instruments import Instruments
from tests.gateway.examples import configuration

PAGE = Path(__file__).parents[2] / "docs" / "monitoring.md"
BEGIN, END = "<!-- metrics: begin -->", "<!-- metrics: end -->"
ROOMS = ("streams", "consumers", "gateway", "sandbox")


class Exported(msgspec.Struct, frozen=True):
    """One metric of one kind of process, named as queries name it (with `_total`)."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


def registries() -> dict[str, CollectorRegistry]:
    """A registry of each kind of process, as that process makes it; nothing runs."""
    sandbox = CollectorRegistry()
    ProcessMetrics(sandbox, "sandbox")
    parts = make_parts(Settings(database="sqlite://", kafka="127.0.0.1:1"), configuration(), lambda why: None)
    parts.slack.close()
    parts.writers.kw["bind"].dispose()
    return {
        "streams": Instruments(CollectorRegistry()).registry,
        "consumers": Measures(CollectorRegistry()).registry,
        "gateway": parts.instruments.registry,
        "sandbox": sandbox,
    }


def exported(registry: CollectorRegistry) -> list[Exported]:
    """All metrics of a registry, those without a sample yet included, by name."""
    labels: dict[str, tuple[str, ...]] = {}
    for collector in registry._collector_to_names:
        if isinstance(collector, MetricWrapperBase):
            labels[collector._name] = tuple(collector._labelnames)
        else:
            for family in collector.describe() if hasattr(collector, "describe") else ():
                labels[family.name] = tuple(getattr(family, "_labelnames", ()))
    found = []
    for family in registry.collect():
        named = labels.get(family.name) or _labels_of_samples(family)
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found.append(Exported(name, family.type, named, family.documentation))
    return sorted(found, key=lambda metric: metric.name)


def _labels_of_samples(family: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for sample in family.samples for label in sample.labels if label != "le"))  # type: ignore[attr-defined]


@cache
def by_name() -> dict[str, tuple[Exported, list[str]]]:
    """Every metric once, with the rooms that export it."""
    found: dict[str, tuple[Exported, list[str]]] = {}
    for room, registry in registries().items():
        for metric in exported(registry):
            found.setdefault(metric.name, (metric, []))[1].append(room)
    return dict(sorted(found.items()))


def series_names() -> set[str]:
    """Every name that a query may ask for: histograms have three."""
    names = {"up", "ALERTS"}
    for name, (metric, _) in by_name().items():
        names |= {f"{name}{end}" for end in ("_bucket", "_count", "_sum")} if metric.kind == "histogram" else {name}
    return names


def table() -> str:
    """The page's list, in Markdown."""
    groups: dict[str, list[str]] = {"Every process": [], **{f"`{room}`": [] for room in ROOMS}}
    for name, (metric, rooms) in by_name().items():
        if name.startswith(("process_", "python_")):
            continue
        group = "Every process" if len(rooms) > 1 else f"`{rooms[0]}`"
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        groups[group].append(f"| `{name}` | {metric.kind} | {labels} | {metric.help} |")
    lines: list[str] = []
    for group, rows in groups.items():
        if rows:
            lines += [f"### {group}", "", "| metric | type | labels | meaning |", "|---|---|---|---|", *rows, ""]
    return "\n".join(lines)


def exposition(registry: CollectorRegistry) -> bytes:
    """What /metrics answers."""
    return generate_latest(registry)


if __name__ == "__main__":
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table()}\n{END}{after}")
    sys.stdout.write(f"{PAGE} written\n")
