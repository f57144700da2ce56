"""Fields for what work may cost at most: in money and in tokens, each empty for no limit."""

from decimal import Decimal
from typing import Any

from django import forms

from trajectories.services.runs.plans import MAX_COST

MOST_TOKENS = 10**15


class MoneyField(forms.DecimalField):
    """A sum that is filled in without the noughts that a column has behind it."""

    def prepare_value(self, value: Any) -> Any:
        """5 of 5.000000; what somebody typed as it was typed."""
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def money_budget(help_text: str = "No call starts that might exceed it.", label: str = "Money budget") -> MoneyField:
    """In the currency of the sampler's prices."""
    return MoneyField(
        required=False,
        min_value=Decimal("0.000001"),
        max_value=MAX_COST - 1,
        decimal_places=6,
        label=label,
        help_text=help_text,
    )


def token_budget(help_text: str = "Input and output together.", label: str = "Token budget") -> forms.IntegerField:
    """Tokens that are sent and that come back."""
    return forms.IntegerField(required=False, min_value=1, max_value=MOST_TOKENS, label=label, help_text=help_text)
