"""The job in Quix Streams: RocksDB state with its changelog topic. Arguments: bootstrap, folder.

The idiom for an aggregate by another key: expand each answer into one row for each cut, ``group_by`` (through a
repartition topic), a stateful ``apply``. The state of a cut key is one histogram a minute, so that each row reads and
writes one small value; the windows follow from the minutes and are kept in memory, rebuilt from the state after a
restart. Quix Streams has no timer, so a thread writes the totals that changed once a second.
"""

import logging
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from quixstreams import Application, State

from benchmarks.events import Response, cut_keys, is_detractor, metric_json, read
from benchmarks.rolling import Windows
from benchmarks.spec import COMMIT_EVERY_S, EMIT_EVERY_S, RESPONSES, SESSION_TIMEOUT_S, WINDOWS, out_topics

METRICS, ALERTS = out_topics("quix")
_KEPT_MINUTES = WINDOWS["30d"][0] // 60


class Totals:
    """The windows of every cut key of this process, and the thread that writes those that changed."""

    def __init__(self, bootstrap: str) -> None:
        self.windows: dict[str, Windows] = {}
        self._changed: set[str] = set()
        self._lock = threading.Lock()
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "acks": "all"})
        threading.Thread(target=self._write, daemon=True).start()

    def add(self, key: str, minute: int, word: str, state: State) -> None:
        """Count one answer for a key; ``state`` is asked for its minutes if the key is not in memory."""
        with self._lock:
            windows = self.windows.get(key)
            if windows is None:
                known: list[int] = state.get("minutes", [])
                windows = Windows.of((kept, state.get(str(kept), {})) for kept in known)
                self.windows[key] = windows
            else:
                windows.add(minute, word, 1)
            self._changed.add(key)

    def _write(self) -> None:
        while True:
            time.sleep(EMIT_EVERY_S)
            with self._lock:
                changed, self._changed = self._changed, set()
                now = time.time()
                for key in changed:
                    self.windows[key].expire(now)
                totals = [
                    (key, window, dict(counts))
                    for key in changed
                    for window, counts in self.windows[key].totals.items()
                ]
            for key, window, counts in totals:
                self._producer.produce(METRICS, metric_json(key, window, counts), f"{key}|{window}")
                self._producer.poll(0)


def main() -> None:
    """Run one worker."""
    bootstrap, folder = sys.argv[1:3]
    app = Application(
        broker_address=bootstrap,
        consumer_group="bench-quix",
        auto_offset_reset="earliest",
        commit_interval=COMMIT_EVERY_S,
        state_dir=Path(folder) / "state",
        # One consumer reads the responses and what group_by sends: a deep prefetch of the backlog (100,000 messages a
        # partition by default) would keep the second stage waiting until it is worked off.
        consumer_extra_config={
            "queued.min.messages": 2_000,
            "queued.max.messages.kbytes": 1_024,
            "session.timeout.ms": int(SESSION_TIMEOUT_S * 1000),
            "heartbeat.interval.ms": 1_500,
        },
        producer_extra_config={"linger.ms": 5, "partitioner": "murmur2_random"},
        loglevel=logging.WARNING,
    )
    totals = Totals(bootstrap)

    def decode(value: bytes) -> list[tuple[bytes, Response]]:
        event = read(value, datetime.now(UTC))
        return [] if event is None else [(value, event)]

    def rows(answer: tuple[bytes, Response]) -> list[dict[str, Any]]:
        _, event = answer
        minute, word = int(event.time.timestamp()) // 60, str(event.data.score)
        return [{"k": key, "m": minute, "w": word} for key in cut_keys(event)]

    def count(row: dict[str, Any], state: State) -> None:
        minute, word = row["m"], row["w"]
        counts: dict[str, int] | None = state.get(str(minute))
        if counts is None:
            counts = {}
            kept = [known for known in state.get("minutes", []) if known > minute - _KEPT_MINUTES]
            state.set("minutes", [*kept, minute])
        counts[word] = counts.get(word, 0) + 1
        state.set(str(minute), counts)
        totals.add(row["k"], minute, word, state)

    responses = app.topic(RESPONSES, value_deserializer="bytes")
    alerts = app.topic(ALERTS, value_serializer="bytes")
    events = app.dataframe(responses).apply(decode, expand=True)
    events.filter(lambda answer: is_detractor(answer[1])).apply(lambda answer: answer[0]).to_topic(alerts)
    events.apply(rows, expand=True).group_by(lambda row: row["k"], name="cut").update(count, stateful=True)
    app.run()


if __name__ == "__main__":
    main()
