"""Sums of money with their currency."""

from decimal import Decimal

from django import template
from django.conf import settings

register = template.Library()

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CNY": "¥"}
SIGNIFICANT = 4
"""Digits of a sum below 1: a sample may cost a ten-thousandth."""


@register.simple_tag
def currency() -> str:
    """The code of the currency that all prices are in."""
    return str(settings.CURRENCY)


@register.filter
def money(value: Decimal | float | None) -> str:
    """A sum in the installation's currency, '$1,234.50' or '$0.001235'; a dash where it is not known.

    The currency (setting CURRENCY) is that of the samplers' prices: nothing is converted.
    """
    if value is None:
        return "–"
    amount = Decimal(str(value))
    sign = SIGNS.get(settings.CURRENCY, f"{settings.CURRENCY} ")
    if amount == 0:
        return f"{sign}0"
    if abs(amount) >= 1:
        return f"{sign}{amount:,.2f}"
    places = SIGNIFICANT - amount.adjusted() - 1
    whole, _, cents = f"{amount:.{places}f}".rstrip("0").partition(".")
    return f"{sign}{whole}.{cents:<02}"
