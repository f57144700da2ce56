"""The filters of the trace list, which are also the scope that reviewing works through."""

from dataclasses import asdict, fields
from typing import Any, TypeVar

from django import forms

from trajectories.core.selections import AUDITS, HINTED, NEAR_MISSES, ORIGINS, RESTS_ON, TRAIN_FITS, Selection
from trajectories.forms.plain import PlainForm
from trajectories.models import ProblemSet, Sampler
from trajectories.selectors.traces import (
    BLIND_CHOICES,
    CORRECTNESS_CHOICES,
    DECISION_CHOICES,
    KIND_CHOICES,
    MODEL_CHOICES,
    ORDERS,
    TraceWalk,
    list_views,
)


class TraceScopeForm(PlainForm):
    """A scope as it is written in an address. Unknown parameters are ignored, wrong values are errors."""

    run = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    problem = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    decision = forms.ChoiceField(required=False, choices=[("", "Any decision"), *DECISION_CHOICES])
    correctness = forms.ChoiceField(required=False, choices=[("", "Any verdict"), *CORRECTNESS_CHOICES])
    train = forms.ChoiceField(required=False, choices=[("", "Any training fit"), *TRAIN_FITS.items()])
    near_miss = forms.ChoiceField(required=False, choices=[("", "Any near miss"), *NEAR_MISSES.items()])
    model_judged = forms.ChoiceField(required=False, choices=[("", "Any model judge"), *MODEL_CHOICES])
    view = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(required=False, choices=[("", "Any kind of attempt"), *KIND_CHOICES])
    round = forms.IntegerField(
        required=False, min_value=0, max_value=32_767, widget=forms.NumberInput(attrs={"placeholder": "Round"})
    )
    hinted = forms.ChoiceField(required=False, choices=[("", "Hinted or not"), *HINTED.items()])
    rests_on = forms.ChoiceField(required=False, choices=[("", "Any answers"), *RESTS_ON.items()])
    audit = forms.ChoiceField(required=False, choices=[("", "Any agreement"), *AUDITS.items()])
    origin = forms.ChoiceField(required=False, choices=[("", "Any origin"), *ORIGINS.items()])
    sampler = forms.ModelChoiceField(Sampler.objects.order_by("title"), required=False, empty_label="Any sampler")
    problem_set = forms.ModelChoiceField(
        ProblemSet.objects.order_by("title"), required=False, empty_label="Any problem set"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        views = forms.ChoiceField(
            required=False, choices=[("", "Any view"), *((view, f"{view} view") for view in list_views())]
        )
        self.fields["view"] = views
        for name, field in self.fields.items():
            called = "Verdict" if name == "correctness" else name.replace("_", " ").capitalize()
            field.widget.attrs["aria-label"] = called

    def scope(self) -> Selection:
        """The scope these filters name; call only on a valid form."""
        values: dict[str, Any] = {field.name: self.cleaned_data.get(field.name) for field in fields(Selection)}
        for name in ("sampler", "problem_set"):
            values[name] = getattr(values[name], "pk", None)
        return Selection(**values)


FOLDED = ("near_miss", "model_judged", "kind", "round", "hinted", "rests_on", "audit", "origin")
"""Filters that the list shows when they are asked for."""

_Form = TypeVar("_Form", bound=TraceScopeForm)


class TraceListForm(TraceScopeForm):
    """The scope of the list, and its order."""

    order = forms.ChoiceField(required=False, choices=[("", "Newest first"), *ORDERS.items()])

    def call_decisions_own(self) -> None:
        """Say that decisions are those on traces the reader has reviewed: others are not shown."""
        decision = self.fields["decision"]
        assert isinstance(decision, forms.ChoiceField)
        decision.choices = [("", "Any decision"), *BLIND_CHOICES.items()]
        decision.help_text = "Of the traces that you have reviewed."

    @property
    def shows_more(self) -> bool:
        """Whether a filter is set, or wrong, that is folded away at first."""
        return any(self[name].value() for name in FOLDED)

    def walk(self) -> TraceWalk:
        """The scope with its order; call only on a valid form."""
        return TraceWalk(**asdict(self.scope()), order=self.cleaned_data["order"])


def read_scope(data: Any) -> Selection:
    """The scope in a query string; what is not a valid filter counts for nothing."""
    form = _as_far_as_valid(TraceScopeForm, data)
    return form.scope() if form.is_valid() else Selection()


def read_walk(data: Any) -> TraceWalk:
    """The scope and the order in a query string; what is not valid counts for nothing."""
    form = _as_far_as_valid(TraceListForm, data)
    return form.walk() if form.is_valid() else TraceWalk()


def _as_far_as_valid(kind: type[_Form], data: Any) -> _Form:
    form = kind(data)
    return form if form.is_valid() else kind({name: value for name, value in data.items() if name not in form.errors})
