"""Deletes messages of ours in Slack that an erased person is named in, and that are never drawn again.

The outbox says which (:data:`schemas.case_erasure.TAKING_BACK`). Deleting twice does no harm, so several processes may
do it, and one that dies in between leaves nothing undone.
"""

import threading

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from consumers.database_errors import is_passing
from consumers.measures import Measures
from consumers.parts import Backoff
from consumers.slack.client import SlackCalls
from consumers.slack.errors import LATER_S, classify
from schemas.case_erasure import NOT_TAKEN_BACK, TAKEN_BACK, TAKING_BACK
from schemas.tables import SlackOutboxRow

LOOK_EVERY_S = 2.0
PACE_S = 1.2
"""Between two messages: Slack takes about fifty deletions a minute."""
BATCH = 50


class TakingBack:
    """Works until told to stop. ``pace``: seconds between two messages."""

    def __init__(
        self,
        calls: SlackCalls,
        database: sessionmaker[Session],
        readers: sessionmaker[Session],
        measures: Measures,
        stop: threading.Event,
        pace: float = PACE_S,
    ) -> None:
        self._calls = calls
        self._database = database
        self._readers = readers
        self._measures = measures
        self._stop = stop
        self._pace = pace
        self._log = structlog.get_logger().bind(part="taking_back")

    def run(self) -> None:
        """Delete what is asked for until told to stop. Passing errors of Slack and the database are waited out."""
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                wait = self.step()
            except Exception as error:
                if not is_passing(error):
                    raise
                self._measures.retries.labels("taking_back", "database").inc()
                self._log.warning("waiting, then trying again", cause="database", error=type(error).__name__)
                backoff.wait(self._stop)
                continue
            backoff.reset()
            self._measures.process.succeeded("taking_back")
            self._stop.wait(wait)

    def step(self) -> float:
        """Delete the next messages; how long to wait then, seconds."""
        with self._readers() as session:
            asked = (
                select(SlackOutboxRow.id, SlackOutboxRow.channel, SlackOutboxRow.ts)
                .where(SlackOutboxRow.state == TAKING_BACK)
                .order_by(SlackOutboxRow.id)
                .limit(BATCH)
            )
            rows = session.execute(asked).all()
        for row in rows:
            if self._stop.is_set():
                break
            try:
                self._calls.delete(row.channel or "", row.ts or "")
            except Exception as error:  # noqa: BLE001 - every error of a call has a class
                verdict = classify(error)
                if verdict.kind in ("wait", "in_doubt", "later", "stop"):
                    return max(LATER_S, verdict.retry_after)
                if verdict.code != "message_not_found":
                    self._log.warning("a message cannot be deleted", error=verdict.code)
                    self._settle(row.id, "sent", NOT_TAKEN_BACK, verdict.code)
                    continue
            self._settle(row.id, TAKEN_BACK, None, None)
            self._stop.wait(self._pace)
        return LOOK_EVERY_S

    def _settle(self, outbox_id: str, state: str, error_class: str | None, code: str | None) -> None:
        with self._database.begin() as session:
            session.execute(
                update(SlackOutboxRow)
                .where(SlackOutboxRow.id == outbox_id, SlackOutboxRow.state == TAKING_BACK)
                .values(state=state, error_class=error_class, last_error=code)
                .execution_options(synchronize_session=False)
            )
