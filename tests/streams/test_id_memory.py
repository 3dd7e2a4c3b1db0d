"""Ids are remembered for their span of arrival, through restarts, whenever the flushes were."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.counting.id_memory import SLICES, IdMemory, digest, is_amendment

calm = settings(deadline=None, max_examples=60)  # a loaded machine is no failure


def test_source_and_id_are_told_apart() -> None:
    assert len({digest("a", "bc"), digest("ab", "c"), digest("abc", ""), digest("", "abc")}) == 4
    assert len(digest("a", "b")) == 16


@calm
@given(
    st.sampled_from([24, 100, 3600, 86_400]),
    st.lists(st.tuples(st.integers(0, 12), st.floats(0, 0.2)), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
def test_known_for_at_least_the_span_and_little_longer(
    span: int, arrivals: list[tuple[int, float]], rnd: random.Random
) -> None:
    memory = IdMemory(span)
    rows: dict[bytes, bytes] = {}
    first: dict[int, float] = {}
    now = 1_795_000_000.0
    for offset, (number, pause) in enumerate(arrivals):
        now += pause * span
        memory.advance(now)
        known = not memory.add(digest("s", str(number)), None)
        age = now - first.get(number, -1e12)
        if age <= span:
            assert known
        if age > span * (1 + 2 / SLICES) + 2:
            assert not known
        if not known:
            first[number] = now
        if rnd.random() < 0.3:
            for key, value in memory.flush(offset):
                if value is None:
                    del rows[key]
                else:
                    rows[key] = value
            if rnd.random() < 0.7:
                memory = IdMemory(span)
                for key, value in rows.items():
                    memory.restore(key, value)


def test_no_row_is_larger_than_kafka_takes() -> None:
    """A flush of 50,000 answers that have nothing in common."""
    memory, again = IdMemory(3600), IdMemory(3600)
    memory.advance(0)
    groups = {digest("s", str(n)): ("nps", "", ("x" * 60, str(n)), n, str(n % 11)) for n in range(50_000)}
    for known, group in groups.items():
        memory.add(known, None if group[3] % 7 == 0 else group)
    for n in range(9_000):
        memory.replace(digest("s", str(n)), digest("t", str(n)))
    rows = list(memory.flush(1))
    assert max(len(value or b"") for _, value in rows) < 1_000_000
    assert len({key for key, _ in rows}) == len(rows) > 15
    for key, value in sorted(rows, key=lambda row: is_amendment(row[0])):
        again.restore(key, value or b"")
    assert len(again) == 50_000
    for known, group in groups.items():
        assert again.group(known) == (None if group[3] % 7 == 0 else group)
    assert again.is_replaced(digest("s", "8999"))


def test_what_is_forgotten_leaves_no_rows() -> None:
    memory = IdMemory(3600)
    rows: dict[bytes, bytes | None] = {}
    for second in range(0, 20_000, 50):
        memory.advance(second)
        memory.add(digest("s", str(second)), None)
        rows.update(memory.flush(second))
    living = [key for key, value in rows.items() if value is not None]
    assert len(living) == len(memory)
    assert 3600 / 50 <= len(living) <= 3600 * (1 + 2 / SLICES) / 50 + 1
    memory.advance(40_000)
    rows.update(memory.flush(40_000))
    assert not [key for key, value in rows.items() if value is not None]
    assert len(memory) == 0
