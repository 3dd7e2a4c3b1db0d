"""How much a silence would hold, as it is told."""

from msgspec import Struct

DAYS = 7


class Reach(Struct, frozen=True, kw_only=True):
    """How many open cases the matchers fit, by the alert that each shows, and how many alerts of the last days."""

    open_cases: int
    of_open_cases: int
    alerts: int
    of_alerts: int
    days: int = DAYS
    complete: bool = True
    """False where there were more alerts than are looked at: then these are the newest."""

    @property
    def everything(self) -> bool:
        """Whether nothing that there was would be told to anybody."""
        return (self.alerts, self.open_cases) == (self.of_alerts, self.of_open_cases) and self.of_alerts > 0
