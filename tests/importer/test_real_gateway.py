"""The import and the client against the real gateway's HTTP, with Kafka kept in memory."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from closeloop_client import Client, RefusedError
from gateway.parts import Parts
from tests.gateway.conftest import KeptRecords, make
from tests.gateway.serving import serving
from tests.importer.test_import import Run, run

__all__ = ["make", "run"]  # fixtures


@pytest.fixture
def kafka() -> KeptRecords:
    return KeptRecords()


@pytest.fixture
def parts(make: Callable[..., Parts], sqlite_database: str, kafka: KeptRecords) -> Parts:
    return dataclasses.replace(make(sqlite_database), producer=kafka)


def _line(number: int, score: int = 3) -> bytes:
    event = {
        "specversion": "1.0", "id": f"e{number}", "source": "/s", "type": "closeloop.response.v1",
        "time": "2026-11-21T10:20:00Z", "data": {"customer_id": f"c{number}", "metric": "nps", "score": score},
    }  # fmt: skip
    return json.dumps(event).encode()


def test_an_import_arrives_untouched_and_in_order(run: Run, parts: Parts, kafka: KeptRecords, tmp_path: Path) -> None:
    lines = [_line(n, score=11 if n in (7, 8) else 3) for n in range(2100)]
    lines[2000] = b"not json"
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(lines))
    with serving(parts) as url:
        assert run(path, url) == 1
    assert [record.value for record in kafka.records] == [
        line for number, line in enumerate(lines) if number not in (7, 8, 2000)
    ]
    assert run.out.splitlines()[0] == "sent 2,099  accepted 2,097  rejected 3"
    assert [(row["line"], row["reason"]) for row in run.rejected()] == [(8, "scale"), (9, "scale"), (2001, "not_json")]


def test_a_batch_of_only_bad_events(run: Run, parts: Parts, kafka: KeptRecords, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(_line(n, score=11 if n < 10 else 3) for n in range(20)))
    with serving(parts) as url:
        assert run(path, url, batch=10) == 1
    assert len(kafka.records) == 10
    assert len(run.rejected()) == 10


def test_the_client_s_events_are_taken(parts: Parts, kafka: KeptRecords) -> None:
    with serving(parts) as url, Client(url) as client:
        client.touchpoint("c1", "order.delivered", value=("1.50", "EUR"), attributes={"region": "SP"})
        client.response("c1", "nps", 3, comment="não 😡")
        with pytest.raises(RefusedError, match=r"data\.score") as refused:
            client.response("c1", "nps", 11)
    assert refused.value.reason == "scale"
    assert [record.topic for record in kafka.records] == ["cx.touchpoints", "cx.responses"]
    assert [record.key for record in kafka.records] == [b"c1", b"c1"]


def test_kafka_that_is_away_is_waited_for(run: Run, parts: Parts, kafka: KeptRecords, tmp_path: Path) -> None:
    kafka.away = True
    path = tmp_path / "events.jsonl"
    path.write_bytes(_line(1))
    with serving(parts) as url:
        assert run(path, url, retry_for=0.5) == 1
        assert "503" in run.err
        kafka.away = False
        assert run(path, url) == 0
    assert len(kafka.records) == 1
