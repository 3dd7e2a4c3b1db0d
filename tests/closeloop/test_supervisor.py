"""The supervisor with small children: started in order, started again, given up, stopped, and never left behind."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from closeloop import lifetime, supervisor
from closeloop.lifetime import WATCH_VARIABLE
from closeloop.supervisor import Room, StartError, Stopped, Supervisor

SERVES = """
import http.server, sys
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
"""
ANNOUNCES = "import time; print('starting'); print('ready 127.0.0.1:1234', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready stubborn', flush=True); time.sleep(600)"
)


def child(code: str, *words: str) -> list[str]:
    return [sys.executable, "-c", code, *words]


def announcing(name: str, code: str = ANNOUNCES, *, restart: bool = True) -> Room:
    return Room(name=name, command=child(code), announces=True, restart=restart)


def soon(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Kept:
    """A supervisor and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.supervisor = Supervisor(folder, self.said.append)

    def pid(self, name: str) -> int:
        path = self.folder / "run" / f"{name}.pid"
        soon(lambda: path.exists() and path.read_text().endswith("\n"), f"no pid of {name}")
        return int(path.read_text())


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    keeping = Kept(tmp_path)
    try:
        yield keeping
    finally:
        keeping.supervisor.stop()
        assert list((tmp_path / "run").iterdir()) == []


def test_a_room_is_ready_when_its_url_answers(kept: Kept, free_port: int) -> None:
    room = Room(name="web", command=child(SERVES, str(free_port)), ready_url=f"http://127.0.0.1:{free_port}/readyz")
    assert kept.supervisor.start(room) == [""]
    assert os.getpgid(kept.pid("web")) != os.getpgid(0)  # Ctrl-C of the terminal does not reach it


def test_a_room_is_ready_when_it_says_so_and_its_words_are_in_its_log(kept: Kept) -> None:
    assert kept.supervisor.start(announcing("kafka")) == ["127.0.0.1:1234"]
    assert (kept.folder / "logs" / "kafka.log").read_text() == "starting\nready 127.0.0.1:1234\n"


def test_rooms_start_in_the_order_of_the_calls_and_with_their_environment(kept: Kept, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    code = (
        "import os, time; open(os.environ['NOTES'], 'a').write(os.environ['NAME'] + '\\n');"
        "time.sleep(0.3); print('ready x', flush=True); time.sleep(600)"
    )
    for name in ("first", "second", "third"):
        environment = {"NOTES": str(notes), "NAME": name}
        kept.supervisor.start(Room(name=name, command=child(code), announces=True, environment=environment))
        assert notes.read_text().splitlines()[-1] == name
    assert notes.read_text().split() == ["first", "second", "third"]


def test_a_killed_child_is_started_again(kept: Kept) -> None:
    kept.supervisor.start(announcing("streams"))
    for _ in range(2):
        before = kept.pid("streams")
        os.kill(before, signal.SIGKILL)
        soon(lambda was=before: kept.pid("streams") != was, "no successor")  # type: ignore[misc]
    assert kept.said == ["streams ended (signal SIGKILL); starting it again"] * 2
    assert kept.supervisor.failure is None
    assert not kept.supervisor.stopping


def test_one_that_cannot_start_is_given_up_with_the_end_of_its_log(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "QUICK_DEATHS", 3)
    code = "import sys; print('\\n'.join(f'line {n}' for n in range(40)), file=sys.stderr); sys.exit(3)"
    room = Room(name="gateway", command=child(code), ready_url="http://127.0.0.1:1/readyz")
    with pytest.raises(StartError) as refused:
        kept.supervisor.start(room)
    lines = str(refused.value).splitlines()
    assert lines[0] == "gateway cannot start: it ended 3 times (exit code 3)"
    assert lines[1:-1] == [f"line {number}" for number in range(25, 40)]
    assert lines[-1] == f"The whole log: {kept.folder / 'logs' / 'gateway.log'}"


def test_one_that_does_not_serve_in_time_is_named(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "START_DEADLINE", 0.5)
    room = Room(name="gateway", command=child("import time; time.sleep(600)"), ready_url="http://127.0.0.1:1/")
    with pytest.raises(StartError, match=r"^gateway did not serve within 0 s|^gateway did not serve within 1 s"):
        kept.supervisor.start(room)


def test_a_program_that_is_not_there_is_said_at_once(kept: Kept) -> None:
    with pytest.raises(StartError, match="kafka cannot start: No such file or directory"):
        kept.supervisor.start(Room(name="kafka", command=["/nowhere/program"], announces=True))


def test_the_end_of_one_that_cannot_be_restarted_ends_everything(kept: Kept) -> None:
    kept.supervisor.start(announcing("kafka", restart=False), announcing("streams"))
    waiting = threading.Thread(target=kept.supervisor.wait)
    waiting.start()
    os.kill(kept.pid("kafka"), signal.SIGKILL)
    waiting.join(60)
    assert not waiting.is_alive()
    assert kept.supervisor.failure == "kafka ended (signal SIGKILL), and what it held is gone with it"


def test_a_stop_while_starting_leaves_nothing(kept: Kept) -> None:
    room = Room(name="slow", command=child("import time; time.sleep(600)"), ready_url="http://127.0.0.1:1/")
    starting = _starting(kept, room)
    kept.pid("slow")
    kept.supervisor.request_stop()
    assert isinstance(starting.exception(60), Stopped)


def test_stop_ends_the_workers_before_what_they_stand_on(kept: Kept, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    code = (
        "import os, signal, sys, time\n"
        "def end(*_):\n"
        "    open(os.environ['NOTES'], 'a').write(os.environ['NAME'] + '\\n'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "open(os.environ['NOTES'] + '.' + os.environ['NAME'], 'w').close()\n"
        "print('ready x', flush=True); time.sleep(600)"
    )

    def room(name: str, *, announces: bool, port: int = 1) -> Room:
        environment = {"NOTES": str(notes), "NAME": name}
        url = None if announces else f"http://127.0.0.1:{port}/"
        return Room(name=name, command=child(code), announces=announces, environment=environment, ready_url=url)

    kept.supervisor.start(room("kafka", announces=True))
    # Never ready: the supervisor is stopped while it waits for it, which must end it all the same.
    starting = _starting(kept, room("streams", announces=False))
    soon(lambda: Path(f"{notes}.streams").exists(), "streams did not come up")
    kept.supervisor.stop()
    assert isinstance(starting.exception(60), Stopped)
    assert notes.read_text().split() == ["streams", "kafka"]
    assert list((tmp_path / "run").iterdir()) == []
    assert kept.said == []


def test_the_stubborn_are_killed_within_the_deadline(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "WORK_STOP_DEADLINE", 0.4)
    monkeypatch.setattr(supervisor, "STOP_DEADLINE", 0.8)
    kept.supervisor.start(announcing("kafka", STUBBORN), announcing("sandbox", STUBBORN))
    pids = [kept.pid("kafka"), kept.pid("sandbox")]
    kept.supervisor.stop()
    assert sorted(kept.said) == ["kafka did not stop in time; killed", "sandbox did not stop in time; killed"]
    for pid in pids:  # waited for, so not even a zombie is left
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_whole_stop_stays_under_ten_seconds_and_gives_rooms_six() -> None:
    assert supervisor.WORK_STOP_DEADLINE >= 6
    assert supervisor.WORK_STOP_DEADLINE + 2 <= supervisor.STOP_DEADLINE <= 9


LIVES = """
import fcntl, signal, sys
from closeloop import lifetime
lifetime.STOP_WITHIN = 0.5
lifetime.end_with_supervisor()
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
held = open(sys.argv[1], "w")
fcntl.flock(held, fcntl.LOCK_EX)
print("ready x", flush=True)
while True:
    signal.pause()
"""
SUPERVISES = """
import pathlib, sys
from closeloop.supervisor import Room, Supervisor
keeping = Supervisor(pathlib.Path(sys.argv[1]), print)
for name in ("kind", "stubborn"):
    command = [sys.executable, "-c", sys.argv[2], f"{sys.argv[1]}/{name}.lock", name]
    keeping.start(Room(name=name, command=command, announces=True))
print("up", flush=True)
keeping.wait()
"""


def test_children_end_with_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISES, str(tmp_path), LIVES], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        locks = [tmp_path / "kind.lock", tmp_path / "stubborn.lock"]
        assert not any(_is_free(lock) for lock in locks)
        parent.kill()
    # Who is dead holds no lock; a process id may belong to a zombie that nobody collects.
    for lock in locks:
        soon(lambda path=lock: _is_free(path), f"{lock.stem} lives on")  # type: ignore[misc]


def _is_free(path: Path) -> bool:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_a_process_that_nobody_supervises_reads_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WATCH_VARIABLE, raising=False)
    before = threading.active_count()
    lifetime.end_with_supervisor()
    assert threading.active_count() == before


def test_a_child_that_asks_for_a_person_is_not_tried_again(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    asks = "import sys; print('no JDK here', file=sys.stderr); sys.exit(2)"
    with pytest.raises(StartError, match="no JDK here"):
        supervisor.start(Room(name="kafka", command=[sys.executable, "-c", asks], announces=True))
    supervisor.stop()
    assert said == []


def _starting(kept: Kept, room: Room) -> Future[list[str]]:
    """Start a room in a thread of its own; the future has what came of it."""
    outcome: Future[list[str]] = Future()

    def start() -> None:
        try:
            outcome.set_result(kept.supervisor.start(room))
        except Stopped as stopped:
            outcome.set_exception(stopped)

    threading.Thread(target=start, daemon=True).start()
    return outcome
