"""How long a connection may take over a request: uvicorn's own HTTP protocol with a clock on headers and bodies."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

BACKSTOP_SECONDS = 15.0
"""Handlers that read bodies answer in time by themselves; this much later the connection is closed all the same."""
_TOO_SLOW = b'{"error":{"reason":"slow","field":"","problem":"the headers of the request were not there in time"}}'
_HEAD = "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\nconnection: close\r\n"
_ANSWER = f"{_HEAD}content-length: {len(_TOO_SLOW)}\r\n\r\n".encode() + _TOO_SLOW


def protocol_with(headers: float, body: float) -> type[H11Protocol]:
    """A protocol class whose requests have ``headers`` seconds until their headers are there, and ``body`` seconds (and
    :data:`BACKSTOP_SECONDS`) for what follows. A client that is late is answered 408 or cut off."""

    class PatientProtocol(H11Protocol):
        """uvicorn's protocol, with the clock."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self._clock: asyncio.TimerHandle | None = None
            self._clocked: object = None
            self._begun = False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            self._begun = True
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._begun = False
            self._stop()  # from here on it is uvicorn's time for idle connections
            if self.conn.their_state is h11.SEND_BODY:  # but for a next request, whose beginning came with this one
                self._watch()

        def _watch(self) -> None:
            """Keep the clock of what is waited for: it does not begin again with every byte."""
            state = self.conn.their_state
            if state is self._clocked and self._clock is not None:
                return
            self._stop()
            if state is h11.IDLE and not self.transport.is_closing():
                self._clock = self.loop.call_later(headers, self._late)
            elif state is h11.SEND_BODY:
                self._clock = self.loop.call_later(body + BACKSTOP_SECONDS, self._late)
            self._clocked = state

        def _stop(self) -> None:
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None

        def _late(self) -> None:
            self._clock = None
            if self.transport.is_closing():
                return
            if self._begun and self.conn.their_state is h11.IDLE:
                self.transport.write(_ANSWER)
            self.transport.close()

    return PatientProtocol
