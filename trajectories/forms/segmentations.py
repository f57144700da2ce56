"""Asking for traces to be cut into other steps."""

from django import forms

from trajectories.core.prompts.segmentation import SEGMENTATIONS
from trajectories.forms.plain import PlainForm


class SegmentationForm(PlainForm):
    """Which way; the selection of traces is in the address, as on the trace list."""

    segmentation = forms.ChoiceField(
        label="Steps", required=False, choices=list(SEGMENTATIONS.items()), widget=forms.RadioSelect
    )
