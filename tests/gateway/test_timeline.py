"""The timeline of a case's customer, over the API and on the page: what led to it, and what came after."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from litestar.testing import TestClient
from msgspec import structs

from gateway import timeline_reads
from gateway.app import build_app
from gateway.console.customer_story import Happening, Step, way
from gateway.parts import Parts
from schemas.tables import TimelineRow
from tests.gateway.conftest import ORIGIN, Served
from tests.gateway.examples import alert, metric_alert, opened, silent_alert

ANSWERED = datetime(2026, 1, 10, 10, tzinfo=UTC)
"""When the customer of ``alert()`` gave the answer that was flagged."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def touchpoint(name: str, at: datetime, outcome: str | None = "ok", **more: Any) -> TimelineRow:
    told: dict[str, Any] = {"customer_id": "c1", "touchpoint": "order.delivered", "outcome": outcome, **more}
    return TimelineRow(event_source="/shop/orders", event_id=name, kind="touchpoint", at=at, **told)


def answer(name: str, at: datetime, score: int = 3, **more: Any) -> TimelineRow:
    told: dict[str, Any] = {"customer_id": "c1", "metric": "nps", "scale_min": 0, "scale_max": 10, **more}
    return TimelineRow(
        event_source="/shop/surveys", event_id=name, kind="answer", at=at, score=score, higher_is_better=True, **told
    )


def keep(parts: Parts, *rows: TimelineRow) -> None:
    with parts.writers.begin() as session:
        session.add_all(rows)


def timeline(gateway: Served, case: int) -> dict[str, Any]:
    found = gateway.client.get(f"/v1/cases/{case}/timeline")
    assert found.status_code == 200, found.text
    return dict(found.json())


def told(entries: list[dict[str, Any]]) -> list[str]:
    """Each entry in a few words, oldest first."""
    words = {
        "touchpoint": lambda one: f"{one['touchpoint']} {one['outcome']}",
        "answer": lambda one: f"{one['metric']} {one['score']}{' flagged' if one['flagged'] else ''}",
        "alarm": lambda one: f"alarm {one['flagged']['alert']['rule']}",
        "action": lambda one: f"{one['entry']['action']} by {one['entry']['actor_name']}",
    }
    return [words[one["kind"]](one) for one in reversed(entries)]


def test_a_case_tells_what_led_to_it_and_what_came_after(on_both: Served) -> None:
    parts = on_both.parts
    case = opened(parts.writers, 1)
    elsewhere = opened(parts.writers, 2)
    keep(
        parts,
        touchpoint("long ago", ANSWERED - 14 * DAY - timedelta(seconds=1)),
        touchpoint("visit", ANSWERED - 14 * DAY, None, touchpoint="shop.visited"),
        touchpoint("t1", ANSWERED - 3 * DAY, "failed", channel="parcel", duration_ms=83_000),
        touchpoint("t2", ANSWERED - HOUR, "failed", amount="129.90", currency="EUR"),
        answer("r-1", ANSWERED),
        touchpoint("t3", ANSWERED + HOUR),
        answer("r-good", ANSWERED + 2 * HOUR, 9),
        touchpoint("theirs", ANSWERED - HOUR, "failed", customer_id="c2"),
    )
    done = on_both.client.post(f"/v1/cases/{case}/contact", json={"channel": "phone", "actor": "ana"})
    assert done.status_code == 200
    found = timeline(on_both, case)
    assert told(found["entries"]) == [
        "shop.visited None",
        "order.delivered failed",
        "order.delivered failed",
        "nps 3 flagged",
        "order.delivered ok",
        "nps 9",
        "contact by Ana Sá",
    ]
    assert (found["case"], found["kept"], found["left_out"]) == (case, True, 0)
    assert datetime.fromisoformat(found["since"]) == ANSWERED - 14 * DAY
    first_failed, said = found["entries"][-2], found["entries"][3]
    assert (first_failed["channel"], first_failed["duration_ms"], first_failed["value"]) == ("parcel", 83_000, None)
    assert found["entries"][-3]["value"] == {"amount": "129.90", "currency": "EUR"}
    (flag,) = said["flagged"]
    assert (flag["case"], flag["alert"]["comment"]) == (case, "atrasou <de> novo")
    assert told(timeline(on_both, elsewhere)["entries"]) == ["order.delivered failed", "nps 3 flagged"]
    assert on_both.client.get("/v1/cases/99/timeline").status_code == 404
    assert on_both.client.get(f"/v1/cases/{2**64}/timeline").status_code in (400, 404)


def test_an_answer_that_two_rules_flagged_is_one_and_one_that_is_not_kept_is_told_all_the_same(
    gateway: Served,
) -> None:
    parts = gateway.parts
    first = opened(parts.writers, 1)
    other = structs.replace(alert(1), id="other", rule="legal", programme="legal")
    second = opened(parts.writers, of=other)
    silent = opened(parts.writers, of=structs.replace(silent_alert(), customer_id="c1", programme="silence"))
    found = timeline(gateway, first)["entries"]
    assert sorted(told(found)) == ["alarm silent", "nps 3 flagged"]
    (said,) = (one for one in found if one["kind"] == "answer")
    assert sorted(flag["case"] for flag in said["flagged"]) == [first, second]
    assert (said["event_source"], said["event_id"], said["scale_max"]) == ("/shop/surveys", "r-1", 10)
    keep(parts, answer("r-1", ANSWERED))
    again = timeline(gateway, silent)["entries"]
    assert sorted(told(again)) == ["alarm silent", "nps 3 flagged"]


def test_what_came_after_crowds_out_nothing_that_led_to_it(gateway: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_reads, "MOST_UNTIL", 3)
    monkeypatch.setattr(timeline_reads, "MOST_AFTER", 2)
    case = opened(gateway.parts.writers, 1)
    before = [touchpoint(f"b{n}", ANSWERED - n * HOUR, f"b{n}") for n in range(1, 6)]
    after = [touchpoint(f"a{n}", ANSWERED + n * HOUR, f"a{n}") for n in range(1, 8)]
    keep(gateway.parts, *before, *after, answer("r-1", ANSWERED))
    found = timeline(gateway, case)
    assert [one.get("outcome", "answer") for one in found["entries"]] == ["a7", "a6", "answer", "b1", "b2"]
    assert found["left_out"] == 3 + 5


def test_without_a_timeline_there_are_flagged_answers_and_actions(
    make: Callable[..., Parts], sqlite_database: str
) -> None:
    parts = make(sqlite_database)
    case = opened(parts.writers, 1)
    keep(parts, touchpoint("t2", ANSWERED - HOUR))
    off = dataclasses.replace(parts, loop=structs.replace(parts.loop, timeline=None))
    with TestClient(build_app(off), base_url=ORIGIN) as client:
        found = client.get(f"/v1/cases/{case}/timeline").json()
        assert (found["kept"], told(found["entries"])) == (False, ["nps 3 flagged"])
        html = client.get(f"/cases/{case}").text
        assert "keeps no timeline" in html
        assert 'class="way"' not in html


def test_a_metric_has_alarms_and_no_customer_whose_touchpoints_it_could_have(gateway: Served) -> None:
    metric = opened(gateway.parts.writers, of=metric_alert())
    keep(gateway.parts, touchpoint("t1", metric_alert().event_time, customer_id="nps 7d region=SP"))
    assert told(timeline(gateway, metric)["entries"]) == ["alarm nps_fall"]
    assert "alarms and what was done about them" in gateway.client.get(f"/cases/{metric}").text


def line(what: str, kind: str = "touchpoint", *, outcome: str = "", this: bool = False) -> Happening:
    return Happening(id="x", kind=kind, at=ANSWERED, what=what, outcome=outcome, is_this=this)  # type: ignore[arg-type] # a test's word


@pytest.mark.parametrize(
    ("oldest_first", "steps"),
    [
        ("visit visit failed failed *3", ["visit 2", "failed 2", "*3 1"]),
        ("*3", []),
        ("", []),
        ("visit failed", []),
        ("visit *3 failed *2 visit", ["visit 1", "*3 1", "failed 1", "*2 1"]),
        ("a b c d e f *3", ["c 1", "d 1", "e 1", "f 1", "*3 1"][-5:]),
        ("failed failed 7 !done *3", ["failed 2", "7 1", "*3 1"]),
    ],
)
def test_the_way_is_the_last_steps_up_to_the_newest_answer_of_this_case(oldest_first: str, steps: list[str]) -> None:
    kinds = {"*": "answer", "!": "action"}
    found = [line(word, kinds.get(word[0], "touchpoint"), this=word[0] == "*") for word in oldest_first.split()]
    assert [f"{step.what} {step.times}" for step in way(found[::-1])] == steps


def test_the_page_says_at_a_glance_what_led_to_the_case(gateway: Served) -> None:
    case = opened(gateway.parts.writers, 1)
    hostile = "<img src=x onerror=alert(1)>"
    keep(
        gateway.parts,
        touchpoint("v", ANSWERED - 2 * DAY, "ok", touchpoint=hostile),
        touchpoint("t1", ANSWERED - DAY, "failed", duration_ms=83_000, channel=hostile),
        touchpoint("t2", ANSWERED - HOUR, "failed", amount="129.90", currency="EUR"),
        answer("r-1", ANSWERED),
        touchpoint("t4", ANSWERED + HOUR, hostile, duration_ms=2**63 - 1),
        answer("r-5", ANSWERED + 2 * HOUR, 9),
    )

    def words(html: str) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", html).split())

    html = gateway.client.get(f"/cases/{case}").text
    assert "<img" not in html
    glance = re.search(r'<ol class="way".*?</ol>', html, re.DOTALL)
    assert glance
    steps = [words(step) for step in re.findall(r"<li.*?</li>", glance[0], re.DOTALL)]
    assert steps == ["&lt;img src=x onerror=alert(1)&gt;", "order.delivered ✕ failed ×2", "NPS 3 of 10"]
    listed = re.search(r'<ol id="around".*?</ol>', html, re.DOTALL)
    assert listed
    lines = [words(one) for one in re.findall(r"<li.*?</li>", listed[0], re.DOTALL)]
    assert len(lines) == 6
    assert lines[0].startswith("NPS 9 of 10")
    assert "129.90 EUR" in lines[3]
    assert "C-1" in lines[2]
    assert "atrasou &lt;de&gt; novo" in lines[2]
    russian = words(gateway.client.get(f"/cases/{case}", headers={"Accept-Language": "ru"}).text)
    assert "order.delivered ✕ не удалось ×2" in russian
    assert "точки контакта, ответы и что по ним сделано" in russian


def test_steps_are_told_apart_by_how_they_went() -> None:
    found = [line("*3", "answer", this=True), line("x", outcome="failed"), line("x"), line("x")]
    assert way(found) == [Step("x", "", "", 2), Step("x", "failed", ""), Step("*3", "", "")]
