"""The emitter straight into a real Kafka behind TLS and SASL, with the settings and permissions that the docs name."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator

import pytest

from closeloop.broker.errors import BrokerError
from closeloop.broker.topics_admin import create_topics
from closeloop.doctor.permissions import Permission
from closeloop_client import Emitter
from schemas.kafka_link import KafkaLink
from schemas.topics import RESPONSES, TOUCHPOINTS, catalogue
from tests.client.waiting import wait_until
from tests.fixtures.missing import lacking
from tests.gateway.test_kafka import everything
from tests.links.guarded import PASSWORD, GuardedKafka
from tests.links.test_real import _allow as allow

pytestmark = [pytest.mark.kafka, pytest.mark.faults]
APP = "shop"
WRONG = {
    "password": ("SCRAM", {"KAFKA_SASL_PASSWORD_FILE": "", "KAFKA_SASL_PASSWORD": "wr0ng-pass"}),
    "secret": ("OAUTH", {"KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": "wr0ng-secret"}),
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedKafka]:
    try:
        broker = GuardedKafka(tmp_path_factory.mktemp("guarded")).__enter__()
    except BrokerError as error:
        lacking("a real Kafka", str(error))
    try:
        create_topics(KafkaLink(broker.plain), [one for one in catalogue(3) if one.name in (TOUCHPOINTS, RESPONSES)])
        broker.add_user(APP)
        allow(broker, APP, [Permission("topic", name, ("WRITE",)) for name in (TOUCHPOINTS, RESPONSES)])
        yield broker
    finally:
        broker.__exit__()


def _landed(guarded: GuardedKafka, run: str) -> list[str]:
    found = [
        json.loads(one.value())["id"] for name in (TOUCHPOINTS, RESPONSES) for one in everything(guarded.plain, name)
    ]
    return sorted(one for one in found if one.startswith(run))


@pytest.mark.parametrize("listener", ["SCRAM", "SCRAMPLAIN", "MTLS", "OAUTH"])
def test_an_app_that_may_only_write_gets_its_events_in(guarded: GuardedKafka, listener: str) -> None:
    environ = guarded.environment(listener, APP)
    if listener == "MTLS":
        certfile, keyfile = guarded.certificate(APP, "hunter2")
        environ |= {
            "KAFKA_SSL_CERTFILE": str(certfile),
            "KAFKA_SSL_KEYFILE": str(keyfile),
            "KAFKA_SSL_PASSWORD": "hunter2",
        }
    run = uuid.uuid4().hex[:8]
    with Emitter.from_environment(environ) as emitter:
        for number in range(60):
            emitter.touchpoint("c42", "order.delivered", id=f"{run}-{number:03}")
            emitter.response("c42", "nps", 3, id=f"{run}-{number:03}a")
        assert emitter.flush(60)
    assert emitter.stats.delivered == 120
    assert _landed(guarded, run) == sorted(f"{run}-{number:03}{kind}" for number in range(60) for kind in ("", "a"))


@pytest.mark.parametrize("wrong", WRONG)
def test_who_is_not_let_in_waits_and_shows_no_secret(
    guarded: GuardedKafka, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    listener, changed = WRONG[wrong]
    caplog.set_level(logging.INFO)
    emitter = Emitter.from_environment(guarded.environment(listener, APP) | changed)
    emitter._pump._destination._options["bootstrap_timeout_ms"] = 1000
    emitter.touchpoint("customer-4711", "order.delivered", id="waits")
    wait_until(lambda: emitter.stats.retries > 0)
    assert emitter.stats.waiting == 1
    assert "takes no events" in caplog.text
    assert "in the log of kafka-python" in emitter.stats.problem
    emitter.close(0)
    for secret in (PASSWORD, "wr0ng", guarded.identities.secret, "4711"):
        assert secret not in caplog.text


def test_an_app_that_may_not_write_is_told(guarded: GuardedKafka, caplog: pytest.LogCaptureFixture) -> None:
    guarded.add_user("nobody")
    emitter = Emitter.from_environment(guarded.environment("SCRAM", "nobody"))
    emitter.touchpoint("c42", "order.delivered")
    wait_until(lambda: emitter.stats.retries > 0)
    assert "TopicAuthorizationFailedError" in emitter.stats.problem
    assert "TopicAuthorizationFailedError" in caplog.text
    emitter.close(0)
