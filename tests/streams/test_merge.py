"""What the merge says and when: whole flushes, changes alone, empty windows once, and a number with its honesty."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from schemas.metrics import DAY, Metric, Partial, Series, Tick, partial_key
from streams.counting.merge import Merge
from tests.streams.survey_events import plan

NOW = 1_795_000_000.0
MINUTE = int(NOW // 60)
TODAY = date(2026, 11, 18)  # in São Paulo
ALL = Series("csat", "all", ())
SP = Series("csat", "region", ("SP",))


def say(merge: Merge, window: str, pane: int, counts: dict[str, int], **more: object) -> None:
    """One pane of one flush of one source, with its tick."""
    source, version = str(more.get("source", "cx.responses/0")), int(str(more.get("version", 1)))
    series, sent = more.get("series", ALL), bool(more.get("sent", False))
    assert isinstance(series, Series)
    partial = Partial(series, source, window, pane, counts, version)
    merge.apply(partial.key(), msgspec.json.encode(partial), sent=sent)
    tick(merge, source, version, sent=sent)


def tick(
    merge: Merge, source: str = "cx.responses/0", version: int = 1, at: float = NOW, *, sent: bool = False
) -> None:
    record = Tick(source, at, version)
    merge.apply(record.key(), msgspec.json.encode(record), sent=sent)


def only(metrics: list[Metric]) -> Metric:
    assert len(metrics) == 1, metrics
    return metrics[0]


def test_a_metric_carries_value_interval_n_and_key() -> None:
    merge = Merge(plan())
    say(merge, "1h", MINUTE, {"5": 3, "1": 1}, series=SP)
    metric = only(merge.emit(NOW))
    assert (metric.metric, metric.window, metric.cut, metric.key) == (
        "csat",
        "1h",
        "region",
        {"attributes.region": "SP"},
    )
    assert (metric.value, metric.n, metric.counts, metric.too_few) == (75, 4, {"5": 3, "1": 1}, False)
    assert metric.low == pytest.approx(30.06, abs=0.01)
    assert metric.high == pytest.approx(95.44, abs=0.01)
    assert (metric.as_of, metric.version, metric.day) == (datetime.fromtimestamp(NOW, UTC), 1, None)


def test_only_changes_are_sent() -> None:
    merge = Merge(plan())
    say(merge, "1h", MINUTE, {"5": 1})
    say(merge, "24h", int(NOW // 900), {"5": 1})
    assert {m.window for m in merge.emit(NOW)} == {"1h", "24h"}
    assert merge.emit(NOW) == []
    say(merge, "1h", MINUTE, {"5": 1}, version=1)
    tick(merge, version=2)
    assert merge.emit(NOW + 1) == []
    say(merge, "1h", MINUTE, {"5": 2}, version=3)
    assert only(merge.emit(NOW + 2)).n == 2


def test_nothing_follows_from_half_a_flush() -> None:
    merge = Merge(plan())
    for window, pane in (("1h", MINUTE), ("24h", int(NOW // 900))):
        partial = Partial(ALL, "cx.responses/0", window, pane, {"5": 1}, 7)
        merge.apply(partial.key(), msgspec.json.encode(partial))
        tick(merge, "cx.responses/1", 3)
        assert merge.emit(NOW) == []
    tick(merge, version=7)
    assert [m.version for m in merge.emit(NOW)] == [10, 10]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_what_is_said_in_parts_is_what_would_be_said_at_once(at_once: int) -> None:
    def filled() -> Merge:
        merge = Merge(plan())
        for number, window in enumerate(("1h", "24h")):
            for back in range(4):
                say(merge, window, MINUTE - back, {"5": number + back + 1}, source=f"cx.responses/{back % 2}")
        return merge

    parts, whole = filled(), filled()
    expected = {metric.record_key(): metric for metric in whole.emit(NOW)}
    said: list[Metric] = []
    while not said or parts.unsaid:
        more = parts.emit(NOW, at_once)
        assert len([metric for metric in more if metric.window != "day"]) == min(at_once, 2 - len(said))
        said += more
    assert {metric.record_key(): metric for metric in said} == expected
    assert len(said) == len(expected) == 2
    assert parts.emit(NOW) == []


def test_sources_add_up_and_an_older_total_changes_nothing() -> None:
    merge = Merge(plan())
    say(merge, "1h", MINUTE, {"5": 2}, version=9)
    say(merge, "1h", MINUTE - 1, {"1": 1}, source="cx.responses/1", version=4)
    assert only(merge.emit(NOW)).counts == {"5": 2, "1": 1}
    say(merge, "1h", MINUTE, {"5": 1}, version=8)
    assert merge.emit(NOW) == []
    say(merge, "1h", MINUTE, {"5": 3}, version=10)
    metric = only(merge.emit(NOW))
    assert (metric.counts, metric.version) == ({"5": 3, "1": 1}, 14)


def test_a_window_moves_on_by_itself_and_is_empty_once() -> None:
    merge = Merge(plan())
    say(merge, "1h", MINUTE, {"5": 1})
    say(merge, "1h", MINUTE - 30, {"1": 1}, version=2)
    assert only(merge.emit(NOW)).n == 2
    assert merge.emit(60 * (MINUTE + 29) + 59.9) == []
    assert only(merge.emit(60 * (MINUTE + 30))).counts == {"5": 1}
    empty = only(merge.emit(60 * (MINUTE + 60)))
    assert (empty.n, empty.value, empty.low, empty.high, empty.counts, empty.too_few) == (0, None, None, None, {}, True)
    assert merge.emit(60 * (MINUTE + 61)) == []
    assert merge.series == 0
    merge.apply(partial_key(ALL, "cx.responses/0", "1h", MINUTE), None)
    tick(merge, version=3)
    assert merge.emit(60 * (MINUTE + 62)) == []


def test_an_answer_ahead_of_the_clock_counts_at_once() -> None:
    merge = Merge(plan())
    say(merge, "1h", MINUTE + 5, {"5": 1})
    assert only(merge.emit(NOW)).n == 1


def test_under_the_event_clock_the_latest_watermark_of_any_source_is_now() -> None:
    merge = Merge(plan("event"))
    assert merge.emit(NOW) == []
    say(merge, "1h", MINUTE, {"5": 1})
    assert only(merge.emit(NOW + 1e6)).as_of == datetime.fromtimestamp(NOW, UTC)
    tick(merge, "cx.touchpoints/2", 5, NOW + 3600)
    metric = only(merge.emit(0.0))
    assert (metric.n, metric.as_of) == (0, datetime.fromtimestamp(NOW + 3600, UTC))


def test_a_changed_day_is_sent_alone() -> None:
    merge = Merge(plan())
    say(merge, DAY, TODAY.toordinal(), {"5": 1})
    say(merge, DAY, TODAY.toordinal() - 3, {"2": 1}, version=2)
    assert {(m.day, m.n) for m in merge.emit(NOW)} == {(TODAY, 1), (date(2026, 11, 15), 1)}
    say(merge, DAY, TODAY.toordinal() - 3, {"2": 4}, version=3)
    metric = only(merge.emit(NOW))
    assert (metric.window, metric.day, metric.counts) == ("day", date(2026, 11, 15), {"2": 4})


def test_a_day_that_leaves_the_history_is_left_as_it_was() -> None:
    merge = Merge(plan())
    say(merge, DAY, TODAY.toordinal(), {"5": 1})
    assert len(merge.emit(NOW)) == 1
    assert merge.emit(NOW + 51 * 86_400) == []
    assert merge.series == 0


def test_after_a_restart_every_window_is_sent_and_only_unsent_days() -> None:
    merge = Merge(plan())
    say(merge, "1h", MINUTE, {"5": 1}, sent=True)
    say(merge, DAY, TODAY.toordinal(), {"5": 1}, version=2, sent=True)
    say(merge, DAY, TODAY.toordinal() - 1, {"5": 1}, version=3)
    assert {(m.window, m.day) for m in merge.emit(NOW)} == {("1h", None), ("day", date(2026, 11, 17))}


@pytest.mark.parametrize("tombstoned", [True, False])
def test_a_window_that_emptied_while_nobody_looked_is_sent(tombstoned: bool) -> None:
    merge = Merge(plan())
    if tombstoned:
        merge.apply(partial_key(ALL, "cx.responses/0", "1h", MINUTE - 100), None)
        tick(merge)
    else:
        say(merge, "1h", MINUTE - 100, {"5": 1})
    assert only(merge.emit(NOW)).n == 0
    assert merge.series == 0


def test_answers_on_a_scale_of_their_own_are_summarised_on_it() -> None:
    merge = Merge(plan())
    say(merge, "1h", MINUTE, {"1": 3, "5": 1}, series=Series("csat", "all", (), "1..5-"))
    say(merge, "1h", MINUTE, {"1": 3, "5": 1}, series=Series("effort", "all", ()), version=2)
    by_metric = {m.metric: m for m in merge.emit(NOW)}
    assert (by_metric["csat"].value, by_metric["csat"].scale) == (75, "1..5-")
    assert by_metric["effort"].value == 2


def test_touchpoints_have_the_share_that_failed() -> None:
    merge = Merge(plan())
    say(merge, "1h", MINUTE, {"ok": 3, "failed": 1}, series=Series("outcome", "touchpoint", ("order.delivered",)))
    metric = only(merge.emit(NOW))
    assert (metric.metric, metric.value, metric.key) == ("outcome", 25, {"touchpoint": "order.delivered"})


@pytest.mark.parametrize(
    ("series", "window"),
    [
        (Series("joy", "all", ()), "1h"),
        (Series("csat", "country", ("BR",)), "1h"),
        (Series("csat", "region", ("BR", "SP")), "1h"),
        (ALL, "7d"),
    ],
)
def test_what_loop_yaml_no_longer_knows_is_passed_over(series: Series, window: str) -> None:
    merge = Merge(plan())
    say(merge, window, MINUTE, {"5": 1}, series=series)
    merge.apply(partial_key(series, "cx.responses/0", window, MINUTE), None)
    tick(merge, version=2)
    assert merge.emit(NOW) == []


@pytest.mark.parametrize(("key", "value"), [(b"x", b"y"), (b"x", None), (b"[]", b'{"type":"metric"}')])
def test_what_is_no_partial_is_refused(key: bytes, value: bytes | None) -> None:
    with pytest.raises(ValueError, match="not a partial"):
        Merge(plan()).apply(key, value)
