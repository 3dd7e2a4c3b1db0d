"""Themes and answers over HTTP, on SQLite and PostgreSQL."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, func, select

from schemas.alerts import Alert
from schemas.answer_terms import keep_terms_of_before
from schemas.case_ledger import Opening, open_case
from schemas.comment_terms import terms_of
from schemas.tables import AlertRow, AnswerTermsRow
from tests.gateway.conftest import Served
from tests.gateway.examples import alert, opened
from tests.loop.conftest import real_data

DAY = datetime(2026, 1, 10, 10, tzinfo=UTC)


def said(gateway: Served, number: int, comment: str | None, **changes: Any) -> Alert:
    """An answer with this comment, of a customer of its own, in a case of its own."""
    made = msgspec.structs.replace(alert(number, comment=comment), **{"language": "en", **changes})
    opened(gateway.parts.writers, of=made)
    return made


def themes(gateway: Served, **query: Any) -> dict[str, Any]:
    answer = gateway.client.get("/v1/themes", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def answers(gateway: Served, **query: Any) -> dict[str, Any]:
    answer = gateway.client.get("/v1/answers", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_forms_are_counted_as_one_and_shown_as_most_wrote_it(on_both: Served) -> None:
    for number, comment in enumerate(("delayed again", "it was delayed", "Delayed!!", "a delay", "only this customer")):
        said(on_both, number + 1, comment)
    found = themes(on_both)
    assert [(one["term"], one["key"], one["answers"], one["customers"]) for one in found["themes"]] == [
        ("delayed", "delay", 4, 4)
    ]
    only = found["themes"][0]
    assert only["share"] == pytest.approx(80)
    assert {example["alert"] for example in only["examples"]} <= {f"alert-{number}" for number in range(1, 5)}
    assert (found["answers"], found["languages"]) == (5, {"en": 5})
    assert (found["first"], found["last"], found["before_first"]) == ("2025-12-12", "2026-01-10", "2025-11-12")


def test_what_fewer_than_three_customers_wrote_is_not_shown(on_both: Served) -> None:
    said(on_both, 1, "dear Rosalind")
    said(on_both, 2, "where is Rosalind")
    said(on_both, 3, "Rosalind!", event_id="r-30", id="alert-30", customer_id="c2", programme="other")
    assert themes(on_both)["themes"] == []
    said(on_both, 4, "I asked Rosalind")
    assert [one["term"] for one in themes(on_both)["themes"]] == ["rosalind"]


def test_against_before_and_elsewhere(on_both: Served) -> None:
    number = 0
    for touchpoint, days_ago, texts in (
        ("order.delivered", 0, ["broken box"] * 12 + ["late courier"] * 3),
        ("order.delivered", 7, ["late courier"] * 14 + ["broken box"] * 1),
        ("support.closed", 0, ["late courier"] * 15),
    ):
        for text in texts:
            number += 1
            said(on_both, number, text, touchpoint=touchpoint, event_time=DAY - timedelta(days=days_ago))
    found = themes(on_both, touchpoint="order.delivered", **{"from": "2026-01-06", "to": "2026-01-10"})
    box, courier = found["themes"]
    assert (box["term"], box["answers"]) == ("broken box", 12)  # "broken" and "box" come inside it alone
    assert (box["before"]["answers"], box["before"]["of"], box["before"]["differs"]) == (1, 15, "more")
    assert (box["elsewhere"]["answers"], box["elsewhere"]["of"], box["elsewhere"]["differs"]) == (0, 15, "more")
    assert box["before"]["low"] < box["before"]["lift"] < box["before"]["high"]
    assert (courier["term"], courier["answers"], courier["before"]["differs"]) == ("late courier", 3, "less")
    assert found["touchpoints"] == [
        {"touchpoint": "order.delivered", "answers": 15},
        {"touchpoint": "support.closed", "answers": 15},
    ]
    risen = themes(on_both, sort="before", touchpoint="order.delivered", **{"from": "2026-01-06", "to": "2026-01-10"})
    assert [one["term"] for one in risen["themes"]] == ["broken box", "late courier"]
    everywhere = themes(on_both, **{"from": "2026-01-06", "to": "2026-01-10"})
    assert [one["elsewhere"] for one in everywhere["themes"]] == [None, None]


def test_an_answer_that_two_rules_flag_counts_once_and_is_listed_once(on_both: Served) -> None:
    for number in range(1, 4):
        made = said(on_both, number, "broken box")
        other = msgspec.structs.replace(made, id=f"words-{number}", rule="words", programme="words")
        opened(on_both.parts.writers, of=other)
    assert [one["answers"] for one in themes(on_both)["themes"]] == [3]
    assert [one["alert"]["event_id"] for one in answers(on_both, term="broken box")["answers"]] == ["r-1", "r-2", "r-3"]
    assert len(answers(on_both)["answers"]) == 3


def test_languages_are_told_apart(on_both: Served) -> None:
    texts = {
        "pt": ["entrega atrasada", "a entrega", "entregas!"],
        "ru": ["доставка опоздала", "опоздание доставки", "нет доставки"],
        "zh": ["客服态度太差", "客服态度不好", "客服态度恶劣"],
        "uk": ["кур'єр не подзвонив", "кур’єр не подзвонив", "Кур'єр не подзвонив!"],
    }
    number = 0
    for language, comments in texts.items():
        for comment in comments:
            number += 1
            said(on_both, number, comment, language=language)
    found = themes(on_both)
    assert found["languages"] == dict.fromkeys(texts, 3)
    assert {(one["language"], one["term"]) for one in found["themes"]} >= {
        ("pt", "entrega"),
        ("zh", "客服态度"),
        ("uk", "кур'єр не подзвонив"),
    }
    assert {one["language"] for one in themes(on_both, language="ru")["themes"]} == {"ru"}
    assert len(answers(on_both, language="ru", term="доставк")["answers"]) == 3
    assert answers(on_both, language="pt", term="доставк")["answers"] == []


def test_answers_of_a_day_and_a_segment_by_pages(on_both: Served) -> None:
    for number in range(1, 8):
        said(
            on_both,
            number,
            None if number == 7 else f"comment {'x' * 300}",
            event_time=DAY + timedelta(days=number // 5, minutes=number % 2),
            attributes={"region": "SP" if number != 2 else "RJ", "tier": 3},
        )
    page = answers(on_both, limit=2, key="attributes.region:SP", to="2026-01-10", **{"from": "2026-01-10"})
    assert [one["alert"]["event_id"] for one in page["answers"]] == ["r-1", "r-3"]
    assert page["answers"][0]["alert"]["comment"].endswith("…")
    assert len(page["answers"][0]["alert"]["comment"]) == 280
    assert page["answers"][0]["case_state"] == "open"
    rest = answers(
        on_both, limit=2, key="attributes.region:SP", to="2026-01-10", cursor=page["next"], **{"from": "2026-01-10"}
    )
    assert ([one["alert"]["event_id"] for one in rest["answers"]], rest["next"]) == (["r-4"], None)
    assert len(answers(on_both)["answers"]) == 7
    assert len(answers(on_both, commented=True)["answers"]) == 6
    assert len(answers(on_both, metric="csat")["answers"]) == 0


UNFIT = (
    ("themes", {"sort": "best"}, "sort"),
    ("themes", {"metric": "outcome"}, "metric"),
    ("themes", {"language": "xx"}, "language"),
    ("themes", {"from": "2026-02-01", "to": "2026-01-01"}, "from"),
    ("themes", {"from": "0001-01-02"}, "from"),
    ("themes", {"to": "9999-12-31"}, "from"),
    ("themes", {"touchpoint": "x" * 600}, "touchpoint"),
    ("themes", {"touchpoints": "x"}, "touchpoints"),
    ("answers", {"cursor": "nonsense"}, "cursor"),
    ("answers", {"cursor": "2026-01-01T00:00:00~x"}, "cursor"),
    ("answers", {"key": "nothing:x"}, "key"),
    ("answers", {"term": "a\x00b"}, "term"),
)


def test_what_does_not_fit_is_named(gateway: Served) -> None:
    for path, query, field in UNFIT:
        answer = gateway.client.get(f"/v1/{path}", params=query)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field), query


def test_a_term_is_looked_for_as_it_is(on_both: Served) -> None:
    """What has a meaning for LIKE has none here."""
    for number in range(1, 4):
        said(on_both, number, "broken box")
    assert len(answers(on_both, term="box")["answers"]) == 3
    for pattern in ("%", "b_x", "bo", "box\n", "%box%"):
        assert answers(on_both, term=pattern)["answers"] == []


def test_terms_go_with_their_alert_and_come_back_of_what_was_kept_before(on_both: Served) -> None:
    for number in range(1, 6):
        said(on_both, number, "broken box" if number < 4 else None)
    writers = on_both.parts.writers
    with writers.begin() as session:
        session.execute(delete(AnswerTermsRow))
    assert themes(on_both)["themes"] == []
    after: str | None = ""
    while after is not None:
        with writers.begin() as session:
            after = keep_terms_of_before(session, after, 2)
    assert [one["answers"] for one in themes(on_both)["themes"]] == [3]
    with writers.begin() as session:
        session.execute(delete(AlertRow).where(AlertRow.id == "alert-1"))
        assert session.scalar(select(func.count()).select_from(AnswerTermsRow)) == 2


def test_hostile_comments_break_nothing(on_both: Served) -> None:
    for number, comment in enumerate(("a" * 10_000, "@" * 10_000, "\u202e\u0301😡" * 2_000, "%_\\' \"; --", "\x1b[2J")):
        said(on_both, number + 1, comment)
    assert themes(on_both)["themes"] == []
    assert len(answers(on_both)["answers"]) == 5


def test_counts_of_real_comments_are_those_of_a_recount(gateway: Served) -> None:
    folder = real_data()
    if folder is None:
        pytest.skip("the real data are not on this machine; set CLOSELOOP_REPLAY_DATA to their folder")
    bad = []
    with gzip.open(folder / "events.jsonl.gz") as lines:
        for line in lines:
            event = json.loads(line)
            data = event["data"]
            if data.get("comment") and data["score"] <= 2:
                bad.append((datetime.fromisoformat(event["time"]), data["customer_id"], data["comment"]))
                if len(bad) == 200:
                    break
    at_once = Opening(
        receiver="desk", owner="ana", destinations=(), acknowledge_by=None, contact_by=None, resolve_by=None
    )
    with gateway.parts.writers.begin() as session:
        for number, (at, customer, comment) in enumerate(bad, start=1):
            changes = {"language": "pt", "event_time": at, "customer_id": customer, "programme": f"p{number}"}
            open_case(session, msgspec.structs.replace(alert(number, comment=comment), **changes), at_once, DAY)
    first, last = (bad[place][0].astimezone(UTC).date().isoformat() for place in (0, -1))
    found = themes(gateway, to=last, limit=200, **{"from": first})
    recount: Counter[str] = Counter()
    customers: dict[str, set[str]] = {}
    for _, customer, comment in bad:
        for key in terms_of(comment, "pt"):
            recount[key] += 1
            customers.setdefault(key, set()).add(customer)
    assert found["answers"] == sum(1 for one in bad if one[2].strip())
    shown = {one["key"]: one["answers"] for one in found["themes"]}
    assert shown == {key: recount[key] for key in shown}
    assert {one["key"]: one["customers"] for one in found["themes"]} == {key: len(customers[key]) for key in shown}
    assert {"nao receb", "entreg", "praz"} <= set(shown)
    for key in ("nao receb", "praz"):
        listed = answers(gateway, term=key, limit=200)["answers"]
        assert len(listed) == recount[key]
