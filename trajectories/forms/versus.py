"""Which two runs are compared, and by which way of choosing."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from trajectories.forms.budgets import CHOICES, MOST_SAMPLES
from trajectories.forms.insights import LISTED_RUNS
from trajectories.forms.plain import PlainForm
from trajectories.models import Run

SAME = "Found the same run twice, expected two different ones."


class VersusForm(PlainForm):
    """Two runs as they are written in an address; either may be missing until it is chosen."""

    a = forms.ModelChoiceField(Run.objects.defer("plan"), required=False)
    b = forms.ModelChoiceField(Run.objects.defer("plan"), required=False)
    way = forms.ChoiceField(choices=[*CHOICES[1:], CHOICES[0]], required=False)  # what no way is chosen for comes first
    k = forms.IntegerField(required=False, min_value=1, max_value=MOST_SAMPLES)
    unfinished = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.listed = list(Run.objects.defer("plan").order_by("-pk")[:LISTED_RUNS])
        for name, label in (("a", "First run"), ("b", "Second run"), ("way", "Way of choosing"), ("k", "Samples")):
            self.fields[name].label = label

    def clean(self) -> dict[str, Any]:
        """Refuse a run against itself."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("a") and data.get("a") == data.get("b"):
            raise ValidationError(SAME)
        return data

    def choices_of(self, name: str) -> list[tuple[Run, bool]]:
        """(run, whether it is chosen): the newest runs, and the chosen one where it is older."""
        chosen = self.cleaned_data.get(name) if hasattr(self, "cleaned_data") else None
        older = [chosen] if chosen and chosen not in self.listed else []
        return [(run, run == chosen) for run in [*older, *self.listed]]

    @property
    def first_choices(self) -> list[tuple[Run, bool]]:
        """The runs to choose the first from."""
        return self.choices_of("a")

    @property
    def second_choices(self) -> list[tuple[Run, bool]]:
        """The runs to choose the second from."""
        return self.choices_of("b")
