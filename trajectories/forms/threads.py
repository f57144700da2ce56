"""Remarks: what one is about, and what is said."""

import uuid
from typing import Any

from django import forms

from trajectories.core.curation.spans import LONGEST_QUOTE, LONGEST_REMARK, SPAN_FAULTS
from trajectories.forms.plain import PlainForm
from trajectories.services.curation.threads import About

MOST = 2**31 - 1


class RemarkForm(PlainForm):
    """Something said. `key` is made with the form, so that sending it twice says it once."""

    body = forms.CharField(
        required=False,
        max_length=LONGEST_REMARK,
        label="Remark",
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "@name calls somebody", "class": "remark-text"}),
    )
    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)


class ThreadForm(RemarkForm):
    """A remark that begins a thread: about the whole trace, a step (counted from 0), or some of its words."""

    step = forms.IntegerField(required=False, min_value=0, max_value=MOST, widget=forms.HiddenInput)
    quote = forms.CharField(required=False, strip=False, max_length=LONGEST_QUOTE, widget=forms.HiddenInput)
    nth = forms.IntegerField(required=False, min_value=0, max_value=MOST, widget=forms.HiddenInput)
    fault = forms.ChoiceField(required=False, label="These words are", choices=[("", "No label"), *SPAN_FAULTS.items()])

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="remark_%s")

    def about(self) -> About:
        """What it is about; call only on a valid form."""
        values = self.cleaned_data
        return About(values["step"], values["quote"], values["nth"] or 0, values["fault"])
