"""What the figures of a page are about."""

from typing import Any

from django import forms

from trajectories.forms.plain import PlainForm
from trajectories.models import Instruction, ProblemSet, Run, Sampler
from trajectories.selectors.insights.scopes import InsightScope

NAMED_RUNS = 2
LISTED_RUNS = 200
"""The newest runs that can be chosen from the list; an address may name any."""


class InsightForm(PlainForm):
    """A scope as it is written in an address. Unknown parameters are ignored, wrong values are errors."""

    problem_set = forms.ModelChoiceField(
        ProblemSet.objects.order_by("title"), required=False, empty_label="All problem sets"
    )
    sampler = forms.ModelChoiceField(Sampler.objects.order_by("title"), required=False, empty_label="All samplers")
    instruction = forms.ModelChoiceField(
        Instruction.objects.order_by("title", "version"), required=False, empty_label="All instructions"
    )
    run = forms.ModelMultipleChoiceField(Run.objects.defer("plan"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["aria-label"] = name.replace("_", " ").capitalize()

    def scope(self) -> InsightScope:
        """The scope that the form names; call only on a valid form."""
        data = self.cleaned_data
        problem_set, sampler, instruction = (
            getattr(data[name], "pk", None) for name in ("problem_set", "sampler", "instruction")
        )
        return InsightScope(
            problem_set=problem_set,
            sampler=sampler,
            instruction=instruction,
            runs=tuple(sorted(run.pk for run in data["run"])),
        )

    def about(self) -> str:
        """What was chosen, by its titles; the first NAMED_RUNS runs and how many more. Call only on a valid form."""
        data = self.cleaned_data
        names = [str(data[name]) for name in ("problem_set", "sampler", "instruction") if data[name]]
        runs = sorted(data["run"], key=lambda run: run.pk)
        names += [run.title for run in runs[:NAMED_RUNS]]
        return ", ".join(names + ([f"{len(runs) - NAMED_RUNS} more runs"] if len(runs) > NAMED_RUNS else []))

    def run_choices(self) -> list[tuple[Run, bool]]:
        """(run, whether it is chosen): the newest LISTED_RUNS that the other fields let through, and those chosen."""
        chosen = {run.pk for run in self.cleaned_data.get("run", ())}
        runs = Run.objects.defer("plan").order_by("-pk")
        if self.cleaned_data.get("problem_set"):
            runs = runs.filter(problem_set=self.cleaned_data["problem_set"])
        if self.cleaned_data.get("sampler"):
            runs = runs.filter(sampler=self.cleaned_data["sampler"])
        listed = list(runs[:LISTED_RUNS])
        missing = chosen - {run.pk for run in listed}
        return [(run, run.pk in chosen) for run in [*Run.objects.defer("plan").filter(pk__in=missing), *listed]]


ORACLE, PREDICTED = "oracle", "predicted"


class OptimalForm(InsightForm):
    """The selection, and by what problems are put into bins."""

    bins = forms.ChoiceField(
        choices=[
            (PREDICTED, "predicted difficulty"),
            (ORACLE, "difficulty by right samples (oracle)"),
        ],
        required=False,
    )
