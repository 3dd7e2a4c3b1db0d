"""The rows in memory: the newest wins in any order, memory is bounded, changes are told once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.books import add_up, newest
from gateway.live_rows import RECENT_DAYS, LiveRows
from schemas.metrics import Books, Metric

START = datetime(2026, 1, 10, tzinfo=UTC)


def metric(
    version: int = 1, seconds: int = 0, *, key: str = "SP", window: str = "7d", day: date | None = None
) -> Metric:
    return Metric(
        metric="nps",
        window=window,
        cut="region",
        key={"attributes.region": key},
        value=float(version),
        low=None,
        high=None,
        n=version,
        counts={"3": version},
        too_few=True,
        as_of=START + timedelta(seconds=seconds),
        version=version,
        day=day,
    )


def books(source: str, version: int, received: int, **said: object) -> Books:
    shown = Books(
        source=source,
        version=version,
        watermark=None,
        received=received,
        counted=received,
        duplicates=0,
        late=0,
        forwarded=0,
        dead_letters={},
        alerts={},
    )
    return msgspec.structs.replace(shown, **said)


def put(rows: LiveRows, record: Metric | Books) -> None:
    rows.take(record.record_key(), msgspec.json.encode(record))


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), min_size=1))
def test_the_highest_version_then_the_latest_time_wins_in_any_order(arrivals: list[tuple[int, int]]) -> None:
    rows = LiveRows()
    for version, seconds in arrivals:
        put(rows, metric(version, seconds))
    best = max(arrivals)
    (row,) = rows.metrics()
    assert (row.version, row.as_of) == (best[0], START + timedelta(seconds=best[1]))


def test_rows_are_found_by_metric_window_and_cut_and_a_tombstone_removes_one() -> None:
    rows = LiveRows()
    for row in (metric(), metric(window="1h"), metric(key="RJ")):
        put(rows, row)
    assert len(rows.metrics("nps", "7d", "region")) == 2
    assert rows.metrics("csat") == []
    rows.take(metric().record_key(), None)
    assert [row.key["attributes.region"] for row in rows.metrics("nps", "7d")] == ["RJ"]


def test_only_the_last_days_stay_in_memory_whatever_the_order() -> None:
    rows = LiveRows()
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(40)]
    for day in [*days[20:], *days[:20]]:
        put(rows, metric(window="day", day=day))
    assert [row.day for row in rows.metrics()] == days[-RECENT_DAYS:]


def test_memory_is_bounded_and_what_had_no_room_is_counted() -> None:
    rows = LiveRows(max_rows=2)
    for key in ("SP", "RJ", "MG"):
        put(rows, metric(key=key))
    put(rows, metric(2, key="SP"))
    assert (rows.size(), rows.refused) == (2, 1)
    assert {row.key["attributes.region"]: row.version for row in rows.metrics()} == {"RJ": 1, "SP": 2}


def test_each_change_is_told_once() -> None:
    rows = LiveRows()
    put(rows, metric(1))
    put(rows, metric(2))
    put(rows, books("cx.responses/0", 1, 1))
    first = rows.drain()
    assert ([row.version for row in first.metrics], first.books) == ([2], True)
    put(rows, metric(1))
    again = rows.drain()
    assert (again.metrics, again.books, again.cases) == ([], False, [])


def test_what_is_no_record_is_passed_over_and_counted() -> None:
    rows = LiveRows()
    for value in (b"", b"{", b"\xff", b'{"type":"other"}', b"[" * 5000):
        rows.take(b"key", value)
        rows.take_case(value)
    assert (rows.size(), rows.unreadable) == (0, 10)


def test_totals_take_the_newer_account_of_every_partition_and_add_them_up() -> None:
    live = {"cx.responses/0": books("cx.responses/0", 9, 10, alerts={"detractor": 2}, dead_letters={"scale": 1})}
    stored = {
        "cx.responses/0": books("cx.responses/0", 8, 7),
        "cx.responses/1": books("cx.responses/1", 3, 4, duplicates=2, counted=2, alerts={"detractor": 1}),
        "cx.touchpoints/0": books("cx.touchpoints/0", 5, 6, late=1, counted=5),
    }
    totals = add_up(newest(live, stored), {"open": 3})
    assert (totals.responses.received, totals.responses.duplicates) == (14, 2)
    assert totals.responses.dead_letters == {"scale": 1}
    assert (totals.touchpoints.received, totals.touchpoints.counted, totals.touchpoints.late) == (6, 5, 1)
    assert (totals.alerts, totals.cases) == ({"detractor": 3}, {"open": 3})
