"""What the host hears of its events: its callback once for each, and warnings in its log."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from closeloop_client.destinations import Destination
from closeloop_client.notices import Notices
from closeloop_client.outcomes import Delivery, OnDelivery


class Reporter:
    """Tells the host. Neither its callback nor its logging can stop the sending."""

    def __init__(self, on_delivery: OnDelivery | None) -> None:
        self.notices = Notices()
        self._on_delivery = on_delivery
        self._here = threading.local()

    def tell(self, deliveries: Sequence[Delivery]) -> None:
        """Call the host's callback for each; what it raises is logged.

        What the callback emits may be dropped, too: such a drop is counted and warned of, but a callback does not hear
        of it from within itself, which would have no end.
        """
        if self._on_delivery is None or getattr(self._here, "telling", False):
            return
        self._here.telling = True
        try:
            for delivery in deliveries:
                try:
                    self._on_delivery(delivery)
                except Exception:  # noqa: BLE001 - the host's callback must not stop the sending
                    self.notices.warn("callback", "closeloop: on_delivery failed for {n} events", trace=True)
        finally:
            self._here.telling = False

    def rejected(self, deliveries: Sequence[Delivery]) -> None:
        """Warn of the events among them that the other end will never take."""
        found = [delivery for delivery in deliveries if delivery.status == "rejected"]
        if found:
            last = found[-1]
            about = f"{last.field}: {last.problem}" if last.field else last.problem
            self.notices.warn("rejected", f"closeloop: {{n}} events rejected, the last one: {about}", len(found))

    def invalid(self, delivery: Delivery) -> None:
        """Warn of an event that the server would refuse, and tell its end."""
        text = f"closeloop: {{n}} events dropped that the server would refuse, the last one: {delivery.problem}"
        self.notices.warn("invalid", text)
        self.tell([delivery])

    def full(self, count: int, why: str) -> None:
        """Warn of events that found no room."""
        why = why or "more come than can be sent"
        self.notices.warn("full", f"closeloop: {{n}} events dropped, for the buffer is full ({why})", count)

    def away(self, destination: Destination, problem: str) -> None:
        """Warn that the other end takes nothing."""
        text = f"closeloop: {destination} takes no events ({problem}); they wait and are sent again"
        self.notices.warn("away", text)

    def back(self, destination: Destination) -> None:
        """Say that it takes events again, if it was warned of."""
        self.notices.over("away", f"closeloop: {destination} takes events again")
