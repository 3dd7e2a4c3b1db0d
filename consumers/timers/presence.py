"""Whether somebody is there, and who stands in for them: asked here by everything that time does."""

from datetime import datetime

from schemas.config import Loop


def present(loop: Loop, person: str, now: datetime) -> bool:
    """Whether this is a person of loop.yaml who is there."""
    del now  # absences have no dates yet
    known = loop.people.get(person)
    return known is not None and not known.away


def instead_of(loop: Loop, person: str, now: datetime) -> str | None:
    """Who hears what an absent person would have: the lead of the first team that has one there, else its manager."""
    for team in loop.teams.values():
        if person in (*team.members, team.lead):
            for other in (team.lead, team.manager):
                if other is not None and other != person and present(loop, other, now):
                    return other
    return None
