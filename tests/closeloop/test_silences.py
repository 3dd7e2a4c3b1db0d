"""``closeloop silences``: an end and a reason are mandatory, wrong matchers are named, what is kept is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeloop.cli import app
from closeloop.errors import UserError
from closeloop.silences import read_end

LOOP = """
people:
  ana: {name: Ana, email: ana@example.com}
receivers:
  care: {person: ana, channel: "#care"}
route:
  receiver: care
"""
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def run(sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATABASE_URL", sqlite_database)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.yaml").write_text(LOOP)
    return lambda *said: CliRunner().invoke(app, ["silences", *said])


def test_from_the_beginning_to_the_early_end(run: Any) -> None:
    made = run("add", "--match", "score={at_most: 3}", "--match", "page=true", "--for", "2h", "--reason", "strike",
               "--by", "ana")  # fmt: skip
    assert made.exit_code == 0
    assert made.stdout.startswith("1  holds  ")
    kept, fits = made.stdout.splitlines()
    assert kept.endswith("UTC  score<=3 and page=true  (strike; ana)")
    assert fits == "fits 0 of 0 open cases and 0 of 0 alerts of the last 7 days"
    assert run("list").stdout.splitlines() == [kept]
    ended = run("end", "1", "--by", "ana")
    assert ended.stdout.rstrip().endswith("0 cases speak now")
    assert run("list").stdout == ""
    assert "ended by ana" in run("list", "--all").stdout
    again = run("end", "1", "--by", "ana")
    assert (again.exit_code, "there is no silence 1 to end" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["--match", "page=true", "--reason", "r", "--by", "ana"], "a silence has an end"),
        (["--match", "page=true", "--for", "2h", "--reason", " ", "--by", "ana"], "without a reason"),
        (["--match", "page=true", "--for", "soon", "--reason", "r", "--by", "ana"], "--for soon: give a whole number"),
        (["--match", "page=true", "--for", "2h", "--reason", "r", "--by", "bob"], "--by bob: nobody of that key"),
        (["--match", "page", "--for", "2h", "--reason", "r", "--by", "ana"], "--match page: give FIELD=VALUE"),
        (["--match", "page=7", "--for", "2h", "--reason", "r", "--by", "ana"], "match.page: page is true or false"),
        (["--match", "pge=true", "--for", "2h", "--reason", "r", "--by", "ana"], "did you mean page?"),
        (["--match", "touchpoint={matches: '('}", "--for", "2h", "--reason", "r", "--by", "ana"], "no regular"),
        (["--match", "page=true", "--until", "2020-01-01", "--reason", "r", "--by", "ana"], "it ends before it starts"),
    ],
)  # fmt: skip
def test_what_is_refused(run: Any, said: list[str], words: str) -> None:
    result = run("add", *said)
    assert result.exit_code == 2
    assert words in result.stderr
    assert run("list", "--all").stdout == ""


def test_the_end_is_a_length_from_the_start_or_a_moment() -> None:
    assert read_end(NOW, "90m", None) == NOW + timedelta(minutes=90)
    assert read_end(NOW, None, datetime(2026, 11, 25, 8)) == datetime(2026, 11, 25, 8, tzinfo=UTC)  # noqa: DTZ001 - as typer reads it
    with pytest.raises(UserError, match="--for"):
        read_end(NOW, "2h", NOW)
