"""`closeloop kafka` as a process: its first line, its end, its errors."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.broker.records import until

SCRIPT = """
import json, sys
from pathlib import Path
from closeloop.broker.command import run_kafka
options = json.loads(sys.argv[1])
if "data_dir" in options:
    options["data_dir"] = Path(options["data_dir"])
sys.exit(run_kafka(**options))
"""


def start(options, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment or None,
    )


def stop(process, number=signal.SIGTERM):
    """Send the signal and return the exit code, stdout and stderr; the suite's limit of 10 s is the deadline."""
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, out, err


def read_greeting(process):
    """Return the lines up to the one that says what to do next."""
    lines = []
    while not lines or not lines[-1].startswith("next: "):
        line = process.stdout.readline()
        assert line, f"ended after {lines}"
        lines.append(line.rstrip("\n"))
    return lines


def children(pid):
    """The process ids of a process's children, whichever of its threads started them."""
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def connects(address):
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.kafka
@pytest.mark.faults
def test_a_real_kafka_is_announced_dies_whole_and_stops_cleanly(kafka, tmp_path, free_port):
    process = start(f'{{"port": {free_port}, "data_dir": "{tmp_path}"}}')
    ready, *rest = read_greeting(process)
    assert ready == f"ready 127.0.0.1:{free_port}"
    assert f"KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:{free_port}" in rest[-1]
    assert connects(f"127.0.0.1:{free_port}")

    # Killed, it takes its Java with it, so that the next one finds the folder and the ports free.
    (java,) = children(process.pid)
    process.kill()
    process.communicate()
    try:
        until(lambda: not connects(f"127.0.0.1:{free_port}"), "Java has died with its killed parent", 20)
    except AssertionError:
        os.kill(java, signal.SIGKILL)
        raise

    process = start(f'{{"data_dir": "{tmp_path}"}}')
    assert read_greeting(process)[0] == ready
    assert stop(process) == (0, "", "")
    assert not connects(f"127.0.0.1:{free_port}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_embedded_broker_is_announced_and_stops_cleanly(number):
    process = start('{"embedded": true}')
    ready, *rest = read_greeting(process)
    address = ready.removeprefix("ready ")
    assert "nothing is kept" in rest[0]
    assert connects(address)
    assert stop(process, number) == (0, "", "")
    assert not connects(address)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ('{"nodes": 2}', "--nodes is 2; a local cluster has 1 node or 3."),
        ('{"port": 65535, "nodes": 3}', "--port is 65535; 3 node(s) need ports between 1 and 65535 from there on."),
        ('{"port": 9092, "embedded": true}', "--port and --embedded exclude each other"),
        ('{"data_dir": "/dev/null/x"}', "No `java` found in PATH. Install a Java runtime, version 17 or newer"),
    ],
)
def test_a_user_error_is_one_clear_line(options, message, tmp_path):
    process = start(options, PATH=str(tmp_path), CLOSELOOP_CACHE=str(tmp_path))
    out, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert out == ""
    assert err.startswith(f"closeloop kafka: {message}")
    assert err.count("\n") == 1


@pytest.mark.kafka
def test_a_data_folder_that_cannot_be_made_is_named(kafka, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    process = start(f'{{"data_dir": "{blocked / "data"}"}}')
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert err.startswith(f"closeloop kafka: The data folder {blocked / 'data'} cannot be used:")
    assert Path(blocked).read_text() == ""
