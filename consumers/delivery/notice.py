"""What is said of a case outside Slack: a short e-mail, and a webhook's payload without any of the customer's words."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy.orm import Session

from schemas.alerts import Alert
from schemas.config import Loop
from schemas.tables import CaseRow

COMMENT_CHARACTERS = 1_000


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
        url=f"{public_url}/#/cases/{case.id}",
        also=also,
    )


def mail(notice: Notice, loop: Loop, sender: str, recipient: str, prefix: str, now: datetime) -> EmailMessage:
    """An e-mail in plain text. Its Message-ID is the message's own: a repeat is the same message."""
    about = "a metric" if notice.subject == "metric" else "an unhappy customer"
    what = "Reminder" if notice.occasion != "card" else "Case"
    owner = loop.people[notice.owner].name if notice.owner in loop.people else "nobody yet"
    alert = notice.alert
    score = "" if alert.score is None else f"{(alert.metric or '').upper()} {alert.score} of {alert.scale_max}"
    lines = [
        f"{what} C-{notice.case}: {about}, {notice.severity}, {notice.state}.",
        "",
        f"Who:    {alert.customer_id}",
        *([f"Score:  {score}"] if score else []),
        f"Rule:   {alert.rule}",
        f"Owner:  {owner}",
        *([f"Due:    {notice.acknowledge_by.astimezone(UTC):%Y-%m-%d %H:%M} UTC"] if notice.acknowledge_by else []),
        f"Where:  {notice.url}",
        *([f"Also:   {', '.join(f'C-{case}' for case in notice.also)}"] if notice.also else []),
        "",
        *([*(f"> {line}" for line in alert.comment[:COMMENT_CHARACTERS].splitlines()), ""] if alert.comment else []),
        "This comes by e-mail because Slack did not take the message.",
    ]
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = f"{prefix} {what} C-{notice.case} ({notice.severity}): {about}".strip()
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{notice.outbox_id}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(lines))
    return message


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
