"""The history of metrics as a file: page by page in the order of day, cut and series."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Text, cast, select, tuple_
from sqlalchemy.orm import Session, sessionmaker

from gateway.case_table import Cell, csv_lines, json_cell
from gateway.metric_rows import DayValue
from schemas.tables import MetricDayRow

PAGE = 2_000
COLUMNS = DayValue.__struct_fields__
_day_value = msgspec.json.Decoder(DayValue)


class DayFilter(Struct, frozen=True, kw_only=True):
    """Which days are asked for; ``first`` and ``last`` are included. ``None`` is everything."""

    metric: str | None = None
    cut: str | None = None
    first: date | None = None
    last: date | None = None


def day_pages(readers: sessionmaker[Session], wanted: DayFilter) -> Iterator[list[DayValue]]:
    """Every day that fits, a short transaction a page. A day that is amended meanwhile is as it is when it is read."""
    place: tuple[str, date, str, str] | None = None
    while True:
        key = tuple_(MetricDayRow.metric, MetricDayRow.day, MetricDayRow.cut, MetricDayRow.id)
        query = select(
            MetricDayRow.metric, MetricDayRow.day, MetricDayRow.cut, MetricDayRow.id, cast(MetricDayRow.payload, Text)
        )
        if wanted.metric is not None:
            query = query.where(MetricDayRow.metric == wanted.metric)
        if wanted.cut is not None:
            query = query.where(MetricDayRow.cut == wanted.cut)
        if wanted.first is not None:
            query = query.where(MetricDayRow.day >= wanted.first)
        if wanted.last is not None:
            query = query.where(MetricDayRow.day <= wanted.last)
        if place is not None:
            query = query.where(key > tuple_(*place))
        with readers() as session:
            rows = session.execute(
                query.order_by(MetricDayRow.metric, MetricDayRow.day, MetricDayRow.cut, MetricDayRow.id).limit(PAGE)
            ).all()
        yield [_day_value.decode(payload) for _, _, _, _, payload in rows]
        if len(rows) < PAGE:
            return
        metric, day, cut, number, _ = rows[-1]
        place = (metric, day, cut, number)


def days_as_csv(found: Iterator[list[DayValue]]) -> Iterator[bytes]:
    """A header and a line a day and series; dictionaries are JSON."""
    yield csv_lines([COLUMNS]).encode()
    for rows in found:
        if rows:
            yield csv_lines(map(_cells, rows)).encode()


def _cells(row: DayValue) -> list[Cell]:
    return [_cell(getattr(row, name)) for name in COLUMNS]


def _cell(value: Any) -> Cell:
    if isinstance(value, dict):
        return json_cell(value)
    return value.isoformat() if type(value) is date else value
