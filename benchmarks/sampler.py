"""A worker under a sampling profiler: ``python -m benchmarks.sampler OUT.json`` runs ``closeloop streams``.

Every few milliseconds each Python thread's stack is looked at, and the CPU time that the thread has used since the
last look is put on that stack: so waiting costs nothing, and no function is slowed down by being watched. The CPU time
of librdkafka's own threads is read from /proc at the end. Written out on SIGTERM, when the worker has stopped.
"""

import json
import os
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

EVERY_S = 0.004
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")

STAGES: tuple[tuple[str, str, str], ...] = (
    # part of the file's path, function ("" is any), stage; the innermost frame that matches decides
    ("schemas/cloudevents", "", "decode"),
    ("streams/id_memory", "flush", "state"),
    ("streams/id_memory", "", "aggregate: ids"),
    ("streams/placement", "", "aggregate: placement"),
    ("streams/series", "read", "aggregate: dimensions"),
    ("streams/panes", "fold", "aggregate: fold"),
    ("streams/panes", "_add", "aggregate: fold"),
    ("streams/panes", "_buckets_of", "aggregate: fold"),
    ("streams/series", "resolve", "aggregate: fold"),
    ("streams/panes", "", "state"),
    ("streams/detect", "", "detect"),
    ("schemas/alerts", "", "detect"),
    ("streams/emitter", "", "output"),
    ("streams/merge_processor", "", "merge"),
    ("streams/merge", "", "merge"),
    ("streams/statistics", "", "merge"),
    ("streams/windows", "", "aggregate"),
    ("streams/changelog", "", "state"),
    ("streams/source_state", "dirty", "state"),
    ("streams/source_state", "", "aggregate"),
    ("streams/observers", "", "aggregate"),
    ("streams/intake_processor", "_send", "output"),
    ("streams/intake_processor", "flush", "state"),
    ("streams/chunks", "", "fetch"),
    ("streams/transport", "", "fetch"),
    ("aiokafka", "", "fetch"),
    ("streams/partition", "", "loop"),
    ("/faust/", "", "loop"),
    ("/mode/", "", "loop"),
    ("asyncio", "", "loop"),
)


class Sampler:
    """Looks at every Python thread's stack, and weighs each look by the thread's CPU time since the one before."""

    def __init__(self) -> None:
        self.stages: defaultdict[str, float] = defaultdict(float)
        self.functions: defaultdict[str, float] = defaultdict(float)
        self.unclaimed: defaultdict[str, float] = defaultdict(float)
        self._used: dict[int, float] = {}
        self._threads: dict[str, tuple[str, float]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def report(self) -> dict[str, dict[str, float]]:
        """CPU seconds by stage, by function (the 40 dearest), of what no stage claims, and by kernel thread."""
        threads: defaultdict[str, float] = defaultdict(float)
        for name, seconds in self._threads.values():
            threads[name] += seconds
        return {
            "stages": dict(self.stages),
            "functions": dict(sorted(self.functions.items(), key=lambda item: -item[1])[:40]),
            "unclaimed": dict(sorted(self.unclaimed.items(), key=lambda item: -item[1])[:10]),
            "threads": dict(threads),
        }

    def _run(self) -> None:
        mine, looks = threading.get_ident(), 0
        while not self._over.wait(EVERY_S):
            looks += 1
            if not looks % 50:  # those of threads that end meanwhile are kept
                self._threads.update(thread_seconds())
            for ident, frame in sys._current_frames().items():  # noqa: SLF001  the one way to see other threads' stacks
                if ident != mine:
                    self._look(ident, frame)

    def _look(self, ident: int, frame: FrameType) -> None:
        try:
            used = time.clock_gettime(time.pthread_getcpuclockid(ident))
        except OSError:
            return  # the thread has ended
        spent = used - self._used.get(ident, used)
        self._used[ident] = used
        if spent <= 0:
            return
        name = frame.f_code.co_filename.rpartition("site-packages/")[2].rpartition("/main/")[2]
        self.functions[f"{name}:{frame.f_code.co_qualname}"] += spent
        stage = stage_of(frame)
        if stage is None:
            self.unclaimed[f"{name}:{frame.f_code.co_qualname}"] += spent
            stage = "other"
        self.stages[stage] += spent


def stage_of(innermost: FrameType) -> str | None:
    """The stage of a stack, None if no frame of it belongs to one."""
    frame: FrameType | None = innermost
    while frame is not None:
        path, function = frame.f_code.co_filename, frame.f_code.co_name
        for part, wanted, stage in STAGES:
            if part in path and wanted in ("", function):
                return stage
        frame = frame.f_back
    return None


def thread_seconds() -> dict[str, tuple[str, float]]:
    """Name and CPU seconds of each of the process's threads as the kernel knows them, by thread id."""
    found: dict[str, tuple[str, float]] = {}
    for task in Path("/proc/self/task").iterdir():
        try:
            name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue  # it has ended
        fields = rest.split()
        found[task.name] = name, (int(fields[11]) + int(fields[12])) * _TICK_S
    return found


def main() -> None:
    """Run the worker and write what was seen."""
    from schemas.loop_yaml import load
    from schemas.settings import from_environment
    from streams.process import run_streams

    settings = from_environment()
    sys.setswitchinterval(0.002)  # how long the sampler may have to wait for its look
    sampler = Sampler()
    sampler.start()
    try:
        code = run_streams(settings, load(settings.config, settings.zone))
    finally:
        sampler.stop()
        Path(sys.argv[1]).write_text(json.dumps(sampler.report()))
    raise SystemExit(code)


if __name__ == "__main__":
    main()
