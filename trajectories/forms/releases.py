"""Asking for an export of a release, naming it, and withdrawing traces."""

import uuid

from django import forms

from trajectories.core.exporters import ARGUMENTS_WORDS, DEFAULT_ARGUMENTS, DEFAULT_THOUGHTS, EXPORTERS, THOUGHTS_WORDS
from trajectories.forms.plain import PlainForm


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


class TagForm(PlainForm):
    """A tag to give to a release, or to take away."""

    name = forms.SlugField(max_length=40, label="Tag", widget=forms.TextInput(attrs={"placeholder": "prod"}))
    remove = forms.BooleanField(required=False, widget=forms.HiddenInput)


class WithdrawForm(PlainForm):
    """Why a trace shall be in no release any more."""

    reason = forms.CharField(max_length=400, label="Reason")
