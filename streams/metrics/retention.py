"""Retention, churn and lifetime value from the counted comings and goings of customers. Pure.

With S customers at the start of a window, E at its end, N who were won in it and stayed, and L of the S who left in it:

* retention (customer retention rate, CRR) = 100 (E - N) / S
* churn = 100 L / S. Whoever comes back is won anew, so E - N = S - L and the two always add up to 100.
* lifetime value (CLV) = revenue a customer of the window x gross margin / churn, undiscounted.

What is counted, under the dimensions of the joining:

* ``joined`` and ``left``, each where it happened,
* ``gone``, once more where a customer who has left had joined: in a window that ends now, ``left`` less ``gone`` are
  those who left and had not joined in the window, exactly, however the window moves,
* ``customers`` of all time: those who are customers now,
* ``purchases`` with their ``revenue`` and what was ``refunded``, in minor units of the declared currency;
  ``other_currency`` and ``left_out`` count purchases that are not part of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from schemas.metrics import Part
from schemas.statistics import Summary, share
from streams.metrics.readings import Counted, Reading

JOINED, LEFT, GONE, CUSTOMERS = "joined", "left", "gone", "customers"
PURCHASES, REVENUE, REFUNDED = "purchases", "revenue", "refunded"
OTHER_CURRENCY, LEFT_OUT = "other_currency", "left_out"

_DAY_S = 86_400


class Movement(NamedTuple):
    """Customers of a window: at its start, at its end, won in it and still there, and lost of those at the start."""

    start: int
    end: int
    won: int
    lost: int


def movement(counts: Mapping[str, int], ever: Mapping[str, int]) -> Movement:
    """The customers of a window that ends now."""
    joined, left, gone = (max(0, counts.get(word, 0)) for word in (JOINED, LEFT, GONE))
    end = max(0, ever.get(CUSTOMERS, 0))
    start = max(0, end - joined + left)
    return Movement(start, end, max(0, joined - gone), min(max(0, left - gone), start))


class Retention:
    """Those of the customers at the start who are still there, in percent, with Wilson's interval."""

    def __call__(self, counted: Counted) -> Reading:
        """n is the number of customers at the start."""
        moved = movement(counted.counts, counted.ever)
        return Reading(*share(moved.start - moved.lost, moved.start, counted.minimum_n), _shown(moved))


class Churn:
    """Those of the customers at the start who left, in percent, with Wilson's interval."""

    def __call__(self, counted: Counted) -> Reading:
        """n is the number of customers at the start."""
        moved = movement(counted.counts, counted.ever)
        return Reading(*_churn(moved, counted.minimum_n), _shown(moved))


@dataclass(frozen=True, slots=True)
class LifetimeValue:
    """What a customer is worth in units of the currency: revenue a customer, times gross margin, times lifetime.

    Revenue a customer (ARPA) is the revenue of the window over the mean of the customers at its start and its end. The
    lifetime is the window's length over churn, but at most ``max_lifetime_s``: where nobody left it would be without
    end. The interval is churn's, carried through the formula (a monotone function of it), with revenue and customers
    taken as they were: they are counted, not sampled. No delta method: it fails where few have left.

    ``parts``: ``revenue_per_customer`` in units of the currency, and ``lifetime_days`` with its interval; a lifetime
    that equals the cap is the cap. Without a purchase, or a customer at the start, there is no value.
    """

    gross_margin: float
    max_lifetime_s: int
    minor_digits: int

    def __call__(self, counted: Counted) -> Reading:
        """n is the number of customers at the start."""
        counts = counted.counts
        moved = movement(counts, counted.ever)
        churn = _churn(moved, counted.minimum_n)
        words = (PURCHASES, REVENUE, REFUNDED, OTHER_CURRENCY, LEFT_OUT)
        shown = {**_shown(moved), **{word: counts[word] for word in words if counts.get(word)}}
        if churn.value is None or churn.low is None or churn.high is None or not counts.get(PURCHASES):
            return Reading(None, None, None, churn.n, True, shown)
        minor = counts.get(REVENUE, 0) - counts.get(REFUNDED, 0)
        per_customer = minor / 10**self.minor_digits / ((moved.start + moved.end) / 2)
        lifetime, shortest, longest = (
            self._lifetime_s(percent, counted.length_s) for percent in (churn.value, churn.high, churn.low)
        )
        value, *ends = (
            per_customer * self.gross_margin * span / counted.length_s for span in (lifetime, shortest, longest)
        )
        parts = {
            "revenue_per_customer": Part(per_customer, None, None, counts[PURCHASES]),
            "lifetime_days": Part(lifetime / _DAY_S, shortest / _DAY_S, longest / _DAY_S, churn.n),
        }
        # More refunded than bought makes a loss, and a longer life a greater one.
        return Reading(value, min(ends), max(ends), churn.n, churn.too_few, shown, parts=parts)

    def _lifetime_s(self, churn: float, length_s: int) -> float:
        return min(length_s * 100 / churn, self.max_lifetime_s) if churn else float(self.max_lifetime_s)


def _churn(moved: Movement, minimum_n: int) -> Summary:
    return share(moved.lost, moved.start, minimum_n)


def _shown(moved: Movement) -> dict[str, int]:
    return moved._asdict()
