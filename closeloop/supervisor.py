"""Runs rooms as child processes: starts them in order, waits until they serve, restarts what ends, stops them all."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from msgspec import Struct

from closeloop.errors import USER_ERROR, UserError
from closeloop.lifetime import WATCH_VARIABLE

START_DEADLINE = 120.0
"""Seconds a process has to say that it serves: a first start may wait for Kafka and for recovery."""
WORK_STOP_DEADLINE = 6.0
"""Seconds the rooms have to stop by themselves, all together: on a busy machine streams need five."""
STOP_DEADLINE = 9.0
"""Seconds for all: the broker and the sandbox have what the rooms left of it. What is then killed ends at once."""
QUICK_DEATHS = 6
"""A process that ends this often without ever having served will not start by trying again."""
STEADY = 20.0
"""Seconds after which a running process has earned a quick restart again."""


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens loopback URLs: a company's proxy settings must not stand between us and our own processes."""


class StartError(UserError):
    """A process did not come to serve. The text says which one, and how its log ends."""


class Stopped(Exception):  # noqa: N818 - what happened, not a fault
    """A stop was requested before everything served."""


class Room(Struct, kw_only=True):
    """One child process: what to run, and how to see that it serves."""

    name: str
    command: list[str]
    environment: dict[str, str] = {}
    ready_url: str | None = None
    """Answers 200 once the process serves."""
    announces: bool = False
    """Prints ``ready ADDRESS`` on standard output instead, once it serves."""
    restart: bool = True
    """Without it the end of this process is the end of everything, because its data end with it."""


class Supervisor:
    """Keeps a set of rooms running below one folder: ``logs/NAME.log`` and ``run/NAME.pid``."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._logs = folder / "logs"
        self._run = folder / "run"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._run.mkdir(parents=True, exist_ok=True)
        self._say = say
        self._keepers: list[_Keeper] = []
        self._stopping = threading.Event()
        self._broken = threading.Event()
        self.failure: str | None = None

    def start(self, *rooms: Room) -> list[str]:
        """Start rooms at once and wait until each of them serves. Returns the address each announced, or ''.

        Raises :class:`StartError`, or :class:`Stopped` when a stop was requested meanwhile.
        """
        started = [_Keeper(room, self._logs, self._run, self._stopping, self._fail, self._say) for room in rooms]
        self._keepers += started
        for keeper in started:
            keeper.start()
        for keeper in started:
            keeper.wait_until_ready(time.monotonic() + START_DEADLINE, self._broken)
        if self._stopping.is_set():
            raise Stopped
        return [keeper.announced for keeper in started]

    def wait(self) -> None:
        """Return when :meth:`request_stop` was called or a process that cannot be restarted has ended."""
        while not (self._stopping.wait(0.2) or self._broken.is_set()):
            pass

    def request_stop(self) -> None:
        """Make :meth:`wait` return. Safe in a signal handler."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether a stop was requested."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Stop every process: first those that work, then those they work on (broker, sandbox)."""
        self._stopping.set()
        ground = [keeper for keeper in self._keepers if keeper.room.announces or keeper.room.name == "sandbox"]
        workers = [keeper for keeper in self._keepers if keeper not in ground]
        began = time.monotonic()
        for group, seconds in ((workers, WORK_STOP_DEADLINE), (ground, STOP_DEADLINE)):
            for keeper in group:
                keeper.terminate()
            deadline = began + seconds
            for keeper in group:
                keeper.finish(deadline)

    def _fail(self, text: str) -> None:
        self.failure = self.failure or text
        self._broken.set()


class _Keeper:
    """One room's process and the thread that starts it again."""

    def __init__(
        self,
        room: Room,
        logs: Path,
        run: Path,
        stopping: threading.Event,
        fail: Callable[[str], None],
        say: Callable[[str], None],
    ) -> None:
        self.room = room
        self.announced = ""
        self._log_path = logs / f"{room.name}.log"
        self._pid_path = run / f"{room.name}.pid"
        self._stopping = stopping
        self._fail = fail
        self._say = say
        self._ready = threading.Event()
        self._gave_up: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name=f"keep-{room.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait_until_ready(self, deadline: float, broken: threading.Event) -> None:
        while not self._is_ready():
            if self._stopping.is_set():
                return
            if self._gave_up or broken.is_set() or time.monotonic() > deadline:
                why = self._gave_up or f"{self.room.name} did not serve within {START_DEADLINE:.0f} s"
                raise StartError(f"{why}\n{self._log_tail()}\nThe whole log: {self._log_path}")
            time.sleep(0.05)

    def terminate(self) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()

    def finish(self, deadline: float) -> None:
        with self._lock:
            process = self._process
        if process is not None:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"{self.room.name} did not stop in time; killed")
                process.kill()
                process.wait()
        if self._thread.is_alive():
            self._thread.join(1)
        self._pid_path.unlink(missing_ok=True)

    def _keep(self) -> None:
        pause = 0.2
        quick_deaths = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                code = self._run_once()
            except OSError as error:
                self._gave_up = f"{self.room.name} cannot start: {error.strerror or error}"
                self._fail(self._gave_up)
                return
            if self._stopping.is_set():
                return
            served = self._ready.is_set()
            if not self.room.restart:
                self._gave_up = f"{self.room.name} ended ({_describe(code)})"
                self._fail(f"{self._gave_up}, and what it held is gone with it")
                return
            if time.monotonic() - began > STEADY:
                pause, quick_deaths = 0.2, 0
            quick_deaths += 1
            if not served and code == USER_ERROR:
                # A person has to mend something first; its log says what.
                self._gave_up = f"{self.room.name} cannot start"
                self._fail(self._gave_up)
                return
            if not served and quick_deaths >= QUICK_DEATHS:
                self._gave_up = f"{self.room.name} cannot start: it ended {quick_deaths} times ({_describe(code)})"
                self._fail(self._gave_up)
                return
            self._say(f"{self.room.name} ended ({_describe(code)}); starting it again")
            self._stopping.wait(pause)
            pause = min(pause * 2, 10.0)

    def _run_once(self) -> int:
        environment = {**os.environ, **self.room.environment, WATCH_VARIABLE: "1"}
        with self._log_path.open("ab") as log, self._lock:
            if self._stopping.is_set():
                return 0
            process = self._process = subprocess.Popen(
                self.room.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if self.room.announces else log,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the rooms in order
            )
        with process:  # closes its pipes at the end: the other end of its standard input is what it lives by
            self._note_pid(process.pid)
            if process.stdout is not None:
                self._follow(process.stdout)
            return process.wait()

    def _note_pid(self, pid: int) -> None:
        """Whoever reads the file finds the old number or the new one, never an empty file."""
        beside = self._pid_path.with_suffix(".new")
        beside.write_text(f"{pid}\n")
        beside.replace(self._pid_path)

    def _follow(self, output: IO[bytes]) -> None:
        with self._log_path.open("ab", buffering=0) as log:
            for line in output:
                log.write(line)
                if line.startswith(b"ready "):
                    self.announced = line[len(b"ready ") :].decode().strip()
                    self._ready.set()

    def _is_ready(self) -> bool:
        if not self._ready.is_set() and self.room.ready_url is not None:
            try:
                with _DIRECT.open(self.room.ready_url, timeout=1) as answer:
                    if answer.status == 200:
                        self._ready.set()
            except (urllib.error.URLError, OSError):
                return False
        return self._ready.is_set()

    def _log_tail(self, lines: int = 15) -> str:
        if not self._log_path.exists():
            return ""
        return "\n".join(self._log_path.read_text(errors="replace").splitlines()[-lines:])


def command(*words: str) -> list[str]:
    """The command line that runs ``closeloop WORDS`` with this very interpreter."""
    return [sys.executable, "-m", "closeloop", *words]


def stop_on_signals(supervisor: Supervisor) -> None:
    """Let SIGTERM and Ctrl-C stop the supervisor instead of this process at once."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: supervisor.request_stop())


def _describe(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
