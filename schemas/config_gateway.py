"""The way in over HTTP: what is kept while Kafka is away, how much a sender may send, which web pages may."""

from typing import Annotated

from msgspec import Meta

from schemas.config_base import Duration, Section

Size = Annotated[
    str, Meta(pattern=r"^[1-9]\d*(kB|MB|GB)$", description="A whole number and a unit: 512kB, 256MB, 2GB.")
]
Rate = Annotated[float, Meta(gt=0, le=1_000_000)]

_BYTES = {"kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}


def size_bytes(size: Size) -> int:
    """A size of loop.yaml in bytes."""
    return int(size[:-2]) * _BYTES[size[-2:]]


class SpoolConfig(Section, frozen=True, kw_only=True):
    """Events that wait on the gateway's disk while Kafka is away."""

    most: Size = "256MB"
    """Above it events are refused (503)."""
    after: Duration = "2s"
    """How long Kafka has for a request before its events go to the disk."""


class RateLimit(Section, frozen=True, kw_only=True):
    """How much one sender may send: a bucket that fills again by the second. A sender is an API key (an address, where
    no key is asked), or the tool behind a hook."""

    events_per_second: Rate
    burst: Duration = "10s"
    """How many seconds' worth may come at once after a quiet time."""


class Cors(Section, frozen=True, kw_only=True):
    """Web pages of other origins whose scripts may send events. Cookies are never taken from them."""

    origins: list[str] = []
    """``https://shop.example``; ``*`` is every page there is."""
    max_age: Duration = "1h"
    """How long a browser remembers that it may."""


class SlowClients(Section, frozen=True, kw_only=True):
    """How long a client may take to send what it began to send; then it is answered 408."""

    headers: Duration = "10s"
    body: Duration = "30s"


class Gateway(Section, frozen=True, kw_only=True):
    """The way in over HTTP."""

    spool: SpoolConfig | None = SpoolConfig()
    """``null``: nothing is kept, and events are refused (503) while Kafka is away."""
    rate_limit: RateLimit | None = None
    cors: Cors = Cors()
    slow_clients: SlowClients = SlowClients()
