"""Sums of money with their currency."""

from decimal import Decimal

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CNY": "¥"}
SIGNIFICANT = 4
"""Digits of a sum below 1: a sample may cost a ten-thousandth."""


def money_words(amount: Decimal, currency: str) -> str:
    """A sum, such as "$1,234.50" or "$0.001235", in the currency of that code, such as "USD"; nothing is converted."""
    sign = SIGNS.get(currency, f"{currency} ")
    if amount == 0:
        return f"{sign}0"
    if abs(amount) >= 1:
        return f"{sign}{amount:,.2f}"
    places = SIGNIFICANT - amount.adjusted() - 1
    whole, _, cents = f"{amount:.{places}f}".rstrip("0").partition(".")
    return f"{sign}{whole}.{cents:<02}"
