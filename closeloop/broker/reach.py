"""Asks an address whether a Kafka answers there."""

from __future__ import annotations

from closeloop.broker.errors import BrokerError
from schemas.kafka_link import KafkaLink
from schemas.kafka_reach import Reach
from schemas.kafka_refusals import KafkaRefused, KafkaUnreachable


def live_brokers(kafka: KafkaLink, timeout_s: float) -> frozenset[int]:
    """Return the ids of the brokers that the cluster counts as alive.

    Args:
        kafka: where the cluster is, and how we get in.
        timeout_s: how long to wait for an answer.

    Raises:
        BrokerError: there was none, or it does not let us in.
    """
    try:
        return Reach(kafka).ask(timeout_s).brokers
    except (KafkaRefused, KafkaUnreachable) as error:
        raise BrokerError(str(error)) from None
