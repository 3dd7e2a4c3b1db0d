"""The emitter in processes of its own: their ends, their forks, and kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from closeloop_client import Emitter
from tests.client.stub import StubGateway
from tests.client.test_emitter import Recorder
from tests.client.waiting import wait_until


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process with closeloop_client and nothing else of ours."""
    code = "import os, sys, time\nfrom closeloop_client import Emitter\n" + textwrap.dedent(script)
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )  # fmt: skip


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The same, to its end."""
    process = start(script, *arguments)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_what_waits_is_sent_at_the_end_of_parent_and_child(gateway: StubGateway) -> None:
    ended = run(
        """
        emitter = Emitter(sys.argv[1], linger=30.0)
        for n in range(20):
            emitter.touchpoint("c", "t", id=f"parent {n}")
        if os.fork() == 0:
            for n in range(20):
                emitter.touchpoint("c", "t", id=f"child {n}")
            sys.exit(0)
        os.wait()
        """,
        gateway.url,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert sorted(gateway.ids()) == sorted(f"{who} {n}" for who in ("parent", "child") for n in range(20))


@pytest.mark.faults
def test_children_of_multiprocessing_send_theirs_too(gateway: StubGateway) -> None:
    ended = run(
        """
        import multiprocessing
        emitter = Emitter(sys.argv[1], linger=30.0)
        def work(name):
            emitter.touchpoint("c", "t", id=name)
        processes = [multiprocessing.get_context("fork").Process(target=work, args=(f"{n}",)) for n in range(3)]
        emitter.touchpoint("c", "t", id="parent")
        [process.start() for process in processes]
        [process.join() for process in processes]
        """,
        gateway.url,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sorted(gateway.ids()) == ["0", "1", "2", "parent"]


@pytest.mark.faults
def test_an_end_without_a_gateway_is_bounded_and_said(unused_url: str) -> None:
    began = time.monotonic()
    ended = run(
        """
        emitter = Emitter(sys.argv[1], exit_flush=1.0)
        emitter.touchpoint("customer-4711", "t")
        """,
        unused_url,
    )
    assert ended.returncode == 0
    assert time.monotonic() - began < 30
    assert "1 events dropped, for the emitter was closed" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "4711" not in ended.stderr


@pytest.mark.faults
def test_an_end_without_kafka_is_bounded_and_quiet() -> None:
    ended = run(
        """
        from closeloop_client import Kafka
        import logging
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        emitter = Emitter(Kafka("127.0.0.1:1", timeout=2), exit_flush=1.0)
        emitter.touchpoint("c", "t")
        """,
    )
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr, ended.stderr
    assert "1 events dropped, for the emitter was closed" in ended.stderr


@pytest.mark.faults
def test_kill_9_loses_nothing_that_was_in_the_spool(
    tmp_path: Path, emitter: Callable[..., Emitter], unused_url: str
) -> None:
    script = """
        emitter = Emitter(sys.argv[1], spool=sys.argv[2], linger=0.05)
        n = 0
        while True:
            emitter.response("c", "nps", 3, comment="x" * (n % 3000), id=f"{os.getpid()}/{n}")
            print(n, flush=True)
            n += 1
    """
    promised: set[str] = set()
    for _ in range(3):
        process = start(script, unused_url, tmp_path)
        assert process.stdout is not None
        for _, line in zip(range(400), process.stdout, strict=False):
            last = int(line)
        process.send_signal(signal.SIGKILL)
        rest = [int(line) for line in process.communicate()[0].splitlines() if line.strip().isdecimal()]
        # A line is written after its call returned. The last line may have been cut by the kill.
        promised |= {f"{process.pid}/{n}" for n in range(max([last, *rest[:-1]]) + 1)}
    recorder = Recorder()
    survivor = emitter(recorder, spool=tmp_path)
    survivor.touchpoint("c", "t", id="survivor")
    wait_until(lambda: promised <= {*recorder.taken})
    for pid in {one.partition("/")[0] for one in promised}:
        numbers = [int(one.partition("/")[2]) for one in recorder.taken if one.startswith(f"{pid}/")]
        assert numbers == sorted(numbers)
        assert len(numbers) == len({*numbers})
    survivor.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.faults
def test_two_survivors_share_what_the_dead_left(tmp_path: Path, gateway: StubGateway, unused_url: str) -> None:
    leave = """
        emitter = Emitter(sys.argv[1], spool=sys.argv[2], exit_flush=0.0)
        for n in range(100):
            emitter.touchpoint("c", "t", id=f"{os.getpid()}/{n}")
        os.kill(os.getpid(), 9)
    """
    pids = []
    for _ in range(4):
        process = start(leave, unused_url, tmp_path)
        process.communicate(timeout=60)
        pids.append(process.pid)
    take = """
        emitter = Emitter(sys.argv[1], spool=sys.argv[2], linger=0.0, batch_events=20)
        emitter.touchpoint("c", "t", id=f"own {os.getpid()}")
        sys.stdin.read(1)
    """
    survivors = [
        subprocess.Popen(
            [sys.executable, "-c", "import os, sys\nfrom closeloop_client import Emitter\n" + textwrap.dedent(take),
             gateway.url, str(tmp_path)],
            stdin=subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    expected = {f"{pid}/{n}" for pid in pids for n in range(100)} | {f"own {one.pid}" for one in survivors}
    try:
        wait_until(lambda: expected <= {*gateway.ids()})
    finally:
        for one in survivors:
            one.communicate(b"\n", timeout=60)
    assert len(gateway.ids()) == len(expected)  # nobody sent another's twice
    assert list(tmp_path.iterdir()) == []


@pytest.mark.faults
def test_sigterm_sends_what_waits_where_the_host_turns_it_into_an_exit(gateway: StubGateway) -> None:
    process = start(
        """
        import signal
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        emitter = Emitter(sys.argv[1], linger=30.0)
        emitter.touchpoint("c", "t", id="1")
        print("ready", flush=True)
        time.sleep(60)
        """,
        gateway.url,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert gateway.ids() == ["1"]


@pytest.mark.faults
def test_it_runs_with_its_wheel_and_kafka_python_alone(tmp_path: Path, gateway: StubGateway) -> None:
    """A folder with the wheel's files and kafka-python's, and a Python that sees nothing else but its own library."""
    import kafka
    from hatchling.builders.wheel import WheelBuilder

    import closeloop_client

    root = Path(closeloop_client.__file__).parent.parent
    (wheel,) = WheelBuilder(str(root)).build(directory=str(tmp_path / "dist"), versions=["standard"])
    site = tmp_path / "site"
    site.mkdir()
    subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, str(site)], check=True)
    (site / "kafka").symlink_to(Path(kafka.__file__).parent)
    script = """
        import sys, json
        sys.path.insert(0, sys.argv[1])
        from closeloop_client import Emitter, Kafka, Response
        from closeloop_client.testing import FakeEmitter
        import closeloop_client.logs
        loaded = sorted({name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names))
        Kafka("127.0.0.1:1")
        import closeloop_client
        with Emitter(sys.argv[2]) as emitter:
            emitter.touchpoint("c", "t", id="1")
        print(json.dumps([loaded, closeloop_client.__file__]))
    """
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "ignore", "-c", textwrap.dedent(script), str(site), gateway.url],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    loaded, where = json.loads(ended.stdout)
    assert [name for name in loaded if not name.startswith("_")] == ["closeloop_client"]
    assert where.startswith(str(site))
    assert (site / "closeloop_client" / "py.typed").exists()
    (metadata,) = site.glob("*.dist-info/METADATA")
    requires = [line for line in metadata.read_text().splitlines() if line.startswith("Requires-Dist")]
    needed = [line for line in requires if "extra ==" not in line]
    assert needed == ["Requires-Dist: kafka-python<4,>=3.0.12"]
    assert [line for line in requires if line not in needed] == [
        "Requires-Dist: kafka-python[crc32c]<4,>=3.0.12; extra == 'kafka-fast'"
    ]
    assert gateway.ids() == ["1"]
