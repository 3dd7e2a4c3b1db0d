"""``closeloop deadletters``: found by reason and time, shown without what is personal, sent again where it helps."""

from __future__ import annotations

import base64
import dataclasses
import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from closeloop.deadletters.words import hex_lines, outline
from gateway.keys import create_key
from gateway.process import make_parts
from schemas.database import open_database, sessions
from schemas.settings import Settings
from schemas.tables import DeadLetterRow
from schemas.topics import ALERTS, CASES, RESPONSES, TOUCHPOINTS
from tests.cli.asking import EXAMPLE, Answer, ask, refused
from tests.gateway.conftest import KeptRecords
from tests.gateway.examples import configuration
from tests.gateway.serving import serving

NOW = datetime.now(UTC).replace(microsecond=0)


def answer_of(metric: str, score: int) -> bytes:
    data = {"customer_id": "c1", "metric": metric, "score": score, "comment": "liga para Maria"}
    event = {
        "specversion": "1.0", "id": f"{metric}-{score}", "source": "/shop", "type": "closeloop.response.v1",
        "time": (NOW - timedelta(days=1)).isoformat(), "data": data,
    }  # fmt: skip
    return json.dumps(event).encode()


def row(
    name: str, reason: str, value: bytes | None, hours: float, topic: str = RESPONSES, *, sent: bool = False
) -> DeadLetterRow:
    return DeadLetterRow(
        id=name, topic=topic, partition=1, offset=int(hours * 10), reason=reason, field="data.metric",
        problem="not declared in loop.yaml", at=NOW - timedelta(hours=hours), key=b"c1", value=value,
        headers=[("trace", base64.b64encode(b"\x01\xff").decode())], replayed_at=NOW if sent else None,
    )  # fmt: skip


ROWS = (
    row("aa-mended", "metric", answer_of("csat", 4), 1),
    row("bb-mended", "metric", answer_of("nps", 9), 3),
    row("cc-still", "metric", answer_of("joy", 9), 2),
    row("dd-binary", "not_utf8", b"\xff\x00Maria" * 300, 5),
    row("ee-large", "too_large", None, 30),
    row("ff-sent", "metric", answer_of("nps", 1), 40, sent=True),
    row("gg-case", "case", b"{}", 50, CASES),
    row("gg-alert", "alert", b'{"type":"alert"}', 51, ALERTS),
)


class Desk:
    """A database with dead letters and a gateway that keeps what it would send."""

    def __init__(self, database: str, url: str, kafka: KeptRecords) -> None:
        self.database, self.url, self.kafka = database, url, kafka

    def ask(self, *words: str, **settings: str) -> Answer:
        if words[0] == "replay":
            words = (*words, "--url", self.url, "--config", str(EXAMPLE))
        return ask("deadletters", *words, DATABASE_URL=self.database, **settings)

    def ids(self, *words: str) -> list[str]:
        return [line.split("\t")[0] for line in self.ask("list", *words).out.splitlines()]

    def sent_again(self) -> set[str]:
        engine = open_database(self.database)
        with sessions(engine)() as session:
            found = set(session.scalars(select(DeadLetterRow.id).where(DeadLetterRow.replayed_at.is_not(None))))
        engine.dispose()
        return found


@pytest.fixture
def desk(sqlite_database: str) -> Iterator[Desk]:
    def fail(why: str) -> None:
        raise AssertionError(why)

    kafka = KeptRecords()
    parts = make_parts(Settings(database=sqlite_database, kafka="127.0.0.1:1"), configuration(), fail)
    parts = dataclasses.replace(parts, producer=kafka)
    with parts.writers.begin() as session:
        for one in ROWS:
            session.merge(one)
    with serving(parts) as url:
        yield Desk(sqlite_database, url, kafka)
    parts.writers.kw["bind"].dispose()


def test_they_are_found_by_reason_topic_and_time(desk: Desk) -> None:
    newest_first = ["aa-mended", "cc-still", "bb-mended", "dd-binary", "ee-large", "ff-sent", "gg-case", "gg-alert"]
    assert desk.ids() == newest_first
    assert desk.ids("--reason", "metric") == ["aa-mended", "cc-still", "bb-mended", "ff-sent"]
    assert desk.ids("--reason", "metric", "--waiting") == ["aa-mended", "cc-still", "bb-mended"]
    assert desk.ids("--topic", ALERTS) == ["gg-alert"]
    assert desk.ids("--since", "4h") == ["aa-mended", "cc-still", "bb-mended"]
    assert desk.ids("--since", "6h", "--until", "150m") == ["bb-mended", "dd-binary"]
    assert desk.ids("--since", (NOW - timedelta(hours=1.5)).isoformat()) == ["aa-mended"]
    some = desk.ask("list", "--limit", "2")
    assert (len(some.out.splitlines()), "the newest 2" in some.err) == (2, True)
    assert "no dead letter fits" in desk.ask("list", "--topic", TOUCHPOINTS).err
    told = json.loads(desk.ask("list", "--reason", "too_large", "--json").out)
    assert [(one["id"], one["bytes"], one["replayed_at"]) for one in told] == [("ee-large", 0, None)]


def test_reasons_are_counted_the_largest_heap_first(desk: Desk) -> None:
    told = json.loads(desk.ask("reasons", "--json").out)
    assert [(one["reason"], one["letters"], one["waiting"]) for one in told[:1]] == [("metric", 4, 3)]
    assert sum(one["letters"] for one in told) == len(ROWS)
    assert desk.ask("reasons").out.splitlines()[0].startswith("metric\tcx.responses\t4\t3\t")


def test_one_is_shown_without_its_words_unless_they_are_asked_for(desk: Desk) -> None:
    shown = desk.ask("show", "aa").out
    for part in ("aa-mended  metric", "cx.responses/1/10", "trace: 2 bytes", '"score": 4', '"(15 characters)"'):
        assert part in shown, shown
    assert "Maria" not in shown
    assert "replay aa-mended" in shown
    assert "liga para Maria" in desk.ask("show", "aa", "--personal").out
    assert "trace: 01 ff" in desk.ask("show", "aa", "--personal").out
    binary = desk.ask("show", "dd-binary", "--personal").out
    assert "00000000  ff 00 4d 61 72 69 61 ff" in binary
    assert "--raw" in binary
    assert "too large to keep" in desk.ask("show", "ee").out
    assert "takes no records of others" in desk.ask("show", "gg-case").out
    assert desk.ask("show", "aa", "--raw").out == answer_of("csat", 4).decode()


def test_an_id_that_is_none_or_not_enough(desk: Desk) -> None:
    refused(desk.ask("show", "zz"), "no such dead letter", lines=1)
    refused(desk.ask("show", "gg"), "several dead letters begin so", lines=1)
    refused(desk.ask("show", "%"), "no such dead letter", lines=1)
    refused(desk.ask("list", "--reason", "bad"), "--reason", "future", lines=1)
    refused(desk.ask("list", "--since", "yesterday"), "--since: give a time", lines=1)
    refused(desk.ask("replay"), "--reason", lines=1)


def test_after_a_fix_all_of_a_reason_are_sent_again_but_for_those_it_does_not_help(desk: Desk) -> None:
    dry = desk.ask("replay", "--reason", "metric", "--dry-run")
    assert dry.code == 0
    assert "not sent: 1, still refused: data.metric: not declared in loop.yaml" in dry.err
    assert "a dry run: 2 would be sent again" in dry.err
    assert desk.kafka.records == []
    asked = desk.ask("replay", "--reason", "metric")  # nobody at the terminal: no answer is no
    assert (asked.code != 0, desk.kafka.records) == (True, [])
    done = desk.ask("replay", "--reason", "metric", "--yes")
    assert (done.code, "sent again: 2" in done.err) == (0, True)
    assert [record.value for record in desk.kafka.records] == [answer_of("nps", 9), answer_of("csat", 4)]
    assert desk.kafka.records[0].headers == (("trace", b"\x01\xff"),)
    assert desk.sent_again() == {"ff-sent", "aa-mended", "bb-mended"}
    assert "nothing to send again" in desk.ask("replay", "--reason", "metric", "--yes").err
    anyhow = desk.ask("replay", "--reason", "metric", "--yes", "--anyhow")
    assert "sent again: 1" in anyhow.err


def test_one_is_sent_again_by_its_id(desk: Desk) -> None:
    assert desk.ask("replay", "aa").code == 0
    assert [record.value for record in desk.kafka.records] == [answer_of("csat", 4)]
    again = desk.ask("replay", "aa")
    assert (again.code, "sent again already" in again.err) == (1, True)
    still = desk.ask("replay", "cc")
    assert (still.code, "--anyhow" in still.err) == (1, True)
    assert "cannot be sent again" in desk.ask("replay", "gg-case").err


def test_a_gateway_that_refuses_or_is_not_there(desk: Desk, free_port: int) -> None:
    engine = open_database(desk.database)
    create_key(sessions(engine), "boss", "admin")
    reader = create_key(sessions(engine), "reader", "read")
    engine.dispose()
    answer = desk.ask("replay", "aa", CLOSELOOP_API_KEY=reader)
    refused(answer, "admin", code=1, lines=1)
    gone = ask("deadletters", "replay", "aa", "--url", f"http://127.0.0.1:{free_port}", "--config", str(EXAMPLE),
               DATABASE_URL=desk.database)  # fmt: skip
    refused(gone, "connection refused", code=1, lines=1)
    assert desk.kafka.records == []


def test_an_export_holds_the_untouched_bytes_and_is_its_owners_alone(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "letters.jsonl"
    assert desk.ask("export", "--output", str(path), "--topic", RESPONSES).code == 0
    told = {one["id"]: one for one in map(json.loads, path.read_text().splitlines())}
    assert set(told) == {one.id for one in ROWS if one.topic == RESPONSES}
    assert base64.b64decode(told["dd-binary"]["value"]) == b"\xff\x00Maria" * 300
    assert told["aa-mended"]["headers"] == [["trace", base64.b64encode(b"\x01\xff").decode()]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_outline_keeps_the_shape_and_no_text() -> None:
    told = json.loads(outline(b'{"type": "t", "a": ["Maria", 3, null], "time": "2026", "data": {"score": true}}'))
    assert told == {"type": "t", "a": ["(5 characters)", 3, None], "time": "2026", "data": {"score": True}}
    assert outline(b"\xff") == outline(b"{") == ""


def test_hexadecimal_lines() -> None:
    assert list(hex_lines(b"ab\x00")) == ["00000000  61 62 00" + " " * 39 + "  ab."]


def test_an_event_of_another_topic_is_still_refused(desk: Desk) -> None:
    """What the gateway would leave is left here, by the same judgement."""
    engine = open_database(desk.database)
    event = json.loads(answer_of("csat", 4)) | {"type": "closeloop.touchpoint.v1"}
    event["data"] = {"customer_id": "c1", "touchpoint": "order.delivered"}
    with sessions(engine).begin() as session:
        session.add(row("hh-other", "type", json.dumps(event).encode(), 60))
    engine.dispose()
    dry = desk.ask("replay", "--reason", "type", "--dry-run")
    assert "still refused: type: an event of another topic" in dry.err
