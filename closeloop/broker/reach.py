"""Asks an address whether a Kafka answers there."""

from __future__ import annotations

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from closeloop.broker.errors import BrokerError


def live_brokers(bootstrap: str, timeout_s: float) -> frozenset[int]:
    """Return the ids of the brokers that the cluster counts as alive.

    Through librdkafka: a kafka-python client that nobody answers leaves its thread and sockets behind.

    Args:
        bootstrap: `HOST:PORT,..`.
        timeout_s: how long to wait for an answer.

    Raises:
        BrokerError: there was none.
    """
    asker = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        return frozenset(asker.list_topics(timeout=timeout_s).brokers)
    except KafkaException as error:
        reason = error.args[0].str() if error.args else type(error).__name__
        raise BrokerError(f"No Kafka answers at {bootstrap} within {timeout_s:g} s: {reason}.") from error
