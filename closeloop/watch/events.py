"""Server-sent events out of the lines of an answer. Pure."""

from collections.abc import Iterator

from msgspec import Struct


class Event(Struct, frozen=True):
    """One event: its name and its data, whole."""

    name: str
    data: bytes


class EventLines:
    """Takes lines as they come and gives the events that they complete (WHATWG HTML, section 9.2)."""

    def __init__(self) -> None:
        self._name = ""
        self._data: list[bytes] = []

    def take(self, line: bytes) -> Iterator[Event]:
        """One line, without or with its end."""
        line = line.rstrip(b"\r\n")
        if not line:
            if self._data:
                yield Event(self._name or "message", b"\n".join(self._data))
            self._name, self._data = "", []
            return
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._name = value.decode(errors="replace")
        elif field == b"data":
            self._data.append(value)
