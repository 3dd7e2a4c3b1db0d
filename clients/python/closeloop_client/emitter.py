"""The emitter: events are handed over in microseconds and sent behind the host's back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from closeloop_client.buffer import Buffer
from closeloop_client.destinations import Destination
from closeloop_client.emitting import Emitting, OnInvalid
from closeloop_client.environment import read_environment
from closeloop_client.events import DEFAULT_SOURCE, Event
from closeloop_client.http_destination import Http
from closeloop_client.notices import Notices
from closeloop_client.outcomes import Delivery, OnDelivery, Stats
from closeloop_client.outgoing import Outgoing, Queue
from closeloop_client.pump import Pace, Pump, WhenFull

MEBIBYTE = 1024 * 1024
DEFAULT_SPOOL_BYTES = 256 * MEBIBYTE


class Emitter(Emitting):
    """Sends events to closeloop from a thread of its own. One instance serves every thread of a process.

    Make one when your app starts, and use it everywhere: ``touchpoint()`` and ``response()`` return at once. Events
    are sent in batches, in their order, again and again under the same id until they are taken. The thread begins with
    the first event; after a fork, each child has its own. At the regular end of the process, or with :meth:`close`,
    what waits is sent.

    Args:
        to: a gateway's URL, or :class:`Http` or :class:`Kafka` with their options.
        key: the API key for a URL; its role is ``emit``.
        source: what made the events, e.g. ``/shop/orders``; with an event's id it says which event it is.
        buffer_events: so many events wait in memory at most.
        buffer_bytes: and so many bytes of them.
        when_full: what happens to an event when there is no room: ``drop_newest`` drops it, ``drop_oldest`` drops what
            waits longest, ``block`` waits up to ``block_for`` seconds and then drops it. Each drop is counted, told to
            ``on_delivery``, and warned of in the log.
        block_for: seconds that ``block`` waits.
        batch_events: so many events go in one request at most.
        linger: seconds that an event waits for others to go with.
        spool: a folder. With it, events wait on disk instead of in memory and outlive the process.
        spool_bytes: so many bytes may wait there, for each process.
        on_delivery: called with a :class:`Delivery` at the end of each event's way, mostly in the emitter's thread. It
            must be quick. What it raises is logged. It may emit; what is dropped of that is counted and not told to it.
        on_invalid: ``raise`` a ``ValueError`` for an event that the server would refuse, or ``drop`` it, counted and
            logged.
        scales: first and last score of metrics whose scale your loop.yaml changes, e.g. ``{"csat": (1, 7)}``.
        exit_flush: seconds that the end of the process waits for what is not sent yet.
    """

    def __init__(
        self,
        to: str | Destination,
        key: str | None = None,
        *,
        source: str = DEFAULT_SOURCE,
        buffer_events: int = 10_000,
        buffer_bytes: int = 16 * MEBIBYTE,
        when_full: WhenFull = "drop_newest",
        block_for: float = 1.0,
        batch_events: int = 500,
        linger: float = 0.2,
        spool: str | os.PathLike[str] | None = None,
        spool_bytes: int = DEFAULT_SPOOL_BYTES,
        on_delivery: OnDelivery | None = None,
        on_invalid: OnInvalid = "raise",
        scales: Mapping[str, tuple[int, int]] | None = None,
        exit_flush: float = 5.0,
    ) -> None:
        super().__init__(source, scales, on_invalid)
        if when_full not in ("drop_newest", "drop_oldest", "block"):
            raise ValueError('when_full: give "drop_newest", "drop_oldest" or "block"')
        if not isinstance(to, str) and key is not None:
            raise ValueError("key: give it to Http(url, key); it belongs to a gateway")
        for name, least, most, given in (
            ("buffer_events", 1, 10**9, buffer_events),
            ("buffer_bytes", MEBIBYTE // 8, 10**12, buffer_bytes),
            ("spool_bytes", MEBIBYTE, 10**15, spool_bytes),
            ("batch_events", 1, 5000, batch_events),
            ("block_for", 0, 3600, block_for),
            ("linger", 0, 60, linger),
            ("exit_flush", 0, 3600, exit_flush),
        ):
            if not least <= given <= most:
                raise ValueError(f"{name}: give a number from {least:,} to {most:,}")
        pace = Pace(when_full, block_for, batch_events, linger, exit_flush)
        destination: Destination = Http(to, key) if isinstance(to, str) else to
        queue = Buffer(buffer_events, buffer_bytes) if spool is None else _open_spool(Path(spool), spool_bytes)
        self._pump = Pump(queue, destination, pace, on_delivery)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, *, on_delivery: OnDelivery | None = None
    ) -> Self:
        """An emitter as the environment says: CLOSELOOP_URL and CLOSELOOP_API_KEY, or KAFKA_BOOTSTRAP_SERVERS.

        The README lists all variables. Raises ``ValueError``, which names the variable.
        """
        said = read_environment(os.environ if environ is None else environ)
        return cls(said.destination, on_delivery=on_delivery, **said.options)

    @property
    def stats(self) -> Stats:
        """What became of this process's events so far."""
        return self._pump.stats

    @property
    def may_block(self) -> bool:
        """Whether a full buffer makes the host wait."""
        return self._pump.may_block

    def flush(self, timeout: float = 10.0) -> bool:
        """Send what was emitted before this call, and wait. False if some of it still waits after ``timeout`` seconds.

        A pause after a failure is cut short, but not one that the gateway asked for.
        """
        return self._pump.flush(timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Send what waits, for at most about ``timeout`` seconds, and end.

        What could not be sent is dropped, counted and told, or stays in the spool for the next process. Events emitted
        from now on are dropped. Closing twice does nothing.
        """
        self._pump.close(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hand_over(self, event: Event, item: Outgoing) -> None:  # noqa: ARG002 - the fake keeps the event
        self._pump.offer(item)

    def _refuse(self, event: Event, problem: str) -> None:
        delivery = Delivery(str(event.id), event.type, "dropped", "invalid", problem=problem)
        self._pump.refuse(delivery, told=not problem)


def _open_spool(root: Path, most_bytes: int) -> Queue:
    from closeloop_client.spool import Spool  # not on Windows

    try:
        return Spool(root, most_bytes, Notices())
    except OSError as error:
        raise ValueError(f"spool: {root} cannot be used as a folder ({error.strerror})") from None
