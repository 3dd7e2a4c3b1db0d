"""The job in bytewax, with recovery on. Arguments: bootstrap, folder, ``keyed`` or ``combined``.

``keyed`` is the dataflow as bytewax's guides draw it: decode, one item for each cut, key_on, a stateful operator.
``combined`` is what a user does who has measured that: the answers of one fetched batch are first counted together
for each key and minute, in a stateless step, so that the stateful operator gets far fewer items. Both decode whole
batches with ``flat_map_batch``, keep their panes in a ``stateful_batch`` operator and snapshot them into SQLite
recovery partitions every second, at once (no backup interval).
"""

import pickle
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from benchmarks.events import Response, cut_keys, is_detractor, metric_json, read
from benchmarks.rolling import Windows
from benchmarks.spec import COMMIT_EVERY_S, EMIT_EVERY_S, RESPONSES, out_topics

BATCH = 5_000
"""Messages a fetch at most, five times the default: the more a batch holds, the more there is to combine."""
RECOVERY_PARTITIONS = 1
"""One worker writes them; more are for more workers."""

Row = tuple[int, str, int]
"""Minute, score and how often."""
Message = KafkaSourceMessage[bytes | None, bytes | None]


def decode(batch: list[Message]) -> list[tuple[bytes, bytes, Response]]:
    """Key, bytes and event of the valid responses of a batch."""
    now = datetime.now(UTC)
    return [
        (message.key or b"", message.value, event)
        for message in batch
        if message.value is not None and (event := read(message.value, now)) is not None
    ]


def detractors(batch: list[tuple[bytes, bytes, Response]]) -> list[KafkaSinkMessage[bytes | None, bytes | None]]:
    """The detractors' answers, on to their topic."""
    return [KafkaSinkMessage(key, value) for key, value, event in batch if is_detractor(event)]


def keyed(batch: list[tuple[bytes, bytes, Response]]) -> list[tuple[str, Row]]:
    """One item for each answer and cut."""
    return [
        (key, (int(event.time.timestamp()) // 60, str(event.data.score), 1))
        for _, _, event in batch
        for key in cut_keys(event)
    ]


def combined(batch: list[tuple[bytes, bytes, Response]]) -> list[tuple[str, Row]]:
    """One item for each cut key, minute and score of the batch."""
    counted: dict[tuple[str, int, str], int] = {}
    for _, _, event in batch:
        minute, word = int(event.time.timestamp()) // 60, str(event.data.score)
        for key in cut_keys(event):
            at = key, minute, word
            counted[at] = counted.get(at, 0) + 1
    return [(key, (minute, word, count)) for (key, minute, word), count in counted.items()]


class Panes(StatefulBatchLogic[Row, dict[str, dict[str, int]], bytes]):
    """The windows of one cut key; writes them once a second if they changed."""

    def __init__(self, resumed: bytes | None) -> None:
        self._windows: Windows = pickle.loads(resumed) if resumed is not None else Windows()
        self._due: datetime | None = None if resumed is None else datetime.now(UTC)
        self._last = datetime.fromtimestamp(0, UTC)

    def on_batch(self, values: list[Row]) -> tuple[Iterable[dict[str, dict[str, int]]], bool]:
        """Count, and have it written a second after the last time."""
        add = self._windows.add
        for minute, word, count in values:
            add(minute, word, count)
        if self._due is None:
            self._due = max(datetime.now(UTC), self._last + timedelta(seconds=EMIT_EVERY_S))
        return (), self.RETAIN

    def on_notify(self) -> tuple[Iterable[dict[str, dict[str, int]]], bool]:
        """Write all four windows."""
        self._last = datetime.now(UTC)
        self._due = None
        self._windows.expire(time.time())
        return ({window: dict(counts) for window, counts in self._windows.totals.items()},), self.RETAIN

    def notify_at(self) -> datetime | None:
        """When to write next."""
        return self._due

    def snapshot(self) -> bytes:
        """An immutable copy, as the operator demands."""
        return pickle.dumps(self._windows, pickle.HIGHEST_PROTOCOL)


def records(
    batch: list[tuple[str, dict[str, dict[str, int]]]],
) -> list[KafkaSinkMessage[bytes | None, bytes | None]]:
    """The metric records of what the stateful operator wrote."""
    return [
        KafkaSinkMessage(f"{key}|{window}".encode(), metric_json(key, window, counts))
        for key, windows in batch
        for window, counts in windows.items()
    ]


def flow(bootstrap: str, variant: str) -> Dataflow:
    """The dataflow."""
    metrics, alerts = out_topics("bytewax" if variant == "keyed" else "bytewax_combined")
    made = Dataflow("bench")
    source = KafkaSource([bootstrap], [RESPONSES], batch_size=BATCH)
    events = op.flat_map_batch("decode", op.input("responses", made, source), decode)
    op.output("alerts", op.flat_map_batch("detractors", events, detractors), KafkaSink([bootstrap], alerts))
    rows = op.flat_map_batch("rows", events, keyed if variant == "keyed" else combined)
    totals = op.stateful_batch("panes", rows, Panes)
    op.output("metrics", op.flat_map_batch("records", totals, records), KafkaSink([bootstrap], metrics))
    return made


def main() -> None:
    """Run one worker."""
    bootstrap, folder, variant = sys.argv[1:4]
    recovery = Path(folder) / "recovery"
    if not recovery.exists():
        recovery.mkdir(parents=True)
        init_db_dir(recovery, RECOVERY_PARTITIONS)
    cli_main(
        flow(bootstrap, variant),
        epoch_interval=timedelta(seconds=COMMIT_EVERY_S),
        recovery_config=RecoveryConfig(str(recovery), backup_interval=timedelta(0)),
    )


if __name__ == "__main__":
    main()
