"""Incidents as the API shows them."""

from datetime import datetime

from msgspec import Struct

from schemas.config_base import Scalar


class IncidentShown(Struct, frozen=True, kw_only=True):
    """Many cases that came at once and share a cause.

    ``running``: a further case that shares it becomes part of it.
    """

    id: int
    shared: dict[str, Scalar]
    """What its cases have in common: field of the alert to value."""
    opened_at: datetime
    """When the first of its cases was opened."""
    declared_at: datetime
    last_case_at: datetime
    """When the newest of its cases came, to within a tenth of the time for which an incident may be quiet."""
    running: bool
    cases: int
    open: int
    """How many of its cases are not closed."""


class IncidentPage(Struct, frozen=True, kw_only=True):
    """Incidents, newest first. ``next`` is the cursor of the page after this one, or null at the end."""

    incidents: list[IncidentShown]
    next: str | None
