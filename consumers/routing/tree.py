"""The ordered tree of routes, as in Alertmanager. Pure.

The first child that matches wins and its own children refine it; a route that says ``continue`` lets its later
siblings match as well. The first receiver reached owns the case. Further receivers, reached only through
``continue``, get a channel card where their channel is another one: they watch, they do not own.
"""

from collections.abc import Callable

from msgspec import Struct

from schemas.alerts import Alert
from schemas.config_owners import Condition, Match, Route
from schemas.matching import facts_of, in_words, matches


class Reached(Struct, frozen=True):
    """A receiver and the routes that led there, outermost first, in words."""

    receiver: str
    path: tuple[str, ...]
    fields: tuple[str, ...] = ()
    """The fields on the way of which more than one value fits."""


def receivers(route: Route, alert: Alert) -> tuple[Reached, ...]:
    """The receivers that the tree gives this alert, each once, in order; the first owns the case.

    The root matches everything, so there is always one. Raises ``ValueError`` if the root names no receiver.
    """
    fact = facts_of(alert)
    return receivers_where(route, lambda match: matches(match, fact))


def receivers_where(route: Route, fits: Callable[[Match], bool]) -> tuple[Reached, ...]:
    """The same for whatever ``fits`` knows about the alert; it is asked for the routes in order, as far as needed."""
    if route.receiver is None:
        raise ValueError("route.receiver: missing; the root route must name the default receiver")
    found = _walk(route, fits, Reached(route.receiver, ("default",)))
    distinct: dict[str, Reached] = {}
    for reached in found:
        distinct.setdefault(reached.receiver, reached)
    return tuple(distinct.values())


def _walk(route: Route, fits: Callable[[Match], bool], here: Reached) -> list[Reached]:
    found: list[Reached] = []
    for child in route.routes:
        if not fits(child.match):
            continue
        open_ones = [name for name, wanted in child.match.items() if isinstance(wanted, list | Condition)]
        path, fields = (*here.path, in_words(child.match)), (*here.fields, *open_ones)
        found += _walk(child, fits, Reached(child.receiver or here.receiver, path, fields))
        if not child.continue_:
            break
    return found or [here]
