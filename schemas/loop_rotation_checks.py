"""Whether a rotation of loop.yaml says whose turn it is: zones, days, people, overrides."""

from collections.abc import Iterator

from schemas.config import Loop
from schemas.config_owners import Rotation
from schemas.duty import override_span
from schemas.typed_walk import Misfit, unknown_word
from schemas.yaml_source import Path


def check_rotation(loop: Loop, rotation: Rotation, zone_problem: str | None, path: Path) -> Iterator[Misfit]:
    """The rotation at ``path``; ``zone_problem`` is what is wrong with its zone, if anything is."""
    if zone_problem is not None:
        yield (*path, "zone"), zone_problem
    if rotation.hand_over == "24:00":
        yield (*path, "hand_over"), "24:00 is the next day's 00:00; give that"
    if not rotation.people and not rotation.overrides and rotation.calendar is None:
        yield path, "nobody in it; give people who take turns, or a calendar"
    if rotation.people and rotation.start is None:
        yield (*path, "start"), "missing; give the day on which the first of the people begins"
    for number, person in enumerate(rotation.people):
        if person not in loop.people:
            yield (*path, "people", number), unknown_word(person, loop.people)
    for number, override in enumerate(rotation.overrides):
        at = (*path, "overrides", number)
        if override.person not in loop.people:
            yield (*at, "person"), unknown_word(override.person, loop.people)
        if zone_problem is not None:
            continue
        try:
            begin, end = override_span(override, rotation.zone)
        except ValueError:
            yield at, "from or until is no day of the calendar; give one such as 2026-12-24"
            continue
        if end <= begin:
            yield (*at, "until"), f"{override.until} is not after {override.from_}; give when the override ends"
