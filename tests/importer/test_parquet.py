"""Parquet: every type of a cell is read as a CSV would show it, and what cannot be read is named."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from closeloop.importer.mapping import load_mapping
from closeloop.importer.parquet import ParquetTable
from closeloop.importer.source import Line, SourceError
from closeloop.importer.table import CsvTable
from schemas.loop_yaml import ConfigError
from tests.client.stub import StubGateway
from tests.importer.tables import MAPPING, a_table, gateway, run_it

__all__ = ["gateway"]  # a fixture


def _parquet(path: Path, columns: dict[str, Any], **more: Any) -> Path:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table(columns), path, **more)
    return path


def test_parquet_gives_the_events_that_a_csv_gives(tmp_path: Path) -> None:
    csv_path, mapping_path = a_table(tmp_path, 30)
    with csv_path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["score"] = [float(score) for score in columns["score"]]  # as tools write whole numbers that may be missing
    columns["at"] = [datetime(2026, 11, 20, 10, tzinfo=UTC)] * 30
    path = _parquet(tmp_path / "answers.parquet", columns, row_group_size=7)
    mapping = load_mapping(mapping_path)
    with csv_path.open("rb") as stream:
        wanted = [line.value.replace(b"Z", b"") for line in CsvTable(stream, mapping).rows() if isinstance(line, Line)]
    for after in (0, 3, 14, 29, 30):
        found = list(ParquetTable(path, mapping).rows(after))
        assert [line.number for line in found if isinstance(line, Line)] == list(range(after + 1, 31))
        values = [line.value.replace(b"+00:00", b"") for line in found if isinstance(line, Line)]
        assert values == [value.replace(b"+00:00", b"") for value in wanted[after:]]


def test_parquet_has_a_type_for_everything_and_each_is_read(gateway: StubGateway, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    _, mapping = a_table(tmp_path, 1)
    mapping.write_text(f"{MAPPING}time_format: '%d/%m/%Y'\n")  # of the CSV; a typed time needs none
    second = 1_795_168_800  # 2026-11-20T10:00:00Z
    columns = {
        "answer": ["a1", "a2"], "customer": pa.array(["c", "d"]).dictionary_encode(), "region": ["SP", "RJ"],
        "at": pa.array([second * 10**9 + 1, second * 10**9], type=pa.timestamp("ns", tz="America/Sao_Paulo")),
        "score": [9.0, float("nan")], "text": pa.array([19.9, None], type=pa.float32()),
        "nested": [{"a": 1}, {"a": 2}], "far": pa.array([10**12] * 2, type=pa.timestamp("s", tz="Mars/Base")),
        "span": pa.array([1, 2], type=pa.duration("ns")), "hour": pa.array([1, 2], type=pa.time64("ns")),
    }  # fmt: skip
    path = _parquet(tmp_path / "answers.parquet", columns)
    code, out, err = run_it(path, gateway.url, tmp_path, mapping)
    assert (code, err) == (0, "")
    first, second_event = gateway.taken
    assert datetime.fromisoformat(first["time"]) == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert first["data"]["score"] == 9
    assert first["data"]["comment"] == "19.9"
    assert second_event["data"] == {"customer_id": "d", "metric": "nps", "attributes": {"region": "RJ"}}
    decimals = columns | {"score": pa.array([9, 8], type=pa.decimal128(5, 3)), "at": ["2026-11-20T10:00:00Z"] * 2}
    mapping.write_text(MAPPING)
    path = _parquet(tmp_path / "decimals.parquet", decimals)
    assert run_it(path, gateway.url, tmp_path, mapping)[0] == 0
    assert [event["data"]["score"] for event in gateway.taken[2:]] == [9, 8]
    mars = columns | {"at": columns["far"]}
    _, _, err = run_it(_parquet(tmp_path / "mars.parquet", mars), gateway.url, tmp_path, mapping)
    assert "fields.time: at is in the time zone 'Mars/Base'" in err
    late = columns | {"at": pa.array([10**12, second], type=pa.timestamp("s", tz="UTC"))}
    _, out, _ = run_it(_parquet(tmp_path / "late.parquet", late), gateway.url, tmp_path, mapping)
    assert out.startswith("sent 1  accepted 1  rejected 1\n")


def test_a_parquet_file_of_equal_names_keeps_its_cells_in_their_columns(gateway: StubGateway, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    _, mapping = a_table(tmp_path, 1)
    names = ["z", "answer", "at", "customer", "score", "text", "region", "z"]
    cells = ["first", "a1", "2026-11-20T10:00:00Z", "c", "bad", "t", "SP", "last"]
    path = tmp_path / "answers.parquet"
    parquet.write_table(pa.table([pa.array([cell]) for cell in cells], names=names), path)
    assert run_it(path, gateway.url, tmp_path, mapping)[0] == 1
    with (tmp_path / "answers.parquet.rejected.csv").open(newline="") as report:
        assert list(csv.reader(report))[1][: len(cells)] == cells
    parquet.write_table(pa.table([pa.array([cell]) for cell in cells], names=[*names[:-1], "score"]), path)
    assert "fields.score: 2 columns are called `score`" in run_it(path, gateway.url, tmp_path, mapping)[2]


def test_parquet_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    _, mapping_path = a_table(tmp_path, 1)
    mapping = load_mapping(mapping_path)
    no_parquet = tmp_path / "a.parquet"
    no_parquet.write_bytes(b"hello" * 100)
    with pytest.raises(SourceError, match="not a Parquet file"):
        ParquetTable(no_parquet, mapping)
    for path, said in ((tmp_path / "none.parquet", "no such file"), (tmp_path, "a folder")):
        with pytest.raises(SourceError, match=said):
            ParquetTable(path, mapping)
    whole = _parquet(tmp_path / "whole.parquet", {"answer": ["1"]})
    content = whole.read_bytes()
    whole.write_bytes(content[:-100] + b"\xff" * 60 + content[-40:])
    with pytest.raises(SourceError, match="not a Parquet file"):
        ParquetTable(whole, mapping)
    lists = {name: ["1"] for name in ("answer", "at", "customer", "text", "region")} | {"score": [[1, 2]]}
    with pytest.raises(ConfigError, match="score holds lists"):
        ParquetTable(_parquet(tmp_path / "lists.parquet", lists), mapping)


def test_what_a_parquet_row_lacks_is_named(gateway: StubGateway, tmp_path: Path) -> None:
    _, mapping = a_table(tmp_path, 1)
    columns = {
        "answer": ["a1", None, "a3"], "at": ["2026-11-20T10:00:00Z"] * 3, "customer": ["c"] * 3, "score": [1, 2, None],
        "text": [None, "b", "c"], "region": ["SP"] * 3,
    }  # fmt: skip
    path = _parquet(tmp_path / "answers.parquet", columns)
    code, out, _ = run_it(path, gateway.url, tmp_path, mapping)
    assert code == 1
    assert "line 2: id: empty" in out
    assert gateway.taken[0]["data"] == {"customer_id": "c", "metric": "nps", "score": 1, "attributes": {"region": "SP"}}
