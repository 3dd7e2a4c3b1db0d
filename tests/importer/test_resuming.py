"""An import that was interrupted goes on; the report can be mended and imported; a dry run sends nothing."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeloop.importer import run_import
from closeloop.importer.checkpoint import CheckpointError, Identity, Position, checkpoint
from closeloop.importer.dry_run import run_dry
from closeloop.importer.mapping import load_mapping
from closeloop.importer.pace import pace
from closeloop.importer.parquet import ParquetTable
from closeloop.importer.repeats import Repeats
from closeloop.importer.source import Line, SourceError
from closeloop.importer.table import CsvTable
from schemas.loop_yaml import ConfigError, load
from tests.client.stub import Fault, StubGateway, running

MAPPING = """
type: response
source: /survey
fields: {id: answer, time: at, customer_id: customer, metric: {value: nps}, score: score, comment: text}
attributes: {region: region}
"""
EXAMPLE = Path(__file__).parents[2] / "loop.yaml"


@pytest.fixture
def gateway() -> Iterator[StubGateway]:
    with running(StubGateway()) as stub:
        yield stub


def _table(folder: Path, rows: int, bad: frozenset[int] = frozenset()) -> tuple[Path, Path]:
    """A CSV of answers a1.., some with a score that no NPS has, and its mapping."""
    path, mapping = folder / "answers.csv", folder / "mapping.yaml"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["answer", "at", "customer", "score", "text", "region", "not used"])
        for n in range(1, rows + 1):
            writer.writerow([f"a{n}", "2026-11-20T10:00:00Z", f"c{n}", 99 if n in bad else n % 11, "=1+1", "SP", "x"])
    mapping.write_text(MAPPING)
    return path, mapping


def _run(path: Path, url: str, folder: Path, mapping: Path | None, **more: Any) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    more = {"retry_for": 0.0, "batch": 10, **more}
    code = run_import(path, url, mapping=mapping, checkpoints=folder / "kept", out=out, err=err, **more)
    return code, out.getvalue(), err.getvalue()


def test_it_goes_on_after_the_last_answered_batch_and_counts_all_its_runs(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = _table(tmp_path, 100, bad=frozenset({5, 95}))
    gateway.faults = [*[Fault(close_after=True)] * 4, Fault(503)]
    code, out, err = _run(path, gateway.url, tmp_path, mapping)
    assert code == 1
    assert "go on where it stopped" in err
    assert out.startswith("sent 40  accepted 39  rejected 1\n")
    gateway.faults = [Fault(close_after=True), Fault(503)]
    assert _run(path, gateway.url, tmp_path, mapping)[1].startswith("sent 50  accepted 49  rejected 1\n")
    code, out, err = _run(path, gateway.url, tmp_path, mapping)
    assert "goes on after line 51: 50 were sent before" in err
    assert out.startswith("sent 100  accepted 98  rejected 2\n")
    assert gateway.ids() == [f"a{n}" for n in range(1, 101) if n not in (5, 95)]
    with (tmp_path / "answers.csv.rejected.csv").open(newline="") as report:
        assert [row["rejected_line"] for row in csv.DictReader(report)] == ["6", "96"]


def test_one_that_is_interrupted_begins_anew_with_restart(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = _table(tmp_path, 20)
    gateway.faults = [Fault(close_after=True), Fault(503)]
    assert _run(path, gateway.url, tmp_path, mapping)[0] == 1
    code, out, err = _run(path, gateway.url, tmp_path, mapping, restart=True)
    assert (code, out) == (0, "sent 20  accepted 20  rejected 0\n")
    assert "goes on" not in err
    assert len(gateway.ids()) == 10 + 20


def test_one_that_has_ended_is_not_sent_twice_unasked(gateway: StubGateway, tmp_path: Path) -> None:
    """The streams forget ids after a day: a second import of the same file would count all of it once more."""
    path, mapping = _table(tmp_path, 20, bad=frozenset({3}))
    assert _run(path, gateway.url, tmp_path, mapping)[0] == 1
    report = tmp_path / "answers.csv.rejected.csv"
    report.write_text("mended")
    code, out, err = _run(path, gateway.url, tmp_path, mapping)
    assert (code, out) == (1, "sent 20  accepted 19  rejected 1\n")
    assert f"imported here to its end at {datetime.now(UTC):%Y-%m-%d}" in err
    assert "--restart sends it again" in err
    assert len(gateway.ids()) == 19
    assert report.read_text() == "mended", "what somebody mends meanwhile was written over"
    assert _run(path, gateway.url, tmp_path, mapping, restart=True)[1].startswith("sent 20")
    assert len(gateway.ids()) == 19 * 2
    mapping.write_text(mapping.read_text() + "\n")
    assert _run(path, gateway.url, tmp_path, mapping)[1].startswith("sent 20  accepted 19"), "by another mapping"
    whole, more = path.read_bytes(), b"a21,2026-11-20T10:00:00Z,c,3,t,SP,x\n"
    path.write_bytes(whole + more)
    code, out, err = _run(path, gateway.url, tmp_path, mapping)
    assert (code, out) == (1, "")
    assert "has grown since. Import what is behind line 21 as a file of its own" in err
    path.write_bytes(whole.replace(b"a1,", b"b1,") + more)
    assert _run(path, gateway.url, tmp_path, mapping)[1].startswith("sent 21  accepted 20"), "it is another file"


def test_one_of_which_nothing_was_taken_is_tried_again(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = _table(tmp_path, 3, bad=frozenset({1, 2, 3}))
    for _ in range(2):
        assert _run(path, gateway.url, tmp_path, mapping)[1].startswith("sent 3  accepted 0  rejected 3")
    assert len(gateway.requests) == 2


@pytest.mark.parametrize(("old", "new"), [('"version":1', '"version":2'), ('"sent"', '"later"'), ('"line":11', '"li')])
def test_what_another_version_kept_is_not_gone_on_with(
    gateway: StubGateway, tmp_path: Path, old: str, new: str
) -> None:
    path, mapping = _table(tmp_path, 20)
    gateway.faults = [Fault(close_after=True), Fault(503)]
    assert _run(path, gateway.url, tmp_path, mapping)[0] == 1
    (kept,) = (tmp_path / "kept").iterdir()
    assert old in kept.read_text()
    kept.write_text(kept.read_text().replace(old, new))
    code, _, err = _run(path, gateway.url, tmp_path, mapping)
    assert code == 1
    assert f"{kept}: how far an interrupted import came cannot be read" in err
    assert len(gateway.ids()) == 10
    assert _run(path, gateway.url, tmp_path, mapping, restart=True)[0] == 0


@pytest.mark.parametrize("what", ["the file", "the mapping"])
def test_what_has_changed_meanwhile_is_not_gone_on_with(gateway: StubGateway, tmp_path: Path, what: str) -> None:
    path, mapping = _table(tmp_path, 20)
    gateway.faults = [Fault(close_after=True), Fault(503)]
    assert _run(path, gateway.url, tmp_path, mapping)[0] == 1
    changed = path if what == "the file" else mapping
    changed.write_text(changed.read_text() + ("\n" if changed is mapping else "a,b\n"))
    code, _, err = _run(path, gateway.url, tmp_path, mapping)
    assert code == 1
    assert f"{what} has changed" in err
    assert "--restart" in err
    assert len(gateway.ids()) == 10


def test_kill_9_loses_at_most_the_batch_that_was_under_way(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = _table(tmp_path, 2000)
    command = (
        "import sys; from pathlib import Path; from closeloop.importer import run_import;"
        f"sys.exit(run_import({str(path)!r}, {gateway.url!r}, mapping={str(mapping)!r}, batch=50,"
        f" checkpoints=Path({str(tmp_path / 'kept')!r})))"
    )
    killed = subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(gateway.ids()) < 200 and killed.poll() is None:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait(60)
    before = len(gateway.ids())
    assert 200 <= before < 2000, "it was not killed in the middle"
    code, out, _ = _run(path, gateway.url, tmp_path, mapping, batch=50)
    assert (code, out) == (0, "sent 2,000  accepted 2,000  rejected 0\n")
    assert set(gateway.ids()) == {f"a{n}" for n in range(1, 2001)}
    assert len(gateway.ids()) <= 2000 + 50


def test_two_imports_of_one_file_do_not_run_at_once(tmp_path: Path) -> None:
    identity = Identity(file="/f", size=1, head="h", mapping="", url="http://x")
    with (
        checkpoint(tmp_path, identity, restart=False),
        pytest.raises(CheckpointError, match="is running"),
        checkpoint(tmp_path, identity, restart=False),
    ):
        pass


@given(st.lists(st.integers(1, 10**9), max_size=5), st.integers(0, 400))
def test_a_torn_checkpoint_goes_on_from_its_last_whole_line(tmp_path_factory: Any, lines: list[int], cut: int) -> None:
    folder = tmp_path_factory.mktemp("kept")
    identity = Identity(file="/f", size=1, head="h", mapping="", url="http://x")
    with checkpoint(folder, identity, restart=False) as kept:
        for line in sorted(lines):
            kept.keep(Position(line=line, sent=line))
    file = folder / identity.name
    whole = file.read_bytes()
    torn = whole[: max(0, len(whole) - cut)]
    file.write_bytes(torn)
    survivors = torn[: torn.rfind(b"\n") + 1].splitlines()[1:]
    expected = json.loads(survivors[-1])["line"] if survivors else 0
    for _ in range(2):
        with checkpoint(folder, identity, restart=False) as kept:
            assert kept.start.line == expected
            kept.keep(Position(line=expected))


def test_a_mended_report_is_imported_by_the_same_mapping(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = _table(tmp_path, 30, bad=frozenset({7}))
    assert _run(path, gateway.url, tmp_path, mapping)[0] == 1
    report = tmp_path / "answers.csv.rejected.csv"
    with report.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["text"], row["not used"], row["rejected_field"]) == ("=1+1", "x", "data.score")
    report.write_text(report.read_text().replace(",99,", ",9,"))
    assert _run(report, gateway.url, tmp_path, mapping)[:2] == (0, "sent 1  accepted 1  rejected 0\n")
    assert set(gateway.ids()) == {f"a{n}" for n in range(1, 31)}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8"])
def test_a_report_is_read_by_the_mapping_of_its_table_whatever_that_says(
    gateway: StubGateway, tmp_path: Path, encoding: str
) -> None:
    path, mapping = _table(tmp_path, 40, bad=frozenset({7, 35}))
    text = path.read_text().replace(",", ";").replace("SP", "São Paulo")
    path.write_text(text, encoding=encoding)
    mapping.write_text(f"{MAPPING}delimiter: ';'\nencoding: {encoding}\n")
    gateway.faults = [*[Fault(close_after=True)] * 2, Fault(503)]
    assert _run(path, gateway.url, tmp_path, mapping)[0] == 1, "the report is gone on with, too"
    assert _run(path, gateway.url, tmp_path, mapping)[0] == 1
    report = tmp_path / "answers.csv.rejected.csv"
    assert report.read_text(encoding=encoding).count("São Paulo") == 2
    report.write_text(report.read_text(encoding=encoding).replace(";99;", ";9;"), encoding=encoding)
    assert _run(report, gateway.url, tmp_path, mapping)[:2] == (0, "sent 2  accepted 2  rejected 0\n")
    assert {event["data"]["attributes"]["region"] for event in gateway.taken} == {"São Paulo"}
    assert set(gateway.ids()) == {f"a{n}" for n in range(1, 41)}


def test_a_row_of_too_many_columns_is_whole_in_the_report(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = _table(tmp_path, 1)
    path.write_text(path.read_text() + "a2,2026-11-20T10:00:00Z,c2,3,late, and broken,SP,x\n")
    assert _run(path, gateway.url, tmp_path, mapping)[0] == 1
    with (tmp_path / "answers.csv.rejected.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["text"], row["region"], row["not used"]) == ("late", " and broken", "SP,x")


def test_a_report_that_cannot_be_where_it_should_is_said_before_anything_is_sent(
    gateway: StubGateway, tmp_path: Path
) -> None:
    path, mapping = _table(tmp_path, 5, bad=frozenset({3}))
    before = path.read_bytes()
    for report, said in ((path, "the file to import itself"), (tmp_path / "none" / "r.csv", "no such folder")):
        code, _, err = _run(path, gateway.url, tmp_path, mapping, rejected_file=report)
        assert code == 1
        assert f"{report}: " in err
        assert said in err
        assert "--rejected" in err
    assert path.read_bytes() == before
    assert gateway.requests == []


def test_a_full_disk_stops_it_by_the_name_of_the_report_and_it_goes_on(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = _table(tmp_path, 100, bad=frozenset(range(41, 101)))
    command = (
        "import resource, signal, sys; from pathlib import Path; from closeloop.importer import run_import;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1500, -1));"
        f"sys.exit(run_import({str(path)!r}, {gateway.url!r}, mapping={str(mapping)!r}, batch=10,"
        f" checkpoints=Path({str(tmp_path / 'kept')!r})))"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert f"{path}.rejected.csv: the rejected rows cannot be written (file too large)" in done.stderr
    assert "go on where it stopped" in done.stderr
    counts = [int(word) for word in done.stdout.splitlines()[0].split() if word.isdigit()]
    assert counts == [counts[1] + counts[2], 40, counts[2]]
    code, out, _ = _run(path, gateway.url, tmp_path, mapping)
    assert (code, out.splitlines()[0]) == (1, "sent 100  accepted 40  rejected 60")
    with (tmp_path / "answers.csv.rejected.csv").open(newline="") as report:
        assert [row["answer"] for row in csv.DictReader(report)] == [f"a{n}" for n in range(41, 101)]


def test_a_key_that_ends_half_way_is_replaced_and_the_import_goes_on(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = _table(tmp_path, 40)
    expired = b'{"error":{"reason":"unauthorized","field":"","problem":"the key has expired"}}'
    gateway.faults = [Fault(close_after=True), Fault(401, body=expired)]
    code, out, err = _run(path, gateway.url, tmp_path, mapping)
    assert (code, out) == (1, "sent 10  accepted 10  rejected 0\n")
    assert "the key has expired; give a key that may send events in CLOSELOOP_API_KEY and run the same import" in err
    assert _run(path, gateway.url, tmp_path, mapping, key="new")[1] == "sent 40  accepted 40  rejected 0\n"
    assert gateway.ids() == [f"a{n}" for n in range(1, 41)]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=2)), max_size=60))
def test_ids_that_come_again_are_counted(ids: list[tuple[str, str]]) -> None:
    repeats = Repeats(1 << 20)
    for source, number in ids:
        repeats.add(source, number)
    assert repeats.count == len(ids) - len(set(ids))


def test_a_dry_run_says_what_would_come_and_sends_nothing(tmp_path: Path) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    path, mapping = _table(tmp_path, 50, bad=frozenset({3}))
    rows = path.read_text().replace("a1,2026-11-20", "a1,2020-01-01").replace("a2,2026-11-20", "a2,2026-11-17")
    path.write_text(rows)
    out = io.StringIO()
    loop = load(EXAMPLE, None)
    assert run_dry(path, loop, mapping, now=now, clock=lambda: 0.0, out=out, err=io.StringIO()) == 1
    lines = out.getvalue().splitlines()
    assert (
        run_dry(path, loop, mapping, now=now, clock=lambda: 0.0, rejected_file=path, out=out, err=io.StringIO()) == 1
    ), "the input was taken for the report"
    assert lines[0] == "dry run: 49 would be accepted, 1 rejected; nothing was sent"
    assert lines[1] == "answers nps 49"
    assert lines[2] == "from 2020-01-01 10:00 to 2026-11-20 10:00 UTC"
    assert lines[3].startswith("47 young enough to alert")
    assert lines[4].startswith("1 older than the history")
    assert "=1+1" not in out.getvalue(), "a comment was shown"
    assert "earlier one" not in out.getvalue()
    path.write_text(rows.replace("a7,", "a6,").replace("a9,", "a6,"))
    out = io.StringIO()
    assert run_dry(path, loop, mapping, now=now, clock=lambda: 0.0, out=out, err=io.StringIO()) == 1
    assert out.getvalue().splitlines()[2] == "2 have the id of an earlier one: only the first counts"
    assert "(4 characters)" in lines[-1]
    assert (tmp_path / "answers.csv.rejected.csv").exists()


def _parquet(path: Path, columns: dict[str, Any], **more: Any) -> Path:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table(columns), path, **more)
    return path


def test_parquet_gives_the_events_that_a_csv_gives(tmp_path: Path) -> None:
    csv_path, mapping_path = _table(tmp_path, 30)
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
    _, mapping = _table(tmp_path, 1)
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
    code, out, err = _run(path, gateway.url, tmp_path, mapping)
    assert (code, err) == (0, "")
    first, second_event = gateway.taken
    assert datetime.fromisoformat(first["time"]) == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert first["data"]["score"] == 9
    assert first["data"]["comment"] == "19.9"
    assert second_event["data"] == {"customer_id": "d", "metric": "nps", "attributes": {"region": "RJ"}}
    decimals = columns | {"score": pa.array([9, 8], type=pa.decimal128(5, 3)), "at": ["2026-11-20T10:00:00Z"] * 2}
    mapping.write_text(MAPPING)
    path = _parquet(tmp_path / "decimals.parquet", decimals)
    assert _run(path, gateway.url, tmp_path, mapping)[0] == 0
    assert [event["data"]["score"] for event in gateway.taken[2:]] == [9, 8]
    mars = columns | {"at": columns["far"]}
    _, _, err = _run(_parquet(tmp_path / "mars.parquet", mars), gateway.url, tmp_path, mapping)
    assert "fields.time: at is in the time zone 'Mars/Base'" in err
    late = columns | {"at": pa.array([10**12, second], type=pa.timestamp("s", tz="UTC"))}
    _, out, _ = _run(_parquet(tmp_path / "late.parquet", late), gateway.url, tmp_path, mapping)
    assert out.startswith("sent 1  accepted 1  rejected 1\n")


def test_a_parquet_file_of_equal_names_keeps_its_cells_in_their_columns(gateway: StubGateway, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    _, mapping = _table(tmp_path, 1)
    names = ["z", "answer", "at", "customer", "score", "text", "region", "z"]
    cells = ["first", "a1", "2026-11-20T10:00:00Z", "c", "bad", "t", "SP", "last"]
    path = tmp_path / "answers.parquet"
    parquet.write_table(pa.table([pa.array([cell]) for cell in cells], names=names), path)
    assert _run(path, gateway.url, tmp_path, mapping)[0] == 1
    with (tmp_path / "answers.parquet.rejected.csv").open(newline="") as report:
        assert list(csv.reader(report))[1][: len(cells)] == cells
    parquet.write_table(pa.table([pa.array([cell]) for cell in cells], names=[*names[:-1], "score"]), path)
    assert "fields.score: 2 columns are called `score`" in _run(path, gateway.url, tmp_path, mapping)[2]


def test_parquet_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    _, mapping_path = _table(tmp_path, 1)
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
    _, mapping = _table(tmp_path, 1)
    columns = {
        "answer": ["a1", None, "a3"], "at": ["2026-11-20T10:00:00Z"] * 3, "customer": ["c"] * 3, "score": [1, 2, None],
        "text": [None, "b", "c"], "region": ["SP"] * 3,
    }  # fmt: skip
    path = _parquet(tmp_path / "answers.parquet", columns)
    code, out, _ = _run(path, gateway.url, tmp_path, mapping)
    assert code == 1
    assert "line 2: id: empty" in out
    assert gateway.taken[0]["data"] == {"customer_id": "c", "metric": "nps", "score": 1, "attributes": {"region": "SP"}}


@given(st.integers(1, 10**7), st.integers(1, 10**5), st.integers(1, 10**9), st.integers(1, 10**9))
def test_the_time_left_is_the_rest_at_the_rate_so_far(sent: int, seconds: int, done: int, rest: int) -> None:
    words = pace(sent, float(seconds), float(done), float(done + rest))
    rate, left = words.split(", ")[0], words.rsplit(", ", 1)[1].removesuffix(" left")
    expected = timedelta(seconds=seconds) * (rest / done) if rest / done < 10**4 else None
    assert int(rate.removesuffix("/s").replace(",", "")) == round(sent / seconds)
    if expected is None:
        return
    minutes = expected.total_seconds() / 60
    if left == "under a minute":
        assert minutes <= 1
    elif " h " in left:
        hours, rest_minutes = left.removeprefix("about ").removesuffix(" min").split(" h ")
        assert abs(int(hours) * 60 + int(rest_minutes) - minutes) <= 0.51
    else:
        assert abs(int(left.removeprefix("about ").removesuffix(" min")) - minutes) <= 0.51


def test_a_folder_that_cannot_be_written_is_said(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = _table(tmp_path, 5)
    (tmp_path / "kept").write_text("a file")
    code, _, err = _run(path, gateway.url, tmp_path, mapping)
    assert code == 1
    assert "kept" in err
    assert "Traceback" not in err
