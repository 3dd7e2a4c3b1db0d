"""Requests about cases to the gateway. Each is sent once: an action that is sent again could be done twice."""

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from closeloop.errors import UserError
from gateway.case_shapes import Case, CasePage
from gateway.hooks.shapes import HookList, HookShown
from gateway.incident_shapes import IncidentPage, IncidentShown

TIMEOUT_S = 60.0
"""Seconds without a byte after which the gateway counts as gone."""
STREAM_TIMEOUT_S = 600.0
"""The same for an export: what fits may lie behind millions of records that do not."""
_CHUNK = 64 * 1024
_PAGE = 200

S = TypeVar("S", bound=Struct)


class Unreachable(Exception):  # noqa: N818 - an answer to the person, not a fault
    """The gateway did not answer, or broke off."""


class RefusedRequest(Exception):  # noqa: N818 - an answer to the person, not a fault
    """The gateway said no: the status, what is wrong with which field, and the case as it stands where it tells it."""

    def __init__(self, status: int, reason: str, field: str, problem: str, case: Case | None) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.status = status
        self.reason = reason
        self.field = field
        self.problem = problem
        self.case = case


class _Problem(Struct):
    reason: str = ""
    field: str = ""
    problem: str = ""


class _Refusal(Struct):
    error: _Problem
    case: Case | None = None


class CaseApi:
    """The gateway at ``url``, asked with an API key, or without one where none is needed."""

    def __init__(self, url: str, key: str | None) -> None:
        """Raises :class:`UserError` for what is no address or no key."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UserError("--url: give the gateway's URL, such as http://127.0.0.1:8080")
        try:
            self._port = parts.port
        except ValueError:
            raise UserError("--url: the port is no number from 0 to 65535") from None
        self._host = parts.hostname
        self._https = parts.scheme == "https"
        self._base = parts.path.rstrip("/")
        self._headers = {"User-Agent": "closeloop-cases", "Accept": "application/json, text/csv"}
        if key is not None:
            if not key.isascii() or not key.isprintable() or " " in key:
                raise UserError("CLOSELOOP_API_KEY: holds a character that no key has")
            self._headers["Authorization"] = f"Bearer {key}"

    def cases(self, wanted: Mapping[str, str], most: int) -> tuple[list[Case], int]:
        """The newest cases that fit, at most so many, and how many fit in all."""
        found: list[Case] = []
        cursor, total = "", 0
        while True:
            page = self._read(
                "/v1/cases",
                {
                    **wanted,
                    "limit": str(min(_PAGE, most - len(found))),
                    "cursor": cursor,
                    "count": "" if cursor else "true",
                },
                CasePage,
            )
            found += page.cases
            total = total if page.total is None else page.total
            if page.next is None or len(found) >= most:
                return found, max(total, len(found))
            cursor = page.next

    def case(self, case_id: int) -> Case:
        """One case with all that belongs to it."""
        return self._read(f"/v1/cases/{case_id}", {}, Case)

    def incidents(self, *, unresolved: bool, most: int) -> tuple[list[IncidentShown], bool]:
        """The newest incidents, and whether there are more; ``unresolved``: only those with an open case."""
        wanted = {"open": "true" if unresolved else "", "limit": str(most)}
        page = self._read("/v1/incidents", wanted, IncidentPage)
        return page.incidents, page.next is not None

    def act(self, case_id: int, action: str, body: Mapping[str, object]) -> Case:
        """Take an action; the case as it is then."""
        answer = b"".join(self._ask("POST", f"/v1/cases/{case_id}/{action}", msgspec.json.encode(body)))
        return _decoded(answer, Case)

    def hooks(self) -> list[HookShown]:
        """The hooks of the gateway, and what came in by them."""
        return self._read("/v1/hooks", {}, HookList).hooks

    def replay_letter(self, letter_id: str) -> None:
        """Let the gateway send a dead letter again."""
        for _ in self._ask("POST", f"/v1/deadletters/{letter_id}/replay"):
            pass

    def stream(self, path: str, wanted: Mapping[str, str]) -> Iterator[bytes]:
        """The body of an answer, piece by piece. Raises :class:`Unreachable` where it breaks off."""
        return self._ask("GET", _with_query(path, wanted), timeout=STREAM_TIMEOUT_S)

    def _read(self, path: str, wanted: Mapping[str, str], shape: type[S]) -> S:
        return _decoded(b"".join(self._ask("GET", _with_query(path, wanted))), shape)

    def _ask(self, method: str, path: str, body: bytes | None = None, timeout: float = TIMEOUT_S) -> Iterator[bytes]:
        headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
        with closing(self._connection(timeout)) as connection:
            try:
                connection.request(method, f"{self._base}{path}", body=body, headers=headers)
                response = connection.getresponse()
                if response.status >= 300:
                    raise _refusal(response.status, response.read(_CHUNK * 16))
                while piece := response.read1(_CHUNK):
                    yield piece
                if response.length:  # of an answer in chunks that breaks off, read1 itself says so
                    raise http.client.IncompleteRead(b"")
            except (OSError, http.client.HTTPException) as error:
                said = error.strerror.lower() if isinstance(error, OSError) and error.strerror else "broke off"
                said = "timed out" if isinstance(error, TimeoutError) else said
                raise Unreachable(f"{self._host}: no whole answer of the gateway ({said})") from None

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self._https:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)


def _with_query(path: str, wanted: Mapping[str, str]) -> str:
    query = urlencode({name: value for name, value in wanted.items() if value})
    return f"{path}?{query}" if query else path


def _refusal(status: int, body: bytes) -> Exception:
    try:
        told = msgspec.json.decode(body, type=_Refusal)
    except msgspec.MsgspecError:
        return Unreachable(f"the answer ({status}) is not that of a closeloop gateway; check --url")
    error = told.error
    return RefusedRequest(status, error.reason, error.field, error.problem, told.case)


def _decoded(body: bytes, shape: type[S]) -> S:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.MsgspecError:
        raise Unreachable("the answer is not that of a closeloop gateway; check --url") from None
