"""One delivery, from its bytes to events: cut into pieces, each read and mapped by itself. Pure."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.hooks.mapping import MadeEvent, Mapper
from gateway.hooks.signatures import FormHmac, Unsigned, form_fields
from gateway.hooks.submissions import Read, Skipped, Submission, Wanted
from gateway.hooks.tools import TOOLS
from gateway.splitting import TooMany, split_array
from schemas.deadletters import InvalidEvent

MAX_PIECES = 5_000


class Mapped(Struct, frozen=True):
    """The events of a piece."""

    events: tuple[MadeEvent, ...]


class Refused(Struct, frozen=True):
    """Why a piece cannot be mapped."""

    error: InvalidEvent


Outcome = Mapped | Skipped | Wanted | Refused


def pieces(mapper: Mapper, body: bytes) -> list[bytes]:
    """The untouched bytes of each submission: the elements of an array, else the whole body.

    Whole where it cannot be cut: then it is refused as one.
    """
    if TOOLS[mapper.hook.tool].fetched is None and body.lstrip()[:1] == b"[":
        try:
            return split_array(body, MAX_PIECES) or [body]
        except (InvalidEvent, TooMany):
            return [body]
    return [body]


def read_piece(mapper: Mapper, piece: bytes, at: datetime) -> Outcome:
    """What becomes of one piece; ``at`` is its arrival, UTC."""
    if not piece.strip():
        return Skipped("empty")
    try:
        document = _document(mapper, piece)
        if isinstance(document, list) and len(document) > MAX_PIECES:  # which no tool would find anything in
            raise InvalidEvent("too_large", "", f"{len(document):,} in one array; at most {MAX_PIECES:,} are read")  # noqa: TRY301
        return _mapped(mapper, TOOLS[mapper.hook.tool].read(document, mapper.hook), at)
    except InvalidEvent as error:
        return Refused(error)


def read_fetched(mapper: Mapper, piece: bytes, fetched: bytes, at: datetime) -> Outcome:
    """What becomes of a notice, with what was fetched for it."""
    tool = TOOLS[mapper.hook.tool]
    assert tool.fetched is not None
    try:
        answered = tool.fetched(_document(mapper, piece), _json(fetched, "fetched"), mapper.hook)
        return _mapped(mapper, answered, at)
    except InvalidEvent as error:
        return Refused(error)


def _mapped(mapper: Mapper, found: Read, at: datetime) -> Outcome:
    if not isinstance(found, Submission):
        return found
    events = mapper.map(found, at)
    return events if isinstance(events, Skipped) else Mapped(events)


def _document(mapper: Mapper, piece: bytes) -> Any:
    if isinstance(TOOLS[mapper.hook.tool].scheme, FormHmac):
        try:
            fields = form_fields(piece)
        except Unsigned:
            raise InvalidEvent("not_json", "", "is no form; Qualtrics' event subscriptions send forms") from None
        if "MSG" in fields:
            return {**fields, "MSG": _json(fields["MSG"].encode(), "MSG")}
        return {**fields, "MSG": fields}
    return _json(piece, "")


def _json(raw: bytes, field: str) -> Any:
    try:
        raw.decode()
        return msgspec.json.decode(raw)
    except UnicodeDecodeError:
        raise InvalidEvent("not_utf8", field, "is not UTF-8") from None
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise InvalidEvent("not_json", field, "is not JSON") from None
