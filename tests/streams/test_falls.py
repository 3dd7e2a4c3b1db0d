"""One fall is one alarm: the bounds of a fall, of its end, and nothing said in between."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alarm_rows import FallAlarm, Standing
from schemas.config_rules import FallRule
from schemas.metrics import Series
from streams.alarms.falls import Bounds, baseline_panes, default_z, follow, has_fallen
from streams.counting.windows import WindowSpec

HOUR = 3600
BOUNDS = Bounds.of(FallRule(name="f", metric="nps", cuts=["all"], z=3.0))
SERIES = Series("nps", "all", ())


def at(value: float, n: int = 100) -> Standing:
    """A level with a standard error such that a difference of two is one z a unit."""
    return Standing(n, value, value, 0.5)


def alarm(**changes: int | None) -> FallAlarm:
    fields = {"since": 0, "calm_since": None, **changes}
    return FallAlarm(rule="f", series=SERIES, window="7d", baseline="30d", reference=at(40), **fields)  # type: ignore[arg-type]


def test_a_fall_needs_z_and_enough_answers_on_both_sides() -> None:
    assert has_fallen(BOUNDS, at(40), at(37), higher_is_better=True)
    assert not has_fallen(BOUNDS, at(40), at(37.01), higher_is_better=True)
    assert not has_fallen(BOUNDS, at(40), at(43), higher_is_better=True)
    assert has_fallen(BOUNDS, at(40), at(43), higher_is_better=False)
    for before, after in ((29, 30), (30, 29)):
        assert not has_fallen(BOUNDS, at(40, before), at(0, after), higher_is_better=True)
    assert has_fallen(BOUNDS, at(40, 30), at(0, 30), higher_is_better=True)
    assert not has_fallen(BOUNDS, None, at(0), higher_is_better=True)
    assert not has_fallen(BOUNDS, at(40), None, higher_is_better=True)


def test_it_is_over_after_a_day_near_the_level_from_before() -> None:
    held, said = follow(BOUNDS, alarm(), at(39.5), 50 * HOUR, higher_is_better=True)
    assert held is not None
    assert (held.calm_since, said) == (50 * HOUR, None)
    assert follow(BOUNDS, held, at(40), 73 * HOUR, higher_is_better=True) == (held, None)
    assert follow(BOUNDS, held, at(40), 74 * HOUR, higher_is_better=True) == (None, "recovered")


def test_a_relapse_starts_the_day_anew_and_says_nothing() -> None:
    held, said = follow(BOUNDS, alarm(calm_since=50 * HOUR), at(38.9), 60 * HOUR, higher_is_better=True)
    assert (held, said) == (alarm(), None)
    same = alarm()
    assert follow(BOUNDS, same, at(20), 61 * HOUR, higher_is_better=True).alarm is same


def test_too_few_to_tell_change_nothing() -> None:
    held = alarm(calm_since=10 * HOUR)
    assert follow(BOUNDS, held, None, 100 * HOUR, higher_is_better=True) == (held, None)
    assert follow(BOUNDS, held, at(40, 29), 100 * HOUR, higher_is_better=True) == (held, None)


def test_a_level_that_stays_is_the_new_one() -> None:
    held = alarm()
    assert follow(BOUNDS, held, at(20), 30 * 24 * HOUR - 1, higher_is_better=True) == (held, None)
    assert follow(BOUNDS, held, at(20), 30 * 24 * HOUR, higher_is_better=True) == (None, "settled")
    assert follow(BOUNDS, held, None, 30 * 24 * HOUR, higher_is_better=True) == (None, "settled")


def test_a_shorter_window_asks_for_more() -> None:
    assert [default_z(hours * HOUR) for hours in (1, 23, 24, 167, 168, 720)] == [4.5, 4.5, 4.0, 4.0, 3.5, 3.5]
    assert Bounds.of(FallRule(name="f", metric="nps", cuts=["all"])).z == 3.5
    assert Bounds.of(FallRule(name="f", metric="nps", cuts=["all"], window="24h")).z == 4.0


@given(st.integers(0, 10**9))
def test_the_baseline_ends_where_the_window_begins(now: int) -> None:
    week, month = WindowSpec.of("7d"), WindowSpec.of("30d")
    first, last = baseline_panes(week, month, now)
    begins = week.oldest(now) * week.pane_s
    assert (last + 1) * month.pane_s <= begins < (last + 2) * month.pane_s
    assert first == month.oldest(now)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(30, 45), st.integers(0, 60)), max_size=200))
def test_alarms_and_their_ends_take_turns(levels: list[tuple[float, int]]) -> None:
    """Whatever a metric does, between two falls there is an end, and an end needs a day of calm or a whole baseline."""
    held: FallAlarm | None = None
    began = 0
    for hour, (level, n) in enumerate(levels):
        now = hour * HOUR
        if held is None:
            if has_fallen(BOUNDS, at(40), at(level, n), higher_is_better=True):
                assert (40 - level >= 3 - 1e-9, n >= 30) == (True, True)
                held, began = alarm(since=now), hour
            continue
        held, said = follow(BOUNDS, held, at(level, n), now, higher_is_better=True)
        assert (held is None) == (said is not None)
        if said == "recovered":
            told = [(level, n) for level, n in levels[began + 1 : hour + 1] if n >= 30][-2:]
            assert all(40 - level < 1 + 1e-9 for level, _ in told)
            assert hour - began > 24
