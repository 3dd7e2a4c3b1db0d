"""Waiting at the start: for the database and its tables, and for Kafka and its topics."""

import math
import threading
import time
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from schemas.kafka_reach import Reach
from schemas.kafka_refusals import KafkaUnreachable
from schemas.settings import Settings
from schemas.tables import Base

LIMIT_S = 300.0
_EVERY_S = 1.0
_ANSWER_S = 2.0
_SAY_EVERY_S = 5.0


def wait_for_database(engine: Engine, stop: threading.Event, limit: float = LIMIT_S) -> bool:
    """Wait until the database answers and has every table. ``False``: not within ``limit`` seconds, or stopped."""
    return _wait("database", lambda: _database_lacks(engine), stop, limit)


def wait_for_kafka(settings: Settings, topics: Sequence[str], stop: threading.Event, limit: float = LIMIT_S) -> bool:
    """Wait until Kafka answers and has the topics. The embedded broker makes a topic when it is first used.

    Raises ``KafkaRefused``: waiting is no use.
    """
    wanted = [] if settings.embedded_broker else topics
    reach = Reach(settings.kafka_link)
    return _wait("Kafka", lambda: _kafka_lacks(reach, wanted), stop, limit)


def _wait(name: str, lacks: Callable[[], str | None], stop: threading.Event, limit: float) -> bool:
    log = structlog.get_logger()
    end = time.monotonic() + limit
    said_at = -math.inf
    while not stop.is_set():
        lack = lacks()
        if lack is None:
            log.info("there", waited_for=name)
            return True
        if time.monotonic() - said_at >= _SAY_EVERY_S:
            said_at = time.monotonic()
            log.warning("waiting", waiting_for=name, lack=lack)
        if time.monotonic() > end:
            log.error("did not come up", waited_for=name, lack=lack, seconds=limit)
            return False
        stop.wait(_EVERY_S)
    return False


def _database_lacks(engine: Engine) -> str | None:
    try:
        missing = set(Base.metadata.tables) - set(inspect(engine).get_table_names())
    except SQLAlchemyError as error:
        return f"no answer ({type(error).__name__})"
    return f"tables {', '.join(sorted(missing))}: run `closeloop db upgrade`" if missing else None


def _kafka_lacks(reach: Reach, topics: Sequence[str]) -> str | None:
    try:
        missing = set(topics) - set(reach.ask(_ANSWER_S).topics)
    except KafkaUnreachable as silence:
        return str(silence)
    return f"topics {', '.join(sorted(missing))}: run `closeloop topics create`" if missing else None
