"""The small forms on the page of a campaign: its budget, and overruling its gate."""

from typing import Any

from django import forms

from trajectories.core.campaigns.plans import MOST_GENERATIONS
from trajectories.forms.campaigns import CampaignForm
from trajectories.forms.plain import PlainForm
from trajectories.services.campaigns.gating import LONGEST_REASON
from trajectories.services.runs.plans import Budget


class CampaignBudgetForm(PlainForm):
    """What a campaign may take from now on. `cleaned_data["budget"]` is the Budget."""

    budget_cost, budget_tokens = (CampaignForm.base_fields[name] for name in ("budget_cost", "budget_tokens"))

    def clean(self) -> dict[str, Any]:
        """Put the budget together."""
        data = super().clean() or self.cleaned_data
        return (
            data if self.errors else {**data, "budget": Budget(cost=data["budget_cost"], tokens=data["budget_tokens"])}
        )


class OverruleForm(PlainForm):
    """Why a gate's decision is not to stand."""

    number = forms.IntegerField(min_value=1, max_value=MOST_GENERATIONS, widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        label="Reason",
        help_text="It is kept with the decision and in the audit log.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
