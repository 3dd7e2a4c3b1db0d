"""What a tool sent and cannot be mapped, as a dead letter with its untouched bytes. Pure."""

import base64
import hashlib
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from gateway.intake import Record
from schemas.deadletters import DeadLetter, InvalidEvent
from schemas.topics import DEADLETTERS

PREFIX = "hooks/"
"""Stands before the name of the hook where a letter of Kafka has its topic."""
_NAMESPACE = UUID("0d9d3f5e-5f0b-5c1e-8a53-7a2c1d1b6f10")


def hook_of(topic: str) -> str | None:
    """The hook that a letter came in by; None for a letter of Kafka."""
    return topic.removeprefix(PREFIX) if topic.startswith(PREFIX) else None


def field_of(name: str, error: InvalidEvent) -> str:
    """The place in loop.yaml, or in what the tool sent, that does not fit."""
    return f"hooks.{name}.{error.field}" if error.field else f"hooks.{name}"


def letter_of(name: str, piece: bytes, error: InvalidEvent, at: datetime) -> DeadLetter:
    """The letter. Its id follows from hook and bytes, so what a tool sends again is the same letter.

    A hook has no partitions and offsets: instead of an offset stands the arrival, milliseconds since 1970. Headers are
    left out, because they may hold secrets; nothing of them is needed to map the bytes again.
    """
    return DeadLetter(
        id=str(uuid5(_NAMESPACE, f"{name}/{hashlib.sha256(piece).hexdigest()}")),
        topic=f"{PREFIX}{name}",
        partition=0,
        offset=int(at.timestamp() * 1000),
        reason=error.reason,
        field=field_of(name, error),
        problem=error.problem,
        at=at,
        key=None,
        value=base64.b64encode(piece).decode(),
        headers=[],
    )


def record_of(letter: DeadLetter) -> Record:
    """The letter as a record for Kafka."""
    return Record(DEADLETTERS, letter.topic.encode(), msgspec.json.encode(letter))
