"""HTTP with patience: one request at a time on kept connections, sent again until it is answered or time is up.

Sending again is safe because every event carries its id: the gateway's reader counts the same id once.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from closeloop_client.errors import UnavailableError

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_IDLE_CONNECTIONS = 8

_Waiting = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    body: bytes
    retry_after: str | None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request is tried for, and the pause between two tries, all in seconds.

    The pause is random between half and all of ``first_pause``, doubled at each try up to ``longest_pause``: apps that
    failed together must not come back together.
    """

    retry_for: float = 30.0
    first_pause: float = 0.2
    longest_pause: float = 10.0

    def pause(self, failures: int, jitter: float) -> float:
        """The pause after this many failures (from 1); ``jitter`` is 0 to 1."""
        longest = min(self.longest_pause, self.first_pause * 2.0 ** min(failures - 1, 30))
        return longest * (0.5 + jitter / 2)


class Transport:
    """Posts bodies to one gateway. Thread-safe: each request has a connection to itself while it lasts."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        timeout: float = 10.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url: no address of a gateway; give one such as http://127.0.0.1:8080")
        try:
            self._port = parts.port
        except ValueError:
            raise ValueError("url: the port is no number from 0 to 65535") from None
        self._host = parts.hostname
        self._base = parts.path.rstrip("/")
        self.place = parts.netloc.rpartition("@")[2] + self._base
        """The address without what would be a secret, for texts: a wrong port or path is seen at once."""
        self._timeout = timeout
        self._headers = {"User-Agent": "closeloop-client", "Accept": "application/json"}
        if key is not None:
            if not key.isascii() or not key.isprintable() or " " in key:
                raise ValueError("key: holds a character that no key has; give it without spaces or line ends")
            self._headers["Authorization"] = f"Bearer {key}"
        self._clock = clock
        self._sleep = sleep
        self._https = parts.scheme == "https"
        # Made once: it reads every certificate that the system trusts, which takes tens of milliseconds of the host.
        self._tls = ssl.create_default_context() if self._https else None
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._closed = False

    def post(
        self,
        path: str,
        body: bytes,
        content_type: str,
        patience: Patience,
        waiting: _Waiting | None = None,
        *,
        encoding: str | None = None,
    ) -> Answer:
        """Post until there is an answer that trying again cannot better.

        ``waiting`` is told the problem and the seconds until the next try; ``encoding`` is how the body is compressed.
        Raises :class:`UnavailableError` when ``patience`` is over.
        """
        headers = {**self._headers, "Content-Type": content_type}
        if encoding is not None:
            headers["Content-Encoding"] = encoding
        started = self._clock()
        attempts = failures = 0
        while True:
            attempts += 1
            answer, problem, stale = self._try(path, body, headers)
            if answer is not None and answer.status not in RETRIED_STATUSES:
                return answer
            if stale:
                continue  # the server had closed a kept connection: that says nothing about the server
            failures += 1
            pause = patience.pause(failures, random.random())  # noqa: S311 - spreads load, hides nothing
            asked = 0.0 if answer is None else seconds_to_wait(answer.retry_after, datetime.now(UTC))
            pause = max(pause, asked)
            waited = self._clock() - started
            if waited + pause > patience.retry_for:
                raise UnavailableError(problem, attempts, waited, asked)
            if waiting is not None:
                waiting(problem, pause)
            self._sleep(pause)

    def close(self) -> None:
        """Close the kept connections; requests under way finish."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def forget(self) -> None:
        """In a forked child: the kept connections are the parent's, whose answers must not be read here."""
        idle, self._idle = self._idle, []
        self._lock = threading.Lock()
        self._owner = os.getpid()
        for connection in idle:
            connection.close()

    def _try(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[Answer | None, str, bool]:
        """The answer if there is one, the problem in words, and whether only a kept connection had gone stale."""
        connection, kept = self._take()
        try:
            connection.request("POST", f"{self._base}{path}", body=body, headers=headers)
            response = connection.getresponse()
            read = response.read(MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if isinstance(error, ssl.SSLCertVerificationError):
                self._tls = None  # the authority may have changed, and the system's files with it: read them again
            gone = isinstance(error, ConnectionError | http.client.RemoteDisconnected)
            return None, f"{self.place} does not answer ({_in_words(error)})", kept and gone
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._give_back(connection)
        answer = Answer(response.status, read, response.headers.get("Retry-After"))
        return answer, f"{self.place} answers {response.status} {response.reason}".rstrip(), False

    def _take(self) -> tuple[http.client.HTTPConnection, bool]:
        if self._owner != os.getpid():
            self.forget()
        with self._lock:
            if self._closed:
                raise RuntimeError("the client is closed")
            if self._idle:
                return self._idle.pop(), True
        if self._https:
            context = self._tls = self._tls or ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context), False
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout), False

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < MAX_IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()


def seconds_to_wait(retry_after: str | None, now: datetime) -> float:
    """What a ``Retry-After`` header asks for, in seconds; 0 where there is none that can be read."""
    if retry_after is None:
        return 0.0
    if retry_after.strip().isdecimal():
        return float(retry_after)
    moment = None
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        moment = parsedate_to_datetime(retry_after)
    if moment is None:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _in_words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
