"""The journey map: touchpoints in their order, with volume, failures and scores, and the weakest step. Pure."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from gateway.console.figures import clearly_worse, standing
from schemas.metrics import OUTCOME, Metric

MOST_STEPS = 12
"""More than can be taken in at a glance; the table has all."""


class Step(Struct, frozen=True, kw_only=True):
    """One touchpoint: how often it was met, how often it failed, and the score that says most of it."""

    touchpoint: str
    volume: int
    """Touchpoint events and answers about it, whichever are more: an app may send only one of both."""
    share: float
    """Its volume in the busiest touchpoint's, 0..1."""
    failed: Metric | None
    score: Metric | None
    weakest: bool = False


def journey(
    rows: Sequence[Metric],
    whole: Mapping[str, Metric],
    rises: Mapping[str, bool],
    declared: Sequence[str],
    scores: Collection[str],
) -> list[Step]:
    """The steps: those of loop.yaml in their order, then the busiest others by name, :data:`MOST_STEPS` in all.

    ``rows`` are those of the cut by touchpoint in one window; ``whole`` and ``rises`` are by metric. A step's score is
    that of ``scores`` with most answers. The weakest step is the one whose score or failures stand worst against the
    whole, if any stands worse beyond chance.
    """
    of_touchpoint: dict[str, dict[str, Metric]] = {}
    for row in rows:
        if row.scale == "" and row.n:
            of_touchpoint.setdefault(row.key.get("touchpoint", ""), {})[row.metric] = row
    volumes = {name: max(row.n for row in met.values()) for name, met in of_touchpoint.items()}
    names = [name for name in declared if name in of_touchpoint]
    others = sorted(of_touchpoint.keys() - set(declared), key=lambda name: (-volumes[name], name))
    names += sorted(others[: max(0, MOST_STEPS - len(names))])
    busiest = max((volumes[name] for name in names), default=1)
    steps = [
        Step(
            touchpoint=name,
            volume=volumes[name],
            share=volumes[name] / busiest,
            failed=of_touchpoint[name].get(OUTCOME),
            score=max(
                (row for metric, row in of_touchpoint[name].items() if metric in scores),
                key=lambda row: row.n,
                default=None,
            ),
        )
        for name in names
    ]
    worst = min(
        (step for step in steps if _is_worse(step, whole, rises)),
        key=lambda step: _worst(step, whole, rises),
        default=None,
    )
    return [
        Step(
            touchpoint=step.touchpoint,
            volume=step.volume,
            share=step.share,
            failed=step.failed,
            score=step.score,
            weakest=step is worst,
        )
        for step in steps
    ]


def _figures(step: Step) -> list[Metric]:
    return [row for row in (step.failed, step.score) if row is not None]


def _is_worse(step: Step, whole: Mapping[str, Metric], rises: Mapping[str, bool]) -> bool:
    return any(clearly_worse(row, whole.get(row.metric), rises=rises[row.metric]) for row in _figures(step))


def _worst(step: Step, whole: Mapping[str, Metric], rises: Mapping[str, bool]) -> float:
    found = (standing(row, whole.get(row.metric), rises=rises[row.metric]) for row in _figures(step))
    return min((one for one in found if one is not None), default=0.0)
