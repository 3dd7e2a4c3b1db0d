"""The doctor on what is really wrong: Kafka with and without an authorizer, databases, a gateway, the sandbox."""

from __future__ import annotations

import http.server
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, AdminClient, ResourcePatternType
from confluent_kafka.admin import ResourceType as Resource

from closeloop.broker import node
from closeloop.broker.errors import BrokerError
from closeloop.broker.local import LocalKafka
from closeloop.broker.topics_admin import OtherConfig, alter_settings, create_topics
from closeloop.doctor import kafka_seen, other_seen
from closeloop.doctor.kafka_checks import check_kafka
from closeloop.doctor.other_checks import check_database, check_gateway
from closeloop.findings import Finding
from closeloop.sandbox import Fault, Sandbox, in_thread
from closeloop.sandbox import Settings as SandboxSettings
from gateway.keys import create_key
from gateway.process import make_parts
from schemas import migrate
from schemas.kafka_link import KafkaLink
from schemas.settings import Settings
from schemas.topics import ALERTS, DESK_GROUP, INVITATIONS, RESPONSES, STREAMS_GROUP, TOUCHPOINTS, catalogue
from tests.cli.asking import EXAMPLE, ask
from tests.fixtures.missing import lacking
from tests.gateway.examples import configuration
from tests.gateway.serving import serving, wait_until


def kafka_findings(bootstrap: str) -> dict[str, Finding]:
    """What is not well with a cluster, by subject; not the groups that nobody has started, nor this machine's disk."""
    found = list(check_kafka(kafka_seen.look(Settings(kafka=bootstrap))))
    elsewhere = re.compile("no member|.* free, closeloop takes ")
    return {one.subject: one for one in found if one.level != "ok" and not elsewhere.match(one.said)}


@pytest.fixture
def cluster(kafka: str) -> Iterator[str]:
    create_topics(KafkaLink(kafka), catalogue())
    yield kafka
    create_topics(KafkaLink(kafka), catalogue())
    alter_settings(KafkaLink(kafka), [OtherConfig(ALERTS, "retention.ms", str(30 * 86_400_000), None)])


@pytest.mark.kafka
@pytest.mark.faults
def test_a_wrong_retention_and_a_missing_topic_are_found_and_mended_by_what_it_says(cluster: str) -> None:
    assert kafka_findings(cluster) == {}
    alter_settings(KafkaLink(cluster), [OtherConfig(ALERTS, "retention.ms", "60000", None)])
    admin = AdminClient({"bootstrap.servers": cluster})
    admin.delete_topics([INVITATIONS])[INVITATIONS].result(30)
    wait_until(lambda: INVITATIONS not in admin.list_topics(timeout=10).topics)
    found = kafka_findings(cluster)
    assert set(found) == {f"topic {ALERTS}", f"topic {INVITATIONS}"}
    assert found[f"topic {ALERTS}"].said == "retention.ms is 60000 instead of 2592000000"
    for finding in found.values():
        words = finding.remedy.split()[1:]
        words += ["--yes"] if words == ["topics", "mend"] else []
        assert ask(*words, KAFKA_BOOTSTRAP_SERVERS=cluster).code == 0
    assert kafka_findings(cluster) == {}


@pytest.mark.kafka
@pytest.mark.faults
def test_a_group_is_well_while_its_member_runs(cluster: str) -> None:
    def desk() -> Finding:
        found = check_kafka(kafka_seen.look(Settings(kafka=cluster)))
        return next(one for one in found if one.subject == f"group {DESK_GROUP}")

    assert desk().said.startswith("no member is running")
    settings = {"bootstrap.servers": cluster, "group.id": DESK_GROUP, "session.timeout.ms": 6000}
    member = Consumer(settings | {"auto.offset.reset": "earliest", "enable.auto.commit": False})
    member.subscribe([ALERTS])
    wait_until(lambda: member.poll(0.2) is not None or member.assignment())
    assert (desk().level, desk().said.partition(",")[0]) == ("ok", "1 member")
    member.close()
    assert desk().level == "wrong"


@pytest.mark.kafka
@pytest.mark.faults
def test_a_record_from_the_future_shows_a_broker_whose_clock_is_ahead(cluster: str) -> None:
    assert "clock of the broker" not in kafka_findings(cluster)
    setting = OtherConfig(TOUCHPOINTS, "message.timestamp.type", "CreateTime", None)
    alter_settings(KafkaLink(cluster), [setting])
    producer = Producer({"bootstrap.servers": cluster})
    producer.produce(TOUCHPOINTS, b"{}", timestamp=int((time.time() + 600) * 1000))
    assert producer.flush(20) == 0
    finding = kafka_findings(cluster)["clock of the broker"]
    alter_settings(KafkaLink(cluster), [msgspec.structs.replace(setting, expected="LogAppendTime")])
    assert (finding.level, finding.said) == ("wrong", "10 min ahead of this machine's")


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Kafka with an authorizer that lets everybody do what no rule is about, and all topics."""
    plain = node.server_properties
    rules = (
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
        "allow.everyone.if.no.acl.found=true\n"
    )
    monkeypatch.setattr(node, "server_properties", lambda *given: plain(*given) + rules)
    broker = LocalKafka(tmp_path / "kafka", fast_start=True)
    try:
        broker.start()
    except BrokerError as error:
        lacking("a real Kafka", str(error))
    try:
        create_topics(KafkaLink(broker.bootstrap), catalogue())
        yield broker.bootstrap
    finally:
        broker.stop()


@pytest.mark.kafka
@pytest.mark.faults
def test_what_the_authorizer_denies_is_named_with_the_room_that_needs_it(guarded: str) -> None:
    assert kafka_findings(guarded) == {}
    admin = AdminClient({"bootstrap.servers": guarded})

    def denied(
        kind: Resource, name: str, operation: AclOperation, pattern: Any = ResourcePatternType.LITERAL
    ) -> AclBinding:
        deny = AclPermissionType.DENY
        return AclBinding(kind, name, pattern, "User:ANONYMOUS", "*", operation, deny)

    rules = [
        denied(Resource.TOPIC, ALERTS, AclOperation.READ),
        denied(Resource.TOPIC, RESPONSES, AclOperation.WRITE),
        denied(Resource.TOPIC, INVITATIONS, AclOperation.ALL),
        denied(Resource.GROUP, DESK_GROUP, AclOperation.READ),
        denied(Resource.TRANSACTIONAL_ID, f"{STREAMS_GROUP}-", AclOperation.ALL, ResourcePatternType.PREFIXED),
    ]
    # A rule about a topic ends the leave that everybody has of it: what is not denied is allowed by another.
    for kind, name in ((Resource.TOPIC, ALERTS), (Resource.TOPIC, RESPONSES), (Resource.GROUP, DESK_GROUP)):
        allowed = AclPermissionType.ALLOW
        everything = (AclOperation.ALL, allowed)
        rules.append(AclBinding(kind, name, ResourcePatternType.LITERAL, "User:ANONYMOUS", "*", *everything))
    for future in admin.create_acls(rules).values():
        future.result(20)
    wanted = {
        f"permission on topic {ALERTS}": ("may not Read", "consumers cannot work with it"),
        f"permission on topic {RESPONSES}": ("may not Write", "gateway, streams cannot work with it"),
        f"permission on topic {INVITATIONS}": ("may not Describe, Read, Write", None),
        f"permission on group {DESK_GROUP}": ("may not Read", None),
        "permission on transactional ids": (None, None),
    }
    wait_until(lambda: set(wanted) <= set(kafka_findings(guarded)))
    found = kafka_findings(guarded)
    for subject, (said, means) in wanted.items():
        assert said is None or found[subject].said == said, found[subject]
        assert means is None or found[subject].means == means, found[subject]
    for future in admin.delete_acls([_every(rule) for rule in rules]).values():
        future.result(20)
    wait_until(lambda: kafka_findings(guarded) == {})


def _every(rule: AclBinding) -> Any:
    from confluent_kafka.admin import AclBindingFilter

    return AclBindingFilter(
        rule.restype, rule.name, rule.resource_pattern_type, rule.principal, rule.host, rule.operation,
        rule.permission_type,
    )  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.faults])]
)
def test_a_database_of_an_older_revision(request: pytest.FixtureRequest, kind: str) -> None:
    url = request.getfixturevalue("sqlite_database" if kind == "sqlite" else "postgres_tables")

    def findings() -> list[Finding]:
        return [one for one in check_database(other_seen.look_at_database(Settings(database=url))) if one.level != "ok"]

    assert findings() == []
    migrate.downgrade(url, "0001")
    (finding,) = findings()
    assert "revision 0001" in finding.said
    assert ask(*finding.remedy.split()[1:], DATABASE_URL=url).code == 0
    assert findings() == []


def test_a_database_that_is_away() -> None:
    url = "postgresql://closeloop:hush@127.0.0.1:1/closeloop"
    (finding,) = check_database(other_seen.look_at_database(Settings(database=url)))
    assert finding.said.startswith("cannot be reached: ")
    assert "hush" not in finding.said


@pytest.fixture
def gateway(sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Callable[[], str], Any]]:
    """A gateway's URL, a way to make a key, and its parts."""

    def fail(why: str) -> None:
        raise AssertionError(why)

    parts = make_parts(Settings(database=sqlite_database, kafka="127.0.0.1:1"), configuration(), fail)
    monkeypatch.setattr(parts.live, "alive", lambda: True)
    with serving(parts) as url:
        yield url, lambda: create_key(parts.writers, uuid.uuid4().hex, "read"), parts
    parts.writers.kw["bind"].dispose()


def gateway_findings(url: str, key: str | None, database: str = "sqlite:///:memory:") -> dict[str, Finding]:
    seen = other_seen.look_at_gateway(url, key)
    found = check_gateway(seen, other_seen.look_at_database(Settings(database=database)))
    return {one.subject: one for one in found if one.level != "ok"}


def test_a_gateway_that_waits_and_one_that_refuses_the_key(
    gateway: tuple[str, Callable[[], str], Any], free_port: int
) -> None:
    url, make_key, parts = gateway
    key = make_key()
    parts.live.alive = lambda: False
    assert "has ended" in gateway_findings(url, None)[f"gateway {url}"].said
    parts.live.alive = lambda: True
    assert "waits for the live view" in gateway_findings(url, None)[f"gateway {url}"].said
    parts.live.caught_up.set()
    assert gateway_findings(url, None)["API key"].said == "asks for a key"
    refused = gateway_findings(url, "wrong")["API key"]
    assert (refused.level, refused.said) == ("wrong", "refuses the key of CLOSELOOP_API_KEY")
    assert gateway_findings(url, key, parts.settings.database) == {}
    nobody = f"http://127.0.0.1:{free_port}"
    assert gateway_findings(nobody, None)[f"gateway {nobody}"].said == "cannot be reached: connection refused"


def test_another_program_on_the_gateways_port() -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        assert gateway_findings(url, None)[f"gateway {url}"].said == "something else answers there"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_the_command_tells_all_of_it_and_its_exit_code_says_whether_anything_is_wrong(
    gateway: tuple[str, Callable[[], str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, make_key, parts = gateway
    monkeypatch.setattr(kafka_seen, "REACH_S", 0.3)
    parts.live.caught_up.set()
    sandbox = Sandbox(SandboxSettings(pace=0))
    with in_thread(sandbox) as slack:
        settings = {
            "DATABASE_URL": parts.settings.database,
            "CLOSELOOP_API_KEY": make_key(),
            "CLOSELOOP_CONFIG": str(EXAMPLE),
            "CLOSELOOP_PUBLIC_URL": url,
            "CLOSELOOP_EMBEDDED_BROKER": "1",
            "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
            "SLACK_BOT_TOKEN": "xoxb-sandbox",
            "SLACK_SIGNING_SECRET": "secret",
            "SLACK_API_URL": slack.api_url,
            "CLOSELOOP_DATA_DIR": str(tmp_path),
        }
        slack.add_fault(msgspec.convert({"kind": "error", "method": "auth.test", "error": "invalid_auth"}, Fault))
        answer = ask("doctor", "--json", **settings)
    told = json.loads(answer.out)
    assert (answer.code, told["ok"]) == (1, False)
    wrong = {one["subject"]: one for one in told["findings"] if one["level"] == "wrong"}
    assert set(wrong) == {"Kafka", "Slack, token"}, "nobody answers there, and the token is refused"
    assert "SLACK_BOT_TOKEN" in wrong["Slack, token"]["remedy"]
    levels = {one["subject"]: one["level"] for one in told["findings"]}
    assert levels["configuration"] == levels["database"] == levels[f"gateway {url}"] == levels["API key"] == "ok"


def test_a_setting_that_cannot_be_and_an_address_that_is_none() -> None:
    assert ask("doctor", "--url", "nowhere").code == 2
    assert ask("doctor", KAFKA_BOOTSTRAP_SERVERS="broker").code == 2
