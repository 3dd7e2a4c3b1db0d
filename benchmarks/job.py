"""The events that are measured with: survey responses of about 300 bytes, drawn as a shop might receive them.

Scores follow a distribution with a fifth of detractors: an NPS of 28, 65 % satisfied, efforts mostly low. That is what
most published benchmarks call an ordinary shop; a uniform draw would make half of all answers detractors and measure
the alerts instead of the metrics.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from benchmarks.spec import SCALES, THRESHOLDS

SCORE_WEIGHTS = {
    "nps": (2, 1, 1, 2, 2, 5, 7, 12, 20, 19, 29),
    "csat": (8, 12, 15, 35, 30),
    "ces": (5, 6, 9, 12, 20, 26, 22),
}
"""How often each score of the metric's scale comes, in percent."""

REGIONS = ("SP", "RJ", "MG", "RS", "PR", "BA")
TOUCHPOINTS = ("order.delivered", "checkout.completed", "support.resolved")
CHANNELS = ("email", "app")
SEGMENTS = ("consumer", "smb", "enterprise")
CUSTOMERS = 20_000
SPAN_S = 50 * 60
"""All events lie within the last 50 minutes, so every window holds all of them as long as a round lasts."""
COMMENT = "arrived a day late, box dented, support answered quickly"

_TEMPLATE = (
    '{"specversion":"1.0","id":"%s","source":"/bench/surveys","type":"closeloop.response.v1","time":"%s",'
    '"data":{"customer_id":"%s","metric":"%s","score":%d,"touchpoint":"%s","channel":"%s"%s,'
    '"attributes":{"region":"%s","segment":"%s"}}}'
)


class Answer(NamedTuple):
    """One response: what the oracle counts, and its bytes."""

    id: str
    customer_id: str
    at: float
    """Event time, seconds UTC."""
    metric: str
    score: int
    touchpoint: str
    channel: str
    region: str
    segment: str

    @property
    def detractor(self) -> bool:
        """Whether the answer is at or below its metric's threshold."""
        return self.score <= THRESHOLDS[self.metric]

    def encode(self) -> bytes:
        """The CloudEvent in JSON; two in five carry a comment."""
        time = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        comment = f',"comment":"{COMMENT}"' if hash(self.score * 7 + len(self.id)) % 5 < 2 else ""
        return (
            _TEMPLATE
            % (
                self.id,
                time,
                self.customer_id,
                self.metric,
                self.score,
                self.touchpoint,
                self.channel,
                comment,
                self.region,
                self.segment,
            )
        ).encode()


def answers(count: int, seed: int, now: float, span_s: float = SPAN_S) -> Iterator[Answer]:
    """``count`` distinct responses of the ``span_s`` seconds before ``now`` (seconds UTC), in order of time."""
    draw = random.Random(seed)
    metrics = tuple(SCALES)
    scores = {metric: range(low, high + 1) for metric, (low, high) in SCALES.items()}
    step = span_s / max(count, 1)
    for number in range(count):
        metric = metrics[int(draw.random() * 3)]
        yield Answer(
            f"r-{seed}-{number:08d}",
            f"c{int(draw.random() * CUSTOMERS):05d}",
            now - span_s + number * step,
            metric,
            draw.choices(scores[metric], SCORE_WEIGHTS[metric])[0],
            TOUCHPOINTS[int(draw.random() * len(TOUCHPOINTS))],
            CHANNELS[int(draw.random() * len(CHANNELS))],
            REGIONS[int(draw.random() * len(REGIONS))],
            SEGMENTS[int(draw.random() * len(SEGMENTS))],
        )


def many_keys(count: int, keys: int, seed: int, now: float) -> Iterator[Answer]:
    """``count`` NPS answers spread evenly over ``keys`` regions, for measuring state: every region has its series."""
    for number, answer in enumerate(answers(count, seed, now, 600.0)):
        score = min(answer.score * (2 if answer.metric == "csat" else 1), 10)
        yield answer._replace(metric="nps", score=score, region=f"r{number % keys:06d}")
