"""Client for apps that emit touchpoints and survey responses to closeloop.

:class:`Emitter` sends in the background, :class:`Client` while you wait. Every event has an id before it is sent and
keeps it: sending it again is safe.
"""

from closeloop_client.aio import AsyncEmitter
from closeloop_client.client import Client
from closeloop_client.emitter import Emitter
from closeloop_client.errors import CloseloopError, RefusedError, UnavailableError
from closeloop_client.events import Event, Response, Touchpoint
from closeloop_client.http_destination import Http
from closeloop_client.kafka_destination import Kafka
from closeloop_client.outcomes import Delivery, Stats
from closeloop_client.results import EventResult

__all__ = [
    "AsyncEmitter",
    "Client",
    "CloseloopError",
    "Delivery",
    "Emitter",
    "Event",
    "EventResult",
    "Http",
    "Kafka",
    "RefusedError",
    "Response",
    "Stats",
    "Touchpoint",
    "UnavailableError",
]
__version__ = "0.1.0"
