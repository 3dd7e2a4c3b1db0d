"""The publisher: case transitions from their outbox to ``cx.cases``, in order, marked once Kafka has them.

A crash between the acknowledgement and the mark sends a transition again under the same id. Each case's transitions
are sent in the order of their versions, so a reader that skips ids it has seen reads every case in order, also when
two processes publish at once.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError
from sqlalchemy import text, update
from sqlalchemy.orm import Session, sessionmaker

from consumers import kafka_clients
from consumers.database_errors import is_passing
from consumers.measures import Measures
from consumers.parts import Backoff
from schemas import case_ledger
from schemas.tables import CaseEventRow
from schemas.topics import CASES

BATCH = 500
POLL_S = 0.2
_ADVISORY_LOCK = 0x636C_6F73_6570_7562
"""PostgreSQL's lock that lets one publisher work at a time: the bytes of ``closepub``."""


class Publisher:
    """Sends what is unpublished until told to stop. ``nudge`` wakes it at once after a commit of this process."""

    def __init__(
        self,
        database: sessionmaker[Session],
        readers: sessionmaker[Session],
        connect: Callable[[], KafkaProducer],
        measures: Measures,
        nudge: threading.Event,
        stop: threading.Event,
    ) -> None:
        self._database = database
        self._readers = readers
        self._connect = connect
        self._measures = measures
        self._nudge = nudge
        self._stop = stop
        self._producer: KafkaProducer | None = None
        self._log = structlog.get_logger().bind(part="publisher")

    def run(self) -> None:
        """Publish until told to stop. Passing Kafka and database errors are waited out."""
        backoff = Backoff()
        try:
            while not self._stop.is_set():
                self._nudge.clear()
                try:
                    sent = self.publish()
                except KafkaError as error:
                    self._close()
                    if not kafka_clients.is_passing(error):
                        raise
                    self._retry("kafka", error, backoff)
                except Exception as error:
                    if not is_passing(error):
                        raise
                    self._retry("database", error, backoff)
                else:
                    backoff.reset()
                    self._measures.process.succeeded("publisher")
                    if sent < BATCH:
                        self._nudge.wait(POLL_S)
        finally:
            self._close()

    def publish(self) -> int:
        """Send one batch and mark it; how many transitions were sent."""
        with self._readers() as session:
            # SQLite has one lock for all writers, which must not be held while Kafka answers, and one publisher.
            alone = session.get_bind().dialect.name != "postgresql"
            rows = case_ledger.unpublished(session, BATCH)
        if not rows:
            return 0
        with self._database() as session:
            if not alone:
                # Held until the mark is committed, so that another publisher does not send the same in between.
                if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK}):
                    return 0
                rows = case_ledger.unpublished(session, BATCH)
            self._send(rows)
            session.execute(
                update(CaseEventRow)
                .where(CaseEventRow.seq.in_([row.seq for row in rows]))
                .values(published_at=datetime.now(UTC))
                .execution_options(synchronize_session=False)
            )
            session.commit()
        self._measures.published.inc(len(rows))
        return len(rows)

    def _send(self, rows: Sequence[CaseEventRow]) -> None:
        if self._producer is None:
            self._producer = self._connect()
        pending = [
            self._producer.send(CASES, key=str(row.case_id).encode(), value=msgspec.json.encode(row.payload))
            for row in rows
        ]
        for future in pending:
            future.get(timeout=kafka_clients.SEND_TIMEOUT_S)

    def _close(self) -> None:
        if self._producer is not None:
            self._producer.close(timeout=1)
            self._producer = None

    def _retry(self, cause: str, error: Exception, backoff: Backoff) -> None:
        self._measures.retries.labels("publisher", cause).inc()
        self._log.warning("waiting, then trying again", cause=cause, error=type(error).__name__)
        backoff.wait(self._stop)
