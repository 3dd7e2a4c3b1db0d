"""Every command's help, as somebody new reads it."""

from __future__ import annotations

import pytest
from typer.main import get_command

from closeloop.cli import app
from tests.cli.asking import ask, words_of


def commands() -> list[tuple[str, ...]]:
    """Every command and subcommand, by its words."""
    found: list[tuple[str, ...]] = [()]
    waiting = [((), get_command(app))]
    while waiting:
        words, group = waiting.pop()
        for name, command in sorted(getattr(group, "commands", {}).items()):
            found.append((*words, name))
            waiting.append(((*words, name), command))
    return found


COMMANDS = commands()
GROUPS = {
    (),
    ("topics",),
    ("db",),
    ("deadletters",),
    ("keys",),
    ("sessions",),
    ("audit",),
    ("hooks",),
    ("routes",),
    ("rules",),
    ("cases",),
    ("incidents",),
    ("slack",),
    ("surveys",),
}


def parameters(words: tuple[str, ...]) -> list[object]:
    command = get_command(app)
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined] # every word but the last names a group
    return list(command.params)


def test_every_command_is_there() -> None:
    names = {words_of(words) for words in COMMANDS}
    assert names >= {
        "demo", "up", "streams", "consumers", "gateway", "kafka", "sandbox", "import", "check", "contract",
        "topics print", "topics create", "topics check", "topics mend", "topics list", "topics tail",
        "deadletters list", "deadletters show", "deadletters replay", "deadletters export",
        "topics lag", "doctor", "watch", "db upgrade", "db downgrade", "db check",
        "keys create", "keys rotate", "keys list", "keys revoke", "routes explain", "rules test",
        "sessions list", "sessions end", "audit list", "audit export",
        "cases list", "cases show", "cases act", "cases export", "incidents list",
        "surveys link", "surveys links",
    }  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=words_of)
def test_help_says_what_it_does_in_full_within_100_columns(words: tuple[str, ...]) -> None:
    answer = ask(*words, "--help")
    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= 100
    assert f"Usage: closeloop {' '.join(words)}".strip() in answer.out.replace("root", "closeloop")
    description = answer.out.split("\n\n")[1].strip()
    assert description[0].isupper()
    assert description.rstrip().endswith(".")
    assert len(description.split()) >= 5


@pytest.mark.parametrize("words", [words for words in COMMANDS if words not in GROUPS], ids=words_of)
def test_every_option_has_its_sentence(words: tuple[str, ...]) -> None:
    text = " ".join(ask(*words, "--help").out.split())
    for parameter in parameters(words):
        name = parameter.name  # type: ignore[attr-defined] # click's parameters, whose module is private to Typer
        if name == "help":
            continue
        said = getattr(parameter, "help", None)
        assert said, f"{words_of(words)}: {name} is not explained"
        assert len(said.split()) >= 2
        assert " ".join(said.split())[:40] in text, f"{words_of(words)}: {name}"


@pytest.mark.parametrize("words", [words for words in COMMANDS if words not in GROUPS], ids=words_of)
def test_a_lists_line_is_not_cut_in_the_middle(words: tuple[str, ...]) -> None:
    listing = ask(*words[:-1], "--help").out
    lines = [line for line in listing.splitlines() if line.split()[:1] == [words[-1]]]
    assert len(lines) == 1
    assert not lines[0].endswith("...")


@pytest.mark.parametrize("words", sorted(GROUPS), ids=words_of)
def test_a_group_alone_shows_its_commands(words: tuple[str, ...]) -> None:
    answer = ask(*words)
    assert "Commands:" in answer.out + answer.err
    assert answer.code in (0, 2)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("up", "--nonsense"), "No such option: --nonsense"),
        (("up", "--port", "x"), "should be a valid integer"),
        (("up", "--port", "0"), "greater than or equal to 1"),
        (("up", "--clock", "sun"), "'wall', 'event'"),
        (("up", "--partitions", "0"), "greater than or equal to 1"),
        (("demo", "--customers", "3"), "greater than or equal to 10"),
        (("keys", "create", "x"), "Missing option '--role'"),
        (("keys", "create", "x", "--role", "king"), "'emit', 'read', 'act', 'admin'"),
        (("import",), "Missing argument 'file'"),
        (("import", "f", "--batch", "5001"), "less than or equal to 5000"),
        (("db", "downgrade"), "Missing argument 'revision'"),
        (("topics", "create", "--replication", "0"), "greater than or equal to 1"),
    ],
)
def test_a_wrong_word_is_named_with_what_would_be_right(words: tuple[str, ...], part: str) -> None:
    answer = ask(*words)
    assert answer.code == 2
    assert part in answer.err
    assert "--help" in answer.err
    assert len(answer.err.splitlines()) <= 8
