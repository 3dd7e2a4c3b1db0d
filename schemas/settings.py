"""Settings from the environment: where things are and their secrets. What the loop does stands in loop.yaml."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from schemas.certificates import KeyPair
from schemas.kafka_link import PLAINTEXT, KafkaLink, KafkaSecurity
from schemas.kafka_settings import read_security
from schemas.metrics import Clock
from schemas.setting_values import SettingsError
from schemas.setting_values import secret as read_secret

__all__ = ["SERVERS", "Settings", "SettingsError", "from_environment"]

SERVERS = r"[^,\s]+:\d{1,5}(,[^,\s]+:\d{1,5})*$"
"""Where Kafka is: one address or several."""
_URL = r"https?://[^/\s]"
_SURVEY_KEY_LENGTH = 32
_SURVEY_KEYS = 2
_DATABASE = r"(sqlite|postgresql)(\+\w+)?://"
_DATABASE_REMEDY = (
    "not a database URL; only sqlite and postgresql are supported: give sqlite:///PATH or postgresql://USER@HOST/NAME"
)


class Settings(Struct, frozen=True, kw_only=True):
    """Everything a process needs besides loop.yaml. Secrets never appear in its ``repr``."""

    kafka: str = "127.0.0.1:9092"
    kafka_security: KafkaSecurity = PLAINTEXT
    embedded_broker: bool = False
    """The broker is librdkafka's in-process one: no transactions' isolation, one member a group, no admin."""
    partitions: int = 3
    database: str = "sqlite:///.closeloop/closeloop.db"
    config: Path = Path("loop.yaml")
    clock: Clock = "wall"
    zone: str | None = None
    """Overrides ``history.zone`` of loop.yaml."""
    slack_bot_token: str | None = None
    slack_app_token: str | None = None
    slack_signing_secret: str | None = None
    slack_api_url: str = "https://slack.com/api/"
    oidc_client_secret: str | None = None
    """Of ``sign_in.oidc`` in loop.yaml; public clients have none."""
    smtp_url: str | None = None
    """The mail server, for cases that Slack does not take: ``smtp://USER:PASSWORD@HOST:587`` or ``smtps://``."""
    survey_keys: tuple[str, ...] = ()
    """What survey links are sealed with: the first seals, every one of them opens. None: no survey links."""
    slack_pace: float = 1.0
    """Messages a second a channel."""
    public_url: str = "http://127.0.0.1:8080"
    """Where people reach the console: the links in Slack lead there."""
    environment: str = ""
    """What people call this installation, such as ``production``; shown in Slack's App Home."""
    host: str = "127.0.0.1"
    port: int = 8080
    tls: KeyPair | None = None
    """The gateway's own certificate; ``None``: it speaks plain HTTP, and a proxy before it TLS."""
    health_host: str = "127.0.0.1"
    health_port: int = 0
    """The port of /healthz, /readyz and /metrics of streams and consumers; 0 picks a free one."""
    data_dir: Path = Path(".closeloop")
    spool_dir: Path | None = None
    """Where events wait while Kafka is away; ``spool`` in ``data_dir`` where it is not given. A disk, not memory."""
    log_level: str = "info"
    traces: bool = False
    """Whether spans are sent; where to stands in OpenTelemetry's own variables."""

    @property
    def kafka_link(self) -> KafkaLink:
        """Where Kafka is and how we get in: what every client is opened with."""
        return KafkaLink(self.kafka, self.kafka_security)

    def __repr__(self) -> str:
        return f"Settings(kafka={self.kafka!r}, clock={self.clock!r})"


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises :class:`SettingsError` for a value that does not fit."""
    env = os.environ if environ is None else environ

    def text(name: str, default: str) -> str:
        return env.get(name) or default

    def secret(name: str) -> str | None:
        return read_secret(env, name)

    def number(name: str, default: float, minimum: float, maximum: float) -> float:
        raw = env.get(name)
        if not raw:
            return default
        try:
            value = float(raw)
        except ValueError:
            raise SettingsError(f"{name}: not a number; give one from {minimum:g} to {maximum:g}") from None
        if not minimum <= value <= maximum:
            raise SettingsError(f"{name}: out of range; give a number from {minimum:g} to {maximum:g}")
        return value

    def whole(name: str, default: int, minimum: int, maximum: int) -> int:
        value = number(name, default, minimum, maximum)
        if value != int(value):
            raise SettingsError(f"{name}: not a whole number; give one from {minimum} to {maximum}")
        return int(value)

    def one_of(name: str, default: str, *known: str) -> str:
        value = text(name, default).lower()
        if value not in known:
            raise SettingsError(f"{name}: give {', '.join(known[:-1])} or {known[-1]}")
        return value

    def shaped(name: str, default: str, shape: str, remedy: str, given: str | None = None) -> str:
        value = given or text(name, default)
        if re.match(shape, value) is None:
            raise SettingsError(f"{name}: {remedy}")
        return value

    clock = one_of("CLOSELOOP_CLOCK", "wall", "wall", "event")
    embedded = one_of("CLOSELOOP_EMBEDDED_BROKER", "0", "0", "1", "false", "true") in ("1", "true")
    security = read_security(env)
    if embedded and security != PLAINTEXT:
        raise SettingsError("KAFKA_SECURITY_PROTOCOL: the embedded broker speaks PLAINTEXT alone; leave it out")
    defaults = Settings()
    mail = secret("SMTP_URL")
    tls = _tls(env)
    return Settings(
        kafka=shaped(
            "KAFKA_BOOTSTRAP_SERVERS", defaults.kafka, SERVERS, "give HOST:PORT, or several with commas between"
        ),
        kafka_security=security,
        embedded_broker=embedded,
        partitions=whole("CLOSELOOP_PARTITIONS", defaults.partitions, 1, 1000),
        database=shaped("DATABASE_URL", defaults.database, _DATABASE, _DATABASE_REMEDY, secret("DATABASE_URL")),
        config=Path(text("CLOSELOOP_CONFIG", str(defaults.config))),
        clock="event" if clock == "event" else "wall",
        zone=env.get("CLOSELOOP_ZONE") or None,
        slack_bot_token=secret("SLACK_BOT_TOKEN"),
        slack_app_token=secret("SLACK_APP_TOKEN"),
        slack_signing_secret=secret("SLACK_SIGNING_SECRET"),
        oidc_client_secret=secret("CLOSELOOP_OIDC_CLIENT_SECRET"),
        slack_api_url=shaped("SLACK_API_URL", defaults.slack_api_url, _URL, "give a URL, http:// or https://"),
        smtp_url=shaped("SMTP_URL", "", r"smtps?://[^/\s]", "give smtp://HOST:PORT or smtps://HOST:PORT", mail)
        if mail
        else None,
        survey_keys=_survey_keys(secret("CLOSELOOP_SURVEY_KEY")),
        slack_pace=number("CLOSELOOP_SLACK_PACE", defaults.slack_pace, 0.01, 100_000),
        public_url=_public_url(env, tls),
        environment=text("CLOSELOOP_ENVIRONMENT", defaults.environment),
        host=text("CLOSELOOP_HOST", defaults.host),
        port=whole("CLOSELOOP_PORT", defaults.port, 0, 65535),
        tls=tls,
        health_host=text("CLOSELOOP_HEALTH_HOST", defaults.health_host),
        health_port=whole("CLOSELOOP_HEALTH_PORT", defaults.health_port, 0, 65535),
        data_dir=Path(text("CLOSELOOP_DATA_DIR", str(defaults.data_dir))),
        spool_dir=Path(env["CLOSELOOP_SPOOL_DIR"]) if env.get("CLOSELOOP_SPOOL_DIR") else None,
        log_level=one_of("CLOSELOOP_LOG_LEVEL", defaults.log_level, "debug", "info", "warning", "error"),
        traces=_wants_traces(env),
    )


def _tls(env: Mapping[str, str]) -> KeyPair | None:
    """Which files; the gateway looks into them: other rooms may not be able to."""
    certificate, key = env.get("CLOSELOOP_TLS_CERT"), env.get("CLOSELOOP_TLS_KEY")
    password = read_secret(env, "CLOSELOOP_TLS_KEY_PASSWORD")
    if not certificate:
        if key or password:
            other = "CLOSELOOP_TLS_KEY" if key else "CLOSELOOP_TLS_KEY_PASSWORD"
            raise SettingsError(f"CLOSELOOP_TLS_CERT: is missing, but {other} is given; give the key's certificate")
        return None
    return KeyPair(certfile=Path(certificate), keyfile=Path(key) if key else None, password=password)


def _public_url(env: Mapping[str, str], tls: KeyPair | None) -> str:
    default = Settings().public_url
    url = env.get("CLOSELOOP_PUBLIC_URL") or (default.replace("http:", "https:") if tls is not None else default)
    if re.match(_URL, url) is None:
        raise SettingsError("CLOSELOOP_PUBLIC_URL: give a URL, http:// or https://")
    if tls is not None and not url.startswith("https:"):
        raise SettingsError(
            "CLOSELOOP_PUBLIC_URL: begins with http://, but with CLOSELOOP_TLS_CERT the gateway speaks HTTPS alone;"
            " give https://"
        )
    return url.rstrip("/")


def _survey_keys(held: str | None) -> tuple[str, ...]:
    """The keys of survey links, of which there are two while one takes over from the other."""
    keys = tuple((held or "").replace(",", " ").split())
    if any(len(key) < _SURVEY_KEY_LENGTH for key in keys):
        raise SettingsError(
            f"CLOSELOOP_SURVEY_KEY: shorter than {_SURVEY_KEY_LENGTH} characters; take the output of"
            " `openssl rand -base64 32`"
        )
    if len(keys) > _SURVEY_KEYS:
        raise SettingsError(f"CLOSELOOP_SURVEY_KEY: {len(keys)} keys; give the one that seals and the one before it")
    return keys


def _wants_traces(env: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's variables name a collector, and do not say that there is to be none."""
    if env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or env.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return bool(env.get("OTEL_EXPORTER_OTLP_ENDPOINT") or env.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
