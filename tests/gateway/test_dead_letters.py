"""Dead letters over HTTP: their reasons, what one holds, and sending a whole reason again, once."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import dead_letter_replay
from gateway.dead_letter_reads import SHOWN_BYTES, show_bytes
from gateway.keys import create_key
from schemas.tables import DeadLetterRow
from tests.gateway.conftest import Served
from tests.gateway.examples import alert, response, touchpoint
from tests.gateway.test_metrics import letter

AT = datetime(2026, 1, 10, tzinfo=UTC)


def good(number: int, **said: object) -> bytes:
    return json.dumps(response(number, **said)).encode()


def replay(gateway: Served, **asked: object) -> dict[str, Any]:
    answer = gateway.client.post("/v1/deadletters/replay", json=asked)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_reasons_are_counted_with_what_waits(on_both: Served) -> None:
    for number in range(4):
        letter(on_both, number)
    letter(on_both, 4, replayed_at=AT)
    letter(on_both, 5, value=None)
    letter(on_both, 6, value=b"")
    letter(on_both, 7, topic="cx.cases")
    letter(on_both, 8, reason="scale")
    told = on_both.client.get("/v1/deadletters/reasons").json()["reasons"]
    assert [(one["reason"], one["topic"], one["letters"], one["waiting"], one["replayed"]) for one in told] == [
        ("metric", "cx.responses", 7, 4, 1),
        ("metric", "cx.cases", 1, 0, 0),
        ("scale", "cx.responses", 1, 1, 0),
    ]
    assert told[0]["first_at"] == "2026-01-10T00:00:00Z"
    assert told[0]["last_at"] == "2026-01-10T00:00:03Z"
    waiting = on_both.client.get("/v1/deadletters?waiting=true").json()["deadletters"]
    assert "letter-4" not in [one["id"] for one in waiting]
    assert len(waiting) == 8


def test_one_letter_shows_its_bytes_headers_and_identity(on_both: Served) -> None:
    raw = letter(on_both, 1)
    told = on_both.client.get(f"/v1/deadletters/{raw}").json()
    assert told["value"] == {
        "bytes": 12,
        "text": None,
        "base64": base64.b64encode(b"\xff\x00 untouched").decode(),
        "cut": False,
    }
    assert told["key"]["text"] == "c1"
    assert [header["name"] for header in told["headers"]] == ["ce_id", "empty", "ce_id"]
    assert told["headers"][1]["value"] is None
    assert told["headers"][0]["value"]["text"] == "r-1"
    assert (told["letter"]["offset"], told["letter"]["field"], told["sendable"]) == (1, "data.metric", True)
    assert told["refused_now"]

    readable = letter(on_both, 2, value=good(7), headers=[])
    told = on_both.client.get(f"/v1/deadletters/{readable}").json()
    assert (told["source"], told["event_id"]) == (response(7)["source"], "r-7")
    assert told["refused_now"] is None
    assert json.loads(told["value"]["text"])["id"] == "r-7"
    assert on_both.client.get("/v1/deadletters/nothing").status_code == 404


def test_content_is_not_for_a_key_that_may_only_read(on_both: Served) -> None:
    known = letter(on_both, 1)
    keys = {role: create_key(on_both.parts.writers, role, role) for role in ("read", "act", "admin")}

    def asked(method: str, path: str, role: str) -> int:
        head = {"authorization": f"Bearer {keys[role]}"}
        return int(
            on_both.client.request(
                method, path, headers=head, json={"reason": "metric"} if method == "POST" else None
            ).status_code
        )

    assert [asked("GET", f"/v1/deadletters/{known}", role) for role in ("read", "act")] == [403, 200]
    assert asked("GET", "/v1/deadletters/reasons", "read") == 200
    assert [asked("POST", "/v1/deadletters/replay", role) for role in ("read", "act", "admin")] == [403, 403, 200]


def test_all_of_a_reason_go_again_in_their_order_and_once(on_both: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letter_replay, "LETTERS_A_BATCH", 3)
    for number in range(7):
        letter(on_both, number, value=good(number), headers=[])
    letter(on_both, 7, value=good(7, metric="nothing"), headers=[])
    letter(on_both, 8, value=json.dumps(touchpoint(8)).encode(), headers=[])  # of the other topic
    letter(on_both, 9, value=None)
    letter(on_both, 20, reason="scale", value=good(20), headers=[])
    letter(on_both, 21, topic="cx.touchpoints", value=json.dumps(touchpoint(21)).encode(), headers=[])

    asked: dict[str, object] = {"reason": "metric", "topic": "cx.responses"}
    answers = []
    while not answers or answers[-1]["next"] is not None:
        if answers:
            asked |= {"cursor": answers[-1]["next"], "before": answers[-1]["before"]}
        answers.append(replay(on_both, **asked))
        assert len(answers) < 9
    assert sum(one["sent"] for one in answers) == 7
    assert sum(one["refused"] for one in answers) == 2
    assert next(one["refusal"] for one in answers if one["refusal"]).startswith("data.metric: ")
    assert [json.loads(record.value)["id"] for record in on_both.kafka.records] == [
        f"r-{number}" for number in range(7)
    ]

    assert replay(on_both, reason="metric", topic="cx.responses")["sent"] == 0
    with on_both.parts.readers() as session:
        replayed = {row.id for row in session.query(DeadLetterRow).filter(DeadLetterRow.replayed_at.is_not(None))}
    assert replayed == {f"letter-{number}" for number in range(7)}
    forced = replay(on_both, reason="metric", topic="cx.responses", anyhow=True)
    assert (forced["sent"], forced["refused"], forced["refusal"]) == (2, 0, None)


def test_what_became_a_letter_after_the_question_is_left_for_the_next_one(on_both: Served) -> None:
    letter(on_both, 0, value=good(0), headers=[])
    letter(on_both, 1, value=good(1), headers=[], at=AT + timedelta(hours=1))
    told = replay(on_both, reason="metric", before=(AT + timedelta(minutes=1)).isoformat())
    assert told["sent"] == 1
    assert [json.loads(record.value)["id"] for record in on_both.kafka.records] == ["r-0"]


def test_alerts_go_back_to_the_desk_only_where_it_can_read_them(gateway: Served) -> None:
    import msgspec

    letter(gateway, 1, topic="cx.alerts", reason="alert", value=msgspec.json.encode(alert(1)), headers=[])
    letter(gateway, 2, topic="cx.alerts", reason="alert", value=b'{"id": 3}', headers=[])
    told = replay(gateway, reason="alert")
    assert (told["sent"], told["refused"]) == (1, 1)


def test_a_batch_that_kafka_did_not_take_is_sent_by_the_next_try(gateway: Served) -> None:
    letter(gateway, 1, value=good(1), headers=[])
    gateway.kafka.away = True
    assert gateway.client.post("/v1/deadletters/replay", json={"reason": "metric"}).status_code == 503
    gateway.kafka.away = False
    assert replay(gateway, reason="metric")["sent"] == 1


def test_a_batch_ends_at_its_bytes(gateway: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letter_replay, "BATCH_BYTES", 10)
    for number in range(3):
        letter(gateway, number, value=good(number), headers=[])
    told = replay(gateway, reason="metric")
    assert told["sent"] == 1
    assert told["next"] is not None
    assert replay(gateway, reason="metric", cursor=told["next"], before=told["before"])["sent"] == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"reason": "unheard"}, "reason"),
        ({"reason": "metric", "cursor": "x"}, "cursor"),
        ({"reason": "metric", "before": "2026-01-10T00:00:00"}, "before"),
    ],
)
def test_a_wrong_question_names_its_field(gateway: Served, asked: dict[str, object], field: str) -> None:
    answer = gateway.client.post("/v1/deadletters/replay", json=asked)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field


@given(st.text(min_size=1), st.integers(0, 3))
def test_text_is_shown_as_text_also_when_it_is_cut_within_a_character(text: str, shift: int) -> None:
    raw = b"x" * shift + (text * (SHOWN_BYTES // len(text) + 2)).encode("utf-8", "replace")
    told = show_bytes(raw)
    assert told.cut
    assert told.text is not None
    assert raw.startswith(told.text.encode())
    assert len(told.text.encode()) > SHOWN_BYTES - 4
    assert show_bytes(raw[:shift]).cut is False


def test_bytes_that_are_no_text_are_base64() -> None:
    told = show_bytes(b"\xff" + b"a" * SHOWN_BYTES)
    assert (told.text, told.cut, told.bytes) == (None, True, SHOWN_BYTES + 1)
    assert base64.b64decode(told.base64 or "") == b"\xff" + b"a" * (SHOWN_BYTES - 1)
