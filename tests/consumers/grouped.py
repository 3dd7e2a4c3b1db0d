"""A small loop.yaml that tells of many cases as one, for the tests of roll-ups and incidents."""

from __future__ import annotations

from msgspec import structs

from schemas.config import Loop
from schemas.config_grouping import Grouping, Incidents, RollUp
from tests.consumers.alerts import LOOP


def grouped(roll_up: RollUp | None = None, incidents: Incidents | None = None) -> Loop:
    """The small loop with these groupings."""
    return structs.replace(LOOP, grouping=Grouping(roll_up=roll_up, incidents=incidents))
