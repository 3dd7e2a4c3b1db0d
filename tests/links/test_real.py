"""A real Kafka with TLS, SASL and an authorizer: who gets in, who hears why not, and the loop over each link."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import aiokafka
import httpx
import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth
from kafka import KafkaConsumer

from closeloop.broker.errors import BrokerError
from closeloop.broker.topics_admin import create_topics
from closeloop.doctor import kafka_seen
from closeloop.doctor.kafka_checks import check_kafka
from closeloop.doctor.permissions import ROOMS, Permission, RoomName, needed_by
from closeloop.ports import free_port
from closeloop.supervisor import Room, Supervisor, command
from schemas import migrate
from schemas.kafka_link import KafkaLink
from schemas.kafka_python import kafka_python
from schemas.kafka_reach import Reach
from schemas.kafka_refusals import KafkaRefused, KafkaUnreachable
from schemas.settings import from_environment
from schemas.topics import ALERTS, catalogue
from streams.kafka.credentials import credentials
from tests.fixtures.missing import lacking
from tests.links.guarded import LISTENERS, PASSWORD, GuardedKafka

pytestmark = [pytest.mark.kafka, pytest.mark.faults]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedKafka]:
    try:
        broker = GuardedKafka(tmp_path_factory.mktemp("guarded")).__enter__()
    except BrokerError as error:
        lacking("a real Kafka", str(error))
    try:
        create_topics(KafkaLink(broker.plain), catalogue(1))
        yield broker
    finally:
        broker.__exit__()


@pytest.mark.parametrize("listener", LISTENERS)
def test_all_three_libraries_get_in(guarded: GuardedKafka, listener: str) -> None:
    env = guarded.environment(listener)
    if listener == "MTLS":
        certfile, keyfile = guarded.certificate("loop", "hunter2")
        env |= {
            "KAFKA_SSL_CERTFILE": str(certfile),
            "KAFKA_SSL_KEYFILE": str(keyfile),
            "KAFKA_SSL_PASSWORD": "hunter2",
        }
    link = from_environment(env).kafka_link
    if listener == "TLS":  # everybody there is ANONYMOUS, who may do all
        assert link.security.protocol == "SSL"
    assert ALERTS in Reach(link).ask(20).topics
    consumer = KafkaConsumer(**kafka_python(link), bootstrap_timeout_ms=20_000)
    try:
        assert ALERTS in consumer.topics()
    finally:
        consumer.close()

    async def ask() -> set[str]:
        auth = credentials_to_aiokafka_auth(credentials(link.security), None)
        reader = aiokafka.AIOKafkaConsumer(bootstrap_servers=link.servers, **auth)
        await reader.start()
        try:
            found: set[str] = await reader.topics()
            return found
        finally:
            await reader.stop()

    assert ALERTS in asyncio.run(ask())


REFUSED: dict[str, tuple[str, dict[str, str], str]] = {
    "password": ("SCRAM", {"KAFKA_SASL_PASSWORD_FILE": "", "KAFKA_SASL_PASSWORD": "wrong"}, "KAFKA_SASL_PASSWORD: "),
    "user": (
        "SCRAM",
        {"KAFKA_SASL_USERNAME": "nobody"},
        "KAFKA_SASL_PASSWORD: the broker does not take it from nob",
    ),
    "mechanism": (
        "SCRAM",
        {"KAFKA_SASL_MECHANISM": "PLAIN"},
        "KAFKA_SASL_MECHANISM: the broker does not take PLAIN; give SCRAM",
    ),
    "authority": ("SCRAM", {"KAFKA_SSL_CAFILE": "STRANGER"}, "KAFKA_SSL_CAFILE: the broker's certificate cannot be"),
    "name": ("TLS", {"KAFKA_BOOTSTRAP_SERVERS": "localhost"}, "certificate does not name localhost; give a name"),
    "no certificate": (
        "MTLS",
        {"KAFKA_SSL_CERTFILE": "", "KAFKA_SSL_KEYFILE": ""},
        "KAFKA_SSL_CERTFILE: the broker asks for a certificate",
    ),
    "sign-in": ("SCRAM", {"KAFKA_BOOTSTRAP_SERVERS": "TLS"}, "KAFKA_SECURITY_PROTOCOL: nobody signs in at this"),
    "secret": (
        "OAUTH",
        {"KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": "wrong"},
        "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: the token end point does not take it",
    ),
    "end point": (
        "OAUTH",
        {"KAFKA_SASL_OAUTHBEARER_CAFILE": "STRANGER"},
        "KAFKA_SASL_OAUTHBEARER_CAFILE: the certificate of the token end point",
    ),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_who_is_refused_hears_which_setting(guarded: GuardedKafka, wrong: str) -> None:
    with pytest.raises(KafkaRefused) as refused:
        Reach(from_environment(_wrong(guarded, wrong)).kafka_link).ask(60)
    assert REFUSED[wrong][2] in str(refused.value)


def test_a_token_that_the_broker_does_not_take_is_told_from_a_wrong_secret(guarded: GuardedKafka) -> None:
    guarded.identities.audience = "another"
    try:
        with pytest.raises(KafkaRefused, match="KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: the broker does not take"):
            Reach(from_environment(guarded.environment("OAUTH")).kafka_link).ask(60)
    finally:
        guarded.identities.audience = "kafka"


def test_a_listener_of_another_protocol_is_hinted_at(guarded: GuardedKafka) -> None:
    with pytest.raises(KafkaUnreachable, match="KAFKA_SECURITY_PROTOCOL is PLAINTEXT: is that what this listener"):
        Reach(KafkaLink(guarded.servers("SCRAM"))).ask(1)


@pytest.mark.parametrize(
    ("words", "wrong"),
    [("streams", "password"), ("consumers", "authority"), ("gateway", "password"), ("topics list", "authority")],
)
def test_rooms_and_commands_end_with_one_line_that_names_it(
    guarded: GuardedKafka, tmp_path: Path, words: str, wrong: str
) -> None:
    database = f"sqlite:///{tmp_path}/closeloop.db"
    migrate.upgrade(database)
    done = subprocess.run(
        [sys.executable, "-m", "closeloop", *words.split()],
        env=_clean(_wrong(guarded, wrong) | {"DATABASE_URL": database, "CLOSELOOP_DATA_DIR": str(tmp_path)}),
        capture_output=True,
        text=True,
        timeout=100,
        cwd=ROOT,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert sum(REFUSED[wrong][2] in line for line in said.splitlines()) == 1, said
    assert "Traceback" not in said
    assert "wrong" not in said.replace("wrong_", ""), "a password is in what it says"


def test_the_loop_works_with_exactly_the_permissions_that_are_listed(guarded: GuardedKafka, tmp_path: Path) -> None:
    for room in ROOMS:
        guarded.add_user(room)
        _allow(guarded, room, needed_by(room))
    works(tmp_path, {room: guarded.environment("SCRAM", room) for room in ROOMS})


@pytest.mark.parametrize("listener", ["MTLS", "OAUTH"])
def test_the_loop_works_over(guarded: GuardedKafka, tmp_path: Path, listener: str) -> None:
    works(tmp_path, dict.fromkeys(ROOMS, guarded.environment(listener)))


def test_the_doctor_names_what_the_rooms_own_user_may_not(guarded: GuardedKafka) -> None:
    guarded.add_user("poor")
    rights = [one for one in needed_by("streams") if one.name not in (ALERTS, "closeloop-streams-")]
    _allow(guarded, "poor", rights)
    settings = from_environment(guarded.environment("SCRAM", "poor"))

    def found() -> dict[str, tuple[str, str]]:
        findings = check_kafka(kafka_seen.look(settings), frozenset[RoomName](["streams"]))
        return {
            one.subject: (one.said, one.remedy)
            for one in findings
            if one.level == "wrong" and one.subject.startswith("permission")
        }

    _until(lambda: len(found()) == 2, found)
    first, second = sorted(found().items())
    assert first[0] == f"permission on topic {ALERTS}"
    assert first[1][1].startswith("kafka-acls.sh --add --allow-principal User:poor --operation Describe")
    assert "--operation Write" in first[1][1]
    assert second[0] == "permission on transactional ids"


# How it is done


def works(folder: Path, environments: Mapping[RoomName, Mapping[str, str]]) -> None:
    """Start the rooms, each with its settings; an unhappy answer is counted, and becomes a case."""
    database = f"sqlite:///{folder}/closeloop.db"
    migrate.upgrade(database)
    ports = {name: free_port() for name in (*ROOMS, "sandbox")}
    shared = {
        "DATABASE_URL": database,
        "CLOSELOOP_CONFIG": str(ROOT / "loop.yaml"),
        "CLOSELOOP_PARTITIONS": "1",
        "SLACK_BOT_TOKEN": "xoxb-sandbox",
        "SLACK_SIGNING_SECRET": "of-the-test",
        "SLACK_API_URL": f"http://127.0.0.1:{ports['sandbox']}/api/",
    }

    def room(name: RoomName) -> Room:
        port = str(ports[name])
        own = {"CLOSELOOP_DATA_DIR": str(folder / name), "CLOSELOOP_PORT": port, "CLOSELOOP_HEALTH_PORT": port}
        return Room(
            name=name,
            command=command(name),
            environment={**shared, **own, **environments[name]},
            ready_url=f"http://127.0.0.1:{port}/readyz",
        )

    sandbox = Room(
        name="sandbox",
        command=command("sandbox", "--port", str(ports["sandbox"])),
        environment=shared,
        ready_url=f"http://127.0.0.1:{ports['sandbox']}/healthz",
    )
    supervisor = Supervisor(folder, lambda text: None)
    try:
        supervisor.start(sandbox, *(room(name) for name in sorted(ROOMS)))
        with httpx.Client(base_url=f"http://127.0.0.1:{ports['gateway']}", timeout=30, trust_env=False) as gateway:
            before = gateway.get("/v1/totals").json()["responses"]["counted"]
            customer = uuid.uuid4().hex[:12]
            answer = gateway.post("/v1/events", json=_unhappy(customer))
            assert answer.status_code == 202, answer.text

            def state() -> object:
                counted = gateway.get("/v1/totals").json()["responses"]["counted"] - before
                cases = gateway.get("/v1/cases", params={"customer": customer}).json()
                return counted, len(cases["cases"] if isinstance(cases, dict) else cases)

            _until(lambda: state() == (1, 1), lambda: (state(), _logs(folder)))
    finally:
        supervisor.stop()
    said = _logs(folder)
    assert PASSWORD not in said
    assert "eyJ" not in said, "a token is in a log"


def _unhappy(customer: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": "/tests/surveys",
        "type": "closeloop.response.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": {"customer_id": customer, "metric": "nps", "score": 0, "touchpoint": "order.delivered"},
    }


def _logs(folder: Path) -> str:
    return "\n".join(file.read_text(errors="replace") for file in (folder / "logs").glob("*.log"))


def _wrong(guarded: GuardedKafka, wrong: str) -> dict[str, str]:
    listener, changes, _ = REFUSED[wrong]
    env = guarded.environment(listener) | changes
    if env["KAFKA_BOOTSTRAP_SERVERS"] == "localhost":
        env["KAFKA_BOOTSTRAP_SERVERS"] = guarded.servers(listener).replace("127.0.0.1", "localhost")
    elif env["KAFKA_BOOTSTRAP_SERVERS"] in LISTENERS:
        env["KAFKA_BOOTSTRAP_SERVERS"] = guarded.servers(env["KAFKA_BOOTSTRAP_SERVERS"])
    return {name: str(guarded.stranger_cafile) if value == "STRANGER" else value for name, value in env.items()}


def _clean(more: Mapping[str, str]) -> dict[str, str]:
    ours = ("CLOSELOOP_", "SLACK_", "KAFKA_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | dict(more)


def _allow(guarded: GuardedKafka, user: str, permissions: list[Permission]) -> None:
    kinds = {
        "topic": ResourceType.TOPIC,
        "group": ResourceType.GROUP,
        "transactional-id": ResourceType.TRANSACTIONAL_ID,
        "cluster": ResourceType.BROKER,
    }
    rules = [
        AclBinding(
            kinds[one.kind],
            one.name,
            ResourcePatternType.PREFIXED if one.prefixed else ResourcePatternType.LITERAL,
            f"User:{user}",
            "*",
            AclOperation[operation],
            AclPermissionType.ALLOW,
        )
        for one in permissions
        for operation in one.operations
    ]
    admin = AdminClient({"bootstrap.servers": guarded.plain})
    for future in admin.create_acls(rules).values():
        future.result(20)


def _until(condition: object, otherwise: object, seconds: float = 90) -> None:
    assert callable(condition)
    assert callable(otherwise)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.2)
