"""What a page of the console is: an address, what can be asked of it, and how it is looked up."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from msgspec import Struct

from gateway.console.reader import Reader
from gateway.parts import Parts
from gateway.problems import Refusal
from schemas.audit import Act

Asked = TypeVar("Asked", bound=Struct)


class Page(ABC, Generic[Asked]):
    """One page. Its template is ``templates/NAME.html`` and extends ``frame.html``; its title the word ``page-NAME``.

    ``asks`` are the fields of the query, frozen, all with a default that the address leaves out; fields of the path
    are among them. What a reader sees depends on these, on the reader and on the data alone: whoever asks for the same
    shares one drawing.
    """

    name: ClassVar[str]
    path: ClassVar[str]
    section: ClassVar[str]
    """The name of the page in the navigation that this one belongs to."""
    asks: type[Asked]
    seconds: ClassVar[float] = 5.0
    """How often to look again where nothing is heard of a change: time passes, rows are written by others."""

    @abstractmethod
    def look(self, parts: Parts, asked: Asked, reader: Reader, at: datetime) -> Struct:
        """What the template shows, as ``page``. Blocking. Raises :class:`Refusal` for what cannot be shown."""

    def audited(self, asked: Asked, reader: Reader) -> Act | None:  # noqa: ARG002 - most pages have nothing to say
        """What showing this is, if it is a look at raw personal data: it goes to the audit trail first."""
        return None

    def ask(self, query: Mapping[str, str], path: Mapping[str, Any]) -> Asked:
        """Read the address. Empty fields are left out, unknown ones passed over. Raises :class:`Refusal` (400)."""
        known = {field.name: field.encode_name for field in msgspec.structs.fields(self.asks)}
        given = {name: value for name, value in query.items() if value != "" and name in known.values()}
        try:
            return msgspec.convert({**given, **path}, self.asks, strict=False)
        except msgspec.ValidationError as error:
            problem, _, place = str(error).partition(" - at `$.")
            raise Refusal(400, "invalid", place.rstrip("`"), problem) from None


def query_of(asked: Struct, **changes: Any) -> dict[str, str]:
    """The query that leads to what was asked, with these changes; what equals its default is left out."""
    found: dict[str, str] = {}
    for field in msgspec.structs.fields(asked):
        value = changes.get(field.name, getattr(asked, field.name))
        if value is None or value == field.default or field.default is msgspec.NODEFAULT:
            continue
        text = str(msgspec.to_builtins(value))
        found[field.encode_name] = text.lower() if isinstance(value, bool) else text
    return found
