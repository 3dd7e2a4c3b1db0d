"""What a record says: its event, and what the event counts as. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from schemas.cloudevents import EventReader, context_attributes
from schemas.deadletters import InvalidEvent
from schemas.events import Event, Response, ResponseEvent, Touchpoint, TouchpointEvent
from schemas.metrics import OUTCOME
from schemas.scales import MetricSpec, Scale
from schemas.topics import RESPONSES
from schemas.trace_context import TRACE_HEADERS
from schemas.usual_events import UsualReader, UsualResponseEvent, UsualTouchpointEvent
from streams.counting.series import Vocabulary
from streams.kafka.chunks import Record


class Reckoning(NamedTuple):
    """What an event counts as: the metric, the scale of an answer, that scale's label, and the score or outcome."""

    metric: str
    scale: Scale | None
    label: str
    word: str


class Reckoner:
    """Reads the records of one source topic: runs of usual events by few calls, all others one by one."""

    def __init__(self, topic: str, metrics: Mapping[str, MetricSpec]) -> None:
        self._topic = topic
        self._metrics = metrics
        self._expected: type[Event] = ResponseEvent if topic == RESPONSES else TouchpointEvent
        self._reader = EventReader(metrics)
        self._usual: UsualReader[UsualResponseEvent] | UsualReader[UsualTouchpointEvent] = (
            UsualReader(UsualResponseEvent) if topic == RESPONSES else UsualReader(UsualTouchpointEvent)
        )
        self._answers = {
            (name, score): Reckoning(name, spec.scale, "", str(score))
            for name, spec in metrics.items()
            for score in range(spec.scale.minimum, spec.scale.maximum + 1)
        }

    def read_usual(self, records: Sequence[Record]) -> Sequence[UsualResponseEvent | UsualTouchpointEvent | None]:
        """The events of the records that are nothing but usual, None for the others. Their times are not checked."""
        values = [record.value for record in records if record.value and (not record.headers or _is_bare(record))]
        found = self._usual.read(values) if values else ()
        if len(values) == len(records):
            return found
        events = iter(found)
        return [
            next(events) if record.value and (not record.headers or _is_bare(record)) else None for record in records
        ]

    def reckon_usual(self, data: Response | Touchpoint, words: Vocabulary) -> Reckoning | None:
        """What a usual event counts as; None for a metric that is not known or a score that is not on its scale."""
        if isinstance(data, Response):
            return self._answers.get((data.metric, data.score))
        return Reckoning(OUTCOME, None, "", words.outcome(data.outcome))

    def read(self, record: Record, arrived: datetime) -> Event:
        """Any record's event. Raises InvalidEvent."""
        headers = record.headers
        event = self._reader.read(record.value, arrived, context_attributes(list(headers)) if headers else None)
        if type(event) is not self._expected:
            raise InvalidEvent("type", "type", f"not an event of {self._topic}; send it to the topic of its type")
        return event

    def reckon(self, data: Response | Touchpoint, words: Vocabulary) -> Reckoning:
        """What any event counts as. Raises InvalidEvent for an answer on one scale too many."""
        if not isinstance(data, Response):
            return Reckoning(OUTCOME, None, "", words.outcome(data.outcome))
        scale, own = self._reader.scale_of(data), self._metrics[data.metric].scale
        label = "" if scale is own or scale == own else words.scale(data.metric, scale)
        return Reckoning(data.metric, scale, label, str(data.score))


def _is_bare(record: Record) -> bool:
    """Whether none of its headers says anything about the event: a trace context does not."""
    return all(name in TRACE_HEADERS for name, _ in record.headers)
