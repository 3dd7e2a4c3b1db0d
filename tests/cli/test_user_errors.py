"""Whatever a person gets wrong is said in a few lines, with the right exit code and never a traceback."""

from __future__ import annotations

import gzip
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import migrate
from schemas.loop_yaml import load
from schemas.topics import catalogue
from tests.cli.asking import EXAMPLE, ask, refused

GOOD = EXAMPLE.read_text()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with the example's loop.yaml, as the current one."""
    (tmp_path / "loop.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


WRONG_LOOPS = {
    "unknown key": ("windows: [", "windoze: [", "windoze", ""),
    "bad zone": ("zone: Europe/Kyiv", "zone: Mars/Base", "Mars/Base", "calendars.kyiv.zone"),
    "bad history zone": ("zone: UTC", "zone: Utopia", "zone: Utopia", "history.zone"),
    "missing default route": ("route:\n  receiver: customer_care\n", "route:\n", "route:\n", "receiver"),
    "no such person": ("    person: oksana\n", "    person: oxana\n", "person: oxana", "oxana"),
    "no such receiver": ("      receiver: billing\n", "      receiver: biling\n", "receiver: biling", "biling"),
    "empty team": ("members: [priya, samuel]", "members: []", "members: []", "billing"),
    "not YAML": ("teams:\n", "teams: [\n", "teams: [", ""),
}


@pytest.mark.parametrize("name", WRONG_LOOPS)
def test_a_wrong_loop_yaml_is_said_with_its_line_and_field(here: Path, name: str) -> None:
    old, new, place, field = WRONG_LOOPS[name]
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    (here / "wrong.yaml").write_text(text)
    answer = ask("check", "--config", "wrong.yaml")
    refused(answer, "wrong.yaml:", field)
    lines = [int(part) for line in answer.err.splitlines() for part in line.split(":")[1:3] if part.strip().isdigit()]
    assert lines, answer.err
    assert min(abs(line - line_of(text, place)) for line in lines) <= 2, answer.err


def test_an_owner_who_cannot_be_reached_is_named(here: Path) -> None:
    text = GOOD.replace("    slack: U0OKSANA003\n", "    slack: U0OKSANA003\n    away: true\n", 1)
    (here / "loop.yaml").write_text(text)
    refused(ask("check"), "loop.yaml:", "oksana")


def test_a_good_one_is_called_good(here: Path) -> None:
    answer = ask("check")
    assert (answer.code, answer.out) == (0, "")
    counted = len(rules := load(EXAMPLE).rules)
    assert answer.err.startswith(f"loop.yaml: good\n  {counted} rules, 5 cuts, windows 1h, 24h, 7d, 30d;")
    for rule in rules:
        assert rule.name in answer.err
    assert "threshold: detractor" in answer.err


CONFIGURED = [
    ("check",), ("up",), ("streams",), ("consumers",), ("gateway",), ("sandbox",), ("routes", "explain", "event.json"),
]  # fmt: skip


@pytest.mark.parametrize("words", CONFIGURED, ids=" ".join)
@pytest.mark.parametrize("kind", ["missing", "empty", "folder", "binary"])
def test_a_loop_yaml_that_is_none(here: Path, words: tuple[str, ...], kind: str) -> None:
    path = here / "loop.yaml"
    path.unlink()
    (here / "event.json").write_text("{}")
    if kind == "empty":
        path.write_text("")
    elif kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(b"\x80\x00\xff")
    refused(ask(*words), "loop.yaml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_loop_yaml_that_may_not_be_read(here: Path) -> None:
    (here / "loop.yaml").chmod(0)
    refused(ask("check"), "loop.yaml", "not allowed")


SETTINGS = {
    "CLOSELOOP_CLOCK": "moon",
    "CLOSELOOP_PORT": "http",
    "CLOSELOOP_HEALTH_PORT": "70000",
    "CLOSELOOP_PARTITIONS": "2.5",
    "CLOSELOOP_ZONE": "Mars/Base",
    "CLOSELOOP_SLACK_PACE": "0",
    "CLOSELOOP_LOG_LEVEL": "loud",
    "CLOSELOOP_PUBLIC_URL": "example.com",
    "CLOSELOOP_EMBEDDED_BROKER": "perhaps",
    "SLACK_API_URL": "slack",
    "KAFKA_BOOTSTRAP_SERVERS": "broker",
    "DATABASE_URL": "mysql://user:hush@host/db",
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("words", [("check",), ("gateway",), ("up",)], ids=" ".join)
def test_a_setting_that_cannot_be_is_named(here: Path, name: str, words: tuple[str, ...]) -> None:
    answer = ask(*words, **{name: SETTINGS[name]})
    refused(answer, name, lines=2)
    assert "hush" not in answer.err
    assert list(here.iterdir()) == [here / "loop.yaml"]  # nothing was begun


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e9", "0x10"])
def test_numbers_that_are_none(here: Path, value: str) -> None:
    refused(ask("check", CLOSELOOP_PORT=value), "CLOSELOOP_PORT", "0 to 65535")


URLS = {
    "garbage": "not a database URL",
    "mysql://user:hush@host/db": "only sqlite and postgresql",
    "postgresql://user:hush@127.0.0.1:1/db": "",
    "sqlite:////proc/nowhere/closeloop.db": "",
}
DATABASE_COMMANDS = [
    ("db", "upgrade"), ("db", "downgrade", "base"), ("keys", "list"), ("keys", "revoke", "x"),
    ("keys", "create", "x", "--role", "read"),
]  # fmt: skip


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("words", DATABASE_COMMANDS, ids=" ".join)
def test_a_wrong_database_is_said_without_its_password(words: tuple[str, ...], url: str) -> None:
    answer = ask(*words, DATABASE_URL=url)
    refused(answer, URLS[url], lines=3)
    assert "DATABASE_URL" in answer.err or "/proc/nowhere" in answer.err
    assert "hush" not in answer.err


def test_up_says_a_wrong_database_before_anything_runs(here: Path, free_port: int) -> None:
    url = "postgresql://user:hush@127.0.0.1:1/db"
    answer = ask("up", "--port", str(free_port), DATABASE_URL=url)
    refused(answer, "DATABASE_URL")
    assert "hush" not in answer.err


@pytest.mark.parametrize("words", DATABASE_COMMANDS[2:], ids=" ".join)
def test_a_database_without_tables_says_how_they_are_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    refused(ask(*words, DATABASE_URL=url), "closeloop db upgrade", lines=2)


def test_keys_of_unknown_names_revisions_and_names_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'closeloop.db'}"
    assert ask("db", "upgrade", DATABASE_URL=url).code == 0
    refused(ask("keys", "revoke", "nobody", DATABASE_URL=url), "nobody", "closeloop keys list")
    refused(ask("keys", "create", "  ", "--role", "read", DATABASE_URL=url), "name")
    made = ask("keys", "create", "shop", "--role", "emit", DATABASE_URL=url)
    assert made.code == 0
    assert len(made.out.splitlines()) == 1
    again = ask("keys", "create", "shop", "--role", "emit", DATABASE_URL=url)
    assert again.code in (0, 2)
    assert ask("keys", "revoke", "shop", DATABASE_URL=url).code == 0
    refused(ask("db", "downgrade", "9999", DATABASE_URL=url), "9999")
    assert migrate.current(url) == migrate.head()


IMPORTS = {
    "missing.jsonl": (None, "no such file"),
    "folder.jsonl": ("folder", "a folder"),
    "binary.jsonl": (b"\x00\x01\xff\xfe" * 50, ""),
    "broken.jsonl.gz": (gzip.compress(b"{}\n" * 50)[:-9], "gzip"),
    "table.csv": (b"a,b\n1,2\n", "--mapping"),
}


@pytest.mark.parametrize("name", IMPORTS)
def test_an_import_of_what_cannot_be_read(here: Path, name: str, free_port: int) -> None:
    content, part = IMPORTS[name]
    if content == "folder":
        (here / name).mkdir()
    elif isinstance(content, bytes):
        (here / name).write_bytes(content)
    answer = ask("import", name, "--url", f"http://127.0.0.1:{free_port}")
    assert answer.code == 1
    assert "Traceback" not in answer.err
    assert part in answer.err
    assert 1 <= len((answer.err + answer.out).splitlines()) <= 8


def test_an_empty_import_says_so(here: Path, free_port: int) -> None:
    (here / "empty.jsonl").write_bytes(b"")
    answer = ask("import", "empty.jsonl", "--url", f"http://127.0.0.1:{free_port}")
    assert "Traceback" not in answer.err
    assert "0" in answer.out + answer.err


@pytest.mark.parametrize("url", ["nonsense", "ftp://example.com", "http://", ""])
def test_an_import_to_no_url(here: Path, url: str) -> None:
    (here / "events.jsonl").write_text("{}\n")
    answer = ask("import", "events.jsonl", "--url", url)
    assert answer.code == 1
    assert "http" in answer.err
    assert len(answer.err.splitlines()) <= 2


@pytest.mark.parametrize("mapping", ["missing.yaml", "wrong.yaml"])
def test_an_import_with_a_wrong_mapping(here: Path, mapping: str) -> None:
    (here / "table.csv").write_text("a,b\n1,2\n")
    (here / "wrong.yaml").write_text("nonsense: 1\n")
    answer = ask("import", "table.csv", "--mapping", mapping)
    assert answer.code == 1
    assert mapping in answer.err
    assert "Traceback" not in answer.err


EVENTS = {
    "missing": (None, "no such file"),
    "empty": (b"", "bytes"),
    "binary": (b"\xff\x00", "UTF-8"),
    "not JSON": (b"hello", "not JSON"),
    "no alert": (b'{"type": "alert", "id": 4}', "not an alert"),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_routes_of_what_is_no_event(here: Path, kind: str) -> None:
    content, part = EVENTS[kind]
    if content is not None:
        (here / "event.json").write_bytes(content)
    refused(ask("routes", "explain", "event.json"), "event.json", part, lines=2)
    (here / "folder").mkdir()
    refused(ask("routes", "explain", "folder"), "folder", lines=2)


@pytest.mark.parametrize("words", [("up",), ("demo",)], ids=" ".join)
def test_a_taken_port_is_named_with_the_option(here: Path, taken: int, words: tuple[str, ...]) -> None:
    refused(ask(*words, "--port", str(taken)), str(taken), "--port")


def test_topics_are_printed_whole_and_a_wrong_setting_is_said() -> None:
    answer = ask("topics", "print")
    assert answer.code == 0
    for topic in catalogue():
        assert topic.name in answer.out
    refused(ask("topics", "print", CLOSELOOP_PARTITIONS="many"), "CLOSELOOP_PARTITIONS")


@pytest.mark.parametrize("words", [("up", "--nodes", "2"), ("kafka", "--nodes", "2")], ids=" ".join)
def test_two_nodes_are_no_cluster(here: Path, words: tuple[str, ...]) -> None:
    refused(ask(*words), "--nodes")


def test_kafka_s_port_and_embedded_exclude_each_other(here: Path) -> None:
    refused(ask("kafka", "--embedded", "--port", "9092"), "--port", "--embedded")


def test_contract_tells_where_it_looks_and_writes(here: Path) -> None:
    answer = ask("contract")
    assert answer.code in (1, 2)
    assert "docs/contract" in answer.err
    assert "Traceback" not in answer.err
    (here / "file").write_text("")
    refused(ask("contract", "--write", "file"), "file")
