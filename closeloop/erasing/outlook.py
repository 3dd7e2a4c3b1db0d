"""What no command can erase: where it lies, until when at the latest, and what a person has to do. Pure."""

from datetime import date, datetime, timedelta

from msgspec import Struct

from schemas.erasures import SEGMENT
from schemas.topics import ALERTS, CASES, DEADLETTERS, INVITATIONS, RESPONSES, TOUCHPOINTS, catalogue

TELLING_OF_CUSTOMERS = (TOUCHPOINTS, RESPONSES, ALERTS, CASES, INVITATIONS, DEADLETTERS)
"""The topics whose records name customers."""

BY_HAND = (
    "Backups of the database and of Kafka: they have the person until they are deleted. After a restore, erase again.",
    "The database's own files: a removed row is in them until it is overwritten, or VACUUM has run.",
    "Slack's own exports, e-mail notifications and audit logs: closeloop can delete its messages, not copies of them.",
    "What colleagues wrote in Slack beside the cards, and answers in threads.",
    "E-mails and webhooks that told of the person's cases, and files that were exported before today.",
    "Your own apps, survey tools and consumers of the topics: they have data of their own.",
    "A spool on a gateway's disk, where Kafka is away: it is empty once Kafka has taken what waits.",
)
"""What is left to people."""


class Retention(Struct, frozen=True, kw_only=True):
    """A topic that drops its records by age alone. ``gone_by``: the last record about the person is gone then."""

    topic: str
    days: int
    gone_by: date


def retention(now: datetime) -> list[Retention]:
    """When each topic lets go of what it has now, as the catalogue keeps it; a segment's length later at the latest."""
    found = []
    for spec in catalogue():
        if spec.name in TELLING_OF_CUSTOMERS:
            kept = timedelta(milliseconds=int(spec.config["retention.ms"]))
            found.append(Retention(topic=spec.name, days=kept.days, gone_by=(now + kept + SEGMENT).date()))
    return sorted(found, key=lambda one: (one.gone_by, one.topic))
