"""What a webhook is told of a case: ids, states and times, and none of the customer's words."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy.orm import Session

from schemas.alerts import Alert
from schemas.tables import CaseRow


class Notice(Struct, frozen=True, kw_only=True):
    """A case as it is told of."""

    outbox_id: str
    case: int
    state: str
    severity: str
    subject: str
    owner: str | None
    receiver: str
    opened_at: datetime
    acknowledge_by: datetime | None
    occasion: str
    """``card``, or the occasion of a reminder."""
    alert: Alert
    url: str
    also: tuple[int, ...] = ()
    """The other cases of a list."""


def load(
    session: Session, outbox_id: str, case_id: int, occasion: str, public_url: str, also: tuple[int, ...] = ()
) -> Notice:
    """The notice of a case as it stands. Raises ``NoResultFound`` where there is no such case."""
    case = session.get_one(CaseRow, case_id)
    return Notice(
        outbox_id=outbox_id,
        case=case.id,
        state=case.state,
        severity=case.severity,
        subject=case.subject,
        owner=case.owner,
        receiver=case.receiver,
        opened_at=case.opened_at,
        acknowledge_by=case.acknowledge_by,
        occasion=occasion,
        alert=msgspec.convert(case.latest_alert, Alert),
        url=f"{public_url}/cases/{case.id}",
        also=also,
    )


def payload(notice: Notice, now: datetime) -> bytes:
    """A webhook's body by Standard Webhooks: type, timestamp and data. Ids and states, no words of a customer."""
    body: dict[str, Any] = {
        "type": "closeloop.case.undelivered",
        "timestamp": now,
        "data": {
            "case": notice.case,
            "state": notice.state,
            "severity": notice.severity,
            "subject": notice.subject,
            "owner": notice.owner,
            "receiver": notice.receiver,
            "rule": notice.alert.rule,
            "occasion": notice.occasion,
            "also": list(notice.also),
            "opened_at": notice.opened_at,
            "acknowledge_by": notice.acknowledge_by,
            "url": notice.url,
        },
    }
    return msgspec.json.encode(body)
