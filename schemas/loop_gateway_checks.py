"""What the types cannot say of the way in: origins that browsers send, and times and sizes that make sense together."""

import re
from collections.abc import Iterator

from schemas.config import Loop
from schemas.config_base import seconds
from schemas.config_gateway import size_bytes
from schemas.typed_walk import Misfit

LONGEST_AFTER = 8
"""Seconds; Kafka's own acknowledgement is given up after ten."""
LEAST_SPOOL = 1_000_000
LONGEST_SLOW = 600
_ORIGIN = re.compile(r"https?://[a-z0-9.\-\[\]:]+(?<!:)")


def check_gateway(loop: Loop) -> Iterator[Misfit]:
    """Everything that is wrong with the section ``gateway``."""
    gateway = loop.gateway
    if gateway.spool is not None:
        if seconds(gateway.spool.after) > LONGEST_AFTER:
            yield (
                ("gateway", "spool", "after"),
                f"give at most {LONGEST_AFTER}s: requests wait that long",
            )
        if size_bytes(gateway.spool.most) < LEAST_SPOOL:
            yield ("gateway", "spool", "most"), "give 1MB or more; `spool: null` keeps nothing"
    for number, origin in enumerate(gateway.cors.origins):
        if origin != "*" and _ORIGIN.fullmatch(origin) is None:
            text = "not an origin; give scheme and host as browsers send them, e.g. https://shop.example, or *"
            yield ("gateway", "cors", "origins", number), text
    for name, given in (("headers", gateway.slow_clients.headers), ("body", gateway.slow_clients.body)):
        if seconds(given) > LONGEST_SLOW:
            yield ("gateway", "slow_clients", name), f"give at most {LONGEST_SLOW // 60}m"
