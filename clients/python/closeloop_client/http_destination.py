"""Events to a gateway: batches to ``POST /v1/events``, on a kept connection, compressed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any

from closeloop_client.destinations import Tried, all_again
from closeloop_client.errors import UnavailableError
from closeloop_client.outgoing import Outgoing
from closeloop_client.results import EventResult, read_results
from closeloop_client.transport import Answer, Patience, Transport

EVENTS_PATH = "/v1/events"
BATCH_TYPE = "application/cloudevents-batch+json"
COMPRESS_FROM = 1024
"""Smaller bodies are sent as they are: they fit into one packet anyway."""

_ONE_TRY = Patience(retry_for=0.0)
_ANSWERED_IN_VAIN = frozenset({401, 403, 404, 405})


class Http:
    """A gateway.

    Args:
        url: where it is, e.g. ``https://closeloop.example.com``.
        key: an API key with the role ``emit``.
        timeout: seconds that one request may take.
        compress: whether larger bodies go as gzip. A gateway that does not read it gets them plain.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 10.0, compress: bool = True) -> None:
        self._transport = Transport(url, key, timeout)
        self._compress = compress

    def __str__(self) -> str:
        """The gateway's address, without what may be secret in it."""
        return f"the gateway at {self._transport.place}"

    def deliver(self, batch: Sequence[Outgoing]) -> Tried:
        """One request; more where the gateway finds it too large."""
        body = b"[" + b",".join(item.value for item in batch) + b"]"
        try:
            answer = self._post(body)
        except UnavailableError as error:
            return all_again(batch, error.last_problem, error.retry_after)
        rows = _rows(answer, len(batch))
        if rows is not None:
            return Tried(rows)
        problem = f"{self._transport.place} answers {answer.status}"
        if answer.status in _ANSWERED_IN_VAIN:
            hint = "check the key and its role" if answer.status in (401, 403) else "check the address"
            return all_again(batch, f"{problem}: {hint}", needs_help=True)
        if answer.status == 413 or (answer.status in (400, 422) and _is_a_gateway_s(answer)):
            return self._in_parts(batch, answer)
        return all_again(batch, f"{problem}, which is no answer of a closeloop gateway", needs_help=True)

    def forget(self) -> None:
        """Connections are the parent's: begin with new ones."""
        self._transport.forget()

    def close(self, timeout: float) -> None:  # noqa: ARG002 - closing connections takes no time
        """Close the connections."""
        self._transport.close()

    def _post(self, body: bytes) -> Answer:
        if self._compress and len(body) >= COMPRESS_FROM:
            packed = gzip.compress(body, compresslevel=1, mtime=0)
            answer = self._transport.post(EVENTS_PATH, packed, BATCH_TYPE, _ONE_TRY, encoding="gzip")
            if answer.status not in (400, 415) or _has_results(answer):
                return answer
            plain = self._transport.post(EVENTS_PATH, body, BATCH_TYPE, _ONE_TRY)
            self._compress = not _has_results(plain)  # it reads the same batch when it is not compressed
            return plain
        return self._transport.post(EVENTS_PATH, body, BATCH_TYPE, _ONE_TRY)

    def _in_parts(self, batch: Sequence[Outgoing], answer: Answer) -> Tried:
        """Halve what is refused as a whole, down to the event that is to blame."""
        if len(batch) == 1:
            text = "the gateway refuses the request that holds this event alone"
            return Tried([EventResult(batch[0].id, accepted=False, reason=f"http_{answer.status}", problem=text)])
        middle = len(batch) // 2
        first = self.deliver(batch[:middle])
        if None in first.results:
            missing = [None] * (len(batch) - middle)
            return Tried([*first.results, *missing], first.problem, first.pause, first.needs_help)
        second = self.deliver(batch[middle:])
        return Tried([*first.results, *second.results], second.problem, second.pause, second.needs_help)


def _rows(answer: Answer, expected: int) -> list[EventResult] | None:
    return read_results(_said(answer), expected)


def _has_results(answer: Answer) -> bool:
    return "results" in _said(answer)


def _is_a_gateway_s(answer: Answer) -> bool:
    """Whether the refusal is of closeloop's form: other servers on the way say 400, too, and do not mean the events."""
    return isinstance(_said(answer).get("error"), dict)


def _said(answer: Answer) -> dict[str, Any]:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
