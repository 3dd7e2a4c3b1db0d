"""What is remembered of customers: the cases that the definitions name, one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from schemas.config import Invitations, Recovered
from schemas.config_rules import RepeatedRule, SilentRule, ThresholdRule
from schemas.events import Response, ResponseEvent
from schemas.metrics import Partial
from schemas.scales import DEFAULT_METRICS
from schemas.signals import Signal, SignalEvent, SignalKind, read_signal, signal_id
from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.counting.source_state import SourcePartition
from streams.counting.windows import Calendar, Horizon
from streams.customers.memory import MOST_FACTS
from streams.customers.observation import PREFIX, Observation
from streams.customers.observers import observers
from streams.customers.streaks import tally
from tests.streams.survey_events import SOURCE, Rec, plan, response, touchpoint

NOW = 1_795_000_000.0
HOUR = 3600
DAY = 24 * HOUR
MINUTE = int(NOW) // 60
BAD = {"nps": 6, "csat": 2}
REPEATED = RepeatedRule(name="repeated", at_or_below=BAD, count=3, within="30d")
SILENT = SilentRule(name="silent", touchpoints=["order"], count=2, within="72h")
THRESHOLD = ThresholdRule(name="detractor", at_or_below=BAD)


class Watched:
    """The observers of one partition of answers, asked one event at a time."""

    def __init__(self, now: float = NOW, **changes: Any) -> None:
        self.plan = plan(**changes)
        self.horizon = Horizon(self.plan.windows, Calendar(self.plan.zone), self.plan.history_days)
        self.horizon.advance(now)
        self.observers = observers(RESPONSES, self.plan, self.horizon)
        self.counts: dict[tuple[str, str], int] = {}
        """Word and minute (from now's) to the count."""
        self.reasons: list[str] = []

    def answer(self, name: str, ago: float, score: int = 1, metric: str = "csat", **data: Any) -> list[str]:
        event = ResponseEvent(
            specversion="1.0", id=name, source=SOURCE, time=_time(NOW - ago),
            data=Response(customer_id="c1", metric=metric, score=score, **data),
        )  # fmt: skip
        scale = DEFAULT_METRICS[metric].scale
        if data.get("scale_max"):
            scale = msgspec.structs.replace(scale, maximum=data["scale_max"])
        return self._hear(observer.observe(event, NOW - ago, scale, ()) for observer in self.observers)

    def signal(self, kind: SignalKind, name: str, ago: float, touchpoint: str = "order", who: str = "c1") -> list[str]:
        data = Signal(kind=kind, customer_id=who, touchpoint=touchpoint)
        event = SignalEvent(
            specversion="1.0", id=signal_id(kind, name), source=SOURCE, time=_time(NOW - ago), data=data
        )
        return self._hear(observer.signal(event, NOW - ago, ()) for observer in self.observers)

    def _hear(self, seen: Any) -> list[str]:
        names: list[str] = []
        for observation in seen:
            if observation is None:
                continue
            assert isinstance(observation, Observation)
            for (metric, _, _, minute, word), count in observation.counts:
                assert metric in ("response_rate", "recovered")
                key = (word, str(MINUTE - minute))
                self.counts[key] = self.counts.get(key, 0) + count
                self.counts = {key: count for key, count in self.counts.items() if count}
            self.reasons += [flag.reason for flag in observation.flags]
            names += [flag.rule for flag in observation.flags]
        return names


def _time(when: float) -> datetime:
    return datetime.fromtimestamp(when, UTC)


def test_every_third_bad_answer_is_flagged_and_each_alert_tells_of_three_new_ones() -> None:
    watched = Watched(rules=(REPEATED,))
    flagged = [bool(watched.answer(f"r{n}", (9 - n) * HOUR)) for n in range(9)]
    assert flagged == [False, False, True] * 3
    assert watched.reasons == ["3 bad answers within 30 d: csat 3 times."] * 3


def test_bad_is_bad_on_every_scale_and_good_answers_count_for_nothing() -> None:
    watched = Watched(rules=(REPEATED,))
    assert not watched.answer("a", 5 * HOUR, 6, "nps")
    assert not watched.answer("b", 4 * HOUR, 7, "nps")
    assert not watched.answer("c", 3 * HOUR, 3, scale_max=10)  # 2 of 9 steps from the bad end: no more than 1 of 4
    assert not watched.answer("d", 2 * HOUR, 4, scale_max=10)  # 3 of 9 are
    assert not watched.answer("e", 1 * HOUR, 1, "ces")  # the rule names no ces
    assert watched.answer("f", 0, 2) == ["repeated"]
    assert watched.reasons == ["3 bad answers within 30 d: nps, csat twice."]


def test_the_time_of_the_answers_counts_and_not_when_they_come() -> None:
    watched = Watched(rules=(msgspec.structs.replace(REPEATED, within="10h"),))
    assert not watched.answer("first", 20 * HOUR)
    assert not watched.answer("last", 9 * HOUR)
    assert not watched.answer("too far from either", 20 * HOUR + 1)
    assert watched.answer("late", 10 * HOUR) == []  # with the last it makes two, with the first two
    assert watched.answer("between", 19 * HOUR) == ["repeated"]  # 19, 10 and 9 hours ago: exactly ten hours


def test_what_is_too_old_to_alert_is_remembered_until_one_that_is_not_comes() -> None:
    watched = Watched(rules=(REPEATED,))
    assert [watched.answer(f"old{n}", 4 * DAY + n) for n in range(4)] == [[]] * 4
    assert watched.answer("fresh", 0) == ["repeated"]
    assert watched.reasons == ["5 bad answers within 30 d: csat 5 times."]
    assert watched.answer("another", 0) == []


def test_a_revision_stands_for_the_answer_that_it_revises() -> None:
    watched = Watched(rules=(REPEATED,))
    watched.answer("a", 3 * HOUR)
    assert watched.answer("a2", 2 * HOUR, revises="a") == []
    assert watched.answer("a3", 2 * HOUR, revises="a2") == []
    watched.answer("b", HOUR)
    watched.answer("b2", HOUR, 5, revises="b")
    assert watched.answer("c", 0) == []  # a and c
    assert watched.answer("b3", 0, revises="b2") == ["repeated"]
    assert watched.answer("c2", 0, revises="c") == []
    assert watched.answer("good", 0, 5) == []
    assert watched.answer("d", 0) == []
    assert watched.answer("worse", 0, 1, revises="good") == []
    assert watched.answer("e", 0) == ["repeated"]  # d, the one that became worse, and e


def test_a_revision_that_comes_before_its_answer_stands_for_it_too() -> None:
    watched = Watched(rules=(msgspec.structs.replace(REPEATED, count=2),))
    watched.answer("a2", HOUR, revises="a")
    assert watched.answer("a", 2 * HOUR) == []
    watched.answer("b2", HOUR, 5, revises="b")
    assert watched.answer("b", 2 * HOUR) == []
    assert watched.answer("c", 0) == ["repeated"]


def test_a_robot_with_a_customers_id_does_not_fill_the_memory() -> None:
    watched = Watched(rules=(REPEATED,))
    for number in range(3 * MOST_FACTS):
        watched.answer(f"r{number}", DAY - number)
    rows = [value for observer in watched.observers for _, value in observer.rows(NOW)]
    (held,) = (msgspec.msgpack.decode(value)[2] for value in rows if value is not None)
    assert len(held) == MOST_FACTS


def test_failures_without_a_word_are_flagged() -> None:
    watched = Watched(rules=(SILENT,))
    assert not watched.signal("failed", "t1", 5 * HOUR)
    assert not watched.signal("failed", "t2", 4 * HOUR, "parcel")
    assert not watched.signal("failed", "t3", 4 * HOUR, who="c2")
    assert watched.signal("failed", "t4", 3 * HOUR) == ["silent"]
    assert not watched.signal("failed", "t1", 5 * HOUR)  # told again
    assert not watched.signal("failed", "t5", 2 * HOUR)
    assert watched.signal("failed", "t6", 1 * HOUR) == ["silent"]
    assert watched.reasons == ["2 failed touchpoints within 72 h and no answer: order twice."] * 2


def test_without_touchpoints_every_failure_counts() -> None:
    watched = Watched(rules=(SilentRule(name="silent", count=3),))
    watched.signal("failed", "t1", 5 * HOUR)
    watched.signal("failed", "t2", 4 * HOUR)
    watched.signal("failed", "t3", 3 * HOUR, "support.chat")
    assert watched.reasons == ["3 failed touchpoints within 72 h and no answer: order twice, support.chat."]


@pytest.mark.parametrize(
    ("answer_ago", "flagged"),
    [(72 * HOUR + 3601, True), (73 * HOUR, False), (10 * HOUR, False), (HOUR, False), (HOUR - 1, True), (0, True)],
)
def test_an_answer_breaks_the_silence_by_its_own_time(answer_ago: float, flagged: bool) -> None:
    """Failures 5 hours and 1 hour ago: the silence would be from 73 hours ago to 1 hour ago."""
    for order in ("before", "between", "after the first failure is known"):
        watched = Watched(rules=(SILENT,))
        if order == "before":
            watched.answer("r", answer_ago, 5)
        watched.signal("failed", "t1", 5 * HOUR)
        if order != "before":
            watched.answer("r", answer_ago, 5)
        assert bool(watched.signal("failed", "t2", HOUR)) == flagged


def test_a_failure_too_old_to_alert_is_remembered_until_one_that_is_not_comes() -> None:
    watched = Watched(rules=(SILENT,))
    assert not watched.signal("failed", "t1", 80 * HOUR)
    assert not watched.signal("failed", "t2", 79 * HOUR)
    assert watched.signal("failed", "t3", 9 * HOUR) == ["silent"]
    assert watched.reasons == ["3 failed touchpoints within 72 h and no answer: order 3 times."]


def test_many_answers_are_thinned_without_a_change_of_what_they_say() -> None:
    watched = Watched(rules=(msgspec.structs.replace(SILENT, within="10h"),))
    for number in range(600):  # the last of them 20 hours ago
        watched.answer(f"r{number}", 70 * HOUR - number * 300, 5)
    for ago in (69, 66, 45, 31, 30.1):
        assert not watched.signal("failed", f"a{ago}", ago * HOUR)
    assert not watched.signal("failed", "b", 20.5 * HOUR)
    assert not watched.signal("failed", "c", 10.5 * HOUR)
    assert watched.signal("failed", "d", 10 * HOUR - 1) == ["silent"]


def test_an_answer_counts_for_the_invitation_that_it_names_else_for_the_oldest_open_one() -> None:
    watched = Watched(invitations=Invitations(answer_within="2d"))
    for name, ago in (("i1", 3 * DAY - HOUR), ("i2", DAY), ("i3", DAY - 600)):
        watched.signal("invited", name, ago)
    invited = {("invited", "4260"): 1, ("invited", "1440"): 1, ("invited", "1430"): 1}
    assert watched.counts == invited
    watched.answer("named", HOUR, 5, touchpoint_event_id="i3")
    watched.answer("named again", HOUR - 1, 5, touchpoint_event_id="i3")
    assert watched.counts == invited | {("answered", "1430"): 1}
    watched.answer("unnamed", HOUR, 5)  # too late for i1
    watched.answer("nothing left", HOUR, 5, touchpoint_event_id="order 17")
    assert watched.counts == invited | {("answered", "1430"): 1, ("answered", "1440"): 1}
    watched.answer("late, in time for i1", DAY + HOUR, 5)
    assert watched.counts.keys() == invited.keys() | {("answered", minute) for minute in ("1430", "1440", "4260")}


def test_an_answer_moves_to_the_invitation_that_it_names_when_that_comes() -> None:
    watched = Watched(invitations=Invitations(answer_within="2d"))
    watched.answer("r", HOUR, 5, touchpoint_event_id="x" * 256)
    watched.signal("invited", "other", 3 * HOUR)
    assert watched.counts == {("invited", "180"): 1, ("answered", "180"): 1}
    watched.signal("invited", "x" * 256, 2 * HOUR)
    assert watched.counts == {("invited", "180"): 1, ("invited", "120"): 1, ("answered", "120"): 1}
    watched.signal("invited", "x" * 256, 2 * HOUR)
    watched.answer("r2", 0, 1, revises="r")
    assert watched.counts == {("invited", "180"): 1, ("invited", "120"): 1, ("answered", "120"): 1}


def test_an_invitation_that_comes_too_late_for_its_answers_is_not_counted() -> None:
    watched = Watched(invitations=Invitations(answer_within="2d"))
    watched.signal("invited", "i1", 3 * DAY + 1)
    assert watched.counts == {}
    watched.signal("invited", "i2", 3 * DAY)
    assert watched.counts == {("invited", "4320"): 1}


def test_what_is_forgotten_sets_nothing_free() -> None:
    watched = Watched(NOW - 3 * DAY, invitations=Invitations(answer_within="2d"))
    watched.signal("invited", "i", 3 * DAY)
    watched.signal("invited", "j", 3 * DAY - 2 * HOUR)
    watched.answer("first", 3 * DAY - 3 * HOUR, 5, touchpoint_event_id="i")
    watched.answer("second", 3 * DAY - 4 * HOUR, 5, touchpoint_event_id="i")
    before = dict(watched.counts)
    watched.horizon.advance(NOW + HOUR)  # i is forgotten: neither of its answers is free for j now
    watched.signal("invited", "k", 0)
    assert watched.counts == before | {("invited", "0"): 1}


def test_the_first_answer_after_a_closed_case_says_whether_the_customer_has_recovered() -> None:
    watched = Watched(rules=(THRESHOLD,), recovered=Recovered(answer_within="2d"))
    watched.answer("before", DAY, 5)
    watched.signal("closed", "17", 20 * HOUR)
    watched.signal("closed", "18", 19 * HOUR)
    assert watched.counts == {}
    watched.answer("says nothing of it", 18 * HOUR, 5, "ces")
    watched.answer("second", 2 * HOUR, 1)
    assert watched.counts == {("not_recovered", "120"): 1}
    watched.answer("first", 3 * HOUR, 3)
    assert watched.counts == {("recovered", "180"): 1}
    watched.answer("revised", 0, 2, revises="first")
    assert watched.counts == {("not_recovered", "180"): 1}
    watched.signal("closed", "19", 150 * 60)
    assert watched.counts == {("not_recovered", "180"): 1, ("not_recovered", "120"): 1}
    watched.answer("of the first case alone", 19 * HOUR + 60, 5)
    expected = {("recovered", "1141"): 1, ("not_recovered", "180"): 1, ("not_recovered", "120"): 1}
    assert watched.counts == expected


def test_a_case_that_is_told_of_a_day_late_or_answered_too_late_counts_for_nothing() -> None:
    watched = Watched(rules=(THRESHOLD,), recovered=Recovered(answer_within="10h"))
    watched.signal("closed", "17", DAY + 1)
    watched.signal("closed", "18", DAY)
    watched.answer("too late", 14 * HOUR - 1)
    assert watched.counts == {}
    watched.answer("just in time", 14 * HOUR)
    assert watched.counts == {("not_recovered", "840"): 1}


def _records(*values: bytes) -> list[Rec]:
    return [Rec(offset, int(NOW * 1000), None, value) for offset, value in enumerate(values)]


def _source(topic: str, **changes: Any) -> SourcePartition:
    return SourcePartition(topic, 0, 1, plan(**changes))


def _told(*values: bytes, **changes: Any) -> list[SignalEvent]:
    forwards = _source(TOUCHPOINTS, **changes).apply(_records(*values), NOW).forwards
    assert all(forward.topic == RESPONSES and forward.partition is None for forward in forwards)
    assert all(name == "closeloop-signal" for forward in forwards for name, _ in forward.headers)
    return [read_signal(forward.value) for forward in forwards]


def test_touchpoints_tell_what_is_asked_for_and_nothing_else() -> None:
    sent = [
        touchpoint("t1", NOW, outcome="failed", channel="app", attributes={"region": "SP"}),
        touchpoint("t1", NOW, outcome="failed"),
        touchpoint("t2", NOW),
        touchpoint("t3", NOW, touchpoint="visit", outcome="failed"),
        touchpoint("t4", NOW - 6 * DAY - 1, outcome="failed"),
        touchpoint("s1", NOW, touchpoint="survey.sent"),
        touchpoint("s2", NOW, touchpoint="survey.sent", outcome="failed"),
        touchpoint("s3", NOW - 16 * DAY, touchpoint="survey.sent"),
    ]
    assert _told(*sent) == []
    asked = {"rules": (SILENT,), "invitations": Invitations()}
    failed, invited = _told(*sent, **asked)
    assert (failed.id, failed.source, failed.time.timestamp()) == ("failed:t1", SOURCE, NOW)
    assert failed.data == Signal(
        kind="failed", customer_id="c1", touchpoint="order", channel="app", attributes={"region": "SP"}
    )
    assert (invited.id, invited.data.kind) == ("invited:s1", "invited")
    every = [told.id for told in _told(*sent, rules=(SilentRule(name="a"), SILENT))]
    assert every == ["failed:t1", "failed:t3", "failed:s2"]


def test_an_id_as_long_as_can_be_makes_a_signal_that_can_be_read() -> None:
    (told,) = _told(touchpoint("é" * 128, NOW, outcome="failed"), rules=(SILENT,))
    assert len(told.id.encode()) == len("failed:") + 64
    assert told.id == signal_id("failed", "é" * 128) != signal_id("failed", "é" * 127 + "e")


def test_an_alert_about_silence_has_no_score_and_none_of_the_customers_words() -> None:
    state = _source(RESPONSES, rules=(SILENT,))
    told = [touchpoint(f"t{n}", NOW - HOUR * (2 - n), outcome="failed", channel="app") for n in range(2)]
    signals = _source(TOUCHPOINTS, rules=(SILENT,)).apply(_records(*told), NOW).forwards
    records = [Rec(n, int(NOW * 1000), s.key, s.value, tuple(s.headers)) for n, s in enumerate(signals)]
    (alert,) = state.apply(records, NOW).alerts
    assert (alert.rule, alert.event_id, alert.touchpoint, alert.channel) == ("silent", "failed:t1", "order", "app")
    assert (alert.score, alert.metric, alert.comment, alert.customer_id) == (None, None, None, "c1")
    assert alert.event_time.timestamp() == NOW - HOUR
    books = state.books()
    assert (books.received, books.counted, books.alerts) == (0, 0, {"silent": 1})


def _asked(**changes: Any) -> dict[str, Any]:
    return {
        "rules": (THRESHOLD, REPEATED, SILENT),
        "invitations": Invitations(),
        "recovered": Recovered(),
        **changes,
    }


def _sent() -> list[Rec]:
    told = {"specversion": "1.0", "source": SOURCE, "type": "closeloop.signal.v1"}
    when = json.loads(response("r", NOW - HOUR))["time"]
    signals = [
        Rec(
            number,
            int(NOW * 1000),
            None,
            json.dumps(
                {**told, "id": f"{kind}:{number}", "time": when, "data": {"kind": kind, "customer_id": "customer-7"}}
            ).encode(),
            (("closeloop-signal", b"x/0/%d" % number),),
        )
        for number, kind in enumerate(("failed", "invited", "closed"))
    ]
    answer = response("r1", NOW, "customer-7", score=1)
    return [*signals, Rec(3, int(NOW * 1000), None, answer)]


def test_rows_hold_no_customer_and_are_let_go_of_when_nobody_asks_or_they_are_too_old() -> None:
    state = _source(RESPONSES, **_asked())
    state.apply(_sent(), NOW)
    flush = state.dirty(NOW)
    assert flush is not None
    ours = [key for key, _ in flush.state_rows if key.startswith(PREFIX)]
    kinds = {tuple(json.loads(key)[1:-1]) for key in ours}
    assert kinds == {
        ("repeated", "repeated"), ("silent", "silent", "answers"), ("silent", "silent", "failures"), ("invited",),
        ("recovered", "answers"), ("recovered", "closed"),
    } - {("silent", "silent", "failures")}  # fmt: skip  # no touchpoint: the rule names others
    assert not any(b"customer-7" in key + (value or b"") for key, value in flush.state_rows)

    changed = _source(RESPONSES)
    changed.restore(flush.state_rows)
    gone = changed.dirty(NOW)
    assert gone is not None
    assert {key for key, value in gone.state_rows if value is None and key.startswith(PREFIX)} == set(ours)

    later = state.dirty(NOW + 200 * DAY)
    assert later is not None
    assert {key for key, value in later.state_rows if value is None and key.startswith(PREFIX)} == set(ours)


@pytest.mark.parametrize(
    "changed",
    [
        {"cuts": {"all": (), "region": ("attributes.country",)}},
        {"windows": plan().windows[:1]},
        {"history_days": 49},
        {"invitations": Invitations(answer_within="13d"), "recovered": Recovered(answer_within="89d")},
    ],
)
def test_when_panes_no_longer_are_what_they_were_nothing_is_amended(changed: dict[str, Any]) -> None:
    """An invitation that the new panes do not hold must not be answered in them: it would be over 100 %."""

    def words(state: SourcePartition) -> set[str]:
        flush = state.dirty(NOW)
        assert flush is not None
        partials = [msgspec.json.decode(r.value, type=Partial) for r in flush.partial_rows[:-1] if r.value is not None]
        return {word for p in partials for word in p.counts if p.series.metric in ("response_rate", "recovered")}

    state = _source(RESPONSES, **_asked())
    state.apply(_sent()[:3], NOW)
    flush = state.dirty(NOW)
    assert flush is not None
    for settings, expected in (({}, {"invited", "answered", "not_recovered"}), (changed, set())):
        restored = _source(RESPONSES, **_asked(**settings))
        restored.restore(flush.state_rows)
        restored.apply(_sent(), NOW)
        assert words(restored) == expected


def test_nothing_is_watched_where_loop_yaml_asks_for_nothing() -> None:
    asked_nothing = plan()
    horizon = Horizon(asked_nothing.windows, Calendar(asked_nothing.zone), 50)
    assert observers(RESPONSES, asked_nothing, horizon) == observers(TOUCHPOINTS, asked_nothing, horizon) == ()


def test_rows_of_no_known_kind_are_refused() -> None:
    state = _source(RESPONSES, **_asked())
    state.apply(_sent(), NOW)
    flush = state.dirty(NOW)
    assert flush is not None
    for key, value in ((PREFIX + b'"invited",0]', b"?"), (PREFIX + b'"silent","silent","x",0]', b"?")):
        with pytest.raises(ValueError, match="cannot be read"):
            _source(RESPONSES, **_asked()).restore([*flush.state_rows, (key, value)])


def test_a_tally_of_many_names_is_cut() -> None:
    assert tally(["b", "a", "b", "c", "b"]) == "b 3 times, a, c"
    assert tally("abcdef") == "a, b, c, d, e, and others"
