"""The import against a gateway that dies and comes back: order kept, every line accounted for, no traceback."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeloop.importer import run_import
from closeloop.importer.sending import MAX_BATCH_BYTES, in_batches
from closeloop.importer.source import Line, Rejected, read_lines
from tests.client.stub import Fault, StubGateway, running


@pytest.fixture
def gateway() -> Iterator[StubGateway]:
    with running(StubGateway()) as stub:
        yield stub


class Run:
    """One import in a folder of its own: its exit code, its words, and the rejected lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rejected_file = folder / "rejected.csv"

    def __call__(self, path: Path | str, url: str, **more: Any) -> int:
        out, err = io.StringIO(), io.StringIO()
        more.setdefault("retry_for", 20.0)
        code = run_import(path, url, rejected_file=self.rejected_file, out=out, err=err, **more)
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def rejected(self) -> list[dict[str, Any]]:
        if not self.rejected_file.exists():
            return []
        with self.rejected_file.open(newline="") as report:
            rows = list(csv.DictReader(report))
        shown = [{name.removeprefix("rejected_"): cell for name, cell in row.items()} for row in rows]
        return [{**row, "line": int(row["line"])} for row in shown]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def _event(number: int, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"e{number}", "source": "/s", "type": "closeloop.response.v1",
        "time": "2026-11-21T10:20:00Z", "data": {"customer_id": "c", "metric": "nps", "score": 3, **data},
    }  # fmt: skip


def _file(folder: Path, lines: list[bytes], name: str = "events.jsonl") -> Path:
    path = folder / name
    content = b"\n".join(lines)
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def _lines(count: int) -> list[bytes]:
    return [json.dumps(_event(n)).encode() for n in range(count)]


@pytest.mark.parametrize("name", ["events.jsonl", "events.jsonl.gz"])
def test_a_file_arrives_in_order_and_untouched(run: Run, gateway: StubGateway, tmp_path: Path, name: str) -> None:
    lines = _lines(2500)
    lines[7] = b'{ "id":"e7",\t"x": 1.50, "data": {} }'
    assert run(_file(tmp_path, lines, name), gateway.url, key="k1") == 0
    assert gateway.ids() == [f"e{n}" for n in range(2500)]
    assert b"".join(body for _, body in gateway.requests) == b"\n".join(lines) + b"\n"
    assert [len(body.splitlines()) for _, body in gateway.requests] == [1000, 1000, 500]
    assert gateway.most_at_once == 1
    assert gateway.requests[0][0]["authorization"] == "Bearer k1"
    assert run.out == "sent 2,500  accepted 2,500  rejected 0\n"
    assert not run.rejected_file.exists()


def test_a_gateway_that_dies_in_the_middle_gets_the_same_batch_again(
    run: Run, gateway: StubGateway, tmp_path: Path
) -> None:
    gateway.faults = [
        Fault(reset=True, applied=True),
        Fault(503, {"Retry-After": "0"}),
        Fault(reset=True),
        Fault(429, {"Retry-After": "0"}),
    ]
    assert run(_file(tmp_path, _lines(30)), gateway.url, batch=10) == 0
    assert gateway.ids() == [f"e{n}" for n in [*range(10), *range(30)]]
    bodies = [body for _, body in gateway.requests]
    assert bodies[0] == bodies[1] == bodies[2] == bodies[3] == bodies[4] != bodies[5]
    assert run.out == "sent 30  accepted 30  rejected 0\n"
    assert run.err.count("nothing is lost") == 1
    assert run.err.count("the gateway is back") == 1


def test_a_gateway_that_starts_later_is_waited_for(run: Run, tmp_path: Path) -> None:
    with running(StubGateway()) as first:
        port = first.port
    late = StubGateway()
    answers: list[int] = []
    importing = threading.Thread(
        target=lambda: answers.append(run(_file(tmp_path, _lines(3)), f"http://127.0.0.1:{port}", retry_for=60.0))
    )
    importing.start()
    importing.join(0.5)
    assert importing.is_alive()
    with running(late, port):
        importing.join(60)
    assert answers == [0]
    assert late.ids() == ["e0", "e1", "e2"]


def test_it_gives_up_with_a_clear_message(run: Run, tmp_path: Path) -> None:
    with running(StubGateway()) as stub:
        url = stub.url
    assert run(_file(tmp_path, _lines(3)), url, retry_for=0.5) == 1
    assert "gave up after trying" in run.err
    assert "run the same import again" in run.err
    assert run.out == "sent 0  accepted 0  rejected 0\n"


def test_every_bad_line_is_named_and_the_others_arrive(run: Run, gateway: StubGateway, tmp_path: Path) -> None:
    good = json.dumps(_event(1)).encode()
    lines = [
        b"\xef\xbb\xbf" + good,  # a byte order mark
        b"",
        b"not json",
        good.replace(b'"c"', b'"\xff"'),
        json.dumps(_event(2, score=11)).encode(),
        b"[" * 5000,
        b"{" + b'"x":' * 20_000 + b"1}",
        good.replace(b'"e1"', b'"e3"') + b"\r",
        good.replace(b'"c"', b'"\\ud800"'),
        b"   ",
        good.replace(b'"e1"', b'"e4"'),
    ]
    assert run(_file(tmp_path, lines), gateway.url) == 1
    assert gateway.ids() == ["e1", "e3", "e4"]
    assert [(row["line"], row["reason"]) for row in run.rejected()] == [
        (3, "not_json"), (4, "not_utf8"), (5, "scale"), (6, "not_json"), (7, "too_large"), (9, "not_json"),
    ]  # fmt: skip
    assert run.rejected()[0]["text"] == "not json"
    assert '"customer_id": "\\xff"' in run.rejected()[1]["text"]
    assert run.rejected()[2]["text"] == lines[4].decode()
    assert run.rejected()[2]["field"] == "data.score"
    out = run.out.splitlines()
    assert out[0] == "sent 4  accepted 3  rejected 6"
    assert out[1] == "rejected: not_json 3, not_utf8 1, scale 1, too_large 1"
    assert out[2] == "  line 3: not JSON; one CloudEvent a line is read"
    assert out[4] == "  line 5: data.score: outside its scale 0..10"
    assert out[7] == "... and 1 more"
    assert str(run.rejected_file) in out[8]
    assert "customer_id" not in run.out + run.err
    assert run.rejected_file.stat().st_mode & 0o077 == 0


def test_a_batch_of_only_bad_events_does_not_stop_it(run: Run, gateway: StubGateway, tmp_path: Path) -> None:
    lines = [json.dumps(_event(n, score=11 if n < 10 else 3)).encode() for n in range(20)]
    assert run(_file(tmp_path, lines), gateway.url, batch=10) == 1
    assert gateway.ids() == [f"e{n}" for n in range(10, 20)]
    assert len(run.rejected()) == 10


def test_a_batch_that_is_too_large_is_cut(run: Run, gateway: StubGateway, tmp_path: Path) -> None:
    gateway.max_bytes = 1000
    lines = _lines(16)
    lines[5] = json.dumps(_event(5, comment="x" * 1000)).encode()
    assert run(_file(tmp_path, lines), gateway.url) == 1
    assert gateway.ids() == [f"e{n}" for n in range(16) if n != 5]
    assert [row["line"] for row in run.rejected()] == [6]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(401, body=b'{"error":{"reason":"unauthorized","field":"","problem":"no such key"}}'), "no such key"),
        (Fault(404, body=b"<html>"), "check the url"),
        (Fault(200, body=b"hello"), "check the url"),
        (Fault(415, body=b'{"error":{"reason":"content_type","field":"","problem":"no"}}'), "content_type"),
    ],
)
def test_a_gateway_that_takes_nothing_from_us_ends_it(
    run: Run, gateway: StubGateway, tmp_path: Path, fault: Fault, said: str
) -> None:
    gateway.faults = [fault]
    assert run(_file(tmp_path, _lines(3)), gateway.url) == 1
    assert said in run.err
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("name", ["none.jsonl", "."])
def test_a_file_that_is_not_there(run: Run, gateway: StubGateway, tmp_path: Path, name: str) -> None:
    assert run(tmp_path / name, gateway.url) == 1
    assert run.err.strip()
    assert "Traceback" not in run.err


def test_a_broken_gzip_file_sends_what_can_be_read(run: Run, gateway: StubGateway, tmp_path: Path) -> None:
    whole = _file(tmp_path, _lines(5000), "events.jsonl.gz")
    whole.write_bytes(whole.read_bytes()[:-2000])
    assert run(whole, gateway.url, batch=100) == 1
    assert "ends early" in run.err
    assert gateway.ids() == [f"e{n}" for n in range(len(gateway.ids()))]
    assert len(gateway.ids()) > 100


def test_the_same_import_twice_sends_the_same_ids(run: Run, gateway: StubGateway, tmp_path: Path) -> None:
    path = _file(tmp_path, _lines(20))
    assert run(path, gateway.url) == run(path, gateway.url) == 0
    assert gateway.ids() == [f"e{n}" for n in [*range(20), *range(20)]]


def test_an_address_that_is_none(run: Run, tmp_path: Path) -> None:
    assert run(_file(tmp_path, _lines(1)), "ftp://nowhere") == 1
    assert "url: " in run.err


def test_a_table_without_a_mapping_says_what_is_missing(run: Run, gateway: StubGateway, tmp_path: Path) -> None:
    assert run(_file(tmp_path, [b"a,b"], "answers.csv"), gateway.url) == 1
    assert "--mapping" in run.err


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"PK\x03\x04", "an Excel workbook"),
        (b"PAR1", "ends in .parquet"),
        (b"\x28\xb5\x2f\xfd", "zstd -dc FILE | closeloop import -"),
        ("{".encode("utf-16"), "iconv -f UTF-16 -t UTF-8"),
    ],
)
def test_what_holds_no_lines_is_said_at_once(
    run: Run, gateway: StubGateway, tmp_path: Path, start: bytes, said: str
) -> None:
    path = _file(tmp_path, [start + b"\n" * 100])
    assert run(path, gateway.url) == 1
    assert said in run.err
    assert not run.rejected_file.exists()


def test_json_lines_by_a_mapping_are_a_mistake(run: Run, gateway: StubGateway, tmp_path: Path) -> None:
    mapping = tmp_path / "m.yaml"
    mapping.write_text(
        "type: response\nsource: /s\nfields: {id: a, time: b, customer_id: c, metric: {value: nps}, score: d}\n"
    )
    assert run(_file(tmp_path, _lines(1), "e.jsonl.gz"), gateway.url, mapping=mapping) == 1
    assert "leave out --mapping" in run.err


def test_a_named_pipe_is_read_as_standard_input_is(
    run: Run, gateway: StubGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = b"\n".join([*_lines(25), b"nonsense"])
    writing = threading.Thread(target=pipe.write_bytes, args=(content,))
    writing.start()
    out = io.StringIO()
    code = run_import(pipe, gateway.url, batch=10, checkpoints=tmp_path / "kept", out=out, err=io.StringIO())
    writing.join(20)
    assert (code, out.getvalue().splitlines()[0]) == (1, "sent 25  accepted 25  rejected 1")
    assert (tmp_path / "stdin.rejected.csv").exists()


def test_standard_input(gateway: StubGateway, tmp_path: Path) -> None:
    code = f"import sys; from closeloop.importer import run_import; sys.exit(run_import('-', {gateway.url!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], input=gzip.compress(b"\n".join([*_lines(3), b"nonsense"])),
        capture_output=True, cwd=tmp_path, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert gateway.ids() == ["e0", "e1", "e2"]
    assert b"sent 3  accepted 3  rejected 1" in done.stdout
    assert (tmp_path / "stdin.rejected.csv").exists()


def test_plain_progress_every_ten_thousand_events(run: Run, gateway: StubGateway, tmp_path: Path) -> None:
    assert run(_file(tmp_path, _lines(20_500)), gateway.url) == 0
    first, second = run.err.splitlines()
    for line, sent in ((first, "10,000"), (second, "20,000")):
        assert re.fullmatch(rf"{sent} sent, 0 rejected, [\d,]+/s, (under a minute|about .*) left", line), line


def test_lines_of_any_length_cost_no_memory() -> None:
    class Endless(io.BytesIO):
        largest = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            part = super().readline(size)
            Endless.largest = max(Endless.largest, len(part))
            return part

    content = b"a" * 3_000_000 + b"\n" + b"1" + b" " * 200_000 + b"\n" + b"1" + b" " * 200_000 + b"1\n" + b"2"
    found = list(read_lines(Endless(content)))
    assert [(type(line).__name__, (line.line if isinstance(line, Rejected) else line).number) for line in found] == [
        ("Rejected", 1), ("Line", 2), ("Rejected", 3), ("Line", 4),
    ]  # fmt: skip
    assert Endless.largest < 70_000


@given(st.binary(max_size=2000))
def test_any_bytes_are_cut_into_lines(content: bytes) -> None:
    found = list(read_lines(io.BytesIO(content)))
    numbers = [(line.line if isinstance(line, Rejected) else line).number for line in found]
    first_bom = content.removeprefix(b"\xef\xbb\xbf")
    expected = [n for n, part in enumerate(first_bom.split(b"\n"), start=1) if part.strip(b" \t\r\n")]
    assert numbers == expected
    for line in found:
        if isinstance(line, Line):
            json.loads(line.value)


@given(st.lists(st.one_of(st.integers(1, 60_000), st.none()), max_size=300), st.integers(1, 50))
def test_batches_keep_every_line_in_order_within_both_limits(sizes: list[int | None], most: int) -> None:
    blob = b"x" * 60_000
    lines: list[Line | Rejected] = [
        Rejected(Line(n, b""), "r", "", "p") if size is None else Line(n, blob[:size]) for n, size in enumerate(sizes)
    ]
    batches = list(in_batches(lines, most))
    assert [line for batch, _ in batches for line in batch] == [line for line in lines if isinstance(line, Line)]
    assert [bad for _, unsent in batches for bad in unsent] == [line for line in lines if isinstance(line, Rejected)]
    for batch, unsent in batches:
        assert len(batch) <= most
        assert len(unsent) <= most
        assert sum(len(line.value) + 1 for line in batch) <= MAX_BATCH_BYTES + 60_000
