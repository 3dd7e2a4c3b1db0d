"""The catalogue names every metric that the merge sends, and no other."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from schemas.config import Csi, Invitations, Lifecycle, Loop
from schemas.loop_yaml import load
from schemas.metric_catalogue import catalogue
from streams.metrics.measures import measured
from streams.plan import compile_plan

EXAMPLE = load(Path(__file__).parents[2] / "loop.yaml")
PLAIN = structs.replace(EXAMPLE, csi=None, lifecycle=None, invitations=None)
FULL = structs.replace(
    PLAIN,
    csi=Csi(weights={"nps": 1, "csat": 2}),
    lifecycle=Lifecycle(currency="EUR"),
    invitations=Invitations(),
)


def sent(loop: Loop) -> set[str]:
    return {name for series in measured(compile_plan(loop, "wall")).values() for name, _ in series.metrics}


def test_it_names_what_is_sent() -> None:
    assert set(catalogue(PLAIN)) == sent(PLAIN)
    assert set(catalogue(FULL)) == sent(FULL)


def test_units_and_directions() -> None:
    found = catalogue(FULL)
    assert {name: (entry.unit, entry.higher_is_better) for name, entry in found.items()} == {
        "nps": ("points", True),
        "csat": ("percent", True),
        "ces": ("scale", True),
        "csi": ("points", True),
        "outcome": ("percent", False),
        "response_rate": ("percent", True),
        **{f"time_to_{step}{hours}": ("seconds", False) for step in _STEPS for hours in ("", "_business")},
        **{f"in_sla_{step}": ("percent", True) for step in _STEPS},
        "recovered": ("percent", True),
        "retention": ("percent", True),
        "churn": ("percent", False),
        "clv": ("money", True),
    }
    assert found["clv"].currency == "EUR"
    assert list(found)[:3] == ["nps", "csat", "ces"]


_STEPS = ("acknowledge", "contact", "resolve")
