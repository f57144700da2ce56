"""The fields of what the runs of each generation of a campaign may take."""

from collections.abc import Mapping
from typing import Any

from trajectories.forms.budget_fields import money_budget, token_budget
from trajectories.forms.plain import PlainForm
from trajectories.models import Campaign
from trajectories.services.runs.plans import Budget


class GenerationBudgetFields(PlainForm):
    """What each generation may take, of the whole budget as well."""

    generation_cost = money_budget("Of the runs of one generation, both arms together.", "Money for each generation")
    generation_tokens = token_budget("Of the runs of one generation.", "Tokens for each generation")


def generation_budget_of(data: Mapping[str, Any]) -> Budget:
    """The budget of a generation that a form says."""
    return Budget(cost=data["generation_cost"], tokens=data["generation_tokens"])


def budget_values(campaign: Campaign) -> dict[str, Any]:
    """The fields of the budgets filled in as for a campaign."""
    return {
        "budget_cost": campaign.budget_cost,
        "budget_tokens": campaign.budget_tokens,
        "generation_cost": campaign.generation_cost,
        "generation_tokens": campaign.generation_tokens,
    }
