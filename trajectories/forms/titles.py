"""The field that every title is written in."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

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
