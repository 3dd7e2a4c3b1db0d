"""What changed rules would have done: counted by hand over a few recorded events."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from closeloop.rules.findings import Findings, Most, overloaded, render
from closeloop.rules.recorded import Recorded
from closeloop.rules.run import TOGETHER, compare
from schemas.config import Loop
from schemas.config_owners import Condition
from schemas.silences import Doer, Silence
from tests.rules.recording import CALLBACK, NOW, answer, detractor, loop, touchpoint

LOOSE, STRICT = loop(detractor(3)), loop(detractor(2))

FEW = [
    touchpoint(1, "c1", 0.0),
    answer(1, "c1", 1, 0.1),  # both: ana
    answer(2, "c2", 3, 0.2),  # the loose one alone: bo
    answer(3, "c3", 4, 0.3),  # nobody
    answer(4, "c1", 2, 2.0),  # both: joins c1's case
    answer(5, "c1", 2, 6.0),  # both: c1's case has been closed for most of a day by now, another opens
    answer(6, "c4", 3, 6.1),  # the loose one alone
]


def findings(
    records: list[Recorded], changed: Loop, today: Loop | None = None, close_after: str = "5d", load: int = 20
) -> Findings:
    return compare(
        records,
        ("changed.yaml", changed),
        None if today is None else ("loop.yaml", today),
        close_after,
        load,
        NOW,
    )


def test_alerts_cases_and_people_are_counted() -> None:
    found = findings(FEW, LOOSE, STRICT)
    assert (found.events.received, found.events.counted) == (7, 7)
    assert found.changed.alerts == {"detractor": 5}
    assert found.changed.cases == 4
    assert found.changed.joined == 1
    assert found.changed.receivers == {"care": 4}
    # c1 to ana (first of equals), c2 to bo. Both cases are closed on day 6, so c1 goes to ana again, then c4 to bo.
    assert found.changed.owners == {"ana": 2, "bo": 2}
    assert found.changed.busiest_day == Most(2, date(2026, 3, 2))
    assert found.changed.most_open == {"ana": Most(1, date(2026, 3, 2)), "bo": Most(1, date(2026, 3, 2))}
    assert found.today is not None
    assert found.today.alerts == {"detractor": 3}
    assert (found.today.cases, found.today.joined) == (2, 1)
    assert found.today.owners == {"ana": 2}
    assert found.today.busiest_day == Most(1, date(2026, 3, 2))


def test_alerts_that_a_silence_of_the_present_would_hold_are_counted() -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    until = now + timedelta(hours=2)
    silence = Silence(
        id=7, matchers={"score": Condition(at_most=2)}, starts_at=now, ends_at=until, reason="strike", created_at=now,
        created=Doer("ana", "console"),
    )  # fmt: skip
    over = msgspec.structs.replace(silence, id=8, ends_at=now)
    found = compare(FEW, ("changed.yaml", LOOSE), ("loop.yaml", STRICT), "5d", 20, NOW, [over, silence])
    name = f"S-7 until {until:%Y-%m-%d %H:%M} UTC: strike"
    assert found.today is not None
    assert (found.changed.held, found.today.held) == ({name: 3}, {name: 3})
    assert name in render(found, "text")
    assert f"alerts that a silence would hold now,{name},3,3,0" in render(found, "csv")


def test_what_only_one_of_them_raises_is_shown_by_its_event() -> None:
    found = findings(FEW, LOOSE, STRICT)
    assert (found.only_changed, found.only_today) == (2, 0)
    shown = [(one.only, one.event_id, one.what, one.owner) for one in found.examples]
    assert shown == [("changed", "r2", "opens a case", "bo"), ("changed", "r6", "opens a case", "bo")]
    turned = findings(FEW, STRICT, LOOSE)
    assert (turned.only_changed, turned.only_today) == (0, 2)
    assert [(one.only, one.event_id) for one in turned.examples] == [("today", "r2"), ("today", "r6")]


@pytest.mark.parametrize(("close_after", "cases"), [("1d", 3), ("47h", 2), ("5d", 2), ("10d", 1)])
def test_how_long_a_case_is_open_decides_what_joins_it(close_after: str, cases: int) -> None:
    """c1 answers on day 0.1, 2.0 and 6.0: 45.6 hours lie between the first two."""
    assert findings(FEW, STRICT, close_after=close_after).changed.cases == cases


def test_loads_count_cases_that_are_open_at_once() -> None:
    records = [answer(number, f"c{number}", 1, number / 10) for number in range(5)]
    found = findings(records, STRICT, load=2)
    assert found.changed.most_open == {"ana": Most(3, date(2026, 3, 2)), "bo": Most(2, date(2026, 3, 2))}
    assert list(overloaded(found.changed, 2)) == ["ana"]
    apart = [answer(number, f"c{number}", 1, number * 6) for number in range(5)]
    assert findings(apart, STRICT, load=2).changed.most_open == {"ana": Most(1, date(2026, 3, 2))}


def test_programmes_have_cases_of_their_own_and_quiet_ones_are_counted() -> None:
    rules = (
        detractor(2)
        + "  - {name: call, kind: contact_requested, programme: callback}\n"
        + "  - {name: misread, kind: contradiction, praise: {en: [wonderful]}, anger: {en: [awful]}}\n"
    )
    records = [answer(1, "c1", 1, 0, contact_requested=True, comment="wonderful", language="en")]
    side = findings(records, loop(rules, CALLBACK)).changed
    assert side.alerts == {"detractor": 1, "call": 1, "misread": 1}
    assert side.programmes == {"feedback": 1, "callback": 1, "verify": 1}
    assert side.receivers == {"care": 2, "calls": 1}
    assert side.owners == {"ana": 1, "cy": 1, "bo": 1}
    assert side.quiet == 1


def test_an_alert_that_joins_can_make_a_case_graver() -> None:
    rules = "  - {name: bad, kind: threshold, at_or_below: {csat: 2}, critical_at_or_below: {csat: 1}}\n"
    records = [answer(1, "c1", 2, 0), answer(2, "c1", 1, 1), answer(3, "c2", 2, 1)]
    assert findings(records, loop(rules)).changed.severities == {"critical": 1, "normal": 1}


def test_history_is_judged_by_the_time_of_the_events() -> None:
    """What was recorded long ago alerts; what came long after its own time, by the events around it, does not."""
    records = [answer(1, "c1", 1, 0), answer(2, "c2", 1, 10), answer(3, "c3", 1, 5)]
    side = findings(records, STRICT).changed
    assert (side.alerts, side.silenced) == ({"detractor": 2}, 1)


def test_repeats_and_what_cannot_be_read_are_in_the_books() -> None:
    broken = FEW[1]._replace(value=b"{}", event_time=None)
    found = findings([*FEW, FEW[1], broken], STRICT)
    assert (found.events.received, found.events.counted, found.events.duplicates) == (9, 7, 1)
    assert sum(found.events.dead_letters.values()) == 1
    assert found.changed.alerts == {"detractor": 3}


SILENT = """\
  - {name: silent, kind: silent, touchpoints: [order.delivered], count: 2, within: 72h}
"""


def test_what_touchpoints_tell_arrives_among_the_answers_where_it_belongs() -> None:
    """c1 answers between the two failures and is not silent; c2 answers after both and was."""
    records = [
        touchpoint(1, "c1", 0.0, "failed"),
        touchpoint(2, "c2", 0.0, "failed"),
        answer(1, "c1", 5, 0.1),
        touchpoint(3, "c1", 0.2, "failed"),
        touchpoint(4, "c2", 0.2, "failed"),
        answer(2, "c2", 5, 0.3),
    ]
    found = findings(records, loop(SILENT), loop(detractor(1)))
    assert found.changed.alerts == {"silent": 1}
    assert [(one.rule, one.event_id.rpartition(":")[2]) for one in found.examples] == [("silent", "t4")]


def test_what_touchpoints_tell_is_not_too_old_because_of_later_answers() -> None:
    """The answer of another customer, nine hours later, is applied together with the failures, but after them."""
    failed = [touchpoint(number, "c2", number / 10, "failed") for number in range(2)]
    side = findings([*failed, answer(1, "c9", 5, 0.5)], loop(SILENT, "alert_max_age: 1h\n")).changed
    assert (side.alerts, side.silenced) == ({"silent": 1}, 0)


def test_blocks_change_nothing() -> None:
    """More records than are applied at once, with both topics among each other, come to what can be counted."""
    records: list[Recorded] = []
    for number in range(TOGETHER):
        records += [touchpoint(number, f"c{number}", number / 100), answer(number, f"c{number}", 1, number / 100)]
    found = findings(records, STRICT)
    assert found.events.counted == 2 * TOGETHER
    assert found.changed.alerts == {"detractor": TOGETHER}
    assert found.changed.cases == TOGETHER


FALL = """\
  - {name: fallen, kind: fall, metric: csat, cuts: [all], window: 24h, baseline: 30d, minimum_n: 30}
"""


def test_rules_over_metrics_are_judged_every_hour() -> None:
    """Twenty days of good answers, forty a day, then a day of bad ones: one alert, about a series."""
    records = [answer(n, f"c{n}", 5 if n % 10 else 1, n / 40) for n in range(800)]
    records += [answer(n, f"c{n}", 1, n / 40) for n in range(800, 860)]
    side = findings(records, loop(FALL)).changed
    assert side.alerts == {"fallen": 1}
    assert side.programmes == {"metrics": 1}


def test_the_three_forms_say_the_same() -> None:
    found = findings(FEW, LOOSE, STRICT, load=1)
    text, rows, whole = render(found, "text"), render(found, "csv"), render(found, "json")
    assert "+ detractor (normal) /shop r2: opens a case, care, bo" in text
    assert "cases that open" in text
    assert "alerts by rule,detractor,5,3,2" in rows.splitlines()
    assert "whole,cases that open,4,2,2" in rows.splitlines()
    assert "cases by owner,bo,2,0,2" in rows.splitlines()
    assert msgspec.json.decode(whole, type=Findings) == found
    alone = render(findings(FEW, LOOSE), "csv")
    assert "alerts by rule,detractor,5,," in alone.splitlines()


def test_no_customer_is_named_and_no_comment_shown() -> None:
    records = [answer(1, "customer-77", 1, 0, comment="my words", attributes={"name": "Ms Stone"})]
    found = findings(records, LOOSE, loop(detractor(1).replace("detractor", "other")))
    for form in ("text", "csv", "json"):
        said = render(found, form)  # type: ignore[arg-type]
        assert not any(private in said for private in ("customer-77", "my words", "Stone"))


def test_an_event_id_cannot_write_to_the_terminal() -> None:
    record = answer(1, "c1", 3, 0)
    assert record.value is not None
    sly = record._replace(value=record.value.replace(b'"r1"', b'"\\u001b[2Jr1"'))
    text = render(findings([sly], LOOSE, STRICT), "text")
    assert "\x1b" not in text
    assert "?[2Jr1" in text
