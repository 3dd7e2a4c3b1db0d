"""Incidents: when many customers suffer from one thing. What their cases share, and how long one goes on. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from schemas.alerts import Alert
from schemas.config_base import Scalar, seconds
from schemas.config_grouping import Incidents
from schemas.matching import facts_of

Shared = dict[str, Scalar]
"""Field to value, as ``loop.grouping.incidents.by`` orders them."""


def shared_of(by: Sequence[str], alert: Alert) -> Shared | None:
    """The values of these fields; ``None`` where the alert lacks one of them, or is about a metric or pages nobody."""
    if alert.subject != "customer" or not alert.page:
        return None
    fact = facts_of(alert)
    found = {name: value for name in by if (value := fact(name)) is not None and value != ""}
    return found if len(found) == len(by) else None


def burst_key(shared: Shared) -> str:
    """Equal for equal values of the same fields: 64 hexadecimal digits, because a value may be long."""
    return sha256(msgspec.json.encode(list(shared.items()))).hexdigest()


def is_over(rules: Incidents, last_case_at: datetime, now: datetime) -> bool:
    """Whether no further case has come for as long as an incident may be quiet."""
    return now - last_case_at > timedelta(seconds=seconds(rules.quiet))


def burst_began_after(rules: Incidents, now: datetime) -> datetime:
    """Cases opened after this instant count towards an incident."""
    return now - timedelta(seconds=seconds(rules.within))


def label(incident_id: int) -> str:
    """How people and links name it: ``I-3``."""
    return f"I-{incident_id}"
