"""A field of JSON that somebody types: read as strictly as a file, with one sentence for whatever is wrong."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput

from trajectories.core.problems import ProblemError
from trajectories.core.problems.documents import parse_json_text
from trajectories.core.records import JSON
from trajectories.core.text.storable import storable_json


class StrictJSONField(forms.JSONField):
    """JSON without what Django's field breaks on (depth, digits) or lets through (NaN, a key twice, half characters).

    `longest` is in characters of the text.
    """

    def __init__(self, *, longest: int, **options: Any) -> None:
        super().__init__(**options)
        self.longest = longest

    def to_python(self, value: Any) -> JSON:
        """The value that a text says; None for an empty one. Raises ValidationError."""
        if self.disabled or value in self.empty_values or not isinstance(value, str):
            return None if value in self.empty_values else value
        if len(value) > self.longest:
            raise ValidationError(f"Found {len(value):,} characters, expected at most {self.longest:,}.")
        try:
            read = parse_json_text(value)
        except ProblemError as fault:
            place = f" ({fault.path})" if fault.path else ""
            raise ValidationError(f"{fault.detail[:1].upper()}{fault.detail[1:]}{place}.") from fault
        if storable_json(read) != read:
            raise ValidationError("Found a NUL character or half of a surrogate pair, expected text.")
        return read

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What the form shows again: the text as it was typed, whatever it is."""
        if self.disabled:
            return initial
        return None if data is None else InvalidJSONInput(data)
