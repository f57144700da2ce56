"""Sums of money with their currency."""

from decimal import Decimal

from django import template
from django.conf import settings

from trajectories.core.text.money import money_words

register = template.Library()


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
    return money_words(Decimal(str(value)), str(settings.CURRENCY))
