"""kafka-python's consumers and producers with this project's settings."""

from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import IllegalArgumentError, IllegalStateError, KafkaConfigurationError, KafkaError

from schemas.deadletters import LETTER_BYTES
from schemas.kafka_python import kafka_python
from schemas.settings import Settings

EMBEDDED_API_VERSION = (2, 3)
"""librdkafka's in-process broker answers kafka-python properly only when it is not asked for its version."""

SEND_TIMEOUT_S = 30.0
METADATA_MAX_AGE_MS = 5_000
"""How long a consumer may not know of a topic's partitions that are there."""


def group_consumer(settings: Settings, group: str, max_poll_records: int) -> KafkaConsumer:
    """A member of a consumer group that starts at the beginning and commits only when told to."""
    return KafkaConsumer(
        **kafka_python(settings.kafka_link),
        group_id=group,
        client_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_uncommitted" if settings.embedded_broker else "read_committed",
        max_poll_records=max_poll_records,
        fetch_max_wait_ms=100,
        # After a crash the successor gets the partitions only when the dead member's session is over. The embedded
        # broker keeps everybody out that long even after a member has left.
        session_timeout_ms=6_000 if settings.embedded_broker else 10_000,
        heartbeat_interval_ms=2_000,
        # A topic made a moment ago may not have its leaders yet when the group shares out its partitions; whoever
        # looks again only after five minutes, kafka-python's own choice, stands still that long.
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        allow_auto_create_topics=settings.embedded_broker,
        **_version(settings),
    )


def plain_consumer(settings: Settings) -> KafkaConsumer:
    """A consumer without a group, for looking at the cluster."""
    return KafkaConsumer(
        **kafka_python(settings.kafka_link),
        client_id="closeloop-consumers",
        enable_auto_commit=False,
        bootstrap_timeout_ms=5_000,
        allow_auto_create_topics=False,
        **_version(settings),
    )


def safe_producer(settings: Settings, client_id: str) -> KafkaProducer:
    """An idempotent producer that waits for every in-sync replica."""
    return KafkaProducer(
        **kafka_python(settings.kafka_link),
        client_id=client_id,
        enable_idempotence=True,
        acks="all",
        delivery_timeout_ms=int(SEND_TIMEOUT_S * 1000),
        request_timeout_ms=10_000,
        max_block_ms=10_000,
        max_request_size=LETTER_BYTES,
        **_version(settings),
    )


def is_passing(error: KafkaError) -> bool:
    """Whether the same call may work later. Wrong use and wrong configuration never do."""
    return not isinstance(error, IllegalArgumentError | IllegalStateError | KafkaConfigurationError)


def _version(settings: Settings) -> dict[str, Any]:
    return {"api_version": EMBEDDED_API_VERSION} if settings.embedded_broker else {}
