"""The client: one call an event, or many events at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from closeloop_client.errors import CloseloopError, RefusedError
from closeloop_client.events import DEFAULT_SOURCE, Event, Response, Touchpoint, encode
from closeloop_client.results import EventResult, read_results
from closeloop_client.transport import Answer, Patience, Transport

EVENTS_PATH = "/v1/events"
BATCH_TYPE = "application/cloudevents-batch+json"
MAX_BATCH_EVENTS = 1000
MAX_BATCH_BYTES = 2 * 1024 * 1024

_Attributes = Mapping[str, str | int | float | bool]


class Client:
    """Sends events to a gateway. One instance serves every thread; close it, or use it in a ``with`` block.

    Args:
        url: the gateway, e.g. ``http://127.0.0.1:8080``.
        key: an API key with the role ``emit``.
        timeout: seconds that one try may take.
        source: what made the events, where an event does not say it itself.
        retry_for: seconds that a request is tried again for while the gateway is away or busy. 0: one try.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        timeout: float = 10.0,
        *,
        source: str = DEFAULT_SOURCE,
        retry_for: float = 30.0,
        transport: Transport | None = None,
    ) -> None:
        self._transport = transport or Transport(url, key, timeout)
        self._source = source
        self._patience = Patience(retry_for)

    def touchpoint(
        self,
        customer_id: str,
        touchpoint: str,
        *,
        channel: str | None = None,
        outcome: str | None = None,
        duration_ms: int | None = None,
        value: tuple[str, str] | None = None,
        attributes: _Attributes | None = None,
        id: str | None = None,  # noqa: A002 - CloudEvents' own name
        time: datetime | None = None,
    ) -> EventResult:
        """Send one touchpoint. Raises :class:`RefusedError` if it is rejected, :class:`UnavailableError`."""
        return self._send_one(
            Touchpoint(
                customer_id=customer_id,
                touchpoint=touchpoint,
                channel=channel,
                outcome=outcome,
                duration_ms=duration_ms,
                value=value,
                attributes=attributes or {},
                **_identity(id, time),
            )
        )

    def response(
        self,
        customer_id: str,
        metric: str,
        score: int,
        *,
        touchpoint: str | None = None,
        touchpoint_event_id: str | None = None,
        channel: str | None = None,
        language: str | None = None,
        comment: str | None = None,
        contact_requested: bool = False,
        attributes: _Attributes | None = None,
        id: str | None = None,  # noqa: A002 - CloudEvents' own name
        time: datetime | None = None,
    ) -> EventResult:
        """Send one answer. Raises :class:`RefusedError` if it is rejected, :class:`UnavailableError`."""
        return self._send_one(
            Response(
                customer_id=customer_id,
                metric=metric,
                score=score,
                touchpoint=touchpoint,
                touchpoint_event_id=touchpoint_event_id,
                channel=channel,
                language=language,
                comment=comment,
                contact_requested=contact_requested,
                attributes=attributes or {},
                **_identity(id, time),
            )
        )

    def send(self, events: Iterable[Event]) -> list[EventResult]:
        """Send many events, in their order; a result for each, also for those that are rejected.

        Raises :class:`UnavailableError` or :class:`RefusedError` (a wrong key, for one); its ``results`` are those of
        the events sent before. Sending the same events again is safe.
        """
        results: list[EventResult] = []
        for batch in _batches(events, self._source):
            try:
                results += self._send_batch(batch)
            except CloseloopError as error:
                error.results = results
                raise
        return results

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send_one(self, event: Event) -> EventResult:
        result = self.send([event])[0]
        if not result.accepted:
            raise RefusedError(400, result.reason, result.field, result.problem)
        return result

    def _send_batch(self, batch: list[bytes]) -> list[EventResult]:
        body = b"[" + b",".join(batch) + b"]"
        answer = self._transport.post(EVENTS_PATH, body, BATCH_TYPE, self._patience)
        results = read_results(decode_answer(answer), len(batch))
        if results is None:
            raise refusal(answer)
        return results


def decode_answer(answer: Answer) -> Any:
    """The JSON of an answer, or ``None``."""
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def refusal(answer: Answer) -> RefusedError:
    """The refusal that an answer without results is."""
    body = decode_answer(answer)
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        words = (str(error.get(name, "")) for name in ("reason", "field", "problem"))
        return RefusedError(answer.status, *words)
    return RefusedError(answer.status, "", "", "not the answer of a closeloop gateway; check the url")


def _identity(given_id: str | None, given_time: datetime | None) -> dict[str, Any]:
    said: dict[str, Any] = {} if given_id is None else {"id": given_id}
    return said if given_time is None else {**said, "time": given_time}


def _batches(events: Iterable[Event], source: str) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for event in events:
        encoded = encode(event, source)
        if batch and (len(batch) == MAX_BATCH_EVENTS or size + len(encoded) > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(encoded)
        size += len(encoded) + 1
    if batch:
        yield batch
