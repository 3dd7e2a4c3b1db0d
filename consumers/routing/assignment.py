"""What routing decides about an alert: receiver, owner, places of the cards; and the same in words. Pure."""

from datetime import datetime

from msgspec import Struct

from consumers.routing.owners import Choice, Standing, choose_owner
from consumers.routing.tree import Reached, receivers
from schemas.alerts import Alert
from schemas.case_ledger import Destination
from schemas.config import Loop
from schemas.matching import facts_of

_UNSHOWN = ("comment",)
"""Fields whose value is the customer's own words: said to be there, never shown."""


class Assignment(Struct, frozen=True):
    """What routing decided: the owning receiver, the choice of the owner, and where the cards go."""

    receiver: str
    choice: Choice
    destinations: tuple[Destination, ...]

    @property
    def owner(self) -> str | None:
        """The owner, a key of ``people``; ``None`` where the channel alone has the case."""
        return self.choice.owner

    @property
    def owner_reason(self) -> str:
        """Why they own it."""
        return self.choice.reason


def assign(loop: Loop, alert: Alert, standing: Standing, now: datetime) -> Assignment:
    """Route the alert and choose its owner as the desk stands ``now``.

    An alert that pages nobody has its card in the channel alone, whatever the receiver wants otherwise.
    """
    return _assigned(loop, alert, standing, now, receivers(loop.route, alert))


def explain(loop: Loop, alert: Alert, standing: Standing, now: datetime) -> list[str]:
    """The path taken, who was passed over and why, line by line, for ``closeloop routes explain``."""
    lines: list[str] = []
    reached = receivers(loop.route, alert)
    for number, one in enumerate(reached):
        role = "owns the case" if number == 0 else "gets a card (continue)"
        lines.append(f"{' -> '.join(one.path)}: receiver {one.receiver} {role}")
        lines += _because(alert, one)
    assignment = _assigned(loop, alert, standing, now, reached)
    lines.append(f"owner: {assignment.owner or 'nobody'} ({assignment.owner_reason})")
    lines += [f"passed over: {one.person} ({one.why})" for one in assignment.choice.passed]
    lines += [f"card: {place.surface} {place.destination}" for place in assignment.destinations]
    return lines


def _assigned(loop: Loop, alert: Alert, standing: Standing, now: datetime, reached: tuple[Reached, ...]) -> Assignment:
    first = loop.receivers[reached[0].receiver]
    choice = choose_owner(loop, first, alert, standing, now)
    places: list[Destination] = []
    direct = alert.page and choice.owner is not None
    if direct and first.notify in ("dm", "both"):
        places.append(Destination("dm", f"person:{choice.owner}"))
    if not direct or first.notify in ("channel", "both"):
        places.append(Destination("channel", first.channel))
    for further in reached[1:]:
        place = Destination("channel", loop.receivers[further.receiver].channel)
        if place not in places and place.destination != first.channel:
            places.append(place)
    return Assignment(reached[0].receiver, choice, tuple(places))


def _because(alert: Alert, reached: Reached) -> list[str]:
    """The values that the conditions on the way asked for."""
    fact = facts_of(alert)
    said = []
    for name in dict.fromkeys(reached.fields):
        value = fact(name)
        shown = "is not given" if value is None else "fits" if name in _UNSHOWN else f"is {str(value)[:60]}"
        said.append(f"{name} {shown}")
    return [f"because {', '.join(said)}"] if said else []
