"""The programs of docs/emit, as a reader copies them, against a gateway and a real Kafka: each event is there once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.parts import Parts
from schemas.cloudevents import EventReader, context_attributes
from schemas.deadletters import InvalidEvent
from schemas.scales import DEFAULT_METRICS
from schemas.topics import RESPONSES, TOUCHPOINTS
from tests.gateway.conftest import make
from tests.gateway.serving import serving
from tests.gateway.test_kafka import event_topics, everything, over_kafka

__all__ = ["event_topics", "make", "over_kafka"]  # fixtures

pytestmark = [pytest.mark.kafka, pytest.mark.faults]

GUIDES = Path(__file__).parents[2] / "docs" / "emit"
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
}
"""Each program of a guide: how it is run, and the ids of the events it sends."""
NOT_RUN = {("csharp.md", "Program.cs"): "needs a project and the .NET SDK, which Debian does not have"}
OTHERS = {"python.md", "javascript.md", "http.md", "README.md"}
"""Guides whose programs have tests of their own, or that have none."""


def programs() -> dict[tuple[str, str], str]:
    """Every program of the guides, by guide and file."""
    found = {}
    for guide in sorted(GUIDES.glob("*.md")):
        if guide.name not in OTHERS:
            found |= {(guide.name, file): text for file, text in _BLOCK.findall(guide.read_text())}
    return found


def test_every_program_of_the_guides_is_run_here_or_said_not_to_be() -> None:
    assert set(programs()) == set(PROGRAMS) | set(NOT_RUN)


@pytest.mark.parametrize("program", PROGRAMS, ids="/".join)
def test_a_program_as_it_stands_in_its_guide(
    program: tuple[str, str], over_kafka: tuple[Parts, str, str], event_topics: None, kafka: str, tmp_path: Path
) -> None:
    command, ids = PROGRAMS[program]
    needed = {"sh": program[0].removesuffix(".md")}.get(command[0], command[0])
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not on this machine")
    if needed == "go" and os.environ.get("CLOSELOOP_GUIDES") != "all":
        pytest.skip("Go compiles its library first, which takes a minute or two; CLOSELOOP_GUIDES=all runs it")
    (tmp_path / program[1]).write_text(programs()[program])
    parts, _, _ = over_kafka
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLOSELOOP_")}
    with serving(parts) as url:
        environment = {**kept, "CLOSELOOP_URL": url, "KAFKA_BOOTSTRAP_SERVERS": kafka}
        for _ in range(2):  # as it is sent again: the same ids
            done = subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=150, check=False
            )
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


def test_a_refusal_reaches_the_reader_of_the_guide(
    over_kafka: tuple[Parts, str, str], event_topics: None, tmp_path: Path
) -> None:
    """The program stops and shows the field, it does not try again for ever."""
    (tmp_path / "emit.sh").write_text(programs()["curl.md", "emit.sh"].replace('"outcome":"failed"', '"outcome":7'))
    parts, _, _ = over_kafka
    with serving(parts) as url:
        done = subprocess.run(
            ["sh", "emit.sh"], cwd=tmp_path, env={**os.environ, "CLOSELOOP_URL": url}, capture_output=True, timeout=60,
            check=False,
        )  # fmt: skip
    assert done.returncode != 0
