"""Scales of scores: what a score can be, which end is good, and how a set of scores becomes one value."""

from typing import Literal

from msgspec import Struct

MetricKind = Literal["nps", "top_box", "mean"]


class Scale(Struct, frozen=True):
    """An inclusive range of whole scores and which end of it is good."""

    minimum: int
    maximum: int
    higher_is_better: bool = True

    def holds(self, score: int) -> bool:
        """Whether the score lies on the scale."""
        return self.minimum <= score <= self.maximum

    def label(self) -> str:
        """The scale in a word, e.g. ``1..7`` or ``1..5-`` (low is good)."""
        return f"{self.minimum}..{self.maximum}{'' if self.higher_is_better else '-'}"


class MetricSpec(Struct, frozen=True):
    """How one metric is asked and computed.

    ``nps``: 100 (promoters - detractors) / n on 0..10. ``top_box``: the share of the best two scores, in percent.
    ``mean``: the arithmetic mean of the scores.
    """

    kind: MetricKind
    scale: Scale


DEFAULT_METRICS: dict[str, MetricSpec] = {
    "nps": MetricSpec("nps", Scale(0, 10)),
    "csat": MetricSpec("top_box", Scale(1, 5)),
    "ces": MetricSpec("mean", Scale(1, 7)),
}
