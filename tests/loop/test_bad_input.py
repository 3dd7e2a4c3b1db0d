"""Bad input to a whole running loop: every piece is answered or kept as a dead letter, and nothing else is lost."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from confluent_kafka import KafkaError, Message, Producer
from sqlalchemy import select

from closeloop.sandbox.delivery import sign
from schemas.database import open_database, readers
from schemas.tables import DeadLetterRow
from streams.kafka.placement import partition_of
from tests.loop.bad_events import SECRET, BadEvent, bad_events, encoded, response, touchpoint
from tests.loop.running import RunningLoop, running_loop, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

BAD = bad_events()
KINDS = ("touchpoints", "responses")


class Ledger:
    """What the tests of this module have sent, so that the last of them can hold the books against it."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.duplicates: Counter[str] = Counter()
        self.dead: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}

    def received(self) -> int:
        dead = sum(sum(reasons.values()) for reasons in self.dead.values())
        return sum(self.counted.values()) + sum(self.duplicates.values()) + dead


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory, kafka: str) -> Iterator[RunningLoop]:
    """One loop for all tests of the module, on a Kafka of its own with SQLite."""
    del kafka  # asked for its skip, with its reason, where no real Kafka can be had
    with running_loop(tmp_path_factory.mktemp("loop")) as running:
        yield running


@pytest.fixture(scope="module")
def bootstrap(loop: RunningLoop) -> str:
    """Where the loop's Kafka is, as it said at its start."""
    found = re.search(r"^kafka ([\d.:,]+)", (loop.folder / "up.log").read_text(), re.MULTILINE)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture(scope="module")
def first_pids(loop: RunningLoop) -> dict[str, int]:
    """The processes as they were before anything bad came."""
    return {room: loop.pid(room) for room in ("kafka", "streams", "consumers", "gateway", "sandbox")}


@pytest.fixture(autouse=True)
def nothing_restarted(loop: RunningLoop, first_pids: dict[str, int]) -> Iterator[None]:
    """No bad input ends a process."""
    yield
    assert {room: loop.pid(room) for room in first_pids} == first_pids


def send(loop: RunningLoop, body: bytes, kind: str = "application/cloudevents+json", **headers: str) -> httpx.Response:
    return loop.http.post("/v1/events", content=body, headers={"content-type": kind, **headers})


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
def test_http_refuses_it_by_name(loop: RunningLoop, bad: BadEvent) -> None:
    answer = send(loop, bad.value)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["reason"], error["field"]) == (bad.reason, bad.field)
    assert len(error["problem"]) >= len("is missing")
    assert SECRET not in answer.text


@pytest.mark.parametrize("kind", ["application/cloudevents+json", "application/json", "application/x-ndjson"])
def test_http_refuses_an_empty_body(loop: RunningLoop, kind: str) -> None:
    answer = send(loop, b"", kind)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, "empty")


def test_http_refuses_a_batch_over_the_limits(loop: RunningLoop) -> None:
    one = encoded(response("big", comment=SECRET + "x" * 9_000))
    batch = b"[" + b",".join([one] * (6 * 1024 * 1024 // len(one) + 1)) + b"]"
    assert len(batch) > 6 * 1024 * 1024
    answer = send(loop, batch, "application/cloudevents-batch+json")
    assert (answer.status_code, answer.json()["error"]["reason"]) == (413, "too_large")
    assert "5,242,880" in answer.json()["error"]["problem"]
    many = send(loop, b"[" + b",".join([b"{}"] * 5_001) + b"]", "application/cloudevents-batch+json")
    assert (many.status_code, many.json()["error"]["reason"]) == (413, "too_large")
    assert SECRET not in answer.text


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b"42", b"[{}", SECRET.encode()])
def test_http_refuses_a_batch_that_is_none(loop: RunningLoop, body: bytes) -> None:
    answer = send(loop, body, "application/cloudevents-batch+json")
    assert answer.status_code == 400
    assert answer.json()["error"]["reason"] in ("empty", "not_json")
    assert SECRET not in answer.text


def test_http_refuses_a_content_type_and_an_encoding_that_it_does_not_read(loop: RunningLoop) -> None:
    assert send(loop, encoded(response("xml")), "application/xml").status_code == 415
    assert send(loop, encoded(response("br")), **{"content-encoding": "br"}).status_code == 415
    torn = gzip.compress(encoded(response("zip")))[:-9]
    assert send(loop, torn, **{"content-encoding": "gzip"}).status_code == 400


def test_one_bad_event_among_99_good_ones_takes_none_with_it(loop: RunningLoop, ledger: Ledger) -> None:
    events = [encoded(response(f"batch-{number}")) for number in range(100)]
    events[41] = encoded(response("batch-41", score=11))
    answer = send(loop, b"[" + b",".join(events) + b"]", "application/cloudevents-batch+json")
    assert answer.status_code == 202
    said = answer.json()
    assert (said["accepted"], said["rejected"], len(said["results"])) == (99, 1, 100)
    refused = said["results"][41]
    assert (refused["id"], refused["index"], refused["status"]) == ("r-batch-41", 41, "rejected")
    assert (refused["reason"], refused["field"]) == ("scale", "data.score")
    assert {result["status"] for result in said["results"][:41] + said["results"][42:]} == {"accepted"}
    assert SECRET not in answer.text
    ledger.counted["responses"] += 99
    assert loop.wait_until_received(ledger.received())["responses"]["counted"] >= 99


class Straight:
    """Writes bytes straight into the topics, as an app without our checks does."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "partitioner": "murmur2_random",
                "message.max.bytes": 8_000_000,
                "log_level": 0,
            }
        )
        self.failures: list[str] = []

    def put(self, topic: str, value: bytes | None, key: bytes | None, **more: Any) -> tuple[int, int]:
        """Write one record; where it lies."""
        places: list[tuple[int, int]] = []

        def report(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self.failures.append(error.str())
            else:
                places.append((message.partition() or 0, message.offset() or 0))

        self._producer.produce(topic, value, key, on_delivery=report, **more)
        assert self._producer.flush(20) == 0
        assert not self.failures
        return places[0]


@pytest.fixture(scope="module")
def straight(bootstrap: str) -> Straight:
    return Straight(bootstrap)


def letters(loop: RunningLoop, number: int) -> dict[tuple[str, int, int], DeadLetterRow]:
    """The dead letters in SQL by their place, once there are so many."""
    engine = open_database(f"sqlite:///{loop.folder / 'closeloop.db'}")

    def read() -> list[DeadLetterRow]:
        with readers(engine)() as session:
            return list(session.scalars(select(DeadLetterRow)))

    try:
        wait_until(lambda: len(read()) >= number, 60, lambda: f"{len(read())} of {number} dead letters")
        return {(row.topic, row.partition, row.offset): row for row in read()}
    finally:
        engine.dispose()


def listed(loop: RunningLoop) -> dict[str, dict[str, Any]]:
    """The dead letters as the API tells them, every page."""
    found: dict[str, dict[str, Any]] = {}
    cursor = ""
    while True:
        params = {"limit": "20", **({"cursor": cursor} if cursor else {})}
        answer = loop.http.get("/v1/deadletters", params=params)
        assert SECRET not in answer.text
        page = answer.json()
        found |= {letter["id"]: letter for letter in page["deadletters"]}
        if page["next"] is None:
            return found
        cursor = page["next"]


def test_bytes_straight_into_kafka_become_dead_letters_with_their_bytes(
    loop: RunningLoop, straight: Straight, ledger: Ledger
) -> None:
    wanted: dict[tuple[str, int, int], tuple[bytes | None, bytes | None, str, str]] = {}

    def bad(topic: str, value: bytes | None, reason: str, field: str, key: bytes | None = None, **more: Any) -> None:
        place = straight.put(topic, value, key, **more)
        wanted[(topic, *place)] = (key, value, reason, field)
        ledger.dead[topic.removeprefix("cx.")][reason] += 1

    def good(number: str) -> None:
        for topic, event in (("cx.responses", response(number)), ("cx.touchpoints", touchpoint(number))):
            straight.put(topic, encoded(event), event["data"]["customer_id"].encode())
            ledger.counted[topic.removeprefix("cx.")] += 1

    for number, event in enumerate(BAD):
        for topic in ("cx.responses", "cx.touchpoints"):
            bad(topic, event.value, event.reason, event.field, key=f"k{number}".encode())
        good(f"around-{number}")
    for topic in ("cx.responses", "cx.touchpoints"):
        bad(topic, None, "empty", "", key=f"{SECRET}".encode())
        bad(topic, b"", "empty", "", key=b"\xff\x00\xfe")
        bad(topic, encoded([response("array")]), "invalid", "")
        bad(topic, b"\x00\x01\x02\xff", "not_utf8", "")
    bad("cx.responses", encoded(touchpoint("astray")), "type", "type")
    bad("cx.touchpoints", encoded(response("astray")), "type", "type")
    # The largest record that a broker takes by default: its dead letter is larger still.
    bad("cx.responses", b"x" * 1_048_000, "too_large", "", key=b"largest")
    bad("cx.touchpoints", b'"' + SECRET.encode() * 54_000 + b'"', "too_large", "", key=b"largest")
    headers = [("ce_specversion", b"1.0"), ("ce_type", b"closeloop.response.v1"), ("ce_id", b"\xff"), ("x", None)]
    bad("cx.responses", b"{}", "not_utf8", "ce_id", headers=headers)
    good("after")

    found = letters(loop, len(wanted))
    assert found.keys() == wanted.keys()
    for place, (key, value, reason, field) in wanted.items():
        row = found[place]
        assert (row.reason, row.field) == (reason, field), place
        assert row.value == value, place
        assert row.key == key, place
        assert SECRET not in row.problem
    shown = listed(loop)
    assert Counter(letter["reason"] for letter in shown.values()) == Counter(row.reason for row in found.values())
    assert {(x["topic"], x["partition"], x["offset"]): x["bytes"] for x in shown.values()} == {
        place: len(row.value or b"") for place, row in found.items()
    }
    with_headers = next(row for row in found.values() if row.field == "ce_id")
    assert with_headers.headers == [
        ["ce_specversion", "MS4w"], ["ce_type", "Y2xvc2Vsb29wLnJlc3BvbnNlLnYx"], ["ce_id", "/w=="], ["x", None],
    ]  # fmt: skip


def binary(event: dict[str, Any]) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The event in Kafka's binary mode."""
    headers = [(f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"]
    return encoded(event["data"]), [*headers, ("content-type", b"application/json")]


def test_binary_mode_counts_and_what_is_wrong_in_it_is_a_dead_letter(
    loop: RunningLoop, straight: Straight, ledger: Ledger
) -> None:
    value, headers = binary(response("binary"))
    straight.put("cx.responses", value, f"c-{SECRET}-binary".encode(), headers=headers)
    ledger.counted["responses"] += 1
    value, headers = binary(response("binary-bad", score=11))
    place = straight.put("cx.responses", value, None, headers=headers)
    ledger.dead["responses"]["scale"] += 1
    cut = value[:-1]
    other = straight.put("cx.responses", cut, None, headers=headers)
    ledger.dead["responses"]["not_json"] += 1
    found = letters(loop, sum(sum(reasons.values()) for reasons in ledger.dead.values()))
    row = found[("cx.responses", *place)]
    assert (row.reason, row.field, row.value) == ("scale", "data.score", value)
    assert row.headers == [[name, base64.b64encode(value).decode()] for name, value in headers]
    assert (found[("cx.responses", *other)].reason, found[("cx.responses", *other)].value) == ("not_json", cut)
    over_http = send(
        loop, value, "application/json", **{name.replace("ce_", "ce-"): raw.decode() for name, raw in headers[:-1]}
    )
    assert over_http.status_code == 400
    assert over_http.json()["error"]["field"] == "data.score"


def test_a_record_on_another_partition_than_its_customers_is_counted_once(
    loop: RunningLoop, straight: Straight, ledger: Ledger
) -> None:
    for number in range(6):
        event = response(f"stray-{number}")
        customer = event["data"]["customer_id"].encode()
        home = partition_of(customer, 3)
        for partition in {0, 1, 2} - {home}:  # the same event on both of the other partitions
            straight.put("cx.responses", encoded(event), b"another key", partition=partition)
        ledger.counted["responses"] += 1
        ledger.duplicates["responses"] += 1
    # Without a key at all.
    event = response("keyless")
    straight.put("cx.responses", encoded(event), None)
    ledger.counted["responses"] += 1
    loop.wait_until_received(ledger.received())


def signed(loop: RunningLoop, raw: bytes, moment: int, **changed: str) -> httpx.Response:
    secret = (loop.folder / "sandbox.secret").read_text().strip()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": str(moment),
        "x-slack-signature": sign(secret, moment, raw),
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    return loop.http.post("/slack/interactions", content=raw, headers=headers)


def case_of(loop: RunningLoop, customer: str) -> dict[str, Any]:
    """The one case of a customer, once it is there."""
    cases: list[dict[str, Any]] = []

    def there() -> bool:
        nonlocal cases
        cases = loop.http.get("/v1/cases", params={"customer": customer}).json()["cases"]
        return bool(cases)

    wait_until(there, 60, lambda: f"no case of {customer}")
    assert len(cases) == 1
    return cases[0]


def card_of(loop: RunningLoop, case: int) -> tuple[str, dict[str, Any]]:
    """The channel and message of a case's card in the sandbox, once it is there."""
    found: list[tuple[str, dict[str, Any]]] = []

    def there() -> bool:
        found.clear()
        for channel, messages in loop.sandbox.get("/control/state").json()["messages"].items():
            shown = [x for x in messages if f'\\"case\\":{case},' in json.dumps(x.get("blocks"))]
            found.extend((channel, message) for message in shown)
        return bool(found)

    wait_until(there, 60, lambda: f"no card of case {case}")
    assert len(found) == 1
    return found[0]


def open_case(loop: RunningLoop, ledger: Ledger, number: str) -> dict[str, Any]:
    event = response(number, score=0, comment=f"{SECRET} is furious")
    assert send(loop, encoded(event)).status_code == 202
    ledger.counted["responses"] += 1
    return case_of(loop, event["data"]["customer_id"])


def click_body(case: dict[str, Any], channel: str, card: dict[str, Any]) -> bytes:
    block = next(block for block in card["blocks"] if block["type"] == "actions")
    button = next(element for element in block["elements"] if element.get("action_id") == "case.acknowledge")
    payload = {
        "type": "block_actions",
        "user": {"id": "U0ANA000001"},
        "team": {"id": "T1"},
        "container": {"type": "message", "message_ts": card["ts"], "channel_id": channel},
        "trigger_id": "t",
        "actions": [{"action_id": "case.acknowledge", "action_ts": f"1.{case['id']}", "value": button["value"]}],
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


def version(loop: RunningLoop, case: dict[str, Any]) -> tuple[str, int]:
    now = loop.http.get(f"/v1/cases/{case['id']}").json()
    now = now.get("case", now)
    return now["state"], now["version"]


def test_only_what_slack_signed_lately_acts_and_only_once(loop: RunningLoop, ledger: Ledger) -> None:
    case = open_case(loop, ledger, "signature")
    channel, card = card_of(loop, case["id"])
    raw = click_body(case, channel, card)
    moment = int(time.time())
    before = version(loop, case)
    assert before[0] == "open"
    for changed in (
        {"x_slack_signature": "v0=" + "0" * 64},
        {"x_slack_signature": sign("another secret", moment, raw)},
        {"x_slack_signature": ""},
        {"x_slack_request_timestamp": "soon"},
    ):
        forged = signed(loop, raw, moment, **changed)
        assert (forged.status_code, forged.json()["error"]["reason"]) == (401, "forged")
        assert SECRET not in forged.text
    assert signed(loop, raw, moment - 301).status_code == 401  # genuine, and too old
    assert version(loop, case) == before

    assert signed(loop, raw, moment).status_code == 200
    after = version(loop, case)
    assert after == ("acknowledged", before[1] + 1)
    replayed = signed(loop, raw, moment)
    assert (replayed.status_code, replayed.content) == (200, b"")
    assert version(loop, case) == after


def test_a_click_on_a_stale_card_changes_nothing_and_says_so(loop: RunningLoop, ledger: Ledger) -> None:
    case = open_case(loop, ledger, "stale")
    channel, card = card_of(loop, case["id"])
    # Slack takes no edits for a while, so that the card goes on showing what is no longer so.
    fault = {"kind": "ratelimited", "method": "chat.update"}
    loop.sandbox.post("/control/faults", json=fault).raise_for_status()
    try:
        acted = loop.http.post(f"/v1/cases/{case['id']}/acknowledge", json={"version": version(loop, case)[1]})
        assert acted.status_code == 200, acted.text
        moved_on = version(loop, case)
        ana = {"user": "U0ANA000001", "channel": channel, "ts": card["ts"]}
        clicked = loop.sandbox.post("/page/click", json={**ana, "action_id": "case.acknowledge"})
        assert (clicked.json()["acked"], clicked.json()["problem"]) == (True, "")
        wait_until(lambda: bool(told(loop, channel)), 30, lambda: "Ana was told nothing")
        assert version(loop, case) == moved_on
        (text,) = told(loop, channel)
        assert f"C-{case['id']}" in text
        assert SECRET not in text
    finally:
        loop.sandbox.delete("/control/faults").raise_for_status()
    wait_until(lambda: loop.cards_behind() == 0, 60, lambda: "the card was not drawn again")


def told(loop: RunningLoop, channel: str) -> list[str]:
    """What Ana was told in a channel, for her eyes only."""
    state = loop.sandbox.get("/control/state").json()
    return [x["text"] for x in state["ephemerals"] if x["visible_to"] == "U0ANA000001" and x["channel"] == channel]


def test_at_the_end_the_books_balance(loop: RunningLoop, ledger: Ledger) -> None:
    def balanced() -> bool:
        books = loop.totals()
        return all(
            (books[kind]["counted"], books[kind]["duplicates"], books[kind]["late"], books[kind]["dead_letters"])
            == (ledger.counted[kind], ledger.duplicates[kind], 0, dict(ledger.dead[kind]))
            for kind in KINDS
        )

    wait_until(balanced, 60, lambda: f"{loop.totals()}, sent {vars(ledger)}")
    books = loop.totals()
    for kind in KINDS:
        of = books[kind]
        whole = of["counted"] + of["duplicates"] + of["late"] + sum(of["dead_letters"].values())
        assert of["received"] == whole


def test_no_log_holds_a_customers_name_or_words(loop: RunningLoop) -> None:
    logs = [loop.folder / "up.log", *(loop.folder / "logs").iterdir(), *broker_logs(loop.folder)]
    assert len(logs) >= 6
    told = [str(path) for path in logs if SECRET.encode() in path.read_bytes()]
    assert told == []
    words = "Traceback (most recent call last)"
    assert [path.name for path in (loop.folder / "logs").iterdir() if words in path.read_text(errors="replace")] == []


def broker_logs(folder: Path) -> list[Path]:
    """The logs of Kafka itself; its topics' segments end alike and hold the events, as they must."""
    return [path for path in (folder / "kafka").rglob("*.log") if not re.fullmatch(r"\d{20}\.log", path.name)]
