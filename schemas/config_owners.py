"""Who takes care, in loop.yaml: working hours, people, teams, receivers and the routing tree."""

from datetime import date
from typing import Literal

from msgspec import field

from schemas.config_base import Clock, Scalar, Section, Weekday


Language = Literal["en", "de", "ru", "uk", "zh", "pt"]
"""What people can be spoken to in; Portuguese is Brazil's, Chinese is written in simplified characters."""


class Calendar(Section, frozen=True, kw_only=True):
    """Working hours: spans of local time by weekday, in a zone, without holidays."""

    zone: str
    hours: dict[Weekday, list[tuple[Clock, Clock]]]
    holidays: list[date] = []


class Person(Section, frozen=True, kw_only=True):
    """An employee who owns cases. ``slack`` is the Slack user id; without it Slack is asked by ``email``."""

    name: str
    email: str
    slack: str | None = None
    calendar: str | None = None
    """A name of ``calendars``; without it every hour is a working hour."""
    away: bool = False
    language: Language = "en"
    """What Slack says to this person: direct messages, dialogs, App Home."""


class Team(Section, frozen=True, kw_only=True):
    """People who share a kind of case. A new case goes to the member with the fewest open ones."""

    members: list[str]
    lead: str | None = None
    manager: str | None = None
    """Who hears of a broken promise after the lead."""


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
