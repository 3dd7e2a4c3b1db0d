"""The history of metrics and the answers of the topic as files: each row once, comments by right alone."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from closeloop.exporter.columns import CASES, METRICS, RESPONSES
from closeloop.exporter.parquet import save_parquet, whole_lines
from gateway.exports import days as day_export
from gateway.exports.answers import AnswerFilter, Consumed, Left, Remembered, answers_of
from gateway.exports.topic import TopicReader
from gateway.keys import create_key
from gateway.parts import Parts
from gateway.routes.exports import Form, as_file
from schemas.access_tables import AuditRow
from schemas.cloudevents import EventReader
from schemas.erasures import Erased, Erasure, digest_of
from schemas.kafka_link import KafkaLink
from schemas.scales import DEFAULT_METRICS
from schemas.topics import RESPONSES as RESPONSES_TOPIC
from tests.cli.asking import ask
from tests.gateway.conftest import Served, make
from tests.gateway.examples import encoded, opened, response, touchpoint
from tests.gateway.serving import serving
from tests.gateway.test_case_export import listed, table
from tests.gateway.test_kafka import event_topics, over_kafka, send
from tests.gateway.test_metrics import days

__all__ = ["event_topics", "make", "over_kafka"]  # fixtures

ALWAYS = AnswerFilter(since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2030, 1, 1, tzinfo=UTC), comments=True)
HOUR_MS = 3_600_000


def test_every_day_comes_once_in_order_over_many_pages(on_both: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day_export, "PAGE", 7)
    days(on_both, date(2026, 1, 1), 20, 3)
    wanted = [(f"2026-01-{day:02}", f"R{region:02}") for day in range(1, 21) for region in range(3)]
    found = listed(on_both, "/v1/metrics/export")
    assert [(row["day"], row["key"]["attributes.region"]) for row in found] == wanted
    some = table(
        on_both, "/v1/metrics/export", metric="nps", cut="region", **{"from": "2026-01-05", "to": "2026-01-06"}
    )
    assert [(row["day"], json.loads(row["key"])["attributes.region"]) for row in some] == wanted[12:18]
    assert listed(on_both, "/v1/metrics/export", metric="csat") == []
    (history,) = [on_both.client.get("/v1/metrics/history", params={"metric": "nps"}).json()]
    assert found == history


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("/v1/metrics/export", {"from": "2026-01-06", "to": "2026-01-05"}, "from"),
        ("/v1/metrics/export", {"metric": "unknown"}, "metric"),
        ("/v1/metrics/export", {"region": "SP"}, "region"),
        ("/v1/metrics/export", {"format": "xml"}, "format"),
        ("/v1/responses/export", {"since": "yesterday"}, "since"),
        ("/v1/responses/export", {"since": "2026-01-06T00:00:00Z", "until": "2026-01-05T00:00:00Z"}, "since"),
        ("/v1/responses/export", {"metric": "outcome"}, "metric"),
    ],
)
def test_what_does_not_fit_is_named(gateway: Served, path: str, params: dict[str, str], field: str) -> None:
    refused = gateway.client.get(path, params=params)
    assert refused.status_code == 400
    assert refused.json()["error"]["field"] == field


def test_comments_need_the_right_to_act(gateway: Served) -> None:
    emitting = {"Authorization": f"Bearer {create_key(gateway.parts.writers, 'shop', 'emit')}"}
    reading = {"Authorization": f"Bearer {create_key(gateway.parts.writers, 'reports', 'read')}"}
    refused = gateway.client.get("/v1/responses/export", params={"comments": "true"}, headers=reading)
    assert (refused.status_code, refused.json()["error"]["field"]) == (403, "comments")
    assert gateway.client.get("/v1/responses/export", headers=emitting).status_code == 403


def record(event: dict[str, Any], arrival: int) -> Consumed:
    return Consumed(arrival, encoded(event), [])


def test_an_answer_comes_once_within_what_the_streams_remember() -> None:
    now = 1_790_000_000_000
    first = response(1, comment="=cmd()")
    records = [
        record(first, now),
        record(first, now + HOUR_MS),  # the same again
        record({**first, "source": "/other"}, now + HOUR_MS),
        Consumed(now, b"no json", []),
        Consumed(now, None, []),
        record(touchpoint(1), now),
        record(response(2, metric="csat", score=9), now),  # outside its scale: a dead letter
        record(first, now + 26 * HOUR_MS),  # forgotten: the streams count it again
    ]
    reader = EventReader(DEFAULT_METRICS)
    with closing(Remembered(24 * 3600.0)) as remembered:
        found = [a for some in answers_of([records], reader, ALWAYS, remembered) for a in some]
    assert [(answer.source, answer.id) for answer in found] == [
        ("/shop/surveys", "r-1"), ("/other", "r-1"), ("/shop/surveys", "r-1"),
    ]  # fmt: skip
    assert found[0].comment == "=cmd()"
    assert (found[0].scale_min, found[0].scale_max, found[0].higher_is_better) == (0, 10, True)


def test_an_erased_customer_is_exported_as_figures_under_a_word() -> None:
    now = 1_790_000_000_000
    mine = response(1, comment="it is me", attributes={"region": "SP", "name": "Ana"}, touchpoint_event_id="t-1")
    customer = mine["data"]["customer_id"]
    later = {**mine, "id": "r-9", "time": "2026-09-23T10:00:00Z"}
    reader, salt = EventReader(DEFAULT_METRICS), "ab" * 16
    erasure = Erasure(digest_of(customer, salt), salt, "erased-1", datetime(2026, 9, 21, 20, tzinfo=UTC))
    left = Left(Erased([erasure]), frozenset({"region"}))
    at = "2026-09-21T10:00:00Z"
    records = [record({**mine, "time": at}, now), record(later, now + 48 * HOUR_MS)]
    with closing(Remembered(1)) as remembered:
        first, second = (a for some in answers_of([records], reader, ALWAYS, remembered, left) for a in some)
    assert (first.customer_id, first.comment, first.attributes) == ("erased-1", None, {"region": "SP"})
    assert first.score == mine["data"]["score"]
    assert {first.id, first.touchpoint_event_id}.isdisjoint({"r-1", "t-1"})
    assert (second.customer_id, second.comment) == (customer, "it is me"), "what came later is a new customer's"


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=60),
    st.integers(1, 30),
    st.sampled_from([1, 5, 100]),
)
def test_remembering_agrees_with_a_look_back_at_everything(
    steps: list[tuple[int, int]], reach: int, sweep: int
) -> None:
    """Against all earlier sightings that counted: the same id again within the reach of the last that was new."""
    clock, counted = 0, {}
    with closing(Remembered(float(reach), sweep)) as remembered:
        for number, pause in steps:
            clock += pause * 1000
            expected = number not in counted or counted[number] < clock - reach * 1000
            if expected:
                counted[number] = clock
            assert remembered.is_new("/s", str(number), clock) is expected


def test_an_export_of_little_among_much_lets_go_when_its_reader_has_gone() -> None:
    read = 0

    def batches() -> Iterator[bytes]:
        nonlocal read
        yield b"header\n"
        for read in range(1, 1_000):  # noqa: B007 - looked at from outside
            yield b""
        yield b"row\n"

    async def leaving() -> bytes:
        pieces = as_file(batches(), "answers", Form.csv).iterator
        first = await anext(pieces)
        await pieces.aclose()
        return first

    async def staying() -> list[bytes]:
        return [piece async for piece in as_file(batches(), "answers", Form.csv).iterator]

    assert asyncio.run(leaving()) == b"header\n"
    assert read <= 1, "it read on for nobody"
    assert asyncio.run(staying()) == [b"header\n", b"row\n"]


@pytest.mark.kafka
@pytest.mark.faults
def test_answers_are_read_off_their_topic(
    over_kafka: tuple[Parts, str, str], event_topics: None, kafka: str, tmp_path: Path
) -> None:
    parts, _, _ = over_kafka
    run, now = uuid.uuid4().hex[:8], datetime.now(UTC)
    times = [now - timedelta(days=day) for day in range(10)]
    events = [
        {
            **response(n, customer_id=f"{run}-{n % 5}", comment="-tarde"),
            "id": f"{run}-{n}",
            "time": times[n % 10].isoformat(),
        }
        for n in range(300)
    ]
    send(kafka, RESPONSES_TOPIC, *[(event["data"]["customer_id"].encode(), encoded(event)) for event in events])
    send(kafka, RESPONSES_TOPIC, *[(event["data"]["customer_id"].encode(), encoded(event)) for event in events[:50]])
    send(kafka, RESPONSES_TOPIC, (b"x", b"broken"), (b"x", None))
    since = (now - timedelta(days=4, hours=1)).isoformat()
    wanted = {event["id"] for event in events if event["time"] >= (now - timedelta(days=4, hours=1)).isoformat()}
    with serving(parts) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        answer = client.get("/v1/responses/export", params={"since": since, "comments": "true", "format": "jsonl"})
        assert answer.status_code == 200, answer.text
        rows = [row for line in answer.text.splitlines() if (row := json.loads(line))["id"].startswith(run)]
        assert sorted(row["id"] for row in rows) == sorted(wanted)
        assert {row["comment"] for row in rows} == {"-tarde"}
        text = client.get("/v1/responses/export", params={"since": since, "comments": "true"}).text
        cells = [row for row in csv.DictReader(io.StringIO(text, newline="")) if row["id"].startswith(run)]
        assert len(cells) == len(wanted)
        assert {row["comment"] for row in cells} == {"'-tarde"}
        with parts.readers() as session:
            (first, *_) = session.scalars(select(AuditRow).where(AuditRow.action == "data_exported"))
            assert (first.subject, first.detail) == ("responses", {"format": "jsonl", "comments": "true"})
        assert "comment" not in client.get("/v1/responses/export", params={"since": since}).text.splitlines()[0]
        path = tmp_path / "answers.parquet"
        count = save_parquet(whole_lines(iter([answer.content[:777], answer.content[777:]])), RESPONSES, path)
    parquet = pytest.importorskip("pyarrow.parquet")
    read = parquet.read_table(path).to_pylist()
    assert len(read) == count
    mine = {row["id"]: row for row in read if row["id"].startswith(run)}
    assert {number: row["time"] for number, row in mine.items()} == {
        event["id"]: datetime.fromisoformat(event["time"]) for event in events if event["id"] in wanted
    }
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.kafka
def test_an_empty_partition_ends_at_once(kafka: str, kafka_topics: Callable[..., str]) -> None:
    topic = kafka_topics(1, "empty")
    reader = TopicReader(KafkaLink(kafka), topic, embedded=False)
    try:
        assert list(reader.read(0, ALWAYS.since)) == []
    finally:
        reader.close()


def test_cases_and_days_become_parquet_with_types(on_both: Served, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    ids = [opened(on_both.parts.writers, number) for number in range(1, 4)]
    days(on_both, date(2026, 1, 1), 2, 1)
    for kind, path in ((CASES, "/v1/cases/export"), (METRICS, "/v1/metrics/export")):
        body = on_both.client.get(path, params={"format": "jsonl"}).content
        save_parquet(whole_lines(iter([body])), kind, tmp_path / "rows.parquet")
        rows = parquet.read_table(tmp_path / "rows.parquet").to_pylist()
        if kind is CASES:
            assert [row["id"] for row in rows] == ids
            assert all(isinstance(row["opened_at"], datetime) for row in rows)
        else:
            assert [row["day"] for row in rows] == [date(2026, 1, 1), date(2026, 1, 2)]
            assert json.loads(rows[0]["counts"]) == listed(on_both, path)[0]["counts"]


def test_the_command_saves_what_it_is_asked_for(
    make: Callable[..., Parts], sqlite_database: str, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    parts = make(sqlite_database)
    ids = [opened(parts.writers, number) for number in range(1, 4)]
    with serving(parts) as url:
        said = ask("export", "cases", "--url", url, "--format", "parquet", "--output", str(tmp_path / "c.parquet"))
        assert (said.code, said.err) == (0, f"3 rows in {tmp_path / 'c.parquet'}\n")
        assert parquet.read_table(tmp_path / "c.parquet").column("id").to_pylist() == ids
        said = ask("export", "cases", "--url", url)
        assert [row["id"] for row in csv.DictReader(io.StringIO(said.out))] == [str(number) for number in ids]
        nameless = ask("export", "cases", "--url", url, "--format", "parquet")
        assert (nameless.code, nameless.err) == (2, "closeloop: --output: a Parquet file needs a name\n")
        wrong = ask("export", "metrics", "--url", url, "--from", "January")
        assert wrong.code == 2
        assert "from: not a calendar day" in wrong.err
