"""The programs of docs/emit, as a reader copies them, against a gateway and a real Kafka: each event is there once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.parts import Parts
from schemas.cloudevents import EventReader, context_attributes
from schemas.deadletters import InvalidEvent
from schemas.scales import DEFAULT_METRICS
from schemas.topics import RESPONSES, TOUCHPOINTS
from tests.client.stub import Fault, StubGateway, running
from tests.fixtures.missing import lacking
from tests.gateway.conftest import make
from tests.gateway.serving import serving
from tests.gateway.test_kafka import event_topics, everything, over_kafka

__all__ = ["event_topics", "make", "over_kafka"]  # fixtures

pytestmark = [pytest.mark.kafka, pytest.mark.faults]

GUIDES = Path(__file__).parents[2] / "docs" / "emit"
MONO = Path(__file__).parent / "mono" / "StandIn.cs"
_BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PROGRAMS: dict[tuple[str, str], tuple[list[str], list[str]]] = {
    ("curl.md", "emit.sh"): (["sh", "emit.sh"], ["curl-1:delivered"]),
    ("curl.md", "lines.sh"): (["sh", "lines.sh"], ["curl-lines-1", "curl-lines-2", "curl-lines-3"]),
    ("curl.md", "binary.sh"): (["sh", "binary.sh"], ["curl-binary-1"]),
    ("kcat.md", "structured.sh"): (["sh", "structured.sh"], ["kcat-1"]),
    ("kcat.md", "binary.sh"): (["sh", "binary.sh"], ["kcat-binary-1"]),
    ("java.md", "Emit.java"): (["java", "Emit.java"], ["java-1:delivered"]),
    ("go.md", "emit.go"): (["go", "run", "emit.go"], ["go-1:delivered"]),
    ("php.md", "emit.php"): (["php", "emit.php"], ["php-1:delivered"]),
    ("ruby.md", "emit.rb"): (["ruby", "emit.rb"], ["ruby-1:delivered"]),
    ("csharp.md", "Program.cs"): (["mono", "emit.exe"], ["csharp-1:delivered"]),
}
"""Each program of a guide: how it is run, and the ids of the events it sends."""
IN_CI = {"curl", "kcat", "java", "php", "ruby", "mono"}
"""What .ci/run installs; the others it takes where they are."""
OTHERS = {"python.md", "javascript.md", "http.md", "README.md"}
"""Guides whose programs have tests of their own, or that have none."""


def programs() -> dict[tuple[str, str], str]:
    """Every program of the guides, by guide and file."""
    found = {}
    for guide in sorted(GUIDES.glob("*.md")):
        if guide.name not in OTHERS:
            found |= {(guide.name, file): text for file, text in _BLOCK.findall(guide.read_text())}
    return found


def prepared(program: tuple[str, str], text: str, folder: Path) -> list[str]:
    """Write the program into a folder of its own, compile it if need be, give its command; skip without its runtime."""
    command, _ = PROGRAMS[program]
    needed = {"sh": program[0].removesuffix(".md")}.get(command[0], command[0])
    if shutil.which(needed) is None:
        if needed in IN_CI:
            lacking(needed, "not on PATH; .ci/run names the Debian packages")
        pytest.skip(f"{needed} is not on this machine")
    if needed == "go" and os.environ.get("CLOSELOOP_GUIDES") != "all":
        pytest.skip("Go compiles its library first, which takes a minute or two; CLOSELOOP_GUIDES=all runs it")
    (folder / program[1]).write_text(text)
    if needed == "mono":
        sources = [program[1], str(MONO)]
        options = ["-warn:0", "-reference:System.Net.Http", "-main:Beginning", "-out:emit.exe"]
        subprocess.run(["mcs", *options, *sources], cwd=folder, check=True, timeout=60)
    return command


def ran(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The program's end, with the settings of this machine left out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLOSELOOP_")}
    return subprocess.run(
        command, cwd=folder, env=kept | variables, capture_output=True, text=True, timeout=150, check=False
    )


def test_every_program_of_the_guides_is_run_here() -> None:
    assert set(programs()) == set(PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS, ids="/".join)
def test_a_program_as_it_stands_in_its_guide(
    program: tuple[str, str], over_kafka: tuple[Parts, str, str], event_topics: None, kafka: str, tmp_path: Path
) -> None:
    command, (_, ids) = prepared(program, programs()[program], tmp_path), PROGRAMS[program]
    parts, _, _ = over_kafka
    with serving(parts) as url:
        for _ in range(2):  # as it is sent again: the same ids
            done = ran(command, tmp_path, CLOSELOOP_URL=url, KAFKA_BOOTSTRAP_SERVERS=kafka)
            assert done.returncode == 0, done.stdout + done.stderr
    reader = EventReader(DEFAULT_METRICS)
    found: list[str] = []
    for topic in (TOUCHPOINTS, RESPONSES):
        for message in everything(kafka, topic):
            try:
                attributes = context_attributes(list(message.headers() or ()))
                event = reader.read(message.value(), datetime.now(UTC), attributes)
            except InvalidEvent:  # of another test: the topics are shared
                continue
            if event.id in ids:
                found.append(event.id)
                assert message.key() == event.data.customer_id.encode()
    assert sorted(found) == sorted([*ids, *ids])


class OneEvent(StubGateway):
    """Reads one event a request."""

    def _answer(self, headers: dict[str, str], body: bytes) -> Fault:
        return super()._answer(headers, b"[" + body + b"]")


@pytest.fixture
def stub() -> Iterator[StubGateway]:
    with running(OneEvent()) as gateway:
        yield gateway


OVER_HTTP = [
    one for one in PROGRAMS if one[0] != "kcat.md" and one not in (("curl.md", "lines.sh"), ("curl.md", "binary.sh"))
]


@pytest.mark.parametrize("program", OVER_HTTP, ids="/".join)
def test_a_program_sends_the_same_again_until_it_is_taken(
    program: tuple[str, str], stub: StubGateway, tmp_path: Path
) -> None:
    command = prepared(program, programs()[program], tmp_path)
    stub.faults = [Fault(503, {"Retry-After": "1"}), Fault(429, {"Retry-After": "1"})]
    done = ran(command, tmp_path, CLOSELOOP_URL=stub.url, CLOSELOOP_API_KEY="k-1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status": "accepted"' in done.stdout
    assert stub.ids() == PROGRAMS[program][1]
    assert [headers["authorization"] for headers, _ in stub.requests] == ["Bearer k-1"] * 3
    assert len({body for _, body in stub.requests}) == 1


@pytest.mark.parametrize("program", OVER_HTTP, ids="/".join)
def test_a_refusal_reaches_the_reader_of_the_guide(program: tuple[str, str], stub: StubGateway, tmp_path: Path) -> None:
    """The program stops and shows what the gateway says; it does not try again for ever."""
    command = prepared(program, programs()[program], tmp_path)
    stub.faults = [Fault(400, body=json.dumps({"error": {"field": "data.score", "problem": "see here"}}).encode())]
    done = ran(command, tmp_path, CLOSELOOP_URL=stub.url)
    assert done.returncode != 0
    assert "see here" in done.stdout + done.stderr
    assert len(stub.requests) == 1
