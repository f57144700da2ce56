"""The field that every title is written in."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify

from trajectories.core.text.titles import title_fault


class TitleField(forms.CharField):
    """One line of characters that can be seen, at most 200 of them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 200, **options})

    def clean(self, value: Any) -> str:
        """The title without spaces around it. Raises ValidationError with one sentence that says what was found."""
        text = "" if value in self.empty_values else str(value).strip(" ")
        if fault := title_fault(text):
            raise ValidationError(fault)
        return str(super().clean(value))


class SetTitleField(TitleField):
    """The title of a problem set, which makes its address."""

    def __init__(self, **options: Any) -> None:
        told = {
            "label": "Problem set",
            "max_length": 80,
            "help_text": "A new name makes a new set; the name of a set you have adds to it.",
            "widget": forms.TextInput(attrs={"list": "set-titles", "autocomplete": "off"}),
        }
        super().__init__(**(told | options))

    def clean(self, value: Any) -> str:
        """The title. Raises ValidationError also where it makes no address."""
        title = super().clean(value)
        if title and not slugify(title):
            raise ValidationError("Use at least one letter from a to z or one digit.")
        return title
