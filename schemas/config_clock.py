"""What is promised, in loop.yaml: targets by severity, and how long an acknowledgement holds."""

from schemas.config_base import Duration, Section


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
