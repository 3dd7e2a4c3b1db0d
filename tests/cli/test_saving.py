"""An export becomes a file whole or not at all, wherever it is told to go and however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from closeloop.cases.saving import save
from closeloop.errors import UserError
from closeloop.exporter.columns import METRICS
from closeloop.exporter.parquet import save_parquet

PIECES = (b"first,", b"second\n")


def _broken() -> Iterator[bytes]:
    yield PIECES[0]
    raise ConnectionAbortedError("the gateway went away")


def test_a_file_is_there_at_the_end_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("of yesterday")
    save(iter(PIECES), path)
    assert path.read_bytes() == b"first,second\n"
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [path]


def test_what_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("of yesterday")
    with pytest.raises(UserError, match="nothing of it is kept"):
        save(_broken(), path)
    assert path.read_text() == "of yesterday"
    assert list(tmp_path.iterdir()) == [path]


def test_two_at_once_do_not_write_into_each_other(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"

    def meanwhile() -> Iterator[bytes]:
        yield b"mine"
        code = (
            "import sys; from pathlib import Path; from closeloop.cases.saving import save;"
            "save(iter([b'theirs']), Path(sys.argv[1]))"
        )
        subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)
        assert path.read_bytes() == b"theirs"
        yield b" alone"

    save(meanwhile(), path)
    assert path.read_bytes() == b"mine alone"


def test_one_that_is_ended_by_sigterm_leaves_nothing(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def ended() -> Iterator[bytes]:
        yield b"half"
        os.kill(os.getpid(), signal.SIGTERM)
        yield b"never"

    with pytest.raises(SystemExit) as end:
        save(ended(), tmp_path / "rows.csv")
    assert end.value.code == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("name", "said"), [(".", "is a folder"), ("none/rows.csv", "there is no folder")])
def test_where_no_file_can_be_is_said_before_anything_is_asked(tmp_path: Path, name: str, said: str) -> None:
    def asked() -> Iterator[bytes]:
        raise AssertionError("the gateway was asked")
        yield b""

    with pytest.raises(UserError, match=said):
        save(asked(), tmp_path / name)
    with pytest.raises(UserError, match=said):
        save_parquet(asked(), METRICS, tmp_path / name)


def test_a_pipe_is_written_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reading = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reading.start()
    save(iter(PIECES), pipe)
    reading.join(20)
    assert read == [b"first,second\n"]
    assert pipe.is_fifo()


def test_a_full_disk_is_said(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with pytest.raises(UserError, match=r"/dev/full cannot be written \(no space left on device\)"):
        save(iter(PIECES), Path("/dev/full"))
    save(iter(PIECES), Path("-"))
    assert capfdbinary.readouterr().out == b"first,second\n"
