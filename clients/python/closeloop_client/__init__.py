"""Client for apps that emit touchpoints and survey responses to closeloop.

Needs nothing but Python. Every event has an id before it is sent and keeps it: sending it again is safe.
"""

from closeloop_client.client import Client
from closeloop_client.errors import CloseloopError, RefusedError, UnavailableError
from closeloop_client.events import Event, Response, Touchpoint
from closeloop_client.results import EventResult

__all__ = [
    "Client",
    "CloseloopError",
    "Event",
    "EventResult",
    "RefusedError",
    "Response",
    "Touchpoint",
    "UnavailableError",
]
__version__ = "0.1.0"
