"""Whether the grouping of a loop.yaml names fields that alerts have, and times that make sense."""

from collections.abc import Iterator

from schemas.config import Loop
from schemas.config_base import seconds
from schemas.loop_routing_checks import is_field
from schemas.matching import MATCH_FIELDS
from schemas.typed_walk import Misfit, unknown_word

MAX_WITHIN_S = 86_400
PERSONAL = ("customer_id", "comment")
"""What differs from customer to customer: no two cases share it."""


def check_grouping(loop: Loop) -> Iterator[Misfit]:
    """Known fields, each once, and none that tells customers apart; times of at most a day."""
    roll_up, incidents = loop.grouping.roll_up, loop.grouping.incidents
    if roll_up is not None and seconds(roll_up.within) > MAX_WITHIN_S:
        yield ("grouping", "roll_up", "within"), f"{roll_up.within} is longer than 1d; give less"
    if incidents is None:
        return
    for number, name in enumerate(incidents.by):
        path = ("grouping", "incidents", "by", number)
        if not is_field(name):
            yield path, unknown_word(name, [*MATCH_FIELDS, "attributes.NAME"])
        elif name in PERSONAL:
            yield path, f"{name} differs from customer to customer; give what they share, such as touchpoint"
        elif name in incidents.by[:number]:
            yield path, f"{name} stands there already; remove it"
    for limit in ("within", "quiet"):
        if seconds(getattr(incidents, limit)) > MAX_WITHIN_S:
            yield (
                ("grouping", "incidents", limit),
                f"{getattr(incidents, limit)} is longer than 1d; give less",
            )
