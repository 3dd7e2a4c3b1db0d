"""A stand-in for the tests of your app: it checks events as the real emitter does, keeps them, and sends nothing.

With pytest, the fixture ``fake_emitter`` is there as soon as closeloop-client is installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from closeloop_client.emitting import Emitting, OnInvalid
from closeloop_client.events import DEFAULT_SOURCE, Event, Response, Touchpoint
from closeloop_client.outcomes import Stats
from closeloop_client.outgoing import Outgoing


class FakeEmitter(Emitting):
    """Takes the calls of :class:`closeloop_client.Emitter` and keeps the events, in their order."""

    def __init__(
        self,
        source: str = DEFAULT_SOURCE,
        *,
        scales: Mapping[str, tuple[int, int]] | None = None,
        on_invalid: OnInvalid = "raise",
    ) -> None:
        super().__init__(source, scales, on_invalid)
        self.events: list[Event] = []
        """All events taken, in their order."""
        self.encoded: list[bytes] = []
        """The same as they would go over the wire."""
        self.invalid: list[str] = []
        """What was wrong with those that were refused, where ``on_invalid`` is ``drop``."""
        self.flushed = 0
        """How often ``flush`` was called."""
        self.closed = False

    @property
    def touchpoints(self) -> list[Touchpoint]:
        """The touchpoints taken."""
        return [event for event in self.events if isinstance(event, Touchpoint)]

    @property
    def responses(self) -> list[Response]:
        """The answers taken."""
        return [event for event in self.events if isinstance(event, Response)]

    @property
    def stats(self) -> Stats:
        """All was delivered."""
        taken = len(self.events)
        return Stats(accepted=taken, delivered=taken, dropped=0, invalid=len(self.invalid))

    @property
    def may_block(self) -> bool:
        """It never does."""
        return False

    def clear(self) -> None:
        """Forget all."""
        self.events.clear()
        self.encoded.clear()
        self.invalid.clear()

    def flush(self, timeout: float = 10.0) -> bool:  # noqa: ARG002 - the signature of Emitter
        """Nothing waits."""
        self.flushed += 1
        return True

    def close(self, timeout: float = 5.0) -> None:  # noqa: ARG002 - the signature of Emitter
        """Remember that it was closed."""
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hand_over(self, event: Event, item: Outgoing) -> None:
        self.events.append(event)
        self.encoded.append(item.value)

    def _refuse(self, event: Event, problem: str) -> None:  # noqa: ARG002 - the text is enough here
        if problem:
            self.invalid.append(problem)
