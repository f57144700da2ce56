"""Making a release, and asking for an export of one."""

import uuid
from dataclasses import replace
from typing import Any

from django import forms
from django.utils import timezone

from trajectories.core.exporters import ARGUMENTS_WORDS, DEFAULT_ARGUMENTS, DEFAULT_THOUGHTS, EXPORTERS, THOUGHTS_WORDS
from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import TitleField
from trajectories.forms.traces import TraceScopeForm
from trajectories.selectors.releases import ReleaseRule


class ReleaseForm(TraceScopeForm):
    """A rule (which accepted traces) and a title. The rule's part is what the trace list filters by."""

    title = TitleField(
        max_length=200,
        initial=lambda: f"Accepted traces, {timezone.localdate():%Y-%m-%d}",
        error_messages={"required": "Found nothing, expected a name for the release."},
    )
    min_score = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label="Least mean score",
        choices=[("", "Any, scored or not"), *((score, f"{score} or more") for score in range(2, 6))],
    )
    hinted = forms.ChoiceField(
        required=False,
        initial="none",
        label="Hinted traces",
        help_text="The model was given the answer, so that a right answer proves nothing.",
        choices=[("none", "Leave them out"), ("too", "Take them too"), ("only", "Take only these")],
    )
    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["decision"]
        for field in self.fields.values():  # here each has a label that is seen
            field.widget.attrs.pop("aria-label", None)
        self.fields["correctness"].label = "Verdict"
        self.fields["train"].label = "Training pairs"
        self.fields["kind"].label = "Attempts"
        self.fields["rests_on"].label = "Answers"

    def rule(self) -> ReleaseRule:
        """The rule, as far as its fields are valid; call after validation."""
        hinted = self.cleaned_data.get("hinted", "")
        scope = replace(self.scope(), hinted="only" if hinted == "only" else "")
        return ReleaseRule(scope, self.cleaned_data.get("min_score"), with_hinted=hinted == "too")


class ExportForm(PlainForm):
    """One file of a release."""

    format = forms.ChoiceField(choices=[(name, exporter.title) for name, exporter in EXPORTERS.items()])
    thoughts = forms.ChoiceField(
        required=False,
        label="Thoughts",
        initial=DEFAULT_THOUGHTS.value,
        choices=[(how.value, words) for how, words in THOUGHTS_WORDS.items()],
    )
    arguments = forms.ChoiceField(
        required=False,
        label="Arguments of tool calls",
        initial=DEFAULT_ARGUMENTS.value,
        choices=[(how.value, words) for how, words in ARGUMENTS_WORDS.items()],
    )
    with_meta = forms.BooleanField(required=False, label="Add a “meta” column that says where each row comes from")


class KeyForm(PlainForm):
    """The key that makes a form sent twice count once."""

    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)
