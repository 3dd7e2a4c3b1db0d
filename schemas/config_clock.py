"""The clock of a case, in loop.yaml: what is promised, who hears of a broken promise, who is reminded, quiet hours."""

from typing import Annotated

from msgspec import Meta

from schemas.config_base import Clock, Duration, Section

Wait = Annotated[
    str, Meta(pattern=r"^(0|[1-9]\d*)(s|m|h|d)$", description="A whole number, also 0, and a unit: 0m, 30m, 4h.")
]
Share = Annotated[str, Meta(pattern=r"^[1-9]\d?%$", description="A share of the promised time: 50%.")]


class Target(Section, frozen=True, kw_only=True):
    """What is promised for a severity, in the owner's working time."""

    acknowledge: Duration
    contact: Duration
    resolve: Duration


class Sla(Section, frozen=True, kw_only=True):
    """Targets by severity, and how long an acknowledgement holds before the case goes back (a lease)."""

    critical: Target = Target(acknowledge="1h", contact="4h", resolve="2d")
    high: Target = Target(acknowledge="2h", contact="8h", resolve="3d")
    normal: Target = Target(acknowledge="4h", contact="24h", resolve="5d")
    lease: Duration = "24h"
    reopen_within: Duration = "14d"
    """How long after it was closed a case is opened again by its customer's next bad answer; then a new one is."""


class Step(Section, frozen=True, kw_only=True):
    """One step of an escalation chain: whom to tell, and how long after the broken promise, in working time.

    ``tell`` is ``owner``, ``lead``, ``manager``, ``person:KEY``, ``channel`` (that of the case's receiver) or
    ``channel:#name``.
    """

    after: Wait
    tell: str


DEFAULT_CHAIN = "default"
"""The chain of a receiver that names none."""

BUILT_IN_CHAIN = (Step(after="0m", tell="lead"), Step(after="4h", tell="channel"))
"""The chain ``default`` of a loop.yaml that does not write it out."""


class Reminders(Section, frozen=True, kw_only=True):
    """When the owner is reminded: after which share of the promised working time; ``null`` for no reminder."""

    acknowledge: Share | None = "50%"
    contact: Share | None = "75%"


class Digest(Section, frozen=True, kw_only=True):
    """When people hear what waited for them outside their working hours: a time of their own day."""

    at: Clock = "09:00"
