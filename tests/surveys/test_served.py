"""Survey pages as they are served: what is recorded, what never is, and what a page gives away."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from litestar.testing import TestClient
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from closeloop.cli import app
from gateway.app import build_app
from gateway.keys import create_key
from gateway.parts import Parts
from schemas.tables import SurveyAnswerRow
from tests.gateway.conftest import ORIGIN, make  # noqa: F401 - a fixture
from tests.surveys.conftest import KEY, Asking

DAY = timedelta(days=1)


def test_an_answer_is_an_event_and_the_page_says_thanks(asking: Asking) -> None:
    link = asking.link(
        touchpoint="order.delivered", touchpoint_event_id="o-1", attributes={"region": "SP"}, language="pt"
    )
    page = asking.client.get(link)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert 'lang="pt"' in page.text
    assert "Qual a probabilidade" in page.text
    assert "<bdi>Shop &lt;&amp; Söhne&gt;</bdi>" in page.text  # whichever way the page is read
    sent = asking.client.post(link, data={"score": "3", "comment": "atrasou", "contact": "yes"})
    assert (sent.status_code, sent.headers["location"]) == (303, link)
    (record,) = asking.kafka.records
    assert (record.topic, record.key) == ("cx.responses", b"c42")
    event = json.loads(record.value)
    assert (event["source"], event["type"]) == ("/closeloop/surveys/nps", "closeloop.response.v1")
    assert abs(datetime.fromisoformat(event["time"]) - datetime.now(UTC)) < timedelta(minutes=5)
    assert event["data"] == {
        "customer_id": "c42",
        "metric": "nps",
        "score": 3,
        "touchpoint": "order.delivered",
        "touchpoint_event_id": "o-1",
        "channel": "link",
        "language": "pt",
        "comment": "atrasou",
        "contact_requested": True,
        "attributes": {"region": "SP"},
    }
    done = asking.client.get(link)
    assert "Obrigado pela sua resposta!" in done.text
    assert "atrasou" not in done.text


def test_no_get_records_anything(asking: Asking) -> None:
    link = asking.link()
    for path in (link, f"{link}?score=9", f"{link}?score=99&comment=x", f"{link}?score[]=1"):
        assert asking.client.get(path).status_code == 200
    for method in ("HEAD", "OPTIONS", "PUT", "DELETE"):
        asking.client.request(method, link)
    assert 'value="9" required checked' in asking.client.get(f"{link}?score=9").text
    assert asking.kafka.records == []
    with asking.parts.readers() as session:
        assert session.scalar(text("SELECT count(*) FROM survey_answers")) == 0


def test_the_same_answer_twice_counts_once_and_a_changed_one_revises(asking_both: Asking) -> None:
    asking = asking_both
    link = asking.link()
    for form in ({"score": "3"}, {"score": "3"}, {"score": "3", "comment": "late"}, {"score": "3", "comment": "late"}):
        assert asking.client.post(link, data=form).status_code == 303
    assert asking.client.post(link, data={"score": "9"}).status_code == 303
    first, comment, changed = asking.events()
    assert [event["data"]["score"] for event in asking.events()] == [3, 3, 9]
    assert "revises" not in first["data"]
    assert (comment["data"]["comment"], comment["data"]["revises"]) == ("late", first["id"])
    assert changed["data"]["revises"] == comment["id"]
    assert len({first["id"], comment["id"], changed["id"]}) == 3


def test_two_links_about_the_same_are_answered_once(asking: Asking) -> None:
    one, reminder = asking.link(about="order-17"), asking.link(about="order-17")
    assert one != reminder
    asking.client.post(one, data={"score": "5"})
    assert "Thank you" in asking.client.get(reminder).text
    asking.client.post(reminder, data={"score": "5"})
    assert len(asking.events()) == 1
    asking.client.post(asking.link(about="order-18"), data={"score": "5"})
    asking.client.post(asking.link(customer="c43", about="order-17"), data={"score": "5"})
    assert len({event["id"] for event in asking.events()}) == 3


def test_forms_that_come_at_the_same_moment_are_one_event_each_and_revise_in_a_chain(asking_both: Asking) -> None:
    asking = asking_both
    same, different = asking.link(), asking.link(customer="c43")
    together = threading.Barrier(6)

    def send(link: str, score: int) -> int:
        together.wait()
        return asking.client.post(link, data={"score": str(score)}).status_code

    with ThreadPoolExecutor(6) as threads:
        done = [threads.submit(send, same, 7) for _ in range(3)]
        done += [threads.submit(send, different, score) for score in (1, 2, 3)]
        assert [one.result() for one in done] == [303] * 6
    sent = asking.events()
    assert len({event["id"] for event in sent if event["data"]["customer_id"] == "c42"}) == 1
    chain = {event["id"]: event["data"].get("revises") for event in sent if event["data"]["customer_id"] == "c43"}
    assert len(chain) == 3
    assert set(chain.values()) == {None, *sorted(chain, key=len)[:1], *[one for one in chain if one.endswith(":2")]}


def test_an_answer_that_kafka_did_not_take_is_asked_for_again_and_counts_once(asking: Asking) -> None:
    link = asking.link(language="de")
    asking.kafka.away = True
    failed = asking.client.post(link, data={"score": "2"})
    assert (failed.status_code, failed.headers["retry-after"]) == (503, "5")
    assert "Das hat nicht geklappt" in failed.text
    asking.kafka.away = False
    assert "Wie wahrscheinlich" in asking.client.get(link).text
    assert asking.client.post(link, data={"score": "2"}).status_code == 303
    assert asking.client.post(link, data={"score": "2"}).status_code == 303
    (event,) = asking.events()
    assert "revises" not in event["data"]


def test_an_answer_that_could_not_be_taken_is_still_in_the_form(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"score": "2", "comment": "\n<b>two</b>\nlines </textarea>", "contact": "yes"}
    link = asking.link(language="de")
    asking.kafka.away = True
    failed = [asking.client.post(link, data=said)]

    def lose(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the database is away"))

    monkeypatch.setattr("gateway.surveys.keeping.take_down", lose)
    failed.append(asking.client.post(link, data=said))
    for page in failed:
        assert (page.status_code, page.headers["retry-after"]) == (503, "5")
        assert page.headers["cache-control"] == "no-store"
        assert 'value="2" required checked' in page.text
        # What follows <textarea> at once is a line's end that a browser drops.
        assert "\n&lt;b&gt;two&lt;/b&gt;\nlines &lt;/textarea&gt;</textarea>" in page.text
        assert 'name="contact" value="yes" checked' in page.text
        assert "Das hat nicht geklappt" in page.text
    wordy = asking.client.post(link, data={**said, "score": ""})
    assert wordy.status_code == 422
    assert "lines &lt;/textarea&gt;</textarea>" in wordy.text
    assert 'value="yes" checked' in wordy.text


def test_an_answer_can_be_changed_for_a_while_and_then_no_more(asking: Asking) -> None:
    link = asking.link(language="de")
    asking.client.post(link, data={"score": "2"})
    with asking.parts.writers.begin() as session:
        session.execute(update(SurveyAnswerRow).values(answered_at=datetime.now(UTC) - timedelta(hours=23, minutes=1)))
    assert "schon geantwortet" in asking.client.get(link).text
    assert asking.client.post(link, data={"score": "9"}).status_code == 303
    assert [event["data"]["score"] for event in asking.events()] == [2]


@pytest.mark.parametrize("form", [{}, {"score": ""}, {"score": "11"}, {"score": "7.5"}, {"comment": "hello"}])
def test_without_a_score_of_the_scale_nothing_is_recorded(asking: Asking, form: dict[str, str]) -> None:
    link = asking.link(language="fr")
    answer = asking.client.post(link, data=form)
    assert answer.status_code == 422
    assert "Choisissez une note" in answer.text
    assert asking.events() == []


def test_expired_and_forged_links_say_so_kindly_and_record_nothing(asking: Asking) -> None:
    expired = asking.link(language="uk", at=datetime.now(UTC) - 15 * DAY)
    forged = asking.link()[:-9] + "A" * 9
    for send in (asking.client.get, asking.client.post):
        gone, none = send(expired), send(forged, headers={"accept-language": "ja"})
        assert (gone.status_code, none.status_code) == (410, 404)
        assert "Це посилання більше не діє." in gone.text
        assert "このリンクは使えません" in none.text
        assert "X-Frame-Options" in none.headers
    asking.client.post(expired, data={"score": "2"})
    asking.client.post(forged, data={"score": "2"})
    assert asking.events() == []


def test_a_page_keeps_what_it_is_to_itself(asking: Asking) -> None:
    framed = asking.client.get(asking.link("effort"))
    pages = [asking.client.get(asking.link()), framed, asking.client.get("/s/none")]
    pages.append(asking.client.post(asking.link(), data={"score": "3"}))
    for page in pages:
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
        assert "set-cookie" not in page.headers
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';")
        assert "c42" not in page.text
        assert not re.search(r"<script|style=|onclick|https?://", page.text)
    assert pages[0].headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in pages[0].headers["content-security-policy"]
    assert "x-frame-options" not in framed.headers
    assert framed.headers["content-security-policy"].endswith("frame-ancestors https://shop.example")


def test_a_page_of_a_metric_of_ones_own(asking: Asking) -> None:
    page = asking.client.get(asking.link("effort", language="sw")).text
    assert '<h1 id="question" lang="sw"><bdi>Ilikuwa ngumu?</bdi></h1>' in page
    assert '<html lang="en" dir="ltr">' in page
    assert page.count('type="radio"') == 5
    assert 'aria-label="1 – None"' in page
    assert 'aria-label="5 – Much"' in page


def test_whoever_asks_too_often_has_to_wait(asking: Asking) -> None:
    link, other = asking.link(), asking.link(customer="c43")
    answers = [asking.client.get(link) for _ in range(25)]
    assert [one.status_code for one in answers[:20]] == [200] * 20
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert asking.client.get(other).status_code == 200


def test_links_over_the_api(asking: Asking) -> None:
    wanted = {"survey": "nps", "customer_id": "c42", "about": "order-17", "channel": "email", "expires_in": "7d"}
    made = asking.client.post("/v1/surveys/links", json={**wanted, "invited": True})
    assert made.status_code == 201, made.text
    told = made.json()
    until = datetime.fromisoformat(told["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < until <= timedelta(days=7)
    (sent,) = asking.events()
    assert (sent["type"], sent["data"]["touchpoint"]) == ("closeloop.touchpoint.v1", "survey.sent")
    asking.client.post(told["url"], data={"score": "9"})
    answer = asking.events()[-1]
    assert (answer["id"], answer["data"]["channel"]) == (told["invitation"], "email")
    assert answer["data"]["touchpoint_event_id"] == sent["id"]


@pytest.mark.parametrize(
    ("wanted", "status", "field"),
    [
        ({"survey": "npx", "customer_id": "c"}, 422, "survey"),
        ({"survey": "nps", "customer_id": ""}, 400, "customer_id"),
        ({"survey": "nps"}, 400, "customer_id"),
        ({"survey": "nps", "customer_id": "c", "expires_in": "soon"}, 400, "expires_in"),
        ({"survey": "nps", "customer_id": "c", "language": "x"}, 400, "language"),
        ({"survey": "nps", "customer_id": "c", "expires_in": "366d"}, 422, "expires_in"),
        ({"survey": "nps", "customer_id": "c", "expires_in": "9" * 5000 + "d"}, 400, "expires_in"),
        ({"survey": "nps", "customer_id": "c\0"}, 422, "customer_id"),
        ({"survey": "nps", "customer_id": "é" * 200}, 422, "customer_id"),
        ({"survey": "nps", "customer_id": "c", "touchpoint": "a\0b"}, 422, "touchpoint"),
        ({"survey": "nps", "customer_id": "c", "customer": "d"}, 400, "customer"),
        (
            {"survey": "nps", "customer_id": "c", "attributes": {f"a{n}": "x" * 200 for n in range(30)}},
            422,
            "attributes",
        ),
    ],
)
def test_links_that_cannot_be_made(asking: Asking, wanted: dict[str, object], status: int, field: str) -> None:
    answer = asking.client.post("/v1/surveys/links", json=wanted)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert field in error["field"] or field in error["problem"]


def test_without_a_key_for_links_there_are_none(make: Callable[..., Parts], sqlite_database: str) -> None:  # noqa: F811
    with TestClient(build_app(make(sqlite_database)), base_url=ORIGIN) as client:
        made = client.post("/v1/surveys/links", json={"survey": "nps", "customer_id": "c42"})
        assert made.status_code == 404
        assert "CLOSELOOP_SURVEY_KEY" in made.json()["error"]["problem"]
        assert client.get("/s/anything").status_code == 404


def test_links_need_a_key_that_may_emit(asking_on: Callable[..., Asking], sqlite_database: str) -> None:
    asking = asking_on(sqlite_database)
    wanted = {"survey": "nps", "customer_id": "c42"}
    statuses = {}
    for role in ("emit", "read"):
        key = create_key(asking.parts.writers, role, role)
        key = key if isinstance(key, str) else key.key
        asking.parts.keyring._known = None
        bearer = {"authorization": f"Bearer {key}"}
        statuses[role] = asking.client.post("/v1/surveys/links", json=wanted, headers=bearer).status_code
    assert statuses == {"emit": 201, "read": 403}
    link = asking.link()
    assert asking.client.get(link).status_code == 200
    assert asking.client.post(link, data={"score": "3"}).status_code == 303


def test_the_command_makes_a_link_that_the_gateway_opens(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["surveys", "link", "--survey", "nps", "--customer", "c42", "--touchpoint", "order.delivered"]
    monkeypatch.delenv("CLOSELOOP_SURVEY_KEY", raising=False)
    none = CliRunner().invoke(app, words)
    assert none.exit_code == 2
    assert "CLOSELOOP_SURVEY_KEY: not set" in none.output
    monkeypatch.setenv("CLOSELOOP_SURVEY_KEY", KEY)
    monkeypatch.setenv("CLOSELOOP_PUBLIC_URL", "https://cx.example.com")
    made = CliRunner().invoke(app, [*words, "--language", "he", "--json"])
    assert made.exit_code == 0, made.output
    url = json.loads(made.stdout)["url"]
    assert url.startswith("https://cx.example.com/s/")
    assert 'dir="rtl"' in asking.client.get(url.removeprefix("https://cx.example.com")).text
    for wrong, said in (("--survey=npx", "survey: `npx`"), ("--expires-in=soon", "expires_in")):
        refused = CliRunner().invoke(app, [*words, wrong])
        assert refused.exit_code == 2
        assert said in refused.output


def test_the_client_is_served_to_any_site(asking: Asking) -> None:
    script = asking.client.get("/client/closeloop.min.js", headers={"origin": "https://shop.example"})
    assert (script.status_code, script.headers["access-control-allow-origin"]) == (200, "*")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert asking.client.get("/client/labels/pt.js").status_code == 200
    for path in ("labels", "labels/../../pace.py", "%2e%2e/pace.py", "../labels.json", ".js", "labels/xx.js", ""):
        assert asking.client.get(f"/client/{path}").status_code == 404, path


def test_no_link_is_in_the_log_or_the_metrics(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link = asking.link()

    def fail(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("gateway.surveys.keeping.find", fail)
    assert asking.client.get(link).status_code == 500
    monkeypatch.undo()
    asking.client.post(link, data={"score": "3", "comment": "my-words"})
    told = asking.client.get("/metrics").text + "".join(capsys.readouterr())
    assert 'closeloop_gateway_survey_answers_total{result="first",survey="nps"}' in told
    for secret in (link.rpartition("/")[2][:40], "c42", "my-words"):
        assert secret not in told
