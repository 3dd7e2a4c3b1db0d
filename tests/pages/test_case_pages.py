"""The pages about cases: what they show and in which order, over both databases."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest
from msgspec import structs

from gateway.case_shapes import AlertShown
from gateway.console.case_lines import Reading, flagged_by
from gateway.keys import create_key
from gateway.parts import Parts
from schemas import silences
from schemas.alerts import Alert
from schemas.case_ledger import Destination, Opening, open_case
from schemas.silences import Doer
from schemas.tables import CaseRow, IncidentRow, SlackOutboxRow, SlackSurfaceRow
from tests.gateway.conftest import Served, database, gateway, make, on_both, serve  # noqa: F401 - fixtures
from tests.gateway.examples import alert, metric_alert, opened, silent_alert
from tests.gateway.serving import serving, wait_until
from tests.pages.test_served import followed, mark_of

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
NOW = datetime.now(UTC)


def open_with(parts: Parts, of: Alert, **promised: datetime) -> int:
    """Open a case with these due times; its id."""
    times = {"acknowledge_by": None, "contact_by": None, "resolve_by": None, **promised}
    opening = Opening(receiver="desk", owner=None, destinations=(Destination("channel", "#cx"),), **times)
    with parts.writers.begin() as session:
        return open_case(session, of, opening, NOW - timedelta(hours=3)).id


def numbers(html: str) -> list[int]:
    """The cases of a list, in its order."""
    return [int(found) for found in re.findall(r'<li id="case-(\d+)"', html)]


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def act(gateway: Served, case: int, action: str, **body: object) -> None:  # noqa: F811
    answer = gateway.client.post(f"/v1/cases/{case}/{action}", json=body)
    assert answer.status_code == 200, answer.text


def test_what_presses_most_comes_first_page_by_page(on_both: Served, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    soon, later, past = NOW + timedelta(hours=1), NOW + timedelta(hours=9), NOW - timedelta(hours=1)
    parts = on_both.parts
    calm = open_with(parts, alert(1), contact_by=later)
    sooner = open_with(parts, alert(2), contact_by=soon)
    unhurried = open_with(parts, alert(3))
    critical = open_with(parts, alert(4, severity="critical"), contact_by=later)
    late = open_with(parts, alert(5), contact_by=past)
    late_high = open_with(parts, alert(6, severity="high"), acknowledge_by=past, contact_by=later)
    asleep = open_with(parts, alert(7, severity="critical"), contact_by=past)
    done = open_with(parts, alert(8, severity="critical"), contact_by=past)
    done_too = open_with(parts, alert(9), contact_by=past)
    act(on_both, asleep, "snooze", until=later.isoformat())
    act(on_both, done, "resolve", root_cause="other")
    act(on_both, done_too, "dismiss")
    pressing = [late_high, late, critical, sooner, calm, unhurried, asleep]
    assert numbers(on_both.client.get("/cases").text) == pressing
    assert numbers(on_both.client.get("/cases?state=all").text) == [*pressing, done_too, done]
    assert numbers(on_both.client.get("/cases?overdue=true").text) == [late_high, late]
    monkeypatch.setattr("gateway.console.pages.cases.ROWS", 2)
    seen, path = [], "/cases?state=all"
    for _ in range(5):
        html = on_both.client.get(path).text
        seen.append(numbers(html))
        following = re.search(r'href="([^"]+)" rel="next"', html)
        if following is None:
            break
        path = "/cases" + unescape(following[1])
    assert [len(page) for page in seen] == [2, 2, 2, 2, 1]
    assert [number for page in seen for number in page] == [*pressing, done_too, done]


@pytest.mark.parametrize(
    ("query", "fit"),
    [
        ("", [1, 2, 3, 4]),
        ("state=open", [1, 2, 4]),
        ("owner=ana", [1, 2]),
        ("owner=mine", [1, 2]),
        ("severity=critical", [2]),
        ("receiver=desk", [1, 2, 3, 4]),
        ("receiver=other", []),
        ("touchpoint=order.delivered", [1, 2, 3]),
        ("customer=c3", [3]),
        ("subject=metric", [4]),
        ("incident=7", [3]),
        ("text=NOVO", [1, 2]),
        ("state=resolved", []),
        ("state=open&owner=ana&severity=normal", [1]),
    ],
)
def test_the_address_carries_every_filter(gateway: Served, query: str, fit: list[int]) -> None:  # noqa: F811
    parts = gateway.parts
    opened(parts.writers, 1)
    opened(parts.writers, 2, severity="critical")
    third = opened(parts.writers, 3, owner="bob", comment=HOSTILE)
    opened(parts.writers, 4, owner=None, of=metric_alert())
    act(gateway, third, "acknowledge", actor="bob")
    with parts.writers.begin() as session:
        row = session.get(CaseRow, third)
        assert row is not None
        row.incident_id = 7
    answer = gateway.client.get(f"/cases?{query}", headers={"Cookie": "closeloop_me=ana"})
    assert answer.status_code == 200
    assert sorted(numbers(answer.text)) == fit
    assert "<img" not in answer.text
    # A choice that the address names is the one that the form shows.
    for name, value in (pair.split("=") for pair in query.split("&") if pair):
        if name not in ("text", "touchpoint", "customer", "incident", "receiver"):
            assert f'<option value="{value}" selected>' in answer.text


def test_mine_asks_who_the_reader_is_and_a_wrong_word_is_named(gateway: Served) -> None:  # noqa: F811
    opened(gateway.parts.writers)
    assert "Choose who you are" in gateway.client.get("/cases?owner=mine").text
    for query, field in (
        ("state=nope", "state"),
        ("severity=x", "severity"),
        ("cursor=1.2", "cursor"),
        ("incident=x", "incident"),
    ):
        answer = gateway.client.get(f"/cases?{query}")
        assert answer.status_code == 400, query
        assert f"<b>{field}</b>" in answer.text
    assert gateway.client.get(f"/cases?cursor=1.0.{10**18}.1").status_code == 400


def test_a_case_tells_what_is_known_of_it_and_hides_no_markup(on_both: Served) -> None:  # noqa: F811
    parts = on_both.parts
    first = opened(parts.writers, 1)
    act(on_both, first, "resolve", root_cause="billing", note="refunded", actor="bob")
    again = structs.replace(
        alert(1, comment=HOSTILE),
        id="again",
        programme="other",
        event_time=NOW - timedelta(days=2),
        attributes={"plan": HOSTILE},
    )
    second = open_with(
        parts,
        again,
        acknowledge_by=NOW - timedelta(hours=2),
        contact_by=NOW - timedelta(hours=1),
        resolve_by=NOW + timedelta(days=1),
    )
    act(on_both, second, "acknowledge", note="calling <now>", actor="ana")
    with parts.writers.begin() as session:
        card = session.query(SlackSurfaceRow).filter_by(case_id=second).one()
        card.posted, card.channel, card.ts = True, "C1", "1.2"
        session.query(SlackOutboxRow).filter_by(case_id=second).one().state = "in_doubt"
    answer = on_both.client.get(f"/cases/{second}")
    assert answer.status_code == 200
    assert "<img" not in answer.text
    said = text_of(answer.text)
    assert HOSTILE in said
    assert "calling <now>" in said
    assert "Ana Sá acknowledged" in said
    assert "NPS 3 of 10" in said
    assert "Rule detractor" in said
    assert f"C-{first}" in said, "the customer's earlier case"
    assert "Billing or refund" in said
    assert "in doubt" in said
    assert 'href="/console/slack/C1/1.2"' in answer.text
    facts = re.search(r'<dl id="promises".*?</dl>', answer.text, re.DOTALL)
    assert facts is not None
    assert [text_of(one)[:10].strip() for one in re.findall(r"<dd.*?</dd>", facts[0], re.DOTALL)] == [
        "▲ too late",
        "▲ overdue",
        "due",
    ]
    assert on_both.client.get("/cases/999").status_code == 404
    assert on_both.client.get(f"/cases/{2**70}").status_code in (400, 404)
    assert on_both.client.get("/console/slack/C1/9.9").status_code == 404


def test_a_reader_without_the_right_to_act_sees_no_buttons(make: Callable[..., Parts], sqlite_database: str) -> None:  # noqa: F811
    parts = make(sqlite_database)
    case = opened(parts.writers)
    reading, acting = create_key(parts.writers, "reports", "read"), create_key(parts.writers, "ana", "act")
    with serving(parts) as url:
        for key, buttons in ((reading, False), (acting, True)):
            with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
                for path in (f"/cases/{case}", "/silences"):
                    html = client.get(path).text
                    assert ("data-send=" in html) is buttons, path
                assert ("data-actions=" in client.get("/cases").text) is buttons


def test_what_others_do_comes_within_two_seconds_as_the_parts_that_differ(
    make: Callable[..., Parts],  # noqa: F811
    sqlite_database: str,
) -> None:
    parts = make(sqlite_database)
    first, second = opened(parts.writers, 1), opened(parts.writers, 2)
    with serving(parts) as url:
        page = httpx.get(f"{url}/cases").text
        with followed(url, "/cases", mark_of(page)) as patches:
            httpx.post(f"{url}/v1/cases/{first}/acknowledge", json={"actor": "bob"}).raise_for_status()
            third = opened(parts.writers, 3)
            wait_until(lambda: any(f"case-{third}" in patch["parts"] for patch in patches))
            wait_until(
                lambda: any("Bob &lt;&amp; co&gt;" in patch["parts"].get(f"case-{first}", "") for patch in patches)
            )
            assert not any(f"case-{second}" in patch["parts"] for patch in patches), "a row that did not change"
        page = httpx.get(f"{url}/cases/{first}").text
        with followed(url, f"/cases/{first}", mark_of(page)) as patches:
            httpx.post(f"{url}/v1/cases/{first}/contact", json={"actor": "ana", "channel": "phone"}).raise_for_status()
            wait_until(
                lambda: any("contacted the customer" in html for patch in patches for html in patch["parts"].values())
            )


def test_incidents_and_silences_have_pages(on_both: Served) -> None:  # noqa: F811
    parts = on_both.parts
    cases = [opened(parts.writers, number) for number in (1, 2, 3)]
    with parts.writers.begin() as session:
        incident = IncidentRow(
            shared={"touchpoint": HOSTILE}, opened_at=NOW, declared_at=NOW, last_case_at=NOW, running_key=None
        )
        session.add(incident)
        session.flush()
        number = incident.id
        for case in cases[:2]:
            row = session.get(CaseRow, case)
            assert row is not None
            row.incident_id = number
    act(on_both, cases[0], "resolve", root_cause="other")
    listed = on_both.client.get("/incidents").text
    assert "2 cases" in text_of(listed)
    assert "one to do" in text_of(listed)
    shown = on_both.client.get(f"/incidents/{number}").text
    assert numbers(shown) == [cases[1], cases[0]]
    assert "<img" not in listed + shown
    assert on_both.client.get("/incidents/99").status_code == 404
    act(on_both, cases[1], "resolve", root_cause="other")
    assert "No incidents" in on_both.client.get("/incidents").text
    assert f"I-{number}" in on_both.client.get("/incidents?every=true").text
    with parts.writers.begin() as session:
        silences.add(
            session,
            {"touchpoint": "order.delivered"},
            NOW,
            NOW + timedelta(hours=2),
            HOSTILE,
            Doer("ana", "slack", None),
            NOW,
        )
    html = on_both.client.get("/silences").text
    assert "<img" not in html
    assert "order.delivered" in text_of(html)
    assert "by Ana Sá" in text_of(html)
    assert on_both.client.post("/v1/silences/1/end", json={}).status_code == 200
    assert "S-1" not in on_both.client.get("/silences").text
    assert "S-1" in on_both.client.get("/silences?ended=true").text


@pytest.mark.parametrize("path", ["/cases", "/cases/1", "/incidents", "/incidents/1", "/silences"])
def test_every_page_speaks_russian(gateway: Served, path: str) -> None:  # noqa: F811
    case = opened(gateway.parts.writers)
    with gateway.parts.writers.begin() as session:
        session.add(
            IncidentRow(id=1, shared={"a": 1}, opened_at=NOW, declared_at=NOW, last_case_at=NOW, running_key=None)
        )
        row = session.get(CaseRow, case)
        assert row is not None
        row.incident_id = 1
    said = text_of(gateway.client.get(path, headers={"Accept-Language": "ru"}).text)
    assert "Обращения" in said
    for english in ("Silence", "History", "To do", "Owner", "Resolve", "Cancel", "acknowledge"):
        assert english not in said


def test_a_case_of_which_little_is_known_is_shown_on_every_page(gateway: Served) -> None:  # noqa: F811
    """A silent customer has no answer; an app may tell neither touchpoint nor channel nor words."""
    bare = {"touchpoint": None, "channel": None, "comment": None, "attributes": {}}
    silent = structs.replace(silent_alert(), programme="feedback", customer_id="c1", page=True, **bare)
    cases = [open_with(gateway.parts, silent)]
    act(gateway, cases[0], "resolve", root_cause="billing", actor="bob")
    for place, one in enumerate((alert(1), metric_alert(), metric_alert(2, recovered=True))):
        cases.append(open_with(gateway.parts, structs.replace(one, id=f"bare-{place}", programme=f"p{place}", **bare)))
    for case in cases:
        for language in ("en", "ru"):
            answer = gateway.client.get(f"/cases/{case}", headers={"Accept-Language": language})
            assert answer.status_code == 200, f"C-{case}"
            assert f"C-{case}" in text_of(answer.text)
    for path in ("/now", "/cases?state=all", "/themes", "/explore", "/pipeline", "/incidents", "/silences"):
        assert gateway.client.get(path).status_code == 200, path


def test_an_answer_that_several_rules_flag_is_told_once_with_each_of_them() -> None:
    base = AlertShown(
        id="1",
        rule="detractor",
        reason="first",
        severity="high",
        event_source="/s",
        event_id="a",
        event_time=NOW,
        detected_at=NOW,
        metric="nps",
        score=2,
        scale_min=0,
        scale_max=10,
        comment="late",
    )
    again = structs.replace(base, id="2", rule="contact_me", reason="second")
    other = structs.replace(base, id="3", event_id="b", comment="again")
    elsewhere = structs.replace(base, id="4", event_source="/t")
    shown = flagged_by([base, other, again, elsewhere], Reading(language="en", zone="UTC", now=NOW))
    assert [(one.said.id, one.said.comment) for one in shown] == [("1", "late"), ("3", "again"), ("4", "late")]
    assert [rule for rule, _ in shown[0].rules] == ["detractor", "contact_me"]
    assert [len(one.rules) for one in shown] == [2, 1, 1]
