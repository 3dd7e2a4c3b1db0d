"""When everything up to a key of a table is settled: committed, or rolled back and never seen.

PostgreSQL gives keys out before a transaction ends, so a row may be committed after one with a higher key. Whoever goes
on after the highest key that they have seen would miss it. Those transactions are known, because each holds its lock on
the table since before it drew the key: once all that hold one now are over, nothing below the keys seen before comes
any more. Nobody is locked out meanwhile. SQLite has one writer at a time.
"""

import time

from sqlalchemy import text
from sqlalchemy.orm import Session

PATIENCE_S = 30.0
PAUSE_S = 0.02

_WRITERS = text(
    "SELECT virtualtransaction || '/' || pid FROM pg_locks WHERE locktype = 'relation' AND granted"
    " AND mode = 'RowExclusiveLock' AND relation = CAST(:table AS regclass) AND pid <> pg_backend_pid()"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def wait_for_writers(session: Session, table: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until the transactions that are writing to the table now are over; later ones are of no concern.

    Raises ``TimeoutError`` where one of them goes on for longer than ``patience_s`` seconds.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    until = time.monotonic() + patience_s
    waited_for = _writers(session, table)
    while waited_for:
        if time.monotonic() >= until:
            raise TimeoutError(f"a transaction has been writing to {table} for more than {patience_s:g} s")
        time.sleep(PAUSE_S)
        waited_for &= _writers(session, table)


def _writers(session: Session, table: str) -> set[str]:
    return set(session.scalars(_WRITERS, {"table": table}))
