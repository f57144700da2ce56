"""Shares of a number of decisions, with the interval of Wilson (1927), which keeps within 0 and 1 and stays honest
where all or none of a few are meant.
"""

from math import sqrt

from trajectories.core.curation.agreement import Coefficient

DEVIATIONS = 1.959963984540054
"""Standard deviations on each side of the mean that hold 95 % of a normal distribution."""

NOTHING = "There is nothing to take a share of yet."


def share(found: int, n: int) -> Coefficient:
    """The share of `found` in `n` with its interval of 95 %; undefined where there is nothing."""
    if not n:
        return Coefficient(None, None, None, 0, NOTHING)
    value, square = found / n, DEVIATIONS**2
    middle = (value + square / (2 * n)) / (1 + square / n)
    reach = DEVIATIONS * sqrt(value * (1 - value) / n + square / (4 * n * n)) / (1 + square / n)
    # Rounding must not put the bound of none or all outside the share itself.
    return Coefficient(value, min(value, max(0.0, middle - reach)), max(value, min(1.0, middle + reach)), n)


def difference(one: Coefficient, other: Coefficient) -> Coefficient:
    """How much larger the first of two shares of different decisions is; undefined where either is.

    The interval puts Wilson's together by the method of Newcombe (1998, 10). `n` counts the decisions of both.
    """
    first, second, n = _bounds(one), _bounds(other), one.n + other.n
    if first is None or second is None:
        return Coefficient(None, None, None, n, NOTHING)
    value = first[1] - second[1]
    down = sqrt((first[1] - first[0]) ** 2 + (second[2] - second[1]) ** 2)
    up = sqrt((first[2] - first[1]) ** 2 + (second[1] - second[0]) ** 2)
    return Coefficient(value, value - down, value + up, n)


def _bounds(figure: Coefficient) -> tuple[float, float, float] | None:
    """(low, value, high)."""
    if figure.low is None or figure.value is None or figure.high is None:
        return None
    return figure.low, figure.value, figure.high
