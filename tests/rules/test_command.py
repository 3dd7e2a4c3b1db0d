"""``closeloop rules test`` as a person types it: files, standard forms, and mistakes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.asking import ask, refused
from tests.rules.recording import PEOPLE, answer, detractor, touchpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording, plain and packed, and two loops."""
    events = [touchpoint(1, "c1", 0), answer(1, "c1", 1, 0.1), answer(2, "c2", 3, 0.2)]
    lines = b"".join((event.value or b"") + b"\n" for event in events)
    (tmp_path / "events.jsonl").write_bytes(lines + b"this is no event\n")
    (tmp_path / "events.jsonl.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "today.yaml").write_text(f"{PEOPLE}rules:\n{detractor(2)}")
    (tmp_path / "changed.yaml").write_text(f"{PEOPLE}rules:\n{detractor(3)}")
    return tmp_path


@pytest.mark.parametrize("name", ["events.jsonl", "events.jsonl.gz"])
def test_a_file_is_replayed(folder: Path, name: str) -> None:
    said = ask(
        *("rules", "test", str(folder / name), "--config", str(folder / "changed.yaml")),
        *("--against", str(folder / "today.yaml"), "--format", "json"),
    )
    assert said.code == 0, said
    found = json.loads(said.out)
    assert found["changed"]["alerts"] == {"detractor": 2}
    assert found["today"]["alerts"] == {"detractor": 1}
    assert [one["event_id"] for one in found["examples"]] == ["r2"]
    assert sum(found["events"]["dead_letters"].values()) == (1 if name == "events.jsonl" else 0)


def test_the_running_loop_is_what_is_compared_with(folder: Path) -> None:
    words = ("rules", "test", str(folder / "events.jsonl"), "--config", str(folder / "changed.yaml"))
    today = ask(*words, CLOSELOOP_CONFIG=str(folder / "today.yaml"))
    assert "today" in today.out
    assert "+ detractor (normal) /shop r2" in today.out
    assert "today" not in ask(*words, CLOSELOOP_CONFIG=str(folder / "changed.yaml")).out


def test_mistakes_are_named(folder: Path) -> None:
    events, config = str(folder / "events.jsonl"), ("--config", str(folder / "changed.yaml"))
    refused(ask("rules", "test", *config), "give a FILE", "--since")
    refused(ask("rules", "test", events, "--since", "3d", *config), "give a FILE", "--since")
    refused(ask("rules", "test", str(folder / "none.jsonl"), *config), "none.jsonl: no such file")
    refused(ask("rules", "test", str(folder), *config), "a folder; give a file")
    refused(ask("rules", "test", events, *config, "--close-after", "soon"), "--close-after: give a whole number")
    refused(ask("rules", "test", "--since", "9999d", *config), "--since: longer than 3660d")
    refused(ask("rules", "test", events, "--config", str(folder / "none.yaml")), "none.yaml", "no such file")
    refused(ask("rules", "test", events, *config, "--against", str(folder / "no.yaml")), "no.yaml", "no such file")
    (folder / "bad.yaml").write_text(f"{PEOPLE}rules:\n{detractor(9)}")
    refused(ask("rules", "test", events, "--config", str(folder / "bad.yaml")), "outside the scale 1..5")
    (folder / "empty.jsonl").write_text("\n\n")
    refused(ask("rules", "test", str(folder / "empty.jsonl"), *config), "empty.jsonl: no event in it")
    (folder / "cut.gz").write_bytes(gzip.compress(b'{"a": 1}\n' * 999)[:-9])
    refused(ask("rules", "test", str(folder / "cut.gz"), *config), "cut.gz: the gzip data is broken")


def test_a_cluster_that_does_not_answer_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("closeloop.rules.recorded.REACH_S", 0.3)
    answered = ask(
        *("rules", "test", "--since", "1d", "--config", str(folder / "changed.yaml")),
        KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1",
    )
    refused(answered, "No Kafka answers at 127.0.0.1:1")
