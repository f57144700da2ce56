"""Naming a view of the trace list, and sharing it."""

from django import forms

from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import TitleField


class SavedViewForm(PlainForm):
    """The name of a view and who sees it."""

    title = TitleField(
        max_length=200, label="Name", error_messages={"required": "Found nothing, expected a name for it."}
    )
    is_shared = forms.BooleanField(required=False, label="Share with everybody")
