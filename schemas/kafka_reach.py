"""Asks an address whether a Kafka answers there and lets us in. Through librdkafka: a kafka-python client that nobody
answers leaves its thread and sockets behind."""

import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from msgspec import Struct

from schemas.kafka_link import KafkaLink
from schemas.kafka_refusals import KafkaRefused, KafkaUnreachable, hint, why_certificate, why_refused
from schemas.kafka_tls import tls_context

_LOOK_S = 0.5


class Reached(Struct, frozen=True):
    """What answered."""

    brokers: frozenset[int]
    """The ids of those that the cluster counts as alive."""
    topics: Mapping[str, int]
    """Each topic that we may see, with its number of partitions."""


class Reach:
    """Asks again and again with one client."""

    def __init__(self, kafka: KafkaLink) -> None:
        self._kafka = kafka
        self._heard: list[KafkaError] = []
        config: dict[str, Any] = {**kafka.librdkafka(), "log_level": 0, "error_cb": self._heard.append}
        self._client = AdminClient(config)

    def ask(self, timeout_s: float) -> Reached:
        """Wait for an answer, ``timeout_s`` seconds at most.

        Raises KafkaUnreachable, and KafkaRefused as soon as that is known.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            left = max(deadline - time.monotonic(), 0.0)
            try:
                told = self._client.list_topics(timeout=min(left, _LOOK_S) or 0.001)
            except KafkaException as error:
                self._listen()
                if time.monotonic() >= deadline:
                    raise KafkaUnreachable(self._why(error, timeout_s)) from None
            else:
                return Reached(
                    frozenset(told.brokers), {name: len(topic.partitions) for name, topic in told.topics.items()}
                )

    def _listen(self) -> None:
        """Hear what connections ended with. Raises KafkaRefused."""
        self._client.poll(0)
        for error in self._heard:
            refusal = why_refused(self._kafka.security, error.name(), error.str())
            if refusal is not None:
                more = _certificate_of(self._kafka) if error.name() == "_SSL" else None
                raise KafkaRefused(f"Kafka at {self._kafka.servers}: {more or refusal}")

    def _why(self, error: KafkaException, timeout_s: float) -> str:
        last = next((heard.str() for heard in reversed(self._heard) if heard.name() != "_ALL_BROKERS_DOWN"), "")
        reason = last or (error.args[0].str() if error.args else type(error).__name__)
        look_at = hint(self._kafka.security, last)
        return f"No Kafka answers at {self._kafka.servers} within {timeout_s:g} s: {reason}{look_at or '.'}"


def _certificate_of(kafka: KafkaLink) -> str | None:
    """What is wrong with a broker's certificate: librdkafka says that something is, OpenSSL says what."""
    if kafka.security.tls is None:
        return None
    context = tls_context(kafka.security.tls)
    for server in kafka.servers.split(","):
        host, _, port = server.rpartition(":")
        host = host.strip("[]")
        try:
            with socket.create_connection((host, int(port)), _LOOK_S) as plain:
                context.wrap_socket(plain, server_hostname=host).close()
        except ssl.SSLCertVerificationError as error:
            return why_certificate(error.verify_code, host)
        except OSError:
            continue
    return None
