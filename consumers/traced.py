"""Spans of the desk: from an alert to the messages that it wants. Only for alerts whose trace is sampled."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from consumers.intake import Record
from consumers.slack.core_tables import table_of
from schemas.tables import AlertRow, SlackOutboxRow
from schemas.topics import ALERTS
from schemas.trace_context import is_sampled, of_headers
from schemas.tracing import Attributes, Tracing

_OUTBOX = table_of(SlackOutboxRow)


def parent_of(tracing: Tracing, record: Record) -> str | None:
    """The step that the record follows from, where its trace is sampled."""
    parent = of_headers(record.headers) if tracing.on and record.headers else None
    return parent if parent is not None and is_sampled(parent) else None


@contextmanager
def taking_in(
    tracing: Tracing, session: Session, followed: Mapping[str, tuple[str, Record]], now: datetime
) -> Iterator[None]:
    """A span for each followed alert (id to its parent and record) of a batch that is taken in at ``now``.

    To be left before the transaction ends: the messages that the batch wanted then carry the span on.
    """
    since = time.time_ns()
    yield
    with ExitStack() as spans:
        for alert_id, (parent, record) in followed.items():
            attributes: Attributes = {
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.destination.name": ALERTS,
                "messaging.destination.partition.id": str(record.partition),
                "messaging.kafka.offset": record.offset,
            }
            made = tracing.span(
                f"process {ALERTS}", "consumer", parent, attributes, identity=f"desk/{alert_id}", since=since
            )
            span = spans.enter_context(made)
            case = session.scalar(select(AlertRow.case_id).where(AlertRow.id == alert_id))
            if case is None or span.traceparent is None:
                continue
            # Those of this very transaction: a message of before follows from another alert.
            wanted = session.execute(
                update(_OUTBOX)
                .where(_OUTBOX.c.case_id == case, _OUTBOX.c.created_at == now, _OUTBOX.c.traceparent.is_(None))
                .values(traceparent=span.traceparent)
            )
            assert isinstance(wanted, CursorResult)
            span.note({"closeloop.case": case, "closeloop.messages": wanted.rowcount})
