"""The current metrics and books in memory. Pure state: no Kafka, no clock."""

import threading
from collections import defaultdict
from datetime import date

import msgspec

from schemas.cases import CaseEvent
from schemas.metrics import DAY, Books, Metric, MetricRecord

MAX_ROWS = 500_000
"""Series kept at most, about 1 KB each; further ones are refused and counted, so a bad attribute cannot eat memory."""
RECENT_DAYS = 3
"""Calendar days kept here, back from the newest one seen; the history in SQL has them all."""

_records: msgspec.json.Decoder[MetricRecord] = msgspec.json.Decoder(MetricRecord)
_cases: msgspec.json.Decoder[CaseEvent] = msgspec.json.Decoder(CaseEvent)


class Changes(msgspec.Struct):
    """What changed since the last look: rows, whether the books did, and cases that moved."""

    metrics: list[Metric]
    books: bool
    cases: list[int]


class LiveRows:
    """Newest ``(version, as_of)`` wins. One thread writes, others read: a lock holds them apart."""

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._lock = threading.Lock()
        self._max_rows = max_rows
        self._metrics: dict[bytes, Metric] = {}
        self._places: dict[tuple[str, str], dict[bytes, Metric]] = defaultdict(dict)
        """The same rows by cut and window: what is looked at most are those of one cut and window."""
        self._books: dict[str, Books] = {}
        self._newest_day = date.min
        self._changed: set[bytes] = set()
        self._books_changed = False
        self._cases: dict[int, None] = {}
        self.revision = 0
        """Grows with every record taken: whoever saw this number has seen all there is."""
        self.refused = 0
        """Rows that had no room."""
        self.unreadable = 0
        """Records that are neither a metric, nor books, nor a case event."""

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Take in one record of ``cx.metrics``; a tombstone removes its row."""
        self.revision += 1
        if value is None:
            with self._lock:
                self._drop(key or b"")
            return
        try:
            record = _records.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.unreadable += 1
            return
        with self._lock:
            if isinstance(record, Books):
                self._take_books(record)
            else:
                self._take_metric(key or record.record_key(), record)

    def heard(self) -> None:
        """Something changed of which no record has come yet: somebody acted on a case here."""
        self.revision += 1

    def take_case(self, value: bytes | None) -> None:
        """Take in one record of ``cx.cases``: remember that the case moved."""
        try:
            event = _cases.decode(value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.unreadable += 1
            return
        with self._lock:
            self._cases[event.case_id] = None
        self.revision += 1

    def metrics(self, metric: str | None = None, window: str | None = None, cut: str | None = None) -> list[Metric]:
        """The rows that fit, ordered by metric, cut, key and window."""
        with self._lock:
            fitting = [
                row
                for place, rows in self._places.items()
                if cut in (None, place[0]) and window in (None, place[1])
                for row in rows.values()
                if metric in (None, row.metric)
            ]
        fitting.sort(
            key=lambda row: (row.metric, row.cut, list(row.key.values()), row.scale, row.window, row.day or date.min)
        )
        return fitting

    def row(self, key: bytes) -> Metric | None:
        """The row of this record key, see :meth:`schemas.metrics.Metric.record_key`."""
        with self._lock:
            return self._metrics.get(key)

    def within(self, cut: str, window: str) -> list[Metric]:
        """The rows of one cut and window, in no order."""
        with self._lock:
            return list(self._places.get((cut, window), {}).values())

    def books(self) -> dict[str, Books]:
        """The newest accounts of each source partition."""
        with self._lock:
            return dict(self._books)

    def drain(self) -> Changes:
        """What changed since the last call."""
        with self._lock:
            rows = [row for key in self._changed if (row := self._metrics.get(key)) is not None]
            changes = Changes(rows, self._books_changed, list(self._cases))
            self._changed.clear()
            self._books_changed = False
            self._cases.clear()
        return changes

    def size(self) -> int:
        """How many rows are kept."""
        return len(self._metrics)

    def _take_books(self, books: Books) -> None:
        held = self._books.get(books.source)
        if held is None or books.version >= held.version:
            self._books[books.source] = books
            self._books_changed = True

    def _take_metric(self, key: bytes, row: Metric) -> None:
        if row.window == DAY and row.day is not None:
            if (self._newest_day - row.day).days >= RECENT_DAYS:
                return
            if row.day > self._newest_day:
                self._newest_day = row.day
                self._forget_old_days()
        held = self._metrics.get(key)
        if held is None and len(self._metrics) >= self._max_rows:
            self.refused += 1
            return
        if held is None or (row.version, row.as_of) >= (held.version, held.as_of):
            if held is not None and (held.cut, held.window) != (row.cut, row.window):
                self._drop(key)  # a record under another's key: the newer one stands for both
            self._metrics[key] = self._places[row.cut, row.window][key] = row
            self._changed.add(key)

    def _forget_old_days(self) -> None:
        days = {key: row.day for key, row in self._metrics.items() if row.day is not None}
        for key in [key for key, day in days.items() if (self._newest_day - day).days >= RECENT_DAYS]:
            self._drop(key)
            self._changed.discard(key)

    def _drop(self, key: bytes) -> None:
        row = self._metrics.pop(key, None)
        if row is not None:
            del self._places[row.cut, row.window][key]
