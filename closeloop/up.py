"""``closeloop up``: every room in one supervised command, against the embedded, the local or any other Kafka."""

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from closeloop.broker.embedded import create_embedded_topics
from closeloop.broker.topics_admin import create_topics
from closeloop.ports import LOOPBACK, free_port, is_free
from closeloop.supervisor import Room, StartError, Stopped, Supervisor, command, stop_on_signals
from schemas import migrate
from schemas.database import open_database
from schemas.kafka_link import KafkaLink
from schemas.kafka_settings import SECURITY_VARIABLES
from schemas.loop_yaml import load
from schemas.metrics import Clock
from schemas.settings import SERVERS, SettingsError, from_environment
from schemas.topics import catalogue

EMBEDDED_PARTITIONS = 4
"""librdkafka's in-process cluster creates every topic with four."""


class UpOptions(Struct, frozen=True, kw_only=True):
    """What the command line of ``closeloop up`` says."""

    port: int
    data_dir: Path
    broker: str
    clock: Clock
    config: Path
    sandbox_port: int | None = None
    nodes: Literal[1, 3] = 1
    partitions: int = 3


class Addresses(Struct, frozen=True):
    """Where things are once all of them serve. ``sandbox`` is ``None`` where a real Slack is configured."""

    console: str
    sandbox: str | None
    kafka: str


def bring_up(options: UpOptions, supervisor: Supervisor) -> Addresses:
    """Start everything in order. Raises :class:`StartError`, :class:`SettingsError` or ``ConfigError``."""
    base = from_environment()
    kafka, embedded = _start_broker(options, supervisor)
    database = os.environ.get("DATABASE_URL") or f"sqlite:///{(options.data_dir / 'closeloop.db').resolve()}"
    _prepare_database(database)
    # A broker that we start ourselves speaks plainly, whatever the settings say of another.
    plain = dict.fromkeys(SECURITY_VARIABLES, "") if options.broker in ("embedded", "local") else {}
    environment = plain | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "CLOSELOOP_EMBEDDED_BROKER": "1" if embedded else "0",
        "CLOSELOOP_PARTITIONS": str(EMBEDDED_PARTITIONS if embedded else options.partitions),
        "DATABASE_URL": database,
        "CLOSELOOP_CONFIG": str(options.config),
        "CLOSELOOP_CLOCK": options.clock,
        "CLOSELOOP_DATA_DIR": str(options.data_dir),
        "CLOSELOOP_HOST": LOOPBACK,
        "CLOSELOOP_PORT": str(options.port),
        "CLOSELOOP_PUBLIC_URL": os.environ.get("CLOSELOOP_PUBLIC_URL") or f"http://{LOOPBACK}:{options.port}",
    }
    if embedded:
        create_embedded_topics(kafka, [spec.name for spec in catalogue(EMBEDDED_PARTITIONS)])
    else:
        replication = 3 if options.broker == "local" and options.nodes == 3 else 1
        link = KafkaLink(kafka) if options.broker == "local" else KafkaLink(kafka, base.kafka_security)
        create_topics(link, catalogue(options.partitions, replication))
    sandbox = None
    if base.slack_bot_token is None:
        sandbox, slack = _start_sandbox(options, supervisor, environment)
        environment |= slack
    elif base.slack_signing_secret is None and base.slack_app_token is None:
        raise SettingsError(
            "SLACK_APP_TOKEN: is missing, and so is SLACK_SIGNING_SECRET; Slack's clicks come over Socket Mode with the"
            " first, over HTTP with the second"
        )
    _start_rooms(options, supervisor, environment)
    return Addresses(console=f"http://{LOOPBACK}:{options.port}", sandbox=sandbox, kafka=kafka)


def _refuse_at_once(options: UpOptions) -> None:
    """Say what is wrong with the options before anything is made or runs."""
    settings = from_environment()
    if settings.tls is not None:
        raise StartError(
            "CLOSELOOP_TLS_CERT: this command serves this machine alone, without TLS; leave it out, or run the rooms by"
            " themselves (closeloop gateway)"
        )
    load(options.config, settings.zone)
    if options.broker not in ("embedded", "local") and re.fullmatch(SERVERS, options.broker) is None:
        raise StartError("--broker: give embedded, local, or HOST:PORT, several with commas between")
    if not is_free(options.port):
        raise StartError(f"port {options.port} on {LOOPBACK} is taken; choose another with --port")
    if options.sandbox_port is not None and not is_free(options.sandbox_port):
        raise StartError(f"port {options.sandbox_port} on {LOOPBACK} is taken; choose another with --sandbox-port")


def _start_broker(options: UpOptions, supervisor: Supervisor) -> tuple[str, bool]:
    if options.broker == "embedded":
        room = Room(name="kafka", command=command("kafka", "--embedded"), announces=True, restart=False)
        return supervisor.start(room)[0], True
    if options.broker == "local":
        words = ("kafka", "--nodes", str(options.nodes), "--data-dir", str(options.data_dir / "kafka"))
        room = Room(name="kafka", command=command(*words), announces=True, environment={"KAFKA_BOOTSTRAP_SERVERS": ""})
        return supervisor.start(room)[0], False
    return options.broker, False


def _prepare_database(url: str) -> None:
    try:
        migrate.upgrade(url)
        open_database(url).dispose()
    except SQLAlchemyError as error:
        # The driver's first line says why (refused, unknown host, no such role); the URL may hold a password.
        first_line = str(error.__cause__ or error).splitlines()[0]
        raise StartError(f"the database cannot be used: {first_line}") from None


def _start_sandbox(
    options: UpOptions, supervisor: Supervisor, environment: dict[str, str]
) -> tuple[str, dict[str, str]]:
    port = options.sandbox_port or (options.port + 1 if is_free(options.port + 1) else free_port())
    secret_file = options.data_dir / "sandbox.secret"
    if not secret_file.exists():
        secret_file.write_text(secrets.token_hex(16))
        secret_file.chmod(0o600)
    url = f"http://{LOOPBACK}:{port}"
    slack = {
        "SLACK_BOT_TOKEN": "xoxb-sandbox",
        "SLACK_APP_TOKEN": "",  # one that is set belongs to a real workspace
        "SLACK_SIGNING_SECRET": secret_file.read_text().strip(),
        "SLACK_API_URL": f"{url}/api/",
        "CLOSELOOP_SANDBOX_URL": url,
    }
    # Slack takes about a message a second a channel. Who raises our own pace measures something else.
    pace = "1" if from_environment().slack_pace <= 1 else "0"
    words = ("sandbox", "--port", str(port), "--pace", pace)
    events = ("--events-url", f"http://{LOOPBACK}:{options.port}/slack/interactions")
    room = Room(
        name="sandbox",
        command=command(*words, *events),
        environment=environment | slack,
        ready_url=f"{url}/healthz",
    )
    supervisor.start(room)
    return url, slack


def _start_rooms(options: UpOptions, supervisor: Supervisor, environment: dict[str, str]) -> None:
    rooms = []
    for name in ("streams", "consumers"):
        port = free_port()
        rooms.append(
            Room(
                name=name,
                command=command(name),
                environment={**environment, "CLOSELOOP_HEALTH_PORT": str(port)},
                ready_url=f"http://{LOOPBACK}:{port}/readyz",
            )
        )
    gateway = Room(
        name="gateway",
        command=command("gateway"),
        environment=environment,
        ready_url=f"http://{LOOPBACK}:{options.port}/readyz",
    )
    supervisor.start(*rooms, gateway)


def run_up(
    options: UpOptions,
    say: Callable[[str], None],
    ready: Callable[[Addresses], None],
    stopping: Callable[[], None] = lambda: None,
) -> int:
    """Bring everything up, call ``ready`` once, run until stopped, call ``stopping`` before anything is stopped.

    Returns the exit code.
    """
    _refuse_at_once(options)
    supervisor = Supervisor(options.data_dir, say)
    stop_on_signals(supervisor)
    try:
        addresses = bring_up(options, supervisor)
    except Stopped:
        return 0
    else:
        ready(addresses)
        supervisor.wait()
        if supervisor.failure:
            say(supervisor.failure)
        return 1 if supervisor.failure else 0
    finally:
        stopping()
        supervisor.stop()
