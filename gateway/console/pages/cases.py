"""*Cases*: the inbox, with what presses most first."""

from datetime import datetime
from typing import Annotated, get_args

import msgspec
from msgspec import Meta, Struct

from gateway.case_filter import MAX_TEXT, CaseFilter, read_filter
from gateway.case_reads import count_cases, show_case
from gateway.console.case_lines import CaseLine, Reading, line_of
from gateway.console.inbox import most_pressing, read_place
from gateway.console.page import Page, query_of
from gateway.console.reader import Reader
from gateway.parts import Parts
from gateway.silence_reads import silences_of_cases
from schemas.alerts import SEVERITIES
from schemas.cases import CLOSED_STATES, CaseState
from schemas.config_base import seconds

ROWS = 50
MINE = "mine"
ANY_STATE = "all"
_STATES: tuple[CaseState, ...] = get_args(CaseState)
_TO_DO: tuple[CaseState, ...] = tuple(state for state in _STATES if state not in CLOSED_STATES)
_Text = Annotated[str, Meta(max_length=MAX_TEXT)]


class CasesAsked(Struct, frozen=True, kw_only=True):
    """The filters of ``GET /v1/cases``. Without a state: whatever is not closed; ``all`` is every state.

    ``owner`` can be ``mine``: the reader's own.
    """

    state: _Text = ""
    owner: _Text = ""
    receiver: _Text = ""
    severity: _Text = ""
    touchpoint: _Text = ""
    customer: _Text = ""
    subject: _Text = ""
    incident: Annotated[int, Meta(ge=0)] = 0
    overdue: bool = False
    held: bool = False
    text: _Text = ""
    cursor: Annotated[str, Meta(max_length=100)] = ""


class SavedView(Struct, frozen=True, kw_only=True):
    """A link to a usual filter, and how many cases fit it; no number where nobody is chosen to be "me"."""

    name: str
    query: dict[str, str]
    count: int | None
    is_current: bool


class Cases(Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    views: list[SavedView]
    lines: list[CaseLine]
    found: int
    next: str
    nobody: bool
    """"Mine" is asked for, and nobody was chosen to be "me"."""
    filtered: bool
    states: tuple[CaseState, ...]
    severities: tuple[str, ...]
    receivers: tuple[str, ...]
    touchpoints: tuple[str, ...]


_VIEWS: tuple[tuple[str, CasesAsked], ...] = (
    ("to-do", CasesAsked()),
    ("waiting", CasesAsked(state="open")),
    ("mine", CasesAsked(owner=MINE)),
    ("overdue", CasesAsked(overdue=True)),
    ("all", CasesAsked(state=ANY_STATE)),
)


class CasesPage(Page[CasesAsked]):
    """The inbox."""

    name = "cases"
    path = "/cases"
    section = "cases"
    asks = CasesAsked
    seconds = 1.0

    def look(self, parts: Parts, asked: CasesAsked, reader: Reader, at: datetime) -> Cases:
        """Read a page of the list, and count."""
        wanted = filter_of(asked, reader, at)
        place = read_place(asked.cursor)
        reading = Reading(language=reader.language, zone=parts.words.zone, now=at)
        with parts.readers() as session:
            rows, following = most_pressing(session, wanted, at, place, ROWS) if wanted else ((), None)
            silences = silences_of_cases(session, parts.words, rows, at)
            views = []
            for name, view in _VIEWS:
                filtering = filter_of(view, reader, at)
                count = count_cases(session, filtering) if filtering else None
                is_current = msgspec.structs.replace(asked, cursor="") == view
                views.append(SavedView(name=name, query=query_of(view), count=count, is_current=is_current))
            current = next((view for view in views if view.is_current), None)
            found = current.count if current else count_cases(session, wanted) if wanted else 0
        cases = [msgspec.structs.replace(show_case(row, parts.words), silence=silences.get(row.id)) for row in rows]
        return Cases(
            views=views,
            lines=[line_of(case, reading) for case in cases],
            found=found or 0,
            next=str(following) if following else "",
            nobody=wanted is None,
            filtered=current is None,
            states=_STATES,
            severities=SEVERITIES,
            receivers=tuple(parts.loop.receivers),
            touchpoints=_touchpoints(parts),
        )


def filter_of(asked: CasesAsked, reader: Reader, at: datetime) -> CaseFilter | None:
    """What is asked for, as SQL is told; ``None`` for the cases of nobody. Raises :class:`Refusal` (400)."""
    owner = reader.me if asked.owner == MINE else asked.owner
    if asked.owner == MINE and owner is None:
        return None
    state = "" if asked.state == ANY_STATE else asked.state or ",".join(_TO_DO)
    return read_filter(
        state=state,
        owner=owner,
        customer=asked.customer,
        subject=asked.subject,
        severity=asked.severity,
        receiver=asked.receiver,
        touchpoint=asked.touchpoint,
        incident=asked.incident or None,
        overdue=asked.overdue,
        text=asked.text,
        held=asked.held,
        now=at,
    )


def _touchpoints(parts: Parts) -> tuple[str, ...]:
    """Those that can be asked for: the journey's, then whatever else is counted."""
    longest = max(parts.words.windows, key=seconds)
    rows = parts.live.rows.within("touchpoint", longest)
    counted = {row.key["touchpoint"] for row in rows if "touchpoint" in row.key}
    return tuple(dict.fromkeys([*parts.loop.journey, *sorted(counted)]))
