"""Who gets a case: the tree of routes, the choice of an owner, and the reasons for both. Pure."""

from consumers.routing.assignment import Assignment, assign, explain
from consumers.routing.owners import Choice, PassedOver, Standing, choose_owner
from consumers.routing.tree import Reached, receivers

__all__ = [
    "Assignment",
    "Choice",
    "PassedOver",
    "Reached",
    "Standing",
    "assign",
    "choose_owner",
    "explain",
    "receivers",
]
