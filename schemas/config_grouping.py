"""Grouping in loop.yaml: what is told as one when many cases come at once."""

from typing import Annotated

from msgspec import Meta, field

from schemas.config_base import Duration, Section


class RollUp(Section, frozen=True, kw_only=True):
    """A destination that would get more than ``above`` cards ``within`` this time gets one message for the others."""

    above: Annotated[int, Meta(ge=1, le=10_000)] = 10
    within: Duration = "5m"


class Incidents(Section, frozen=True, kw_only=True):
    """``at_least`` cases ``within`` this time that agree in all fields of ``by`` are one incident.

    It is over when no further case has come for as long as ``quiet``.
    """

    by: Annotated[list[str], Meta(min_length=1, max_length=8)] = field(
        default_factory=lambda: ["touchpoint", "attributes.region"]
    )
    at_least: Annotated[int, Meta(ge=2, le=10_000)] = 10
    within: Duration = "20m"
    quiet: Duration = "30m"


class Grouping(Section, frozen=True, kw_only=True):
    """``null`` for either: every case has a card of its own, wherever it goes."""

    roll_up: RollUp | None = RollUp()
    incidents: Incidents | None = Incidents()
