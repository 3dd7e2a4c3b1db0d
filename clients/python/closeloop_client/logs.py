"""Touchpoints from log records: what an app logs anyway about a customer, marked as one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from closeloop_client.emitting import Calls
from closeloop_client.events import Touchpoint
from closeloop_client.notices import LOGGER, THREAD_NAME, Notices

_FIELDS = frozenset({"customer_id", "touchpoint", "channel", "outcome", "duration_ms", "value", "attributes", "id"})


class TouchpointHandler(logging.Handler):
    """Emits a touchpoint for each record that carries one, and ignores all others.

    A record carries it as ``extra={"touchpoint": {"customer_id": "c42", "touchpoint": "parcel.scanned"}}``; the keys
    are the arguments of ``Emitter.touchpoint``. Without an ``outcome`` it is ``failed`` from the level ``ERROR`` on and
    with an exception, ``ok`` otherwise. The time is the record's; its text is not sent. What is wrong with one is
    logged and never raised. What is logged by the sending itself, in the emitter's thread or by kafka-python, is left
    alone, whatever it carries: it would never end.
    """

    def __init__(self, emitter: Calls, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self._emitter = emitter
        self._notices = Notices()

    def emit(self, record: logging.LogRecord) -> None:
        """Emit the touchpoint of a record, if it carries one."""
        carried = getattr(record, "touchpoint", None)
        if not isinstance(carried, Mapping) or _of_the_sending(record):
            return
        try:
            self._emitter.emit(_touchpoint(record, carried))
        except Exception as error:  # noqa: BLE001 - no touchpoint is worth a line of the host's log
            problem = str(error) if isinstance(error, ValueError) else "a field is missing or has a wrong type"
            self._notices.warn("record", f"closeloop: {{n}} log records carry no fit touchpoint, the last: {problem}")


def _of_the_sending(record: logging.LogRecord) -> bool:
    sender = str(record.name).partition(".")[0] in (LOGGER.name, "kafka")
    return sender or record.threadName == THREAD_NAME


def _touchpoint(record: logging.LogRecord, carried: Mapping[str, Any]) -> Touchpoint:
    unknown = sorted(str(name) for name in set(carried) - _FIELDS)
    if unknown:
        raise ValueError(f"{unknown[0]}: not a field of a touchpoint; known are {', '.join(sorted(_FIELDS))}")
    failed = record.levelno >= logging.ERROR or record.exc_info is not None
    said = {"outcome": "failed" if failed else "ok", "time": datetime.fromtimestamp(record.created, UTC), **carried}
    return Touchpoint(**said)
