"""Sums of money in sentences for people."""

from decimal import Decimal

from django.conf import settings

from trajectories.core.text.money import money_words


def in_money(amount: Decimal) -> str:
    """A sum in the installation's currency, as pages show it."""
    return money_words(amount, str(settings.CURRENCY))
