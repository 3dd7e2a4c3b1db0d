"""What every worker under test has to do, as plain data: peers import this and nothing else of the project.

The job: decode and validate survey responses of about 300 bytes, keep a histogram of scores for each metric, window,
cut and key with durable state, send detractors to a topic at once, and send the changed metrics once a second.
"""

WINDOWS = {"1h": (3600, 60), "24h": (86_400, 900), "7d": (604_800, 6300), "30d": (2_592_000, 27_000)}
"""Length of a rolling window and of its panes, both in seconds."""

CUTS: dict[str, tuple[str, ...]] = {
    "all": (),
    "touchpoint": ("touchpoint",),
    "touchpoint_channel": ("touchpoint", "channel"),
    "region": ("region",),
    "segment": ("segment",),
}
"""The dimensions that a metric is kept for. Regions and segments are attributes of the event."""

SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
THRESHOLDS = {"nps": 6, "csat": 2, "ces": 3}
"""An answer at or below is a detractor's."""

PARTITIONS = 3
"""Partitions of every topic, as closeloop's catalogue has them."""

RESPONSES = "cx.responses"
EMIT_EVERY_S = 1.0
COMMIT_EVERY_S = 1.0
"""How much work a crash may make a worker do again, for every worker the same."""
SESSION_TIMEOUT_S = 6.0
"""When the broker takes a worker that went silent for dead; the same for all that join a group, as it decides how soon
a killed one is replaced."""


def out_topics(peer: str) -> tuple[str, str]:
    """The topics for the metrics and for the detractors of one peer."""
    return f"bench.{peer}.metrics", f"bench.{peer}.alerts"


def value_of(metric: str, counts: dict[str, int]) -> float:
    """The metric's value from its histogram: points for NPS, percent of the top two boxes for CSAT, mean for CES."""
    n = sum(counts.values())
    if metric == "nps":
        promoters = counts.get("9", 0) + counts.get("10", 0)
        detractors = sum(counts.get(str(score), 0) for score in range(7))
        return 100 * (promoters - detractors) / n
    if metric == "csat":
        return 100 * (counts.get("4", 0) + counts.get("5", 0)) / n
    return sum(int(score) * count for score, count in counts.items()) / n
