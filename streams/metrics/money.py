"""Money as whole minor units (cents), so that sums are exact. Pure."""

from decimal import ROUND_HALF_EVEN, Decimal

from schemas.events import Money

MOST = 10**12
"""Amounts of this size and more are refused: a slip of the keyboard must not outweigh all true purchases."""

_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0
    ),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def minor_digits(currency: str) -> int:
    """The decimal digits of a currency's minor unit: 2, but for those that ISO 4217 (list one) gives others."""
    return _DIGITS.get(currency, 2)


def minor_units(money: Money) -> int:
    """An amount in whole minor units; finer ones are rounded, halves to even. Raises ValueError at :data:`MOST`."""
    amount = Decimal(money.amount)
    if abs(amount) >= MOST:
        raise ValueError(f"an amount is below {MOST} units of its currency")
    return int(amount.scaleb(minor_digits(money.currency)).to_integral_value(ROUND_HALF_EVEN))
