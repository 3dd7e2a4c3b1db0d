"""The gateway as a process: wait for the database, serve, stop cleanly."""

import asyncio
import dataclasses
import math
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from gateway.addresses import is_loopback
from gateway.app import build_app
from gateway.book_trend import BookTrend
from gateway.books import newest
from gateway.books_metrics import BooksMetrics
from gateway.cluster.asking import ClusterReader
from gateway.cluster.gauges import ClusterGauges
from gateway.cluster.watch import ClusterWatch
from gateway.console.weeks import Weeks
from gateway.hooks.desk import HookDesk
from gateway.hub import Hub
from gateway.instruments import Instruments
from gateway.key_ring import KeyRing
from gateway.keys import any_key
from gateway.live import LiveView
from gateway.live_rows import LiveRows
from gateway.own_certificate import OwnCertificate
from gateway.parts import Parts
from gateway.patience import protocol_with
from gateway.producer import EventProducer
from gateway.sign_in.identity_provider import RETURN_PATH, IdentityProvider
from gateway.sign_in.sessions import Sessions
from gateway.slack.calls import SlackCalls
from gateway.slack.interactions import SlackDesk
from gateway.slack.signature import SignatureCheck
from gateway.slack.socket_mode import SocketMode
from gateway.spool.place import is_memory
from gateway.spool.spool import Spool
from gateway.standing import StandingMetrics
from gateway.surveys.desk import SurveyDesk
from gateway.themes.remembered import RememberedThemes
from gateway.vocabulary import vocabulary
from schemas.cloudevents import EventReader
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.config_gateway import size_bytes
from schemas.database import open_database, readers, sessions
from schemas.database_pulse import DatabasePulse
from schemas.hook_secrets import hook_secrets
from schemas.kafka_link import PLAINTEXT
from schemas.kafka_reach import Reach
from schemas.kafka_refusals import KafkaRefused, KafkaUnreachable
from schemas.setting_values import SettingsError
from schemas.settings import Settings
from schemas.tables import Base
from schemas.topics import readers_of_topics
from schemas.tracing import start_tracing

GRACEFUL_SECONDS = 3
"""What open requests get to end after SIGTERM; with the producer's flush well within 10 seconds."""
_TABLES_EVERY_SECONDS = 1.0
_SAY_EVERY_SECONDS = 5.0
_REACH_SECONDS = 5.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_log = structlog.get_logger("gateway")


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: it would kill the process by the signal after a clean stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to :func:`run_gateway`."""
        yield


class _Stop:
    """Why and when the process ends. ``code`` is its exit status."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.code = 0
        self._loop = asyncio.get_running_loop()

    def ask(self) -> None:
        """A clean stop."""
        self.asked.set()

    def fail(self, why: str) -> None:
        """An internal error, from any thread: the supervisor starts the process again."""
        _log.error("gateway_fails", why=why)
        self.code = 1
        self._loop.call_soon_threadsafe(self.asked.set)


def run_gateway(settings: Settings, loop: Loop) -> int:
    """Serve until SIGTERM or SIGINT. 0 after a clean stop, 1 after an internal error, 2 if it may not start."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings, loop))


def make_parts(settings: Settings, loop: Loop, on_failure: Callable[[str], None]) -> Parts:
    """Everything the handlers work with; nothing runs yet. Raises ``ValueError`` for a database that is none."""
    engine = open_database(settings.database)
    words = vocabulary(loop, settings)
    reading, writing = readers(engine), sessions(engine)
    instruments = Instruments()
    process = instruments.process
    live = LiveView(
        settings.kafka_link,
        LiveRows(),
        on_failure,
        embedded=settings.embedded_broker,
        on_read=lambda: process.succeeded("live_view"),
    )
    oidc = loop.sign_in.oidc
    keyring = KeyRing(reading, writing, loopback=is_loopback(settings.host), signs_in=oidc is not None)
    pulse = DatabasePulse(engine, process)
    process.watch_readiness(lambda: live.caught_up.is_set() and pulse.answers())
    instruments.slack_socket_wanted.set(settings.slack_app_token is not None)
    trend = BookTrend()
    groups = readers_of_topics(timeline=loop.timeline is not None)
    events = EventReader(words.metrics)
    cluster = ClusterWatch(
        ClusterReader(settings.kafka_link, embedded=settings.embedded_broker, readers=groups),
        lambda at: trend.note(at, live.rows.books()),
        readers=groups,
    )
    instruments.registry.register(ClusterGauges(cluster))
    BooksMetrics(
        lambda: newest(live.rows.books(), {}) if live.caught_up.is_set() else None, registry=instruments.registry
    )
    return Parts(
        settings=settings,
        loop=loop,
        words=words,
        readers=reading,
        writers=writing,
        reader=events,
        producer=EventProducer(
            settings.kafka_link, on_fatal=on_failure, on_clock=lambda offset: process.compared("kafka", offset)
        ),
        live=live,
        hub=Hub(),
        keyring=keyring,
        sessions=Sessions(reading, writing, keyring, loop),
        provider=None
        if oidc is None
        else IdentityProvider(oidc, settings.oidc_client_secret, f"{settings.public_url}{RETURN_PATH}"),
        instruments=instruments,
        weeks=Weeks(),
        cluster=cluster,
        trend=trend,
        pulse=pulse,
        standing=StandingMetrics(reading, instruments.registry),
        themes=RememberedThemes(),
        slack=SlackDesk(reading, writing, loop, words, SlackCalls(settings.slack_bot_token, settings.slack_api_url)),
        signature=SignatureCheck(settings.slack_signing_secret),
        surveys=SurveyDesk(settings.survey_keys, settings.public_url),
        hooks=HookDesk(loop, words.metrics, events, hook_secrets(loop.hooks), instruments),
        tracing=start_tracing(settings.traces, "gateway"),
    )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(settings: Settings, loop: Loop) -> int:
    stop = _Stop()
    running = asyncio.get_running_loop()
    for number in _SIGNALS:
        running.add_signal_handler(number, stop.ask)
    try:
        certificate = None if settings.tls is None else OwnCertificate(settings.tls)
        refusal = await asyncio.to_thread(_refusal, settings)
    except SettingsError as error:
        refusal = str(error)
    if refusal:
        _log.error("refused_to_start", why=refusal)
        return 2
    parts = dataclasses.replace(make_parts(settings, loop, stop.fail), spool=_spool(settings, loop))
    if not await _tables_exist(parts.readers, stop):
        return stop.code
    guarded = is_loopback(settings.host) or loop.sign_in.oidc is not None
    if not guarded and not await asyncio.to_thread(_has_key, parts.readers):
        _log.error(
            "refused_to_start",
            why=f"CLOSELOOP_HOST={settings.host} is reachable from other machines and no API key exists",
            remedy="make a key with `closeloop keys create`, set `sign_in.oidc` in loop.yaml, or bind 127.0.0.1",
        )
        return 2
    try:
        listener = _bind(settings.host, settings.port)
    except OSError as error:
        _log.error("refused_to_start", why=f"{settings.host}:{settings.port} cannot be bound: {error.strerror}")
        return 2
    if parts.spool is not None:
        await asyncio.to_thread(parts.spool.open)
    parts.producer.start()
    parts.live.start()
    parts.cluster.start()
    parts.pulse.start()
    parts.standing.start()
    try:
        await _listen(parts, stop, listener, certificate)
    finally:
        # All at once: one after the other they took longer than a supervisor waits before it kills.
        await asyncio.gather(
            asyncio.to_thread(parts.cluster.stop, 1.0),
            asyncio.to_thread(parts.pulse.stop),
            asyncio.to_thread(parts.standing.stop),
            asyncio.to_thread(parts.live.stop, 2.0),
            asyncio.to_thread(parts.producer.stop, 2.0),
        )
        if parts.spool is not None:
            await asyncio.to_thread(parts.spool.close)
        await asyncio.to_thread(parts.tracing.close)
    _log.info("gateway_stopped", code=stop.code)
    return stop.code


def _spool(settings: Settings, loop: Loop) -> Spool | None:
    wanted = loop.gateway.spool
    if wanted is None:
        return None
    directory = settings.spool_dir or settings.data_dir / "spool"
    if is_memory(directory):
        _log.warning(
            "no_spool",
            why=f"{directory} is memory: what waited there would be lost with this machine",
            remedy="give CLOSELOOP_SPOOL_DIR a directory on a disk; until then events are refused (503) while Kafka is "
            "away. `gateway: {spool: null}` in loop.yaml says that this is meant",
        )
        return None
    return Spool(directory, size_bytes(wanted.most), seconds(wanted.after))


def _refusal(settings: Settings) -> str:
    """Why Kafka does not let us in, or an empty text. One that is away is waited for while we serve."""
    if settings.kafka_security == PLAINTEXT:
        return ""  # nobody is refused there
    try:
        Reach(settings.kafka_link).ask(_REACH_SECONDS)
    except KafkaRefused as refused:
        return str(refused)
    except KafkaUnreachable as silence:
        _log.warning("kafka_away", lack=str(silence))
    return ""


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ``OSError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


async def _listen(parts: Parts, stop: _Stop, listener: socket.socket, certificate: OwnCertificate | None) -> None:
    slow = parts.loop.gateway.slow_clients
    config = uvicorn.Config(
        build_app(parts),
        http=protocol_with(seconds(slow.headers), seconds(slow.body)),
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=30,
        ssl_context_factory=None if certificate is None else lambda *_: certificate.context,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener]), name="http")
    asked = asyncio.create_task(stop.asked.wait(), name="stop")
    socket_mode = _socket_mode(parts)
    renewing = None if certificate is None else asyncio.create_task(certificate.follow(), name="certificate")
    host, port = listener.getsockname()[:2]
    url = f"{'http' if certificate is None else 'https'}://{host}:{port}"
    _log.info("gateway_serves", url=url, without_keys=await parts.keyring.is_open())
    await asyncio.wait((serving, asked), return_when=asyncio.FIRST_COMPLETED)
    if not stop.asked.is_set():
        stop.fail("the HTTP server ended")
    parts.hub.close()
    for beside in (socket_mode, renewing):
        if beside is not None:
            beside.cancel()
            await asyncio.wait((beside,))
    server.should_exit = True
    asked.cancel()
    await serving


def _socket_mode(parts: Parts) -> asyncio.Task[None] | None:
    """With an app token Slack's clicks come over a connection that we open; without one, signed over HTTP."""
    token, url = parts.settings.slack_app_token, parts.settings.slack_api_url
    if token is None:
        return None
    return asyncio.create_task(SocketMode(token, url, parts.slack, parts.instruments).run(), name="slack-socket")


async def _tables_exist(reading: sessionmaker[Session], stop: _Stop) -> bool:
    """Wait for all tables; False when told to stop meanwhile."""
    told_at = -math.inf
    while not stop.asked.is_set():
        missing = await asyncio.to_thread(_missing_tables, reading)
        if not missing:
            return True
        if time.monotonic() - told_at >= _SAY_EVERY_SECONDS:
            told_at = time.monotonic()
            remedy = "`closeloop db upgrade` makes the tables"
            _log.warning("waiting_for_database", missing=missing, remedy=remedy)
        try:
            async with asyncio.timeout(_TABLES_EVERY_SECONDS):
                await stop.asked.wait()
        except TimeoutError:
            continue
    return False


def _missing_tables(reading: sessionmaker[Session]) -> str:
    try:
        with reading() as session:
            there = set(inspect(session.connection()).get_table_names())
    except SQLAlchemyError as error:
        return f"the database ({type(error).__name__})"
    return ", ".join(sorted(set(Base.metadata.tables) - there))


def _has_key(reading: sessionmaker[Session]) -> bool:
    with reading() as session:
        return any_key(session)
