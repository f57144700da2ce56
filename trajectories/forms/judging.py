"""Asking a language model to judge a selection of traces."""

from typing import Any

from django import forms

from trajectories.core.selections import Selection
from trajectories.core.verifiers.model_judge import Form
from trajectories.core.verifiers.step_values import MAX_COMPLETIONS, USUAL_COMPLETIONS
from trajectories.forms.budget_fields import money_budget, token_budget
from trajectories.forms.plain import PlainForm
from trajectories.models import Rubric, Sampler
from trajectories.selectors.rubrics import current_rubrics
from trajectories.selectors.samplers import list_samplers
from trajectories.services.endpoints.calls import CallBudget
from trajectories.services.judging.jobs import MAX_OPPONENTS, JudgePlan

MAX_SEED = 2**63 - 1
FORMS = [
    (Form.GRADE.value, "Grade each trace"),
    (Form.COMPARE.value, "Compare with other traces of the same problem"),
    (Form.STEPS.value, "Find the first wrong step"),
    (Form.VALUES.value, "Go on from each step; verifiers say how often that ends right"),
]


class JudgeJobForm(PlainForm):
    """Who judges by what, and in which form; the selection of traces is in the address, as on the trace list.

    The prefix keeps the judge apart from the sampler that the selection is filtered by.
    """

    prefix = "judge"
    sampler = forms.ModelChoiceField(Sampler.objects.none(), label="Judge", empty_label=None)
    rubric = forms.ModelChoiceField(Rubric.objects.none(), empty_label=None)
    form = forms.ChoiceField(
        label="What it is asked", choices=FORMS, widget=forms.RadioSelect, initial=Form.GRADE.value
    )
    opponents = forms.IntegerField(
        label="Opponents of each trace",
        min_value=1,
        max_value=MAX_OPPONENTS,
        initial=4,
        required=False,
        help_text="For comparisons: those with another answer first. Each is asked for in both orders.",
    )
    completions = forms.IntegerField(
        label="Completions from each step",
        min_value=1,
        max_value=MAX_COMPLETIONS,
        initial=USUAL_COMPLETIONS,
        required=False,
        help_text="For values of steps: each is a call, or a program that the search goes on with.",
    )
    budget_cost = money_budget()
    budget_tokens = token_budget()
    seed = forms.IntegerField(
        min_value=0,
        max_value=MAX_SEED,
        initial=1,
        help_text="Draws the opponents. The same judge and seed give known answers again for nothing.",
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        samplers, rubrics = self.fields["sampler"], self.fields["rubric"]
        assert isinstance(samplers, forms.ModelChoiceField)
        assert isinstance(rubrics, forms.ModelChoiceField)
        # The search judges nothing; it goes on from programs, and verifiers say where that leads.
        kinds = (Sampler.Kind.CHAT, Sampler.Kind.SYMBOLIC)
        samplers.queryset = list_samplers().filter(kind__in=kinds).order_by("kind", "title", "pk")
        rubrics.queryset = current_rubrics()

    def plan(self, scope: Selection) -> JudgePlan:
        """What the form asks for. Only after validation."""
        data = self.cleaned_data
        return JudgePlan(
            scope,
            data["sampler"],
            data["rubric"],
            data["form"],
            data["opponents"] or 0,
            data["seed"],
            data["completions"] or 0,
        )

    def budget(self) -> CallBudget:
        """What it may take. Only after validation."""
        return CallBudget(self.cleaned_data["budget_cost"], self.cleaned_data["budget_tokens"])


class JudgeJobBudgetForm(PlainForm):
    """What a job may take in all."""

    budget_cost = money_budget()
    budget_tokens = token_budget()

    def budget(self) -> CallBudget:
        """Only after validation."""
        return CallBudget(self.cleaned_data["budget_cost"], self.cleaned_data["budget_tokens"])
