"""The mapping file: which column of a table is which field of an event, and a row by it as a CloudEvent.

A row's event has the same id at every run, so that a second sending of it is a known one.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from schemas.events import RESPONSE_TYPE, TOUCHPOINT_TYPE, Response, Touchpoint
from schemas.loop_checks import known_zone
from schemas.loop_yaml import ConfigError
from schemas.typed_walk import misfits, unknown_word
from schemas.yaml_source import Problem, read_yaml, show_path
from schemas.yaml_source import SourceError as YamlError

_INTEGERS = frozenset({"score", "scale_min", "scale_max", "duration_ms"})
_FLAGS = frozenset({"contact_requested", "higher_is_better"})
_ENVELOPE = ("id", "time")
_MONEY = ("amount", "currency")
_TRUE = frozenset({"true", "yes", "y", "1", "x"})
_FALSE = frozenset({"false", "no", "n", "0"})


class Constant(Struct, frozen=True, forbid_unknown_fields=True):
    """The same value in every row."""

    value: str | int | bool


Columns = str | list[str] | Constant


class TableMapping(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping file. Each of ``fields`` is a column, several columns (joined by ``:``), or ``{value: constant}``."""

    type: Literal["touchpoint", "response"]
    source: Annotated[str, Meta(min_length=1, max_length=256)]
    fields: dict[str, Columns]
    attributes: dict[str, Columns] = {}
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    encoding: Literal["utf-8", "cp1252", "latin-1", "utf-16"] = "utf-8"
    time_format: str | None = None
    """Python's strptime format; without one, ISO 8601 is read."""
    time_zone: str | None = None
    """For times that do not say their zone."""


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
    if mapping.time_zone is not None and (wrong := known_zone(mapping.time_zone)) is not None:
        yield ("time_zone",), wrong


def named_columns(mapping: TableMapping) -> Iterator[tuple[str, str]]:
    """Each column that the mapping names, with the place in the mapping that names it."""
    for section, entries in (("fields", mapping.fields), ("attributes", mapping.attributes)):
        for field, columns in entries.items():
            names = [columns] if isinstance(columns, str) else columns if isinstance(columns, list) else []
            for name in names:
                yield f"{section}.{field}", name


def need_columns(mapping: TableMapping, names: Iterable[str]) -> None:
    """Raises :class:`schemas.loop_yaml.ConfigError` where a column of the mapping is not once in the table."""
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


def event_of(row: Mapping[str, str], mapping: TableMapping) -> bytes:
    """A row, by the names of its columns, as a CloudEvent. Raises :class:`BadRow` for one that cannot be an event."""
    data: dict[str, Any] = {}
    envelope: dict[str, str] = {}
    for field, columns in mapping.fields.items():
        text = _text(row, columns)
        if text == "":
            continue
        if field in _ENVELOPE:
            envelope[field] = str(text)
        else:
            data[field] = _typed(field, text)
    if "id" not in envelope:
        raise BadRow("id", "empty; a row without an id cannot be sent twice safely", "missing")
    if "time" not in envelope:
        raise BadRow("time", "empty", "missing")
    if "amount" in data or "currency" in data:
        data["value"] = {name: str(data.pop(name, "")) for name in _MONEY}
    attributes = {name: _text(row, columns) for name, columns in mapping.attributes.items()}
    if given := {name: value for name, value in attributes.items() if value != ""}:
        data["attributes"] = given
    event = {
        "specversion": "1.0",
        "id": envelope["id"],
        "source": mapping.source,
        "type": RESPONSE_TYPE if mapping.type == "response" else TOUCHPOINT_TYPE,
        "time": _time(envelope["time"], mapping),
        "data": data,
    }
    try:
        return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        problem = f"not {mapping.encoding}; name the file's encoding in the mapping"
        raise BadRow("", problem, "not_utf8") from None


def _text(row: Mapping[str, str], columns: Columns) -> str | int | bool:
    if isinstance(columns, Constant):
        return columns.value
    if isinstance(columns, str):
        return row[columns].strip()
    parts = [row[name].strip() for name in columns]
    return ":".join(parts) if any(parts) else ""


def _typed(field: str, text: str | int | bool) -> str | int | bool:
    if not isinstance(text, str):
        return text
    if field in _INTEGERS:
        try:
            return int(text)
        except ValueError:
            raise BadRow(f"data.{field}", "not a whole number") from None
    if field in _FLAGS:
        word = text.lower()
        if word not in _TRUE | _FALSE:
            raise BadRow(f"data.{field}", "neither yes nor no")
        return word in _TRUE
    return text


def _time(text: str, mapping: TableMapping) -> str:
    try:
        moment = (
            datetime.fromisoformat(text)
            if mapping.time_format is None
            else datetime.strptime(text, mapping.time_format)  # noqa: DTZ007 - the zone is put in below
        )
    except ValueError:
        wanted = f"in the form {mapping.time_format}" if mapping.time_format else "an ISO 8601 time; give time_format"
        raise BadRow("time", f"not {wanted}") from None
    if moment.tzinfo is None:
        if mapping.time_zone is None:
            raise BadRow("time", "says no zone; give time_zone in the mapping")
        moment = moment.replace(tzinfo=ZoneInfo(mapping.time_zone))
    return moment.isoformat()
