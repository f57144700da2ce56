"""What a budget is spent on, in which unit, and by which ways of choosing."""

from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from trajectories.core.consolidation.ways import WAYS
from trajectories.forms.insights import InsightForm
from trajectories.selectors.blinding import Sight
from trajectories.selectors.insights.budgets import ANY, ANY_TITLE, BY, EVERY, BudgetScope, Pool, list_scorers
from trajectories.selectors.insights.prices import SAMPLES, UNITS

USUAL = (ANY, "majority", "weighted-fits", "best-score", "weighted-certainty", "two-guesses")
"""The ways that are drawn unless others are chosen, as far as they are defined."""
MOST_SAMPLES = 1_000_000
STEPS = 40
CHOICES = [(ANY, ANY_TITLE), *((way.name, way.title) for way in WAYS.values())]
KEPT = ("problem_set", "sampler", "instruction", "run", "unit", "by", "way", "scorer", "unfinished")
"""The fields that every address of a budget repeats."""


class BudgetForm(InsightForm):
    """The selection, the unit and the ways of a budget, as they are written in an address."""

    unit = forms.ChoiceField(choices=list(UNITS.items()), required=False)
    by = forms.ChoiceField(choices=list(BY.items()), required=False)
    way = forms.MultipleChoiceField(choices=CHOICES, required=False)
    scorer = forms.ChoiceField(required=False)
    unfinished = forms.BooleanField(required=False)
    step = forms.IntegerField(required=False, min_value=0, max_value=STEPS * 2)
    budget = forms.FloatField(required=False, min_value=0, max_value=1e12)
    # Which point of a figure the list of its problems is about.
    k = forms.IntegerField(required=False, min_value=EVERY, max_value=MOST_SAMPLES)
    chosen = forms.ChoiceField(choices=CHOICES, required=False)
    against = forms.ChoiceField(choices=[("", "Nothing"), *CHOICES], required=False)
    source = forms.CharField(required=False, max_length=40)

    def __init__(self, *args: Any, sight: Sight, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sight = sight
        scorer = self.fields["scorer"]
        assert isinstance(scorer, forms.ChoiceField)
        scorer.choices = [("", "No scorer"), *((name, name) for name in list_scorers(sight))]

    def budget_scope(self) -> BudgetScope:
        """What is read; call only on a valid form."""
        data = self.cleaned_data
        return BudgetScope.seen(self.scope(), self._sight, scorer=data["scorer"], unfinished=bool(data["unfinished"]))

    def query(self, **more: object) -> str:
        """The selection, the unit and the ways as the query string of an address, with whatever else is given."""
        return urlencode([*((name, value) for name, value in self.kept_pairs if name not in more), *more.items()])

    @property
    def kept_pairs(self) -> list[tuple[str, str]]:
        """(name, value) of what every address of a budget repeats."""
        return [(name, value) for name in KEPT for value in cast(QueryDict, self.data).getlist(name) if value != ""]

    @property
    def unit_name(self) -> str:
        """The unit of the budget."""
        return self.cleaned_data["unit"] or SAMPLES

    @property
    def by_name(self) -> str:
        """What the frontier compares."""
        return self.cleaned_data["by"] or next(iter(BY))

    @property
    def ways(self) -> list[str]:
        """The ways that are drawn."""
        return self.cleaned_data["way"] or list(USUAL)


def steps_of(pool: Pool) -> list[int]:
    """The numbers of samples that the slider can stand at: about STEPS of them, by equal factors."""
    most = max(pool.most, 1)
    return sorted({round(most ** (place / STEPS)) for place in range(STEPS + 1)})
