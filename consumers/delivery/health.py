"""Which destinations are broken: told once, left alone for a while, tried with one message now and then.

The destination ``slack`` stands for the whole workspace: Slack refuses the app itself.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.tables import DeliveryHealthRow

WORKSPACE = "slack"
FIRST_PROBE = timedelta(minutes=1)
LONGEST_PROBE = timedelta(hours=1)
BROKEN, WELL = "broken", "well"


def mark_broken(session: Session, destination: str, error: str, now: datetime) -> bool:
    """The destination refused for good. Whether that is news: then, and only then, the operator is told."""
    row = session.get(DeliveryHealthRow, destination)
    if row is None or row.status != BROKEN:
        if row is not None:
            session.delete(row)
            session.flush()
        session.add(
            DeliveryHealthRow(
                destination=destination,
                status=BROKEN,
                since=now,
                error=error,
                failures=1,
                probe_at=now + FIRST_PROBE,
            )
        )
        return True
    if now >= row.probe_at - FIRST_PROBE / 2:
        # Refused again when it was tried, and not another message of the burst that found it broken.
        row.failures += 1
        row.probe_at = now + min(LONGEST_PROBE, FIRST_PROBE * 2 ** min(row.failures - 1, 10))
        row.error = error
    return False


def mark_well(session: Session, destination: str, now: datetime) -> bool:
    """The destination took a message. Whether it was broken until now."""
    row = session.get(DeliveryHealthRow, destination)
    if row is None or row.status == WELL:
        return False
    row.status, row.since, row.failures = WELL, now, 0
    return True


def broken(session: Session) -> dict[str, DeliveryHealthRow]:
    """The destinations that are broken."""
    rows = session.scalars(select(DeliveryHealthRow).where(DeliveryHealthRow.status == BROKEN))
    return {row.destination: row for row in rows}


def claim_probe(session: Session, destination: str, now: datetime) -> bool:
    """Whether one message may try a broken destination now; the next one not before a minute is over."""
    row = session.get(DeliveryHealthRow, destination, with_for_update=True)
    if row is None or row.status != BROKEN or row.probe_at > now:
        return False
    row.probe_at = now + FIRST_PROBE
    return True
