"""The job that is measured: survey responses of about 300 bytes, preloaded on a topic of a real broker."""

import json
import random
from datetime import UTC, datetime, timedelta

from confluent_kafka import Producer

REGIONS = ("SP", "RJ", "MG", "RS", "PR", "BA")
TOUCHPOINTS = ("order.delivered", "checkout.completed", "support.resolved")
SEGMENTS = ("consumer", "smb", "enterprise")
METRICS = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


def responses(count: int, seed: int) -> list[tuple[str, bytes]]:
    """Customer id and event of ``count`` distinct responses of the last hour, in order of time."""
    draw = random.Random(seed)
    began = datetime.now(UTC) - timedelta(hours=1)
    made = []
    for number in range(count):
        metric = draw.choice(tuple(METRICS))
        customer = f"c{draw.randrange(20_000)}"
        event = {
            "specversion": "1.0",
            "id": f"r-{seed}-{number}",
            "source": "/bench/surveys",
            "type": "closeloop.response.v1",
            "time": (began + timedelta(hours=number / count)).isoformat(timespec="milliseconds"),
            "data": {
                "customer_id": customer,
                "metric": metric,
                "score": draw.randint(*METRICS[metric]),
                "touchpoint": draw.choice(TOUCHPOINTS),
                "channel": "email",
                "attributes": {"region": draw.choice(REGIONS), "segment": draw.choice(SEGMENTS)},
            },
        }
        made.append((customer, json.dumps(event, separators=(",", ":")).encode()))
    return made


def preload(bootstrap: str, topic: str, events: list[tuple[str, bytes]]) -> None:
    """Write the events, keyed by customer, and wait until the broker has them."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "linger.ms": 20,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    for customer, event in events:
        producer.produce(topic, event, customer)
        producer.poll(0)
    producer.flush()
