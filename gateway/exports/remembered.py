"""The ids of a partition's answers, for as long as the streams remember them, in a seventh of the room of Python's own.

A day may hold millions of them: an import of years arrives within an hour. So they lie as digests in a table in memory.
"""

import sqlite3
from hashlib import blake2b

_FIRST_SWEEP = 100_000
_SAW = (
    "INSERT INTO seen (digest, arrival) VALUES (?, ?) "
    "ON CONFLICT (digest) DO UPDATE SET arrival = excluded.arrival WHERE arrival < ?"
)


class Remembered:
    """Ids by arrival, milliseconds since the epoch. Close it at the end."""

    def __init__(self, seconds: float, first_sweep: int = _FIRST_SWEEP) -> None:
        """``first_sweep`` is how many ids there are before outdated ones are first looked for."""
        self._reach = int(seconds * 1000)
        self._held = 0
        self._sweep_at = self._first_sweep = first_sweep
        # One export reads in one thread after another, never in two at once.
        self._table = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._table.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, arrival INTEGER NOT NULL) WITHOUT ROWID")
        self._table.execute("BEGIN")

    def is_new(self, source: str, number: str, arrival: int) -> bool:
        """Whether an id was not there within the time before; remembers it."""
        digest = blake2b(f"{source}\0{number}".encode(), digest_size=16).digest()
        new = self._table.execute(_SAW, (digest, arrival, arrival - self._reach)).rowcount == 1
        self._held += new
        if self._held >= self._sweep_at:
            self._sweep(arrival)
        return new

    def close(self) -> None:
        """Forget all."""
        self._table.close()

    def _sweep(self, arrival: int) -> None:
        """Take out what is outdated, so that what is held does not grow with the topic."""
        self._table.execute("DELETE FROM seen WHERE arrival < ?", (arrival - self._reach,))
        (self._held,) = self._table.execute("SELECT count(*) FROM seen").fetchone()
        self._sweep_at = max(self._first_sweep, 2 * self._held)
