"""What every tool documents that it sends, over real HTTP: events, refusals, repetitions, dead letters, replays."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gateway.hooks.desk import HookDesk
from gateway.parts import now
from schemas.cloudevents import EventReader
from schemas.deadletters import DeadLetter
from schemas.hook_secrets import HookSecrets
from schemas.tables import DeadLetterRow
from schemas.topics import RESPONSES, TOUCHPOINTS
from tests.cli.asking import ask
from tests.gateway.hooks import shop
from tests.gateway.hooks.conftest import MONKEY_PATH, XM_PATH, Shop

NAMES = sorted(shop.EXAMPLES)


def example(name: str) -> bytes:
    return shop.payload(shop.EXAMPLES[name][0])


def letter(raw: bytes) -> DeadLetter:
    return msgspec.json.decode(raw, type=DeadLetter)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_tool_documents_becomes_the_events_that_the_mapping_says(hooked: Shop, name: str) -> None:
    answer = hooked.send(name, example(name))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"taken": len(shop.EXPECTED[name]), "ignored": {}, "letters": 0}
    found = hooked.events()
    shop.assert_events(name, found)
    reader = EventReader(hooked.parts.words.metrics)
    for value, record in zip(found, hooked.kafka.records, strict=True):
        event = reader.read(value, datetime.now(UTC))
        assert record.topic == (RESPONSES if "score" in json.loads(value)["data"] else TOUCHPOINTS)
        assert record.key == event.data.customer_id.encode()
    assert hooked.count(name, "taken") == 1

    again = hooked.send(name, example(name))
    assert again.status_code == 200
    ids = [json.loads(value)["id"] for value in hooked.events()]
    assert ids[: len(found)] == ids[len(found) :], "sent again it is the same event"


@pytest.mark.parametrize("name", NAMES)
def test_a_delivery_that_is_not_proven_is_refused_with_one_text(hooked: Shop, name: str) -> None:
    body, headers = shop.signed(name, example(name), now())
    wrong, wrong_headers = shop.signed(name, example(name), now(), base64.b64encode(b"guessed").decode())
    absent = {"content-type": headers["content-type"]}
    attempts = [(wrong, wrong_headers), (example(name), absent)]
    if name not in ("hog", "xm"):  # whose secret is not over the body; Qualtrics signs a part of it, below
        attempts.append((body.replace(b"c42", b"c43") + b" ", headers))
    if {"webhook-timestamp", "X-Chatwoot-Timestamp", "X-Time"} & set(headers):
        attempts += [shop.signed(name, example(name), now() + timedelta(minutes=minutes)) for minutes in (-6, 6)]
        stamped = {key: ("1" if "ime" in key else value) for key, value in headers.items()}
        attempts.append((body, stamped))
    for number, (sent, sent_headers) in enumerate(attempts):
        answer = hooked.client.post(f"/hooks/{name}", content=sent, headers=sent_headers)
        assert answer.status_code == 401, f"attempt {number}"
        assert answer.json()["error"] == {
            "reason": "unauthorized", "field": "", "problem": "the delivery is not signed as it should be"
        }  # fmt: skip
    assert hooked.kafka.records == []
    assert hooked.count(name, "unsigned") == len(attempts)


def test_of_a_notice_of_qualtrics_what_is_signed_is_what_is_read(hooked: Shop) -> None:
    body, headers = shop.signed("xm", example("xm"), now())
    other = example("xm").replace(b"R_2bC3", b"R_9zZ9")
    for sent in (
        body.replace(b"R_2bC3", b"R_9zZ9"),
        body + b"&" + other.split(b"&")[1],
        other.split(b"&")[1] + b"&" + body,
    ):
        answer = hooked.client.post("/hooks/xm", content=sent, headers=headers)
        assert answer.status_code in (200, 401)
    assert {path for path, _ in hooked.api.asked} <= {XM_PATH}


def test_a_secret_that_is_being_changed_is_good_until_it_is_taken_away(hooked: Shop) -> None:
    changing = {**shop.secrets(), "form": HookSecrets(current="new", previous=shop.SECRETS["form"])}
    hooked.parts.hooks._secrets = changing
    assert hooked.send("form", example("form")).status_code == 200
    assert hooked.send("form", example("form"), "new").status_code == 200
    hooked.parts.hooks._secrets = {**changing, "form": HookSecrets(current="new")}
    assert hooked.send("form", example("form")).status_code == 401
    hooked.parts.hooks._secrets = {**changing, "form": HookSecrets()}
    assert hooked.send("form", example("form"), "").status_code == 401, "without a secret nobody is let in"


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("bricks", shop.payload("formbricks-created.json"), "partial"),
        ("bricks", shop.payload("formbricks-updated.json"), "partial"),
        ("bricks", b'{"event": "testEndpoint", "webhookId": "w"}', "event"),
        ("form", shop.payload("typeform-partial.json"), "partial"),
        ("hog", shop.changed("posthog.json", event__event="$pageview"), "event"),
        ("hog", shop.payload("posthog.json").replace(b'ted": true', b'ted": false'), "partial"),
        ("chat", shop.changed("chatwoot-words.json", event="message_created"), "event"),
        ("chat", shop.changed("chatwoot-words.json", content_attributes={}), "not_a_rating"),
        ("monkey", shop.changed("surveymonkey.json", event_type="collector_created"), "event"),
        ("calls", shop.changed("segment-track.json", event="Page Loaded"), "when"),
        ("calls", shop.changed("segment-track.json", type="delete"), "event"),
        ("xm", shop.payload("qualtrics.form").replace(b"completedResponse", b"startedResponse"), "event"),
    ],
)  # fmt: skip
def test_what_is_of_no_interest_is_taken_and_passed_over(hooked: Shop, name: str, body: bytes, why: str) -> None:
    answer = hooked.send(name, body)
    assert (answer.status_code, answer.json()) == (200, {"taken": 0, "ignored": {why: 1}, "letters": 0})
    assert hooked.kafka.records == []
    assert hooked.count(name, "ignored") == 1


UNMAPPED: list[tuple[str, bytes, str, str]] = [
    ("bricks", b"{broken", "not_json", "hooks.bricks"),
    ("bricks", b'{"event": "responseFinished", "data": {}}', "missing", "hooks.bricks.data.id"),
    ("bricks", shop.changed("formbricks-finished.json", data__data={"other": 3}), "missing", "hooks.bricks.responses"),
    ("bricks", shop.changed("formbricks-finished.json", data__data={"nps": 11}), "scale",
     "hooks.bricks.responses[0].question"),
    ("bricks", shop.changed("formbricks-finished.json", data__data={"nps": True}), "invalid",
     "hooks.bricks.responses[0].question"),
    ("bricks", shop.changed("formbricks-finished.json", data__data={"nps": "great"}), "invalid",
     "hooks.bricks.responses[0].question"),
    ("bricks", shop.changed("formbricks-finished.json", data__contactAttributes=None), "missing",
     "hooks.bricks.customer_id"),
    ("bricks", shop.changed("formbricks-finished.json", data__updatedAt="2026-11-20T10:00:00"), "invalid",
     "hooks.bricks.data.updatedAt"),
    ("bricks", shop.changed("formbricks-finished.json", data__updatedAt="2126-11-20T10:00:00Z"), "future",
     "hooks.bricks.responses[0].time"),
    ("bricks", shop.changed("formbricks-finished.json", data__data={"nps": 3, "why": "x" * 10_001}), "invalid",
     "hooks.bricks.responses[0].comment"),
    ("form", shop.changed("typeform.json", form_response__hidden={}), "missing", "hooks.form.customer_id"),
    ("form", shop.changed("typeform.json", form_response__definition__fields__0__ref="renamed",
                          form_response__answers__0__field={"id": "fldNps000001", "ref": "renamed"}), "missing",
     "hooks.form.responses[0].question"),
    ("form", shop.changed("typeform.json", form_response__definition__fields__1__properties={
        "steps": 5, "start_at_one": True}, form_response__answers__1__number=7), "scale",
     "hooks.form.responses[1].question"),
    ("form", shop.changed("typeform.json", form_response__answers__2__choice={"label": "Meh", "id": "x"}), "invalid",
     "hooks.form.responses[2].question"),
    ("chat", shop.changed("chatwoot-words.json",
                          content_attributes__submitted_values__csat_survey_response__rating=6), "scale",
     "hooks.chat.responses[0].question"),
    ("calls", shop.changed("segment-track.json", userId=None), "missing", "hooks.calls.customer_id"),
    ("calls", shop.changed("segment-track.json", properties={"seconds": "a lot"}), "invalid",
     "hooks.calls.touchpoints[0].duration_ms"),
    ("calls", shop.changed("segment-track.json", properties={"region": ["SP"]}), "invalid",
     "hooks.calls.touchpoints[0].attributes.region"),
    ("other", shop.changed("generic.json", response_id=...), "missing", "hooks.other.id"),
    ("other", shop.changed("generic.json", call_me="perhaps"), "invalid", "hooks.other.responses[0].contact_requested"),
    ("monkey", shop.changed("surveymonkey.json", object_id="1/../../users/me"), "invalid", "hooks.monkey.object_id"),
    ("xm", shop.payload("qualtrics.form").replace(b"R_2bC3dE4fG5hI6jK", b"..%2F..%2Fwhoami"), "invalid",
     "hooks.xm.MSG.ResponseID"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "body", "reason", "field"), UNMAPPED)
def test_what_cannot_be_mapped_is_a_dead_letter_with_its_bytes(
    hooked: Shop, name: str, body: bytes, reason: str, field: str
) -> None:
    sent, headers = shop.signed(name, body, now())
    answer = hooked.client.post(f"/hooks/{name}", content=sent, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"taken": 0, "ignored": {}, "letters": 1})
    (kept,) = map(letter, hooked.letters())
    assert (kept.topic, kept.reason, kept.field) == (f"hooks/{name}", reason, field)
    assert kept.value_bytes() == sent
    assert kept.problem
    assert hooked.events() == []
    assert hooked.api.asked == []
    assert hooked.count(name, "letter") == 1
    hooked.client.post(f"/hooks/{name}", content=sent, headers=headers)
    assert {letter(raw).id for raw in hooked.letters()} == {kept.id}, "sent again it is the same letter"
    secret = shop.SECRETS[name].encode()
    assert not any(secret in raw or base64.b64encode(secret) in raw for raw in hooked.letters())


def test_of_several_calls_in_one_delivery_only_the_bad_one_is_a_letter(hooked: Shop) -> None:
    good, bad = shop.payload("segment-track.json"), shop.changed("segment-track.json", userId=None)
    identify = shop.payload("segment-identify.json")
    answer = hooked.send("calls", b"[" + b",".join([good.strip(), bad, identify.strip()]) + b"]")
    assert answer.json() == {"taken": 2, "ignored": {}, "letters": 1}
    (kept,) = map(letter, hooked.letters())
    assert kept.value_bytes() == bad
    assert [json.loads(value)["type"] for value in hooked.events()] == [
        "closeloop.touchpoint.v1", "closeloop.response.v1",
    ]  # fmt: skip


def test_more_deliveries_than_are_read_at_once_are_a_letter_and_not_passed_over(hooked: Shop) -> None:
    body = b"[" + b",".join([b'{"type":"page"}'] * 5_001) + b"]"
    assert hooked.send("calls", body).json() == {"taken": 0, "ignored": {}, "letters": 1}
    (kept,) = map(letter, hooked.letters())
    assert (kept.reason, kept.field, kept.value_bytes()) == ("too_large", "hooks.calls", body)


def test_one_bad_answer_holds_back_the_others_of_its_respondent(hooked: Shop) -> None:
    """So that sending the letter again later, when ids are forgotten, counts nothing twice."""
    answer = hooked.send("bricks", shop.changed("formbricks-finished.json", data__data={"nps": 3, "ease": 9}))
    assert answer.json() == {"taken": 0, "ignored": {}, "letters": 1}
    assert hooked.events() == []


def test_later_answers_of_a_survey_that_is_under_way_revise_the_earlier(hooked: Shop) -> None:
    for file in ("formbricks-created.json", "formbricks-updated.json", "formbricks-finished.json"):
        assert hooked.send("bricks_live", shop.payload(file)).json()["taken"] == 1
    created, updated, finished = [json.loads(value) for value in hooked.events()]
    root = "cmresponse0001:nps:nps"
    assert {event["data"]["revises"] for event in (created, updated, finished)} == {root}
    assert created["id"] == updated["id"], "the same answer once more is the same event"
    assert finished["id"] != created["id"]
    assert finished["data"]["comment"] == "o entregador não apareceu"


def test_words_given_after_a_rating_revise_it(hooked: Shop) -> None:
    for file in ("chatwoot-rating.json", "chatwoot-words.json", "chatwoot-words.json"):
        hooked.send("chat", shop.payload(file))
    rated, told, again = [json.loads(value) for value in hooked.events()]
    assert "comment" not in rated["data"]
    assert rated["id"] != told["id"] == again["id"]
    assert rated["data"]["revises"] == told["data"]["revises"]


def test_an_answer_that_was_updated_revises_the_completed_one(hooked: Shop) -> None:
    hooked.send("monkey", shop.payload("surveymonkey.json"))
    other = shop.payload("surveymonkey-response.json").replace(b'"simple_text": "2"', b'"simple_text": "9"')
    hooked.api.answers[MONKEY_PATH] = (200, other)
    hooked.send("monkey", shop.changed("surveymonkey.json", event_type="response_updated"))
    first, _, second, _ = [json.loads(value) for value in hooked.events()]
    assert second["data"]["revises"] == first["id"]
    assert (first["data"]["score"], second["data"]["score"]) == (2, 9)


@pytest.mark.parametrize(
    ("name", "path", "header", "shown"),
    [("xm", XM_PATH, "x-api-token", "xm-token"), ("monkey", MONKEY_PATH, "authorization", "Bearer monkey-token")],
)
def test_answers_are_fetched_with_the_token_and_a_failure_can_be_replayed(
    hooked: Shop, name: str, path: str, header: str, shown: str
) -> None:
    good = hooked.api.answers[path]
    hooked.api.answers["/elsewhere"] = good
    for status, body in ((500, b"{}"), (302, f"{hooked.api.base}/elsewhere".encode()), (404, b"{}")):
        hooked.api.answers[path] = (status, body)
        assert hooked.send(name, example(name)).json()["letters"] == 1
    hooked.api.answers[path] = (200, b"not json")
    assert hooked.send(name, example(name)).json()["letters"] == 1
    assert hooked.events() == []
    assert {asked for asked, _ in hooked.api.asked} == {path}
    assert {headers.get(header) for _, headers in hooked.api.asked} == {shown}
    kept = keep(hooked, letter(hooked.letters()[0]))
    refused = hooked.client.post(f"/v1/deadletters/{kept}/replay", json={})
    assert refused.status_code == 422
    hooked.api.answers[path] = good
    assert hooked.client.post(f"/v1/deadletters/{kept}/replay", json={}).status_code == 200
    shop.assert_events(name, hooked.events())


def keep(hooked: Shop, found: DeadLetter) -> str:
    """Write a letter to the database, as the recorder does."""
    with hooked.parts.writers.begin() as session:
        session.add(
            DeadLetterRow(
                id=found.id, topic=found.topic, partition=found.partition, offset=found.offset, reason=found.reason,
                field=found.field, problem=found.problem, at=found.at, key=found.key_bytes(),
                value=found.value_bytes(), headers=[], replayed_at=None,
            )
        )  # fmt: skip
    return found.id


def test_a_letter_goes_through_the_mapping_again_once_that_is_mended(hooked: Shop) -> None:
    body = shop.changed("formbricks-finished.json", data__data={"score": 3})
    hooked.send("bricks", body)
    hooked.send("bricks", shop.changed("formbricks-finished.json", data__id="r2", data__data={"score": 99}))
    first, second = (keep(hooked, letter(raw)) for raw in hooked.letters())
    seen = hooked.client.get(f"/v1/deadletters/{first}").json()
    assert seen["sendable"] is True
    assert seen["refused_now"].startswith("hooks.bricks.responses: ")
    assert hooked.client.post(f"/v1/deadletters/{first}/replay", json={}).status_code == 422
    assert hooked.events() == []

    loop = shop.loop()
    bricks = loop.hooks["bricks"]
    mended = msgspec.structs.replace(bricks, responses=[msgspec.structs.replace(bricks.responses[0], question="score")])
    desk = HookDesk(
        msgspec.structs.replace(loop, hooks={"bricks": mended}),
        hooked.parts.words.metrics, hooked.parts.reader, shop.secrets(), hooked.parts.instruments,
    )  # fmt: skip
    hooked.parts.hooks._mappers = desk._mappers
    assert hooked.client.get(f"/v1/deadletters/{first}").json()["refused_now"] is None
    told = hooked.client.post("/v1/deadletters/replay", json={"reason": "missing"}).json()
    assert (told["sent"], told["refused"]) == (1, 1)
    assert told["refusal"].startswith("hooks.bricks.responses[0].question: ")
    (event,) = [json.loads(value) for value in hooked.events()]
    assert (event["id"], event["data"]["score"]) == ("cmresponse0001:nps:score", 3)
    assert hooked.client.post(f"/v1/deadletters/{first}/replay", json={}).status_code == 409
    assert hooked.client.post(f"/v1/deadletters/{second}/replay", json={}).status_code == 422


def test_while_kafka_is_away_the_tool_is_told_to_send_again(hooked: Shop) -> None:
    hooked.kafka.away = True
    for body in (example("bricks"), b"{broken"):
        answer = hooked.send("bricks", body)
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
    hooked.kafka.away, hooked.kafka.room = False, False
    assert hooked.send("bricks", example("bricks")).status_code == 429
    assert hooked.kafka.records == []
    assert hooked.count("bricks", "unavailable") == 3


def test_an_unknown_hook_is_not_found_and_a_known_one_greets(hooked: Shop) -> None:
    assert hooked.client.post("/hooks/nobody", content=b"{}").status_code == 404
    assert hooked.client.head("/hooks/nobody").status_code == 404
    assert hooked.client.head("/hooks/monkey").status_code == 200
    assert hooked.client.get("/hooks/xm").status_code == 200


def test_a_body_above_the_limit_is_refused_before_it_is_read_whole(hooked: Shop) -> None:
    assert hooked.send("bricks", b" " * (1024 * 1024 + 1)).status_code == 413


def test_the_list_says_what_came_in(hooked: Shop) -> None:
    hooked.send("form", example("form"))
    hooked.send("form", example("form"), "guessed")
    told: dict[str, Any] = {one["name"]: one for one in hooked.client.get("/v1/hooks").json()["hooks"]}
    assert list(told) == list(shop.loop().hooks)
    assert told["form"]["outcomes"] == {"taken": 1, "unsigned": 1}
    assert (told["form"]["last_outcome"], told["form"]["path"]) == ("unsigned", "/hooks/form")
    assert told["form"]["last_at"]
    assert (told["xm"]["token_set"], told["form"]["token_set"]) == (True, None)
    assert not any(secret in json.dumps(told) for secret in shop.SECRETS.values())


def test_the_command_lists_what_the_gateway_has(hooked: Shop) -> None:
    hooked.send("form", example("form"))
    told = ask("hooks", "list", "--url", str(hooked.client.base_url).rstrip("/"))
    assert told.code == 0, told.err
    rows = {line.split("\t")[0]: line.split("\t") for line in told.out.splitlines()}
    assert rows["form"][1:4] == ["typeform", "/hooks/form", "set"]
    assert (rows["form"][-1], rows["bricks"][-1]) == ("taken 1", "")


def test_a_mapping_is_tried_by_admins_alone_and_nothing_is_kept(hooked: Shop) -> None:
    asked = {"payload": example("form").decode()}
    told = hooked.client.post("/v1/hooks/form/test", json=asked)
    assert told.status_code == 200, told.text
    (piece,) = told.json()["pieces"]
    assert [one["event"]["data"]["score"] for one in piece["events"]] == [2, 3, 1]
    assert {"field": "score", "source": "question nps", "value": "2"} in piece["events"][0]["fields"]
    bad = hooked.client.post("/v1/hooks/form/test", json={"payload": '{"event_type": "form_response"}'}).json()
    assert bad["pieces"][0]["problem"]["field"] == "hooks.form.form_response.token"
    notice = hooked.client.post("/v1/hooks/xm/test", json={"payload": example("xm").decode()}).json()
    assert notice["pieces"][0]["fetch"].startswith("https://fra1.qualtrics.com/API/v3/surveys/")
    asked_xm = {"payload": example("xm").decode(), "fetched": shop.payload("qualtrics-response.json").decode()}
    mapped = hooked.client.post("/v1/hooks/xm/test", json=asked_xm).json()
    assert mapped["pieces"][0]["events"][0]["event"]["data"]["score"] == 4
    assert hooked.kafka.records == []
    assert hooked.api.asked == []
    assert hooked.client.post("/v1/hooks/nobody/test", json=asked).status_code == 404
    assert hooked.client.post("/v1/hooks/form/test", json={"payload": "x" * 300_000}).status_code == 413
    foreign = {"origin": "https://evil.example"}
    assert hooked.client.post("/v1/hooks/form/test", json=asked, headers=foreign).status_code == 403
