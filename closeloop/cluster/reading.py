"""What a record on one of our topics says. Pure: bytes in, shapes out.

Customers' words and names are hidden unless they are asked for. So what is shown is read field by field from the shapes
of :mod:`schemas`: a field that we do not know may hold anything.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from schemas.alerts import Alert
from schemas.cases import CaseEvent
from schemas.cloudevents import EventReader, context_attributes
from schemas.deadletters import DeadLetter, InvalidEvent
from schemas.metrics import Books, Metric, PartialRecord
from schemas.signals import read_signal
from schemas.topics import ALERTS, CASES, DEADLETTERS, METRICS, PARTIALS, RESPONSES, TOUCHPOINTS

HIDDEN = "(hidden)"
_PERSONAL = frozenset({"comment", "note", "name", "actor_name", "owner_name", "email"})
"""Fields of our shapes that hold a customer's or a colleague's own words or name."""
_LETTER_BYTES = ("key", "value", "headers")
_SIGNAL_HEADER = "closeloop-signal"

_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    METRICS: msgspec.json.Decoder(Metric | Books),
    ALERTS: msgspec.json.Decoder(Alert),
    CASES: msgspec.json.Decoder(CaseEvent),
    DEADLETTERS: msgspec.json.Decoder(DeadLetter),
    PARTIALS: msgspec.json.Decoder(PartialRecord),
}


class Read(Struct, frozen=True, kw_only=True):
    """One record as it is shown."""

    topic: str
    partition: int
    offset: int
    at: datetime | None
    """When it was written, by the topic's clock."""
    key: str | None
    bytes: int
    says: dict[str, Any] | None
    """The message by its fields; ``None`` for a tombstone and for what is not read here."""
    problem: str = ""
    """Why the bytes could not be read as what the topic holds."""


def read_record(
    topic: str,
    partition: int,
    offset: int,
    at: datetime | None,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
    events: EventReader,
    *,
    personal: bool,
) -> Read:
    """Decode one record. ``personal`` shows comments, names and a dead letter's bytes, too."""
    says: dict[str, Any] | None = None
    problem = ""
    if value is None:
        problem = "a tombstone: the key is over"
    else:
        try:
            says = _decoded(topic, value, headers, at, events)
        except InvalidEvent as error:
            problem = f"{error.reason}: {error}"
        except (msgspec.MsgspecError, ValueError, RecursionError):
            problem = "not what this topic holds, or of another version of closeloop"
    if says is None and not problem:
        problem = "not a topic whose records are read here"
    return Read(
        topic=topic,
        partition=partition,
        offset=offset,
        at=at,
        key=None if key is None else key.decode(errors="replace"),
        bytes=len(value or b""),
        says=says if personal or says is None else hidden(says, letter=topic == DEADLETTERS),
        problem=problem,
    )


def hidden(says: Mapping[str, Any], *, letter: bool = False) -> dict[str, Any]:
    """The message without what is personal; that something was there is still seen."""
    found: dict[str, Any] = {}
    for name, value in says.items():
        if letter and name in _LETTER_BYTES:
            found[name] = HIDDEN if value else value
        elif name in _PERSONAL and value:
            found[name] = HIDDEN
        elif isinstance(value, dict) and name != "key":
            found[name] = hidden(value)
        else:
            found[name] = value
    return found


def has_id(read: Read, event_id: str) -> bool:
    """Whether the record is the event with this id."""
    return read.says is not None and read.says.get("id") == event_id


def one_line(read: Read) -> str:
    """The record in a line: where it lies, when, and its fields as ``name=value``."""
    when = "-" if read.at is None else f"{read.at:%Y-%m-%d %H:%M:%S} UTC"
    said = read.problem if read.says is None else " ".join(_pairs(read.says))
    return f"{read.topic}/{read.partition}/{read.offset}\t{when}\t{read.key or '-'}\t{said}"


def _pairs(says: Mapping[str, Any], prefix: str = "") -> list[str]:
    pairs: list[str] = []
    for name, value in says.items():
        if value is None or value in ({}, []):
            continue
        if isinstance(value, dict) and name == "data":
            pairs += _pairs(value)
        elif isinstance(value, dict | list):
            pairs.append(f"{prefix}{name}={msgspec.json.encode(value).decode()}")
        else:
            pairs.append(f"{prefix}{name}={value}")
    return pairs


def _decoded(
    topic: str,
    value: bytes,
    headers: Sequence[tuple[str, bytes | None]],
    at: datetime | None,
    events: EventReader,
) -> dict[str, Any] | None:
    if topic in (TOUCHPOINTS, RESPONSES):
        if any(name == _SIGNAL_HEADER for name, _ in headers):
            return _builtins(read_signal(value))
        # Without its arrival nothing is too far in the future.
        now = at or datetime.max.replace(tzinfo=UTC)
        return _builtins(events.read(value, now, context_attributes(list(headers))))
    decoder = _DECODERS.get(topic)
    return None if decoder is None else _builtins(decoder.decode(value))


def _builtins(message: Any) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(message)
    return told
