"""*Incidents*: bursts of cases that share a cause, and the cases of one."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gateway.case_filter import CaseFilter
from gateway.case_reads import show_case
from gateway.case_requests import MAX_NOTE_CHARACTERS
from gateway.console.case_lines import CaseLine, Reading, line_of
from gateway.console.inbox import most_pressing, read_place
from gateway.console.page import Page
from gateway.console.reader import Reader
from gateway.incident_reads import find_incident, list_incidents
from gateway.incident_shapes import IncidentShown
from gateway.parts import Parts
from gateway.problems import Refusal
from gateway.silence_reads import silences_of_cases
from schemas.cases import ROOT_CAUSES

ROWS = 50
_MAX_ID = 2**63 - 1


class IncidentsAsked(Struct, frozen=True, kw_only=True):
    """``every``: also those whose cases are all closed. ``before`` is the cursor."""

    every: bool = False
    before: Annotated[int, Meta(ge=0, le=_MAX_ID)] = 0


class Incidents(Struct, frozen=True, kw_only=True):
    """A page of incidents."""

    incidents: list[IncidentShown]
    next: str


class IncidentsPage(Page[IncidentsAsked]):
    """All incidents."""

    name = "incidents"
    path = "/incidents"
    section = "cases"
    asks = IncidentsAsked
    seconds = 2.0

    def look(self, parts: Parts, asked: IncidentsAsked, reader: Reader, at: datetime) -> Incidents:
        """Read a page."""
        del reader
        with parts.readers() as session:
            found = list_incidents(
                session, parts.loop, at, unresolved=not asked.every, before=asked.before or None, limit=ROWS
            )
        return Incidents(incidents=found.incidents, next=found.next or "")


class IncidentAsked(Struct, frozen=True, kw_only=True):
    """Which incident, and where the page of its cases begins."""

    number: Annotated[int, Meta(ge=1, le=_MAX_ID)]
    cursor: Annotated[str, Meta(max_length=100)] = ""


class Incident(Struct, frozen=True, kw_only=True):
    """One incident with its cases, what presses most first."""

    incident: IncidentShown
    lines: list[CaseLine]
    next: str
    causes: tuple[str, ...]
    most_characters: int


class IncidentPage(Page[IncidentAsked]):
    """One incident."""

    name = "incident"
    path = "/incidents/{number:int}"
    section = "cases"
    asks = IncidentAsked
    seconds = 1.0

    def look(self, parts: Parts, asked: IncidentAsked, reader: Reader, at: datetime) -> Incident:
        """Read it. Raises :class:`Refusal` (404)."""
        place = read_place(asked.cursor)
        reading = Reading(language=reader.language, zone=parts.words.zone, now=at)
        with parts.readers() as session:
            incident = find_incident(session, parts.loop, asked.number, at)
            if incident is None:
                raise Refusal(404, "missing", "", f"there is no incident I-{asked.number}")
            rows, following = most_pressing(session, CaseFilter(incident=asked.number), at, place, ROWS)
            silences = silences_of_cases(session, parts.words, rows, at)
        cases = [msgspec.structs.replace(show_case(row, parts.words), silence=silences.get(row.id)) for row in rows]
        return Incident(
            incident=incident,
            lines=[line_of(case, reading) for case in cases],
            next=str(following) if following else "",
            causes=tuple(ROOT_CAUSES),
            most_characters=MAX_NOTE_CHARACTERS,
        )
