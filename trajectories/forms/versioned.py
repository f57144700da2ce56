"""Writing something that has versions under one name."""

from typing import Any

from django import forms
from django.utils.text import slugify

from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import TitleField


class VersionedForm(PlainForm):
    """A title, and for the first version a name, made from the title where none is given."""

    title = TitleField()
    name = forms.SlugField(
        required=False, max_length=80, help_text="The same in all versions; left empty, it is made from the title."
    )

    def __init__(self, *arguments: Any, revises: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._revises = revises
        if revises:
            del self.fields["name"]

    def clean(self) -> None:
        """A name from the title, where none is given."""
        if not self._revises and not self.cleaned_data.get("name") and "name" not in self.errors:
            self.cleaned_data["name"] = slugify(self.cleaned_data.get("title", ""))[:80]
            if not self.cleaned_data["name"] and "title" not in self.errors:
                self.add_error("name", "Found no letters or digits in the title, expected a name.")
