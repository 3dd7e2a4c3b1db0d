"""What is exported: where it is asked for, and its columns with their types in a table that has types."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import Struct

from gateway.case_shapes import Case
from gateway.case_table import CASE_COLUMNS, case_cells
from gateway.exports.answers import WITHOUT_COMMENT, Answer
from gateway.exports.days import COLUMNS as DAY_COLUMNS
from gateway.metric_rows import DayValue

Type = Literal["text", "whole", "number", "flag", "time", "day"]

_WHOLE = frozenset({"id", "version", "n", "score", "scale_min", "scale_max", "answer_count", "incident"})
_NUMBER = frozenset({"value", "low", "high"})
_FLAG = frozenset({"too_few", "higher_is_better", "contact_requested", "page"})


class Exported(Struct, frozen=True):
    """One kind of rows: its path in the API, its columns, and how a line of JSON becomes a row of them."""

    path: str
    columns: tuple[tuple[str, Type], ...]
    row: Callable[[bytes], list[Any]]


def _columns(names: tuple[str, ...], times: frozenset[str], **other: Type) -> tuple[tuple[str, Type], ...]:
    def type_of(name: str) -> Type:
        if name in other:
            return other[name]
        if name in times:
            return "time"
        if name in _WHOLE:
            return "whole"
        if name in _NUMBER:
            return "number"
        return "flag" if name in _FLAG else "text"

    return tuple((name, type_of(name)) for name in names)


def _plain(names: tuple[str, ...], shape: type[Struct]) -> Callable[[bytes], list[Any]]:
    decoder = msgspec.json.Decoder(shape)

    def row(line: bytes) -> list[Any]:
        found = decoder.decode(line)
        return [_cell(getattr(found, name)) for name in names]

    return row


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return None if value is msgspec.UNSET else value


def _case_row(line: bytes) -> list[Any]:
    return case_cells(_case.decode(line))


_case = msgspec.json.Decoder(Case)
_ANSWER = (*WITHOUT_COMMENT, "comment")
_CASE_TIMES = frozenset(name for name in CASE_COLUMNS if name.endswith(("_at", "_until", "_by")))

METRICS = Exported(
    "/v1/metrics/export",
    _columns(DAY_COLUMNS, frozenset({"as_of"}), day="day"),
    _plain(DAY_COLUMNS, DayValue),
)
RESPONSES = Exported(
    "/v1/responses/export",
    _columns(_ANSWER, frozenset({"time", "received_at"}), id="text"),
    _plain(_ANSWER, Answer),
)
CASES = Exported("/v1/cases/export", _columns(CASE_COLUMNS, _CASE_TIMES), _case_row)
