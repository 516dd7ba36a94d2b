"""Money as whole billionths of a US dollar.

Sums must agree to the last digit with what they sum up, so amounts are integers: additions of floats depend on
their order. A millionth would be too coarse, for one token of a small model costs 0.00000002 dollars and most
of a cheap call would be rounded away. 64 bits hold nine thousand million dollars.
"""

from decimal import ROUND_HALF_UP, Decimal

NANO = 1_000_000_000

Nano = int


def nano(usd: float | Decimal) -> Nano:
    """Dollars to billionths, half up: through the decimal digits, not through the float's binary ones."""
    exact = usd if isinstance(usd, Decimal) else Decimal(repr(usd))
    return int((exact * NANO).to_integral_value(ROUND_HALF_UP))


def usd(amount: Nano) -> float:
    """Billionths to dollars, for people and for JSON."""
    return amount / NANO


def said(amount: Nano) -> str:
    """An amount in words: two digits from a dollar on, more below."""
    dollars = usd(amount)
    return f"${dollars:,.2f}" if abs(dollars) >= 1 or amount == 0 else f"${dollars:.6f}".rstrip("0")
