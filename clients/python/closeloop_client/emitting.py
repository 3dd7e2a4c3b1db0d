"""The calls that make events, and the checks before they are taken: the same for every emitter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from closeloop_client.checks import DEFAULT_SCALES, check, check_size
from closeloop_client.events import DEFAULT_SOURCE, Amount, AttributeValue, Event, Response, Touchpoint, encode
from closeloop_client.outgoing import Outgoing

OnInvalid = Literal["raise", "drop"]


class Calls(ABC):
    """What makes events out of calls."""

    def touchpoint(
        self,
        customer_id: str,
        touchpoint: str,
        *,
        channel: str | None = None,
        outcome: str | None = None,
        duration_ms: int | None = None,
        value: Amount | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
        id: str | None = None,  # noqa: A002 - CloudEvents' own name
        time: datetime | None = None,
    ) -> str:
        """Emit a touchpoint: something that happened between a customer and you. Returns its id at once.

        Args:
            customer_id: whose it is; the same id as in answers. At most 256 bytes.
            touchpoint: what happened, e.g. ``order.delivered``. A name of your own, not one a customer.
            channel: where, e.g. ``web`` or ``parcel``.
            outcome: ``ok``, ``failed``, or another word of yours; ``failed`` is what failure rates count.
            duration_ms: how long it took, whole milliseconds.
            value: an amount and its currency, e.g. ``("129.90", "EUR")``; a text, an int or a Decimal, no float.
            attributes: up to 32 facts (text, number, truth value) to count and to route by, e.g. ``{"region": "SP"}``.
            id: yours where you have one, e.g. an order's number and what happened to it: the same ``source`` and ``id``
                again is the same event. Otherwise a new one is made; retries keep it.
            time: when it happened, with a zone; now, if you say nothing.

        Raises:
            ValueError: for what the server would refuse, with the field's name, unless ``on_invalid`` is ``drop``.
        """
        event = Touchpoint(
            customer_id=customer_id,
            touchpoint=touchpoint,
            channel=channel,
            outcome=outcome,
            duration_ms=duration_ms,
            value=value,
            attributes=attributes or {},
            **_identity(id, time),
        )
        return self.emit(event)

    def response(
        self,
        customer_id: str,
        metric: str,
        score: int,
        *,
        scale_min: int | None = None,
        scale_max: int | None = None,
        higher_is_better: bool | None = None,
        touchpoint: str | None = None,
        touchpoint_event_id: str | None = None,
        channel: str | None = None,
        language: str | None = None,
        comment: str | None = None,
        contact_requested: bool = False,
        revises: str | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
        id: str | None = None,  # noqa: A002 - CloudEvents' own name
        time: datetime | None = None,
    ) -> str:
        """Emit a customer's answer to one question. Returns its id at once.

        Args:
            customer_id: who answered; the same id as in touchpoints. At most 256 bytes.
            metric: ``nps`` (0 to 10), ``csat`` (1 to 5), ``ces`` (1 to 7), or one of your loop.yaml.
            score: the answer, a whole number on the metric's scale.
            scale_min: the lowest score that could be given, where it is not the metric's.
            scale_max: the highest score that could be given, where it is not the metric's.
            higher_is_better: ``False`` for a scale whose low end is good.
            touchpoint: what the question was about, e.g. ``order.delivered``.
            touchpoint_event_id: the id of the very touchpoint.
            channel: where it was asked, e.g. ``email``.
            language: of the comment, BCP 47, e.g. ``pt``.
            comment: the customer's words, at most 10,000 characters.
            contact_requested: whether the customer wants to be called.
            revises: the id of an earlier answer that this one replaces.
            attributes: up to 32 facts (text, number, truth value) to count and to route by.
            id: yours where you have one; the same ``source`` and ``id`` again is the same event.
            time: when it was given, with a zone; now, if you say nothing.

        Raises:
            ValueError: for what the server would refuse, with the field's name, unless ``on_invalid`` is ``drop``.
        """
        event = Response(
            customer_id=customer_id,
            metric=metric,
            score=score,
            scale_min=scale_min,
            scale_max=scale_max,
            higher_is_better=higher_is_better,
            touchpoint=touchpoint,
            touchpoint_event_id=touchpoint_event_id,
            channel=channel,
            language=language,
            comment=comment,
            contact_requested=contact_requested,
            revises=revises,
            attributes=attributes or {},
            **_identity(id, time),
        )
        return self.emit(event)

    @abstractmethod
    def emit(self, event: Event) -> str:
        """Emit an event that you made yourself. Returns its id at once; errors as above."""


class Emitting(Calls):
    """What checks events before it takes them."""

    def __init__(self, source: str, scales: Mapping[str, tuple[int, int]] | None, on_invalid: OnInvalid) -> None:
        if on_invalid not in ("raise", "drop"):
            raise ValueError('on_invalid: give "raise" or "drop"')
        self._source = source or DEFAULT_SOURCE
        self._scales = {**DEFAULT_SCALES, **(scales or {})}
        self._on_invalid = on_invalid

    def emit(self, event: Event) -> str:
        """Emit an event that you made yourself. Returns its id at once.

        Raises ``ValueError`` for what the server would refuse, unless ``on_invalid`` is ``drop``.
        """
        try:
            check(event, datetime.now(UTC), self._scales)
            encoded = encode(event, self._source)
            check_size(encoded)
        except ValueError as error:
            if self._on_invalid == "raise":
                self._refuse(event, "")
                raise
            self._refuse(event, str(error))
        else:
            self._hand_over(event, Outgoing(event.type, event.id, event.customer_id.encode(), encoded))
        return event.id

    @abstractmethod
    def _hand_over(self, event: Event, item: Outgoing) -> None:
        """Take an event that is fit to be sent."""

    @abstractmethod
    def _refuse(self, event: Event, problem: str) -> None:
        """Count an event that is not; ``problem`` is empty where its maker is told."""


def _identity(given_id: str | None, given_time: datetime | None) -> dict[str, Any]:
    said: dict[str, Any] = {} if given_id is None else {"id": given_id}
    return said if given_time is None else {**said, "time": given_time}
