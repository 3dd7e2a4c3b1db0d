"""Who takes care, in loop.yaml: working hours, people, teams, receivers and the routing tree."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from schemas.config_base import Clock, Scalar, Section, Weekday

Language = Literal["en", "de", "ru", "uk", "zh", "pt"]
"""What people can be spoken to in; Portuguese is Brazil's, Chinese is written in simplified characters."""


class Calendar(Section, frozen=True, kw_only=True):
    """Working hours: spans of local time by weekday, in a zone, without holidays."""

    zone: str
    hours: dict[Weekday, list[tuple[Clock, Clock]]]
    holidays: list[date] = []
    holidays_of: str | None = None
    """The public holidays of a country or of a part of it, besides ``holidays``: ``DE``, ``BR-SP``."""


class Absence(Section, frozen=True, kw_only=True):
    """Days on which somebody is not there, in their own zone, both included, and who stands in for them."""

    from_: date = field(name="from")
    until: date
    deputy: str | None = None


class Person(Section, frozen=True, kw_only=True):
    """An employee who owns cases. ``slack`` is the Slack user id; without it Slack is asked by ``email``."""

    name: str
    email: str
    slack: str | None = None
    calendar: str | None = None
    """A name of ``calendars``; without it every hour is a working hour."""
    away: bool = False
    """Gone until further notice: no new case."""
    absences: list[Absence] = []
    languages: list[str] = []
    """What customers can write to them in (BCP 47): a team's case goes to somebody who speaks its language."""
    capacity: Annotated[int, Meta(ge=1)] | None = None
    """Open cases from which on others of the team are preferred; never so that nobody gets a case."""
    language: Language = "en"
    """What Slack says to this person: direct messages, dialogs, App Home."""


LocalTime = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?(Z|[+-]\d\d:\d\d)?)?$",
        description="A day or a local time: 2026-12-24, 2026-12-24T18:00.",
    ),
]


class Override(Section, frozen=True, kw_only=True):
    """Somebody else is on duty for a while. Days are whole and both included; times are in the rotation's zone."""

    from_: LocalTime = field(name="from")
    until: LocalTime
    person: str


class Rotation(Section, frozen=True, kw_only=True):
    """Whose turn it is: ``people`` in turn from ``start`` on, by the day or the week, handed over at a local time.

    The first override that holds wins over the turn. ``calendar`` names an iCalendar file beside loop.yaml whose
    events are overrides too, after those written here: an event's summary is a person's key or name. Without
    ``people`` the calendar says it all, and its gaps are gaps.
    """

    every: Literal["day", "week"] = "week"
    zone: str
    hand_over: Clock = "09:00"
    start: date | None = None
    people: list[str] = []
    overrides: list[Override] = []
    calendar: str | None = None


Choose = Literal["least_loaded", "round_robin", "on_shift"]


class Team(Section, frozen=True, kw_only=True):
    """People who share a kind of case, and who of them gets the next one.

    ``least_loaded``: the member with the fewest open cases; ``round_robin``: the next in turn; ``on_shift``: whoever is
    on duty by the ``rotation``, without one whoever is within working hours, else whoever opens soonest.
    """

    members: list[str]
    lead: str | None = None
    manager: str | None = None
    """Who hears of a broken promise after the lead."""
    choose: Choose = "least_loaded"
    rotation: str | None = None
    """A name of ``rotations``, for ``on_shift``."""


Notify = Literal["channel", "dm", "both"]


class Receiver(Section, frozen=True, kw_only=True):
    """Where a case goes: an owner (a person, a team's member, or the account's owner) and a Slack surface.

    ``owner_attribute`` names an attribute of the event whose value is a key of ``people``; where it is missing or
    unknown the team or person takes over.
    """

    team: str | None = None
    person: str | None = None
    owner_attribute: str | None = None
    channel: str
    """The Slack channel, ``#name`` or an id: also the fall-back where a direct message cannot be sent."""
    notify: Notify = "channel"
    escalation: str = "default"
    """A name of ``escalations``: who hears of a promise that was not kept."""
    language: Language = "en"
    """Of the cards in the channel."""


class Condition(Section, frozen=True, kw_only=True):
    """What a field has to be, beyond a value or a list of values. All that is given must hold."""

    at_least: int | float | None = None
    at_most: int | float | None = None
    not_: Scalar | list[Scalar] | None = field(default=None, name="not")
    """None of these; a field that the alert has not got is not any of them."""
    matches: str | None = None
    """A regular expression (RE2) that the whole text fits."""


Wanted = Scalar | list[Scalar] | Condition
Match = dict[str, Wanted]
"""Field to what it has to be: ``attributes.NAME``, or a field of :data:`schemas.matching.MATCH_FIELDS`."""


class Route(Section, frozen=True, kw_only=True):
    """A node of the routing tree: the first child that matches wins, unless it says ``continue``."""

    match: Match = {}
    receiver: str | None = None
    """Without one, the parent's."""
    continue_: bool = field(default=False, name="continue")
    routes: list["Route"] = []
