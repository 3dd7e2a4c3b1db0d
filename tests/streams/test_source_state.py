"""One source partition: what leaves at once, what the rows hold, what a restart takes back, and what it refuses."""

from datetime import date
from typing import Any

import msgspec
import pytest
from kafka.partitioner.default import murmur2

from schemas.metrics import Partial, Series, Tick, partial_key
from schemas.scales import DEFAULT_METRICS, MetricSpec, Scale
from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.counting.outcome import Flush
from streams.counting.position import POSITION_KEY
from streams.counting.series import OTHER
from streams.counting.source_state import SourcePartition
from tests.streams.survey_events import Rec, plan, response, rfc3339, touchpoint

NOW = 1_795_000_000.0


def records(*values: bytes | None, start: int = 0, **fields: Any) -> list[Rec]:
    return [Rec(start + n, int(NOW * 1000) - 5, None, value, **fields) for n, value in enumerate(values)]


def source(partitions: int = 1, topic: str = RESPONSES, partition: int = 0, **changes: Any) -> SourcePartition:
    return SourcePartition(topic, partition, partitions, plan(**changes))


def flush(state: SourcePartition, now: float = NOW) -> Flush:
    rows = state.dirty(now)
    assert rows is not None
    return rows


def partials(rows: Flush) -> dict[tuple[str, str, tuple[str, ...], int], dict[str, int]]:
    found = {}
    for row in rows.partial_rows[:-1]:
        if row.value is not None:
            partial = msgspec.json.decode(row.value, type=Partial)
            series = partial.series
            assert row.key == partial.key() == partial_key(series, partial.source, partial.window, partial.pane)
            assert row.place == series.key()
            assert partial.version == rows.books.version
            found[series.metric, f"{series.cut} {partial.window}", series.values, partial.pane] = partial.counts
    return found


def test_a_flush_holds_the_totals_of_what_changed() -> None:
    state = source()
    state.apply(records(response("a", NOW, score=2), response("b", NOW - 7200, score=2)), NOW)
    rows = flush(state)
    minute, quarter = int(NOW // 60), int(NOW // 900)
    found = partials(rows)
    assert found["csat", "all 1h", (), minute] == {"2": 1}
    assert ("csat", "all 1h", (), minute - 120) not in found
    assert found["csat", "all 24h", (), quarter - 8] == {"2": 1}
    day = date(2026, 11, 18).toordinal()  # 06:46 in São Paulo
    assert {pane: counts for (_, cut, _, pane), counts in found.items() if cut == "all day"} == {day: {"2": 2}}
    assert [row.place for row in rows.partial_rows].count(None) == 1
    assert msgspec.json.decode(rows.partial_rows[-1].value or b"", type=Tick) == Tick("cx.responses/0", NOW, 1)
    assert state.dirty(NOW) is None

    state.apply(records(response("c", NOW, score=5), start=2), NOW)
    again = partials(flush(state))
    assert again["csat", "all 1h", (), minute] == {"2": 1, "5": 1}
    assert ("csat", "all 24h", (), quarter - 8) not in again


def test_state_rows_and_partials_are_the_same_and_one_position_row_covers_them() -> None:
    state = source()
    state.apply(records(response("a", NOW)), NOW)
    rows = flush(state)
    assert set(rows.state_rows) >= {(row.key, row.value) for row in rows.partial_rows if row.place is not None}
    assert [key for key, _ in rows.state_rows].count(POSITION_KEY) == 1
    assert [key for key, _ in rows.state_rows if key.startswith(b'["ids"')] != []


def test_records_at_or_below_the_position_are_skipped() -> None:
    state = source()
    sent = records(response("a", NOW), response("b", NOW), None)
    state.apply(sent, NOW)
    outcome = state.apply(sent, NOW)
    assert (outcome.dead_letters, state.books().received, state.position) == ([], 3, 2)


def test_a_misplaced_record_is_forwarded_once_and_counted_there() -> None:
    home = (murmur2(b"c1") & 0x7FFFFFFF) % 3
    away = (home + 1) % 3
    value = response("a", NOW, "c1", score=1)
    sent = source(3, partition=away)
    outcome = sent.apply([Rec(17, int(NOW * 1000), b"x", value, (("trace", b"1"),))], NOW)
    (forward,) = outcome.forwards
    assert forward == (
        RESPONSES,
        home,
        b"c1",
        value,
        [("trace", b"1"), ("closeloop-forwarded", f"cx.responses/{away}/17".encode())],
    )
    assert outcome.alerts == []
    books = sent.books()
    assert (books.forwarded, books.received, books.counted) == (1, 0, 0)

    arrived = Rec(4, int(NOW * 1000), forward.key, forward.value, tuple(forward.headers))
    received = source(3, partition=home)
    assert len(received.apply([arrived], NOW).alerts) == 1
    # The sender dies before its flush and forwards again: no duplicate, because nobody sent the event twice.
    received.apply([Rec(5, arrived.timestamp, arrived.key, arrived.value, arrived.headers)], NOW)
    # The app itself sends it twice: a duplicate.
    again = (("closeloop-forwarded", f"cx.responses/{away}/18".encode()),)
    received.apply([Rec(6, arrived.timestamp, arrived.key, arrived.value, again)], NOW)
    books = received.books()
    assert (books.received, books.counted, books.duplicates) == (2, 1, 1)


def test_a_forward_that_was_overtaken_is_not_lost() -> None:
    state = source(3, partition=(murmur2(b"c1") & 0x7FFFFFFF) % 3)
    for offset, (event, origin) in enumerate((("b", b"cx.responses/0/9"), ("a", b"cx.responses/0/8"))):
        headers = (("closeloop-forwarded", origin),)
        state.apply([Rec(offset, int(NOW * 1000), None, response(event, NOW, "c1"), headers)], NOW)
    assert state.books().counted == 2


@pytest.mark.parametrize("header", [b"", b"nonsense", b"cx.responses/9/1", b"cx.responses/-1/5", b"\xff/1/1"])
def test_a_forwarded_record_stays_whatever_its_header_says(header: bytes) -> None:
    state = source(3, partition=((murmur2(b"c1") & 0x7FFFFFFF) + 1) % 3)
    headers = (("closeloop-forwarded", header),)
    outcome = state.apply([Rec(0, int(NOW * 1000), None, response("a", NOW, "c1"), headers)], NOW)
    assert (outcome.forwards, state.books().counted) == ([], 1)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"hello", "not_json"),
        (b"\xff\xfe", "not_utf8"),
        (touchpoint("t", NOW), "type"),
        (response("r", NOW, score=6), "scale"),
        (response("r", NOW, metric="joy"), "metric"),
        (response("r", NOW + 400), "future"),
        (response("r", -1.0), "invalid"),
        (response("r", NOW).replace(b'"2', b'"0001-01-01T00:00:00+14:00","x":"'), "invalid"),
        (response("r", NOW, comment="x" * 70_000), "too_large"),
    ],
)
def test_dead_letters_keep_bytes_position_and_reason(value: bytes | None, reason: str) -> None:
    state = source()
    record = Rec(42, int(NOW * 1000), b"key", value, (("trace", b"1"),))
    (letter,) = state.apply([record], NOW).dead_letters
    assert letter.reason == reason
    assert (letter.topic, letter.partition, letter.offset) == (RESPONSES, 0, 42)
    assert (letter.key_bytes(), letter.value_bytes(), letter.header_bytes()) == (b"key", value, [("trace", b"1")])
    assert letter.id == source().apply([record], NOW + 60).dead_letters[0].id
    assert state.books().dead_letters == {reason: 1}
    assert state.books().received == 1


def test_a_bad_record_stops_no_other() -> None:
    state = source()
    state.apply(records(response("a", NOW), b"?", response("b", NOW), None, response("a", NOW)), NOW)
    books = state.books()
    assert (books.received, books.counted, books.duplicates) == (5, 2, 1)
    assert books.dead_letters == {"not_json": 1, "empty": 1}


def test_history_pages_nobody_but_counts() -> None:
    for clock in ("wall", "event"):
        state = source(clock=clock)
        fresh = state.apply(records(response("new", NOW, score=1)), NOW)
        old = state.apply(
            records(response("edge", NOW - 72 * 3600, score=1), response("old", NOW - 72 * 3600 - 1, score=1), start=1),
            NOW,
        )
        assert ([a.event_id for a in fresh.alerts], [a.event_id for a in old.alerts]) == (["new"], ["edge"])
        assert (state.silenced, state.books().counted, state.books().alerts) == (1, 3, {"detractor": 2})


def test_under_the_event_clock_the_watermark_judges() -> None:
    state = source(clock="event")
    year = 365 * 86_400
    first = state.apply(records(response("past", NOW - year, score=1)), NOW)
    assert len(first.alerts) == 1
    state.apply(records(response("now", NOW), response("late", NOW - year + 5, score=1), start=1), NOW)
    assert (state.books().late, state.silenced, state.watermark) == (1, 0, NOW)


def test_arrival_times_that_cannot_be_do_no_harm() -> None:
    state = source()
    state.apply([Rec(0, -1, None, response("a", NOW))], NOW)
    state.apply([Rec(1, int((NOW + 10 * 365 * 86_400) * 1000), None, response("b", NOW + 400))], NOW)
    state.apply([Rec(2, int(NOW * 1000), None, response("a", NOW))], NOW)
    books = state.books()
    assert (books.counted, books.duplicates, books.dead_letters) == (1, 1, {"future": 1})


def test_a_touchpoint_without_an_outcome_went_ok() -> None:
    state = source(topic=TOUCHPOINTS)
    state.apply(records(touchpoint("a", NOW), touchpoint("b", NOW, outcome="failed")), NOW)
    assert partials(flush(state))["outcome", "all 1h", (), int(NOW // 60)] == {"ok": 1, "failed": 1}


def test_scales_of_their_own_have_series_of_their_own() -> None:
    state = source()
    sent = (
        response("a", NOW, score=5, scale_max=5),
        response("b", NOW, score=5, scale_max=10),
        response("c", NOW, score=5, higher_is_better=False),
    )
    state.apply(records(*sent), NOW)
    scales = [
        msgspec.json.decode(row.value, type=Partial).series.scale
        for row in flush(state).partial_rows[:-1]
        if row.value is not None and b'"1h"' in row.key and b'"all"' in row.key
    ]
    assert sorted(scales) == ["", "1..10", "1..5-"]


def test_a_cut_has_its_most_keys_also_after_a_restart() -> None:
    state = source(max_keys_per_cut=2)
    sent = [response(str(n), NOW, attributes={"region": f"r{n}"}) for n in range(5)]
    state.apply(records(*sent[:3]), NOW)
    rows = flush(state)
    assert state.overflowed == 1
    restored = source(max_keys_per_cut=2)
    restored.restore(rows.state_rows)
    restored.apply(records(*sent[3:], response("again", NOW, attributes={"region": "r1"}), start=3), NOW)
    found = partials(flush(restored))
    assert restored.overflowed == 3
    minute = int(NOW // 60)
    assert found["csat", "region 1h", (OTHER,), minute] == {"5": 3}
    assert found["csat", "region 1h", ("r1",), minute] == {"5": 2}
    assert found["csat", "all 1h", (), minute] == {"5": 6}


def test_panes_that_have_left_become_tombstones_and_free_their_memory() -> None:
    state = source()
    rows: dict[bytes, bytes | None] = {}
    state.apply(records(response("a", NOW)), NOW)
    rows.update(flush(state).state_rows)
    tombstones: dict[str, int] = {}
    assert state.dirty(NOW + 3600) is None  # a pane of grace
    for later in (3660, 86_400 + 1800, 60 * 86_400):
        moved = flush(state, NOW + later)
        rows.update(moved.state_rows)
        for row in moved.partial_rows:
            if row.value is None:
                window = msgspec.json.decode(row.key)[2]
                tombstones[window] = tombstones.get(window, 0) + 1
    assert tombstones == {"1h": 1, "24h": 1, "day": 1}
    assert state.series == 0
    assert [key for key, value in rows.items() if value is not None and key.startswith(b"[[")] == []


def test_a_restart_continues_where_the_flush_was() -> None:
    sent = records(
        response("a", NOW, score=1), response("b", NOW, score=7, metric="nps"), b"?", response("a", NOW, score=1)
    )
    whole = source()
    whole.apply(sent, NOW)
    half = source()
    half.apply(sent[:2], NOW)
    rows = flush(half)
    half.apply(sent[2:], NOW)  # lost in the crash
    again = source()
    again.restore(rows.state_rows)
    assert again.books() == rows.books
    again.apply(sent, NOW)
    assert again.books() == whole.books()
    assert again.watermark == NOW


def test_outcome_words_and_scales_stay_taken_after_a_restart() -> None:
    points = source(topic=TOUCHPOINTS)
    points.apply(records(*(touchpoint(f"t{n}", NOW, outcome=f"word {n}") for n in range(40))), NOW)
    restored = source(topic=TOUCHPOINTS)
    restored.restore(flush(points).state_rows)
    restored.apply(records(touchpoint("new", NOW, outcome="one more"), start=40), NOW)
    counts = partials(flush(restored))["outcome", "all 1h", (), int(NOW // 60)]
    assert counts[OTHER] == 40 - 30 + 1
    assert "one more" not in counts
    answers = source()
    answers.apply(records(*(response(f"r{n}", NOW, scale_max=10 + n) for n in range(16))), NOW)
    again = source()
    again.restore(flush(answers).state_rows)
    (letter,) = again.apply(records(response("new", NOW, scale_max=99), start=16), NOW).dead_letters
    assert (letter.reason, letter.field) == ("scale", "data.scale_max")


def test_nothing_to_restore_is_a_fresh_start() -> None:
    state = source()
    state.restore([])
    assert (state.position, state.watermark, state.dirty(NOW)) == (-1, None, None)


def test_state_of_another_partition_format_or_half_a_state_is_refused() -> None:
    state = source(3, partition=1)
    state.apply(records(None), NOW)
    rows = flush(state).state_rows
    with pytest.raises(ValueError, match=r"state of cx\.responses/1, not of cx\.responses/0"):
        source(3).restore(rows)
    with pytest.raises(ValueError, match="format 2; this version reads 1"):
        source(3, partition=1).restore([(POSITION_KEY, msgspec.msgpack.encode({"format": 2}))])
    with pytest.raises(ValueError, match="no position row"):
        source().restore([(b'["ids",1,1]', b"")])
    with pytest.raises(ValueError, match=r"state of cx\.responses/1 cannot be read"):
        source(3, partition=1).restore([*rows, (b"[[broken", b"{}")])


def test_what_loop_yaml_no_longer_asks_for_is_let_go_of() -> None:
    state = source()
    state.apply(records(response("a", NOW, touchpoint="order", attributes={"region": "SP", "country": "BR"})), NOW)
    rows = flush(state).state_rows
    changed = source(
        cuts={"all": (), "region": ("attributes.country",)},
        windows=plan().windows[:1],
        metrics={**DEFAULT_METRICS, "csat": MetricSpec("top_box", Scale(1, 5))},
    )
    changed.restore(rows)
    gone = flush(changed)
    assert {msgspec.json.decode(row.key)[0][1] for row in gone.partial_rows[:-1]} == {"all", "region", "touchpoint"}
    assert all(row.value is None for row in gone.partial_rows[:-1])
    assert (b'[["csat","all",[],""],"cx.responses/0","24h",%d]' % (NOW // 900), None) in gone.state_rows
    kept = source(cuts={"all": (), "region": ("attributes.country",)}, windows=plan().windows[:1])
    kept.restore([*rows, *gone.state_rows])
    kept.apply(records(response("b", NOW), start=1), NOW)
    assert partials(flush(kept))["csat", "all 1h", (), int(NOW // 60)] == {"5": 2}
    other_scale = source(metrics={**DEFAULT_METRICS, "csat": MetricSpec("top_box", Scale(1, 7))})
    other_scale.restore(rows)
    assert other_scale.series == 0
    assert Series("csat", "all", ()).key() in {row.place for row in flush(other_scale).partial_rows}


def test_a_signal_from_ahead_makes_no_answer_history() -> None:
    """Under the event clock touchpoints may be read days ahead of the answers that follow them."""
    told = {
        "specversion": "1.0", "id": "failed:t1", "source": "/shop", "type": "closeloop.signal.v1",
        "time": rfc3339(NOW), "data": {"kind": "failed", "customer_id": "c1"},
    }  # fmt: skip
    state = source(clock="event")
    ahead = Rec(0, int(NOW * 1000), None, msgspec.json.encode(told), (("closeloop-signal", b"cx.touchpoints/0/7"),))
    answer = Rec(1, int(NOW * 1000), None, response("a", NOW - 10 * 86_400, score=1))
    state.apply([ahead], NOW)
    assert [alert.event_id for alert in state.apply([answer], NOW).alerts] == ["a"]
    assert state.silenced == 0
