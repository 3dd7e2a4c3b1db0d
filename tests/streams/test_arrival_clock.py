"""How far our clock is off, from the age of records: held against a plain minimum over the last minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.arrival_clock import WINDOW_S, ArrivalClock


@given(
    steps=st.lists(st.tuples(st.integers(0, 40), st.integers(-20, 200)), min_size=1, max_size=40),
    wait=st.integers(0, 90),
)
def test_it_is_the_youngest_record_of_the_last_minute(steps: list[tuple[int, int]], wait: int) -> None:
    clock, now = ArrivalClock(), 1_000.0
    seen: list[tuple[float, float]] = []
    for pause, age in steps:
        now += pause
        clock.take(now - age, now)
        seen.append((now, float(age)))
    now += wait
    ages = [age for at, age in seen if at >= now - WINDOW_S]
    assert clock.offset(now) == (min(ages) if ages else None)


def test_a_clock_that_is_set_back_forgets_what_it_saw_in_its_future() -> None:
    clock = ArrivalClock()
    clock.take(1_000.0, 1_030.0)  # thirty seconds ahead
    clock.take(1_001.0, 1_001.1)  # set right again
    offset = clock.offset(1_001.5)
    assert offset is not None
    assert abs(offset - 0.1) < 0.01
