"""Who gets a case: an ordered tree of routes as in Alertmanager, and the choice of an owner. Pure.

The first child that matches wins and its own children refine it; a route that says ``continue`` lets its later
siblings match as well. The first receiver reached owns the case. Further receivers, reached only through
``continue``, get a channel card where their channel is another one: they watch, they do not own.
"""

from collections.abc import Mapping

from msgspec import Struct

from schemas.alerts import Alert
from schemas.case_ledger import Destination
from schemas.config import Loop
from schemas.config_owners import Receiver, Route
from schemas.matching import FactOf, facts_of, in_words, matches


class Reached(Struct, frozen=True):
    """A receiver and the routes that led there, outermost first, in words."""

    receiver: str
    path: tuple[str, ...]


class Assignment(Struct, frozen=True):
    """What routing decided: the owning receiver, the owner (a key of ``people``) and where the cards go."""

    receiver: str
    owner: str | None
    owner_reason: str
    destinations: tuple[Destination, ...]


def receivers(route: Route, alert: Alert) -> tuple[Reached, ...]:
    """The receivers that the tree gives this alert, each once, in order; the first owns the case.

    The root matches everything, so there is always one. Raises ``ValueError`` if the root names no receiver.
    """
    if route.receiver is None:
        raise ValueError("route.receiver: missing; the root route must name the default receiver")
    found = _walk(route, facts_of(alert), route.receiver, ("default",))
    distinct: dict[str, Reached] = {}
    for reached in found:
        distinct.setdefault(reached.receiver, reached)
    return tuple(distinct.values())


def assign(loop: Loop, alert: Alert, open_cases: Mapping[str, int]) -> Assignment:
    """Route the alert and choose its owner. ``open_cases`` counts the open cases of each person.

    An alert that pages nobody has its card in the channel alone, whatever the receiver wants otherwise.
    """
    reached = receivers(loop.route, alert)
    first = loop.receivers[reached[0].receiver]
    owner, reason = choose_owner(loop, first, alert, open_cases)
    places: list[Destination] = []
    direct = alert.page and owner is not None
    if direct and first.notify in ("dm", "both"):
        places.append(Destination("dm", f"person:{owner}"))
    if not direct or first.notify in ("channel", "both"):
        places.append(Destination("channel", first.channel))
    for further in reached[1:]:
        place = Destination("channel", loop.receivers[further.receiver].channel)
        if place not in places and place.destination != first.channel:
            places.append(place)
    return Assignment(reached[0].receiver, owner, reason, tuple(places))


def choose_owner(loop: Loop, receiver: Receiver, alert: Alert, open_cases: Mapping[str, int]) -> tuple[str | None, str]:
    """The owner and why: the account's owner, the team's least loaded member, the person, or the lead.

    Nobody who is away gets a case while another can have it. Equal loads go in the team's own order.
    """
    if receiver.owner_attribute is not None:
        named = alert.attributes.get(receiver.owner_attribute)
        if isinstance(named, str) and _present(loop, named):
            return named, f"attributes.{receiver.owner_attribute} names them"
    team = loop.teams.get(receiver.team) if receiver.team is not None else None
    if team is not None:
        members = [member for member in team.members if _present(loop, member)]
        if members:
            best = min(members, key=lambda member: (open_cases.get(member, 0), team.members.index(member)))
            return best, f"fewest open cases of team {receiver.team} ({open_cases.get(best, 0)})"
    if receiver.person is not None and _present(loop, receiver.person):
        return receiver.person, "the receiver's person"
    if team is not None and team.lead is not None and team.lead in loop.people:
        return team.lead, f"lead of team {receiver.team}: every member is away"
    if receiver.person is not None and receiver.person in loop.people:
        return receiver.person, "the receiver's person, although away"
    return None, "nobody of the receiver is there: the channel has it"


def explain(loop: Loop, alert: Alert, open_cases: Mapping[str, int]) -> list[str]:
    """The path taken, line by line, for ``closeloop routes explain``."""
    lines: list[str] = []
    for number, reached in enumerate(receivers(loop.route, alert)):
        role = "owns the case" if number == 0 else "gets a card (continue)"
        lines.append(f"{' -> '.join(reached.path)}: receiver {reached.receiver} {role}")
    assignment = assign(loop, alert, open_cases)
    lines.append(f"owner: {assignment.owner or 'nobody'} ({assignment.owner_reason})")
    lines.extend(f"card: {place.surface} {place.destination}" for place in assignment.destinations)
    return lines


def _walk(route: Route, fact: FactOf, receiver: str, path: tuple[str, ...]) -> list[Reached]:
    found: list[Reached] = []
    for child in route.routes:
        if not matches(child.match, fact):
            continue
        found += _walk(child, fact, child.receiver or receiver, (*path, in_words(child.match)))
        if not child.continue_:
            break
    return found or [Reached(receiver, path)]


def _present(loop: Loop, person: str) -> bool:
    known = loop.people.get(person)
    return known is not None and not known.away
