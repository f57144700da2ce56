"""Asking for traces to be cut into steps: which way, or which language model, and what that may take."""

from collections.abc import Sequence
from typing import Any

from django import forms

from trajectories.core.prompts.segmentation import BY_MODEL, SEGMENTATIONS
from trajectories.forms.budget_fields import money_budget, token_budget
from trajectories.forms.plain import PlainForm
from trajectories.models import Run, Sampler
from trajectories.selectors.samplers import list_samplers
from trajectories.services.endpoints.calls import CallBudget
from trajectories.services.runs.cutting import Cutting

MODELS = "By a language model that reads each trace"


def cutters() -> Any:
    """The language models that can be asked to cut traces."""
    return list_samplers().filter(kind=Sampler.Kind.CHAT)


class CuttingField(forms.ChoiceField):
    """One way of cutting: a rule, or a language model. Its value is a Cutting."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, choices=self._ways, **options)

    @staticmethod
    def _ways() -> Sequence[tuple[str, Any]]:
        models = [(f"{BY_MODEL} {sampler.pk}", str(sampler)) for sampler in cutters()]
        return [*SEGMENTATIONS.items(), *([(f"{MODELS}, once the run has ended", models)] if models else [])]

    def clean(self, value: Any) -> Cutting:
        """The way of the choice."""
        chosen = super().clean(value)
        method, _, key = str(chosen).partition(" ")
        return Cutting(sampler=cutters().get(pk=int(key))) if method == BY_MODEL else Cutting(chosen)


def cutting_value(run: Run) -> str:
    """How a run has its traces cut, as the field says it; the model in the version it was chosen in."""
    return run.segmentation if run.segmenter_id is None else f"{BY_MODEL} {run.segmenter_id}"


class SegmentationForm(PlainForm):
    """Which way; the selection of traces is in the address, as on the trace list.

    The prefix of the model keeps it apart from the sampler that the selection is filtered by.
    """

    segmentation = forms.ChoiceField(
        label="Steps",
        required=False,
        choices=[*SEGMENTATIONS.items(), (BY_MODEL, MODELS)],
        widget=forms.RadioSelect,
    )
    cutter = forms.ModelChoiceField(Sampler.objects.none(), label="Language model", empty_label=None, required=False)
    budget_cost = money_budget()
    budget_tokens = token_budget()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["cutter"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = cutters()

    def clean_cutter(self) -> Sampler | None:
        """The model, where one was asked for."""
        if self.cleaned_data.get("segmentation") != BY_MODEL:
            return None
        found: Sampler | None = self.cleaned_data["cutter"]
        if found is None:
            raise forms.ValidationError("Found no language model, expected one that cuts the traces.")
        return found

    def cutting(self) -> Cutting:
        """What the form asks for. Only after validation."""
        sampler = self.cleaned_data["cutter"]
        return Cutting(self.cleaned_data["segmentation"]) if sampler is None else Cutting(sampler=sampler)

    def budget(self) -> CallBudget:
        """What a language model may take. Only after validation."""
        if self.cleaned_data["cutter"] is None:
            return CallBudget()
        return CallBudget(self.cleaned_data["budget_cost"], self.cleaned_data["budget_tokens"])
