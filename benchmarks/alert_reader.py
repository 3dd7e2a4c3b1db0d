"""Notes when each alert arrives, in a process of its own: ``python -m benchmarks.alert_reader BOOTSTRAP TOPIC OUT``.

Prints ``ready`` once it reads; writes event id to the moment of arrival (seconds since the epoch) on SIGTERM.
"""

import signal
import sys
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.broker import reader


class AlertLine(Struct):
    """An alert of ours names its event; the peers send the response itself on."""

    id: str
    event_id: str = ""


def main() -> None:
    """Read until told to stop."""
    bootstrap, topic, out = sys.argv[1:4]
    going = [True]
    signal.signal(signal.SIGTERM, lambda *_: going.clear())
    consumer = reader(bootstrap, topic, from_end=True)
    decode = msgspec.json.Decoder(AlertLine).decode
    arrived: dict[str, float] = {}
    consumer.poll(0.5)
    print("ready", flush=True)
    while going:
        first = consumer.poll(0.05)
        if first is None:
            continue
        for message in (first, *consumer.consume(1000, 0)):  # whatever else is there already, without waiting for more
            value = message.value()
            if message.error() is None and value is not None:
                alert = decode(value)
                arrived.setdefault(alert.event_id or alert.id, time.time())
    consumer.close()
    Path(out).write_bytes(msgspec.json.encode(arrived))


if __name__ == "__main__":
    main()
