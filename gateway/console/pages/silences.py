"""*Silences*: which alerts disturb nobody now, why and until when; those that are over; a new one."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from gateway.console.page import Page
from gateway.console.reader import Reader
from gateway.console.silence_forms import SIGNS, fields_of
from gateway.parts import Parts
from gateway.silence_reads import list_silences
from gateway.silence_shapes import SilenceShown

ROWS = 50
_MAX_ID = 2**63 - 1


class SilencesAsked(Struct, frozen=True, kw_only=True):
    """``ended``: also those that are over. ``before`` is the cursor."""

    ended: bool = False
    before: Annotated[int, Meta(ge=0, le=_MAX_ID)] = 0


class Silences(Struct, frozen=True, kw_only=True):
    """A page of silences, newest first, and what the form offers."""

    silences: list[SilenceShown]
    next: str
    fields: list[str]
    signs: tuple[str, ...]
    may_act: bool


class SilencesPage(Page[SilencesAsked]):
    """All silences."""

    name = "silences"
    path = "/silences"
    section = "cases"
    asks = SilencesAsked
    seconds = 1.0

    def look(self, parts: Parts, asked: SilencesAsked, reader: Reader, at: datetime) -> Silences:
        """Read a page."""
        with parts.readers() as session:
            found = list_silences(session, parts.words, at, ended=asked.ended, before=asked.before or None, limit=ROWS)
        return Silences(
            silences=found.silences,
            next=found.next or "",
            fields=fields_of(parts.words.cuts),
            signs=SIGNS,
            may_act=reader.may("act"),
        )
