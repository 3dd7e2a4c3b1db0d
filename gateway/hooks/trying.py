"""Try a mapping on what a tool sends: the events that would come, or the field that does not fit. Nothing is kept."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.hooks.letters import field_of
from gateway.hooks.mapping import FieldShown, Mapper
from gateway.hooks.reading import Mapped, Refused, pieces, read_fetched, read_piece
from gateway.hooks.submissions import Skipped, Wanted
from gateway.problems import Problem


class TriedEvent(Struct, frozen=True, kw_only=True):
    """An event that would come, and where each of its fields comes from."""

    event: dict[str, Any]
    fields: list[FieldShown]


class TriedPiece(Struct, frozen=True, kw_only=True):
    """What would become of one piece of a delivery. One of the four says it, the others are empty.

    ``ignored`` is why it is passed over, ``fetch`` the address from which the answers would be fetched.
    """

    events: list[TriedEvent] = []
    ignored: str | None = None
    fetch: str | None = None
    problem: Problem | None = None


class Tried(Struct, frozen=True, kw_only=True):
    """What would become of a delivery, piece by piece."""

    hook: str
    pieces: list[TriedPiece]


def try_out(mapper: Mapper, payload: bytes, fetched: bytes | None, at: datetime) -> Tried:
    """Read and map a delivery as it would be at ``at``. ``fetched`` is what the tool's API would answer. Pure."""
    tried = [_tried(mapper, piece, fetched, at) for piece in pieces(mapper, payload)]
    return Tried(hook=mapper.name, pieces=tried)


def _tried(mapper: Mapper, piece: bytes, fetched: bytes | None, at: datetime) -> TriedPiece:
    outcome = read_piece(mapper, piece, at)
    if isinstance(outcome, Wanted):
        if fetched is None:
            return TriedPiece(fetch=outcome.url)
        outcome = read_fetched(mapper, piece, fetched, at)
    if isinstance(outcome, Refused):
        error = outcome.error
        return TriedPiece(problem=Problem(error.reason, field_of(mapper.name, error), error.problem))
    if isinstance(outcome, Skipped):
        return TriedPiece(ignored=outcome.why)
    assert isinstance(outcome, Mapped)
    return TriedPiece(
        events=[
            TriedEvent(event=msgspec.json.decode(made.value, type=dict[str, Any]), fields=list(made.fields))
            for made in outcome.events
        ]
    )
