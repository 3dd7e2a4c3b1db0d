"""An import that was interrupted goes on; one that has ended is not sent twice unasked."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeloop.importer.checkpoint import CheckpointError, Identity, Position, checkpoint
from closeloop.importer.pace import pace
from tests.client.stub import Fault, StubGateway
from tests.importer.tables import a_table, gateway, run_it

__all__ = ["gateway"]  # a fixture


def test_it_goes_on_after_the_last_answered_batch_and_counts_all_its_runs(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = a_table(tmp_path, 100, bad=frozenset({5, 95}))
    gateway.faults = [*[Fault(close_after=True)] * 4, Fault(503)]
    code, out, err = run_it(path, gateway.url, tmp_path, mapping)
    assert code == 1
    assert "go on where it stopped" in err
    assert out.startswith("sent 40  accepted 39  rejected 1\n")
    gateway.faults = [Fault(close_after=True), Fault(503)]
    assert run_it(path, gateway.url, tmp_path, mapping)[1].startswith("sent 50  accepted 49  rejected 1\n")
    code, out, err = run_it(path, gateway.url, tmp_path, mapping)
    assert "goes on after line 51: 50 were sent before" in err
    assert out.startswith("sent 100  accepted 98  rejected 2\n")
    assert gateway.ids() == [f"a{n}" for n in range(1, 101) if n not in (5, 95)]
    with (tmp_path / "answers.csv.rejected.csv").open(newline="") as report:
        assert [row["rejected_line"] for row in csv.DictReader(report)] == ["6", "96"]


def test_one_that_is_interrupted_begins_anew_with_restart(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = a_table(tmp_path, 20)
    gateway.faults = [Fault(close_after=True), Fault(503)]
    assert run_it(path, gateway.url, tmp_path, mapping)[0] == 1
    code, out, err = run_it(path, gateway.url, tmp_path, mapping, restart=True)
    assert (code, out) == (0, "sent 20  accepted 20  rejected 0\n")
    assert "goes on" not in err
    assert len(gateway.ids()) == 10 + 20


def test_one_that_has_ended_is_not_sent_twice_unasked(gateway: StubGateway, tmp_path: Path) -> None:
    """The streams forget ids after a day: a second import of the same file would count all of it once more."""
    path, mapping = a_table(tmp_path, 20, bad=frozenset({3}))
    assert run_it(path, gateway.url, tmp_path, mapping)[0] == 1
    report = tmp_path / "answers.csv.rejected.csv"
    report.write_text("mended")
    code, out, err = run_it(path, gateway.url, tmp_path, mapping)
    assert (code, out) == (1, "sent 20  accepted 19  rejected 1\n")
    assert f"imported here to its end at {datetime.now(UTC):%Y-%m-%d}" in err
    assert "--restart sends it again" in err
    assert len(gateway.ids()) == 19
    assert report.read_text() == "mended", "what somebody mends meanwhile was written over"
    assert run_it(path, gateway.url, tmp_path, mapping, restart=True)[1].startswith("sent 20")
    assert len(gateway.ids()) == 19 * 2
    mapping.write_text(mapping.read_text() + "\n")
    assert run_it(path, gateway.url, tmp_path, mapping)[1].startswith("sent 20  accepted 19"), "by another mapping"
    whole, more = path.read_bytes(), b"a21,2026-11-20T10:00:00Z,c,3,t,SP,x\n"
    path.write_bytes(whole + more)
    code, out, err = run_it(path, gateway.url, tmp_path, mapping)
    assert (code, out) == (1, "")
    assert "has grown since. Import what is behind line 21 as a file of its own" in err
    path.write_bytes(whole.replace(b"a1,", b"b1,") + more)
    assert run_it(path, gateway.url, tmp_path, mapping)[1].startswith("sent 21  accepted 20"), "it is another file"


def test_one_of_which_nothing_was_taken_is_tried_again(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = a_table(tmp_path, 3, bad=frozenset({1, 2, 3}))
    for _ in range(2):
        assert run_it(path, gateway.url, tmp_path, mapping)[1].startswith("sent 3  accepted 0  rejected 3")
    assert len(gateway.requests) == 2


@pytest.mark.parametrize(("old", "new"), [('"version":1', '"version":2'), ('"sent"', '"later"'), ('"line":11', '"li')])
def test_what_another_version_kept_is_not_gone_on_with(
    gateway: StubGateway, tmp_path: Path, old: str, new: str
) -> None:
    path, mapping = a_table(tmp_path, 20)
    gateway.faults = [Fault(close_after=True), Fault(503)]
    assert run_it(path, gateway.url, tmp_path, mapping)[0] == 1
    (kept,) = (tmp_path / "kept").iterdir()
    assert old in kept.read_text()
    kept.write_text(kept.read_text().replace(old, new))
    code, _, err = run_it(path, gateway.url, tmp_path, mapping)
    assert code == 1
    assert f"{kept}: how far an interrupted import came cannot be read" in err
    assert len(gateway.ids()) == 10
    assert run_it(path, gateway.url, tmp_path, mapping, restart=True)[0] == 0


@pytest.mark.parametrize("what", ["the file", "the mapping"])
def test_what_has_changed_meanwhile_is_not_gone_on_with(gateway: StubGateway, tmp_path: Path, what: str) -> None:
    path, mapping = a_table(tmp_path, 20)
    gateway.faults = [Fault(close_after=True), Fault(503)]
    assert run_it(path, gateway.url, tmp_path, mapping)[0] == 1
    changed = path if what == "the file" else mapping
    changed.write_text(changed.read_text() + ("\n" if changed is mapping else "a,b\n"))
    code, _, err = run_it(path, gateway.url, tmp_path, mapping)
    assert code == 1
    assert f"{what} has changed" in err
    assert "--restart" in err
    assert len(gateway.ids()) == 10


def test_kill_9_loses_at_most_the_batch_that_was_under_way(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = a_table(tmp_path, 2000)
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
    code, out, _ = run_it(path, gateway.url, tmp_path, mapping, batch=50)
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


def test_a_key_that_ends_half_way_is_replaced_and_the_import_goes_on(gateway: StubGateway, tmp_path: Path) -> None:
    path, mapping = a_table(tmp_path, 40)
    expired = b'{"error":{"reason":"unauthorized","field":"","problem":"the key has expired"}}'
    gateway.faults = [Fault(close_after=True), Fault(401, body=expired)]
    code, out, err = run_it(path, gateway.url, tmp_path, mapping)
    assert (code, out) == (1, "sent 10  accepted 10  rejected 0\n")
    assert "the key has expired; give a key that may send events in CLOSELOOP_API_KEY and run the same import" in err
    assert run_it(path, gateway.url, tmp_path, mapping, key="new")[1] == "sent 40  accepted 40  rejected 0\n"
    assert gateway.ids() == [f"a{n}" for n in range(1, 41)]


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
    path, mapping = a_table(tmp_path, 5)
    (tmp_path / "kept").write_text("a file")
    code, _, err = run_it(path, gateway.url, tmp_path, mapping)
    assert code == 1
    assert "kept" in err
    assert "Traceback" not in err
