"""The file of the spool: what was kept is there, in its order, whatever became of the process or the disk."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.intake import Record
from gateway.spool.journal import FILE, READ_BYTES, SPARE_BYTES, Journal, size_of
from tests.gateway.spooling import MB, numbers, record


def test_a_journal_gives_back_what_was_kept_in_its_order_byte_for_byte(tmp_path: Path) -> None:
    binary = Record("cx.touchpoints", None, b"\x00\xff", (("ce_id", "é".encode()), ("empty", None)))
    journal = Journal(tmp_path, MB)
    journal.append([[record(1), binary], [record(2)]])
    journal.close()
    again = Journal(tmp_path, MB)
    assert [kept.record for kept in again.read(0, 10)] == [record(1), binary, record(2)]
    waiting = again.waiting()
    assert (waiting.records, waiting.bytes) == (3, size_of([record(1), binary, record(2)]))
    first, second, _ = again.read(0, 10)
    assert [kept.record for kept in again.read(first.seq, 1)] == [binary]
    again.remove(second.seq)
    assert [kept.record for kept in again.read(0, 10)] == [record(2)]
    assert again.path.stat().st_mode & 0o077 == 0
    again.close()


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_write_that_was_torn_is_left_out_and_what_came_before_it_stays(tmp_path: Path, damage: str) -> None:
    live, torn = tmp_path / "live", tmp_path / "torn"
    live.mkdir()
    journal = Journal(live, MB)
    journal.append([[record(1)]])
    whole = (live / f"{FILE}-wal").stat().st_size
    journal.append([[record(2)]])
    shutil.copytree(live, torn)  # as the disk is found after the power went
    journal.close()
    log = torn / f"{FILE}-wal"
    data = bytearray(log.read_bytes())
    assert len(data) > whole
    if damage == "cut":
        del data[whole + (len(data) - whole) // 2 :]
    else:
        data[-100] ^= 0xFF
    log.write_bytes(data)
    found = Journal(torn, MB)
    assert found.sound()
    assert numbers([kept.record for kept in found.read(0, 10)]) == [1]
    found.append([[record(3)]])
    assert numbers([kept.record for kept in found.read(0, 10)]) == [1, 3]
    found.close()


def test_what_was_removed_is_nowhere_in_the_files_any_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 10 * MB)
    journal.append([[Record("cx.responses", b"c", b"what the customer wrote " * 100)] * 50])
    journal.remove(journal.read(0, 100)[-1].seq)
    journal.shrink()
    assert all(b"the customer wrote" not in file.read_bytes() for file in tmp_path.iterdir())
    assert (tmp_path / FILE).stat().st_size < 100_000
    journal.close()


def test_after_kill_9_at_any_moment_everything_that_was_kept_is_there(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gateway.intake import Record; "
        "from gateway.spool.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]), 100_000_000)\n"
        "for number in range(1_000_000):\n"
        "    journal.append([[Record('cx.responses', None, b'%020d' % number)] * 3])\n"
        "    print(number, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as told:
        acknowledged = [int(next(told)) for _ in range(60)]
        process.kill()
        acknowledged += [int(line) for line in told if line.endswith("\n")]
    process.wait()
    journal = Journal(tmp_path, 100 * MB)
    assert journal.sound()
    there = numbers([kept.record for kept in journal.read(0, 1_000_000)])
    assert there == [number for number in range(len(there) // 3) for _ in range(3)]  # whole appends, in order
    assert len(there) // 3 >= len(acknowledged)
    journal.close()


def test_sqlite_itself_keeps_to_the_bound_and_a_write_above_it_leaves_nothing_behind(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 1)  # room for 256 pages
    journal.append([[record(1)]])
    with pytest.raises(sqlite3.OperationalError, match="full"):
        journal.append([[record(2), record(3, 2 * MB)]])
    journal.append([[record(4)]])
    assert numbers([kept.record for kept in journal.read(0, 10)]) == [1, 4]
    journal.close()


def test_a_disk_that_fills_up_keeps_room_to_be_drained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, MB)
    free = SPARE_BYTES + MB
    monkeypatch.setattr("gateway.spool.journal.shutil.disk_usage", lambda _: shutil._ntuple_diskusage(free, 0, free))
    journal.append([[record(1, 400_000)]])
    with pytest.raises(OSError, match="32 MiB would stay free"):
        journal.append([[record(2, 600_000)]])
    assert numbers([kept.record for kept in journal.read(0, 10)]) == [1]
    journal.close()


def test_what_is_read_at_once_is_bounded_in_bytes_and_never_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 20 * MB)
    journal.append([[record(number, READ_BYTES // 2) for number in range(3)], [record(3, 2 * READ_BYTES), record(4)]])
    assert [numbers([kept.record for kept in journal.read(after, 10)]) for after in (0, 2, 4)] == [[0, 1], [2, 3], [4]]
    journal.close()


def test_a_journal_of_before_is_read_and_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path, MB)
    journal.append([[record(1)]])
    journal.close()
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as sql, sql:
        sql.execute("ALTER TABLE records DROP COLUMN crc")
    again = Journal(tmp_path, MB)
    again.append([[record(2)]])
    assert [(numbers([kept.record]), kept.damaged) for kept in again.read(0, 10)] == [([1], False), ([2], False)]
    again.close()
