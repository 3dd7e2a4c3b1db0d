"""What an event of ``cx.cases`` says of the loop's own speed: which steps its case has taken, and how long each took.

Every event tells all that has happened to its case so far, so what a case counts as follows from its newest event
alone: an event that was lost, or came twice, leaves nothing wrong behind. Pure.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from schemas.cases import CaseEvent
from schemas.cloudevents import EARLIEST
from schemas.deadletters import InvalidEvent
from schemas.durations import MOST_S, words_of
from streams.counting.panes import Group
from streams.counting.series import Dimensions
from streams.metrics.measures import CASE_STEPS

IN_SLA, MISSED = "in_sla", "missed"
"""The words of the metrics ``in_sla_*``."""

_decoder = msgspec.json.Decoder(CaseEvent)


class Step(Struct, frozen=True, array_like=True):
    """A step that a case has taken: the minute since 1970 in which it did, seconds it took, and whether in time."""

    minute: int
    seconds: int
    business_seconds: int | None
    in_sla: bool | None


Steps = tuple[Step | None, Step | None, Step | None]
"""The first acknowledgement, the first contact, and the resolution that holds; ``None`` for those not taken."""

NO_STEPS: Steps = (None, None, None)


def read_case(value: bytes | None) -> CaseEvent:
    """Decode one record of ``cx.cases``. Raises :class:`InvalidEvent` (reason ``case``) if it is none."""
    if not value:
        raise InvalidEvent("case", "", "no value; an event of a case is a JSON object")
    try:
        event = _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # msgspec names the field and the types, never a value, except for an unknown enum or tag member.
        field = str(error).rpartition(" - at `$.")[2].rstrip("`") if " - at `$." in str(error) else ""
        raise InvalidEvent("case", field, "not an event of a case of this version of closeloop") from None
    for name in ("at", "opened_at"):
        moment: datetime = getattr(event, name)
        if moment.tzinfo is None:
            raise InvalidEvent("case", name, "has no zone; give an RFC 3339 time such as 2026-11-21T10:15:02Z")
        if moment < EARLIEST:
            raise InvalidEvent("case", name, "before 1970; give the time at which it happened")
    for step in CASE_STEPS:
        for name in (f"seconds_to_{step}", f"business_seconds_to_{step}"):
            seconds: float | None = getattr(event, name)
            if seconds is not None and not 0 <= seconds <= MOST_S:
                raise InvalidEvent("case", name, f"give seconds from 0 to {MOST_S}")
    return event


def steps_of(event: CaseEvent) -> Steps:
    """The steps that the event's case has taken.

    None of a case about a metric, which has no customer, nor of one that disturbs nobody: nothing is promised there,
    and somebody looks when there is time.
    """
    if event.subject != "customer" or not event.page:
        return NO_STEPS
    acknowledge, contact, resolve = (_step(event, name) for name in CASE_STEPS)
    return acknowledge, contact, resolve


def counts_of(steps: Steps, dimensions: Dimensions) -> Iterator[tuple[Group, int]]:
    """What is to be counted for these steps, each in the minute in which it was taken."""
    for name, step in zip(CASE_STEPS, steps, strict=True):
        if step is None:
            continue
        timed = ((f"time_to_{name}", step.seconds), (f"time_to_{name}_business", step.business_seconds))
        for metric, seconds in timed:
            if seconds is not None:
                for word, count in words_of(seconds):
                    yield (metric, "", dimensions, step.minute, word), count
        if step.in_sla is not None:
            yield (f"in_sla_{name}", "", dimensions, step.minute, IN_SLA if step.in_sla else MISSED), 1


def _step(event: CaseEvent, name: str) -> Step | None:
    seconds: float | None = getattr(event, f"seconds_to_{name}")
    if seconds is None:
        return None
    business: float | None = getattr(event, f"business_seconds_to_{name}")
    taken = event.opened_at + timedelta(seconds=seconds)
    return Step(
        int(taken.timestamp()) // 60,
        round(seconds),
        None if business is None else round(business),
        getattr(event, f"in_sla_{name}"),
    )
