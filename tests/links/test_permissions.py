"""What each room has to be allowed: the documentation, the command, and the catalogue say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from closeloop.doctor.permissions import ROOMS, Permission, RoomName, acl_commands, needed_by
from schemas.topics import READERS, catalogue
from tests.cli.asking import ask

PAGE = Path(__file__).parents[2] / "docs" / "kafka-security.md"


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_the_page_lists_exactly_these(room: RoomName) -> None:
    row = next(line for line in PAGE.read_text().splitlines() if line.startswith(f"| {room} |"))
    reads, writes, rest = (set(re.findall(r"`([^`]+)`", cell)) for cell in row.split("|")[2:5])
    rules = needed_by(room)
    topics = [one for one in rules if one.kind == "topic"]
    assert reads == {one.name for one in topics if "READ" in one.operations}
    assert writes == {one.name for one in topics if "WRITE" in one.operations}
    others = {one.name for one in rules if one.kind != "topic"} | {
        one.name for one in topics if one.operations == ("DESCRIBE",)
    }
    assert rest == others - {"kafka-cluster"}


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_every_main_way_of_the_catalogue_is_allowed(room: RoomName) -> None:
    given = {one.name: one.operations for one in needed_by(room)}
    for spec in catalogue():
        assert room not in spec.read_by or "READ" in given[spec.name]
        assert room not in spec.written_by or "WRITE" in given[spec.name]
        assert spec.name in given, "the rooms look whether every topic is there"
    owner: RoomName = "streams" if room == "streams" else "consumers"
    joined = {one.name for one in needed_by(room) if one.kind == "group" and "READ" in one.operations}
    assert joined == (set() if room == "gateway" else {g for g in READERS if ("streams" in g) == (owner == "streams")})


def test_nobody_may_more_than_read_write_and_describe() -> None:
    operations = {operation for room in ROOMS for one in needed_by(room) for operation in one.operations}
    assert operations == {"READ", "WRITE", "DESCRIBE"}


def test_a_rule_as_kafka_acls_takes_it() -> None:
    rules = [
        Permission("topic", "cx.cases", ("READ", "WRITE")),
        Permission("cluster", "kafka-cluster", ("DESCRIBE",)),
        Permission("transactional-id", "closeloop-streams-", ("WRITE",), prefixed=True),
    ]
    assert list(acl_commands("User:loop", rules)) == [
        "--add --allow-principal User:loop --operation Read --operation Write --topic cx.cases",
        "--add --allow-principal User:loop --operation Describe --cluster",
        "--add --allow-principal User:loop --operation Write --transactional-id closeloop-streams-"
        " --resource-pattern-type prefixed",
    ]


def test_the_command_prints_them() -> None:
    told = ask("topics", "acls", "--room", "consumers", "--principal", "User:desk")
    assert told.code == 0
    assert told.out.splitlines() == list(acl_commands("User:desk", needed_by("consumers")))
