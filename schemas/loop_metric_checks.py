"""What the types of loop.yaml cannot say of the metrics that the loop computes: their names, index and lifecycle."""

from collections.abc import Iterator
from itertools import combinations
from math import isfinite

from schemas.config import Loop
from schemas.config_base import seconds
from schemas.metrics import RESERVED_METRICS, RESERVED_PREFIXES
from schemas.scales import DEFAULT_METRICS
from schemas.typed_walk import Misfit, unknown_word
from schemas.yaml_source import Path

MAX_TOUCHPOINT = 128
"""Characters of a touchpoint's name."""

_MAX_LIFETIME_S = 100 * 366 * 86_400


def check_computed(loop: Loop) -> Iterator[Misfit]:
    """Names that are taken, weights that lead nowhere, and a lifecycle whose touchpoints cannot be told apart."""
    for name in loop.metrics:
        if name in RESERVED_METRICS or name.startswith(RESERVED_PREFIXES):
            yield ("metrics", name), f"`{name[:64]}` is a metric that the loop computes itself; choose another name"
    yield from _check_csi(loop)
    yield from _check_lifecycle(loop)


def _check_csi(loop: Loop) -> Iterator[Misfit]:
    if loop.csi is None:
        return
    path: Path = ("csi", "weights")
    known = {**DEFAULT_METRICS, **loop.metrics}
    if not loop.csi.weights:
        yield path, "give at least one metric and its weight, e.g. {nps: 1, csat: 2}"
    for name, weight in loop.csi.weights.items():
        if name not in known:
            yield (*path, name), unknown_word(name, known)
        elif not isfinite(weight):
            yield (*path, name), "give a number that has an end"


def _check_lifecycle(loop: Loop) -> Iterator[Misfit]:
    asked = loop.lifecycle
    if asked is None:
        return
    names = {"joined": asked.joined, "purchase": asked.purchase, "left": asked.left}
    for field, touchpoint in names.items():
        if not 1 <= len(touchpoint) <= MAX_TOUCHPOINT:
            yield ("lifecycle", field), f"give the name of a touchpoint, 1 to {MAX_TOUCHPOINT} characters"
    for first, second in combinations(names, 2):
        if names[first] == names[second]:
            yield ("lifecycle", second), f"the same touchpoint as {first}; give each its own"
    if seconds(asked.max_lifetime) > _MAX_LIFETIME_S:
        yield ("lifecycle", "max_lifetime"), "longer than a hundred years; give less, e.g. 1825d"
