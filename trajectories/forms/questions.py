"""The form that says which column of a file of questions is what."""

from typing import Any

from django import forms
from django.http import QueryDict

from trajectories.core.problems.kinds import QUESTIONS
from trajectories.core.problems.layouts import LAYOUTS, PLAIN
from trajectories.core.problems.question_columns import COLUMNS
from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import SetTitleField
from trajectories.models import Problem
from trajectories.services.problems.questions import QuestionOptions, QuestionPreview

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
NO_SIDE = "Choose a split: neither the file's name nor a column says it for all of the questions."


class QuestionForm(PlainForm):
    """How a file of questions is read: its layout, one choice of column for each field, and where the questions go.

    `looked` is how the file is read where only its layout is chosen; what it has for a field is suggested. Where the
    data was sent for the columns of another layout, the columns chosen there are left aside (`is_redrawn`). A file of
    which nothing can be read has no columns to choose from (`has_columns`).
    """

    shown_layout = forms.CharField(required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(
        label="Compared as",
        required=False,
        choices=[
            ("", "as each row or answer says"),
            *((kind.value, f"{kind.value}, all of them") for kind in QUESTIONS),
        ],
    )
    set_title = SetTitleField()
    split = forms.ChoiceField(
        label="Which split",
        required=False,
        choices=[("", "as each row says, else by the file's name"), *Problem.Split.choices],
        help_text="Has to be chosen where neither says it: evaluation data must not be trained on.",
    )
    skip_bad = forms.BooleanField(
        label="Import the good questions even if some are bad",
        required=False,
        help_text="Otherwise one bad row keeps everything out.",
    )

    def __init__(self, looked: QuestionPreview, data: QueryDict | None = None, **options: Any) -> None:
        self._suggested = looked.mapping
        self.layout_name = looked.layout.name if looked.layout is not None else PLAIN
        self.is_redrawn = data is not None and data.get("shown_layout", self.layout_name) != self.layout_name
        super().__init__(None if data is None else self._for_layout(data), **options)
        self.fields["shown_layout"].initial = self.layout_name
        self.fields["layout"] = forms.ChoiceField(
            label="Read as",
            required=False,
            choices=_layouts(looked),
            help_text="Known data sets have their questions, choices and answers in columns of their own.",
        )
        choices = [(column, column) for column in looked.columns]
        self.has_columns = bool(choices)
        for field in COLUMNS:
            needed = field == "question"
            self.fields[f"{PREFIX}{field}"] = forms.ChoiceField(
                label=field.capitalize(),
                help_text=HELP[field],
                required=needed,
                choices=choices if needed else [("", "none"), *choices],
                initial=looked.mapping.get(field, ""),
            )

    def _for_layout(self, data: QueryDict) -> QueryDict:
        """The data with the columns of this layout, where it was sent for another."""
        changed = data.copy()
        changed["shown_layout"] = self.layout_name
        for field in COLUMNS if self.is_redrawn else ():
            changed[f"{PREFIX}{field}"] = self._suggested.get(field, "")
        return changed

    def column_fields(self) -> list[forms.BoundField]:
        """The choices of column."""
        return [self[f"{PREFIX}{field}"] for field in COLUMNS]

    def reading(self) -> QuestionOptions:
        """How the file is to be read, as far as the choices are good.

        A column that is the suggested one is not fixed: rows of one file may have different columns.
        """
        said = {field: self.cleaned_data.get(f"{PREFIX}{field}") for field in COLUMNS}
        columns = {
            field: column
            for field, column in said.items()
            if column is not None and column != self._suggested.get(field, "")
        }
        split, kind = self.cleaned_data.get("split") or "", self.cleaned_data.get("kind") or ""
        return QuestionOptions(columns=columns, layout=self.layout_name, split=split, kind=kind)


def _layouts(looked: QuestionPreview) -> list[tuple[str, str]]:
    suggested = looked.suggested_layout
    looks = f"{suggested.title}, as its columns look" if suggested is not None else "no known data set, by its columns"
    return [("", looks), (PLAIN, "no known data set"), *((layout.name, layout.title) for layout in LAYOUTS)]
