"""Asks the command as a person does and judges the answer as a newcomer would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from closeloop.cli import app

OURS = ("CLOSELOOP_", "SLACK_", "KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL")
EXAMPLE = Path(__file__).parents[2] / "loop.yaml"


@dataclass(frozen=True)
class Answer:
    """What the command said, and its exit code."""

    code: int
    out: str
    err: str


def environment(**settings: str) -> dict[str, str]:
    """The environment without settings of ours, and these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "COLUMNS": "100", **settings}


def ask(*words: str, **settings: str) -> Answer:
    """Run a command within this process: quick, for what ends before anything is started."""
    cleared = {name: None for name in os.environ if name.startswith(OURS)}
    result = CliRunner().invoke(app, words, env={**cleared, "COLUMNS": "100", **settings}, terminal_width=100)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


def run(*words: str, cwd: Path, seconds: float = 60, **settings: str) -> Answer:
    """Run a command as a process of its own, to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "closeloop", *words],
        cwd=cwd,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@contextmanager
def running(*words: str, cwd: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that goes on by itself; its standard error is in ``cwd/stderr``. It is stopped at the end."""
    with (
        (cwd / "stderr").open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "closeloop", *words],
            cwd=cwd,
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()


def wait_for_lines(path: Path, pattern: str, number: int, seconds: float = 60) -> list[str]:
    """The lines of a growing file that fit, once there are so many."""
    deadline = time.monotonic() + seconds
    while True:
        text = path.read_text(errors="replace") if path.exists() else ""
        found = [line for line in text.splitlines() if re.search(pattern, line)]
        if len(found) >= number:
            return found
        assert time.monotonic() < deadline, f"{len(found)} of {number} lines like {pattern!r}:\n{text}"
        time.sleep(0.05)


def refused(answer: Answer, *parts: str, code: int = 2, lines: int = 8) -> None:
    """The command ended with this code and a few clear lines that hold these parts; nothing else was said."""
    assert answer.code == code, answer
    said = answer.err.strip().splitlines()
    assert 1 <= len(said) <= lines, answer.err
    assert "Traceback" not in answer.err + answer.out
    assert not re.search(r"\b\w+Error\b", answer.err), answer.err
    assert not answer.err.lstrip().startswith("{"), answer.err
    for part in parts:
        assert part in answer.err, answer.err


def words_of(command: Sequence[str]) -> str:
    """A command as it is typed."""
    return " ".join(command) or "closeloop"
