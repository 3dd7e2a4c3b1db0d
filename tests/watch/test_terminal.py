"""The watch in a real terminal of both sizes, by its keys: what tmux shows is what a person sees."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.asking import environment
from tests.fixtures.missing import lacking
from tests.gateway.serving import wait_until
from tests.watch.conftest import Loop

pytestmark = pytest.mark.faults


class Terminal:
    """A tmux of its own with one window."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", os.devnull]

    def start(self, command: list[str], columns: int, rows: int, **settings: str) -> None:
        given = environment(TERM="xterm-256color", **settings)
        given.pop("COLUMNS")
        size = ["-x", str(columns), "-y", str(rows)]
        subprocess.run([*self._tmux, "new-session", "-d", *size, *command], env=given, check=True, timeout=30)

    def press(self, key: str) -> None:
        subprocess.run([*self._tmux, "send-keys", key], check=True, timeout=30)

    def screen(self, *, styles: bool = False) -> str:
        words = ["capture-pane", "-p", *(["-e"] if styles else [])]
        done = subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=False, timeout=30)
        return done.stdout

    def runs(self) -> bool:
        done = subprocess.run([*self._tmux, "has-session"], capture_output=True, check=False, timeout=30)
        return done.returncode == 0

    def end(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False, timeout=30)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        lacking("tmux", "install it (Debian: `apt install tmux`)")
    made = Terminal(tmp_path / "tmux")
    yield made
    made.end()


def shows(terminal: Terminal, *parts: str) -> str:
    """The screen once it has all of these."""
    deadline = time.monotonic() + 60
    while True:
        screen = terminal.screen()
        if all(part in screen for part in parts):
            return screen
        assert time.monotonic() < deadline, f"{[part for part in parts if part not in screen]} on\n{screen}"
        time.sleep(0.05)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 50)])
def test_every_tab_in_both_sizes(loop: Loop, terminal: Terminal, columns: int, rows: int) -> None:
    command = [sys.executable, "-m", "closeloop", "watch", "--url", loop.url]
    with loop.serve():
        terminal.start(command, columns, rows)
        now = shows(terminal, "* Live", "+20.0", "q Quit").splitlines()
        assert len(now) == rows
        assert max(map(len, now)) <= columns
        assert "Now  Cases  Pipeline" in now[1]
        assert ("C-1 " in "\n".join(now)) == (columns == 200), "a wide one has the newest cases beside the metrics"
        loop.counts(2, of_9=70, of_3=30)
        shows(terminal, "+40.0")
        terminal.press("2")
        shows(terminal, "Waiting 1", "C-1 ")
        terminal.press("3")
        shows(terminal, "104 received", "OK: the books balance", "a score outside its scale")
        terminal.press("Right")
        shows(terminal, "+40.0")
    shows(terminal, "! Connecting again: connection refused")
    with loop.serve():
        shows(terminal, "* Live", "+40.0")
        terminal.press("q")
        wait_until(lambda: not terminal.runs())


def test_in_russian_by_the_locale(loop: Loop, terminal: Terminal) -> None:
    with loop.serve():
        terminal.start(
            [sys.executable, "-m", "closeloop", "watch", "--url", loop.url],
            80,
            24,
            LC_ALL="",
            LC_MESSAGES="ru_RU.UTF-8",
        )
        now = shows(terminal, "* В эфире", "+20,0", "q Выход").splitlines()
        assert max(map(len, now)) <= 80
        assert "Сейчас  Обращения  Конвейер" in now[1]
        terminal.press("2")
        shows(terminal, "Ждут 1", "C-1 ", "Обещание")
        terminal.press("q")
        wait_until(lambda: not terminal.runs())


def test_without_colours_it_says_the_same(loop: Loop, terminal: Terminal) -> None:
    loop.books(110, 100)
    with loop.serve():
        command = [sys.executable, "-m", "closeloop", "watch", "--tab", "pipeline", "--url", loop.url]
        terminal.start(command, 80, 24, NO_COLOR="1")
        shows(terminal, "OK: the books balance")
        coloured = {part.split("m")[0] for part in terminal.screen(styles=True).split("\x1b[")[1:]}
        hues = {code for codes in coloured for code in codes.split(";")} & {"31", "32", "33", "91", "92", "93"}
        assert hues == set()
        terminal.press("q")
        wait_until(lambda: not terminal.runs())
