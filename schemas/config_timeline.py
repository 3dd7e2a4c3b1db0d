"""The section ``timeline`` of loop.yaml: what a case page shows of the customer besides what was flagged."""

from typing import Annotated

from msgspec import Meta

from schemas.config_base import Duration, Section


class Timeline(Section, frozen=True, kw_only=True):
    """Touchpoints and answers by customer: how long they are kept in the database, and which are not at all."""

    keep: Duration = "30d"
    leave_out: list[Annotated[str, Meta(min_length=1, max_length=128)]] = []
    """Touchpoints that say nothing about how a customer fares, such as page views; answers are always kept."""
