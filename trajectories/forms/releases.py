"""Asking for an export of a release, naming it, and withdrawing traces."""

import uuid
from typing import Any

from django import forms

from trajectories.core.exporters import ARGUMENTS_WORDS, CONTAINER_WORDS, EXPORTERS, THOUGHTS_WORDS, Container, Pairing
from trajectories.core.exporters.trainers import TEMPLATES
from trajectories.forms.plain import PlainForm

RECOMMENDED = "recommended"
MOST_PAIRS, LONGEST_RATIO = 1_000, 100


class ExportForm(PlainForm):
    """One file of a release."""

    format = forms.ChoiceField(choices=[(name, exporter.title) for name, exporter in EXPORTERS.items()])
    container = forms.ChoiceField(
        required=False,
        label="File",
        choices=[
            (RECOMMENDED, "As recommended: Parquet where rows fit typed columns"),
            *((each.value, words) for each, words in CONTAINER_WORDS.items()),
        ],
    )
    template = forms.ChoiceField(
        required=False,
        label="Written for",
        choices=[("", "any trainer"), *((name, template.title) for name, template in TEMPLATES.items())],
    )
    thoughts = forms.ChoiceField(
        required=False,
        label="Thoughts",
        choices=[("", "as the trainer reads them"), *((how.value, words) for how, words in THOUGHTS_WORDS.items())],
    )
    arguments = forms.ChoiceField(
        required=False,
        label="Arguments of tool calls",
        choices=[("", "as the trainer reads them"), *((how.value, words) for how, words in ARGUMENTS_WORDS.items())],
    )
    longest = forms.FloatField(
        required=False,
        min_value=1,
        max_value=LONGEST_RATIO,
        label="Pairs: longer answer at most so many times the shorter one",
        widget=forms.NumberInput(attrs={"placeholder": "no bound", "step": "0.5"}),
    )
    most = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_PAIRS,
        label="Pairs: at most of one problem",
        widget=forms.NumberInput(attrs={"placeholder": str(Pairing().most)}),
    )
    rewrite = forms.BooleanField(
        required=False, label="Pairs: also of traces that were asked differently, both under the problem's own prompt"
    )
    with_meta = forms.BooleanField(required=False, label="Add a “meta” column that says where each row comes from")

    def ways(self) -> dict[str, Any]:
        """What is asked for, by the names of services.releases.exports.Wanted; without a container, lines."""
        given = self.cleaned_data
        container = given["container"]
        if not container and Container.JSONL in EXPORTERS[given["format"]].containers:
            container = Container.JSONL.value
        return {
            **{name: given[name] for name in ("format", "with_meta", "template", "thoughts", "arguments")},
            "container": "" if container == RECOMMENDED else container,
            "pairing": Pairing(given["longest"], given["most"] or Pairing().most, given["rewrite"]),
        }


class KeyForm(PlainForm):
    """The key that makes a form sent twice count once."""

    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)


class TagForm(PlainForm):
    """A tag to give to a release, or to take away."""

    name = forms.SlugField(max_length=40, label="Tag", widget=forms.TextInput(attrs={"placeholder": "prod"}))
    remove = forms.BooleanField(required=False, widget=forms.HiddenInput)


class WithdrawForm(PlainForm):
    """Why a trace shall be in no release any more."""

    reason = forms.CharField(max_length=400, label="Reason")
