"""The answers that lie on ``cx.responses`` as a file: each once, by the rules by which the streams count them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.case_table import Cell, csv_lines, json_cell
from gateway.exports.remembered import Remembered
from schemas.cloudevents import FUTURE_TOLERANCE, EventReader, context_attributes
from schemas.deadletters import InvalidEvent
from schemas.erased_shapes import attributes_left, event_word
from schemas.erasures import Erased
from schemas.events import ResponseEvent

WITHOUT_COMMENT = (
    "source",
    "id",
    "time",
    "received_at",
    "customer_id",
    "metric",
    "score",
    "scale_min",
    "scale_max",
    "higher_is_better",
    "touchpoint",
    "touchpoint_event_id",
    "channel",
    "language",
    "contact_requested",
    "revises",
    "attributes",
)


class Consumed(Struct, frozen=True):
    """A record as it lies on the topic; ``arrival`` is the broker's clock, milliseconds since the epoch."""

    arrival: int
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class Answer(Struct, frozen=True, kw_only=True):
    """One answer of an export. ``comment`` is absent where whoever asks may not read comments."""

    source: str
    id: str
    time: datetime
    received_at: datetime
    customer_id: str
    metric: str
    score: int
    scale_min: int
    scale_max: int
    higher_is_better: bool
    touchpoint: str | None
    touchpoint_event_id: str | None
    channel: str | None
    language: str | None
    contact_requested: bool
    revises: str | None
    attributes: dict[str, str | int | float | bool]
    comment: str | UnsetType | None = UNSET


class AnswerFilter(Struct, frozen=True, kw_only=True):
    """Which answers are asked for, by their own time: ``since`` is included, ``until`` is not."""

    since: datetime
    until: datetime
    metric: str | None = None
    comments: bool = False

    @property
    def arrived_since(self) -> datetime:
        """An answer is never later than its arrival by more than what the border lets pass."""
        return self.since - FUTURE_TOLERANCE


class Left(Struct, frozen=True):
    """What an export leaves of people who were erased: figures under a word, and the attributes that cuts count by."""

    erased: Erased = Erased()
    counted: frozenset[str] = frozenset()

    def of(self, answer: Answer) -> Answer:
        """The answer as it may be shown."""
        word = self.erased.word(answer.customer_id, answer.time)
        if word is None:
            return answer
        about = answer.touchpoint_event_id
        return msgspec.structs.replace(
            answer,
            id=event_word(word, answer.source, answer.id),
            customer_id=word,
            touchpoint_event_id=None if about is None else event_word(word, answer.source, about),
            revises=None if answer.revises is None else event_word(word, answer.source, answer.revises),
            attributes=attributes_left(answer.attributes, self.counted),
            comment=UNSET if answer.comment is UNSET else None,
        )


EVERYBODY = Left()


def answers_of(
    records: Iterable[list[Consumed]],
    reader: EventReader,
    wanted: AnswerFilter,
    remembered: Remembered,
    left: Left = EVERYBODY,
) -> Iterator[list[Answer]]:
    """The answers of one partition that fit, in the order of their arrival. What is no answer is passed over."""
    for batch in records:
        found = (_answer(record, reader, wanted, remembered) for record in batch)
        yield [left.of(answer) if left.erased else answer for answer in found if answer is not None]


def answers_as_csv(found: Iterator[list[Answer]], *, comments: bool) -> Iterator[bytes]:
    """A header and a line an answer; attributes are JSON. An empty piece where a batch of records held none."""
    columns = (*WITHOUT_COMMENT, "comment") if comments else WITHOUT_COMMENT
    yield csv_lines([columns]).encode()
    for rows in found:
        yield csv_lines(_cells(row, columns) for row in rows).encode()


def _answer(record: Consumed, reader: EventReader, wanted: AnswerFilter, remembered: Remembered) -> Answer | None:
    arrived = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=record.arrival)
    try:
        event = reader.read(record.value, arrived, context_attributes(record.headers))
    except InvalidEvent:
        return None  # a dead letter, or a signal of the streams
    if not isinstance(event, ResponseEvent) or not remembered.is_new(event.source, event.id, record.arrival):
        return None
    data = event.data
    if not wanted.since <= event.time < wanted.until or wanted.metric not in (None, data.metric):
        return None
    scale = reader.scale_of(data)
    return Answer(
        source=event.source,
        id=event.id,
        time=event.time,
        received_at=arrived,
        customer_id=data.customer_id,
        metric=data.metric,
        score=data.score,
        scale_min=scale.minimum,
        scale_max=scale.maximum,
        higher_is_better=scale.higher_is_better,
        touchpoint=data.touchpoint,
        touchpoint_event_id=data.touchpoint_event_id,
        channel=data.channel,
        language=data.language,
        contact_requested=data.contact_requested,
        revises=data.revises,
        attributes=data.attributes,
        comment=data.comment if wanted.comments else UNSET,
    )


def _cells(row: Answer, columns: Iterable[str]) -> list[Cell]:
    values = ((name, getattr(row, name)) for name in columns)
    return [json_cell(value) if name == "attributes" else value for name, value in values]
