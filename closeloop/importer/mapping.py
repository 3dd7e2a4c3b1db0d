"""The mapping file: which column of a table is which field of an event, and a row by it as a CloudEvent.

A row's event has the same id at every run, so that a second sending of it is a known one.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from closeloop.importer.cells import amount, flag, moments, whole, wrong_form
from schemas.events import MAX_ATTRIBUTES, RESPONSE_TYPE, TOUCHPOINT_TYPE, Response, Touchpoint
from schemas.loop_checks import known_zone
from schemas.loop_yaml import ConfigError
from schemas.typed_walk import misfits, unknown_word
from schemas.yaml_source import Problem, read_yaml, show_path
from schemas.yaml_source import SourceError as YamlError

_INTEGERS = frozenset({"score", "scale_min", "scale_max", "duration_ms"})
_FLAGS = frozenset({"contact_requested", "higher_is_better"})
_LONGEST_NAME = 64
_ENVELOPE = ("id", "time")
_MONEY = ("amount", "currency")


class Constant(Struct, frozen=True, forbid_unknown_fields=True):
    """The same value in every row."""

    value: str | int | bool


Columns = str | list[str] | Constant
Value = str | int | bool


class TableMapping(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping file. Each of ``fields`` is a column, several columns (joined by ``:``), or ``{value: constant}``."""

    type: Literal["touchpoint", "response"]
    source: Annotated[str, Meta(min_length=1, max_length=256)]
    fields: dict[str, Columns]
    attributes: dict[str, Columns] = {}
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    encoding: Literal["utf-8", "cp1252", "latin-1", "utf-16"] = "utf-8"
    time_format: str | None = None
    """Python's strptime format, ``unix``, ``unix_ms`` or ``excel``; without one, ISO 8601 is read."""
    time_zone: str | None = None
    """For times that do not say their zone."""
    decimal: Literal[".", ","] = "."
    """What stands before the decimals of a number."""


class BadRow(ValueError):  # noqa: N818 - what was found, not a fault of ours
    """A row that cannot be an event: a code, the field to blame, and what is wrong with it."""

    def __init__(self, field: str, problem: str, reason: str = "invalid") -> None:
        super().__init__(problem)
        self.field = field
        self.problem = problem
        self.reason = reason


def load_mapping(path: str | Path) -> TableMapping:
    """Read and check a mapping file. Raises :class:`schemas.loop_yaml.ConfigError` with every problem and its line."""
    file = Path(path)
    try:
        source = read_yaml(file.read_bytes())
    except OSError as error:
        raise ConfigError(str(path), [Problem(0, "", f"cannot be read: {error.strerror}")]) from None
    except YamlError as error:
        raise ConfigError(file.name, [error.problem]) from None
    found = list(misfits(source.data, TableMapping))
    if not found:
        mapping = msgspec.convert(source.data, TableMapping)
        found = list(_check(mapping))
        if not found:
            return mapping
    raise ConfigError(file.name, [Problem(source.line(at), show_path(at), text) for at, text in found])


def _check(mapping: TableMapping) -> Iterator[tuple[tuple[str | int, ...], str]]:
    known = {*_ENVELOPE, *(Response if mapping.type == "response" else Touchpoint).__struct_fields__} - {"attributes"}
    if mapping.type == "touchpoint":
        known = (known - {"value"}) | set(_MONEY)
    for name in mapping.fields:
        if name not in known:
            yield ("fields", name), unknown_word(name, known)
    needed = {"id", "time", "customer_id"} | ({"metric", "score"} if mapping.type == "response" else {"touchpoint"})
    for name in sorted(needed - set(mapping.fields)):
        why = "; without it, a second import would count everything twice" if name == "id" else ""
        yield ("fields", name), f"missing; say which column it is{why}"
    for name in mapping.attributes:
        if not 0 < len(name) <= _LONGEST_NAME:
            yield ("attributes", name), f"a name of {_LONGEST_NAME} characters at most is taken"
    if len(mapping.attributes) > MAX_ATTRIBUTES:
        yield ("attributes",), f"{len(mapping.attributes)} of them; {MAX_ATTRIBUTES} at most are taken"
    if mapping.delimiter in '"\r\n':
        yield ("delimiter",), 'stands between no columns; give the character that does, such as ";" or "\\t"'
    if mapping.time_format is not None and (wrong := wrong_form(mapping.time_format)) is not None:
        yield ("time_format",), wrong
    if mapping.time_zone is not None and (wrong := known_zone(mapping.time_zone)) is not None:
        yield ("time_zone",), wrong


def named_columns(mapping: TableMapping) -> Iterator[tuple[str, str]]:
    """Each column that the mapping names, with the place in the mapping that names it."""
    for section, entries in (("fields", mapping.fields), ("attributes", mapping.attributes)):
        for field, columns in entries.items():
            names = [columns] if isinstance(columns, str) else columns if isinstance(columns, list) else []
            for name in names:
                yield f"{section}.{field}", name


def _need_columns(mapping: TableMapping, names: Iterable[str]) -> None:
    there = Counter(names)
    problems = [
        Problem(
            0,
            where,
            f"{there[name]} columns are called `{name}`; give them names of their own in the table"
            if name in there
            else f"no such column: {unknown_word(name, there)}",
        )
        for where, name in named_columns(mapping)
        if there[name] != 1
    ]
    if problems:
        raise ConfigError("mapping", problems)


class RowReader:
    """Makes an event of each row of one table."""

    def __init__(self, mapping: TableMapping, header: Sequence[str]) -> None:
        """Raises :class:`schemas.loop_yaml.ConfigError` where a column of the mapping is not once in the header."""
        names = [name.strip() for name in header]
        _need_columns(mapping, names)
        places = {name: place for place, name in enumerate(names)}
        self._mapping = mapping
        self._fields = [
            (field, _picked(columns, places), _meaning(field, mapping)) for field, columns in mapping.fields.items()
        ]
        self._attributes = [(name, _picked(columns, places)) for name, columns in mapping.attributes.items()]
        self._moment = moments(mapping.time_format, mapping.time_zone)
        self._type = RESPONSE_TYPE if mapping.type == "response" else TOUCHPOINT_TYPE

    def event(self, cells: Sequence[str]) -> bytes:
        """A row as a CloudEvent. Raises :class:`BadRow` for one that cannot be an event."""
        data: dict[str, Any] = {}
        for field, picked, meaning in self._fields:
            value = picked(cells)
            if value == "":
                continue
            if meaning is not None and isinstance(value, str):
                try:
                    value = meaning(value)
                except ValueError as error:
                    raise BadRow(f"data.{field}", str(error)) from None
            data[field] = value
        number, at = data.pop("id", None), data.pop("time", None)
        if number is None:
            raise BadRow("id", "empty; a row without an id cannot be sent twice safely", "missing")
        if at is None:
            raise BadRow("time", "empty", "missing")
        if "amount" in data or "currency" in data:
            data["value"] = {name: str(data.pop(name, "")) for name in _MONEY}
        if given := {name: value for name, picked in self._attributes if (value := picked(cells)) != ""}:
            data["attributes"] = given
        event = {
            "specversion": "1.0",
            "id": str(number),
            "source": self._mapping.source,
            "type": self._type,
            "time": self._time(str(at)),
            "data": data,
        }
        try:
            return msgspec.json.encode(event)
        except UnicodeEncodeError:
            problem = f"not {self._mapping.encoding}; name the file's encoding in the mapping"
            raise BadRow("", problem, "not_utf8") from None

    def _time(self, text: str) -> str:
        try:
            return self._moment(text).isoformat()
        except (ValueError, OverflowError) as error:
            raise BadRow("time", str(error)) from None


def _picked(columns: Columns, places: Mapping[str, int]) -> Callable[[Sequence[str]], Value]:
    """What gives the value of a field by a row's cells."""
    if isinstance(columns, Constant):
        constant = columns.value
        return lambda cells: constant  # noqa: ARG005 - the same for every row
    if isinstance(columns, str):
        place = places[columns]
        return lambda cells: cells[place].strip()
    joined = [places[name] for name in columns]

    def several(cells: Sequence[str]) -> str:
        parts = [cells[place].strip() for place in joined]
        return ":".join(parts) if any(parts) else ""

    return several


def _meaning(field: str, mapping: TableMapping) -> Callable[[str], Value] | None:
    """What makes the value of a field of its text; ``None`` where it is the text."""
    if field in _INTEGERS:
        return partial(whole, decimal=mapping.decimal)
    if field in _FLAGS:
        return flag
    return partial(amount, decimal=mapping.decimal) if field == "amount" else None
