"""What could not be read: the reason, the position, and the untouched bytes."""

import base64
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from msgspec import Struct

DeadLetterReason = Literal[
    "empty",  # no bytes, or a Kafka tombstone
    "too_large",  # over 64 KiB
    "not_utf8",
    "not_json",
    "specversion",  # not CloudEvents 1.0
    "type",  # not an event type of closeloop, or not one of this topic
    "missing",  # a required field is not there
    "invalid",  # a field has a value that it cannot have
    "future",  # more than five minutes ahead of the clock
    "metric",  # a metric that loop.yaml does not declare
    "scale",  # a score outside its scale
    "revises",  # a revision: refused until revisions can be applied exactly
    "alert",  # a record of cx.alerts that the desk cannot read
    "case",  # a record of cx.cases that the streams cannot read
]

LETTER_BYTES = 8 * 1024 * 1024
"""What a record of ``cx.deadletters`` may have: room for the base64 of any record that a broker takes by default."""
KEPT_BYTES = 4 * 1024 * 1024
"""Key, value and headers above it do not fit into a letter; uncompressed, a record may be far larger than on disk."""

_NAMESPACE = UUID("6f5f6f0a-7d0b-5b52-9f0a-0f1d3c2b1a90")


class InvalidEvent(ValueError):  # noqa: N818 - named for the reader: it is what was found, not a fault of ours
    """An event that cannot be taken: which field, what is wrong with it, what would be right.

    The text never shows a value of the event, because values may be personal.
    """

    def __init__(self, reason: DeadLetterReason, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.reason: DeadLetterReason = reason
        self.field = field
        self.problem = problem


class DeadLetter(Struct, frozen=True):
    """One record of ``cx.deadletters``. ``value`` and ``key`` are base64 of the untouched bytes."""

    id: str
    topic: str
    partition: int
    offset: int
    reason: DeadLetterReason
    field: str
    problem: str
    at: datetime
    key: str | None
    value: str | None
    headers: list[tuple[str, str | None]]

    def key_bytes(self) -> bytes | None:
        """The untouched key."""
        return None if self.key is None else base64.b64decode(self.key)

    def value_bytes(self) -> bytes | None:
        """The untouched value; ``None`` for a tombstone."""
        return None if self.value is None else base64.b64decode(self.value)

    def header_bytes(self) -> list[tuple[str, bytes | None]]:
        """The untouched headers, in order."""
        return [(name, None if value is None else base64.b64decode(value)) for name, value in self.headers]


def dead_letter(
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    headers: list[tuple[str, bytes | None]],
    error: InvalidEvent,
    at: datetime,
) -> DeadLetter:
    """Wrap a record that cannot be read. The id follows from the position, so a repeat is the same dead letter.

    Above :data:`KEPT_BYTES` the letter says where the bytes are instead of holding them: they stay on their topic.
    """

    problem = error.problem
    # JSON writes a control character of a header's name as six.
    held = len(key or b"") + len(value or b"") + sum(6 * len(name) + len(raw or b"") for name, raw in headers)
    if held > KEPT_BYTES:
        key, value, headers = None, None, []
        problem += f"; {held:,} bytes are more than a dead letter holds, they stay on the topic at this offset"

    def b64(raw: bytes | None) -> str | None:
        return None if raw is None else base64.b64encode(raw).decode()

    return DeadLetter(
        id=str(uuid5(_NAMESPACE, f"{topic}/{partition}/{offset}")),
        topic=topic,
        partition=partition,
        offset=offset,
        reason=error.reason,
        field=error.field,
        problem=problem,
        at=at,
        key=b64(key),
        value=b64(value),
        headers=[(name, b64(raw)) for name, raw in headers],
    )
