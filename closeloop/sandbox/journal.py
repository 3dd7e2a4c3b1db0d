"""The SQLite file that keeps a workspace over restarts, `kill -9` included: one row a record, one commit a change."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from closeloop.sandbox.model import Change, Channel, Message, User, View

_TYPES: dict[str, type[User | Channel | Message | View]] = {
    "user": User,
    "channel": Channel,
    "message": Message,
    "home": View,
}


class Journal:
    """Keeps users, channels, messages and Home views; ephemeral messages and open modals are not kept, as in Slack.

    With write-ahead logging and `synchronous=NORMAL` a killed process loses nothing that was answered; a power cut
    may lose the last moments, which a test server can bear.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS record "
            "(kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )
        self._encoder = msgspec.json.Encoder()

    def keep(self, change: Change) -> None:
        """Write the record of a change as it is now."""
        if change.kind in _TYPES:
            self._db.execute(
                "INSERT INTO record VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
                (change.kind, change.key, self._encoder.encode(change.record)),
            )

    def read(self) -> Iterator[tuple[str, User | Channel | Message | View]]:
        """Every kept record with its kind; messages in order of their timestamps."""
        for kind, record_type in _TYPES.items():
            decode = msgspec.json.Decoder(record_type).decode
            rows = self._db.execute("SELECT body FROM record WHERE kind = ? ORDER BY key", (kind,))
            for (body,) in rows:
                yield kind, decode(body)

    def close(self) -> None:
        """Fold the write-ahead log into the file and let it go."""
        self._db.close()
