"""The report of rejected rows can be mended and imported, and a dry run says what would come and sends nothing."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeloop.importer.dry_run import run_dry
from closeloop.importer.repeats import Repeats
from schemas.loop_yaml import load
from tests.client.stub import Fault, StubGateway
from tests.importer.tables import MAPPING, a_table, gateway, run_it

__all__ = ["gateway"]  # a fixture

EXAMPLE = Path(__file__).parents[2] / "loop.yaml"


def test_a_mended_report_is_imported_by_the_same_mapping(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = a_table(tmp_path, 30, bad=frozenset({7}))
    assert run_it(path, gateway.url, tmp_path, mapping)[0] == 1
    report = tmp_path / "answers.csv.rejected.csv"
    with report.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["text"], row["not used"], row["rejected_field"]) == ("=1+1", "x", "data.score")
    report.write_text(report.read_text().replace(",99,", ",9,"))
    assert run_it(report, gateway.url, tmp_path, mapping)[:2] == (0, "sent 1  accepted 1  rejected 0\n")
    assert set(gateway.ids()) == {f"a{n}" for n in range(1, 31)}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8"])
def test_a_report_is_read_by_the_mapping_of_its_table_whatever_that_says(
    gateway: StubGateway, tmp_path: Path, encoding: str
) -> None:
    path, mapping = a_table(tmp_path, 40, bad=frozenset({7, 35}))
    text = path.read_text().replace(",", ";").replace("SP", "São Paulo")
    path.write_text(text, encoding=encoding)
    mapping.write_text(f"{MAPPING}delimiter: ';'\nencoding: {encoding}\n")
    gateway.faults = [*[Fault(close_after=True)] * 2, Fault(503)]
    assert run_it(path, gateway.url, tmp_path, mapping)[0] == 1, "the report is gone on with, too"
    assert run_it(path, gateway.url, tmp_path, mapping)[0] == 1
    report = tmp_path / "answers.csv.rejected.csv"
    assert report.read_text(encoding=encoding).count("São Paulo") == 2
    report.write_text(report.read_text(encoding=encoding).replace(";99;", ";9;"), encoding=encoding)
    assert run_it(report, gateway.url, tmp_path, mapping)[:2] == (0, "sent 2  accepted 2  rejected 0\n")
    assert {event["data"]["attributes"]["region"] for event in gateway.taken} == {"São Paulo"}
    assert set(gateway.ids()) == {f"a{n}" for n in range(1, 41)}


def test_a_row_of_too_many_columns_is_whole_in_the_report(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = a_table(tmp_path, 1)
    path.write_text(path.read_text() + "a2,2026-11-20T10:00:00Z,c2,3,late, and broken,SP,x\n")
    assert run_it(path, gateway.url, tmp_path, mapping)[0] == 1
    with (tmp_path / "answers.csv.rejected.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["text"], row["region"], row["not used"]) == ("late", " and broken", "SP,x")


def test_a_report_that_cannot_be_where_it_should_is_said_before_anything_is_sent(
    gateway: StubGateway, tmp_path: Path
) -> None:
    path, mapping = a_table(tmp_path, 5, bad=frozenset({3}))
    before = path.read_bytes()
    for report, said in ((path, "the file to import itself"), (tmp_path / "none" / "r.csv", "no such folder")):
        code, _, err = run_it(path, gateway.url, tmp_path, mapping, rejected_file=report)
        assert code == 1
        assert f"{report}: " in err
        assert said in err
        assert "--rejected" in err
    assert path.read_bytes() == before
    assert gateway.requests == []


def test_a_full_disk_stops_it_by_the_name_of_the_report_and_it_goes_on(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = a_table(tmp_path, 100, bad=frozenset(range(41, 101)))
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
    code, out, _ = run_it(path, gateway.url, tmp_path, mapping)
    assert (code, out.splitlines()[0]) == (1, "sent 100  accepted 40  rejected 60")
    with (tmp_path / "answers.csv.rejected.csv").open(newline="") as report:
        assert [row["answer"] for row in csv.DictReader(report)] == [f"a{n}" for n in range(41, 101)]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=2)), max_size=60))
def test_ids_that_come_again_are_counted(ids: list[tuple[str, str]]) -> None:
    repeats = Repeats(1 << 20)
    for source, number in ids:
        repeats.add(source, number)
    assert repeats.count == len(ids) - len(set(ids))


def test_a_dry_run_says_what_would_come_and_sends_nothing(tmp_path: Path) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    path, mapping = a_table(tmp_path, 50, bad=frozenset({3}))
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
