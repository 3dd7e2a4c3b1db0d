"""CSV with a mapping: rows become valid events with stable ids; bad rows are named, and bad mappings before all."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeloop.importer.csv_rows import BrokenRow, Row, csv_rows
from closeloop.importer.mapping import load_mapping
from closeloop.importer.source import Line, Rejected, SourceError
from closeloop.importer.table import CsvTable
from schemas.cloudevents import EventReader
from schemas.events import Money, ResponseEvent, TouchpointEvent
from schemas.loop_yaml import ConfigError
from schemas.scales import DEFAULT_METRICS
from tests.client.stub import StubGateway, running
from tests.importer.test_import import Run

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
ANSWERS = """
type: response
source: /survey/export
fields:
  id: [survey, Answer id]
  time: answered at
  customer_id: customer
  metric: {value: csat}
  score: stars
  comment: text
  language: {value: pt}
  contact_requested: call me
attributes:
  region: state
  channel_group: {value: 7}
time_zone: America/Sao_Paulo
time_format: "%d/%m/%Y %H:%M"
"""
HEADER = "survey,Answer id,answered at,customer,stars,text,call me,state"


def _mapping(folder: Path, text: str = ANSWERS) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(text)
    return path


def _read(folder: Path, table: str | bytes, mapping: str = ANSWERS) -> list[Line | Rejected]:
    raw = table.encode() if isinstance(table, str) else table
    return list(CsvTable(io.BytesIO(raw), load_mapping(_mapping(folder, mapping))).rows())


def test_a_row_is_a_valid_answer(tmp_path: Path) -> None:
    row = 's1,17,02/03/2018 22:15,c42,2,"chegou, mas\n""quebrado""",yes,SP'
    (line,) = _read(tmp_path, f"{HEADER}\n{row}\n")
    assert isinstance(line, Line)
    assert line.number == 2, "a row is known by the line it begins in"
    event = EventReader(DEFAULT_METRICS).read(line.value, NOW)
    assert isinstance(event, ResponseEvent)
    assert (event.id, event.source) == ("s1:17", "/survey/export")
    assert event.time == datetime(2018, 3, 3, 1, 15, tzinfo=UTC)
    assert event.data.comment == 'chegou, mas\n"quebrado"'
    assert (event.data.metric, event.data.score, event.data.language) == ("csat", 2, "pt")
    assert event.data.contact_requested is True
    assert event.data.attributes == {"region": "SP", "channel_group": 7}


def test_a_row_is_a_valid_touchpoint(tmp_path: Path) -> None:
    mapping = """
type: touchpoint
source: /shop/orders
delimiter: ";"
encoding: cp1252
fields: {id: order, time: when, customer_id: who, touchpoint: {value: order.delivered}, outcome: how, duration_ms: ms,
         amount: total, currency: {value: EUR}}
attributes: {city: city}
"""
    table = "order;when;who;how;ms;total;city\no1;2026-11-20T10:00:00+01:00;c1;ok;1200;19.90;Malmö\n"
    (line,) = _read(tmp_path, table.encode("cp1252"), mapping)
    assert isinstance(line, Line)
    event = EventReader(DEFAULT_METRICS).read(line.value, NOW)
    assert isinstance(event, TouchpointEvent)
    assert event.data.value == Money("19.90", "EUR")
    assert (event.data.duration_ms, event.data.outcome) == (1200, "ok")
    assert event.data.attributes == {"city": "Malmö"}


def test_empty_cells_are_left_out(tmp_path: Path) -> None:
    (line,) = _read(tmp_path, f"{HEADER}\ns1,17,02/03/2018 22:15,c42,2,,no,\n")
    assert isinstance(line, Line)
    data = json.loads(line.value)["data"]
    assert "comment" not in data
    assert data["contact_requested"] is False
    assert data["attributes"] == {"channel_group": 7}


@pytest.mark.parametrize(
    ("row", "reason", "field"),
    [
        (",,02/03/2018 22:15,c42,2,,no,SP", "missing", "id"),
        ("s1,17,,c42,2,,no,SP", "missing", "time"),
        ("s1,17,2018-03-02,c42,2,,no,SP", "invalid", "time"),
        ("s1,17,02/03/2018 22:15,c42,two,,no,SP", "invalid", "data.score"),
        ("s1,17,02/03/2018 22:15,c42,2.5,,no,SP", "invalid", "data.score"),
        ("s1,17,02/03/2018 22:15,c42,2,,perhaps,SP", "invalid", "data.contact_requested"),
        ("s1,17,02/03/2018 22:15,c42,2,,no", "not_csv", ""),
        ("s1,17,02/03/2018 22:15,c42,2,,no,SP,more", "not_csv", ""),
    ],
)
def test_a_bad_row_is_named_and_the_next_is_read(tmp_path: Path, row: str, reason: str, field: str) -> None:
    good = "s1,18,02/03/2018 22:15,c42,2,,no,SP"
    bad, line = _read(tmp_path, f"{HEADER}\n{row}\n\n{good}\n")
    assert isinstance(bad, Rejected)
    assert (bad.line.number, bad.reason, bad.field) == (2, reason, field)
    assert bad.line.row == tuple(row.split(","))
    assert isinstance(line, Line)
    assert line.number == 4


def test_amounts_of_a_spreadsheet_with_decimal_commas(tmp_path: Path) -> None:
    mapping = """
type: touchpoint
source: /shop/orders
delimiter: ";"
decimal: ","
time_format: excel
time_zone: Europe/Berlin
fields: {id: order, time: when, customer_id: who, touchpoint: {value: order.delivered}, duration_ms: ms,
         amount: total, currency: {value: EUR}}
"""
    (line,) = _read(tmp_path, "order;when;who;ms;total\n007;44927,5;c1;1200,0;1.234,50\n", mapping)
    assert isinstance(line, Line)
    event = EventReader(DEFAULT_METRICS).read(line.value, NOW)
    assert isinstance(event, TouchpointEvent)
    assert (event.id, event.data.value, event.data.duration_ms) == ("007", Money("1234.50", "EUR"), 1200)
    assert event.time == datetime(2023, 1, 1, 11, tzinfo=UTC)


def test_bytes_that_are_not_the_encoding_are_named(tmp_path: Path) -> None:
    table = f"{HEADER}\ns1,17,02/03/2018 22:15,c42,2,caf\xe9,no,SP\n".encode("latin-1")
    (bad,) = _read(tmp_path, table)
    assert isinstance(bad, Rejected)
    assert (bad.reason, bad.line.number) == ("not_utf8", 2)


def test_half_a_character_at_the_end_of_utf16_is_a_clear_error(tmp_path: Path) -> None:
    mapping = ANSWERS + "encoding: utf-16\n"
    table = f"{HEADER}\ns1,17,02/03/2018 22:15,c42,2,olá,no,SP\n"
    assert len(_read(tmp_path, table.encode("utf-16"), mapping)) == 1
    with pytest.raises(SourceError, match="not utf-16"):
        _read(tmp_path, table.encode("utf-16")[:-1], mapping)


def test_a_time_without_a_zone_needs_one(tmp_path: Path) -> None:
    (bad,) = _read(
        tmp_path,
        f"{HEADER}\ns1,17,02/03/2018 22:15,c42,2,,no,SP\n",
        ANSWERS.replace("time_zone: America/Sao_Paulo", ""),
    )
    assert isinstance(bad, Rejected)
    assert "time_zone" in bad.problem


def test_an_empty_table_is_empty(tmp_path: Path) -> None:
    assert _read(tmp_path, "") == []
    assert _read(tmp_path, HEADER) == []


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"fields\.score: no such column: `stars` is not known; did you mean starz"):
        _read(tmp_path, HEADER.replace("stars", "starz"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("type: response", "type: responce", "mapping.yaml:2: type: `responce` is not known; did you mean response?"),
        ("  score: stars\n", "", "mapping.yaml:4: fields.score: missing"),
        ("  id: [survey, Answer id]\n", "", "would count everything twice"),
        ("  comment: text", "  coment: text", "fields.coment: `coment` is not known; did you mean comment?"),
        ("America/Sao_Paulo", "America/Sao_Paolo", "such as America/Sao_Paulo"),
        ("metric: {value: csat}", "metric: {vaule: csat}", "fields.metric"),
        ("type: response", "type: response\ntype: response", "given twice"),
        ('"%d/%m/%Y %H:%M"', '"DD/MM/YYYY"', "mapping.yaml:17: time_format: no form of a day"),
        ("type: response", "type: response\ndelimiter: '\"'", "delimiter: stands between no columns"),
        ("  region: state", f"  {'r' * 65}: state", "64 characters at most"),
    ],
)
def test_a_mapping_that_is_wrong_is_named_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in ANSWERS
    with pytest.raises(ConfigError) as refused:
        load_mapping(_mapping(tmp_path, ANSWERS.replace(old, new)))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ('s1,2,02/03/2018 22:15,c,2,ok,no,"SP', "open until the file ends"),
        ('s1,2,02/03/2018 22:15,c,2,"say "hi" to them",no,SP', "is written twice"),
        ('s1,2,02/03/2018 22:15,c,2,ok,no,"SP' + "x" * 140_000, "over 131,072 characters"),
        ('"' + "x" * 1_100_000, "a line of over 1,048,576 characters"),
    ],
)
def test_a_stray_quote_costs_its_own_line_and_swallows_no_row(tmp_path: Path, broken: str, said: str) -> None:
    good = [f"s1,{n},02/03/2018 22:15,c,2,ok,no,SP" for n in (1, 3, 4)]
    first, bad, *others = _read(tmp_path, "\n".join([HEADER, good[0], broken, *good[1:]]))
    assert isinstance(bad, Rejected)
    assert (bad.line.number, bad.reason, bad.line.row) == (3, "not_csv", tuple(broken[: 1024 * 1024].split(",")))
    assert said in bad.problem
    arrived = [json.loads(line.value)["id"] for line in (first, *others) if isinstance(line, Line)]
    assert arrived == ["s1:1", "s1:3", "s1:4"]


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=2, max_size=4), max_size=12))
def test_whatever_a_csv_writer_writes_is_read_as_it_was(table: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(table)
    found = list(csv_rows(io.StringIO(text.getvalue(), newline=""), ","))
    assert [row.cells for row in found] == table
    assert all(isinstance(row, Row) for row in found)


@given(st.lists(st.sampled_from(["a,b", 'c,"d"', 'e,"f\ng"', 'bad,"x', 'bad,"x"y']), max_size=30))
def test_only_the_lines_that_break_the_rules_are_broken(parts: list[str]) -> None:
    expected, line = [], 1
    for part in parts:
        expected.append((line, part.startswith("bad")))
        line += part.count("\n") + 1
    found = list(csv_rows(io.StringIO("".join(part + "\n" for part in parts), newline=""), ","))
    # What follows a stray quote may be read as lines of its own: only a row over several lines can be cut so.
    if 'e,"f\ng"' not in parts:
        assert [(row.line, isinstance(row, BrokenRow)) for row in found] == expected
    assert {row.line for row in found if isinstance(row, BrokenRow)} >= {line for line, bad in expected if bad}


@pytest.mark.parametrize(
    ("table", "mapping"),
    [
        ("\r\n \r\n{header}\r\n{row}\r\n,,,,,,,\r\n  \r\n", ""),  # blank lines, as spreadsheets leave them
        ("\ufeffsep=;\n{header}\n{row}\n", "delimiter: ';'"),
        ("{header}\n{row},,\n", ""),  # cells behind the last column, all of them empty
        ("\ufeff{header}\r{row}", ""),
        ("{header}\n{row}\n", "encoding: utf-16"),
    ],
)
def test_what_spreadsheets_leave_in_a_table_is_no_row(tmp_path: Path, table: str, mapping: str) -> None:
    text = table.format(header=HEADER, row="s1,17,02/03/2018 22:15,c42,2,olá,no,SP")
    text = text.replace(",", ";") if "delimiter" in mapping else text
    content = text.encode("utf-16" if "utf-16" in mapping else "utf-8")
    (line,) = _read(tmp_path, content, f"{ANSWERS}{mapping}\n")
    assert isinstance(line, Line)
    assert json.loads(line.value)["data"]["comment"] == "olá"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER.replace("state", "stars").encode(), r"fields\.score: 2 columns are called `stars`"),
        (HEADER.replace(",", ";").encode(), r'delimiter: the header is one column by it; say delimiter: ";"'),
        (HEADER.replace(",", "\t").encode(), r'say delimiter: "\\t"'),
        (HEADER.encode("utf-16"), "the header is not utf-8; name the file's encoding"),
        (HEADER.replace("state", "região").encode("cp1252"), "the header is not utf-8; name the file's encoding"),
        (b'"' + HEADER.encode(), "line 1, the header: a cell is open until the file ends"),
    ],
)
def test_a_header_that_cannot_be_right_says_what_to_change(tmp_path: Path, header: bytes, said: str) -> None:
    mapping = ANSWERS.replace("region: state", "region: survey")
    with pytest.raises((ConfigError, SourceError), match=said):
        _read(tmp_path, header, mapping)


def test_a_row_of_several_lines_with_too_many_columns_says_where_it_ends(tmp_path: Path) -> None:
    (bad,) = _read(tmp_path, f'{HEADER}\ns1,17,02/03/2018 22:15,c42,2,"a\nb\nc",no,SP,more\n')
    assert isinstance(bad, Rejected)
    assert bad.problem == "9 columns where the header has 8; a quoted cell goes on to line 4"


def test_an_import_of_a_table_end_to_end(tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    table.write_text(f"{HEADER}\ns1,17,02/03/2018 22:15,c42,2,,no,SP\ns1,18,x,c42,2,,no,SP\n")
    run = Run(tmp_path)
    with running(StubGateway()) as gateway:
        assert run(table, gateway.url, mapping=_mapping(tmp_path)) == 1
        assert gateway.ids() == ["s1:17"]
        assert run.out.splitlines()[0] == "sent 1  accepted 1  rejected 1"
        assert run(table, gateway.url, mapping=_mapping(tmp_path, "type: x")) == 1
        assert "mapping.yaml:1: type:" in run.err


def test_the_documented_mapping_reads_the_documented_table(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "import.md").read_text()
    mapping, table = page.split("```yaml\n")[1].split("```")[0], page.split("```csv\n")[1].split("```")[0]
    reader = EventReader(DEFAULT_METRICS)
    lines = _read(tmp_path, table, mapping)
    assert len(lines) == 2
    for line in lines:
        assert isinstance(line, Line)
        reader.read(line.value, NOW)
