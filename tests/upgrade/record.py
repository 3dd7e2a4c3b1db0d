"""Writes what a version leaves behind: `python -m tests.upgrade.record FOLDER`, run in a checkout of that version.

    git worktree add ../last 8b0e549 && make -C ../last setup
    cp -r tests/upgrade ../last/tests/
    cd ../last && .venv/bin/python -m tests.upgrade.record ../closeloop/tests/upgrade/last

It writes the rows of every topic of state, the alerts, the books and the rows of every table with its columns.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import MetaData, inspect

from schemas import migrate
from schemas.database import open_database, sessions
from streams.kafka.placement import partition_of
from tests.upgrade.world import FIRST, PARTITIONS, World, act, events, publish, take_in


def main(folder: Path) -> None:
    """Run the first half and write down all of it."""
    world = World()
    for topic, key, value in events(1):
        world.send((topic, partition_of(key, PARTITIONS)), key, value, FIRST)
    alerts = world.run(FIRST)
    now = datetime.fromtimestamp(FIRST, UTC)
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite:///{scratch}/loop.db"
        migrate.upgrade(url)
        engine = open_database(url)
        with sessions(engine).begin() as session:
            take_in(session, alerts, now)
        with sessions(engine).begin() as session:
            act(session, 1, now)
        with sessions(engine).begin() as session:
            publish(session, world, FIRST)
        columns = {table: sorted(c["name"] for c in inspect(engine).get_columns(table)) for table in _tables(engine)}
        found = MetaData()
        found.reflect(engine)
        with engine.connect() as connection:
            rows = {
                name: [{k: _plain(v) for k, v in row.items()} for row in connection.execute(table.select()).mappings()]
                for name, table in found.tables.items()
                if name != "alembic_version"
            }
        revision = migrate.current(url)
        engine.dispose()
    world.run(FIRST)
    _write(folder / "tables.json.gz", {"revision": revision, "columns": columns, "rows": rows})
    _write(
        folder / "topics.json.gz",
        {
            "state": [[*place, _text(k), _text(v)] for place, held in world.state.items() for k, v in held.items()],
            "partials": [[_text(k), _text(v)] for k, v in world.partials.items()],
            "metrics": [msgspec.to_builtins(metric) for metric in world.metrics.values()],
            "books": [msgspec.to_builtins(books) for books in world.books.values()],
            "alerts": [msgspec.to_builtins(alert) for alert in world.alerts],
            "offsets": {f"{topic}/{number}": len(log) for (topic, number), log in world.logs.items()},
        },
    )


def _tables(engine: Any) -> list[str]:
    return [name for name in sorted(inspect(engine).get_table_names()) if name != "alembic_version"]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _write(path: Path, what: Any) -> None:
    path.write_bytes(gzip.compress(json.dumps(what, separators=(",", ":")).encode(), mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
