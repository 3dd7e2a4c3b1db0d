"""Sends responses at a steady rate, in a process of its own: ``python -m benchmarks.pacer BOOTSTRAP RATE SECONDS OUT``.

Writes for each detractor's answer when the broker acknowledged it, and how close to its schedule it kept.
"""

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from confluent_kafka import KafkaError, Message
from msgspec import Struct

from benchmarks.broker import new_producer
from benchmarks.job import answers
from benchmarks.spec import RESPONSES

TICK_S = 0.001
"""Events that are due are sent every millisecond."""
LINGER_MS = 5
"""The default of Kafka's own producer. It passes before the acknowledgement that latency is taken from."""


class Paced(Struct):
    """What was sent. Times in seconds since the epoch."""

    began: float
    rate: float
    """Acknowledged events a second."""
    acknowledged: dict[str, float]
    """Event id to the moment of its acknowledgement, of detractors' answers alone."""


def pace(bootstrap: str, rate: int, seconds: float) -> Paced:
    """Send ``rate`` events a second for ``seconds``."""
    producer = new_producer(bootstrap, LINGER_MS)
    count = int(rate * seconds)
    acknowledged: dict[str, float] = {}
    done = [0, 0.0]
    began = time.time() + 0.2
    # Event times are those at which each is due.
    events = [
        (event.encode(), event.customer_id, event.id if event.detractor else "")
        for event in answers(count, random.SystemRandom().randrange(2**31), began + seconds, seconds)
    ]
    late = time.time() - began
    if late > 0:  # making them took longer than the head start; they are a little old then
        began += late

    def report(event_id: str) -> Callable[[KafkaError | None, Message], None]:
        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is None:
                done[0] += 1
                done[1] = time.time()
                if event_id:
                    acknowledged[event_id] = done[1]

        return delivered

    sent = 0
    while sent < count:
        due = min(int((time.time() - began) * rate), count)
        while sent < due:
            value, key, event_id = events[sent]
            producer.produce(RESPONSES, value, key, on_delivery=report(event_id))
            sent += 1
        producer.poll(TICK_S)
    producer.flush(30)
    return Paced(began, done[0] / max(done[1] - began, 1e-9), acknowledged)


if __name__ == "__main__":
    Path(sys.argv[4]).write_bytes(msgspec.json.encode(pace(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
