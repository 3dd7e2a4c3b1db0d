"""Facts of customers outlive crashes, in whatever order their rows come back, and go when they are too old."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.customers.memory import SLICES, CustomerMemory, Fact, customer_digest, event_digest

PREFIX = b'["customers","test",'
KEEP = 24 * 3600
START = 1_795_000_000.0


class Seen(Fact, frozen=True, array_like=True, gc=False):
    """A fact with something that changes."""

    times: int = 0


def memory(layout: bytes = b"", keep: int = KEEP) -> CustomerMemory[Seen]:
    return CustomerMemory(PREFIX, Seen, keep, layout)


def restored(rows: dict[bytes, bytes], rnd: random.Random, keep: int = KEEP) -> CustomerMemory[Seen]:
    again = memory(keep=keep)
    shuffled = list(rows.items())
    rnd.shuffle(shuffled)
    for key, value in shuffled:
        again.restore(key, value)
    return again


def write(rows: dict[bytes, bytes], held: CustomerMemory[Seen], now: float) -> None:
    for key, value in held.rows(now):
        if value is None:
            del rows[key]
        else:
            assert key not in rows, "a segment is written once"
            rows[key] = value


steps = st.tuples(st.integers(0, 3), st.integers(0, 6), st.floats(0, 1.2), st.floats(0, 0.2))


@settings(deadline=None, max_examples=40)
@given(st.lists(steps, max_size=50), st.randoms(use_true_random=False))
def test_what_is_put_is_there_for_its_time_and_not_much_longer(
    drawn: list[tuple[int, int, float, float]], rnd: random.Random
) -> None:
    held, rows, now = memory(), dict[bytes, bytes](), START
    expected: dict[tuple[int, int], Seen] = {}
    flushed = dict(expected)
    for who, number, ago, pause in drawn:
        now += pause * KEEP
        last = expected.get((who, number))
        if last is None:
            last = Seen(now - ago * KEEP, event_digest("s", str(number)))
        if last.when >= now - KEEP:
            expected[who, number] = Seen(last.when, last.id, last.times + 1)
            held.put(customer_digest(str(who)), expected[who, number])
        if rnd.random() < 0.4:
            write(rows, held, now)
            flushed = dict(expected)
        if rnd.random() < 0.2:
            held, expected = restored(rows, rnd, rnd.choice([KEEP, KEEP, KEEP + 7777])), dict(flushed)
            write(rows, held, now)
        for customer in range(4):
            facts = [fact for (w, _), fact in expected.items() if w == customer and fact.when >= now - KEEP]
            found = held.of(customer_digest(str(customer)), now - KEEP)
            assert sorted(found, key=Fact.order) == list(found) == sorted(facts, key=Fact.order)
    later = now + KEEP * (1 + 2 / SLICES) + 7777
    write(rows, held, later)
    assert (len(held), rows) == (0, {})


def test_rows_of_another_layout_are_let_go_of() -> None:
    held, rows = memory(b"old"), dict[bytes, bytes]()
    held.put(customer_digest("c"), Seen(START, event_digest("s", "1")))
    write(rows, held, START)
    changed = memory(b"new")
    for key, value in rows.items():
        changed.restore(key, value)
    assert changed.of(customer_digest("c"), 0) == ()
    changed.put(customer_digest("c"), Seen(START, event_digest("s", "2")))
    write(rows, changed, START)
    (key,) = rows
    assert key == PREFIX + b"1]"


def test_a_flush_without_news_writes_nothing() -> None:
    held = memory()
    held.put(customer_digest("c"), Seen(START, event_digest("s", "1")))
    assert len(list(held.rows(START))) == 1
    assert list(held.rows(START)) == []
