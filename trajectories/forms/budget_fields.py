"""Fields for what work may cost at most: in money and in tokens, each empty for no limit."""

from decimal import Decimal

from django import forms

from trajectories.services.runs.plans import MAX_COST

MOST_TOKENS = 10**15


def money_budget(help_text: str = "No call starts that might exceed it.") -> forms.DecimalField:
    """In the currency of the sampler's prices."""
    return forms.DecimalField(
        required=False,
        min_value=Decimal("0.000001"),
        max_value=MAX_COST - 1,
        decimal_places=6,
        label="Money budget",
        help_text=help_text,
    )


def token_budget(help_text: str = "Input and output together.") -> forms.IntegerField:
    """Tokens that are sent and that come back."""
    return forms.IntegerField(
        required=False, min_value=1, max_value=MOST_TOKENS, label="Token budget", help_text=help_text
    )
