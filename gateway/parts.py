"""What the handlers work with, made once a process."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from litestar.connection import ASGIConnection
from sqlalchemy.orm import Session, sessionmaker

from gateway.admission import Admission
from gateway.attempts import Attempts
from gateway.body_room import MOST_UNPROVEN_BYTES, BodyRoom
from gateway.book_trend import BookTrend
from gateway.cluster.watch import ClusterWatch
from gateway.console.weeks import Weeks
from gateway.hooks.desk import HookDesk
from gateway.hub import Hub
from gateway.instruments import Instruments
from gateway.key_ring import KeyRing
from gateway.live import LiveView
from gateway.producer import EventProducer
from gateway.rate_limits import Throttle
from gateway.sign_in.identity_provider import IdentityProvider
from gateway.sign_in.sessions import Sessions
from gateway.slack.interactions import SlackDesk
from gateway.slack.signature import SignatureCheck
from gateway.spool.spool import Spool
from gateway.standing import StandingMetrics
from gateway.surveys.desk import SurveyDesk
from gateway.themes.remembered import RememberedThemes
from gateway.vocabulary import Vocabulary
from schemas.cloudevents import EventReader
from schemas.config import Loop
from schemas.database_pulse import DatabasePulse
from schemas.settings import Settings
from schemas.tracing import OFF, Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The process's own things: configuration, sessions, the way into Kafka, the live view, the stream's clients."""

    settings: Settings
    loop: Loop
    words: Vocabulary
    readers: sessionmaker[Session]
    writers: sessionmaker[Session]
    reader: EventReader
    producer: EventProducer
    live: LiveView
    hub: Hub
    keyring: KeyRing
    instruments: Instruments
    cluster: ClusterWatch
    trend: BookTrend
    pulse: DatabasePulse
    standing: StandingMetrics
    weeks: Weeks
    themes: RememberedThemes
    slack: SlackDesk
    signature: SignatureCheck
    surveys: SurveyDesk
    hooks: HookDesk
    sessions: Sessions
    provider: IdentityProvider | None
    tracing: Tracing = OFF
    attempts: Attempts = field(default_factory=Attempts)
    spool: Spool | None = None
    throttle: Throttle = field(default_factory=Throttle)
    body_room: BodyRoom = field(default_factory=BodyRoom)
    unproven_room: BodyRoom = field(default_factory=lambda: BodyRoom(MOST_UNPROVEN_BYTES))

    @property
    def admission(self) -> Admission:
        """The way in for events, whoever brings them."""
        return Admission(self.reader, self.producer, self.instruments, self.tracing, self.spool, self.body_room.turn)


def parts_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Parts:
    """The parts of the application that this connection reached."""
    parts: Parts = connection.app.state["parts"]
    return parts


def now() -> datetime:
    """The wall clock, UTC: events' arrival, case actions, due times."""
    return datetime.now(UTC)
