"""What samples take, in the units that a budget may be in."""

from trajectories.selectors.insights.tables import Price

SAMPLES, TOKENS, MONEY, SECONDS = "samples", "tokens", "money", "seconds"
UNITS = {SAMPLES: "Samples", TOKENS: "Tokens", MONEY: "Money", SECONDS: "Seconds"}


def amount(price: Price, unit: str, k: int) -> float | None:
    """What k samples of a problem take in a unit; None where that is not known, or nothing."""
    each = {SAMPLES: price.samples, TOKENS: price.tokens, MONEY: price.cost, SECONDS: price.seconds}[unit]
    return k * each if each else None


def affordable(price: Price, unit: str, budget: float) -> int | None:
    """How many samples of a problem a budget buys; None where their price in this unit is not known."""
    each = amount(price, unit, 1)
    # A budget of three times 0.1 buys three.
    return None if each is None else int(budget / each * (1 + 1e-9))
