"""Panes, calendar days and rings, each against a computation that shares nothing with it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.metrics import DAY
from streams.counting.windows import Calendar, Horizon, Ring, WindowSpec

calm = settings(deadline=None, max_examples=60)  # a loaded machine is no failure


@pytest.mark.parametrize("name", ["1h", "2h", "24h", "7d", "30d", "90d"])
def test_panes_divide_their_window(name: str) -> None:
    window = WindowSpec.of(name)
    assert 60 <= window.panes <= 96
    assert window.panes * window.pane_s == window.length_s
    assert window.pane_s % 60 == 0


@pytest.mark.parametrize("name", ["30m", "90s", "97m"])
def test_a_window_without_panes_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"window {name}: no pane"):
        WindowSpec.of(name)


def test_a_window_holds_the_pane_of_now_and_those_before() -> None:
    hour = WindowSpec.of("1h")
    assert (hour.pane_s, hour.panes) == (60, 60)
    assert hour.oldest(3600) == 1
    assert hour.oldest(3659.9) == 1
    assert hour.oldest(3660) == 2
    assert hour.pane(3659.9) == 60


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        # 2018-11-04: São Paulo's clocks went from 00:00 to 01:00 (-03 to -02).
        ("America/Sao_Paulo", "2018-11-04T02:59:59+00:00", date(2018, 11, 3)),
        ("America/Sao_Paulo", "2018-11-04T03:00:00+00:00", date(2018, 11, 4)),
        # 2018-02-18 00:00 became 23:00 of the 17th once more.
        ("America/Sao_Paulo", "2018-02-18T02:59:59+00:00", date(2018, 2, 17)),
        ("America/Sao_Paulo", "2018-02-18T03:00:00+00:00", date(2018, 2, 18)),
        # Berlin's long day of October: 25 hours.
        ("Europe/Berlin", "2026-10-24T22:00:00+00:00", date(2026, 10, 25)),
        ("Europe/Berlin", "2026-10-25T22:59:59+00:00", date(2026, 10, 25)),
        ("Europe/Berlin", "2026-10-25T23:00:00+00:00", date(2026, 10, 26)),
        # Kathmandu is 5:45 ahead; its midnight lies inside an hour of UTC.
        ("Asia/Kathmandu", "2026-01-01T18:14:59+00:00", date(2026, 1, 1)),
        ("Asia/Kathmandu", "2026-01-01T18:15:00+00:00", date(2026, 1, 2)),
        # Samoa skipped 2011-12-30 altogether.
        ("Pacific/Apia", "2011-12-30T09:59:59+00:00", date(2011, 12, 29)),
        ("Pacific/Apia", "2011-12-30T10:00:00+00:00", date(2011, 12, 31)),
    ],
)
def test_the_day_of_an_instant(zone: str, instant: str, day: date) -> None:
    assert Calendar(ZoneInfo(zone)).day(datetime.fromisoformat(instant).timestamp()) == day.toordinal()


@calm
@given(
    st.sampled_from(["America/Sao_Paulo", "America/St_Johns", "Asia/Kathmandu", "Europe/Dublin", "UTC"]),
    st.lists(st.integers(63_072_000, 2_000_000_000), min_size=1, max_size=30),
)
def test_days_agree_with_local_time_whatever_was_asked_before(zone: str, instants: list[int]) -> None:
    calendar = Calendar(ZoneInfo(zone))
    for instant in instants:
        local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=instant)
        assert calendar.day(instant) == local.astimezone(ZoneInfo(zone)).date().toordinal()


@pytest.mark.parametrize("zone", ["America/St_Johns", "America/Sao_Paulo", "Europe/Berlin"])
def test_every_quarter_of_a_winter_has_its_day(zone: str) -> None:
    calendar = Calendar(ZoneInfo(zone))
    start = int(datetime(2010, 10, 10, tzinfo=UTC).timestamp())
    for instant in range(start, start + 140 * 86_400, 900):
        for moment in (instant, instant + 61, instant + 899):
            assert date.fromordinal(calendar.day(moment)) == datetime.fromtimestamp(moment, ZoneInfo(zone)).date()


@calm
@given(st.integers(10**9, 2 * 10**9), st.lists(st.integers(-90_000, 90_000), min_size=1, max_size=8), st.data())
def test_late_is_a_day_before_the_kept_ones(start: int, steps: list[int], data: st.DataObject) -> None:
    zone = ZoneInfo(data.draw(st.sampled_from(["America/Sao_Paulo", "Pacific/Apia", "Pacific/Pago_Pago"])))
    horizon = Horizon((WindowSpec.of("1h"),), Calendar(zone), 3)
    latest = start
    now = start
    for step in steps:
        now += step
        latest = max(latest, now) if horizon.now is not None else now
        horizon.advance(now)
        today = datetime.fromtimestamp(latest, zone).date()
        when = latest - data.draw(st.integers(0, 5 * 86_400))
        kept = {(today - timedelta(days=back)).toordinal() for back in range(3)}
        assert horizon.is_late(when) == (datetime.fromtimestamp(when, zone).date().toordinal() not in kept)
        assert horizon.oldest["1h"] == latest // 60 - 59
        assert horizon.oldest[DAY] == min(kept)


Said = dict[tuple[int, str], tuple[int, dict[str, int]]]


@calm
@given(st.data())
def test_a_ring_equals_the_sum_of_what_was_said_last(data: st.DataObject) -> None:
    ring = Ring()
    said: Said = {}
    for _ in range(data.draw(st.integers(1, 16))):
        before = ring.total()
        step = data.draw(st.sampled_from(["set", "set", "set", "drop", "remove"]))
        pane, source = data.draw(st.integers(0, 6)), data.draw(st.sampled_from("ab"))
        if step == "set":
            counts = data.draw(st.dictionaries(st.sampled_from("12345"), st.integers(1, 9)))
            version = data.draw(st.integers(0, 10))
            changed = ring.set(pane, source, counts, version)
            if version > said.get((pane, source), (-1, {}))[0]:
                said[pane, source] = (version, counts)
        elif step == "remove":
            changed = ring.remove(pane, source)
            said.pop((pane, source), None)
        else:
            changed = ring.drop(pane)
            said = {where: what for where, what in said.items() if where[0] != pane}
        assert ring.total() == _sum(said)
        assert len(ring) == len({pane for pane, _ in said})
        for pane, _ in said:
            assert ring.pane_total(pane) == _sum({where: what for where, what in said.items() if where[0] == pane})
        if not changed:
            assert ring.total() == before


def _sum(said: Said) -> dict[str, int]:
    total: dict[str, int] = {}
    for _, counts in said.values():
        for word, count in counts.items():
            total[word] = total.get(word, 0) + count
    return total
