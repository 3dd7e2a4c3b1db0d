"""Whether somebody is there, and who hears what they would have: asked here by everything that time does."""

from datetime import datetime

from schemas.config import Loop
from schemas.duty import present, stand_in

__all__ = ["instead_of", "present"]


def instead_of(loop: Loop, person: str, now: datetime) -> str | None:
    """Who hears what an absent person would have: their deputy, else the lead or the manager of a team of theirs."""
    deputy = stand_in(loop, person, now)
    if deputy is not None:
        return deputy
    for team in loop.teams.values():
        if person in (*team.members, team.lead):
            for other in (team.lead, team.manager):
                if other is not None and other != person and present(loop, other, now):
                    return other
    return None
