"""The small forms on the page of a campaign: its budget, and overruling its gate."""

from typing import Any

from django import forms

from trajectories.core.campaigns.plans import MOST_GENERATIONS
from trajectories.forms.campaign_budgets import GenerationBudgetFields, generation_budget_of
from trajectories.forms.campaigns import CampaignForm
from trajectories.forms.plain import PlainForm
from trajectories.services.campaigns.gating import LONGEST_REASON
from trajectories.services.runs.plans import Budget


class CampaignBudgetForm(GenerationBudgetFields, PlainForm):
    """What a campaign and each of its generations may take from now on. `cleaned_data["budget"]` is the Budget of all,
    `cleaned_data["generation"]` that of each generation."""

    field_order = ("budget_cost", "budget_tokens")

    budget_cost, budget_tokens = (CampaignForm.base_fields[name] for name in ("budget_cost", "budget_tokens"))

    def clean(self) -> dict[str, Any]:
        """Put the budget together."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        budget = Budget(cost=data["budget_cost"], tokens=data["budget_tokens"])
        return {**data, "budget": budget, "generation": generation_budget_of(data)}


class OverruleForm(PlainForm):
    """Why a gate's decision is not to stand."""

    number = forms.IntegerField(min_value=1, max_value=MOST_GENERATIONS, widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        label="Reason",
        help_text="It is kept with the decision and in the audit log.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
