"""Retention, churn and lifetime value from counts, and money in minor units."""

import os
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Money
from streams.metrics.money import minor_digits, minor_units
from streams.metrics.readings import Counted, Reading
from streams.metrics.retention import Churn, LifetimeValue, Retention, movement

calm = settings(deadline=None, max_examples=int(os.environ.get("LIFECYCLE_EXAMPLES", "20")))
DAY_S = 86_400
CLV = LifetimeValue(gross_margin=0.5, max_lifetime_s=1825 * DAY_S, minor_digits=2)


def inside(reading: Reading) -> bool:
    if reading.value is None:
        return (reading.low, reading.high) == (None, None)
    assert reading.low is not None
    assert reading.high is not None
    return reading.low <= reading.value <= reading.high


lives = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)
"""Of each customer: whether there at the start, and whether gone at the end."""


def counts_of(people: list[tuple[bool, bool]]) -> tuple[dict[str, int], dict[str, int]]:
    joined = [gone for before, gone in people if not before]
    return (
        {"joined": len(joined), "gone": sum(joined), "left": sum(gone for _, gone in people)},
        {"customers": sum(not gone for _, gone in people)},
    )


@calm
@given(lives, st.integers(0, 10**9), st.integers(0, 10**6), st.sampled_from([3600, DAY_S, 30 * DAY_S]))
def test_values_lie_inside_and_add_up(
    people: list[tuple[bool, bool]], revenue: int, refunded: int, length: int
) -> None:
    counts, ever = counts_of(people)
    start = [gone for before, gone in people if before]
    bought = {**counts, "purchases": 3, "revenue": revenue, "refunded": refunded}
    retention, churn, clv = (m(Counted(bought, None, 5, length, ever)) for m in (Retention(), Churn(), CLV))
    assert retention.n == churn.n == clv.n == len(start)
    assert inside(retention)
    assert inside(churn)
    assert inside(clv)
    assert retention.too_few == (len(start) < 5)
    assert movement(counts, ever) == (len(start), ever["customers"], counts["joined"] - counts["gone"], sum(start))
    if not start:
        assert retention.value is churn.value is clv.value is None
        return
    assert retention.value is not None
    assert churn.value is not None
    assert retention.value == pytest.approx(100 * (len(start) - sum(start)) / len(start))
    assert retention.value + churn.value == pytest.approx(100)


def test_a_lifetime_has_an_end_also_where_nobody_leaves() -> None:
    counts = {"joined": 0, "purchases": 4, "revenue": 100_000}
    clv = CLV(Counted(counts, None, 5, 30 * DAY_S, {"customers": 100}))
    # 1,000.00 of 100 customers in 30 days, half of it margin, for 1825 days.
    assert clv.value == pytest.approx(10 * 0.5 * 1825 / 30)
    assert clv.high == clv.value
    life = clv.parts["lifetime_days"]
    assert (life.value, life.high) == (1825, 1825)
    # Wilson's upper end with none of 100: z² / (n + z²).
    assert life.low == pytest.approx(30 * (100 + 1.959964**2) / 1.959964**2, rel=1e-6)
    assert clv.low == pytest.approx(10 * 0.5 * life.low / 30 if life.low else None)


def test_more_refunded_than_bought_is_a_loss() -> None:
    counts = {"left": 2, "purchases": 1, "revenue": 1_000, "refunded": 5_000}
    clv = CLV(Counted(counts, None, 1, 30 * DAY_S, {"customers": 8}))
    assert clv.value is not None
    assert clv.value < 0
    assert inside(clv)


def test_without_a_purchase_there_is_no_lifetime_value() -> None:
    assert CLV(Counted({"left": 2}, None, 1, DAY_S, {"customers": 8}))[:3] == (None, None, None)
    left_out = CLV(Counted({"left_out": 3, "other_currency": 2}, None, 1, DAY_S, {"customers": 8}))
    assert left_out.value is None
    assert (left_out.counts["left_out"], left_out.counts["other_currency"]) == (3, 2)


def test_counts_that_cannot_be_make_no_nonsense() -> None:
    """Past a cut's most keys a customer may leave where they never joined."""
    odd = movement({"left": 5, "joined": 1, "gone": 4}, {"customers": -3})
    assert odd == (4, 0, 0, 1)
    assert movement({"left": 9, "joined": 9}, {"customers": 2}).lost == 2


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("129.90", "EUR", 12_990), ("0.005", "EUR", 0), ("0.015", "EUR", 2), ("-3.1", "USD", -310), ("500", "JPY", 500),
        ("0.5", "JPY", 0), ("1.5", "JPY", 2), ("1.234", "KWD", 1_234), ("999999999999.99", "EUR", 99_999_999_999_999),
    ],
)  # fmt: skip
def test_money_is_whole_minor_units(amount: str, currency: str, minor: int) -> None:
    assert minor_units(Money(amount, currency)) == minor


def test_a_slip_of_the_keyboard_is_refused() -> None:
    with pytest.raises(ValueError, match="below 1000000000000 units"):
        minor_units(Money("1000000000000", "EUR"))


@calm
@given(st.integers(-(10**13), 10**13), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_has_minor_units_alone_is_exact(minor: int, currency: str) -> None:
    amount = f"{Decimal(minor).scaleb(-minor_digits(currency)):f}"
    if abs(Decimal(amount)) < 10**12:
        assert minor_units(Money(amount, currency)) == minor
