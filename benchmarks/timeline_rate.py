"""How fast customers' timelines are written, and what a row takes: ``python -m benchmarks.timeline_rate [--rows N]``.

Records as they lie on the topics go through the consumer's real handler into SQLite and into a PostgreSQL of its own
(DATABASE_URL's, if that is set). Nine touchpoints to one answer, 20,000 customers, ids as UUIDs. Twice: as fast as it
goes, and as it runs, resting half of the time. Then the look of a case's page, and the removal of the oldest rows.
"""

import argparse
import json
import random
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, select, text

from consumers import timeline
from consumers.intake import Record
from consumers.measures import Measures
from schemas import migrate
from schemas.database import open_database, sessions
from schemas.loop_yaml import parse
from schemas.tables import TimelineRow
from schemas.timeline_retention import remove_before
from schemas.topics import RESPONSES, TOUCHPOINTS
from tests.fixtures.postgres import fresh_database, throw_away_server

LOOP = """
people: {a: {name: A, email: a@example.com}}
receivers: {r: {person: a, channel: '#r'}}
route: {receiver: r}
"""
NAMES = ("shop.visited", "checkout.completed", "order.delivered", "support.resolved")
BATCH = 2_000


def records(count: int, seed: int) -> list[Record]:
    """Records of the last day, in order of time."""
    chance, now = random.Random(seed), datetime.now(UTC)
    made = []
    for number in range(count):
        at = now - timedelta(days=1) * (1 - number / count)
        data: dict[str, object] = {"customer_id": f"c{chance.randrange(20_000)}", "channel": "web"}
        if number % 10:
            topic, kind = TOUCHPOINTS, "closeloop.touchpoint.v1"
            data |= {"touchpoint": chance.choice(NAMES), "outcome": "ok", "duration_ms": chance.randrange(90_000)}
        else:
            topic, kind = RESPONSES, "closeloop.response.v1"
            data |= {"metric": "nps", "score": chance.randrange(11), "touchpoint": NAMES[2]}
        event = {
            "specversion": "1.0",
            "id": str(uuid.UUID(int=chance.getrandbits(128))),
            "source": "/shop/orders",
            "type": kind,
            "time": at.isoformat(),
            "data": data,
        }
        stamp = int(at.timestamp() * 1000)
        made.append(Record(topic, 0, number, stamp, b"k", json.dumps(event).encode()))
    return made


class Rate(NamedTuple):
    """Records a second, and seconds of a processor (of this process, not of the server) for a million of them."""

    records: float
    processor: float


def write(engine: Engine, found: list[Record], *, resting: bool) -> Rate:
    """Give all to the handler."""
    stop = threading.Event()
    if not resting:
        stop.set()  # whoever is told to stop rests no more
    handler = timeline.Timeline(parse(LOOP), sessions(engine), Measures(CollectorRegistry()), stop)
    began, spent = time.perf_counter(), time.process_time()
    for start in range(0, len(found), BATCH):
        handler.handle(found[start : start + BATCH])
    processor = (time.process_time() - spent) / len(found) * 1e6
    return Rate(len(found) / (time.perf_counter() - began), processor)


def size(engine: Engine) -> int:
    """Bytes of the table with its indexes (on SQLite: of the file)."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            return int(connection.scalar(text("SELECT pg_total_relation_size('timeline')")) or 0)
        return int(connection.scalar(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")))


def measure(engine: Engine, rows: int) -> str:
    """All figures of one database, as a row of the table."""
    before = size(engine)
    alone = write(engine, first := records(rows, 1), resting=False)
    resting = write(engine, records(rows, 2), resting=True)
    again = write(engine, first, resting=False)
    each = (size(engine) - before) / (2 * rows)
    began = time.perf_counter()
    for number in range(100):
        with sessions(engine)() as session:
            query = select(TimelineRow).where(TimelineRow.customer_id == f"c{number}")
            session.scalars(query.order_by(TimelineRow.at.desc()).limit(60)).all()
    look = (time.perf_counter() - began) / 100
    began, removed = time.perf_counter(), 0
    for _ in range(20):
        with sessions(engine).begin() as session:
            removed += remove_before(session, datetime.now(UTC), 1_000)
    removing = removed / (time.perf_counter() - began)
    rates = f"{alone.records:,.0f} | {resting.records:,.0f} | {again.records:,.0f} | {alone.processor:.0f}"
    return f"| {engine.dialect.name} | {2 * rows:,} | {rates} | {each:.0f} | {look * 1000:.1f} | {removing:,.0f} |"


def databases(stack: ExitStack) -> Iterator[str]:
    """An empty SQLite and an empty PostgreSQL."""
    yield f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/rate.db"
    server = stack.enter_context(throw_away_server())
    yield stack.enter_context(fresh_database(server)).render_as_string(hide_password=False)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="records a turn (there are two)")
    rows = parser.parse_args().rows
    measured = ("records/s", "records/s, resting", "repeats/s", "CPU s a million", "bytes a row", "a look, ms")
    columns = (*measured, "removed/s")
    print(f"| database | rows | {' | '.join(columns)} |\n|---|---:|{'---:|' * len(columns)}")
    with ExitStack() as stack:
        for url in databases(stack):
            migrate.upgrade(url)
            engine = open_database(url)
            print(measure(engine, rows), flush=True)
            engine.dispose()


if __name__ == "__main__":
    main()
