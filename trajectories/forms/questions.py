"""The form that says which column of a file of questions is what."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.text import slugify

from trajectories.core.problems.questions import COLUMNS
from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import TitleField
from trajectories.models import Problem

PREFIX = "column-"
HELP = {
    "question": "The text of the question. Rows without one are faults.",
    "answer": "A number, mathematics, a text, a list of accepted texts, or the letters of choices. May be empty.",
    "solution": "Read where there is no answer: its last box, or what stands behind its last ####.",
    "choices": 'A list, an object by letter, or "one | two | three".',
    "kind": "numeric, choice or text; found out by itself where no column says it.",
    "family": "A name that groups similar questions.",
    "difficulty": "A number, or an object of numbers.",
    "split": "train or eval.",
    "name": "What lists show; else the file's name and the line.",
    "match": "How texts are compared: normalised, exact, regex or json.",
    "examples": "For a pattern: a list of texts that it has to match.",
    "tests": "For a program: a list of tests; the answer is then a program that passes them.",
    "function": "For tests with arguments: the function they call.",
}


class QuestionForm(PlainForm):
    """One choice of column for each field of a question, and where the questions go."""

    set_title = TitleField(
        label="Problem set",
        max_length=80,
        help_text="A new name makes a new set; the name of a set you have adds to it.",
        widget=forms.TextInput(attrs={"list": "set-titles", "autocomplete": "off"}),
    )
    split = forms.ChoiceField(
        label="Split",
        required=False,
        choices=[("", "as each row says, else by the file's name"), *Problem.Split.choices],
    )
    skip_bad = forms.BooleanField(
        label="Import the good questions even if some are bad",
        required=False,
        help_text="Otherwise one bad row keeps everything out.",
    )

    def __init__(self, columns: Sequence[str], suggested: Mapping[str, str], *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        choices = [(column, column) for column in columns]
        for field in COLUMNS:
            needed = field == "question"
            self.fields[f"{PREFIX}{field}"] = forms.ChoiceField(
                label=field.capitalize(),
                help_text=HELP[field],
                required=needed,
                choices=choices if needed else [("", "none"), *choices],
                initial=suggested.get(field, ""),
            )

    def column_fields(self) -> list[forms.BoundField]:
        """The choices of column."""
        return [self[f"{PREFIX}{field}"] for field in COLUMNS]

    def clean_set_title(self) -> str:
        """Refuse a title that makes no address."""
        title: str = self.cleaned_data["set_title"]
        if not slugify(title):
            raise forms.ValidationError("Use at least one letter from a to z or one digit.")
        return title

    def columns(self) -> dict[str, str]:
        """Column by field as chosen, "" for none; a choice that is no column is left to its usual name."""
        return {
            field: self.cleaned_data[f"{PREFIX}{field}"] for field in COLUMNS if f"{PREFIX}{field}" in self.cleaned_data
        }
