"""What stands around every page: how many cases wait, and who people can act as."""

from datetime import datetime

from gateway.case_filter import CaseFilter
from gateway.case_reads import count_cases
from gateway.console.reader import Reader
from gateway.console.rendering import Surroundings
from gateway.parts import Parts


def look_around(parts: Parts, reader: Reader, at: datetime) -> Surroundings:
    """Count the cases that wait and those that are late. Blocking."""
    with parts.readers() as session:
        waiting = count_cases(session, CaseFilter(states=("open",)))
        overdue = count_cases(session, CaseFilter(overdue_at=at))
    return Surroundings(
        waiting=waiting,
        overdue=overdue,
        people=dict(parts.words.people),
        fixed=reader.signed or (reader.keyed and reader.me is not None),
        zone=parts.words.zone,
        event_clock=parts.settings.clock == "event",
        url=parts.settings.public_url,
    )
