"""``closeloop cases`` against a gateway on a real port: what a person reads, what a program gets, how it is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from closeloop.cases.asking import OPTIONS
from closeloop.cleaning import clean
from closeloop.commands.cases import ActionChoice
from gateway.keys import create_key
from gateway.parts import Parts
from gateway.process import make_parts
from schemas.case_history import note
from schemas.case_ledger import Change, act
from schemas.cases import UserAction
from schemas.settings import Settings
from schemas.tables import CaseRow
from tests.cli.asking import Answer, ask, refused
from tests.gateway.examples import configuration, metric_alert, opened
from tests.gateway.serving import serving


class Gateway:
    """A gateway with three open cases, of which the second is Bob's and is acknowledged."""

    def __init__(self, parts: Parts, url: str) -> None:
        self.parts = parts
        self.url = url
        self.ids = [opened(parts.writers, number, owner="ana" if number != 2 else "bob") for number in (1, 2, 3)]
        with parts.writers.begin() as session:
            act(session, self.ids[1], "acknowledge", actor="bob", via="slack", now=datetime.now(UTC), change=Change())

    def ask(self, *words: str, **settings: str) -> Answer:
        return ask("cases", *words, "--url", self.url, **settings)


@pytest.fixture
def gateway(sqlite_database: str) -> Iterator[Gateway]:
    def fail(why: str) -> None:
        raise AssertionError(why)

    parts = make_parts(Settings(database=sqlite_database, kafka="127.0.0.1:1"), configuration(), fail)
    with serving(parts) as address:
        yield Gateway(parts, address)
    parts.writers.kw["bind"].dispose()


def rows(answer: Answer) -> list[list[str]]:
    assert answer.code == 0, answer
    return [line.split("\t") for line in answer.out.splitlines()]


def test_a_list_is_lines_for_programs_and_takes_every_filter(gateway: Gateway) -> None:
    first, second, third = (f"C-{number}" for number in gateway.ids)
    listed = rows(gateway.ask("list"))
    assert [row[0] for row in listed] == [third, second, first]
    assert listed[0][1:6] == ["open", "normal", "c3", "nps 3 of 10", "Ana Sá"]
    # every due time of these is in January, long ago; the acknowledged one lacks contact still
    assert listed[0][6] == "acknowledge overdue since 2026-01-10 10:00 UTC"
    assert listed[1][6] == "contact overdue since 2026-01-10 10:00 UTC"

    def found(*words: str) -> list[str]:
        return [row[0] for row in rows(gateway.ask("list", *words))]

    assert found("--state", "acknowledged") == [second]
    assert found("--state", "open,acknowledged", "--owner", "ana") == [third, first]
    assert found("--customer", "c1") == [first]
    assert found("--severity", "critical") == []
    assert found("--receiver", "desk", "--touchpoint", "order.delivered", "--overdue") == [third, second, first]
    assert found("--receiver", "nobody") == []
    gateway.ask("act", first, "resolve", "--root-cause", "other")
    gateway.ask("act", third, "snooze", "--until", "2h")
    assert found("--overdue") == [second]
    some = gateway.ask("list", "--limit", "2")
    assert len(rows(some)) == 2
    assert "the newest 2 of 3" in some.err
    assert found("--text", "C1") == [first]
    assert gateway.ask("list", "--text", "nobody wrote this").err == "no case fits\n"
    assert found("--held") == []


def test_json_and_csv_for_programs(gateway: Gateway) -> None:
    told = json.loads(gateway.ask("list", "--format", "json").out)
    assert [case["id"] for case in told] == gateway.ids[::-1]
    table = list(csv.DictReader(io.StringIO(gateway.ask("list", "--format", "csv").out)))
    assert [row["id"] for row in table] == [str(number) for number in gateway.ids[::-1]]
    assert (table[0]["owner"], table[0]["score"], table[0]["comment"]) == ("ana", "3", "atrasou <de> novo")
    whole = json.loads(gateway.ask("show", str(gateway.ids[0]), "--format", "json").out)
    assert [event["action"] for event in whole["events"]] == ["opened"]


def test_a_case_is_shown_with_all_that_belongs_to_it(gateway: Gateway) -> None:
    case = f"C-{gateway.ids[0]}"
    assert gateway.ask("act", case, "contact", "--channel", "phone", "--note", "said sorry", "--actor", "bob").code == 0
    shown = gateway.ask("show", case.lower())
    assert shown.code == 0
    lines = [line.strip() for line in shown.out.splitlines()]
    assert lines[0] == f"{case}  contacted · normal · c1 · nps 3 of 10"
    for part in (
        "Due",
        "Answers",
        "History",
        "Messages",
        "| atrasou <de> novo",
        "touchpoint order.delivered, region SP",
    ):
        assert part in lines, shown.out
    assert any(line.startswith("resolve by 2026-01-10 10:00 UTC: overdue") for line in lines)
    assert any(line.startswith("contact by") and "late" in line for line in lines)
    assert any("contacted by Bob <& co> (api) [channel phone]: said sorry" in line for line in lines)
    assert any("card to #cx: pending" in line for line in lines)


def test_the_history_says_who_was_told_of_a_broken_promise(gateway: Gateway) -> None:
    at = datetime(2026, 1, 10, 12, tzinfo=UTC)
    with gateway.parts.writers.begin() as session:
        case = session.get_one(CaseRow, gateway.ids[0])
        note(session, case, "reminded", "k1", at, {"of": "contact", "told": "person:bob"})
        note(session, case, "escalated", "k2", at, {"of": "acknowledge", "told": "#board", "step": 2})
        note(session, case, "escalated", "k3", at, {"of": "lease", "told": "person:ana", "step": 1})
    lines = [line.strip() for line in gateway.ask("show", str(gateway.ids[0])).out.splitlines()]
    assert "–  2026-01-10 12:00 UTC  reminded bob: contact due soon" in lines
    assert "–  2026-01-10 12:00 UTC  escalated to #board (step 2): acknowledgement overdue" in lines
    assert "–  2026-01-10 12:00 UTC  escalated to ana (step 1): no contact in time" in lines
    late = gateway.ask("act", str(gateway.ids[1]), "wake")
    with gateway.parts.writers.begin() as session:
        note(session, session.get_one(CaseRow, gateway.ids[1]), "reminded", "k4", datetime.now(UTC), {})
    again = gateway.ask("act", str(gateway.ids[1]), "wake")
    assert "acknowledged since" in late.err
    assert again.err == late.err, "being reminded is no step of the case"


def test_every_action_can_be_taken(gateway: Gateway) -> None:
    case = f"C-{gateway.ids[0]}"
    steps: list[tuple[str, list[str], str]] = [
        ("acknowledge", ["--owner", "bob"], "acknowledged"),
        ("contact", ["--channel", "email"], "contacted"),
        ("snooze", ["--until", (datetime.now(UTC) + timedelta(hours=1)).isoformat()], "snoozed"),
        ("wake", [], "open"),
        ("reassign", ["--owner", "ana"], "open"),
        ("resolve", ["--root-cause", "billing", "--note", "refunded"], "resolved"),
        ("reopen", [], "open"),
        ("dismiss", ["--note", "a joke"], "dismissed"),
    ]
    assert {step[0] for step in steps} == set(ActionChoice)
    for version, (action, options, state) in enumerate(steps, start=2):
        done = gateway.ask("act", case, action, *options, "--version", str(version - 1))
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"{case} {state}, version {version}, ")


def test_refusals_say_how_the_case_stands(gateway: Gateway) -> None:
    case = f"C-{gateway.ids[0]}"
    gateway.ask("act", case, "resolve", "--root-cause", "other", "--actor", "ana")
    refused(gateway.ask("act", case, "contact", "--version", "1"), f"stale: {case} is resolved since ", " by Ana Sá",
            code=1, lines=1)  # fmt: skip
    late = gateway.ask("act", case, "acknowledge")
    refused(late, f"not allowed: {case} is resolved since ", "by Ana Sá: it cannot be acknowledged", code=1, lines=1)
    metric = opened(gateway.parts.writers, of=metric_alert(1))
    refused(gateway.ask("act", str(metric), "contact"), f"C-{metric} is about a metric", code=1, lines=1)
    refused(gateway.ask("show", "999"), "there is no case C-999", code=1, lines=1)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("list", "--state", "lost"), "--state: not a state of a case; there are open,"),
        (("list", "--severity", "bad"), "--severity: not a severity"),
        (("show", "x7"), "give its number, such as 7 or C-7"),
        (("show", "C-0"), "give its number"),
        (("act", "1", "resolve"), "--root-cause: say what went wrong: one of late_delivery"),
        (("act", "1", "resolve", "--owner", "bob"), "--owner: resolve does not take it; it takes --root-cause, --note"),
        (("act", "1", "snooze", "--until", "soon"), "--until: give a time with its zone"),
        (("act", "1", "snooze", "--until", "2026-11-21T10:15:02"), "--until: give a time with its zone"),
        (("act", "1", "snooze", "--until", "99d"), "--until: more than 30 days away"),
        (("act", "1", "reassign", "--owner", "carol"), "--owner: not a person key"),
    ],
)
def test_wrong_words_are_named_with_the_option(gateway: Gateway, words: tuple[str, ...], part: str) -> None:
    refused(gateway.ask(*words), part, code=2, lines=1)


def test_the_key_comes_from_the_environment_and_names_who_acted(gateway: Gateway) -> None:
    key = create_key(gateway.parts.writers, "night-bot", "act")
    case = str(gateway.ids[0])
    refused(gateway.ask("show", case, CLOSELOOP_API_KEY="wrong"), "unknown, expired or revoked key", code=1, lines=1)
    assert gateway.ask("act", case, "acknowledge", "--actor", "bob", CLOSELOOP_API_KEY=key).code == 0
    shown = gateway.ask("show", case, CLOSELOOP_API_KEY=key)
    assert "acknowledged by Bob <& co> (api, key night-bot)" in shown.out


def test_a_gateway_that_is_none(free_port: int) -> None:
    refused(ask("cases", "list", "--url", f"http://127.0.0.1:{free_port}"), "connection refused", code=1, lines=1)
    refused(ask("cases", "list", "--url", "ftp://example.com"), "--url: give the gateway's URL", code=2, lines=1)
    refused(ask("cases", "list", CLOSELOOP_API_KEY="a b"), "CLOSELOOP_API_KEY", code=2, lines=1)


def test_what_others_wrote_does_not_steer_the_terminal() -> None:
    assert clean("a\x1b[31mb\x9bc\u202ed\ne") == "a [31mb c d e"


def test_the_commands_actions_are_the_ledgers() -> None:
    assert set(ActionChoice) == set(get_args(UserAction)) == set(OPTIONS)


def test_exports_go_to_a_file_or_standard_output(gateway: Gateway, tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    done = gateway.ask("export", "--output", str(path), "--owner", "ana")
    assert (done.code, done.out, done.err) == (0, "", "")
    with path.open(newline="", encoding="utf-8") as file:
        assert [int(row["id"]) for row in csv.DictReader(file)] == [gateway.ids[0], gateway.ids[2]]
    assert path.stat().st_mode & 0o077 == 0
    trail = json.loads(gateway.ask("export", "--audit", "--case", f"C-{gateway.ids[1]}", "--format", "json").out)
    assert [(entry["action"], entry["actor"], entry["via"]) for entry in trail] == [
        ("opened", "system", "system"), ("acknowledge", "bob", "slack"),
    ]  # fmt: skip
    assert json.loads(gateway.ask("export", "--after", str(gateway.ids[2]), "--format", "json").out) == []


def test_an_export_that_is_refused_leaves_no_file(gateway: Gateway, tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    refused(gateway.ask("export", "--state", "lost", "--output", str(path)), "--state", code=2, lines=1)
    refused(gateway.ask("export", "--audit", "--state", "open"), "--state: not with --audit", code=2, lines=1)
    refused(gateway.ask("export", "--case", "7"), "--case: only with --audit", code=2, lines=1)
    assert not [found for found in tmp_path.iterdir() if "cases" in found.name]
