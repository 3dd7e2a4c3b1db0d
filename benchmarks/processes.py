"""Processes under test: each in a process group of its own, with its CPU seconds and resident memory from /proc."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
SAMPLE_EVERY_S = 0.2
STOP_WITHIN_S = 10.0


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a process with all its threads; 0 for one that has gone."""
    try:
        # The name of the process, in parentheses, may hold spaces: count the fields after it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def resident_bytes(pid: int) -> int:
    """Resident memory of a process; 0 for one that has gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0


class Process:
    """A process under test. Its CPU seconds are sampled, so that they can be had for any moment of the run."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        """Start it. ``log`` takes its output; ``environment`` adds to ours."""
        self.log = log
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=cwd,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self.started = time.time()
        self._samples: list[tuple[float, float]] = [(self.started, 0.0)]
        self._over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def cpu_at(self, moment: float) -> float:
        """CPU seconds used until a moment (seconds since the epoch), interpolated between samples."""
        before = self._samples[0]
        for sample in self._samples:
            if sample[0] >= moment:
                width = sample[0] - before[0]
                share = (moment - before[0]) / width if width else 0.0
                return before[1] + share * (sample[1] - before[1])
            before = sample
        return before[1]

    def resident(self) -> int:
        """Resident memory now, bytes."""
        return resident_bytes(self.pid)

    def last_words(self, lines: int = 15) -> str:
        """The end of its output, for the text of an error."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self) -> None:
        """End it as ``kill -9`` does, with its whole group."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._end_sampling()

    def stop(self) -> None:
        """SIGTERM to its group, SIGKILL if that does not end it in time."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_WITHIN_S)
        self.kill()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def _end_sampling(self) -> None:
        self._over.set()
        self._sampler.join()

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_EVERY_S):
            used = cpu_seconds(self.pid)
            if used:
                self._samples.append((time.time(), used))
