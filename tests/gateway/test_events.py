"""What POST /v1/events takes and refuses; Kafka is kept in memory here."""

from __future__ import annotations

import dataclasses
import gzip
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from gateway.app import build_app
from gateway.parts import Parts
from gateway.spool.spool import Spool
from tests.gateway.conftest import KeptRecords, Served
from tests.gateway.examples import encoded, response, touchpoint
from tests.gateway.serving import wait_until

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


def without(event: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != field}


REFUSED: dict[str, tuple[bytes, str, str]] = {
    "not JSON": (b"hello", "not_json", ""),
    "half of a JSON": (encoded(response())[:-9], "not_json", ""),
    "other type": (encoded({**response(), "type": "com.example.other"}), "type", "type"),
    "no type": (encoded(without(response(), "type")), "type", "type"),
    "JSON of no event": (b'"text"', "invalid", ""),
    "no id": (encoded(without(response(), "id")), "missing", "id"),
    "empty id": (encoded({**response(), "id": ""}), "invalid", "id"),
    "no data": (encoded(without(response(), "data")), "missing", "data"),
    "time without zone": (encoded({**response(), "time": "2026-01-10T10:00:00"}), "invalid", "time"),
    "score 11": (encoded(response(score=11)), "scale", "data.score"),
    "score -1": (encoded(response(score=-1)), "scale", "data.score"),
    "score 3.5": (encoded(response(score=3.5)), "invalid", "data.score"),
    "score as text": (encoded(response(score="5")), "invalid", "data.score"),
    "score NaN": (encoded(response()).replace(b'"score": 3', b'"score": NaN'), "not_json", ""),
    "unknown metric": (encoded(response(metric="joy")), "metric", "data.metric"),
    "comment of 1 MB": (encoded(response(comment="x" * 1_000_000)), "too_large", ""),
    "comment of 10,001 characters": (encoded(response(comment="x" * 10_001)), "invalid", "data.comment"),
    "10,000 attributes": (
        encoded(response(attributes={f"a{n}": 1 for n in range(10_000)})),
        "too_large",
        "",
    ),
    "33 attributes": (encoded(response(attributes={f"a{n}": 1 for n in range(33)})), "invalid", "data.attributes"),
    "unknown CloudEvents version": (encoded({**response(), "specversion": "0.3"}), "specversion", "specversion"),
    "invalid UTF-8": (encoded(response(comment="é")).replace("é".encode(), b"\xff\xfe"), "not_utf8", ""),
    "lone surrogate": (
        encoded(response(comment="PLACE")).replace(b"PLACE", b"\\ud800"),
        "not_json",
        "",
    ),
    "empty body": (b"", "empty", ""),
    "nothing but spaces": (b"   \n", "not_json", ""),
}


def assert_refused(gateway: Served, body: bytes, reason: str, field: str) -> None:
    answer = gateway.client.post("/v1/events", content=body, headers=JSON)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["reason"], error["field"]) == (reason, field)
    assert error["problem"]
    assert gateway.kafka.records == []


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_event_is_refused_with_its_field_and_nothing_is_sent(gateway: Served, case: str) -> None:
    assert_refused(gateway, *REFUSED[case])


def test_a_time_is_refused_more_than_five_minutes_ahead_of_the_clock_and_taken_before(gateway: Served) -> None:
    def ahead(minutes: int) -> bytes:  # of the clock at this moment: a time told earlier would be over by now
        return encoded({**response(), "time": (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()})

    assert_refused(gateway, ahead(6), "future", "time")
    assert gateway.client.post("/v1/events", content=ahead(4), headers=JSON).status_code == 202


def test_a_problem_never_shows_what_the_customer_wrote(gateway: Served) -> None:
    secret = "my-secret-words"
    for body in (encoded(response(comment=secret * 1000)), encoded(response(score=secret)), encoded(secret)):
        answer = gateway.client.post("/v1/events", content=body, headers=JSON)
        assert answer.status_code == 400
        assert secret not in answer.text


@pytest.mark.parametrize("kind", ["application/json", "application/cloudevents+json; charset=utf-8"])
def test_a_good_event_goes_to_its_topic_byte_for_byte_under_its_customer(gateway: Served, kind: str) -> None:
    body = b"  " + encoded(response(7, comment="é 好", unknown={"kept": [1.50]})) + b"\n"
    answer = gateway.client.post("/v1/events", content=body, headers={"content-type": kind})
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1, "rejected": 0, "results": [{"id": "r-7", "status": "accepted"}]}
    (record,) = gateway.kafka.records
    assert (record.topic, record.key, record.value, record.headers) == ("cx.responses", b"c7", body, ())


def test_a_touchpoint_goes_to_the_touchpoints(gateway: Served) -> None:
    assert gateway.client.post("/v1/events", json=touchpoint(2)).status_code == 202
    assert [(r.topic, r.key) for r in gateway.kafka.records] == [("cx.touchpoints", b"c2")]


def test_binary_mode_becomes_a_binary_record(gateway: Served) -> None:
    data = encoded(response(4)["data"])
    headers = {
        **JSON,
        "ce-specversion": "1.0",
        "ce-id": "caf%C3%A9-4",
        "ce-source": "/shop",
        "ce-type": "closeloop.response.v1",
        "ce-time": "2026-01-10T10:00:00Z",
    }
    answer = gateway.client.post("/v1/events", content=data, headers=headers)
    assert answer.status_code == 202, answer.text
    (record,) = gateway.kafka.records
    assert (record.topic, record.key, record.value) == ("cx.responses", b"c4", data)
    sent = dict(record.headers)
    assert sent["ce_id"] == "café-4".encode()
    assert sent["ce_type"] == b"closeloop.response.v1"
    assert sent["content-type"] == b"application/json"


@pytest.mark.parametrize(
    ("sent", "read", "status"),
    [
        ('"with a space, \\"quotes\\" and \\\\"', 'with a space, "quotes" and \\', 202),  # the binding's older versions
        ('"caf%C3%A9"', "café", 202),
        ('"half', '"half', 202),
        ('a"b"', 'a"b"', 202),
        ("%22a%22", '"a"', 202),
        ("a%0D%0Ab", "a\r\nb", 202),
        ("a%00", "a\0", 400),
        ("%C3", None, 400),
        ("x" * 300, None, 400),
    ],
)
def test_headers_of_binary_mode_are_read_as_the_binding_says(
    gateway: Served, sent: str, read: str | None, status: int
) -> None:
    about = {"ce-specversion": "1.0", "ce-source": "/s", "ce-type": "closeloop.response.v1", "ce-id": sent}
    about["ce-time"] = '"2026-01-10T10:00:00Z"'
    answer = gateway.client.post("/v1/events", content=encoded(response()["data"]), headers={**JSON, **about})
    assert (answer.status_code, answer.json()["results"][0]["id"]) == (status, read)
    assert [dict(record.headers)["ce_id"].decode() for record in gateway.kafka.records] == [read] * (status == 202)


@pytest.mark.parametrize(("headers", "events"), [(JSON, 1), (JSON, 2), (NDJSON, 2)])
def test_a_byte_order_mark_is_no_part_of_an_event(gateway: Served, headers: dict[str, str], events: int) -> None:
    values = [encoded(response(number)) for number in range(events)]
    body = values[0] if events == 1 else b"\n".join(values) if headers is NDJSON else b"[" + b",".join(values) + b"]"
    answer = gateway.client.post("/v1/events", content=b"\xef\xbb\xbf" + body, headers=headers)
    assert (answer.status_code, answer.json()["accepted"]) == (202, events)
    assert [record.value for record in gateway.kafka.records] == values


def test_binary_mode_names_the_missing_header(gateway: Served) -> None:
    headers = {**JSON, "ce-specversion": "1.0", "ce-type": "closeloop.response.v1", "ce-source": "/s"}
    answer = gateway.client.post("/v1/events", content=encoded(response()["data"]), headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] in ("id", "time")


@pytest.mark.parametrize("headers", [JSON, BATCH])
def test_one_bad_event_among_99_good_ones_is_the_only_one_refused(gateway: Served, headers: dict[str, str]) -> None:
    events = [response(n) for n in range(100)]
    events[41]["data"]["score"] = 11
    answer = gateway.client.post("/v1/events", content=encoded(events), headers=headers)
    assert answer.status_code == 202
    told = answer.json()
    assert (told["accepted"], told["rejected"]) == (99, 1)
    assert [result["id"] for result in told["results"]] == [f"r-{n}" for n in range(100)]
    bad = told["results"][41]
    assert (bad["status"], bad["index"], bad["reason"], bad["field"]) == ("rejected", 41, "scale", "data.score")
    assert [record.key for record in gateway.kafka.records] == [b"c%d" % n for n in range(100) if n != 41]


@pytest.mark.parametrize("hole", [b"NaN", b'"\\ud800"', b"{", b"tru"])
def test_an_element_that_is_not_json_does_not_take_its_neighbours_with_it(gateway: Served, hole: bytes) -> None:
    good = [encoded(response(n, comment='a "quoted" [{,]} \\ comment')) for n in range(3)]
    bad = encoded(response(9)).replace(b'"score": 3', b'"score": ' + hole)
    answer = gateway.client.post("/v1/events", content=b"[" + b",".join([*good[:2], bad, good[2]]) + b"]", headers=JSON)
    if hole == b"{":  # its bracket is never closed: where it ends cannot be known
        assert answer.status_code == 400
        assert gateway.kafka.records == []
        return
    assert answer.status_code == 202
    assert [result["status"] for result in answer.json()["results"]] == ["accepted"] * 2 + ["rejected", "accepted"]
    assert [record.value for record in gateway.kafka.records] == good


def test_ndjson_is_judged_line_by_line(gateway: Served) -> None:
    lines = [encoded(response(1)), b"", b"broken", encoded(touchpoint(2)) + b"\r"]
    answer = gateway.client.post("/v1/events", content=b"\n".join(lines), headers=NDJSON)
    assert answer.status_code == 202
    assert [(r["id"], r["status"]) for r in answer.json()["results"]] == [
        ("r-1", "accepted"),
        (None, "rejected"),
        ("t-2", "accepted"),
    ]
    assert [record.topic for record in gateway.kafka.records] == ["cx.responses", "cx.touchpoints"]


def test_a_batch_of_bad_events_alone_is_refused(gateway: Served) -> None:
    answer = gateway.client.post("/v1/events", content=encoded([response(score=11), {"id": "x"}]), headers=JSON)
    assert answer.status_code == 400
    told = answer.json()
    assert told["error"]["reason"] == "scale"
    assert [result["reason"] for result in told["results"]] == ["scale", "type"]


@pytest.mark.parametrize("announced", [True, False])
def test_a_batch_of_6_mb_is_refused(gateway: Served, announced: bool) -> None:
    body = encoded([response(n, comment="x" * 6000) for n in range(1000)])
    assert len(body) > 6_000_000
    pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
    answer = gateway.client.post("/v1/events", content=body if announced else pieces, headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["error"]["reason"] == "too_large"
    assert gateway.kafka.records == []


def test_a_batch_just_below_5_mb_is_taken(gateway: Served) -> None:
    events = [response(n, comment="x" * 9000) for n in range(500)]
    assert 4_500_000 < len(encoded(events)) < 5_000_000
    assert gateway.client.post("/v1/events", content=encoded(events), headers=JSON).json()["accepted"] == 500


@pytest.mark.parametrize("headers", [JSON, NDJSON])
def test_5000_events_are_taken_and_5001_refused(gateway: Served, headers: dict[str, str]) -> None:
    one = encoded(response())
    for number, status in ((5000, 202), (5001, 413)):
        body = b"\n".join([one] * number) if headers is NDJSON else b"[" + b",".join([one] * number) + b"]"
        assert gateway.client.post("/v1/events", content=body, headers=headers).status_code == status


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_of_another_site_could_send_is_refused(gateway: Served, kind: str) -> None:
    answer = gateway.client.post("/v1/events", content=encoded(response()), headers={"content-type": kind})
    assert answer.status_code == 415
    assert gateway.kafka.records == []


def test_too_many_events_under_way_answer_429(gateway: Served) -> None:
    gateway.kafka.room = False
    answer = gateway.client.post("/v1/events", json=response())
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    gateway.kafka.room = True
    assert gateway.client.post("/v1/events", json=response()).status_code == 202


def test_bodies_that_take_too_much_memory_together_are_answered_429(gateway: Served) -> None:
    room = gateway.parts.body_room
    whole = room.left
    body = encoded([response(number) for number in range(20)])
    room.left = len(body) - 1
    answer = gateway.client.post("/v1/events", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["error"]["reason"], answer.headers["retry-after"]) == (429, "busy", "1")
    packed = {**JSON, "content-encoding": "gzip"}
    assert gateway.client.post("/v1/events", content=gzip.compress(body), headers=packed).status_code == 429
    assert (room.left, gateway.kafka.records) == (len(body) - 1, [])  # all was given back
    room.left = whole
    assert gateway.client.post("/v1/events", content=gzip.compress(body), headers=packed).status_code == 202
    assert room.left == whole


def test_kafka_that_does_not_acknowledge_answers_503_and_accepts_nothing(gateway: Served) -> None:
    gateway.kafka.away = True
    answer = gateway.client.post("/v1/events", json=[response(1), response(2)])
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "accepted" not in answer.json()


def test_events_that_wait_on_the_disk_are_accepted_and_said_to_wait(
    make: Callable[..., Parts], sqlite_database: str, tmp_path: Path
) -> None:
    kafka, spool = KeptRecords(), Spool(tmp_path, 1_000_000, 5.0)
    assert spool.open()
    parts = dataclasses.replace(make(sqlite_database), producer=kafka, spool=spool)
    with TestClient(build_app(parts), base_url="http://127.0.0.1") as client:
        kafka.away = True
        answer = client.post("/v1/events", json=[response(1), response(2, score=11), touchpoint(3)])
        assert answer.status_code == 202
        told = answer.json()
        assert (told["accepted"], told["rejected"], told["spooled"]) == (2, 1, 2)
        assert [(one["status"], one.get("spooled")) for one in told["results"]] == [
            ("accepted", True),
            ("rejected", None),
            ("accepted", True),
        ]
        text = client.get("/metrics").text
        assert 'closeloop_gateway_events_total{result="spooled"} 2.0' in text
        assert "closeloop_gateway_spool_records 2.0" in text
        assert "closeloop_gateway_spool_up 1.0" in text
        kafka.away = False
        wait_until(lambda: spool.records == 0)
        answer = client.post("/v1/events", json=response(4))
        assert answer.json() == {"accepted": 1, "rejected": 0, "results": [{"id": "r-4", "status": "accepted"}]}
    spool.close()
    assert [record.key for record in kafka.records] == [b"c1", b"c3", b"c4"]


def test_events_are_counted_by_what_became_of_them(gateway: Served) -> None:
    gateway.client.post("/v1/events", json=[response(1), response(2), response(3, score=11)])
    text = gateway.client.get("/metrics").text
    assert 'closeloop_gateway_events_total{result="accepted"} 2.0' in text
    assert 'closeloop_gateway_events_total{result="scale"} 1.0' in text


def test_hostile_nesting_and_quotes_are_answered_and_not_chewed_on(gateway: Served) -> None:
    """Neither deep nesting nor quotes without end may take time that grows faster than their length."""
    began = time.process_time()
    for body in (b"[" * 4_000_000, b'["' + b'\\"' * 2_000_000, b'[{"a":' * 500_000, b"[" + b"1," * 4000 + b"NaN]"):
        answer = gateway.client.post("/v1/events", content=body, headers=JSON)
        assert answer.status_code == 400, answer.text[:200]
    # A bound far above what linear work needs (a second), far below what quadratic work would (hours).
    assert time.process_time() - began < 60


def test_json_of_python_is_what_the_tests_think_it_is() -> None:
    assert json.loads(REFUSED["no id"][0])["type"] == "closeloop.response.v1"


def test_another_method_is_told_which_there_are(gateway: Served) -> None:
    answer = gateway.client.get("/v1/events")
    assert (answer.status_code, answer.json()["error"]["reason"]) == (405, "method")
    assert answer.json()["error"]["problem"].startswith(f"this address takes {answer.headers['allow']}; ")
    assert set(answer.headers["allow"].split(", ")) == {"OPTIONS", "POST"}
