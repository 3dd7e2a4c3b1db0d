"""The whole examination: look, then judge, part by part, so that what is found is told as it is found."""

from collections.abc import Iterator, Set
from datetime import UTC, datetime

from closeloop.doctor import kafka_seen, other_seen
from closeloop.doctor.kafka_checks import check_kafka
from closeloop.doctor.other_checks import (
    check_configuration,
    check_database,
    check_disk,
    check_gateway,
    check_keys,
    check_settings,
    check_slack,
)
from closeloop.doctor.permissions import ROOMS, RoomName
from closeloop.findings import Finding
from closeloop.slack_app.doctor import Doctor
from schemas.config import Loop
from schemas.settings import Settings


def examine(settings: Settings, url: str, key: str | None, rooms: Set[RoomName] = ROOMS) -> Iterator[Finding]:
    """Everything about the deployment of these settings, whose gateway is at ``url``. Nothing is changed.

    ``rooms`` are those that run as the Kafka user of these settings.
    """
    yield from check_settings(settings)
    configuration, loop = other_seen.look_at_configuration(settings)
    yield from check_configuration(configuration)
    yield from check_kafka(kafka_seen.look(settings, timeline=loop is None or loop.timeline is not None), rooms)
    database = other_seen.look_at_database(settings)
    yield from check_database(database)
    yield from check_keys(database, datetime.now(UTC))
    yield from check_gateway(other_seen.look_at_gateway(url, key), database)
    yield from check_slack(_slack(settings, loop))
    yield from check_disk(other_seen.look_at_disk(settings.data_dir))


def _slack(settings: Settings, loop: Loop | None) -> Iterator[Finding] | None:
    if settings.slack_bot_token is None:
        return None
    # Without a readable loop.yaml there are no channels and people to look for, and the token is looked at again then.
    return iter(()) if loop is None else Doctor(settings, loop).examine(None)
