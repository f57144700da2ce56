"""The tag that is put on traces or taken off."""

from django import forms

from trajectories.core.faults import Fault
from trajectories.forms.plain import PlainForm
from trajectories.services.curation.trace_tags import tag_name

REMOVE_TAGS_OF_OTHERS = "trajectories.delete_tracetag"
"""The permission that takes tags off which others have put on."""


class TagForm(PlainForm):
    """One tag."""

    tag = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"list": "tags", "autocomplete": "off", "placeholder": "needs a look"}),
    )

    def clean_tag(self) -> str:
        """The name as it is stored."""
        try:
            return tag_name(self.cleaned_data["tag"])
        except Fault as fault:
            raise forms.ValidationError(str(fault)) from fault
